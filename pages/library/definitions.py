"""Every parameter and score: unit, ranges, formula, source, version. Generated from the catalog."""

import streamlit as st

from analytics.definitions import describe_score, search_parameters, tabulate_endpoints, tabulate_parameters
from analytics.scores import SCORES


def render() -> None:
    """The page."""
    st.title("Definitions")
    st.caption(
        "Generated from the catalog that import, scores and figures use. The same text is in docs/definitions.md."
    )
    st.header("Scores")
    for score in SCORES.values():
        with st.expander(f"**{score.parameter.label}** · version {score.version}"):
            st.markdown(describe_score(score))
    st.header("Time-to-event endpoints")
    st.dataframe(tabulate_endpoints(), hide_index=True, placeholder="–", alt="Time-to-event endpoints")
    st.header("Parameters")
    wanted = st.text_input("Search", key="search", placeholder="name, code, unit or synonym", bind="query-params")
    table = tabulate_parameters()
    shown = search_parameters(table, wanted or "")
    st.caption(f"{shown.height} of {table.height} parameters")
    st.dataframe(shown, hide_index=True, placeholder="–", height=600, alt="Parameters of the catalog")


render()
