"""What became of an import, for people and for machines."""

from typing import Any

from data.importers.outcome import FIX, Outcome
from data.importers.run import BatchReport, ImportReport

SHOWN = 20


def describe_report(report: ImportReport) -> dict[str, Any]:
    """An import for machines: every rejected row and warning in full."""
    return {"revision": report.revision, "batches": [describe_for_machines(item) for item in report.batches]}


def describe_for_machines(item: BatchReport) -> dict[str, Any]:
    """One file of an import for machines."""
    return {
        "batch": item.batch,
        "study": item.study,
        "file": item.file_name,
        "kind": item.shape,
        "read": item.outcome.read,
        "accepted": item.outcome.taken if item.batch else 0,
        "unchanged": item.outcome.unchanged,
        "rejected": item.outcome.rejected.to_dicts(),
        "warnings": item.outcome.warnings.to_dicts(),
        "empty": item.outcome.empty,
        "not_done": 0 if item.outcome.not_done is None else item.outcome.not_done.height,
        "changes": [] if item.outcome.changes is None else item.outcome.changes.to_dicts(),
    }


def describe_batch(item: BatchReport) -> list[str]:
    """One file of an import for people: counts, then rejected rows and warnings with their reasons."""
    outcome = item.outcome
    counts = f"{outcome.read} read, {outcome.taken} accepted, {outcome.rejected.height} rejected"
    known = "already imported, nothing added" if item.batch is None else f"batch {item.batch}: {counts}"
    lines = [f"{item.study}, {item.file_name} as {item.shape}: {known}, {outcome.unchanged} unchanged"]
    for level, rows in (("rejected", outcome.rejected), ("look", outcome.warnings)):
        for row in rows.head(SHOWN).iter_rows(named=True):
            place = f"line {row['line']}" if row["line"] else "the file"
            where = f", column {row['column']}" if row["column"] else ""
            lines.append(f"  {level}: {item.file_name}, {place}{where}: {row['reason']}")
        if rows.height > SHOWN:
            lines.append(f"  {level}: {rows.height - SHOWN} more; all stand on the page About the data")
    return lines + describe_changes(outcome)


def describe_changes(outcome: Outcome) -> list[str]:
    """What stored values become, old → new."""
    if outcome.changes is None:
        return []
    lines = []
    for row in outcome.changes.head(SHOWN).iter_rows(named=True):
        when = f", day {row['day']}" if row["day"] is not None else f", {row['avisit']}" if row["avisit"] else ""
        name = "fixed" if row["cause"] == FIX else "changed"
        lines.append(f"  {name}: {row['usubjid']}, {row['item']}{when}: {row['before'] or '–'} → {row['after']}")
    return lines
