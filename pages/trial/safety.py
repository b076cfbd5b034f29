"""Is it safe to go on? Adverse events, laboratory grades, liver injury, organs, decompensation, stopping rules."""

import streamlit as st

from pages.shared import cohorts, controls, safety_events, safety_laboratory, safety_rules

LOOKS = {
    "Adverse events": safety_events.show_events,
    "Laboratory grades": safety_laboratory.show_grades,
    "Liver injury": safety_laboratory.show_liver_injury,
    "Kidney, organs, tumor": safety_laboratory.show_stages,
    "Decompensation": safety_events.show_course,
    "Stopping rules": safety_rules.show_rules,
}
OPEN, BLINDED = "open, by arm", "blinded, arms pooled"


def render() -> None:
    """The page."""
    st.title("Safety")
    view = cohorts.view()
    blinded = controls.ask_one("View", "blinding", [OPEN, BLINDED]) == BLINDED
    data = safety_events.prepare(view, blinded)
    safety_events.show_verdict(view, data)
    safety_rules.show_crossed(view, data)
    look = controls.ask_one("Look at", "safety", list(LOOKS))
    LOOKS[look](view, data)


render()
