"""A file to its tables, by what its bytes say; the ending of its name is only a hint."""

from importlib import import_module

from data.importers.readers.archive import NamedFile, is_zip
from data.importers.readers.delimited import read_delimited
from data.importers.text import TextTable, UnreadableFile

READERS = "data.importers.readers"

XPORT = b"HEADER RECORD*******L"
REFUSED = {
    b"%PDF": "a PDF; a table in a PDF cannot be read: ask for the file that it was printed from",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls); save it as .xlsx",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "packed with gzip; unpack it first",
    b"7z\xbc\xaf": "packed with 7-Zip; unpack it first",
    b"Rar!": "packed with RAR; unpack it first",
    b"MZ": "a program",
    b"\x7fELF": "a program",
    b"SQLite": "a database",
    b"{\\rtf": "a text document (RTF)",
}


def open_tables(file: NamedFile, encoding: str = "") -> list[TextTable]:
    """The tables of one file. ``encoding`` is what a person said of a text file. Raises UnreadableFile."""
    content, name = file.content, file.name
    if not content.strip():
        raise UnreadableFile(f"{name} is empty")
    for signature, kind in REFUSED.items():
        if content.startswith(signature):
            raise UnreadableFile(f"{name} is {kind}")
    if is_zip(content):
        # The libraries of these formats take longer to load than a text file takes to read.
        return import_module(f"{READERS}.excel").read_workbook(content, name)
    if content.startswith(b"PAR1"):
        return [import_module(f"{READERS}.columnar").read_parquet(content, name)]
    if content.startswith(XPORT):
        return [import_module(f"{READERS}.columnar").read_xport(content, name)]
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"{", b"[{", b"[\n", b"[ ", b"[\r")):
        return import_module(f"{READERS}.json_files").read_json(content, name)
    if start.startswith((b"<?xml", b"<!DOCTYPE", b"<html", b"<HTML")):
        raise UnreadableFile(f"{name} is XML or a web page, not a table; export it as CSV or Excel")
    return [read_delimited(content, name, encoding)]
