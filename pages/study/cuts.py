"""Data cuts: which state of the data a figure or a meeting rests on, and what has changed since."""

import streamlit as st

from pages.shared import cohorts
from pages.shared.intake_cuts import (
    EXPECTED,
    ask_pin,
    ask_prune,
    ask_undo,
    ask_withdrawal,
    show_comparison,
    show_revisions,
)


def render() -> None:
    """The page."""
    st.title("Data cuts")
    st.caption("Every change makes a revision. A data cut is a revision with a name: it is never pruned.")
    cohort = cohorts.view().cohort
    try:
        revisions = show_revisions()
        ask_pin(revisions)
        show_comparison(revisions, cohort.study)
        ask_undo(cohort.study)
        ask_prune()
        ask_withdrawal(cohort.study)
    except EXPECTED as error:
        st.error(str(error.args[0] if error.args else error), icon=":material/block:")


render()
