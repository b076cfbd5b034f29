"""Set up a study before there is a file: arms, visits, endpoints, eligibility; and the Excel file to fill in."""

import streamlit as st

from pages.shared.intake_plan import EXPECTED, ask_plan, offer_plan


def render() -> None:
    """The page."""
    st.title("Plan a study")
    st.caption(
        "What is planned here becomes the study's settings; the data come later, from the Excel file or your own."
    )
    try:
        offer_plan(ask_plan())
    except EXPECTED as error:
        st.error(str(error), icon=":material/block:")


render()
