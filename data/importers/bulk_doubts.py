"""What to look at in a bulk of plain measurements: a screen finds the few subjects that the rules must look at."""

import duckdb
import polars as pl

from data.importers.bulk import KNOWN
from data.importers.doubts import DAYS_A_YEAR, JUMP

APART = f"""
SELECT subject::VARCHAR AS usubjid, paramcd::VARCHAR AS paramcd FROM ({KNOWN}) AS known WHERE usual AND aval > 0
GROUP BY subject, paramcd HAVING max(aval) > {JUMP} * min(aval) ORDER BY usubjid, paramcd
"""
OUTSIDE = f"""
SELECT DISTINCT subject::VARCHAR AS usubjid, paramcd::VARCHAR AS paramcd
FROM ({KNOWN}) AS known LEFT JOIN incoming ON subject = try_cast(incoming.usubjid AS bulk_subject)
WHERE usual AND (day > death_day OR day < {-DAYS_A_YEAR}) ORDER BY usubjid, paramcd
"""
DIRECT = """
SELECT DISTINCT usubjid FROM measurement AS direct
JOIN measurement AS total ON direct.subject = total.subject AND direct.day = total.day
JOIN subject_number ON direct.subject = number
WHERE direct.batch = $batch AND total.batch = $batch AND direct.paramcd = 'bilirubin_direct'
    AND total.paramcd = 'bilirubin' AND direct.aval > total.aval ORDER BY usubjid
"""
ROWS = """
SELECT usubjid, incoming.paramcd, avisit, day, line, aval, coalesce(reported, say_number(aval)) AS source,
    reported_unit AS unit
FROM incoming JOIN subject_number USING (usubjid) JOIN measurement
    ON subject = number AND measurement.study = subject_number.study AND measurement.paramcd::VARCHAR = incoming.paramcd
WHERE batch = $batch ORDER BY line
"""


def find_suspects(connection: duckdb.DuckDBPyConnection, batch: int, deaths: pl.DataFrame) -> pl.DataFrame:
    """Subject and parameter of every group of rows in which any rule of ``doubts.py`` may find something.

    ``deaths``: usubjid, death_day. A value far from the median needs a largest value far from the smallest;
    a day before birth lies at least a year before day 0.
    """
    connection.register("incoming", deaths)
    found = [connection.sql(query).pl() for query in (APART, OUTSIDE)]
    connection.unregister("incoming")
    direct = connection.sql(DIRECT, params={"batch": batch}).pl()
    both = [direct.with_columns(paramcd=pl.lit(code)) for code in ("bilirubin", "bilirubin_direct")]
    return pl.concat([*found, *both]).unique()


def fetch_groups(connection: duckdb.DuckDBPyConnection, batch: int, groups: pl.DataFrame) -> pl.DataFrame:
    """Every stored row of a batch in these groups: usubjid, paramcd, avisit, day, line, aval, source, unit."""
    connection.register("incoming", groups)
    rows = connection.sql(ROWS, params={"batch": batch}).pl()
    connection.unregister("incoming")
    return rows
