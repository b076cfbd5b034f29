"""One function per query: a connection to one revision in, a frame out."""

import json
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Span:
    """The subjects from one identifier to another, both included."""

    first: str
    last: str


Subjects = str | list[str] | Span | None
FILES = "(SELECT batch, file_name FROM import_batch) AS file"
# An older revision names the subject of every value.
NAMED = """
WITH subject_number AS (
    SELECT row_number() OVER (ORDER BY study, usubjid)::INTEGER AS number, study, usubjid FROM subjects
), measurement AS (
    SELECT measurements.* EXCLUDE (usubjid), number AS subject
    FROM measurements JOIN subject_number USING (study, usubjid)
)
"""


def fetch(connection: Connection, query: str, **params: Any) -> pl.DataFrame:
    """The rows of one SELECT, through a cursor of its own: threads must not share one."""
    return connection.cursor().sql(query, params=params).pl()


def number_values(connection: Connection) -> str:
    """What stands before a query of ``measurement`` and ``subject_number``, so that any revision has both tables."""
    query = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'measurement' ORDER BY 1"
    return "" if connection.cursor().execute(query).fetchall()[0][0] else NAMED


def fetch_rows(connection: Connection, query: str, study: str, usubjid: Subjects, **params: Any) -> pl.DataFrame:
    """The rows of a study, or of one or some of its subjects; ``{own}`` in the query stands for that condition."""
    condition, subject = name_subjects(usubjid)
    return fetch(connection, query.format(own=f"study = $study{condition}"), study=study, **subject, **params)


def name_subjects(usubjid: Subjects) -> tuple[str, dict[str, Any]]:
    """The condition that restricts a query to subjects, and its parameters; nothing for all of them."""
    if usubjid is None:
        return "", {}
    if isinstance(usubjid, Span):
        return " AND usubjid BETWEEN $first AND $last", {"first": usubjid.first, "last": usubjid.last}
    if isinstance(usubjid, str):
        return " AND usubjid = $usubjid", {"usubjid": usubjid}
    return " AND usubjid IN $usubjid", {"usubjid": usubjid}


def fetch_drawn(connection: Connection, study: str) -> pl.DataFrame:
    """Every subject with ``draw``, its place when subjects are drawn by chance, the same whenever they are."""
    query = "SELECT usubjid, row_number() OVER (ORDER BY md5(usubjid)) AS draw FROM subjects WHERE study = $study"
    return fetch(connection, f"{query} ORDER BY usubjid", study=study)


