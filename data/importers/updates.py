"""What the store knows already: rows that are the same, rows that bring a stored one up to date, contradictions."""

import json
from dataclasses import replace
from typing import Any

import duckdb
import polars as pl

from data.importers.measurements import ACCEPTED
from data.importers.outcome import CHANGES, CORRECTION, FIX, UPDATE, Outcome, part_rows, warn
from data.importers.record_types import RECORDS
from data.importers.study_file import FileMapping
from data.importers.text import REJECTED
from data.queries import name_subjects

# Column lists are ours, never a file's: only they are ever put into SQL text.
COLUMNS = {"measurements": [name for name in ACCEPTED if name != "line"]} | {
    shape: list(record.fields) for shape, record in RECORDS.items()
}
# A newer row of these tables takes the place of the stored one: follow-up goes on, a drug is stopped.
UPDATED = {
    "subjects": ["usubjid"],
    "medications": ["usubjid", "drug", "start_day"],
    "events": ["usubjid", "kind", "day"],
    "treatments": ["usubjid", "product", "day"],
    "measurements": ["usubjid", "paramcd", "day", "undated"],
}
# Two of these may stand side by side with one key: only where each side has one is it the same row.
SEVERAL = ("events", "treatments")
UNDATED = pl.when(pl.col("day").is_null()).then("avisit")
NEWER = "a newer version of the file says so"


def quote_all(names: list[str]) -> list[str]:
    """Column names in quotation marks, because some are words of SQL."""
    return [f'"{name}"' for name in names]


def part_known(
    connection: duckdb.DuckDBPyConnection, study: str, mapping: FileMapping, name: str, outcome: Outcome
) -> Outcome:
    """The outcome without rows that the store has already.

    A newer row of a subject or a medication replaces the stored one, and so does any row of a newer
    version of the same file; each change is listed old → new. A measurement that contradicts
    what another file said is rejected.
    """
    shape = mapping.shape
    if outcome.not_done is not None:
        outcome = replace(outcome, not_done=drop_known(connection, study, outcome.not_done))
    stored = fetch_stored(connection, study, shape)
    if stored.is_empty() or outcome.accepted.is_empty():
        return outcome
    columns = COLUMNS[shape]
    stored = stored.cast({column: outcome.accepted.schema[column] for column in columns})
    same = outcome.accepted.join(stored, on=columns, how="semi", nulls_equal=True)
    fresh = outcome.accepted.join(stored, on=columns, how="anti", nulls_equal=True)
    own = find_versions(connection, study, mapping, name)
    outcome = replace(
        outcome, warnings=pl.concat([outcome.warnings, note_missing(outcome.accepted, stored, own, shape)])
    )
    if shape == "measurements":
        open_rows = drop_settled(connection, study, fresh)
        return update_measurements(outcome, open_rows, same.height + fresh.height - open_rows.height, stored, own)
    if shape in UPDATED:
        return update_records(outcome, fresh, same, stored, shape)
    return replace(outcome, accepted=fresh.select(*columns, "line"), unchanged=same.height)


def drop_known(connection: duckdb.DuckDBPyConnection, study: str, not_done: pl.DataFrame) -> pl.DataFrame:
    """The cells without a value that the store does not list yet."""
    query = "SELECT usubjid, paramcd, avisit, day FROM not_done WHERE study = $study ORDER BY usubjid"
    stored = connection.sql(query, params={"study": study}).pl()
    return not_done.join(stored, on=["usubjid", "paramcd", "avisit", "day"], how="anti", nulls_equal=True)


def fetch_stored(
    connection: duckdb.DuckDBPyConnection, study: str, shape: str, usubjids: list[str] | None = None
) -> pl.DataFrame:
    """The rows of one table of a study, or of some of its subjects."""
    names, (own, subjects) = ", ".join(quote_all(COLUMNS[shape])), name_subjects(usubjids)
    return connection.sql(
        f"SELECT {names}, batch, line AS stored_line FROM {shape} WHERE study = $study{own} ORDER BY batch, line",
        params={"study": study, **subjects},
    ).pl()


