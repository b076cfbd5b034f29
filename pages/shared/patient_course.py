"""The course of one patient: which strips, what stands behind them, and the day that is selected in it."""

import polars as pl
import streamlit as st

from analytics.catalog import Parameter
from analytics.figure_tables import select_points
from analytics.figures.patient import Axis, Behind, plot_patient
from analytics.figures.strip import GRADE, RANGE
from analytics.panel import prepare_study
from analytics.profile.components import derive_components
from analytics.profile.ribbons import LEAST_BEFORE, estimate_slopes
from analytics.profile.strips import KEY, MOST, list_groups
from analytics.profile.timeline import find_extent
from analytics.profile.words import label_latest
from analytics.scores import find_score, list_series
from pages.shared import controls, output, store
from pages.shared.person import Person, ask_place, select_point

NOBODY, ARM, CLASS, ALL = "Nobody", "Same arm", "Same Child-Pugh class at baseline", "All patients"
RIBBONED = 2_000  # patients: beyond, the cohort is drawn only when it is asked for


def show_course(person: Person) -> str:
    """The figure under its controls; the key of the day that is selected in it."""
    wanted = ask_groups(person)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        selected = ask_place(person)
        with st.popover("Display", icon=":material/layers:"):
            chosen = choose_strips(person, wanted)
            behind = ask_behind(person, chosen, person.days[selected]["day"])
    if not chosen:
        st.info("No strip is chosen.")
        return selected
    if len(chosen) > MOST:
        left = ", ".join(item.name for item in chosen[MOST:])
        st.caption(f"The first {MOST} strips are drawn. Left out: {left}. Choose fewer groups to see them.")
    draw(person, chosen[:MOST], behind)
    return selected


def draw(person: Person, chosen: list[Parameter], behind: Behind) -> None:
    """The figure with its downloads and its legend in words."""
    axis = Axis(person.view.origin, tuple(person.study.visits["avisit"]))
    figure = plot_patient(person.points, chosen, behind, axis, controls.theme())
    alt = f"Course of {person.usubjid}: {', '.join(item.name for item in chosen)}"
    key = f"course_{person.usubjid}"
    table = person.points.filter(pl.col("paramcd").is_in([item.paramcd for item in chosen]))
    command = person.figure_command([item.paramcd for item in chosen])
    output.show_figure(figure, key, alt, select_points(table), command, select=lambda: select_point(key))
    show_legend(behind, sampled=store.is_large(person.view.cohort.study))


def ask_groups(person: Person) -> list[str]:
    """Which groups of strips are drawn, the key ones at first."""
    names = [item.paramcd for item in person.parameters]
    groups = list_groups(names)
    keep("strip_groups", list(groups), [KEY])
    wanted = st.pills(
        "Strips",
        list(groups),
        selection_mode="multi",
        format_func=lambda name: f"{name} ({len(groups[name])})",
        key="strip_groups",
        wrap=True,
        label_visibility="collapsed",
    )
    controls.write_link("strip_groups", [] if wanted == [KEY] else wanted)
    return wanted


def choose_strips(person: Person, wanted: list[str]) -> list[Parameter]:
    """The strips of the groups, and any single one besides."""
    names = {item.paramcd: item.name for item in person.parameters}
    keep("strips", list(names), [])
    more = st.multiselect(
        "Single strips", list(names), format_func=lambda code: names[code], key="strips", placeholder="add some"
    )
    controls.write_link("strips", more)
    groups = list_groups(names)
    return person.select(list(dict.fromkeys([code for name in wanted for code in groups[name]] + more)))


def keep(key: str, options: list[str], first: list[str]) -> None:
    """Hold on to what was chosen for another patient as far as this one has it; an address that changed wins."""
    kept = [option for option in st.session_state.get(key, first) if option in options]
    st.session_state[key] = kept
    controls.follow_link(key, [option for option in st.query_params.get_all(key) if option in options])


def ask_behind(person: Person, chosen: list[Parameter], day: int | None) -> Behind:
    """What stands around the values."""
    ribbons = ask_ribbons(person)
    by = controls.ask_one("Markers by", "markers", [RANGE, GRADE])
    slope = st.toggle("Slope before day 0", value=True, key="slope", persist_state="session")
    parts = st.toggle("Components of scores", key="components", persist_state="session")
    return Behind(
        timeline=person.timeline,
        ribbons=ribbons,
        slopes=estimate_slopes(person.points) if slope else None,
        components=list_components(person, chosen) if parts else {},
        latest=label_latest(person.panel, chosen),
        day=day,
        by=by,
        extent=find_extent(person.study, person.panel, person.usubjid),
    )


def ask_ribbons(person: Person) -> pl.DataFrame | None:
    """The quantiles of the cohort behind, of those like this patient; nobody where the study is large."""
    study = person.view.cohort.study
    traits = store.traits(study)
    own = traits.row(by_predicate=pl.col("usubjid") == person.usubjid, named=True)
    choices = {NOBODY: ("", "")}
    choices |= {ARM: ("arm", own["arm"])} if len(store.choices(study).get("arm", {})) > 1 else {ALL: ("", "")}
    choices |= {CLASS: ("child_pugh", own["child_pugh"])} if own["child_pugh"] else {}
    first = NOBODY if traits.height > RIBBONED else list(choices)[1]
    chosen = controls.ask_detail("Cohort behind", {name: name for name in choices}, "behind", first)
    return None if chosen == NOBODY else store.ribbons(study, controls.units(), *choices[chosen])


def list_components(person: Person, chosen: list[Parameter]) -> dict[str, pl.DataFrame]:
    """The components of every score among the strips."""
    scores = [find_score(item.paramcd) for item in chosen if item.paramcd in list_series()]
    measurements = person.study.measurements
    return {item.id: derive_components(item, prepare_study(item, person.study, measurements)) for item in scores}


def show_legend(behind: Behind, sampled: bool) -> None:
    """What the marks mean, in words."""
    marks = "▲ above and ▼ below the range of normal, ● within or without one, hollow: reported as a limit (<, >)."
    if behind.by == GRADE:
        marks = "● CTCAE grade 0, ■ 1, ◆ 2, ✚ 3, ✖ 4; hollow: no grade is defined or an input is missing."
    parts = [
        marks,
        "Green: range of normal (as reported, else the laboratory's, else the catalog's; the hover says which).",
    ]
    if behind.ribbons is not None:
        said = "Gray: middle 90 % and middle half of the cohort at each visit with at least 10 values, line: median."
        said += " It is a sample of 2,000 patients, the same at every look." if sampled else ""
        parts.append(said if behind.ribbons.height else "No visit of the cohort has 10 values: no ribbon is drawn.")
    if behind.slopes is not None and behind.slopes.height:
        parts.append(f"Dotted: straight line through the values up to day 0 (at least {LEAST_BEFORE} days), extended.")
    if behind.components:
        parts.append("Components stand under their score where days lie far enough apart; the explanation has all.")
    parts.append("Click a point to select its day; click a score to explain it below.")
    st.caption(" ".join(parts))
