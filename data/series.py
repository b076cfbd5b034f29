"""Queries for the values of everybody of a large study: subjects by number, rows in the order of the long table."""

import polars as pl

from data.queries import Connection, fetch, number_values


def fetch_numbers(connection: Connection, study: str) -> pl.Series:
    """The number of every subject of a study, in the order of ``queries.fetch_subjects``."""
    query = f"""
        {number_values(connection)}
        SELECT number FROM subjects JOIN subject_number USING (study, usubjid) WHERE study = $study ORDER BY usubjid
        """
    return fetch(connection, query, study=study)["number"]


def fetch_series(connection: Connection, study: str, paramcd: str, numbers: list[int] | None = None) -> pl.DataFrame:
    """Every dated value of one parameter of a study, or of the subjects with these numbers: subject, day, aval.

    By subject and day as the long table is; rows of a later file that is not sorted in yet come last.
    """
    query = f"""
        {number_values(connection)}
        SELECT subject, day, aval FROM measurement
        WHERE study = $study AND paramcd = $paramcd AND day IS NOT NULL AND aval IS NOT NULL
            AND ($numbers IS NULL OR subject IN $numbers)
        """
    return fetch(connection, query, study=study, paramcd=paramcd, numbers=numbers)


def fetch_measured(connection: Connection, study: str) -> dict[str, bool]:
    """The parameters of a study that have a value, and whether every value has a day."""
    query = f"""
        {number_values(connection)}
        SELECT paramcd::VARCHAR AS paramcd, count(*) = count(day) AS dated FROM measurement
        WHERE study = $study AND aval IS NOT NULL GROUP BY paramcd ORDER BY paramcd
        """
    return dict(fetch(connection, query, study=study).rows())


def fetch_later(connection: Connection, study: str, paramcd: str, baseline_visit: str | None) -> pl.DataFrame:
    """Every value of one parameter after baseline, one without a day by its visit: usubjid, day, aval, limits."""
    query = f"""
        {number_values(connection)}
        SELECT usubjid, day, aval, ref_low, ref_high FROM measurement JOIN subject_number ON subject = number
        WHERE measurement.study = $study AND paramcd = $paramcd AND aval IS NOT NULL
            AND CASE WHEN day IS NULL THEN avisit != $visit ELSE day > 0 END
        ORDER BY usubjid, day, avisit
        """
    return fetch(connection, query, study=study, paramcd=paramcd, visit=baseline_visit)
