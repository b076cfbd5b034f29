"""What is complete, what is late, what is still open: the panels of the page Quality."""

import hashlib
import json
from functools import partial

import polars as pl
import streamlit as st

from analytics.catalog import PARAMETER_NAMES, PARAMETERS
from analytics.quality import (
    add_site,
    derive_grid,
    list_missing,
    select_usual,
    summarize_completeness,
    summarize_timeliness,
    write_queries,
)
from analytics.schedule import derive_assessments
from pages.shared import cohorts, store, tables
from pages.shared.labels import LABELS
from pages.shared.output import export_csv, is_simulated

CLOSED = "findings closed"
PERCENT = st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100)


def read_grid(view: cohorts.View) -> pl.DataFrame:
    """What is expected and what is there, of the cohort's subjects."""
    not_done = view.select(store.not_done(view.cohort.study))
    measured = view.panel.filter(pl.col("reported").is_not_null())
    return derive_grid(measured, not_done, view.subjects, view.study.visits)


def show_completeness(grid: pl.DataFrame) -> None:
    """The share of expected values that are there, by parameter and visit, and by site."""
    st.header("Completeness")
    if grid.is_empty():
        st.info(
            "The study has no visit windows, or no visit is due yet: nothing is expected. The page *Plan a study* "
            "proposes windows from the days of the values."
        )
        return
    usual = select_usual(grid)
    st.caption(
        "Percent of the subjects whose visit was due that have a value. A parameter counts at a visit where at least "
        "half of those seen have it; what somebody marked as not done is no query, but no value either."
    )
    by = st.segmented_control("By", ["parameter", "site"], default="parameter", key="quality_by") or "parameter"
    summary = summarize_completeness(usual, "paramcd" if by == "parameter" else "site")
    first = summary.columns[0]
    order = summary.select("avisit", "position").unique().sort("position")["avisit"].to_list()
    wide = summary.pivot(on="avisit", index=first, values="percent").select(first, *order)
    if first == "paramcd":
        wide = wide.with_columns(pl.col("paramcd").replace_strict(PARAMETER_NAMES, default=pl.col("paramcd")))
    shown = wide.rename({first: by})
    tables.show(
        shown, hide_index=True, column_config=dict.fromkeys(order, PERCENT), placeholder="–", alt="Completeness"
    )


def show_timeliness(view: cohorts.View) -> None:
    """Visits on time, early, late and missed, by site."""
    st.header("Timeliness")
    assessed = derive_assessments(view.panel, view.subjects, view.study.visits)
    if assessed.is_empty():
        st.info("The study names no target days of its visits.")
        return
    summary = summarize_timeliness(assessed, view.subjects)
    tables.show(summary, hide_index=True, column_config=LABELS, alt="Visits on time by site")
    st.caption("Due dates of each patient stand on the page Worklist.")


def name_finding(row: dict[str, object]) -> str:
    """The key by which a finding stays closed over revisions."""
    told = json.dumps([row[name] for name in ("file_name", "line", "column", "value", "reason")], default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def read_closed(study: str) -> dict[str, str]:
    """The findings that somebody closed, with the reason."""
    item = next((item for item in store.items(CLOSED, study)), None)
    return json.loads(item.content) if item else {}


def show_findings(study: str, subjects: pl.DataFrame) -> pl.DataFrame:
    """The findings of the imports that are still open, which can be closed with a reason; those that stay open."""
    st.header("Findings still open")
    closed = read_closed(study)
    findings = add_site(store.findings(study).filter(pl.col("line") > 0), subjects)
    keyed = findings.with_columns(key=pl.Series([name_finding(row) for row in findings.to_dicts()], dtype=pl.String))
    still = keyed.filter(~pl.col("key").is_in(list(closed)))
    st.caption(f"{still.height:,} open, {keyed.height - still.height:,} closed with a reason.")
    if still.is_empty():
        return findings.clear()
    show_by_site(still)
    shown = ["site", "usubjid", "level", "file_name", "line", "column", "value", "reason"]
    table = still.select(pl.lit(False).alias("Close"), *(pl.col(name).cast(pl.String).fill_null("–") for name in shown))
    edited = st.data_editor(
        table, hide_index=True, key="open_findings", disabled=shown, column_config=LABELS, alt="Open findings"
    )
    ticked = still.filter(pl.Series(edited["Close"], dtype=pl.Boolean))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reason = st.text_input("Why the ticked findings need nothing more", key="close_reason", width=420)
        if st.button("Close them", key="close_findings", disabled=ticked.is_empty() or not reason.strip()):
            told = closed | dict.fromkeys(ticked["key"].to_list(), reason.strip())
            if store.save(CLOSED, study, "closed", json.dumps(told)):
                st.rerun()
    return still.drop("key")


def show_by_site(still: pl.DataFrame) -> None:
    """How many findings are open at each site."""
    counted = still.group_by(pl.col("site").fill_null("no subject known")).agg(
        rejected=(pl.col("level") == "rejected").sum(), to_look_at=(pl.col("level") == "warning").sum()
    )
    tables.show(counted.sort("site"), hide_index=True, column_config=LABELS, alt="Open findings by site")


def offer_queries(grid: pl.DataFrame, findings: pl.DataFrame) -> None:
    """The queries to the sites: missing values and open findings, as a list."""
    st.header("Queries to the sites")
    missing = list_missing(grid)
    queries = write_queries(missing, findings, {code: item.label for code, item in PARAMETERS.items()})
    if queries.is_empty():
        st.success("Nothing to ask: no value is missing, no finding is open.", icon=":material/check_circle:")
        return
    st.caption(f"{missing.height:,} missing values of visits that took place, {findings.height:,} open findings.")
    tables.show(queries, hide_index=True, placeholder="–", column_config=LABELS, alt="Queries to the sites")
    st.download_button(
        "Queries (CSV)", data=partial(export_csv, queries, is_simulated()), file_name="queries.csv", mime="text/csv",
        key="queries_csv", on_click="ignore", icon=":material/download:",
    )  # fmt: skip
