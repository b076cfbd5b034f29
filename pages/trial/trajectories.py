"""The course of a parameter or score: individuals, and the mean of each arm, n under each visit."""

import polars as pl
import streamlit as st

from analytics.catalog.constants import SMALL
from analytics.courses import MEASURES, Measure, describe_axis, place_courses, summarize_courses
from analytics.definitions import find_note
from analytics.figures.trajectory import MANY, Axes, plot_trajectories
from pages.shared import cohorts, controls, output
from pages.shared.labels import LABELS


def render() -> None:
    """The page."""
    st.title("Trajectories")
    view = cohorts.view()
    parameter = controls.ask_parameter(view.panel, "paramcd")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        measure = Measure(controls.ask_one("Show", "measure", list(MEASURES)), parameter)
        by_visit = controls.ask_one("Along", "along", list_axes(view.panel)) == "Visits"
        individuals = st.toggle("Individual patients", value=True, key="individuals")
    courses = place_courses(view.panel, view.study.visits, measure, by_visit)
    if courses.is_empty():
        st.info(f"No patient of this cohort has {measure.needs} of {parameter.name}.")
        output.show_not_computable(view.panel)
        st.stop()
    show_courses(view, courses, measure, by_visit, individuals)
    output.show_not_computable(view.panel)


def show_courses(
    view: cohorts.View, courses: pl.DataFrame, measure: Measure, by_visit: bool, individuals: bool
) -> None:
    """The figure with its table and the rules behind it."""
    summary = summarize_courses(view.panel, view.study.visits, measure, by_visit)
    x_title, y_title, visits = describe_axis(courses, measure, by_visit, view.origin)
    few = summary.filter(pl.col("n") >= SMALL).is_empty()
    axes = Axes(x_title, y_title, visits, measure.is_change)
    figure = plot_trajectories(courses, summary, axes, controls.theme(), individuals or few)
    command = f"python cli.py change {view.cohort.options} --parameter {measure.parameter.paramcd} --by arm"
    alt = f"{y_title} by arm, individual courses and means"
    output.show_figure(figure, "trajectories", alt, summary, command)
    show_notes(courses, summary, find_note(measure.parameter.paramcd))
    with st.expander("Table"):
        st.dataframe(
            summary.drop("x"),
            hide_index=True,
            placeholder="–",
            column_config=LABELS,
            alt="Summary by visit and arm",
        )


def list_axes(panel: pl.DataFrame) -> list[str]:
    """What x can be: visits only where values have one, days only where values have one."""
    axes = {"Visits": panel["analysis"].any(), "Days": panel["day"].count() > 0}
    return [name for name, there in axes.items() if there] or ["Days"]


def show_notes(courses: pl.DataFrame, summary: pl.DataFrame, note: str) -> None:
    """The rules in force for this figure."""
    n = courses["usubjid"].n_unique()
    notes = ["Thick lines are means of observed cases (from 3 patients on), bars their 95 % t interval."]
    if summary.filter(pl.col("n") < SMALL).height:
        notes.append(f"Below {SMALL} patients no interval is drawn; read the single courses.")
    if n > MANY:
        notes.append(f"An evenly spaced sample of the {n} single courses is drawn; means use all.")
    notes.append("Baseline is the last value in the 90 days up to day 0; change is later minus earlier.")
    st.caption(" ".join([*notes, note]))


render()
