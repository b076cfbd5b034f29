"""Competing risks: incidence of each cause, what became of everybody, tests and models; recurrent events."""

import polars as pl
import streamlit as st

from analytics.by_group import estimate_mean_counts, part_groups, stack
from analytics.catalog.constants import SMALL
from analytics.figures.incidence import plot_incidence, plot_mean_count, plot_stacked
from analytics.figures.survival import Axis, make_axis
from analytics.survival.competing import compare_incidence, estimate_incidence, list_causes, overstate
from analytics.survival_present import present_incidences, present_mean_counts
from analytics.survival_words import describe_gray
from pages.shared import controls, output, tables
from pages.shared.survival_panels import ALL, Plan

MANY = 4  # panels beside each other
ENDS = ("death", "transplant")


def show_competing(plan: Plan) -> None:
    """One cause by group, all causes stacked, Gray's test."""
    causes = list_causes(plan.known)
    if len(causes) < 2:
        words = f"only {causes[0].replace('_', ' ')}" if causes else "no event at all"
        st.info(f"Competing risks need two kinds of events; these patients had {words} ({plan.endpoint.words})")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        cause = controls.ask_detail("Cause", {name: name.replace("_", " ") for name in causes}, "cause", causes[0])
        naive = st.toggle("Show what 1 − Kaplan-Meier would say", key="naive")
    parts = {plan.label(name): rows for name, rows in part_groups(plan.known).items()}
    incidences = {name: estimate_incidence(rows) for name, rows in parts.items()}
    axis = make_axis(max(float(str(rows["time"].max())) for rows in parts.values()), plan.origin)
    show_cause(
        plan, incidences, axis, cause, {name: overstate(rows, cause) for name, rows in parts.items()} if naive else {}
    )
    sizes = {name: rows.height for name, rows in parts.items()}
    table = present_incidences(incidences, sizes, cause)
    tables.show(table, hide_index=True, placeholder="–", height="content", alt="Cumulative incidence")
    test = None if plan.by == ALL else compare_incidence(plan.known, "group", cause)
    st.markdown(describe_gray(test, min(sizes.values()) < SMALL))
    st.caption("Aalen-Johansen estimates with 95 % log-log limits (infinitesimal jackknife). " + plan.endpoint.words)
    st.header("What became of everybody")
    stacked = plot_stacked(dict(list(incidences.items())[:MANY]), axis, controls.theme())
    alt, every = "All causes stacked by group; the rest is event-free", plan.unlabel(stack(incidences))
    output.show_figure(stacked, "stacked", alt, every, f"{plan.command} --table incidence")
    st.caption(f"The first {MANY} of {len(incidences)} groups." if len(incidences) > MANY else "")


def show_cause(
    plan: Plan, incidences: dict[str, pl.DataFrame], axis: Axis, cause: str, naive: dict[str, pl.DataFrame]
) -> None:
    """The incidence of one cause by group; the naive curves with the warning that belongs to them."""
    curves = {name: table.filter(pl.col("cause") == cause) for name, table in incidences.items() if table.height}
    title = f"Cumulative incidence of {cause.replace('_', ' ')}"
    figure = plot_incidence(curves, naive, title, axis, controls.theme())
    command = f"{plan.command} --table incidence --cause {cause}"
    output.show_figure(figure, "incidence", f"{title} by group", plan.unlabel(stack(curves)), command)
    if naive:
        st.info(
            "The dotted line censors the other events, as if those patients could still have this one. They cannot: it "
            "overstates the incidence, and the causes would add up to more than everybody. It is only shown to warn."
        )


def show_recurrent(plan: Plan) -> None:
    """Events that can come again: their mean cumulative number a patient."""
    counts = (
        plan.view.events.filter(pl.col("day") > 0)["kind"]
        .value_counts()
        .sort("count", "kind", descending=[True, False])
    )
    kinds = {kind: f"{kind.replace('_', ' ')} ({n})" for kind, n in counts.iter_rows() if kind not in ENDS}
    if not kinds:
        st.info("No event that can come again was recorded after day 0.")
        return
    kind = controls.ask_detail("Event", kinds, "recurrent", next(iter(kinds)))
    counted = estimate_mean_counts(plan.known, plan.view.subjects, plan.view.events, kind)
    curves = {plan.label(name): curve for name, curve in counted.items()}
    longest = max((float(curve["day"][-1]) for curve in curves.values()), default=0.0)
    axis = make_axis(max(longest, 30.0), plan.view.origin)
    figure = plot_mean_count(curves, kind.replace("_", " "), axis, controls.theme())
    table = plan.unlabel(stack(curves))
    command = f"{plan.command} --table recurrent --recurrent {kind}"
    output.show_figure(figure, "recurrent_figure", f"Mean number of {kind} a patient", table, command)
    shown = present_mean_counts(curves)
    tables.show(shown, hide_index=True, placeholder="–", height="content", alt="Mean number of events")
    st.caption(
        "Mean cumulative function (Nelson) from day 0 to the last contact; several on one day count once. Limits: log "
        "scale, robust (the events of one patient belong together: Lawless and Nadeau). The endpoint above does not "
        "count here."
    )
