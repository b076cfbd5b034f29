"""Values that a person enters, corrects or removes on screen, read by the same rules as a file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import polars as pl

from data.importers.context import fetch_time_zeros
from data.importers.measurements import read_measurements
from data.importers.outcome import CHANGES, CORRECTION, Outcome
from data.importers.sources import NO_FIXES
from data.importers.store_rows import delete_rows, insert_rows
from data.importers.study_file import Column, FileMapping
from data.importers.text import LINE, REJECTED, TextTable
from data.importers.updates import UNDATED, UPDATED, fetch_stored, say_value, update_measurements

FILE = "entered on screen"
FIELDS = ("usubjid", "day", "avisit", "paramcd", "aval", "unit")
MAPPING = FileMapping(path=FILE, shape="measurements", columns={field: Column(field) for field in FIELDS})
SAME = ["usubjid", "paramcd", "day", "avisit", "reported", "reported_unit"]


class BadCorrection(ValueError):
    """A correction that cannot be published; the message says which and why."""


@dataclass(frozen=True)
class Correction:
    """One value: of whom, which parameter, day or visit, the new text and unit, and why. An empty text removes it."""

    usubjid: str
    paramcd: str
    day: int | None
    avisit: str
    aval: str
    unit: str
    reason: str


def apply_corrections(
    connection: duckdb.DuckDBPyConnection, study: str, corrections: Sequence[Correction], batch: int
) -> Outcome:
    """Put corrections into an open transaction; what became of them, each listed old → new.

    Raises BadCorrection for one that a file could not bring in either.
    """
    outcome = read_entries(connection, study, corrections)
    if outcome.rejected.height:
        row = outcome.rejected.row(0, named=True)
        named = corrections[row["line"] - 1]
        raise BadCorrection(f"{named.usubjid}, {named.paramcd}: {row['reason']}")
    removed = remove_values(connection, study, corrections)
    reasons = {at: item.reason for at, item in enumerate(corrections, start=1)}
    listed = pl.concat([list_new(outcome), removed]).with_columns(
        cause=pl.lit(CORRECTION), reason=pl.col("line").replace_strict(reasons, return_dtype=pl.String)
    )
    whole = replace(outcome, changes=listed.select(list(CHANGES)), read=len(corrections), not_done=None)
    insert_rows(connection, "measurements", study, batch, whole)
    return whole


def read_entries(connection: duckdb.DuckDBPyConnection, study: str, corrections: Sequence[Correction]) -> Outcome:
    """The values read as a file would be; any stored value of the same day gives way."""
    table = TextTable(write_rows(corrections), pl.DataFrame(schema=REJECTED))
    subjects = fetch_time_zeros(connection, study)
    outcome = read_measurements(table, MAPPING, subjects, NO_FIXES, FILE)
    stored = fetch_stored(connection, study, "measurements", list_subjects(corrections))
    typed = stored.cast({name: outcome.accepted.schema[name] for name in outcome.accepted.columns if name != "line"})
    fresh = outcome.accepted.join(typed, on=SAME, how="anti", nulls_equal=True)
    return update_measurements(outcome, fresh, 0, typed, typed["batch"].unique().to_list())


def write_rows(corrections: Sequence[Correction]) -> pl.DataFrame:
    """The corrections as the rows of a file, the first of them line 1."""
    rows = [
        {
            "usubjid": item.usubjid,
            "day": "" if item.day is None else str(item.day),
            "avisit": item.avisit,
            "paramcd": item.paramcd,
            "aval": item.aval.strip(),
            "unit": item.unit,
            LINE: at,
        }
        for at, item in enumerate(corrections, start=1)
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(FIELDS, pl.String) | {LINE: pl.Int32})


def list_new(outcome: Outcome) -> pl.DataFrame:
    """What changes, and what is entered where nothing stood, as a change from nothing."""
    changed = pl.DataFrame(schema=CHANGES) if outcome.changes is None else outcome.changes
    rows = outcome.accepted.join(changed.select("line"), on="line", how="anti")
    entered = rows.select(
        "usubjid",
        "day",
        "avisit",
        "line",
        item="paramcd",
        before=pl.lit(None, pl.String),
        after=say_value(),
        cause=pl.lit(""),
        reason=pl.lit(""),
    )
    return pl.concat([changed, entered.select(list(CHANGES)).cast(dict(CHANGES))])


def remove_values(connection: duckdb.DuckDBPyConnection, study: str, corrections: Sequence[Correction]) -> pl.DataFrame:
    """Delete the stored values whose correction is empty; what was deleted, as changes to nothing."""
    key = UPDATED["measurements"]
    wanted = list_emptied(corrections)
    stored = fetch_stored(connection, study, "measurements", list_subjects(corrections)).with_columns(
        pl.col("paramcd").cast(pl.String), undated=UNDATED
    )
    gone = stored.join(wanted, on=key, how="inner", nulls_equal=True)
    if gone.height:
        delete_rows(connection, "measurements", study, gone.select(key))
    listed = gone.select(
        "usubjid",
        "day",
        "avisit",
        "line",
        item="paramcd",
        before=say_value(),
        after=pl.lit(None, pl.String),
        cause=pl.lit(""),
        reason=pl.lit(""),
    )
    return listed.select(list(CHANGES)).cast(dict(CHANGES))


def list_subjects(corrections: Sequence[Correction]) -> list[str]:
    """Whose values are corrected."""
    return sorted({item.usubjid for item in corrections})


def list_emptied(corrections: Sequence[Correction]) -> pl.DataFrame:
    """The keys of the values that corrections remove."""
    empty = [
        {"usubjid": item.usubjid, "paramcd": item.paramcd, "day": item.day, "avisit": item.avisit or None, "line": at}
        for at, item in enumerate(corrections, start=1)
        if not item.aval.strip()
    ]
    schema = {"usubjid": pl.String, "paramcd": pl.String, "day": pl.Int32, "avisit": pl.String, "line": pl.Int32}
    return pl.DataFrame(empty, schema=schema).with_columns(undated=UNDATED).drop("avisit")
