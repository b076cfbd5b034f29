"""Who is in the trial, how long they were followed, what they started with, what is missing."""

import polars as pl
import streamlit as st

from analytics.figures.cohort import plot_completeness, plot_follow_up
from analytics.panel import list_measured, list_parameters
from analytics.summary import summarize_baseline, summarize_completeness
from pages.shared import cohorts, controls, output, patients


def render() -> None:
    """The page."""
    st.title("Cohort")
    view = cohorts.view()
    patients.show_counts(view)
    patients.show_patients(view)
    parameters = controls.order_parameters(list_parameters(view.panel))
    st.subheader("Baseline by arm")
    baseline = summarize_baseline(view.subjects, view.panel, parameters)
    columns = {"characteristic": "At baseline"}
    st.dataframe(
        baseline, hide_index=True, placeholder="–", height="content", column_config=columns, alt="Baseline by arm"
    )
    st.caption("Mean ± SD, with n where a value is missing; counts with percent of those known.")
    show_follow_up(view)
    measured = controls.order_parameters(list_measured(view.panel))
    show_completeness(view, {item.paramcd: item.title for item in measured})


def show_completeness(view: cohorts.View, labels: dict[str, str]) -> None:
    """Which values are there at which visit."""
    st.subheader("Completeness: patients with a value, by visit")
    table = summarize_completeness(view.panel, view.subjects, view.study.visits)
    if table.is_empty():
        st.info("No value belongs to a visit: the study file names no visit windows that hold the days measured.")
        return
    figure = plot_completeness(table, labels, controls.theme())
    alt = "Heat map of available values by parameter and visit"
    output.show_figure(figure, "completeness", alt, table, output.export_command(view.cohort.study))


def show_follow_up(view: cohorts.View) -> None:
    """How long each patient was followed."""
    st.subheader("Follow-up")
    known = view.subjects.filter(pl.col("last_contact_day").is_not_null())
    if known.is_empty():
        st.info("No follow-up time is recorded for these patients.")
        return
    figure = plot_follow_up(view.subjects, view.events, view.origin, controls.theme())
    table = known.select("usubjid", "arm", "last_contact_day")
    alt = "Follow-up of each patient with events"
    output.show_figure(figure, "follow_up", alt, table, output.export_command(view.cohort.study))


render()
