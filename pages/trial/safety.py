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
EVERYBODY = ("Adverse events", "Stopping rules")  # of a large cohort: the others rest on whole courses
OF_EVERYBODY = "Events and rules are those of everybody."
OPEN, BLINDED = "open, by arm", "blinded, arms pooled"


def render() -> None:
    """The page."""
    st.title("Safety")
    view = cohorts.view()
    blinded = controls.ask_one("View", "blinding", [OPEN, BLINDED]) == BLINDED
    data = safety_events.prepare(view, blinded)
    whole = safety_events.reach_everybody(view, data)
    safety_events.show_verdict(view, whole)
    safety_rules.show_crossed(view, whole)
    look = controls.ask_one("Look at", "safety", list(LOOKS))
    if view.is_sampled:
        st.caption(
            OF_EVERYBODY if look in EVERYBODY else f"{look}: of {view.subjects.height:,} patients drawn at random."
        )
    LOOKS[look](view, whole if look in EVERYBODY else data)


render()
