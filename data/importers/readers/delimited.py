"""CSV and its relatives: any delimiter, any usual encoding, quoted or not."""

import csv
import io
from collections import Counter

import polars as pl

from data.importers.readers.encoding import decode
from data.importers.text import (
    HEADER_ROWS,
    LINE,
    MOST_COLUMNS,
    REJECTED,
    Records,
    TextTable,
    UnreadableFile,
    check_header,
    clean,
    count_header_rows,
    make_table,
)

SEPARATORS = ",;\t|"


def read_delimited(content: bytes, name: str, encoding: str = "") -> TextTable:
    """The table in a delimited text file. Raises UnreadableFile."""
    text, notes = decode(content, name, encoding)
    if not text.strip():
        raise UnreadableFile(f"{name} is empty")
    if "\x00" in text:
        raise UnreadableFile(f"{name} is not a text file: it holds zero bytes")
    first = next(line for line in text.splitlines() if line.strip())
    separator = find_separator(text, first)
    if first.count(separator) >= MOST_COLUMNS:
        raise UnreadableFile(f"{name} has {first.count(separator) + 1:,} columns; up to {MOST_COLUMNS:,} are read")
    regular = read_regular(text, separator, name, notes)
    return regular or make_table(read_records(text, separator, name), name, notes, separator)


def find_separator(text: str, first: str) -> str:
    """The delimiter that comes equally often in most of the first lines, else the most frequent in the first one."""
    lines = [line for line in text[:20_000].splitlines()[:20] if line.strip()]
    counts = {char: Counter(line.count(char) for line in lines) for char in SEPARATORS if char in first}
    if not counts:
        return find_unusual(lines)
    steady = {char: max((n for count, n in found.items() if count), default=0) for char, found in counts.items()}
    return max(steady, key=lambda char: (steady[char], first.count(char)))


def find_unusual(lines: list[str]) -> str:
    """A delimiter that is none of the usual ones: a mark as often in every line; a comma where there is none."""
    for char in ("\x1f", "^", "~", "¦", "#", ":"):
        if len(lines) > 1 and lines[0].count(char) and len({line.count(char) for line in lines}) == 1:
            return char
    return ","


def read_regular(text: str, separator: str, name: str, notes: tuple[str, ...]) -> TextTable | None:
    """The table of a file whose every line has the cells of its header and no quotation mark; None for another.

    It is read in parallel. A line more or less, a blank line or a quotation mark: the slow reader takes it.
    """
    begin = [(0, line.split(separator)) for line in text[:20_000].splitlines()[:HEADER_ROWS]]
    body = text.rstrip("\r\n")
    head, _, rest = body.partition("\n")
    header = [cell.strip().strip('"') for cell in head.rstrip("\r").split(separator)]
    lines = rest.count("\n") + 1
    if (
        not rest.strip()
        or '"' in rest
        or "\r" in rest.replace("\r\n", "\n")
        or separator in "".join(cell for cell in header if not cell)
        or "" in header
        or len(begin[0][1]) < 2
        or count_header_rows(begin, frozenset()) > 1
        or rest.count(separator) != lines * (len(header) - 1)
    ):
        return None
    rows = parse_regular(rest, separator, len(header))
    if rows is None or rows.height != lines:
        return None
    named = rows.rename(dict(zip(rows.columns, check_header(header, name), strict=True)))
    lined = clean(named.with_row_index(LINE, 2).cast({LINE: pl.Int32}))
    filled = lined.filter(pl.any_horizontal(pl.col(column) != "" for column in header))
    if filled.is_empty():
        raise UnreadableFile(f"{name} has a header and no rows below it")
    return TextTable(filled, pl.DataFrame(schema=REJECTED), notes, separator)


def parse_regular(rest: str, separator: str, width: int) -> pl.DataFrame | None:
    """The cells of lines without quotation marks; None where a line has more cells than the header."""
    names = [f"column_{at + 1}" for at in range(width)]
    try:
        return pl.read_csv(
            io.BytesIO(rest.encode()),
            separator=separator,
            has_header=False,
            quote_char=None,
            schema=dict.fromkeys(names, pl.String),
        ).fill_null("")
    except (pl.exceptions.PolarsError, ValueError):  # a delimiter of two bytes, or a line with too many cells
        return None


def read_records(text: str, separator: str, name: str) -> Records:
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
