"""One patient: who, what changed and why, everything on one time axis, what is new since the last data cut."""

import streamlit as st

from pages.shared import cohorts, controls, explanations, forecast_panels, navigation, notes, store
from pages.shared.patient_day import show_course_and_day
from pages.shared.patient_head import show_head
from pages.shared.patient_news import show_news
from pages.shared.patient_tables import show_absent, show_results
from pages.shared.person import Person, read_person


def show_course(person: Person) -> None:
    """Everything on one time axis, the selected day, and what was never measured."""
    show_course_and_day(person)
    show_absent(person)


PARTS = {
    "Course": show_course,
    "Why it changed": explanations.show_change,
    "All results": show_results,
    "New since last cut": show_news,
    "Outlook": lambda person: forecast_panels.show_forecast(person.view, person.usubjid),
    "Notes and review": notes.show_notes_of,
}


def render() -> None:
    """The page. Only the part that is open is computed."""
    st.title("Patient")
    view = cohorts.view().reach_everybody()
    usubjid, neighbours = navigation.ask_patient(view)
    person = read_person(view, usubjid)
    show_head(person)
    tabs = st.tabs(list(PARTS), on_change="rerun", key="part", bind="query-params")
    for tab, show in zip(tabs, PARTS.values(), strict=True):
        if tab.open:
            with tab:
                show(person)
    store.prepare_patients(view.cohort.study, neighbours, controls.units())


render()
