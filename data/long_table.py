"""The long table of measurements as it is written: subjects by number, sorted by parameter, subject and day.

``measurement`` holds a row a value, ``subject_number`` the number of every subject; readers take the view
``measurements`` of both, with names. A number takes four bytes where a name takes twenty, and is compared
at once. The text of the file is kept where the number does not say it already.
"""

import duckdb
import polars as pl

from analytics.catalog import PARAMETERS

NUMBER_NEW = """
INSERT INTO subject_number
SELECT (SELECT coalesce(max(number), 0) FROM subject_number) + row_number() OVER (ORDER BY study, usubjid),
    study, usubjid
FROM subjects ANTI JOIN subject_number USING (study, usubjid)
"""
FORGET_GONE = """
DELETE FROM subject_number
WHERE NOT EXISTS (SELECT 1 FROM subjects
        WHERE subjects.study = subject_number.study AND subjects.usubjid = subject_number.usubjid)
    AND number NOT IN (SELECT subject FROM measurement)
"""
OTHERS = "avisit, day, aval, avalc, reported_unit, ref_low, ref_high, batch, line"


def number_subjects(connection: duckdb.DuckDBPyConnection) -> None:
    """Give every subject that has none a number, which it keeps."""
    connection.execute(NUMBER_NEW)


def forget_numbers(connection: duckdb.DuckDBPyConnection) -> None:
    """Take back the numbers of subjects that are gone, so that no table names them any more."""
    connection.execute(FORGET_GONE)


def number_in_order(connection: duckdb.DuckDBPyConnection, study: str) -> int:
    """Number the subjects of a study without measurements anew in the order of their names; the first number."""
    connection.execute("DELETE FROM subject_number WHERE study = $study", {"study": study})
    number_subjects(connection)
    query = "SELECT coalesce(min(number), 0) FROM subject_number WHERE study = $study ORDER BY 1"
    return connection.execute(query, {"study": study}).fetchall()[0][0]


def find_numbers(connection: duckdb.DuckDBPyConnection, study: str, keys: pl.DataFrame) -> pl.DataFrame:
    """Rows with ``usubjid`` as rows with ``subject``; those of unknown subjects are left out."""
    query = "SELECT usubjid, number AS subject FROM subject_number WHERE study = $study ORDER BY usubjid"
    numbers = connection.sql(query, params={"study": study}).pl()
    return keys.join(numbers, on="usubjid", validate="m:1").drop("usubjid")


def insert_measurements(connection: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> None:
    """Append rows with the columns of the view ``measurements``; their subjects have a number."""
    connection.register("incoming", rows)
    connection.execute(
        f"INSERT INTO measurement (study, subject, paramcd, {OTHERS}, reported) "
        f"SELECT study, number, paramcd, {OTHERS}, nullif(reported, say_number(aval)) "
        "FROM incoming LEFT JOIN subject_number USING (study, usubjid)"
    )
    connection.unregister("incoming")


def delete_measurements(connection: duckdb.DuckDBPyConnection, study: str, keys: pl.DataFrame) -> None:
    """Remove the values with these keys: usubjid, paramcd, day, and ``undated``, the visit of one without a day."""
    connection.register("incoming", find_numbers(connection, study, keys))
    connection.execute(
        "DELETE FROM measurement WHERE study = $study AND EXISTS (SELECT 1 FROM incoming "
        "WHERE incoming.subject = measurement.subject AND incoming.paramcd = measurement.paramcd::VARCHAR "
        "AND incoming.day IS NOT DISTINCT FROM measurement.day "
        "AND incoming.undated IS NOT DISTINCT FROM CASE WHEN measurement.day IS NULL THEN measurement.avisit END)",
        {"study": study},
    )
    connection.unregister("incoming")


def delete_subject(connection: duckdb.DuckDBPyConnection, study: str, usubjid: str) -> None:
    """Remove every value of a subject, and its number."""
    own = {"study": study, "usubjid": usubjid}
    number = "SELECT number FROM subject_number WHERE study = $study AND usubjid = $usubjid"
    connection.execute(f"DELETE FROM measurement WHERE subject IN ({number})", own)
    connection.execute("DELETE FROM subject_number WHERE study = $study AND usubjid = $usubjid", own)


def is_clustered(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the long table was sorted with the catalog's parameters as ENUM; rows of later files stand at its end."""
    query = "SELECT data_type FROM duckdb_columns() WHERE table_name = $table AND column_name = 'paramcd' ORDER BY 1"
    found = connection.execute(query, {"table": "measurement"}).fetchall()
    return found == [(name_enum(),)]


def name_enum() -> str:
    """The type of the catalog's codes."""
    codes = ", ".join(f"'{code}'" for code in PARAMETERS)
    return f"ENUM({codes})"


def open_codes(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the long table take codes that the catalog did not have when it was clustered."""
    connection.execute("ALTER TABLE measurement ALTER paramcd TYPE VARCHAR")


def cluster_measurements(connection: duckdb.DuckDBPyConnection) -> None:
    """Rewrite the long table sorted by parameter, subject and day, the parameter as ENUM."""
    connection.execute(
        "CREATE OR REPLACE TABLE measurement AS "
        f"SELECT study, subject, paramcd::{name_enum()} AS paramcd, {OTHERS}, reported "
        "FROM measurement ORDER BY study, paramcd, subject, day, avisit, line"
    )
