"""One patient: who, what changed and why, everything on one time axis, what is new since the last data cut."""

import streamlit as st

from pages.shared import cohorts, controls, explanations, forecast_panels, navigation, store
from pages.shared.patient_day import show_course_and_day
from pages.shared.patient_head import show_head
from pages.shared.patient_news import show_news
from pages.shared.patient_tables import show_absent, show_results
from pages.shared.person import read_person

PARTS = ["Course", "Why it changed", "All results", "New since last cut", "Outlook"]


def render() -> None:
    """The page. Only the part that is open is computed."""
    st.title("Patient")
    view = cohorts.view()
    usubjid, neighbours = navigation.ask_patient(view)
    person = read_person(view, usubjid)
    show_head(person)
    course, why, results, news, outlook = st.tabs(PARTS, on_change="rerun", key="part", bind="query-params")
    if course.open:
        with course:
            show_course_and_day(person)
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
    store.prepare_patients(view.cohort.study, neighbours, controls.units())


render()
