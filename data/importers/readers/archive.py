"""Several files at once: a zip or a folder. What could harm is refused before anything is unpacked."""

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from data.importers.text import UnreadableFile

MOST_BYTES = 1_000_000_000  # of all files of an archive, unpacked
MOST_FILES = 500
MOST_RATIO = 200  # a sheet of numbers shrinks to a tenth, a zip bomb to a thousandth
SMALL = 5_000_000
READABLE = (".csv", ".tsv", ".txt", ".tab", ".dat", ".xlsx", ".xlsm", ".parquet", ".xpt", ".json", ".ndjson", ".zip")


@dataclass(frozen=True)
class NamedFile:
    """A file as it was given: its name without a path, and its bytes."""

    name: str
    content: bytes


def is_zip(content: bytes) -> bool:
    """Whether bytes are a zip archive; a sheet of Excel is one too."""
    return content.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def open_zip(content: bytes, name: str) -> zipfile.ZipFile:
    """An archive whose unpacked size is bearable. Raises UnreadableFile."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:  # what zipfile raises for a damaged index
        raise UnreadableFile(f"{name} is a damaged zip or Excel file: {error}") from error
    size = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_FILES * 10:
        raise UnreadableFile(f"{name} holds {len(entries):,} files; that is no collection of study files")
    if size > MOST_BYTES or (size > SMALL and size > MOST_RATIO * len(content)):
        raise UnreadableFile(
            f"{name} would unpack to {size / 1e6:,.0f} MB from {len(content) / 1e6:,.1f} MB: it is not opened"
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnreadableFile(f"{name} is protected by a password; save it without one")
    return archive


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether an archive is a sheet of Excel."""
    return "xl/workbook.xml" in archive.namelist()


def list_members(content: bytes, name: str) -> list[NamedFile]:
    """The files of a zip that can be read, in the order of their names. Raises UnreadableFile."""
    archive = open_zip(content, name)
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and is_wanted(entry.filename)]
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise UnreadableFile(
                f"{name} holds a file that points outside of it ({entry.filename[:80]!r}): it is not opened"
            )
        if path.suffix.lower() == ".zip":
            raise UnreadableFile(f"{name} holds another zip ({path.name}); unpack that one first")
    if not entries:
        raise UnreadableFile(f"{name} holds no file that can be read")
    if len(entries) > MOST_FILES:
        raise UnreadableFile(f"{name} holds {len(entries)} files; up to {MOST_FILES} are read at once")
    return sorted((read_member(archive, entry, name) for entry in entries), key=lambda file: file.name)


def is_wanted(path: str) -> bool:
    """Whether a file of an archive or a folder may be data: no hidden file, and an ending that is read."""
    pure = PurePosixPath(path)
    hidden = any(part.startswith((".", "__")) for part in pure.parts if part not in ("..", "."))
    return not hidden and pure.suffix.lower() in READABLE


def read_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> NamedFile:
    """One file of an archive. Raises UnreadableFile."""
    try:
        return NamedFile(PurePosixPath(entry.filename).name, archive.read(entry))
    # What zipfile and zlib raise for damaged content, a wrong checksum or an unknown way of packing.
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise UnreadableFile(f"{name}: {entry.filename[:80]!r} in it is damaged: {error}") from error


def list_files(path: Path) -> list[NamedFile]:
    """The files at a path: one file, the files of a folder, or those in a zip. Raises UnreadableFile."""
    if path.is_dir():
        files = [file for file in sorted(path.iterdir()) if file.is_file() and is_wanted(file.name)]
        if not files:
            raise UnreadableFile(f"{path} holds no file that can be read ({', '.join(READABLE)})")
        return [member for file in files for member in list_files(file)]
    content = read_bytes(path)
    return expand(NamedFile(path.name, content))


def expand(file: NamedFile) -> list[NamedFile]:
    """A file as it is, or the files in it where it is a zip. Raises UnreadableFile."""
    if is_zip(file.content):
        with open_zip(file.content, file.name) as archive:
            workbook = is_workbook(archive)
        if not workbook:
            return list_members(file.content, file.name)
    return [file]


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises UnreadableFile."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be opened: {error.strerror}") from error
