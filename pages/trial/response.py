"""Who responded, by which rule, and how robust that is."""

import streamlit as st

from analytics.panel import list_parameters
from pages.shared import association_panels, cohorts, controls, response_panels, shift_panels
from pages.shared.memory import remember


def render() -> None:
    """The page."""
    st.title("Response")
    view = cohorts.view()
    if not remember(list_parameters, view.panel):
        st.info("No value has been imported for these patients.")
        st.stop()
    parameter = controls.ask_changed(view.panel, "respond", "Parameter or score")
    if parameter is None:
        st.info("No patient of this cohort has a baseline and a later value of anything, so no response can be read.")
        st.stop()
    rule = response_panels.ask_rule(view, parameter)
    response_panels.show_response(view, parameter, rule)
    response_panels.show_published(view, parameter)
    shift_panels.show_shift(view)
    shift_panels.show_ascites(view)
    association_panels.show_correlations(view)
    association_panels.show_quadrant(view)
    association_panels.show_doses(view)


render()
