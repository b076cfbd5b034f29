"""What an import would do, before it is done: counts, findings with the fixes that are offered, changes."""

import polars as pl
import streamlit as st

from pages.shared import intake, tables
from pages.shared.intake import Draft, Preview
from pages.shared.labels import LABELS

LEVELS = {"stops": "■ stops", "look": "▲ look", "note": "○ note"}
MOST_SHOWN = 2_000


def show_counts(preview: Preview) -> None:
    """What becomes of the rows, a line a table."""
    totals = {name: int(preview.counts[name].sum()) for name in ("added", "changed", "rejected")}
    with st.container(horizontal=True):
        st.metric("Added", f"{totals['added']:,}")
        st.metric("Changed", f"{totals['changed']:,}")
        st.metric("Rejected", f"{totals['rejected']:,}")
    empty = st.column_config.NumberColumn("Empty", help="Cells without text, or codes that stand for nothing")
    alt = "What becomes of the rows of every file"
    tables.show(preview.counts, hide_index=True, alt=alt, column_config=LABELS | {"empty": empty})


def ask_fixes(preview: Preview, key: str) -> pl.DataFrame:
    """The findings, each with the fix that is offered; the fixes that the reader accepts."""
    findings = preview.findings
    if findings.is_empty():
        st.success("Nothing to stop at, nothing to look at.", icon=":material/check_circle:")
        return preview.fixes
    show_legend(findings)
    shown = findings.sort(pl.col("proposal").is_null(), maintain_order=True).head(MOST_SHOWN)
    table = shown.select(
        pl.lit(False).alias("Accept fix"),
        pl.col("level").replace(LEVELS).alias("Level"),
        pl.col("proposal").fill_null("").alias("Fix"),
        pl.col("sentence").alias("Finding"),
        pl.col("file").alias("File"),
        pl.col("line").alias("Line"),
        pl.col("column").alias("Column"),
        pl.col("value").fill_null("").alias("Value"),
    )
    edited = st.data_editor(table, key=f"findings_{key}", hide_index=True, disabled=table.columns[1:], alt="Findings")
    accepted = shown.filter(pl.Series(edited["Accept fix"], dtype=pl.Boolean) & shown["proposal"].is_not_null())
    if preview.fixes.is_empty():
        return preview.fixes
    return preview.fixes.join(accepted.select("file", "line", "column"), on=["file", "line", "column"], how="semi")


def show_legend(findings: pl.DataFrame) -> None:
    """What the levels mean, with their counts; how many findings are not shown."""
    counted = {row["level"]: row["len"] for row in findings.group_by("level").len().to_dicts()}
    more = findings.height - MOST_SHOWN
    st.caption(
        f"■ stops: this cell stays out ({counted.get('stops', 0):,}) · ▲ look: it comes in, have a look "
        f"({counted.get('look', 0):,}) · ○ note ({counted.get('note', 0):,}). Tick *Accept fix* where one is offered; "
        "the value that was reported is kept beside it."
        + (f" {more:,} more are in the download of rejected rows." if more > 0 else "")
    )


def show_changes(preview: Preview) -> None:
    """What is stored and would change, old → new."""
    if preview.changes.is_empty():
        return
    st.subheader("Changes, old → new")
    old, new = pl.col("before").alias("old"), pl.col("after").alias("new")
    listed = preview.changes.select("usubjid", "item", "day", "avisit", old, new, "reason", "file", "line")
    alt = "What changes, old and new"
    tables.show(listed, hide_index=True, placeholder="–", column_config=LABELS, alt=alt)


def offer_rejects(drafts: list[Draft], preview: Preview) -> None:
    """The rejected rows, to be corrected and imported again."""
    if preview.rejected.is_empty():
        return
    st.download_button(
        "Rejected rows with their reasons (CSV)",
        data=intake.write_rejects(drafts, preview.rejected),
        file_name="rejected-rows.csv",
        mime="text/csv",
        key="rejected_rows",
        on_click="ignore",
        icon=":material/download:",
    )
