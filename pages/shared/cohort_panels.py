"""Panels of the cohort: Table 1, the swimmer plot, planned visits, completeness, eligibility."""

import polars as pl
import streamlit as st

from analytics.baseline_table import (
    ALL,
    derive_characteristics,
    present_baseline,
    select_members,
    summarize_characteristics,
)
from analytics.documents.baseline_table import render_baseline
from analytics.eligibility import FAILED, MET, UNKNOWN, check_eligibility, summarize_eligibility
from analytics.event_rates import summarize_event_rates
from analytics.figure_tables import tabulate_follow_up
from analytics.figures.cohort import ORDERS, plot_completeness, plot_follow_up
from analytics.figures.schedule import plot_assessments
from analytics.models import choose_reference
from analytics.panel import list_measured, list_parameters
from analytics.present import present_event_rates
from analytics.schedule import derive_assessments, summarize_assessments
from analytics.scores import list_series
from analytics.summary import summarize_completeness
from pages.shared import cohorts, controls, output, patients, tables
from pages.shared.memory import remember

KEY_SCORES = ("child_pugh", "meld", "albi", "mayo_pbc")
ANY = "any"


@st.fragment
def show_baseline(view: cohorts.View, title: str = "Baseline by arm (Table 1)") -> None:
    """Table 1 by arm; a click on a cell lists the patients behind it."""
    st.header(title)
    every = st.toggle("All scores", key="all_scores", help="The key scores only, or every score that can be computed.")
    derived = set(list_series())
    there = remember(list_parameters, view.panel)
    codes = [code for code in there if every or code not in derived or code in KEY_SCORES]
    rows = remember(derive_characteristics, view.subjects, view.panel, controls.order_parameters(codes))
    summary = remember(summarize_characteristics, rows)
    sizes = dict(view.subjects.group_by("arm").len().sort("arm").rows())
    sizes = (sizes if len(sizes) > 1 else {}) | {ALL: view.subjects.height}
    table = remember(present_baseline, summary, sizes)
    hidden = ["variable", "kind", "category"] + ([] if len(sizes) > 2 else ["SMD"]) + ([ALL] if view.pooled else [])
    shown = table.drop(hidden)
    event = tables.show(
        shown,
        key="baseline_table",
        hide_index=True,
        placeholder="–",
        height=min(640, 38 + 35 * table.height),
        on_select="rerun",
        selection_mode="single-cell",
        column_config={"characteristic": st.column_config.TextColumn("At baseline", pinned=True)},
        alt="Baseline by arm",
    )
    show_baseline_notes(view, summary, table)
    show_members(view, rows, table, event["selection"]["cells"])


def show_baseline_notes(view: cohorts.View, summary: pl.DataFrame, table: pl.DataFrame) -> None:
    """The downloads of Table 1 and how it is read."""
    note = st.session_state.get("head", "")
    with st.container(horizontal=True, vertical_alignment="center"):
        output.offer_table(summary, "baseline")
        output.offer(
            "For a manuscript (HTML)",
            lambda: render_baseline(table, "Baseline", note).encode(),
            "baseline.html",
            "text/html",
        )
    arms = view.subjects["arm"].n_unique()
    smd = (
        ""
        if arms < 2
        else " SMD: standardised difference"
        + (", the largest of all pairs of arms." if arms > 2 else ", first arm minus second.")
    )
    st.caption(
        f"Counts with percent of those known; quartiles in brackets.{smd} No p values: arms are compared at "
        "baseline by "
        "the size of the difference, not by chance. Click a cell to list its patients."
    )


def show_members(view: cohorts.View, rows: pl.DataFrame, table: pl.DataFrame, cells: list[tuple[int, str]]) -> None:
    """The patients behind a cell of Table 1."""
    if not cells or cells[0][1] not in {ALL, *view.subjects["arm"]} or cells[0][0] >= table.height:
        return
    key, arm = table.row(cells[0][0], named=True), cells[0][1]
    members = (
        view.subjects["usubjid"].to_list()
        if key["kind"] == "patients" and arm == ALL
        else select_members(rows, key, arm)
    )
    if key["kind"] == "patients" and arm != ALL:
        members = view.subjects.filter(pl.col("arm") == arm)["usubjid"].to_list()
    title = key["characteristic"].split(": mean")[0].split(": median")[0]
    patients.list_members(members, f"{title}, {arm}", "baseline_members")


@st.fragment
def show_follow_up(view: cohorts.View) -> None:
    """How long each patient was followed, with infusions and events; a click opens the patient."""
    st.header("Follow-up, infusions and events")
    known = view.subjects.filter(pl.col("last_contact_day").is_not_null())
    if known.is_empty():
        st.info("No follow-up time is recorded for these patients.")
        return
    order = controls.ask_detail("Order", dict(zip(ORDERS, ORDERS, strict=True)), "order", ORDERS[0])
    events = view.events
    figure = remember(plot_follow_up, view.subjects, events, view.origin, controls.theme(), order)
    table = remember(tabulate_follow_up, view.subjects, events)
    alt = "Follow-up of each patient with infusions and events"
    clicked = output.show_figure(
        figure, "follow_up", alt, table, output.figure_command("follow_up", view.cohort), select=True
    )
    if clicked:
        controls.open_patient(str(clicked[0]))
    st.caption("Bars end at the last contact. Click a bar or a mark to open the patient.")
    show_event_rates(view)


