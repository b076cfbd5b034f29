"""The worklist of the cohort, and the visits that are open at the data cut."""

from functools import partial

import polars as pl
import streamlit as st

from analytics.documents.printed import print_open_visits
from analytics.profile.sheet import name_origin
from analytics.profile.worklist import (
    BASELINE,
    DAYS_AHEAD,
    PREVIOUS,
    derive_open_visits,
    make_due_sheet,
    tabulate_open_visits,
)
from pages.shared import cohorts, controls, output, patients, store, tables
from pages.shared.labels import LABELS

REASONS = {
    "worse": "Got worse",
    "overdue": "Overdue visit",
    "due": f"Due within {DAYS_AHEAD} days",
    "missing": "Incomplete",
}
COLUMNS = {
    "usubjid": "Patient",
    "arm": "Arm",
    "site": "Site",
    "ended": "Ended",
    "move": st.column_config.TextColumn("Worst move", width="medium"),
    "overdue": st.column_config.TextColumn("Overdue visit"),
    "due": st.column_config.TextColumn(f"Due within {DAYS_AHEAD} days"),
    "missing": st.column_config.TextColumn("Missing at the latest visit", width="large"),
}


def ask_since() -> str:
    """What the worst move is measured from."""
    return controls.ask_one("Worst move since", "since_value", [BASELINE, PREVIOUS])


def show_worklist(view: cohorts.View, since: str) -> None:
    """The patients with their reasons; a click on a row opens one."""
    whole = store.worklist(view.cohort.study, controls.units(), since)
    rows = view.select(whole)
    wanted = {name: rows.filter(has_reason(name)).height for name in REASONS}
    chosen = st.pills("Only", list(REASONS), format_func=lambda name: f"{REASONS[name]} ({wanted[name]})", key="reason")
    shown = rows.filter(has_reason(chosen)) if chosen else rows
    if shown.is_empty():
        st.info("No patient of this cohort has this reason.")
        return
    empty = [name for name in ("site", "ended", "overdue", "due", "missing") if not shown[name].count()]
    patients.choose_patient(shown.drop("worse", *empty), "worklist", COLUMNS, "Worklist, the worst move first")
    st.caption(
        f"The worst move first: of all key parameters with a direction of benefit, the latest value against {since}, "
        "over the standard deviation of the study's baseline values (SD). Who died or was transplanted stands last. "
        "Incomplete: the latest visit lacks an input of Child-Pugh or MELD, where the study has them."
    )
    command = f"python cli.py worklist {view.cohort.options}" + ("" if since == BASELINE else " --since previous")
    st.caption(f"The same in the terminal: `{command}`")
    output.offer_table(shown, "worklist")


def has_reason(name: str) -> pl.Expr:
    """Whether a row has a reason."""
    return (pl.col("worse") > 0) & pl.col("ended").is_null() if name == "worse" else pl.col(name).is_not_null()


def show_open_visits(view: cohorts.View) -> None:
    """The visits that are overdue, or due within 14 days, as a list to be printed."""
    st.header(f"Visits overdue, or due within {DAYS_AHEAD} days of the data cut")
    if view.study.visits["target_day"].null_count() == view.study.visits.height:
        st.info("The study file plans no visit with a target day, so none can be due.")
        return
    if not view.subjects["cut_day"].count():
        st.info("No data cut is recorded (cut_day of the subjects), so nothing can be overdue or due.")
        return
    table = tabulate_open_visits(derive_open_visits(view.panel, view.subjects, view.study), view.subjects, view.panel)
    if table.is_empty():
        st.info("No visit of these patients is overdue or due.")
        return
    tables.show(table, hide_index=True, placeholder="–", height=min(420, 38 + 35 * table.height),
                 column_config=LABELS | COLUMNS, alt="Open visits")  # fmt: skip
    study = view.cohort.study
    origin = name_origin(study, store.config(study), store.revision(), table["cut_day"])
    sheet = make_due_sheet(table, origin.title, origin.words, origin.simulated)
    with st.container(horizontal=True):
        output.offer("List to print (PDF)", partial(print_open_visits, sheet), "open_visits.pdf", "application/pdf")
        output.offer_table(table, "open_visits")
    st.caption(f"The same in the terminal: `python cli.py worklist {view.cohort.options} --open`")
