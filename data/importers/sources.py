"""What is to be read: tables with the study they belong to, the mapping that reads them, and accepted fixes."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from data.importers import bulk_layout
from data.importers.bulk_layout import Layout, is_simple, read_layout, scan_file
from data.importers.cells import FIXES
from data.importers.conventions import guess_shape
from data.importers.readers.archive import NamedFile, list_files, read_bytes
from data.importers.readers.open_file import open_tables
from data.importers.recognize import Proposal, propose
from data.importers.recognize.mappings import list_questions, write_mappings
from data.importers.study_file import FileMapping, StudyFile
from data.importers.text import LINE, REJECTED, TextTable, UnreadableFile

Progress = Callable[[str], None]
NO_FIXES = pl.DataFrame(schema=FIXES)


@dataclass(frozen=True)
class Source:
    """One table to read. ``name`` is that of its file, ``digest`` the SHA-256 of its bytes.

    Of a file that may be read in bulk, ``table`` has the header only, ``layout`` says how it is laid out
    and ``lines`` how many it has below the header.
    """

    name: str
    digest: str
    table: TextTable
    study: str
    mapping: FileMapping
    fixes: pl.DataFrame = field(default_factory=lambda: NO_FIXES)
    layout: Layout | None = None
    lines: int = 0

    @property
    def label(self) -> str:
        """The file, and its sheet where it has several: what rows and findings name as their source."""
        return f"{self.name}, {self.mapping.sheet}" if self.mapping.sheet else self.name


@dataclass(frozen=True)
class OpenFile:
    """A file with its tables."""

    name: str
    digest: str
    tables: tuple[TextTable, ...]

    def find(self, sheet: str) -> TextTable:
        """The table of a sheet; the only one where no sheet is named. Raises UnreadableFile."""
        if not sheet and len(self.tables) == 1:
            return self.tables[0]
        for table in self.tables:
            if table.sheet == sheet:
                return table
        known = ", ".join(repr(table.sheet) for table in self.tables)
        raise UnreadableFile(f"{self.name} has no sheet {sheet!r}; it has {known}")


def open_file(file: NamedFile, encoding: str = "") -> OpenFile:
    """A file with its tables. Raises UnreadableFile."""
    return OpenFile(file.name, hashlib.sha256(file.content).hexdigest(), tuple(open_tables(file, encoding)))


def open_study(folder: Path, study: StudyFile, progress: Progress) -> list[Source]:
    """The files of a study folder in the order in which they are read, each opened once. Raises UnreadableFile."""
    opened: dict[tuple[str, str], OpenFile] = {}
    sources = []
    for mapping in order_mappings(study.files):
        path, key = folder / mapping.path, (mapping.path, mapping.encoding)
        if large := open_large(path, study.study, mapping):
            progress(path.name)
            sources.append(large)
            continue
        if key not in opened:
            opened[key] = open_file(NamedFile(path.name, read_bytes(path)), mapping.encoding)
        progress(path.name)
        file = opened[key]
        sources.append(Source(file.name, file.digest, file.find(mapping.sheet), study.study, mapping))
    return sources


def open_large(path: Path, study: str, mapping: FileMapping) -> Source | None:
    """A large text file that may be read in bulk; None for any other."""
    if not path.is_file() or path.stat().st_size < bulk_layout.LEAST_BYTES or not is_simple(mapping):
        return None
    layout = read_layout(path, mapping)
    if layout is None:
        return None
    digest, lines = scan_file(path)
    rows = pl.DataFrame(schema={LINE: pl.Int32} | dict.fromkeys(layout.header, pl.String))
    table = TextTable(rows, pl.DataFrame(schema=REJECTED))
    return Source(path.name, digest, table, study, mapping, layout=layout, lines=lines)


def open_whole(source: Source) -> Source:
    """The same table with all of its rows. Raises UnreadableFile."""
    if source.layout is None:
        return source
    path = source.layout.path
    file = open_file(NamedFile(path.name, read_bytes(path)), source.mapping.encoding)
    return replace(source, table=file.find(source.mapping.sheet), layout=None)


def order_mappings(mappings: Iterable[FileMapping]) -> list[FileMapping]:
    """Subjects first, because everything else belongs to one; of these the ones with a date of time zero first.

    Measurements come last: they are looked at beside deaths.
    """
    rank = {"subjects": 0, "measurements": 2}
    return sorted(mappings, key=lambda item: (rank.get(item.shape, 1), "time_zero_date" not in item.columns))


def open_paths(paths: Sequence[Path], study: StudyFile, progress: Progress) -> list[Source]:
    """The tables of files of a study that is in the store, by the mappings it keeps, else by their own columns.

    Raises UnreadableFile.
    """
    sources, skipped = [], []
    for item in propose_paths(paths, progress):
        kept = find_kept(study, item.file, item.table)
        # A sheet of remarks beside the tables; a file of its own is never passed over.
        if not kept and item.table.sheet and not item.reading.says_something and item.table.rejected.is_empty():
            skipped.append(f"{item.file}, {item.table.sheet}: none of its columns is known, so it was not read")
            continue
        mappings = kept or read_named(item)
        sources += [Source(item.file, item.digest, item.table, study.study, mapping) for mapping in mappings]
    if sources and skipped:
        first = sources[0].table
        sources[0] = replace(sources[0], table=replace(first, notes=(*first.notes, *skipped)))
    return order_sources(sources)


def read_named(proposal: Proposal) -> list[FileMapping]:
    """The mappings of a table that the columns' own names give, or what was recognized with certainty.

    Raises UnreadableFile where a question is open.
    """
    try:
        return [guess_shape(proposal.table, proposal.file)]
    except UnreadableFile as error:
        if proposal.reading.row_ids or list_questions(proposal.reading):
            raise UnreadableFile(f"{error.args[0]}, or answer its questions on the page Import") from error
        return write_mappings(proposal.reading, proposal.file, proposal.table.sheet, own_subjects=False)


def propose_paths(paths: Sequence[Path], progress: Progress = lambda _: None) -> list[Proposal]:
    """The tables of files, folders and zips with how they are probably read. Raises UnreadableFile."""
    opened = []
    for file in (file for path in paths for file in list_files(path)):
        progress(file.name)
        opened.append(open_file(file))
    return propose([(file.name, file.digest, table) for file in opened for table in file.tables])


def order_sources(sources: Sequence[Source]) -> list[Source]:
    """Sources in the order in which they are read."""
    order = {id(mapping): at for at, mapping in enumerate(order_mappings(source.mapping for source in sources))}
    return sorted(sources, key=lambda source: order[id(source.mapping)])


def find_kept(study: StudyFile, name: str, table: TextTable) -> list[FileMapping]:
    """The mappings that a study keeps for a table: those of its file name, else those whose every column it has."""
    named = [item for item in study.files if Path(item.path).name == name and item.sheet in ("", table.sheet)]
    own = [item for item in named if item.wanted <= set(table.columns)]
    if own or named:
        return own or named
    fitting = [item for item in study.files if item.wanted and item.wanted <= set(table.columns)]
    best = max((len(item.wanted) for item in fitting), default=0)
    origin = next((item.path for item in fitting if len(item.wanted) == best), "")
    return [replace(item, path=name) for item in fitting if item.path == origin]
