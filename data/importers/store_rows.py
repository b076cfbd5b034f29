"""Rows into the open transaction: what is known already is not added twice."""

import json
import re
from dataclasses import replace
from typing import Any

import duckdb
import polars as pl

from analytics.catalog import PARAMETERS
from data.importers.measurements import ACCEPTED
from data.importers.outcome import Outcome, part_rows, warn
from data.importers.records import RECORDS
from data.importers.study_file import BadStudyFile, StudyFile
from data.importers.text import REJECTED

# Column lists are ours, never a file's: only they are ever put into SQL text.
COLUMNS = {"measurements": [name for name in ACCEPTED if name != "line"]} | {
    shape: list(record.fields) for shape, record in RECORDS.items()
}
# A newer row of these tables takes the place of the stored one: follow-up goes on, a drug is stopped.
UPDATED = {"subjects": ["usubjid"], "medications": ["usubjid", "drug", "start_day"]}
STUDY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def write_study(connection: duckdb.DuckDBPyConnection, study: StudyFile) -> bool:
    """Store what a study is; whether that is new. Raises BadStudyFile for a name that cannot be used."""
    if not STUDY_NAME.fullmatch(study.study):
        raise BadStudyFile(f"study {study.study!r}: a name has letters, digits, '-', '_' and '.' only, at most 64")
    config = json.dumps(study.config, sort_keys=True, ensure_ascii=False, default=str)
    params = {"study": study.study, "title": study.title, "simulated": study.simulated, "config": config}
    known = connection.execute("SELECT config FROM study WHERE study = $study ORDER BY study", {"study": study.study})
    row = known.fetchone()
    if row and row[0] == config:
        return False
    connection.execute("DELETE FROM study WHERE study = $study", {"study": study.study})
    connection.execute("DELETE FROM visits WHERE study = $study", {"study": study.study})
    connection.execute(
        "INSERT INTO study (study, title, simulated, config) VALUES ($study, $title, $simulated, $config)", params
    )
    for position, visit in enumerate(study.visits):
        row = {"study": study.study, "position": position, **vars(visit)}
        connection.execute(
            "INSERT INTO visits (study, avisit, position, target_day, first_day, last_day) "
            "VALUES ($study, $avisit, $position, $target, $first, $last)",
            {name: value for name, value in row.items() if name != "tolerance"},  # pages read it from the config
        )
    return True


def part_known(connection: duckdb.DuckDBPyConnection, study: str, shape: str, outcome: Outcome) -> Outcome:
    """The outcome without rows that the store has already.

    A newer row of a subject or a medication replaces the stored one; a measurement that contradicts
    the stored value is rejected.
    """
    columns = COLUMNS[shape]
    stored = connection.sql(
        f"SELECT {', '.join(quote_all(columns))}, batch, line AS stored_line FROM {shape} "
        "WHERE study = $study ORDER BY batch, line",
        params={"study": study},
    ).pl()
    if stored.is_empty() or outcome.accepted.is_empty():
        return outcome
    stored = stored.cast({name: outcome.accepted.schema[name] for name in columns})
    same = outcome.accepted.join(stored, on=columns, how="semi", nulls_equal=True)
    fresh = outcome.accepted.join(stored, on=columns, how="anti", nulls_equal=True)
    if shape in UPDATED:
        return replace_stored(outcome, fresh, same, stored, UPDATED[shape])
    kept, contradicting = part_contradictions(fresh, stored, shape)
    return replace(
        outcome,
        accepted=kept.select(*columns, "line"),
        rejected=pl.concat([outcome.rejected, contradicting]).sort("line"),
        unchanged=same.height,
    )


def replace_stored(
    outcome: Outcome, fresh: pl.DataFrame, same: pl.DataFrame, stored: pl.DataFrame, key: list[str]
) -> Outcome:
    """The outcome where a newer row takes the place of the stored one with its key, each change listed.

    An empty cell never erases what is stored. A key that the file also repeats unchanged is left alone.
    """
    fields = [name for name in fresh.columns if name not in (*key, "line")]
    old = stored.join(same, on=key, how="anti", nulls_equal=True).unique(key, keep="first", maintain_order=True)
    before = old.select(*key, *(pl.col(name).alias(f"{name}_before") for name in fields), known=pl.lit(True))
    matched = fresh.join(before, on=key, how="left", nulls_equal=True, validate="m:1", maintain_order="left")
    merged = matched.with_columns(pl.coalesce(name, f"{name}_before") for name in fields)
    changes = [describe_change(name) for name in fields]
    changed = merged.with_columns(change=pl.concat_list(changes).list.drop_nulls().list.join("; "))
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
    )


