"""One patient's course: who, what changed, and the key parameters on one time axis."""

from typing import Any

import polars as pl
import streamlit as st

from analytics.catalog import Parameter
from analytics.figures.patient import Axis, plot_patient
from analytics.panel import list_parameters
from analytics.patient import describe_scores, select_patient, summarize_latest, tabulate_values
from pages.shared import controls

KEY = (
    "child_pugh",
    "meld",
    "albi",
    "mayo_pbc",
    "bilirubin",
    "albumin",
    "inr",
    "pt_activity",
    "fibrosis_index",
    "liver_volume",
    "liver_volume_pct",
    "ascites_grade",
    "quality_of_life",
    "platelets",
    "creatinine",
)
STRIPS = 8


def render() -> None:
    """The page."""
    st.title("Patient")
    view = controls.view()
    patient = ask_patient(view)
    own = select_patient(view.panel, patient["usubjid"])
    events = select_patient(view.events, patient["usubjid"])
    show_header(patient, events)
    parameters = controls.order_parameters(list_parameters(own))
    if not parameters:
        st.info("No value has been imported for this patient.")
        st.stop()
    st.subheader("What changed: latest against baseline")
    table = summarize_latest(own, parameters)
    st.dataframe(table, hide_index=True, height=min(420, 38 + 35 * table.height), alt="Latest value against baseline")
    chosen = ask_strips(parameters)
    axis = Axis(view.origin, tuple(view.study.visits["avisit"]))
    figure = plot_patient(own, chosen, events, axis, controls.theme())
    alt = f"Course of {patient['usubjid']}: {', '.join(item.name for item in chosen)}"
    controls.show_figure(
        figure,
        f"course_{patient['usubjid']}",
        alt,
        tabulate_values(own),
        f"python cli.py export --study {view.cohort.study} --out FOLDER",
    )
    st.caption("Green: reference range. Hover a point for the value as reported, its file and line.")
    for sentence in describe_scores(own):
        st.caption(sentence)
    show_tables(view, own, patient["usubjid"])


def ask_patient(view: controls.View) -> dict[str, Any]:
    """The patient in the address, or chosen here."""
    ids = view.subjects["usubjid"].to_list()
    chosen = st.selectbox("Patient", ids, key="usubjid", bind="query-params") or ids[0]
    return view.subjects.row(by_predicate=pl.col("usubjid") == chosen, named=True)


def show_header(patient: dict[str, Any], events: pl.DataFrame) -> None:
    """Who it is and how it ended."""
    ends = events.filter(pl.col("kind").is_in(["death", "transplant"])).sort("day")
    contact = patient["last_contact_day"]
    status = f"{ends['kind'][-1]} on day {ends['day'][-1]}" if ends.height else "no death or transplant recorded"
    age = patient["age"]
    facts = {
        "Arm": patient["arm"],
        "Age, sex": f"{'age not recorded' if age is None else f'{age:.0f}'}, {patient['sex'] or 'sex not recorded'}",
        "Etiology": patient["etiology"] or "not recorded",
        "Status": status,
        "Last contact": "not reported" if contact is None else f"day {contact}",
    }
    for column, (label, value) in zip(st.columns(len(facts)), facts.items(), strict=True):
        column.caption(label)
        column.markdown(f"**{value}**")


def ask_strips(parameters: list[Parameter]) -> list[Parameter]:
    """Which parameters are drawn, the key ones at first."""
    names = {item.paramcd: item.name for item in parameters}
    first = [code for code in KEY if code in names][:STRIPS] or list(names)[:STRIPS]
    chosen = st.multiselect(
        "Strips",
        list(names),
        default=first,
        format_func=lambda code: names[code],
        max_selections=STRIPS,
        key="strips_" + "_".join(first),
    )
    if not chosen:
        st.info("No strip is chosen.")
        st.stop()
    return [item for item in parameters if item.paramcd in chosen]


def show_tables(view: controls.View, own: pl.DataFrame, usubjid: str) -> None:
    """Everything known of the patient, in tables."""
    tables = {
        "All values, with file and line": tabulate_values(own),
        "Events": select_patient(view.study.events, usubjid),
        "Infusions": select_patient(view.study.treatments, usubjid),
        "Medication": select_patient(view.study.medications, usubjid),
    }
    for title, table in tables.items():
        with st.expander(f"{title} ({table.height})"):
            st.dataframe(table, hide_index=True, alt=title)


render()
