"""What must hold in every revision before it is published, whoever made it."""

import duckdb

CHECKS = {
    "a subject is listed twice": (
        "SELECT study, usubjid FROM subjects GROUP BY study, usubjid HAVING count(*) > 1 ORDER BY study, usubjid"
    ),
    "rows belong to a batch that is not recorded": (
        "SELECT batch FROM measurement WHERE batch NOT IN (SELECT batch FROM import_batch) ORDER BY batch"
    ),
    "a subject has two numbers": (
        "SELECT study, usubjid FROM subject_number GROUP BY study, usubjid HAVING count(*) > 1 ORDER BY study, usubjid"
    ),
    "a number belongs to two subjects": (
        "SELECT number, min(usubjid) FROM subject_number GROUP BY number HAVING count(*) > 1 ORDER BY number"
    ),
    "measurements belong to a number that is not there": (
        "SELECT measurement.study, subject FROM measurement ANTI JOIN subject_number "
        "ON subject = number AND measurement.study = subject_number.study ORDER BY 1, subject"
    ),
    "measurements belong to a subject that is not there": (
        "SELECT study, usubjid FROM subject_number ANTI JOIN subjects USING (study, usubjid) "
        "WHERE number IN (SELECT subject FROM measurement) ORDER BY study, usubjid"
    ),
} | {
    f"{table} belong to a subject that is not there": (
        f"SELECT study, usubjid FROM {table} ANTI JOIN subjects USING (study, usubjid) ORDER BY study, usubjid"
    )
    for table in ("events", "treatments", "medications")
}


TWICE = "a value is listed twice for one subject, parameter and day"
# The long table comes sorted by its key, so that a look at the row before finds what is out of order or there twice.
KEY = "subject, paramcd, day, CASE WHEN day IS NULL THEN avisit END"
UNSORTED = """
SELECT min(place) FROM (
    SELECT *, lag(paramcd) OVER () AS paramcd_before, lag(subject) OVER () AS subject_before,
        lag(day) OVER () AS day_before, lag(visit) OVER () AS visit_before
    FROM (
        SELECT rowid AS place, paramcd, subject, coalesce(day, 1000000) AS day,
            CASE WHEN day IS NULL THEN avisit END AS visit
        FROM measurement WHERE study = $study
    ) AS named
) AS row
WHERE subject_before IS NOT NULL AND NOT (
    paramcd > paramcd_before OR paramcd = paramcd_before AND (
        subject > subject_before OR subject = subject_before AND (
            day > day_before OR day = day_before AND coalesce(visit > visit_before, false))))
ORDER BY 1
"""
# Among the subjects of the rows that are new.
AMONG = f"""
SELECT twice.study, usubjid, paramcd FROM (
    SELECT study, subject, paramcd FROM measurement
    WHERE {{study}} AND subject IN (SELECT subject FROM measurement WHERE {{study}} AND {{new}})
    GROUP BY study, {KEY} HAVING count(*) > 1
) AS twice JOIN subject_number ON subject = number ORDER BY twice.study, usubjid LIMIT 1
"""
LATE = AMONG.format(study="study = $study", new="rowid >= $place")
NEW = AMONG.format(study="true", new="batch = $batch")


class BrokenIntegrity(RuntimeError):
    """A change would leave the store contradicting itself; nothing of it was published."""


def check_integrity(connection: duckdb.DuckDBPyConnection, batch: int | None = None) -> None:
    """Raise BrokenIntegrity naming the first rule that does not hold.

    Where only the rows of one ``batch`` are new, values are looked for twice among its subjects: all others were
    looked at when they were published.
    """
    for rule, query in CHECKS.items():
        found = connection.execute(f"{query} LIMIT 1").fetchone()
        if found:
            raise BrokenIntegrity(f"{rule}: {', '.join(map(str, found))}")
    found = find_twice(connection) if batch is None else connection.execute(NEW, {"batch": batch}).fetchone()
    if found:
        raise BrokenIntegrity(f"{TWICE}: {', '.join(map(str, found))}")


def find_twice(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...] | None:
    """Study, subject and parameter of a value that is there twice; None where none is.

    What stands before the first row out of order is unique, so only the subjects of later rows are counted.
    """
    for (study,) in connection.execute("SELECT DISTINCT study FROM measurement ORDER BY study").fetchall():
        place = connection.execute(UNSORTED, {"study": study}).fetchall()[0][0]
        if place is not None:
            found = connection.execute(LATE, {"study": study, "place": place}).fetchone()
            if found:
                return found
    return None
