"""From bytes to a table of text: encoding, delimiter, header and ragged rows, nothing else."""

import csv
import io
from collections import Counter
from dataclasses import dataclass

import polars as pl

from data.importers.privacy import WITHHELD, is_private

SEPARATORS = ",;\t|"
SIGNATURES = {
    b"PK\x03\x04": "an Excel or zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
}
LINE = "__line__"
REJECTED = {"line": pl.Int32, "column": pl.String, "value": pl.String, "reason": pl.String}


class UnreadableFile(ValueError):
    """A file that cannot be read as a table; the message says why in the user's words."""


@dataclass(frozen=True)
class TextTable:
    """A file as text: ``rows`` has one text column per header and ``__line__``, the line in the file.

    ``rejected`` holds lines that do not fit the header, ``notes`` what was recognized on the way.
    """

    rows: pl.DataFrame
    rejected: pl.DataFrame
    notes: tuple[str, ...] = ()
    separator: str = ","


def read_table(content: bytes, name: str) -> TextTable:
    """The table in a delimited text file. Raises UnreadableFile."""
    text, notes = decode(content, name)
    if not text.strip():
        raise UnreadableFile(f"{name} is empty")
    separator = find_separator(text)
    records = read_records(text, separator, name)
    header = check_header(records[0][1], name)
    full = [(line, cells) for line, cells in records[1:] if any(cell.strip() for cell in cells)]
    if not full:
        raise UnreadableFile(f"{name} has a header and no rows below it")
    fitting = [(line, cells) for line, cells in full if len(cells) == len(header)]
    columns = list(zip(*(cells for _, cells in fitting), strict=True)) or [()] * len(header)
    data = {LINE: [line for line, _ in fitting]} | dict(zip(header, columns, strict=True))
    rows = pl.DataFrame(data, schema={LINE: pl.Int32} | dict.fromkeys(header, pl.String))
    # Our own exports put a quote before text that a spreadsheet would take for a formula.
    clean = pl.col(pl.String).str.strip_chars().str.replace(r"^'([=+\-@])", "$1")
    return TextTable(rows.with_columns(clean), reject_ragged(full, header), notes, separator)


def decode(content: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """The text of a file, and a note where it is not UTF-8. Raises UnreadableFile."""
    for signature, kind in SIGNATURES.items():
        if content.startswith(signature):
            raise UnreadableFile(f"{name} is {kind}; save the sheet as CSV and import that")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decode_as(content, "utf-16", name), ("read as UTF-16",)
    if b"\x00" in content:
        raise UnreadableFile(f"{name} is not a text file: it holds zero bytes")
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        return decode_as(content, "cp1252", name), ("read as Windows-1252, because it is not UTF-8",)


def decode_as(content: bytes, encoding: str, name: str) -> str:
    """The text in this encoding. Raises UnreadableFile."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{name} is neither UTF-8, UTF-16 nor Windows-1252 text; save it as UTF-8") from error


def find_separator(text: str) -> str:
    """The delimiter that the first line uses most, a comma where it uses none."""
    first = next(line for line in text.splitlines() if line.strip())
    counts = Counter(char for char in first if char in SEPARATORS)
    return counts.most_common(1)[0][0] if counts else ","


def read_records(text: str, separator: str, name: str) -> list[tuple[int, list[str]]]:
    """The records with the line each begins at. Raises UnreadableFile."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records, begin = [], 1
    try:
        for cells in reader:
            if cells:
                records.append((begin, cells))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(
            f"{name} cannot be read from line {begin} on: a quotation mark is opened and not closed properly ({error})"
        ) from error
    return records


def check_header(cells: list[str], name: str) -> list[str]:
    """The column names. Raises UnreadableFile for a name that is missing or comes twice."""
    header = [cell.strip() for cell in cells]
    if all(is_number(cell) for cell in header if cell):
        raise UnreadableFile(f"{name} has no header: its first line holds only numbers ({', '.join(header[:4])} …)")
    twice = [column for column, count in Counter(header).items() if count > 1]
    if twice:
        named = f"{twice[0]!r}" if twice[0] else "without a name"
        raise UnreadableFile(f"{name} has more than one column {named}; every column needs a name of its own")
    return header


def is_number(text: str) -> bool:
    """Whether a text is a number, with decimal point or comma."""
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def reject_ragged(records: list[tuple[int, list[str]]], header: list[str]) -> pl.DataFrame:
    """The rows that have more or fewer cells than the header; without their text where a column identifies a person."""
    private = any(is_private(column) for column in header)
    ragged = [
        {
            "line": line,
            "column": "",
            "value": WITHHELD if private else " | ".join(cells)[:200],
            "reason": f"the row has {len(cells)} cells and the header has {len(header)}",
        }
        for line, cells in records
        if len(cells) != len(header)
    ]
    return pl.DataFrame(ragged, schema=REJECTED)
