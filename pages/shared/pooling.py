"""Two cohorts as one view: each cohort is an arm."""

import shlex
from dataclasses import replace

import streamlit as st

from analytics.cohort import Cohort
from analytics.pooling import Part, name_part, pool_parts
from pages.shared import cohorts, controls, store
from pages.shared.memory import remember

PRESENT, ALL = "present", "all"


def list_cohorts(present: cohorts.View) -> dict[str, tuple[str, Cohort]]:
    """Every cohort that can be compared, by a key for the address: its name and its filters."""
    own = present.cohort.study
    found = {PRESENT: ("The filters in the sidebar", present.cohort)} if present.cohort.is_filtered else {}
    arms = present.study.subjects["arm"].unique().sort().to_list()
    for arm in arms if len(arms) > 1 else []:
        found[f"arm {arm}"] = (f"Arm {arm}", Cohort.of(own, {"arm": [arm]}))
    found[ALL] = (f"All of {own}", Cohort(own))
    for item in store.items(cohorts.FILTER, own):
        found[f"saved {item.name}"] = (item.name, Cohort.from_json(item.content))
    for study in store.studies()["study"]:
        if study != own:
            found[f"study {study}"] = (f"Study {study}", Cohort(study))
    return found


def ask_pair(present: cohorts.View) -> tuple[cohorts.View, cohorts.View]:
    """Two cohorts, each as a view whose one arm is the cohort's name. Stops where they are the same."""
    known = list_cohorts(present)
    names = {key: name for key, (name, _) in known.items()}
    if len(names) < 2:
        st.info("There is nothing to compare with: set filters in the sidebar, save filters, or import another study.")
        st.stop()
    left, right = st.columns(2)
    with left:
        first = controls.ask_detail("First cohort", names, "first", next(iter(names)))
    others = {key: name for key, name in names.items() if key != first}
    with right:
        second = controls.ask_detail("Second cohort", others, "second", next(iter(others)))
    return select(*known[first]), select(*known[second])


def select(name: str, cohort: Cohort) -> cohorts.View:
    """A cohort as a view whose one arm has its name."""
    view = cohorts.select_view(cohort)
    part = remember(name_part, view.study, view.subjects, view.panel, name)
    return replace(view, subjects=part.subjects, read_panel=lambda: part.panel)


def pool(first: cohorts.View, second: cohorts.View) -> cohorts.View:
    """Both cohorts in one view. A patient of both counts in both, under two names."""
    both = remember(pool_parts, *(Part(view.study, view.subjects, view.panel) for view in (first, second)))
    names = [shlex.quote(str(view.subjects["arm"].first())) for view in (first, second)]
    pair = f"--name {names[0]} --second {shlex.quote(second.cohort.to_json())} --second-name {names[1]}"
    read = (lambda: both.study), (lambda: both.panel)
    return cohorts.View(first.cohort, both.subjects, first.origin, *read, pair, both.subjects)


def find_shared(first: cohorts.View, second: cohorts.View) -> int:
    """How many patients are in both."""
    if first.cohort.study != second.cohort.study:
        return 0
    return first.subjects.join(second.subjects, on="usubjid", how="semi").height


def show_sizes(both: cohorts.View, first: cohorts.View, second: cohorts.View) -> int:
    """How large the cohorts are, and how many patients they share. Stops where one is empty."""
    shared = find_shared(first, second)
    for view in (first, second):
        if view.subjects.is_empty():
            st.info("One of the cohorts has no patient.")
            st.stop()
    parts = [f"**{view.subjects['arm'][0]}**: {view.subjects.height} patients" for view in (first, second)]
    st.markdown(" · ".join(parts))
    simulated = [bool(store.config(view.cohort.study).get("simulated")) for view in (first, second)]
    if simulated[1] and not simulated[0]:
        st.warning("**SIMULATED** data are among them.", icon=":material/science:")
    if shared:
        st.warning(f"{shared} patients are in both cohorts and count twice.", icon=":material/group:")
    if first.cohort.study != second.cohort.study:
        st.caption(
            "Two studies differ in more than treatment: time zero, visits, laboratories. Read side by side, not "
            "as a trial."
        )
    return shared if both.subjects.height else 0
