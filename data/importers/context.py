"""What a study holds, for comparing new values with it; and a copy of it in memory, for trying an import."""

import duckdb
import polars as pl

from data.database import migrate
from data.importers.doubts import Context
from data.importers.store_rows import insert_frame
from data.queries import name_subjects

# Tables of a study that an import reads or writes.
TABLES = ("study", "visits", "subjects", "measurements", "events", "treatments", "medications")
TABLES += ("statements", "protocol", "not_done", "change", "import_batch")


def fetch_context(connection: duckdb.DuckDBPyConnection, study: str, history: pl.DataFrame | None = None) -> Context:
    """What new values of a study are compared with, from an open transaction that holds them too.

    ``history`` where less than every value of the study is enough.
    """
    own = {"study": study}

    def fetch(query: str) -> pl.DataFrame:
        return connection.sql(query, params=own).pl()

    windows = fetch("SELECT first_day, last_day FROM visits WHERE study = $study ORDER BY position").drop_nulls()
    return Context(
        history=history
        if history is not None
        else fetch(
            "SELECT usubjid, paramcd::VARCHAR AS paramcd, day, aval FROM measurements "
            "WHERE study = $study AND aval IS NOT NULL ORDER BY usubjid, paramcd, day"
        ),
        subjects=fetch("SELECT usubjid, age, time_zero_date FROM subjects WHERE study = $study ORDER BY usubjid"),
        deaths=fetch(
            "SELECT usubjid, min(day) AS death_day FROM events "
            "WHERE study = $study AND kind = 'death' AND day IS NOT NULL GROUP BY usubjid ORDER BY usubjid"
        ),
        windows=[(int(first), int(last)) for first, last in windows.rows()],
    )


def fetch_time_zeros(connection: duckdb.DuckDBPyConnection, study: str) -> pl.DataFrame:
    """Every subject of a study with the date of its day 0: what a file's rows are placed by."""
    query = "SELECT usubjid, time_zero_date FROM subjects WHERE study = $study ORDER BY usubjid"
    return connection.sql(query, params={"study": study}).pl()


def open_scratch(
    reader: duckdb.DuckDBPyConnection | None, study: str, usubjids: list[str] | None = None
) -> duckdb.DuckDBPyConnection:
    """A database in memory with the rows of one study, to try an import in; ``reader`` is None without a store.

    Of measurements it has those of all subjects, or of these.
    """
    scratch = duckdb.connect(":memory:")
    migrate(scratch)
    if reader is None:
        return scratch
    names = "SELECT table_name FROM information_schema.tables ORDER BY 1"
    there = {row[0] for row in reader.cursor().execute(names).fetchall()}
    for table in (name for name in TABLES if name in there):
        own, subjects = name_subjects(usubjids if table == "measurements" else None)
        order = "batch, line" if table == "measurements" else "rowid"  # it is a view
        query = f"SELECT * FROM {table} WHERE study = $study{own} ORDER BY {order}"
        insert_frame(scratch, table, reader.cursor().sql(query, params={"study": study, **subjects}).pl())
    return scratch
