"""One import: tables to batches in one transaction, published as one revision or not at all."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from data.database import open_reader
from data.home import Home, find_user
from data.importers.bulk_import import read_in_bulk
from data.importers.context import fetch_context, fetch_time_zeros
from data.importers.conventions import warn_unread
from data.importers.doubts import add_doubts
from data.importers.fields import read_text
from data.importers.keyring import forget, read_keyring
from data.importers.measurements import read_measurements
from data.importers.outcome import Outcome, note
from data.importers.privacy import Keyring, hash_ids
from data.importers.records import read_records
from data.importers.sources import Progress, Source, open_paths, open_study, open_whole
from data.importers.store_rows import find_next_batch, insert_batch, insert_rows, write_study
from data.importers.study_file import FileMapping, StudyFile, parse_study, read_study_file
from data.importers.text import TextTable, UnreadableFile
from data.importers.updates import part_known
from data.integrity import check_integrity
from data.long_table import cluster_measurements, is_clustered
from data.revisions import utc_now, write_revision


@dataclass(frozen=True)
class BatchReport:
    """What became of one file: counts, rejected rows and warnings; ``batch`` is None where it was known."""

    batch: int | None
    study: str
    file_name: str
    shape: str
    outcome: Outcome


@dataclass(frozen=True)
class ImportReport:
    """What became of an import; ``revision`` is None where nothing new was published."""

    revision: str | None
    batches: tuple[BatchReport, ...]

    @property
    def rejected(self) -> int:
        """How many rows were rejected in all."""
        return sum(batch.outcome.rejected.height for batch in self.batches)


class Stop(Exception):
    """Leave the transaction without publishing."""


def import_paths(
    home: Home,
    paths: Sequence[Path],
    study: str | None = None,
    preview: bool = False,
    progress: Progress = lambda _: None,
) -> ImportReport:
    """Import study folders (with ``study.toml``) or files of a study that is in the store.

    Everything is published as one revision; if a file cannot be read, nothing is. A ``preview`` does
    all of it and publishes nothing. Raises UnreadableFile, BadStudyFile, StoreBusy.
    """
    folders = [path for path in paths if (path / "study.toml").is_file() or (path.is_dir() and study is None)]
    files = [path for path in paths if path not in folders]
    studies = [(folder, read_study_file(folder / "study.toml")) for folder in folders]
    sources = [source for folder, description in studies for source in open_study(folder, description, progress)]
    if files:
        sources += open_paths(files, find_study(home, study, files[0].name), progress)
    return import_sources(home, [description for _, description in studies], sources, preview)


def import_sources(
    home: Home, studies: Sequence[StudyFile], sources: Sequence[Source], preview: bool = False
) -> ImportReport:
    """Publish what studies are and what their sources hold as one revision; a ``preview`` publishes nothing.

    Raises UnreadableFile, BadStudyFile, StoreBusy.
    """
    reports: list[BatchReport] = []
    keyring = read_keyring(home)
    if keyring.withdrawn:
        studies = [replace(item, config=forget(item.config, item.study, keyring)) for item in studies]

    def change(connection: duckdb.DuckDBPyConnection, revision: str) -> dict[str, Any]:
        news = [write_study(connection, description) for description in studies]
        reports.extend(import_all(connection, sources, revision, keyring))
        if preview or not (any(news) or any(report.batch for report in reports)):
            raise Stop
        if not is_clustered(connection):
            cluster_measurements(connection)
        check_integrity(connection)
        return {
            "batches": [report.batch for report in reports if report.batch],
            "studies": sorted({source.study for source in sources} | {item.study for item in studies}),
        }

    try:
        revision = write_revision(home, "import", change)
    except Stop:
        revision = None
    return ImportReport(revision, tuple(reports))


def import_all(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[Source], revision: str, keyring: Keyring
) -> list[BatchReport]:
    """Put the rows of every source into the open transaction; lines that fit no header count once a table."""
    seen: set[tuple[str, str]] = set()
    reports = []
    for source in sources:
        whole = (source.digest, source.mapping.sheet)
        table = source.table
        if whole in seen:
            table = replace(table, rejected=table.rejected.clear(), notes=())
        seen.add(whole)
        reports.append(import_source(connection, replace(source, table=table), revision, keyring))
    return reports


def find_study(home: Home, study: str | None, name: str) -> StudyFile:
    """A study of the store with the mappings that it keeps. Raises UnreadableFile."""
    if study is None:
        raise UnreadableFile(f"{name} is a single file: say which study it belongs to (--study)")
    pointer = home.read_pointer()
    row = None
    if pointer is not None:
        with open_reader(home, pointer.revision) as connection:
            query = "SELECT config FROM study WHERE study = $study ORDER BY study"
            row = connection.execute(query, {"study": study}).fetchone()
    if row is None:
        raise UnreadableFile(f"there is no study {study!r} in the store; import its folder with a study.toml first")
    return parse_study(json.loads(row[0]), study)


def import_source(
    connection: duckdb.DuckDBPyConnection, source: Source, revision: str, keyring: Keyring
) -> BatchReport:
    """Put the rows of one table into the open transaction."""
    mapping = source.mapping
    if source.fixes.is_empty() and find_batch(connection, source.study, source.digest, mapping) is not None:
        return BatchReport(None, source.study, source.label, mapping.shape, empty_outcome(source))
    batch = find_next_batch(connection)
    outcome = None if keyring.withdrawn else read_in_bulk(connection, source, batch)
    if outcome is None:
        outcome = read_by_cells(connection, open_whole(source), keyring, batch)
    facts: dict[str, Any] = {"study": source.study, "kind": mapping.shape, "file_name": source.label}
    facts |= {"sha256": source.digest, "mapping": mapping.to_json(), "revision": revision}
    facts |= {"imported_at": utc_now(), "who": find_user()}
    insert_batch(connection, batch, facts, outcome)
    return BatchReport(batch, source.study, source.label, mapping.shape, outcome)


def read_by_cells(connection: duckdb.DuckDBPyConnection, source: Source, keyring: Keyring, batch: int) -> Outcome:
    """Put the rows of one table into the open transaction, each cell judged by itself."""
    mapping = source.mapping
    outcome = part_known(connection, source.study, mapping, source.label, read_outcome(connection, source, keyring))
    insert_rows(connection, mapping.shape, source.study, batch, outcome)
    if mapping.shape != "measurements" or outcome.source is None:
        return outcome
    return add_doubts(outcome, outcome.source, fetch_context(connection, source.study), mapping.date_order)


def read_outcome(connection: duckdb.DuckDBPyConnection, source: Source, keyring: Keyring) -> Outcome:
    """Accepted and rejected rows of a table."""
    subjects = fetch_time_zeros(connection, source.study)
    mapping = source.mapping
    table = drop_withdrawn(hash_columns(source.table, mapping, keyring.key), mapping, source.study, keyring)
    if mapping.shape == "measurements":
        outcome = read_measurements(table, mapping, subjects, source.fixes, source.label)
    else:
        outcome = read_records(table, mapping, subjects, source.label)
    notes = [warn_unread(table, mapping), *(note(text) for text in table.notes)]
    return replace(outcome, warnings=pl.concat([outcome.warnings, *notes]))


def hash_columns(table: TextTable, mapping: FileMapping, key: bytes) -> TextTable:
    """The table with a keyed hash in the place of every identifier that the mapping wants hashed."""
    for column in mapping.columns.values():
        if column.hashed and column.column in table.columns:
            table = replace(table, rows=hash_ids(table.rows, column.column, key))
    return table


def drop_withdrawn(table: TextTable, mapping: FileMapping, study: str, keyring: Keyring) -> TextTable:
    """The table without the rows of subjects whose consent was withdrawn; a note says how many."""
    if not keyring.withdrawn or "usubjid" not in mapping.columns:
        return table
    ids = table.rows.select(id=read_text(mapping.columns["usubjid"]))["id"]
    gone = [name for name in ids.unique().to_list() if name and keyring.is_withdrawn(study, name)]
    if not gone:
        return table
    kept = table.rows.filter(~ids.is_in(gone))
    said = f"{table.rows.height - kept.height} rows of subjects whose consent was withdrawn were not read"
    return replace(table, rows=kept, notes=(*table.notes, said))


def find_batch(connection: duckdb.DuckDBPyConnection, study: str, digest: str, mapping: FileMapping) -> int | None:
    """The batch that holds exactly this file, read in this way."""
    row = connection.execute(
        "SELECT batch FROM import_batch "
        "WHERE study = $study AND sha256 = $digest AND mapping = $mapping ORDER BY batch",
        {"study": study, "digest": digest, "mapping": mapping.to_json()},
    ).fetchone()
    return row[0] if row else None


def empty_outcome(source: Source) -> Outcome:
    """The outcome of a file that the store holds already."""
    nothing, rows = source.table.rejected.clear(), source.table.rows.height if source.layout is None else source.lines
    return Outcome(accepted=nothing, rejected=nothing, warnings=nothing, read=rows, unchanged=rows)
