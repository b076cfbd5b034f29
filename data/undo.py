"""Taking an import back: the last one by the pointer, an older batch by a revision without it.

What a batch had replaced comes back: the rows stand in the revision that its own was made from.
"""

from typing import Any

import duckdb
import polars as pl

from data.database import open_reader
from data.home import Home
from data.importers.store_rows import insert_frame
from data.importers.updates import COLUMNS, FIX, UNDATED, UPDATED, quote_all
from data.integrity import check_integrity
from data.long_table import cluster_measurements, forget_numbers, open_codes
from data.revisions import write_revision

TABLES = (
    "measurement",
    "events",
    "treatments",
    "medications",
    "statements",
    "protocol",
    "subjects",
    "not_done",
    "change",
    "rejected_row",
    "import_warning",
    "import_batch",
)


class UnknownBatch(KeyError):
    """A batch that the current revision does not have, or whose replaced rows are gone."""


def undo_batch(home: Home, batch: int) -> str:
    """Publish a revision without the rows of one batch, and with those that it had replaced; its name.

    Raises UnknownBatch, and BrokenIntegrity where other batches rest on it (their subjects are in it).
    """

    def change(connection: duckdb.DuckDBPyConnection, _: str) -> dict[str, Any]:
        row = connection.execute(
            "SELECT study, file_name, revision FROM import_batch WHERE batch = $batch ORDER BY batch", {"batch": batch}
        ).fetchall()
        if not row:
            raise UnknownBatch(f"there is no batch {batch}")
        study, file_name, revision = row[0]
        replaced = list_replaced(connection, batch)
        for table in TABLES:
            connection.execute(f"DELETE FROM {table} WHERE batch = $batch", {"batch": batch})
        if replaced:
            restore_rows(connection, home, study, find_before(connection, home, revision, batch), replaced)
        forget_numbers(connection)
        check_integrity(connection)
        return {"batch": batch, "study": study, "file": file_name}

    return write_revision(home, "undo-batch", change)


def list_replaced(connection: duckdb.DuckDBPyConnection, batch: int) -> dict[str, list[str]]:
    """The subjects of which a batch replaced rows, by table."""
    rows = connection.execute(
        "SELECT DISTINCT kind, usubjid FROM change "
        "WHERE batch = $batch AND before IS NOT NULL AND cause <> $fix ORDER BY kind, usubjid",
        {"batch": batch, "fix": FIX},
    ).fetchall()
    found: dict[str, list[str]] = {}
    for kind, usubjid in rows:
        found.setdefault(kind, []).append(usubjid)
    return found


def find_before(connection: duckdb.DuckDBPyConnection, home: Home, revision: str, batch: int) -> str:
    """The revision that the one of a batch was made from. Raises UnknownBatch where it was pruned."""
    rows = connection.execute(
        "SELECT parent FROM revision WHERE revision = $revision ORDER BY revision", {"revision": revision}
    ).fetchall()
    parent = rows[0][0] if rows else None
    if parent is None or parent not in home.revisions():
        raise UnknownBatch(
            f"batch {batch} replaced stored values, and the revision that still held them was pruned: "
            "correct the values on screen instead"
        )
    return parent


def restore_rows(
    connection: duckdb.DuckDBPyConnection, home: Home, study: str, before: str, replaced: dict[str, list[str]]
) -> None:
    """Put back the rows of these subjects that an earlier revision has and that nothing has replaced since."""
    known = connection.sql("SELECT batch FROM import_batch ORDER BY batch").pl()["batch"].to_list()
    if "measurements" in replaced:
        open_codes(connection)
    with open_reader(home, before) as reader:
        for table, subjects in replaced.items():
            old, now = (fetch_rows(item, table, study) for item in (reader, connection))
            own = old.filter(pl.col("usubjid").is_in(subjects), pl.col("batch").is_in(known))
            gone = own.join(now, on=UPDATED[table], how="anti", nulls_equal=True)
            insert_frame(connection, table, gone.drop("undated", strict=False))
    if "measurements" in replaced:
        cluster_measurements(connection)


def fetch_rows(connection: duckdb.DuckDBPyConnection, table: str, study: str) -> pl.DataFrame:
    """The rows of a table of one study, of measurements with the key of a value without a day."""
    names = ", ".join(quote_all(["study", *COLUMNS[table], "batch", "line"]))
    query = f"SELECT {names} FROM {table} WHERE study = $study ORDER BY batch, line"
    rows = connection.sql(query, params={"study": study}).pl()
    if table != "measurements":
        return rows
    return rows.with_columns(pl.col("paramcd").cast(pl.String), undated=UNDATED)