def find_versions(connection: duckdb.DuckDBPyConnection, study: str, mapping: FileMapping, name: str) -> list[int]:
    """The batches that hold earlier versions of a file: of its name, or read by the same mapping."""
    rows = connection.execute(
        "SELECT batch, file_name, mapping FROM import_batch WHERE study = $study AND kind = $kind ORDER BY batch",
        {"study": study, "kind": mapping.shape},
    ).fetchall()
    wanted = strip_path(mapping.to_json())
    return [batch for batch, file_name, text in rows if file_name == name or strip_path(text) == wanted]


def strip_path(mapping: str) -> dict[str, Any]:
    """A mapping without the name and the encoding of its file."""
    return {
        key: value for key, value in json.loads(mapping or "{}").items() if key not in ("path", "sheet", "encoding")
    }


def note_missing(accepted: pl.DataFrame, stored: pl.DataFrame, own: list[int], shape: str) -> pl.DataFrame:
    """A warning where rows of an earlier version of the file are not in this one; they stay in the store."""
    key = ["usubjid", "paramcd", "day"] if shape == "measurements" else UPDATED.get(shape, [])
    earlier = stored.filter(pl.col("batch").is_in(own))
    if not key or earlier.is_empty():
        return pl.DataFrame(schema=REJECTED)
    gone = earlier.join(accepted, on=key, how="anti", nulls_equal=True)
    if gone.is_empty():
        return pl.DataFrame(schema=REJECTED)
    first = ", ".join(str(value) for value in gone.select(key).row(0) if value is not None)
    said = f"{gone.height} rows of an earlier version of this file are not in this one (the first: {first}); they stay"
    return pl.DataFrame([{"line": 0, "column": "", "value": "", "reason": said}], schema=REJECTED)


def update_measurements(
    outcome: Outcome, fresh: pl.DataFrame, same: int, stored: pl.DataFrame, own: list[int]
) -> Outcome:
    """New measurements, those that a newer version of their file changes, and those that contradict another file."""
    key = UPDATED["measurements"]
    before = stored.with_columns(undated=UNDATED).unique(key, keep="first", maintain_order=True)
    told = before.select(
        *key, "batch", "stored_line", before=say_value(), owned=pl.col("batch").is_in(own), known=pl.lit(True)
    )
    matched = fresh.with_columns(undated=UNDATED).join(
        told, on=key, how="left", nulls_equal=True, validate="m:1", maintain_order="left"
    )
    place = "the store holds {} from batch {}, line {}: undo that batch, or correct the value on screen, to replace it"
    foreign = pl.col("known") & ~pl.col("owned")
    reason = pl.when(foreign).then(pl.format(place, "before", "batch", "stored_line"))
    kept, rejected = part_rows(matched, reason, pl.col("paramcd"), pl.col("reported"))
    changed = kept.filter(pl.col("known").fill_null(False))
    listed = changed.select(
        "usubjid", "day", "avisit", "line", "before", item="paramcd", after=say_value(), **say_cause()
    )
    return replace(
        outcome,
        accepted=kept.select(*fresh.columns),
        rejected=pl.concat([outcome.rejected, rejected]).sort("line"),
        unchanged=same,
        replaced=changed.select(key),
        changes=add_changes(outcome.changes, listed),
    )


def add_changes(known: pl.DataFrame | None, listed: pl.DataFrame) -> pl.DataFrame:
    """The changes so far and further ones."""
    rows = listed.select(list(CHANGES)).cast(dict(CHANGES))
    return rows if known is None else pl.concat([known, rows])


def say_cause() -> dict[str, pl.Expr]:
    """Why an import changes what is stored."""
    return {"cause": pl.lit(UPDATE), "reason": pl.lit(NEWER)}