def show_event_rates(view: cohorts.View) -> None:
    """Events per patient-year by arm, with exact limits."""
    arms = view.subjects["arm"].unique().sort().to_list()
    reference = choose_reference(arms, view.study.reference_arm)
    table = remember(summarize_event_rates, view.subjects, view.events, reference)
    if table.is_empty():
        return
    with st.expander("Events per patient-year"):
        tables.show(present_event_rates(table), hide_index=True, placeholder="–", height="content", alt="Event rates")
        output.offer_table(table, "event_rates")
        st.caption(
            "Events after day 0 up to the last contact, repeated ones counted each time; exact (Poisson) limits. "
            "Exploratory."
        )


@st.fragment
def show_assessments(view: cohorts.View) -> None:
    """Which planned visits took place, patient by patient."""
    st.header("Planned visits: done, early, late, missed")
    names = {ANY: "Any value"} | {
        item.paramcd: item.name for item in controls.order_parameters(remember(list_measured, view.panel))
    }
    code = controls.ask_detail("Counts as done", names, "assessment", ANY)
    rows = remember(derive_assessments, view.panel, view.subjects, view.study.visits, None if code == ANY else code)
    if rows.is_empty():
        st.info("The study file names no planned visits.")
        return
    figure = remember(plot_assessments, rows, controls.theme())
    shown = "" if code == ANY else f"--parameter {code}"
    alt = "Status of every planned visit of every patient"
    clicked = output.show_figure(
        figure, "assessments", alt, rows, output.figure_command("assessments", view.cohort, shown), select=True
    )
    if clicked:
        controls.open_patient(str(clicked[0]))
    show_assessment_counts(view, rows)


def show_assessment_counts(view: cohorts.View, rows: pl.DataFrame) -> None:
    """How many patients have each status at each visit; a click on a count lists them."""
    table = remember(summarize_assessments, rows)
    event = tables.show(
        table, key="assessment_counts", hide_index=True, height="content", on_select="rerun",
        selection_mode="single-cell", column_config={"avisit": "Visit"}, alt="Planned visits by status",
    )  # fmt: skip
    rule = "Done: a value in the visit's window. The study file gives no tolerance, so nothing is early or late."
    if view.study.visits["tolerance"].count():
        rule = "Done: within the protocol's tolerance of the target; else early or late, within the visit's window."
    st.caption(
        f"{rule} Missed: contact went on, but no value. Not due: contact ended before. Click a count for its patients."
    )
    cells = event["selection"]["cells"]
    if cells and cells[0][1] != "avisit" and cells[0][0] < table.height:
        visit, status = table["avisit"][cells[0][0]], cells[0][1]
        chosen = rows.filter(pl.col("avisit") == visit, pl.col("status") == status)["usubjid"].to_list()
        patients.list_members(chosen, f"{visit}, {status}", "assessment_members")


def show_completeness(view: cohorts.View) -> None:
    """Which values are there at which visit."""
    st.header("Completeness: patients with a value, by visit")
    labels = {item.paramcd: item.title for item in controls.order_parameters(remember(list_measured, view.panel))}
    table = remember(summarize_completeness, view.panel, view.subjects, view.study.visits)
    if table.is_empty():
        st.info("No value belongs to a visit: the study file names no visit windows that hold the days measured.")
        return
    figure = remember(plot_completeness, table, labels, controls.theme())
    alt = "Heat map of available values by parameter and visit"
    clicked = output.show_figure(
        figure, "completeness", alt, table, output.figure_command("completeness", view.cohort), select=True
    )
    if clicked:
        code, visit = str(clicked[0]).split("|")
        own = view.panel.filter(pl.col("paramcd") == code, pl.col("avisit") == visit, pl.col("analysis"))
        patients.list_members(
            own["usubjid"].unique().sort().to_list(), f"{labels[code]}, {visit}", "completeness_members"
        )


@st.fragment
def show_eligibility(view: cohorts.View) -> None:
    """The study's criteria against the recorded baseline."""
    st.header("Eligibility")
    criteria = view.study.config.get("eligibility", [])
    if not criteria:
        st.info("The study file names no criteria ([[eligibility]]), so nothing is checked.")
        return
    checked = remember(check_eligibility, criteria, view.subjects, cohorts.read_catalog_panel(view))
    failing = checked.filter(pl.col("status") == FAILED)
    n = failing["usubjid"].n_unique()
    st.markdown(f"**{n} of {view.subjects.height} patients fail a criterion that can be checked.**")
    for row in failing.head(8).iter_rows(named=True):
        st.caption(f"{row['usubjid']}: {row['criterion']} {row['found']}; required: {row['required']}.")
    output.offer_table(checked, "eligibility")
    show_criteria(checked)


def show_criteria(checked: pl.DataFrame) -> None:
    """Every criterion with its counts; a click on a count lists its patients with what was found."""
    table = remember(summarize_eligibility, checked)
    columns = {"criterion": "Criterion", "required": "Required", "source": "Source"}
    columns |= {MET: "Met", FAILED: "Not met", UNKNOWN: "Not known"}
    event = tables.show(
        table, key="eligibility_table", hide_index=True, height="content", on_select="rerun",
        selection_mode="single-cell", column_config=columns, alt="Eligibility criteria",
    )  # fmt: skip
    cells = event["selection"]["cells"]
    if not cells or cells[0][1] not in (MET, FAILED, UNKNOWN) or cells[0][0] >= table.height:
        return
    criterion, status = table["criterion"][cells[0][0]], cells[0][1]
    chosen = checked.filter(pl.col("criterion") == criterion, pl.col("status") == status)
    st.markdown(f"**{criterion}, {status}: {chosen.height} patients**")
    names = {"usubjid": "Patient", "found": "Found", "required": "Required"}
    patients.choose_patient(chosen.select(list(names)), "eligibility_members", names, "Patients of this criterion")
