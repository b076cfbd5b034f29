"""The cohort: asked in the sidebar, saved and restored by name, named at the head of every page."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from math import ceil, floor

import polars as pl
import streamlit as st

from analytics.cohort import AGE, CHOICES, EVENT, Bounds, Cohort, keep_subjects, list_events
from analytics.panel import StudyData
from analytics.units import CONVENTIONAL, SYSTEMS
from pages.shared import controls, store
from pages.shared.memory import remember
from pages.shared.saved import Shelf, show_shelf

FILTER = "filter"


@dataclass(frozen=True)
class View:
    """The cohort as pages see it: its subjects, and the study's frames restricted to them.

    ``study`` and ``panel`` are read when a page first asks for them: the page of one patient of a large
    study needs neither. Of a large study ``subjects``, ``study`` and ``panel`` are a sample of ``everybody``.
    """

    cohort: Cohort
    subjects: pl.DataFrame
    origin: str
    read_study: Callable[[], StudyData]
    read_panel: Callable[[], pl.DataFrame]
    pair: str = ""  # two cohorts, each an arm: the options of the terminal that name them
    everybody: pl.DataFrame = field(default_factory=pl.DataFrame)  # subjects: of a large cohort a sample of these
    read_events: Callable[[], pl.DataFrame] | None = None  # where they are not those of ``study``

    @property
    def pooled(self) -> bool:
        """Whether two cohorts stand beside each other."""
        return bool(self.pair)

    @cached_property
    def study(self) -> StudyData:
        """The whole study."""
        return self.read_study()

    @cached_property
    def panel(self) -> pl.DataFrame:
        """Everything measured or derived of the cohort's subjects, in the reader's units."""
        return self.read_panel()

    @property
    def is_sampled(self) -> bool:
        """Whether ``subjects`` are not everybody."""
        return self.subjects.height < self.everybody.height

    @property
    def events(self) -> pl.DataFrame:
        """Events of the cohort's subjects, infusions among them."""
        if self.read_events:
            return remember(keep_subjects, self.read_events(), self.subjects)
        every = remember(list_events, self.study.events, self.study.treatments)
        return remember(keep_subjects, every, self.subjects)

    @property
    def treatments(self) -> pl.DataFrame:
        """Infusions of the cohort's subjects."""
        return remember(keep_subjects, self.study.treatments, self.subjects)

    def reach_everybody(self) -> "View":
        """The view in which every patient of a large cohort can be chosen."""
        return replace(self, subjects=self.everybody) if self.is_sampled else self

    @property
    def ids(self) -> list[str]:
        """The identifiers of the subjects, in their order."""
        if store.is_large(self.cohort.study) and not self.is_sampled and not self.pooled:
            return store.read_ids(self.cohort)
        return self.subjects["usubjid"].to_list()

    def take_everybody(self, code: str) -> "View":
        """The view of everybody where ``subjects`` are a sample: events of all, and of the panel one baseline."""
        if not self.is_sampled:
            return self
        study = self.cohort.study
        read_panel, read_events = partial(store.read_baselines, study, [code]), partial(store.read_events, study)
        return replace(self, subjects=self.everybody, read_panel=read_panel, read_events=read_events)

    def select(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of the cohort's subjects."""
        return keep_subjects(rows, self.subjects)


def ask_cohort() -> Cohort | None:
    """The study and its filters, asked in the sidebar and kept in the address; None without a study."""
    known = store.studies()
    if known.is_empty():
        return None
    names = known["study"].to_list()
    with st.sidebar:
        study = controls.ask_code("Study", dict(zip(names, names, strict=True)), "study", names[0])
        controls.ask_one("Units", "units", list(SYSTEMS))
        follow_name(study)
        options = store.choices(study)
        chosen = {
            name: controls.ask_filter(
                CHOICES[name], label_options(options[name]), name, "any or none" if name == EVENT else "all"
            )
            for name in CHOICES
            if name in options
        }
        cohort = Cohort.of(study, chosen, ask_ranges(study))
        show_saved(cohort)
    return cohort


def label_options(counts: dict[str, int]) -> dict[str, str]:
    """Options with their number of patients."""
    return {option: f"{option.replace('_', ' ')} ({n})" for option, n in counts.items()}


def ask_ranges(study: str) -> list[Bounds]:
    """Ranges of baseline values, each with a slider between the smallest and the largest."""
    linked = [bounds for bounds in map(Bounds.find, st.query_params.get_all("range")) if bounds]
    extremes = store.extremes(study)
    if [bounds.text for bounds in linked] != st.session_state.get("range_written", []):
        st.session_state["ranges"] = [bounds.paramcd for bounds in linked if bounds.paramcd in extremes]
        for bounds in linked:
            st.session_state[f"range_{study}_{bounds.paramcd}"] = (bounds.low, bounds.high)
    names = {code: "Age" if code == AGE else controls.find_parameter(code).title for code in extremes}
    st.session_state["ranges"] = [code for code in st.session_state.get("ranges", []) if code in names]
    chosen = st.multiselect(
        "Baseline range of",
        list(names),
        format_func=lambda code: names[code],
        key="ranges",
        persist_state="session",
        placeholder="any value",
    )
    ranges = [ask_range(study, code, names[code], extremes[code]) for code in chosen]
    written = [bounds.text for bounds in ranges]
    st.session_state["range_written"] = written
    if st.query_params.get_all("range") != written:
        st.query_params["range"] = written
    return ranges


def ask_range(study: str, code: str, name: str, extreme: tuple[float, float]) -> Bounds:
    """The range of one baseline value, asked in the reader's units and kept in the catalog's."""
    factor = controls.unit_factor(code)
    decimals = 0 if code == AGE else controls.find_parameter(code).decimals
    step = 10.0**-decimals
    bottom, top = floor(extreme[0] * factor / step) * step, ceil(extreme[1] * factor / step) * step
    key = f"range_{study}_{code}"
    # At first the whole range, rounded outwards: nobody is left out by a digit.
    low, high = st.session_state.get(key, (bottom / factor, top / factor))
    # A link may name a range in which nobody lies: the slider must be able to show it.
    bottom, top = min(bottom, floor(low * factor / step) * step), max(top, ceil(high * factor / step) * step)
    ends = (round(low * factor, decimals), round(high * factor, decimals))
    slid = st.slider(
        name, bottom, max(top, bottom + step), ends, step, f"%.{decimals}f", key=f"{key}_{controls.units()}"
    )
    if slid != ends:  # the slider's rounding must not move a range that nobody moved
        low, high = round(slid[0] / factor, 6), round(slid[1] / factor, 6)
    st.session_state[key] = (low, high)
    return Bounds(code, low, high)


def show_saved(cohort: Cohort) -> None:
    """Saved filters: restored by a click or by a link with ``saved``; the present ones saved under a name."""
    shelf = Shelf(FILTER, cohort.study, "Saved filters", ":material/bookmark:", restore, describe)
    reason = "" if cohort.is_filtered else "No filter is set: there is nothing to save."
    show_shelf(shelf, store.items(FILTER, cohort.study), cohort.to_json(), reason)


def describe(content: str) -> str:
    """Saved filters in words."""
    return Cohort.from_json(content).words


def restore(content: str) -> None:
    """Set every filter as it was saved."""
    cohort = Cohort.from_json(content)
    for name in CHOICES:
        st.session_state[name] = list(cohort.filters.get(name, ()))
        controls.write_link(name, st.session_state[name])
    st.session_state["ranges"] = [bounds.paramcd for bounds in cohort.ranges]
    for bounds in cohort.ranges:
        key = f"range_{cohort.study}_{bounds.paramcd}"
        st.session_state[key] = (bounds.low, bounds.high)
        for system in SYSTEMS:
            st.session_state.pop(f"{key}_{system}", None)
    st.session_state["range_written"] = [bounds.text for bounds in cohort.ranges]
    st.query_params["range"] = st.session_state["range_written"]


def follow_name(study: str) -> None:
    """Restore the filter that the address names with ``saved``, once; its filters then stand in the address."""
    name = st.query_params.get("saved")
    if name is None:
        return
    item = next((item for item in store.items(FILTER, study) if item.name == name), None)
    del st.query_params["saved"]
    if item is None:
        st.toast(f"No filter of this study is saved as {name}.", icon=":material/bookmark_remove:")
        return
    restore(item.content)


def view() -> View:
    """The cohort chosen in the sidebar. Stops the page, in words, where there is none."""
    cohort = st.session_state.get("cohort")
    if cohort is None:
        st.info(
            "There is no study yet. Bring your files in on the page *Import*, or in the terminal: "
            "`python cli.py import FOLDER`."
        )
        st.stop()
    shown = select_view(cohort)
    show_head(cohort, shown)
    if shown.subjects.is_empty():
        st.info("No subject of this study passes the filters in the sidebar.")
        st.stop()
    return shown


def select_view(cohort: Cohort) -> View:
    """The study's frames restricted to a cohort, in the reader's units; of a large cohort to a sample of it."""
    members = store.read_members(cohort)
    origin = f"{store.config(cohort.study)['time_zero']} (day 0)"
    subjects = store.read_drawn(cohort) if store.is_large(cohort.study) else members
    read_panel = partial(select_panel, cohort, controls.units())
    return View(cohort, subjects, origin, partial(store.read_study, cohort.study), read_panel, everybody=members)


def select_panel(cohort: Cohort, system: str) -> pl.DataFrame:
    """The panel of the subjects of a cohort."""
    if store.is_large(cohort.study):
        return store.read_drawn_panel(cohort, system)
    panel = store.read_panel(cohort.study, system)
    if not cohort.is_filtered:
        return panel
    return remember(keep_subjects, panel, store.read_members(cohort))


def read_catalog_panel(view: View) -> pl.DataFrame:
    """The cohort's panel in the catalog's units, which grades, limits and published values are in."""
    if controls.units() == CONVENTIONAL:
        return view.panel
    return remember(keep_subjects, select_panel(view.cohort, CONVENTIONAL), view.subjects)


def show_head(cohort: Cohort, shown: View) -> None:
    """What is always in view: the study, simulated or real, n of N, the filters, the data cut, a sample."""
    facts = store.config(cohort.study)
    if facts.get("simulated"):
        st.warning("**SIMULATED** data: no patient stands behind these numbers.", icon=":material/science:")
    everybody = store.traits(cohort.study)
    cut = everybody["cut_day"].max()
    parts = [
        str(facts.get("title", cohort.study)),
        f"{shown.everybody.height:,} of {everybody.height:,} patients" + (f" ({cohort.words})" if cohort.words else ""),
        f"data as of revision {store.revision()}" + (f", cut at day {cut}" if cut is not None else ""),
    ]
    if shown.is_sampled:
        drawn = f"{shown.subjects.height:,} of them, drawn at random, the same at every look"
        parts.append(f"where nothing else is said, figures and tables are of {drawn}")
    st.session_state["head"] = " · ".join(parts)
    st.caption(" · ".join([f"**{parts[0]}**", *parts[1:]]))