def drop_settled(connection: duckdb.DuckDBPyConnection, study: str, fresh: pl.DataFrame) -> pl.DataFrame:
    """The measurements without those that say what a fix or a correction has replaced since."""
    told = fresh.with_columns(undated=UNDATED, before=say_value())
    settled = fetch_settled(connection, study)
    open_rows = told.join(settled, on=[*UPDATED["measurements"], "before"], how="anti", nulls_equal=True)
    return open_rows.select(fresh.columns)


def fetch_settled(connection: duckdb.DuckDBPyConnection, study: str) -> pl.DataFrame:
    """What files said of measurements that a fix or a correction replaced: it is known, and does not come back."""
    rows = connection.sql(
        "SELECT usubjid, item AS paramcd, day, CASE WHEN day IS NULL THEN avisit END AS undated, before FROM change "
        "WHERE study = $study AND kind = 'measurements' AND cause IN ($fix, $correction) ORDER BY batch, line",
        params={"study": study, "fix": FIX, "correction": CORRECTION},
    ).pl()
    return rows.unique()


def say_value() -> pl.Expr:
    """A measurement as it was reported, with its unit."""
    return pl.concat_str("reported", "reported_unit", separator=" ", ignore_nulls=True)


def update_records(
    outcome: Outcome, fresh: pl.DataFrame, same: pl.DataFrame, stored: pl.DataFrame, shape: str
) -> Outcome:
    """The outcome where a newer row takes the place of the stored one with its key, each change listed.

    An empty cell never erases what is stored. A key that the file also repeats unchanged is left alone.
    """
    key = UPDATED[shape]
    fields = [name for name in fresh.columns if name not in (*key, "line")]
    old = stored.join(same, on=key, how="anti", nulls_equal=True)
    if shape in SEVERAL:
        old = old.filter(pl.len().over(key) == 1).join(
            fresh.filter(pl.len().over(key) == 1), on=key, how="semi", nulls_equal=True
        )
    known = old.unique(key, keep="first", maintain_order=True)
    before = known.select(*key, *(pl.col(name).alias(f"{name}_before") for name in fields), known=pl.lit(True))
    matched = fresh.join(before, on=key, how="left", nulls_equal=True, validate="m:1", maintain_order="left")
    merged = matched.with_columns(pl.coalesce(name, f"{name}_before") for name in fields)
    said = pl.concat_list([describe_change(name) for name in fields]).list.drop_nulls().list.join("; ")
    changed = merged.with_columns(change=said)
    new = changed.filter(pl.col("known").is_null() | (pl.col("change") != ""))
    listed = new.filter(pl.col("known"))
    reason = pl.format("{} is brought up to date: {}", key[0], "change")
    warnings = warn(listed.with_columns(column=pl.lit(key[0]), value=pl.col(key[0]).cast(pl.String)), reason)
    return replace(
        outcome,
        accepted=new.select(fresh.columns),
        warnings=pl.concat([outcome.warnings, warnings]),
        unchanged=same.height + changed.height - new.height,
        replaced=listed.select(key),
        changes=list_changes(listed, fields),
    )


def describe_change(name: str) -> pl.Expr:
    """What became of a field, old → new; missing where it is as before or the row is new."""
    before = pl.col(f"{name}_before").cast(pl.String).fill_null("–")
    return pl.when(differs(name)).then(pl.format("{} {} → {}", pl.lit(name), before, pl.col(name).cast(pl.String)))


def differs(name: str) -> pl.Expr:
    """Whether a field of a known row is another one now."""
    return pl.col("known").fill_null(False) & pl.col(name).ne_missing(pl.col(f"{name}_before"))


def list_changes(rows: pl.DataFrame, fields: list[str]) -> pl.DataFrame:
    """One row a changed field, old and new as text."""
    found = [
        rows.filter(differs(name)).select(
            "usubjid",
            item=pl.lit(name),
            day=pl.lit(None, pl.Int32),
            avisit=pl.lit(None, pl.String),
            before=pl.col(f"{name}_before").cast(pl.String),
            after=pl.col(name).cast(pl.String),
            line="line",
            **say_cause(),
        )
        for name in fields
    ]
    return pl.concat(found).select(list(CHANGES)).cast(dict(CHANGES))
