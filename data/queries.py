"""One function per query: a connection to one revision in, a frame out."""

import json
from typing import Any

import duckdb
import polars as pl

Connection = duckdb.DuckDBPyConnection


def fetch(connection: Connection, query: str, **params: Any) -> pl.DataFrame:
    """The rows of one SELECT, through a cursor of its own: threads must not share one."""
    return connection.cursor().sql(query, params=params).pl()


def fetch_studies(connection: Connection) -> pl.DataFrame:
    """Every study: study, title, simulated, subjects, measurements."""
    return fetch(
        connection,
        """
        SELECT study.study, study.title, study.simulated,
            (SELECT count(*) FROM subjects WHERE subjects.study = study.study) AS subjects,
            (SELECT count(*) FROM measurements WHERE measurements.study = study.study) AS measurements
        FROM study ORDER BY study.simulated, study.study DESC
        """,
    )


def fetch_config(connection: Connection, study: str) -> dict[str, Any]:
    """What ``study.toml`` says of a study; empty for a study that is not there."""
    query = "SELECT config FROM study WHERE study = $study ORDER BY study"
    row = connection.cursor().execute(query, {"study": study}).fetchone()
    return json.loads(row[0]) if row else {}


def fetch_visits(connection: Connection, study: str) -> pl.DataFrame:
    """The analysis visits in order: avisit, position, target_day, first_day, last_day."""
    return fetch(
        connection,
        "SELECT avisit, position, target_day, first_day, last_day FROM visits WHERE study = $study ORDER BY position",
        study=study,
    )


def fetch_subjects(connection: Connection, study: str, with_dates: bool = False) -> pl.DataFrame:
    """One row a subject; ``time_zero_date`` only where it is asked for, because a date identifies."""
    rows = fetch(
        connection,
        """
        SELECT usubjid, arm, site, age, sex, etiology, last_contact_day, cut_day, time_zero_date
        FROM subjects WHERE study = $study ORDER BY usubjid
        """,
        study=study,
    )
    return rows if with_dates else rows.drop("time_zero_date")


def fetch_measurements(connection: Connection, study: str) -> pl.DataFrame:
    """Every measurement of a study with where it came from."""
    return fetch(
        connection,
        """
        SELECT measurements.usubjid, paramcd::VARCHAR AS paramcd, avisit, day, aval, avalc, reported, reported_unit,
            ref_low, ref_high, file_name, measurements.line, measurements.batch
        FROM measurements JOIN import_batch USING (batch)
        WHERE measurements.study = $study ORDER BY paramcd, usubjid, day, measurements.line
        """,
        study=study,
    )


def fetch_treatments(connection: Connection, study: str) -> pl.DataFrame:
    """Infusions."""
    return fetch(
        connection,
        """
        SELECT usubjid, day, product, route, cells_e6, cells_e6_per_kg, volume_ml, viability_pct, isolated_cells_e6,
            recovery_pct, cd34_e6, cd45_e6, cd117_e6, cd133_e6
        FROM treatments WHERE study = $study ORDER BY usubjid, day
        """,
        study=study,
    )


def fetch_medications(connection: Connection, study: str) -> pl.DataFrame:
    """Medication intervals with their daily dose."""
    return fetch(
        connection,
        """
        SELECT usubjid, drug, start_day, end_day, daily_dose, unit
        FROM medications WHERE study = $study ORDER BY usubjid, drug, start_day
        """,
        study=study,
    )


def fetch_events(connection: Connection, study: str) -> pl.DataFrame:
    """Events."""
    return fetch(
        connection,
        """
        SELECT usubjid, kind, day, grade, serious, related, value, unit, text
        FROM events WHERE study = $study ORDER BY usubjid, day, kind
        """,
        study=study,
    )


def fetch_frames(connection: Connection, study: str) -> dict[str, pl.DataFrame]:
    """Everything observed in a study, by the name of its table."""
    queries = {
        "subjects": fetch_subjects,
        "measurements": fetch_measurements,
        "events": fetch_events,
        "treatments": fetch_treatments,
        "medications": fetch_medications,
        "visits": fetch_visits,
    }
    return {name: query(connection, study) for name, query in queries.items()}


def fetch_statements(connection: Connection, study: str) -> pl.DataFrame:
    """What the publication says of the group only."""
    return fetch(
        connection,
        "SELECT kind, time, n, of_n, text, source FROM statements WHERE study = $study ORDER BY batch, line",
        study=study,
    )


def fetch_protocol(connection: Connection, study: str) -> pl.DataFrame:
    """Eligibility, procedure and schedule as the protocol prints them."""
    return fetch(
        connection,
        """
        SELECT section, item, operator, value, unit, source, note
        FROM protocol WHERE study = $study ORDER BY batch, line
        """,
        study=study,
    )


def fetch_batches(connection: Connection, study: str | None = None) -> pl.DataFrame:
    """The imports of a study, or of all, newest first."""
    return fetch(
        connection,
        """
        SELECT batch, study, kind, file_name, rows_read, accepted, rejected, unchanged, imported_at, who, revision,
            sha256
        FROM import_batch WHERE $study IS NULL OR study = $study ORDER BY batch DESC
        """,
        study=study,
    )


def fetch_findings(connection: Connection, study: str) -> pl.DataFrame:
    """Rejected rows and warnings of a study, with file and line."""
    return fetch(
        connection,
        """
        SELECT level, file_name, line, "column", value, reason
        FROM (
            SELECT 'rejected' AS level, batch, line, "column", value, reason FROM rejected_row
            UNION ALL
            SELECT 'warning' AS level, batch, line, "column", value, reason FROM import_warning
        ) AS finding JOIN import_batch USING (batch)
        WHERE study = $study ORDER BY level, batch, line, "column"
        """,
        study=study,
    )


def fetch_lineage(connection: Connection) -> pl.DataFrame:
    """The revisions that led to this one, newest first."""
    return fetch(connection, "SELECT revision, parent, action, created_at, who FROM revision ORDER BY revision DESC")
