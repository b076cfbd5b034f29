"""Enter, correct or remove a value on screen, with a reason; a draft is published as one revision."""

import streamlit as st

from pages.shared import cohorts
from pages.shared.intake_corrections import EXPECTED, ask_correction, show_draft, show_published


def render() -> None:
    """The page."""
    st.title("Corrections")
    st.caption(
        "A correction is read by the same rules as a file. What the value was before is kept, with who, when and why."
    )
    view = cohorts.view().reach_everybody()
    try:
        ask_correction(view)
        show_draft(view.cohort.study)
    except EXPECTED as error:
        st.error(str(error), icon=":material/block:")
    show_published(view.cohort.study)


render()
