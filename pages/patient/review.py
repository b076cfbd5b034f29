"""What was noted, what is asked, what is reviewed and what is open again."""

import streamlit as st

from pages.shared import cohorts, notes


def render() -> None:
    """The page."""
    st.title("Notes and review")
    view = cohorts.view()
    notes.show_all_notes(view.reach_everybody())
    notes.show_progress(view)


render()
