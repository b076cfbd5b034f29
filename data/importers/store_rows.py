"""Rows into the open transaction: what is known already is not added twice."""

import json
import re
from dataclasses import replace
from typing import Any

import duckdb
import polars as pl

from analytics.catalog import PARAMETERS
from data.importers.measurements import ACCEPTED
from data.importers.outcome import Outcome, part_rows
from data.importers.records import RECORDS
from data.importers.study_file import BadStudyFile, StudyFile
from data.importers.text import REJECTED

# Column lists are ours, never a file's: only they are ever put into SQL text.
COLUMNS = {"measurements": [name for name in ACCEPTED if name != "line"]} | {
    shape: list(record.fields) for shape, record in RECORDS.items()
}
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
        connection.execute(
            "INSERT INTO visits (study, avisit, position, target_day, first_day, last_day) "
            "VALUES ($study, $avisit, $position, $target, $first, $last)",
            {"study": study.study, "position": position, **vars(visit)},
        )
    return True


def part_known(connection: duckdb.DuckDBPyConnection, study: str, shape: str, outcome: Outcome) -> Outcome:
    """The outcome without rows that the store has already; a row that contradicts the store is rejected."""
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
    kept, contradicting = part_contradictions(fresh, stored, shape)
    return replace(
        outcome,
        accepted=kept.select(*columns, "line"),
        rejected=pl.concat([outcome.rejected, contradicting]).sort("line"),
        unchanged=same.height,
    )


def part_contradictions(fresh: pl.DataFrame, stored: pl.DataFrame, shape: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """New rows, and rows for which the store holds something else under the same key."""
    key = {"measurements": ["usubjid", "paramcd", "day", "undated"], "subjects": ["usubjid"]}.get(shape)
    if key is None:
        return fresh, pl.DataFrame(schema=REJECTED)
    undated = pl.when(pl.col("day").is_null()).then("avisit") if shape == "measurements" else pl.lit(None)
    before = stored.with_columns(undated=undated).select(
        *key, "batch", "stored_line", said=pl.col("reported" if shape == "measurements" else "usubjid")
    )
    matched = fresh.with_columns(undated=undated).join(
        before.unique(key, keep="first", maintain_order=True),
        on=key,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    value = pl.col("reported") if shape == "measurements" else pl.col("usubjid")
    column = pl.col("paramcd") if shape == "measurements" else pl.lit("usubjid")
    reason = pl.format(
        "the store holds {} from batch {}, line {}: undo that batch to replace it", "said", "batch", "stored_line"
    )
    return part_rows(matched, pl.when(pl.col("batch").is_not_null()).then(reason), column, value)


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


def insert_rows(connection: duckdb.DuckDBPyConnection, shape: str, study: str, batch: int, rows: pl.DataFrame) -> None:
    """Put accepted rows into their table with study, batch and line."""
    if shape == "measurements":
        # New codes of the catalog must fit: the column is an ENUM again once the table is clustered.
        connection.execute("ALTER TABLE measurements ALTER paramcd TYPE VARCHAR")
    insert_frame(connection, shape, rows.with_columns(study=pl.lit(study), batch=pl.lit(batch, dtype=pl.Int32)))


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
