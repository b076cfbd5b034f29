"""The study as files: to keep, to send, to submit; each format says what it cannot carry."""

import streamlit as st

from pages.shared import cohorts
from pages.shared.intake_export import ask_export


def render() -> None:
    """The page."""
    st.title("Export")
    ask_export(cohorts.view().cohort.study)


render()
