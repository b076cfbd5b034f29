"""An import tried in memory: what it would add, change and reject, and what to look at; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from data.database import open_reader
from data.home import Home
from data.importers.context import open_scratch
from data.importers.keyring import read_keyring
from data.importers.run import BatchReport, import_all
from data.importers.sources import Source
from data.importers.store_rows import write_study
from data.importers.study_file import StudyFile
from data.integrity import check_integrity

STOPS, LOOK, NOTE = "stops", "look", "note"
FINDINGS = {
    "id": pl.Int32,
    "level": pl.String,
    "file": pl.String,
    "usubjid": pl.String,
    "line": pl.Int32,
    "column": pl.String,
    "value": pl.String,
    "sentence": pl.String,
    "proposal": pl.String,
}
REPEATS = "the row repeats line"
COUNTS = {"file": pl.String, "table": pl.String} | dict.fromkeys(
    ("read", "added", "changed", "unchanged", "rejected", "empty"), pl.Int64
)


@dataclass(frozen=True)
class Preview:
    """What an import would do: counts a table, findings in three levels, fixes by the id of their finding, changes."""

    counts: pl.DataFrame
    findings: pl.DataFrame
    fixes: pl.DataFrame
    changes: pl.DataFrame
    rejected: pl.DataFrame


def preview_sources(home: Home, study: StudyFile, sources: Sequence[Source]) -> Preview:
    """Try an import of one study. Raises UnreadableFile, BadStudyFile, BrokenIntegrity."""
    reader = open_reader(home, home.current()) if home.read_pointer() else None
    scratch = open_scratch(reader, study.study)
    try:
        write_study(scratch, study)
        reports = import_all(scratch, sources, "preview", read_keyring(home))
        check_integrity(scratch)
    finally:
        close(scratch, reader)
    return describe(reports)


def close(*connections: duckdb.DuckDBPyConnection | None) -> None:
    """Close the connections that there are."""
    for connection in connections:
        if connection is not None:
            connection.close()


def describe(reports: Sequence[BatchReport]) -> Preview:
    """The reports of an import as tables for the eye."""
    listed = [list_findings(report) for report in reports]
    whole = pl.concat([findings for findings, _ in listed]) if listed else pl.DataFrame(schema=FINDINGS)
    findings = whole.with_columns(id=pl.int_range(pl.len(), dtype=pl.Int32)).sort(
        pl.col("level").replace_strict({STOPS: 0, LOOK: 1, NOTE: 2}), "id"
    )
    fixes = [fixes for _, fixes in listed if fixes.height]
    changes = [
        report.outcome.changes.with_columns(file=pl.lit(report.file_name), table=pl.lit(report.shape))
        for report in reports
        if report.outcome.changes is not None
    ]
    rejected = [report.outcome.rejected.with_columns(file=pl.lit(report.file_name)) for report in reports]
    return Preview(
        counts=pl.DataFrame([count_rows(report) for report in reports], schema=COUNTS),
        findings=findings,
        fixes=pl.concat(fixes) if fixes else pl.DataFrame(),
        changes=pl.concat(changes) if changes else pl.DataFrame(),
        rejected=pl.concat(rejected) if rejected else pl.DataFrame(),
    )


def count_rows(report: BatchReport) -> dict[str, str | int]:
    """What becomes of the rows of one table of a file."""
    outcome = report.outcome
    changed = 0 if outcome.replaced is None else outcome.replaced.height
    return {
        "file": report.file_name,
        "table": report.shape,
        "read": outcome.read,
        "added": outcome.taken - changed if report.batch else 0,
        "changed": changed,
        "unchanged": outcome.unchanged,
        "rejected": outcome.rejected.height,
        "empty": outcome.empty,
    }


def list_findings(report: BatchReport) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The findings of one table, and the fixes that are offered for them with the place they belong to."""
    outcome = report.outcome
    level = pl.when(pl.col("reason").str.starts_with(REPEATS)).then(pl.lit(NOTE)).otherwise(pl.lit(STOPS))
    stops = outcome.rejected.with_columns(level=level)
    looks = outcome.warnings.with_columns(level=pl.when(pl.col("line") == 0).then(pl.lit(NOTE)).otherwise(pl.lit(LOOK)))
    rows = pl.concat([stops, looks]).with_columns(file=pl.lit(report.file_name))
    fixes = outcome.proposals if outcome.proposals is not None else pl.DataFrame()
    if fixes.is_empty():
        found = rows.with_columns(proposal=pl.lit(None, pl.String))
    else:
        offered = fixes.group_by("line", "column", maintain_order=True).agg(proposal=pl.col("sentence").first())
        found = rows.join(offered, on=["line", "column"], how="left", maintain_order="left")
        fixes = fixes.with_columns(file=pl.lit(report.file_name))
    named = found.rename({"reason": "sentence"}).with_columns(id=pl.lit(0, pl.Int32))
    return named.select(list(FINDINGS)).cast(dict(FINDINGS)), fixes
