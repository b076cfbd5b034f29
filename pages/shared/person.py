"""One patient as pages see it: the case, the cohort around it, and which day is selected."""

from dataclasses import dataclass

import polars as pl
import streamlit as st

from analytics.places import name_places
from analytics.profile.case import Case, make_case
from analytics.scores import list_series
from pages.shared import cohorts, controls, output, store


@dataclass(frozen=True)
class Person(Case):
    """A patient of the cohort, in the reader's units."""

    view: cohorts.View

    @property
    def command(self) -> str:
        """The command that prints the same numbers."""
        return f"python cli.py patient --study {self.view.cohort.study} --patient {self.usubjid}{output.units_flag()}"

    def figure_command(self, codes: list[str]) -> str:
        """The command that prints the values of a figure of these parameters."""
        shown = " ".join(f"--parameter {code}" for code in codes)
        named = f"--study {self.view.cohort.study} --patient {self.usubjid}"
        return f"python cli.py figure course {named} {shown}{output.units_flag()}"


def read_person(view: cohorts.View, usubjid: str) -> Person:
    """One patient of the cohort, from this run's revision."""
    study, system = view.cohort.study, controls.units()
    subject = view.subjects.row(by_predicate=pl.col("usubjid") == usubjid, named=True)
    panel = store.read_patient_panel(study, usubjid, system)
    case = make_case(store.read_patient(study, usubjid), panel, subject, system)
    return Person(**vars(case), view=view)


def ask_place(person: Person) -> str:
    """The selected day or visit, at first the latest one with a value after baseline; a click in a figure sets it."""
    forget_place(person.usubjid)
    measured = person.places
    later = [key for key, place in measured.items() if place["post"]]
    first = later[-1] if later else next(iter(measured))
    return controls.ask_detail("Day or visit", name_places(person.days), "at", first)


def forget_place(usubjid: str) -> None:
    """The day that was selected of another patient is none of this one; a link that names a day is followed."""
    before = st.session_state.get("placed")
    st.session_state["placed"] = usubjid
    if before in (None, usubjid):
        return
    st.session_state.pop("at", None)
    if st.query_params.get_all("at") == st.session_state.get("at_written", []):
        controls.write_link("at", [])


def select_point(key: str) -> None:
    """Take over what was clicked in a figure: its day everywhere, its score into the explanation."""
    points = st.session_state[key]["selection"]["points"]
    data = points[0].get("customdata") if points else None
    if data:
        place, code, *_ = data
        st.session_state["at"] = place
        st.session_state["clicked"] = code
        st.session_state["explain"] = code in list_series() or st.session_state.get("explain", False)
