"""Who is in the trial, what they started with, how long they were followed, what is missing."""

import streamlit as st

from pages.shared import cohort_panels, cohorts, patients


def render() -> None:
    """The page."""
    st.title("Cohort")
    view = cohorts.view()
    patients.show_counts(view)
    patients.show_patients(view)
    cohort_panels.show_baseline(view)
    cohort_panels.show_follow_up(view)
    cohort_panels.show_assessments(view)
    cohort_panels.show_completeness(view)
    cohort_panels.show_eligibility(view)


render()
