"""Taking an import back: the last one by the pointer, an older batch by a revision without it."""

from typing import Any

import duckdb

from data.home import Home
from data.integrity import check_integrity
from data.revisions import write_revision

TABLES = (
    "measurements",
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
    """A batch that the current revision does not have."""


def undo_batch(home: Home, batch: int) -> str:
    """Publish a revision without the rows of one batch; its name.

    Raises UnknownBatch, and BrokenIntegrity where other batches rest on it (their subjects are in it).
    """

    def change(connection: duckdb.DuckDBPyConnection, _: str) -> dict[str, Any]:
        row = connection.execute(
            "SELECT study, file_name FROM import_batch WHERE batch = $batch ORDER BY batch", {"batch": batch}
        ).fetchone()
        if row is None:
            raise UnknownBatch(f"there is no batch {batch}")
        for table in TABLES:
            connection.execute(f"DELETE FROM {table} WHERE batch = $batch", {"batch": batch})
        check_integrity(connection)
        return {"batch": batch, "study": row[0], "file": row[1]}

    return write_revision(home, "undo-batch", change)
