"""Rows into the open transaction: what is known already is not added twice."""

import json
import re
from typing import Any

import duckdb
import polars as pl

from data.importers.outcome import Outcome
from data.importers.study_file import BadStudyFile, StudyFile
from data.importers.updates import UPDATED, quote_all
from data.long_table import delete_measurements, insert_measurements, is_clustered, number_subjects, open_codes

# A value that came later, or a second time: nothing is missing there any more.
MEASURED_SINCE = """
DELETE FROM not_done WHERE study = $study AND EXISTS (
    SELECT 1 FROM measurements WHERE measurements.study = not_done.study
        AND measurements.usubjid = not_done.usubjid AND measurements.paramcd = not_done.paramcd
        AND measurements.day IS NOT DISTINCT FROM not_done.day
        AND (measurements.day IS NOT NULL OR measurements.avisit IS NOT DISTINCT FROM not_done.avisit)
)
"""
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


def find_next_batch(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the next batch."""
    rows = connection.execute("SELECT coalesce(max(batch), 0) + 1 FROM import_batch ORDER BY 1").fetchall()
    return rows[0][0]


def insert_batch(connection: duckdb.DuckDBPyConnection, batch: int, facts: dict[str, Any], outcome: Outcome) -> None:
    """Record a batch with its counts, rejected rows and warnings."""
    counts = {"rows_read": outcome.read, "accepted": outcome.taken}
    facts = facts | counts | {"rejected": outcome.rejected.height, "unchanged": outcome.unchanged}
    names = ", ".join(facts)
    holes = ", ".join(f"${name}" for name in facts)
    connection.execute(f"INSERT INTO import_batch (batch, {names}) VALUES ($batch, {holes})", {"batch": batch, **facts})
    insert_frame(connection, "rejected_row", outcome.rejected.with_columns(batch=pl.lit(batch, dtype=pl.Int32)))
    insert_frame(connection, "import_warning", outcome.warnings.with_columns(batch=pl.lit(batch, dtype=pl.Int32)))


def insert_rows(connection: duckdb.DuckDBPyConnection, shape: str, study: str, batch: int, outcome: Outcome) -> None:
    """Put accepted rows into their table with study, batch and line, in the place of those they replace."""
    if shape == "measurements" and not is_clustered(connection):
        open_codes(connection)
    if outcome.replaced is not None and outcome.replaced.height:
        delete_rows(connection, shape, study, outcome.replaced)
    facts = {"study": pl.lit(study), "batch": pl.lit(batch, dtype=pl.Int32)}
    insert_frame(connection, shape, outcome.accepted.with_columns(**facts))
    insert_remarks(connection, shape, study, batch, outcome)


def insert_remarks(connection: duckdb.DuckDBPyConnection, shape: str, study: str, batch: int, outcome: Outcome) -> None:
    """Put what a file says beside its values: what was not measured, and what changes."""
    facts = {"study": pl.lit(study), "batch": pl.lit(batch, dtype=pl.Int32)}
    if outcome.not_done is not None:
        insert_frame(connection, "not_done", outcome.not_done.with_columns(**facts))
        if connection.execute("SELECT count(*) FROM not_done ORDER BY 1").fetchall()[0][0]:
            connection.execute(MEASURED_SINCE, {"study": study})
    if outcome.changes is not None:
        insert_frame(connection, "change", outcome.changes.with_columns(kind=pl.lit(shape), **facts))


def delete_rows(connection: duckdb.DuckDBPyConnection, shape: str, study: str, keys: pl.DataFrame) -> None:
    """Remove the stored rows with these keys."""
    if shape == "measurements":
        delete_measurements(connection, study, keys)
        return
    same = " AND ".join(f"incoming.{name} IS NOT DISTINCT FROM {shape}.{name}" for name in UPDATED[shape])
    connection.register("incoming", keys)
    connection.execute(
        f"DELETE FROM {shape} WHERE study = $study AND EXISTS (SELECT 1 FROM incoming WHERE {same})", {"study": study}
    )
    connection.unregister("incoming")


def insert_frame(connection: duckdb.DuckDBPyConnection, table: str, rows: pl.DataFrame) -> None:
    """Append a frame to the table whose column names it has; a new subject gets its number."""
    if rows.is_empty():
        return
    if table == "measurements":
        insert_measurements(connection, rows)
        return
    names = ", ".join(quote_all(rows.columns))
    connection.register("incoming", rows)
    connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming")
    connection.unregister("incoming")
    if table == "subjects":
        number_subjects(connection)
