"""Whom to look at first, and why; which visits are due: the list before the weekly meeting."""

import streamlit as st

from pages.shared import cohorts
from pages.shared.worklist_panels import ask_since, show_open_visits, show_worklist


def render() -> None:
    """The page."""
    st.title("Worklist")
    view = cohorts.view()
    show_worklist(view, ask_since())
    show_open_visits(view)


render()
