"""Patients in lists and headers, as several pages show them."""

from typing import Any

import polars as pl
import streamlit as st

from analytics.panel import list_parameters
from analytics.summary import summarize_subjects
from pages.shared import cohorts, controls, tables
from pages.shared.memory import remember

KEY = ("child_pugh", "meld", "albi", "bilirubin", "albumin", "fibrosis_index")
MOST_LISTED = 1_000  # patients behind a count
LARGEST = 10  # characters that fit a narrow column in large type


def show_facts(facts: dict[str, object], large: bool = False) -> None:
    """Short facts side by side; unlike metrics they wrap where the screen is narrow."""
    for column, (label, value) in zip(st.columns(len(facts)), facts.items(), strict=True):
        column.caption(label)
        column.markdown(f"## {value}" if large and len(str(value)) < LARGEST else f"**{value}**")


@st.fragment
def show_counts(view: cohorts.View) -> None:
    """The trial in a few numbers; each count opens the list of its patients."""
    whole = view.take_everybody("")  # counts need no courses: of a large cohort they are those of everybody
    events = whole.events
    found = {
        label: events.filter(pl.col("kind") == kind)["usubjid"].unique().sort().to_list()
        for label, kind in (("Infused", "infusion"), ("Deaths", "death"), ("Transplants", "transplant"))
    }
    middle = whole.subjects["last_contact_day"].median()
    none = 0 if middle is not None else "none recorded"  # without any follow-up, no event is no observation
    facts: dict[str, object] = {"Patients": f"{whole.subjects.height:,}"}
    facts |= {"Infused": f"{len(found['Infused']):,}"} if found["Infused"] else {}
    facts["Median time to last contact"] = "not reported" if middle is None else f"{middle:.0f} days"
    counted = {label: f"{len(found[label]):,}" if found[label] else none for label in ("Deaths", "Transplants")}
    show_facts(facts | counted, large=True)
    some = [label for label, ids in found.items() if ids]
    chosen = st.pills("List the patients", some, key="listed") if some else None
    if chosen:
        list_members(found[chosen], chosen, "counted_members")


def show_patients(view: cohorts.View) -> None:
    """The patients; a click on a row opens one."""
    st.header("Patients")
    recorded = remember(list_parameters, view.panel)
    shown = [code for code in KEY if code in recorded]
    table = remember(summarize_subjects, view.subjects, view.panel, view.events, shown)
    choose_patient(
        table, "patients", label_columns(shown), "Patients of the cohort with their latest change from baseline"
    )
    st.caption("Changes are latest value minus baseline.")


def choose_patient(table: pl.DataFrame, key: str, columns: dict[str, Any], alt: str) -> None:
    """A table with one row a patient (``usubjid``); a click on a row opens the patient."""
    event = tables.show(
        table,
        key=key,
        hide_index=True,
        placeholder="–",
        on_select="rerun",
        selection_mode="single-row",
        height=min(300, 38 + 35 * table.height),
        column_config=columns,
        alt=alt,
    )
    st.caption("Click the box at the left of a row to open the patient.")
    if event["selection"]["rows"]:
        controls.open_patient(table["usubjid"][event["selection"]["rows"][0]])


def list_members(ids: list[str], title: str, key: str) -> None:
    """The patients behind a count; a click opens one."""
    st.markdown(f"**{title}: {len(ids)} patient{'s' if len(ids) != 1 else ''}**")
    if len(ids) > MOST_LISTED:
        st.caption(f"The first {MOST_LISTED:,} are listed.")
    if ids:
        choose_patient(pl.DataFrame({"usubjid": ids[:MOST_LISTED]}), key, {"usubjid": "Patient"}, f"Patients: {title}")


def label_columns(shown: list[str]) -> dict[str, Any]:
    """The columns of the list of patients, with the decimals of the catalog."""
    labels: dict[str, Any] = {"usubjid": "Patient", "arm": "Arm", "sex": "Sex", "etiology": "Etiology"}
    labels |= {"last_contact_day": "Last contact, day", "status": "Outcome", "visits": "Visits"}
    labels["age"] = st.column_config.NumberColumn("Age", format="%.0f")
    for item in controls.order_parameters(shown):
        change = st.column_config.NumberColumn(
            f"{item.name}, change {item.arrow}".strip(), format=f"%+.{item.decimals}f"
        )
        labels[f"{item.paramcd}_chg"] = change
    return labels
