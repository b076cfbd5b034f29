"""What to look at in a bulk of plain measurements: a screen finds the few subjects that the rules must look at."""

import duckdb
import polars as pl

from data.importers.bulk import walk_parameters
from data.importers.doubts import DAYS_A_YEAR, JUMP

GROUPS = {"usubjid": pl.String, "paramcd": pl.String}
DIRECT = """
SELECT DISTINCT direct.subject::VARCHAR AS usubjid FROM bulk_sorted AS direct JOIN bulk_sorted AS total
ON direct.subject = total.subject AND direct.day = total.day
WHERE direct.paramcd = 'bilirubin_direct' AND total.paramcd = 'bilirubin' AND direct.aval > total.aval ORDER BY usubjid
"""
ROWS = """
SELECT subject::VARCHAR AS usubjid, bulk_sorted.paramcd::VARCHAR AS paramcd, avisit::VARCHAR AS avisit, day, line, aval,
    text AS source, nullif(unit::VARCHAR, '') AS unit
FROM bulk_sorted SEMI JOIN incoming ON subject = try_cast(incoming.usubjid AS bulk_subject)
    AND bulk_sorted.paramcd = try_cast(incoming.paramcd AS bulk_paramcd)
ORDER BY line
"""


def find_suspects(connection: duckdb.DuckDBPyConnection, deaths: pl.DataFrame) -> pl.DataFrame:
    """Subject and parameter of every group of rows in which any rule of ``doubts.py`` may find something.

    ``deaths``: usubjid, death_day. A value far from the median needs a largest value far from the smallest.
    """
    places = connection.sql("SELECT unnest(enum_range(NULL::bulk_subject))::VARCHAR AS usubjid").pl()
    last = places.join(deaths, on="usubjid", how="left", maintain_order="left")["death_day"]
    found = [pl.DataFrame(schema=GROUPS)]
    for code, rows in walk_parameters(connection):
        codes = screen(rows, last)
        found.append(pl.DataFrame({"usubjid": places["usubjid"].gather(codes)}).with_columns(paramcd=pl.lit(code)))
    direct = connection.sql(DIRECT).pl().cast(pl.String)
    both = [direct.with_columns(paramcd=pl.lit(code)) for code in ("bilirubin", "bilirubin_direct")]
    return pl.concat([*found, *both]).unique()


def screen(rows: pl.DataFrame, last: pl.Series) -> pl.Series:
    """The subjects, by their place, whose values lie far apart, before birth perhaps, or after their ``last`` day.

    ``rows`` are those of one parameter, sorted by subject.
    """
    positive = rows.filter(pl.col("aval") > 0).set_sorted("subject")
    apart = positive.group_by("subject").agg(apart=pl.col("aval").max() > JUMP * pl.col("aval").min()).filter("apart")
    late = (rows["day"] > last.gather(rows["subject"])).fill_null(False)
    days = rows.filter(late | (rows["day"] < -DAYS_A_YEAR))
    return pl.concat([apart["subject"], days["subject"]]).unique()


def fetch_groups(connection: duckdb.DuckDBPyConnection, groups: pl.DataFrame) -> pl.DataFrame:
    """Every plain row of these groups by line: usubjid, paramcd, avisit, day, line, aval, source, unit."""
    connection.register("incoming", groups)
    rows = connection.sql(ROWS).pl()
    connection.unregister("incoming")
    return rows
