"""Who is in the trial, how long they were followed, what they started with, what is missing."""

import polars as pl
import streamlit as st

from analytics.figures.cohort import plot_completeness, plot_follow_up
from analytics.panel import list_parameters
from analytics.summary import summarize_baseline, summarize_completeness, summarize_subjects
from pages.shared import controls

KEY = ("child_pugh", "meld", "albi", "bilirubin", "albumin", "fibrosis_index")


def render() -> None:
    """The page."""
    st.title("Cohort")
    view = controls.view()
    show_counts(view)
    show_patients(view)
    parameters = controls.order_parameters(list_parameters(view.panel))
    st.subheader("Baseline by arm")
    baseline = summarize_baseline(view.subjects, view.panel, parameters)
    st.dataframe(
        baseline,
        hide_index=True,
        height="content",
        column_config={"characteristic": "At baseline"},
        alt="Baseline characteristics by arm",
    )
    st.caption("Mean ± SD, with n where a value is missing; counts with percent of those known.")
    show_follow_up(view)
    st.subheader("Completeness: patients with a value, by visit")
    table = summarize_completeness(view.panel, view.subjects, view.study.visits)
    measured = {item.paramcd: item.title for item in parameters if not item.derived}
    figure = plot_completeness(table, measured, controls.theme())
    controls.show_figure(
        figure,
        "completeness",
        "Heat map of available values by parameter and visit",
        table,
        f"python cli.py export --study {view.cohort.study} --out FOLDER",
    )


def show_counts(view: controls.View) -> None:
    """The trial in five numbers."""
    deaths, transplants, infusions = (
        view.events.filter(pl.col("kind") == kind)["usubjid"].n_unique() for kind in ("death", "transplant", "infusion")
    )
    middle = view.subjects["last_contact_day"].median()
    facts = {
        "Patients": view.subjects.height,
        **({"Infused": infusions} if infusions else {}),
        "Median time to last contact": "not reported" if middle is None else f"{middle:.0f} days",
        "Deaths": deaths,
        "Transplants": transplants,
    }
    for column, (label, value) in zip(st.columns(len(facts)), facts.items(), strict=True):
        column.metric(label, value)


def show_patients(view: controls.View) -> None:
    """The patients; a click on a row opens one."""
    st.subheader("Patients")
    shown = [code for code in KEY if code in list_parameters(view.panel)]
    table = summarize_subjects(view.subjects, view.panel, view.events, shown)
    names = {
        f"{item.paramcd}_chg": st.column_config.NumberColumn(f"{item.name}, change", format=f"%+.{item.decimals}f")
        for item in controls.order_parameters(shown)
    }
    labels = {
        "usubjid": "Patient",
        "arm": "Arm",
        "age": st.column_config.NumberColumn("Age", format="%.0f"),
        "sex": "Sex",
        "etiology": "Etiology",
        "last_contact_day": "Last contact, day",
        "status": "Outcome",
        "visits": "Visits",
    }
    event = st.dataframe(
        table,
        key="patients",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=300,
        column_config=labels | names,
        alt="Patients of the cohort with their latest change from baseline",
    )
    st.caption("Click the box at the left of a row to open the patient. Changes are latest value minus baseline.")
    if event["selection"]["rows"]:
        controls.open_patient(table["usubjid"][event["selection"]["rows"][0]])


def show_follow_up(view: controls.View) -> None:
    """How long each patient was followed."""
    st.subheader("Follow-up")
    known = view.subjects.filter(pl.col("last_contact_day").is_not_null())
    if known.is_empty():
        st.info("No follow-up time is recorded for these patients.")
        return
    figure = plot_follow_up(view.subjects, view.events, view.origin, controls.theme())
    table = known.select("usubjid", "arm", "last_contact_day")
    controls.show_figure(
        figure,
        "follow_up",
        "Follow-up of each patient with events",
        table,
        f"python cli.py export --study {view.cohort.study} --out FOLDER",
    )


render()
