"""Survival by any group that is known at baseline, with limits, number at risk and log-rank test."""

import polars as pl
import streamlit as st

from analytics.catalog.endpoints import ENDPOINTS, Endpoint
from analytics.figures.survival import Curve, plot_survival
from analytics.groups import derive_group, label_group
from analytics.survival.describe import describe_log_rank, summarize_survival
from analytics.survival.estimate import Survival, estimate_survival
from analytics.survival.follow_up import derive_time_to_event
from pages.shared import cohorts, controls, output


def render() -> None:
    """The page."""
    st.title("Survival")
    view = cohorts.view()
    left, right = st.columns(2)
    with left:
        names = {code: endpoint.label for code, endpoint in ENDPOINTS.items()}
        endpoint = ENDPOINTS[controls.ask_code("Endpoint", names, "endpoint", "overall")]
    with right:
        by = controls.ask_group(view.subjects, view.panel, "by")
    times = derive_time_to_event(view.subjects, view.events, endpoint)
    if times["time"].count() == 0:
        st.info("No follow-up time is recorded for these patients, so no survival can be estimated.")
        st.stop()
    grouped = times if by == "all" else derive_group(times, view.panel, by, controls.group_parameter(by))
    result = estimate_survival(grouped, "group" if by != "all" else None)
    if not result.groups:
        st.info("For no patient with follow-up is the group known at baseline.")
        st.stop()
    curves = [Curve(label_group(by, group.name, controls.group_parameter(by)), group.curve) for group in result.groups]
    figure = plot_survival(curves, endpoint.label, view.origin, controls.theme())
    flag = f"python cli.py survival {view.cohort.options} --endpoint {endpoint.code}" + (
        f" --by {by}" if by != "all" else ""
    )
    steps = pl.concat([group.curve.with_columns(group=pl.lit(group.name)) for group in result.groups])
    output.show_figure(figure, "survival", f"{endpoint.label}: Kaplan-Meier curves with number at risk", steps, flag)
    show_results(result, grouped, endpoint, by)


def show_results(result: Survival, grouped: pl.DataFrame, endpoint: Endpoint, by: str) -> None:
    """The numbers beside the curves, and what they rest on."""
    st.dataframe(summarize_survival(result), hide_index=True, placeholder="–", alt="Survival by group")
    if by != "all":
        st.markdown(describe_log_rank(result.log_rank))
    unknown = grouped.filter(pl.col("time").is_null()).height
    ungrouped = grouped.filter(pl.col("time").is_not_null(), pl.col("group").is_null()).height if by != "all" else 0
    notes = [
        endpoint.reading,
        "Shaded: 95 % log-log interval. Ticks: censored. At risk on a day: time not before that day.",
    ]
    notes += [f"{unknown} patients without follow-up time are left out."] if unknown else []
    notes += [f"{ungrouped} patients whose group is not known are left out."] if ungrouped else []
    st.caption(" ".join(notes))


render()
