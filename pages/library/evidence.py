"""How does this compare with what was published? The shelf of trials, directions of effect, doses, markers, pooling."""

import streamlit as st

from pages.shared import controls, evidence_pooling, evidence_shelf, planning_panel

LOOKS = {
    "Trials": evidence_shelf.show_trials,
    "Directions of effect": evidence_shelf.show_grid,
    "Doses": evidence_shelf.show_doses,
    "Fibrosis markers": evidence_shelf.show_markers,
    "Meta-analysis": evidence_pooling.show_pooling,
    "The next trial": planning_panel.show_planning,
    "Add a trial": evidence_shelf.show_own,
}


def render() -> None:
    """The page."""
    st.title("Evidence")
    view = evidence_shelf.find_view()
    look = controls.ask_one("Look at", "evidence", list(LOOKS))
    LOOKS[look](view)


render()
