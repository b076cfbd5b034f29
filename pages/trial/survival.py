"""Time to an event: curves and tests, competing risks, models, landmarks, expected survival, extrapolation."""

import streamlit as st

from analytics.catalog.endpoints import BUILT, RESPONSE
from pages.shared import (
    cohorts,
    competing_panels,
    controls,
    design_panels,
    endpoints,
    model_panels,
    survival_panels,
)

LOOKS = {
    "Curves": survival_panels.show_curves,
    "Competing risks": competing_panels.show_competing,
    "Models": model_panels.show_models,
    "Responders": design_panels.show_landmark,
    "Expected": design_panels.show_expected,
    "Extrapolation": design_panels.show_extrapolation,
    "Repeated events": competing_panels.show_recurrent,
}
EXACT = ("Curves", "Competing risks")  # these need nobody's courses: of a large cohort they count everybody


def render() -> None:
    """The page."""
    st.title("Survival")
    view = cohorts.view()
    left, right = st.columns(2)
    with left:
        endpoint = endpoints.ask_endpoint()
    with right:
        by = controls.ask_group(view.subjects, view.panel, "by")
    if endpoint.code == BUILT:
        endpoint = endpoints.build_endpoint(view)
    rule = endpoints.ask_rule(view) if RESPONSE in endpoint.events else None
    look = controls.ask_one("Look at", "look", list(LOOKS))
    if look in EXACT and rule is None:
        view = view.take_everybody(by)
    elif view.is_sampled:
        st.caption(f"Of the {view.subjects.height:,} patients that were drawn: this look needs their courses.")
    times = endpoints.derive_times(view, endpoint, rule)
    LOOKS[look](survival_panels.make_plan(view, endpoint, times, by, rule))


render()
