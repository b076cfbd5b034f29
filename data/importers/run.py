"""One import: files to batches in one transaction, published as one revision or not at all."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from data.home import Home, find_user
from data.importers.conventions import guess_shape, warn_unread
from data.importers.measurements import read_measurements
from data.importers.outcome import Outcome, note
from data.importers.records import read_records
from data.importers.store_rows import cluster_measurements, insert_batch, insert_rows, part_known, write_study
from data.importers.study_file import FileMapping, StudyFile, parse_study, read_study_file
from data.importers.text import TextTable, UnreadableFile, read_table
from data.integrity import check_integrity
from data.revisions import utc_now, write_revision

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """One file to read. A file without a mapping is read by its own column names."""

    path: Path
    study: str
    mapping: FileMapping | None


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
    """Import study folders (with ``study.toml``) or single files of a study that is in the store.

    Everything is published as one revision; if a file cannot be read, nothing is. A ``preview`` does
    all of it and publishes nothing. Raises UnreadableFile, BadStudyFile, StoreBusy.
    """
    folders = [path for path in paths if path.is_dir()]
    files = [path for path in paths if not path.is_dir()]
    studies = [(folder, read_study_file(folder / "study.toml")) for folder in folders]
    reports: list[BatchReport] = []

    def change(connection: duckdb.DuckDBPyConnection, revision: str) -> dict[str, Any]:
        news = [write_study(connection, description) for _, description in studies]
        sources = [source for folder, description in studies for source in list_sources(folder, description)]
        sources += [source for path in files for source in find_sources(connection, path, study)]
        reports.extend(import_source(connection, source, revision, progress) for source in sources)
        if preview or not (any(news) or any(report.batch for report in reports)):
            raise Stop
        cluster_measurements(connection)
        check_integrity(connection)
        return {
            "batches": [report.batch for report in reports if report.batch],
            "studies": sorted({s.study for s in sources}),
        }

    try:
        revision = write_revision(home, "import", change)
    except Stop:
        revision = None
    return ImportReport(revision, tuple(reports))


def list_sources(folder: Path, study: StudyFile) -> list[Source]:
    """The files of a study folder, in the order in which they are read."""
    return [Source(folder / mapping.path, study.study, mapping) for mapping in order_files(study.files)]


def order_files(files: Iterable[FileMapping]) -> list[FileMapping]:
    """Subjects first, because everything else belongs to one."""
    return sorted(files, key=lambda mapping: mapping.shape != "subjects")


def find_sources(connection: duckdb.DuckDBPyConnection, path: Path, study: str | None) -> list[Source]:
    """How a single file is read: by the mapping that its study keeps for its name, else by its columns."""
    if study is None:
        raise UnreadableFile(f"{path.name} is a single file: say which study it belongs to (--study)")
    row = connection.execute(
        "SELECT config FROM study WHERE study = $study ORDER BY study", {"study": study}
    ).fetchone()
    if row is None:
        raise UnreadableFile(f"there is no study {study!r} in the store; import its folder with a study.toml first")
    kept = [mapping for mapping in parse_study(json.loads(row[0]), study).files if Path(mapping.path).name == path.name]
    return [Source(path, study, mapping) for mapping in order_files(kept)] or [Source(path, study, None)]


def import_source(
    connection: duckdb.DuckDBPyConnection, source: Source, revision: str, progress: Progress
) -> BatchReport:
    """Read one file and put its rows into the open transaction."""
    progress(source.path.name)
    content = read_bytes(source.path)
    digest = hashlib.sha256(content).hexdigest()
    table = read_table(content, source.path.name)
    mapping = source.mapping or guess_shape(table, source.path.name)
    if find_batch(connection, source.study, digest, mapping) is not None:
        return BatchReport(None, source.study, source.path.name, mapping.shape, empty_outcome(table))
    outcome = part_known(connection, source.study, mapping.shape, read_outcome(connection, table, mapping, source))
    facts: dict[str, Any] = {
        "study": source.study,
        "kind": mapping.shape,
        "file_name": source.path.name,
        "sha256": digest,
    }
    facts |= {"mapping": mapping.to_json(), "imported_at": utc_now(), "who": find_user(), "revision": revision}
    batch = insert_batch(connection, facts, outcome)
    insert_rows(connection, mapping.shape, source.study, batch, outcome)
    return BatchReport(batch, source.study, source.path.name, mapping.shape, outcome)


def read_outcome(
    connection: duckdb.DuckDBPyConnection, table: TextTable, mapping: FileMapping, source: Source
) -> Outcome:
    """Accepted and rejected rows of a file."""
    subjects = connection.sql(
        "SELECT usubjid, time_zero_date FROM subjects WHERE study = $study ORDER BY usubjid",
        params={"study": source.study},
    ).pl()
    read = read_measurements if mapping.shape == "measurements" else read_records
    outcome = read(table, mapping, subjects, source.path.name)
    notes = [warn_unread(table, mapping), *(note(text) for text in table.notes)]
    return replace(outcome, warnings=pl.concat([outcome.warnings, *notes]))


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises UnreadableFile."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be opened: {error.strerror}") from error


def find_batch(connection: duckdb.DuckDBPyConnection, study: str, digest: str, mapping: FileMapping) -> int | None:
    """The batch that holds exactly this file, read in this way."""
    row = connection.execute(
        "SELECT batch FROM import_batch "
        "WHERE study = $study AND sha256 = $digest AND mapping = $mapping ORDER BY batch",
        {"study": study, "digest": digest, "mapping": mapping.to_json()},
    ).fetchone()
    return row[0] if row else None


def empty_outcome(table: TextTable) -> Outcome:
    """The outcome of a file that the store holds already."""
    nothing = table.rejected.clear()
    return Outcome(
        accepted=nothing, rejected=nothing, warnings=nothing, read=table.rows.height, unchanged=table.rows.height
    )
