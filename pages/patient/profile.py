"""One patient: who, what changed and why, every key parameter on one time axis, every score explained."""

from typing import Any

import polars as pl
import streamlit as st

from analytics.panel import list_parameters
from analytics.patient import select_patient, summarize_latest
from pages.shared import cohorts, controls, explanations, forecast_panels, output, patients


def render() -> None:
    """The page."""
    st.title("Patient")
    view = cohorts.view()
    patient = ask_patient(view)
    own = select_patient(view.panel, patient["usubjid"])
    patients.show_header(view, patient)
    parameters = controls.order_parameters(list_parameters(own))
    if not parameters:
        st.info("No value has been imported for this patient.")
        st.stop()
    st.subheader("What changed: latest against baseline")
    table = summarize_latest(own, parameters)
    st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        height=min(420, 38 + 35 * table.height),
        alt="Latest value against baseline",
    )
    explanations.show_change(view, patient["usubjid"])
    st.subheader("Course")
    patients.show_course(view, patient["usubjid"], own, patients.ask_strips(parameters))
    forecast_panels.show_forecast(view, patient["usubjid"])
    explanations.show_explanation(view, patient["usubjid"])
    output.show_not_computable(own)
    patients.show_tables(view, own, patient["usubjid"])


def ask_patient(view: cohorts.View) -> dict[str, Any]:
    """The patient in the address, or chosen here."""
    ids = view.subjects["usubjid"].to_list()
    chosen = controls.ask_code("Patient", dict(zip(ids, ids, strict=True)), "usubjid", ids[0])
    return view.subjects.row(by_predicate=pl.col("usubjid") == chosen, named=True)


render()