def describe_change(name: str) -> pl.Expr:
    """What became of a field, old → new; missing where it is as before or the row is new."""
    before = pl.col(f"{name}_before").cast(pl.String).fill_null("–")
    differs = pl.col("known").fill_null(False) & pl.col(name).ne_missing(pl.col(f"{name}_before"))
    return pl.when(differs).then(pl.format("{} {} → {}", pl.lit(name), before, pl.col(name).cast(pl.String)))


def part_contradictions(fresh: pl.DataFrame, stored: pl.DataFrame, shape: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """New rows, and measurements for which the store holds another value of the same day."""
    if shape != "measurements":
        return fresh, pl.DataFrame(schema=REJECTED)
    key, undated = ["usubjid", "paramcd", "day", "undated"], pl.when(pl.col("day").is_null()).then("avisit")
    before = stored.with_columns(undated=undated).select(*key, "batch", "stored_line", said="reported")
    known = before.unique(key, keep="first", maintain_order=True)
    matched = fresh.with_columns(undated=undated).join(
        known, on=key, how="left", nulls_equal=True, validate="m:1", maintain_order="left"
    )
    place = "the store holds {} from batch {}, line {}: undo that batch to replace it"
    reason = pl.when(pl.col("batch").is_not_null()).then(pl.format(place, "said", "batch", "stored_line"))
    return part_rows(matched, reason, pl.col("paramcd"), pl.col("reported"))


def insert_batch(connection: duckdb.DuckDBPyConnection, facts: dict[str, Any], outcome: Outcome) -> int:
    """Record a batch with its counts, rejected rows and warnings; its number."""
    counts = {"rows_read": outcome.read, "accepted": outcome.accepted.height}
    facts = facts | counts | {"rejected": outcome.rejected.height, "unchanged": outcome.unchanged}
    row = connection.execute("SELECT coalesce(max(batch), 0) + 1 FROM import_batch ORDER BY 1").fetchone()
    batch = row[0] if row else 1
    names = ", ".join(facts)
    holes = ", ".join(f"${name}" for name in facts)
    connection.execute(f"INSERT INTO import_batch (batch, {names}) VALUES ($batch, {holes})", {"batch": batch, **facts})
    insert_frame(connection, "rejected_row", outcome.rejected.with_columns(batch=pl.lit(batch, dtype=pl.Int32)))
    insert_frame(connection, "import_warning", outcome.warnings.with_columns(batch=pl.lit(batch, dtype=pl.Int32)))
    return batch


def insert_rows(connection: duckdb.DuckDBPyConnection, shape: str, study: str, batch: int, outcome: Outcome) -> None:
    """Put accepted rows into their table with study, batch and line, in the place of those they replace."""
    if shape == "measurements":
        # New codes of the catalog must fit: the column is an ENUM again once the table is clustered.
        connection.execute("ALTER TABLE measurements ALTER paramcd TYPE VARCHAR")
    if outcome.replaced is not None and outcome.replaced.height:
        same = " AND ".join(f"incoming.{name} IS NOT DISTINCT FROM {shape}.{name}" for name in UPDATED[shape])
        connection.register("incoming", outcome.replaced)
        connection.execute(
            f"DELETE FROM {shape} WHERE study = $study AND EXISTS (SELECT 1 FROM incoming WHERE {same})",
            {"study": study},
        )
        connection.unregister("incoming")
    rows = outcome.accepted.with_columns(study=pl.lit(study), batch=pl.lit(batch, dtype=pl.Int32))
    insert_frame(connection, shape, rows)


def insert_frame(connection: duckdb.DuckDBPyConnection, table: str, rows: pl.DataFrame) -> None:
    """Append a frame to the table whose column names it has."""
    if rows.is_empty():
        return
    names = ", ".join(quote_all(rows.columns))
    connection.register("incoming", rows)
    connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming")
    connection.unregister("incoming")


def cluster_measurements(connection: duckdb.DuckDBPyConnection) -> None:
    """Rewrite the long table sorted by parameter, subject and day, the parameter as ENUM."""
    codes = ", ".join(f"'{code}'" for code in PARAMETERS)
    others = ", ".join(quote_all([name for name in COLUMNS["measurements"] if name not in ("paramcd", "usubjid")]))
    connection.execute(
        f"CREATE OR REPLACE TABLE measurements AS "
        f"SELECT study, usubjid, paramcd::ENUM({codes}) AS paramcd, {others}, batch, line "
        "FROM measurements ORDER BY study, paramcd, usubjid, day, avisit, line"
    )


def quote_all(names: list[str]) -> list[str]:
    """Column names in quotation marks, because some are words of SQL."""
    return [f'"{name}"' for name in names]
