"""One patient's course: who, what changed, and the key parameters on one time axis."""

from typing import Any

import polars as pl
import streamlit as st

from analytics.catalog import Parameter
from analytics.figures.patient import Axis, plot_patient
from analytics.panel import list_parameters
from analytics.patient import (
    KEY_PARAMETERS,
    describe_remark,
    describe_scores,
    select_patient,
    summarize_latest,
    tabulate_values,
)
from pages.shared import controls, patients

STRIPS = 8


def render() -> None:
    """The page."""
    st.title("Patient")
    view = controls.view()
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
    show_course(view, patient["usubjid"], own, ask_strips(parameters))
    for sentence in describe_scores(own):
        st.caption(sentence)
    patients.show_tables(view, own, patient["usubjid"])


def ask_patient(view: controls.View) -> dict[str, Any]:
    """The patient in the address, or chosen here."""
    ids = view.subjects["usubjid"].to_list()
    chosen = controls.ask_code("Patient", dict(zip(ids, ids, strict=True)), "usubjid", ids[0])
    return view.subjects.row(by_predicate=pl.col("usubjid") == chosen, named=True)


def ask_strips(parameters: list[Parameter]) -> list[Parameter]:
    """Which parameters are drawn, the key ones at first."""
    names = {item.paramcd: item.name for item in parameters}
    first = [code for code in KEY_PARAMETERS if code in names][:STRIPS] or list(names)[:STRIPS]
    key = "strips_" + "_".join(first)
    chosen = st.multiselect("Strips", list(names), first, lambda code: names[code], key, max_selections=STRIPS)
    if not chosen:
        st.info("No strip is chosen.")
        st.stop()
    return [item for item in parameters if item.paramcd in chosen]


def show_course(view: controls.View, usubjid: str, own: pl.DataFrame, chosen: list[Parameter]) -> None:
    """The strips on one time axis."""
    axis = Axis(view.origin, tuple(view.study.visits["avisit"]))
    figure = plot_patient(
        own.with_columns(remark=describe_remark()), chosen, select_patient(view.events, usubjid), axis, controls.theme()
    )
    alt = f"Course of {usubjid}: {', '.join(item.name for item in chosen)}"
    controls.show_figure(figure, f"course_{usubjid}", alt, tabulate_values(own), controls.export_command(view))
    st.caption("Green: reference range. Hover a point for the value as reported, its file and line.")


render()
