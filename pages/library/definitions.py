"""Every parameter and score: unit, ranges, formula, source, version; and a calculator. Generated from the catalog."""

import streamlit as st

from analytics.definitions import (
    describe_score,
    search_parameters,
    tabulate_endpoints,
    tabulate_parameters,
    tabulate_scores,
)
from analytics.scores import SCORES
from pages.shared import controls, tables
from pages.shared.calculator import show_calculator


def render() -> None:
    """The page."""
    st.title("Definitions")
    st.caption(
        "Generated from the catalog that import, scores and figures use. The same text is in docs/definitions.md."
    )
    shown = controls.ask_one("Show", "part", ["Scores", "Calculator", "Endpoints", "Parameters"])
    {"Scores": show_scores, "Calculator": show_calculator, "Endpoints": show_endpoints, "Parameters": show_parameters}[
        shown
    ]()


def show_scores() -> None:
    """A list of all scores, and one of them in full."""
    table = tabulate_scores()
    names = {code: score.parameter.label for code, score in SCORES.items()}
    code = controls.ask_detail("Score", names, "defined", next(iter(names)))
    with st.container(border=True):
        st.header(SCORES[code].parameter.label)
        st.markdown(describe_score(SCORES[code]))
    st.header(f"All {table.height} definitions")
    tables.show(table, hide_index=True, placeholder="–", height="content", alt="All scores")


def show_endpoints() -> None:
    """The time-to-event endpoints."""
    tables.show(tabulate_endpoints(), hide_index=True, placeholder="–", alt="Time-to-event endpoints")


def show_parameters() -> None:
    """The catalog, searched."""
    wanted = st.text_input("Search", key="search", placeholder="name, code, unit or synonym", bind="query-params")
    table = tabulate_parameters()
    shown = search_parameters(table, wanted or "")
    st.caption(f"{shown.height} of {table.height} parameters")
    tables.show(shown, hide_index=True, placeholder="–", height=600, alt="Parameters of the catalog")


render()
