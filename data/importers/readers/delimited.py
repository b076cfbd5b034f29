"""CSV and its relatives: any delimiter, any usual encoding, quoted or not."""

import csv
import io
import tempfile
from collections import Counter
from pathlib import Path

import duckdb
import polars as pl

from data.importers.readers.encoding import decode
from data.importers.text import (
    HEADER_ROWS,
    LINE,
    MOST_COLUMNS,
    REJECTED,
    REMARK,
    Records,
    TextTable,
    UnreadableFile,
    check_header,
    clean,
    count_header_rows,
    make_table,
    reject,
)

SEPARATORS = ",;\t|"
QUOTED = """
SELECT COLUMNS(*)::VARCHAR FROM read_csv(
    $path, columns = $columns, delim = $mark, quote = '"', escape = '"', header = false, auto_detect = false,
    strict_mode = true, null_padding = false, nullstr = '\x01', max_line_size = 10000000
)
"""


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
    return regular or make_table(read_records(text, separator, name), name, notes)


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
    """The table of a file whose every line is a record with the cells of its header; None for another.

    It is read in parallel; what has blank lines, cells of two lines or several header rows, the slow reader takes.
    """
    head, _, rest = text.rstrip("\r\n").partition("\n")
    begin = [(0, line.split(separator)) for line in text[:20_000].splitlines()[:HEADER_ROWS]]
    if not rest.strip() or "\r" in rest.replace("\r\n", "\n") or count_header_rows(begin, frozenset()) > 1:
        return None
    try:
        header = [cell.strip() for cell in next(csv.reader([head.rstrip("\r")], delimiter=separator, strict=True))]
    except csv.Error:
        return None
    if len(header) < 2 or "" in header:
        return None
    parse = parse_quoted if '"' in rest else parse_plain
    rows = parse(rest, separator, len(header))
    if rows is None or rows.height != rest.count("\n") + 1:
        return None
    return make_regular(rows, check_header(header, name), name, notes)


def make_regular(rows: pl.DataFrame, header: list[str], name: str, notes: tuple[str, ...]) -> TextTable:
    """The table of these rows below a header in line 1, blank rows left out. Raises UnreadableFile."""
    named = rows.rename(dict(zip(rows.columns, header, strict=True)))
    table = part_lines(named.with_row_index(LINE, 2).cast({LINE: pl.Int32}), header, notes)
    if table.rows.is_empty() and table.rejected.is_empty():
        raise UnreadableFile(f"{name} has a header and no rows below it")
    return table


def part_lines(lined: pl.DataFrame, header: list[str], notes: tuple[str, ...] = ()) -> TextTable:
    """The rows with their lines as a table: blank ones left out, remarks rejected."""
    filled = clean(lined).filter(pl.any_horizontal(pl.col(column) != "" for column in header))
    if len(header) <= 2:
        return TextTable(filled, pl.DataFrame(schema=REJECTED), notes)
    alone = pl.all_horizontal(pl.col(column) == "" for column in header[1:])
    remark = alone & pl.col(header[0]).str.contains(" ", literal=True)
    odd = [(row[LINE], [row[header[0]]], REMARK) for row in filled.filter(remark).to_dicts()]
    return TextTable(filled.filter(~remark), reject(odd, header), notes)


def parse_plain(rest: str, separator: str, width: int) -> pl.DataFrame | None:
    """The cells of lines without quotation marks; None where a line has more or fewer cells than the header."""
    if rest.count(separator) != (rest.count("\n") + 1) * (width - 1):
        return None
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


def parse_quoted(rest: str, separator: str, width: int) -> pl.DataFrame | None:
    """The cells of lines with quotation marks; None where a line has more or fewer cells, or a mark is not closed."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as connection:
        path = Path(folder) / "rows.csv"
        path.write_text(rest, encoding="utf-8", newline="")
        columns = {f"column_{at + 1}": "VARCHAR" for at in range(width)}
        try:
            return connection.sql(QUOTED, params={"path": str(path), "columns": columns, "mark": separator}).pl()
        except (duckdb.Error, UnicodeEncodeError):
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