def fetch_studies(connection: Connection) -> pl.DataFrame:
    """Every study: study, title, simulated, subjects, measurements."""
    return fetch(
        connection,
        f"""
        {number_values(connection)}
        SELECT study.study, study.title, study.simulated,
            (SELECT count(*) FROM subjects WHERE subjects.study = study.study) AS subjects,
            (SELECT count(*) FROM measurement WHERE measurement.study = study.study) AS measurements
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


def fetch_subjects(
    connection: Connection, study: str, with_dates: bool = False, usubjid: Subjects = None
) -> pl.DataFrame:
    """One row a subject; ``time_zero_date`` only where it is asked for, because a date identifies."""
    query = """
        SELECT usubjid, arm, site, age, sex, etiology, last_contact_day, cut_day, time_zero_date
        FROM subjects WHERE {own} ORDER BY usubjid
        """
    rows = fetch_rows(connection, query, study, usubjid)
    return rows if with_dates else rows.drop("time_zero_date")


def count_time_zero_dates(connection: Connection, study: str) -> int:
    """How many subjects of a study have a date of time zero."""
    query = "SELECT count(time_zero_date) AS n FROM subjects WHERE study = $study ORDER BY n"
    return fetch(connection, query, study=study)["n"][0]


def fetch_measurements(
    connection: Connection, study: str, usubjid: Subjects = None, until: int | None = None
) -> pl.DataFrame:
    """Every measurement of a study, or of one subject, with where it came from.

    ``until`` leaves out what was measured after that day; values without a day stay.
    """
    early = "" if until is None else "AND (day <= $until OR day IS NULL)"
    query = f"""
        SELECT usubjid, paramcd::VARCHAR AS paramcd, avisit, day, aval, avalc, reported, reported_unit,
            ref_low, ref_high, file_name, line, batch
        FROM measurements JOIN {FILES} USING (batch)
        WHERE {{own}} {early} ORDER BY paramcd, usubjid, day, line, avisit
        """
    limit = {} if until is None else {"until": until}
    return fetch_rows(connection, query, study, usubjid, **limit)


def fetch_not_done(connection: Connection, study: str) -> pl.DataFrame:
    """Cells that say that nothing was measured: usubjid, paramcd, avisit, day, reported."""
    columns = "usubjid, paramcd, avisit, day, reported"
    query = f"SELECT {columns} FROM not_done WHERE study = $study ORDER BY usubjid, paramcd, day"
    return fetch(connection, query, study=study)


def fetch_treatments(connection: Connection, study: str, usubjid: Subjects = None) -> pl.DataFrame:
    """Infusions, with file and line."""
    query = f"""
        SELECT usubjid, day, product, route, cells_e6, cells_e6_per_kg, volume_ml, viability_pct, isolated_cells_e6,
            recovery_pct, cd34_e6, cd45_e6, cd117_e6, cd133_e6, file_name, line
        FROM treatments JOIN {FILES} USING (batch) WHERE {{own}} ORDER BY usubjid, day
        """
    return fetch_rows(connection, query, study, usubjid)


def fetch_medications(connection: Connection, study: str, usubjid: Subjects = None) -> pl.DataFrame:
    """Medication intervals with dose, file and line; of one subject also one interval of the study, whoever's.

    That the study records medication at all decides what a missing interval means.
    """
    query = f"""
        SELECT usubjid, drug, start_day, end_day, daily_dose, unit, file_name, line
        FROM medications JOIN {FILES} USING (batch)
        WHERE {{own}} OR medications.rowid = (SELECT min(rowid) FROM medications WHERE study = $study)
        ORDER BY usubjid, drug, start_day
        """
    return fetch_rows(connection, query, study, usubjid)


def fetch_events(connection: Connection, study: str, usubjid: Subjects = None) -> pl.DataFrame:
    """Events with file and line; of one subject also one of each kind that the study has, whoever's.

    That the study records a kind at all decides what a missing event means.
    """
    query = f"""
        SELECT usubjid, kind, day, grade, serious, related, value, unit, text, file_name, line
        FROM events JOIN {FILES} USING (batch)
        WHERE {{own}} OR events.rowid IN (SELECT min(rowid) FROM events WHERE study = $study GROUP BY kind)
        ORDER BY usubjid, day, kind
        """
    return fetch_rows(connection, query, study, usubjid)


def fetch_frames(
    connection: Connection, study: str, usubjid: Subjects = None, until: int | None = None
) -> dict[str, pl.DataFrame]:
    """Everything observed in a study, or of one or some of its subjects, by the name of its table.

    ``until`` leaves out what was measured after that day. Of subjects, ``events`` and ``medications``
    hold besides what says that the study records such rows at all.
    """
    measurements = fetch_measurements(connection, study, usubjid, until)
    return fetch_records(connection, study, usubjid) | {"measurements": measurements}


def fetch_records(connection: Connection, study: str, usubjid: Subjects = None) -> dict[str, pl.DataFrame]:
    """Everything that ``fetch_frames`` gives but the measurements."""
    return {
        "subjects": fetch_subjects(connection, study, usubjid=usubjid),
        "events": fetch_events(connection, study, usubjid),
        "treatments": fetch_treatments(connection, study, usubjid),
        "medications": fetch_medications(connection, study, usubjid),
        "visits": fetch_visits(connection, study),
    }


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
    """Rejected rows and warnings of a study, with file and line; older revisions do not name the subject."""
    usubjid = "usubjid" if names_subjects(connection) else "CAST(NULL AS VARCHAR) AS usubjid"
    return fetch(
        connection,
        f"""
        SELECT level, file_name, line, "column", value, reason, usubjid
        FROM (
            SELECT 'rejected' AS level, batch, line, "column", value, reason, {usubjid} FROM rejected_row
            UNION ALL
            SELECT 'warning' AS level, batch, line, "column", value, reason, {usubjid} FROM import_warning
        ) AS finding JOIN import_batch USING (batch)
        WHERE study = $study ORDER BY level, batch, line, "column"
        """,
        study=study,
    )


def names_subjects(connection: Connection) -> bool:
    """Whether findings of this revision name their subject."""
    query = """
        SELECT column_name FROM information_schema.columns
        WHERE table_name = 'rejected_row' AND column_name = $name ORDER BY column_name
    """
    return fetch(connection, query, name="usubjid").height > 0


def fetch_changes(connection: Connection, study: str) -> pl.DataFrame:
    """What stored values were and are, newest first: by a newer file, a fix or a correction, with reason and who."""
    return fetch(
        connection,
        """
        SELECT usubjid, item, day, avisit, before, after, cause, reason, change.kind, file_name, line, imported_at, who
        FROM change JOIN import_batch USING (batch)
        WHERE change.study = $study ORDER BY batch DESC, line, item
        """,
        study=study,
    )


def fetch_lineage(connection: Connection) -> pl.DataFrame:
    """The revisions that led to this one, newest first."""
    return fetch(connection, "SELECT revision, parent, action, created_at, who FROM revision ORDER BY revision DESC")
