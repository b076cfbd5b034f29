"""The scores of the cohort: why one of them changed, and which can be computed at which visit."""

import streamlit as st

from pages.shared import cohorts, score_panels


def render() -> None:
    """The page."""
    st.title("Scores")
    view = cohorts.view()
    score_panels.show_attribution(view)
    score_panels.show_computability(view)


render()
