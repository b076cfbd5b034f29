"""Is everything there, was it on time, and what is still open: before the monitor asks."""

import streamlit as st

from pages.shared import cohorts
from pages.shared.intake_quality import offer_queries, read_grid, show_completeness, show_findings, show_timeliness


def render() -> None:
    """The page."""
    st.title("Quality")
    view = cohorts.view()
    grid = read_grid(view)
    show_completeness(grid)
    show_timeliness(view)
    findings = show_findings(view.cohort.study, view.subjects)
    offer_queries(grid, findings)


render()
