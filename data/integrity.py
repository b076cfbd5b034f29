"""What must hold in every revision before it is published, whoever made it."""

import duckdb

CHECKS = {
    "a subject is listed twice": (
        "SELECT study, usubjid FROM subjects GROUP BY study, usubjid HAVING count(*) > 1 ORDER BY study, usubjid"
    ),
    "a value is listed twice for one subject, parameter and day": (
        "SELECT study, usubjid, paramcd FROM measurements "
        "GROUP BY study, usubjid, paramcd, day, CASE WHEN day IS NULL THEN avisit END "
        "HAVING count(*) > 1 ORDER BY study, usubjid"
    ),
    "rows belong to a batch that is not recorded": (
        "SELECT batch FROM measurements WHERE batch NOT IN (SELECT batch FROM import_batch) ORDER BY batch"
    ),
} | {
    f"{table} belong to a subject that is not there": (
        f"SELECT study, usubjid FROM {table} ANTI JOIN subjects USING (study, usubjid) ORDER BY study, usubjid"
    )
    for table in ("measurements", "events", "treatments", "medications")
}


class BrokenIntegrity(RuntimeError):
    """A change would leave the store contradicting itself; nothing of it was published."""


def check_integrity(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise BrokenIntegrity naming the first rule that does not hold."""
    for rule, query in CHECKS.items():
        found = connection.execute(f"{query} LIMIT 1").fetchone()
        if found:
            raise BrokenIntegrity(f"{rule}: {', '.join(map(str, found))}")
