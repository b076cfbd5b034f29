"""Two patients of the cohort side by side, on the same scales."""

import streamlit as st

from pages.shared import cohorts
from pages.shared.pair_panels import ask_pair, show_courses
from pages.shared.patient_head import show_head


def render() -> None:
    """The page."""
    st.title("Two patients")
    view = cohorts.view().reach_everybody()
    pair = ask_pair(view)
    for column, person in zip(st.columns(2), pair, strict=True):
        with column:
            show_head(person)
    show_courses(pair)


render()
