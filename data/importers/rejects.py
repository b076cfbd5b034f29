"""Rejected rows as a file that can be corrected and imported again: nothing is lost."""

import polars as pl

from data.importers.privacy import is_private
from data.importers.recognize import Proposal
from data.importers.text import LINE

REASON, ORIGIN = "Hepatrace reason", "Hepatrace line"


def collect_rejects(proposals: list[Proposal], rejected: pl.DataFrame) -> pl.DataFrame:
    """The whole rows of the files in which something was rejected, with all reasons and the line of each.

    ``rejected``: file, line, column, value, reason. Columns that identify a person are left out, as is a
    line that fits no header: its text stands in ``rejected``.
    """
    parts = [collect_table(item, rejected) for item in proposals]
    filled = [part for part in parts if part.height]
    if filled:
        return pl.concat(filled, how="diagonal")
    return rejected.select("file", "line", "column", "value", "reason") if rejected.height else pl.DataFrame()


def collect_table(proposal: Proposal, rejected: pl.DataFrame) -> pl.DataFrame:
    """The rows of one table in which something was rejected."""
    if rejected.is_empty():
        return pl.DataFrame()
    said = pl.when(pl.col("column") != "").then(pl.format("{}: {}", "column", "reason")).otherwise("reason")
    own = rejected.filter(pl.col("file") == proposal.label).with_columns(said=said)
    reasons = own.group_by("line").agg(pl.col("said").unique(maintain_order=True).str.join("; ").alias(REASON))
    columns = [name for name in proposal.table.columns if not is_private(name) and not name.startswith("__")]
    rows = proposal.table.rows.select(pl.col(LINE).alias("line"), *columns)
    return rows.join(reasons, on="line", how="inner").rename({"line": ORIGIN})
