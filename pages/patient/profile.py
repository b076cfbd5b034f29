"""One patient: who, what changed and why, everything on one time axis, what is new since the last data cut."""

import streamlit as st

from pages.shared import cohorts, explanations, forecast_panels, navigation
from pages.shared.patient_course import show_course
from pages.shared.patient_day import show_day
from pages.shared.patient_head import show_head
from pages.shared.patient_news import show_news
from pages.shared.patient_tables import show_absent, show_results
from pages.shared.person import read_person

PARTS = ["Course", "Why it changed", "All results", "New since last cut", "Outlook"]


def render() -> None:
    """The page. Only the part that is open is computed."""
    st.title("Patient")
    view = cohorts.view()
    person = read_person(view, navigation.ask_patient(view))
    show_head(person)
    course, why, results, news, outlook = st.tabs(PARTS, on_change="rerun", key="part", bind="query-params")
    if course.open:
        with course:
            if person.points.is_empty():
                st.info("No value has been imported for this patient.")
            else:
                show_day(person, show_course(person))
            show_absent(person)
    if why.open:
        with why:
            explanations.show_change(person)
    if results.open:
        with results:
            show_results(person)
    if news.open:
        with news:
            show_news(person)
    if outlook.open:
        with outlook:
            forecast_panels.show_forecast(view, person.usubjid)


render()
