"""One document of the cohort: choose the sections, type comments, make it as HTML, PDF, PPTX, DOCX or XLSX."""

import streamlit as st

from pages.shared import cohorts, report_panel


def render() -> None:
    """The page."""
    st.title("Report")
    view = cohorts.view()
    choice = report_panel.ask_choice()
    kind = report_panel.ask_kind()
    report_panel.make(view, choice, kind)


render()
