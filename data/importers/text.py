"""A file as a table of text: header, ragged rows, footnotes; nothing is interpreted yet."""

import re
from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from analytics.catalog import PARAMETERS, match_parameter
from analytics.catalog.unit import normalize_unit
from data.importers.privacy import WITHHELD, is_private

LINE = "__line__"
REJECTED = {"line": pl.Int32, "column": pl.String, "value": pl.String, "reason": pl.String, "usubjid": pl.String}
MOST_COLUMNS = 2_000
NOTHING = ("", "na", "n/a", "n.a.", ".", "-", "--", "nan", "null")
NOT_DONE = ("nd", "n.d.", "not done", "missing", "n. d.", "未检", "未測定", "검사안함")
DATA_LIKE = re.compile(r"^[<>≤≥]?=?\s*[-+]?\d[\d.,]*%?$|^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|^\++$", re.IGNORECASE)
SHOWN = 200  # characters of a row that is quoted
REMARK = "the row has text in its first cell and nothing else: a remark, not a patient"
PART = " | "  # between the rows of a header
HEADER_ROWS = 4
UNITS = {normalize_unit(unit) for parameter in PARAMETERS.values() for unit in parameter.units}
BARE_FORMULA = "#FORMULA"  # a cell of Excel whose formula nobody has computed

Records = list[tuple[int, list[str]]]


class UnreadableFile(ValueError):
    """A file that cannot be read as a table; the message says why in the user's words."""


@dataclass(frozen=True)
class TextTable:
    """A file, a sheet or a dataset as text: a text column per header and ``__line__``, the line in the file.

    ``rejected`` holds lines that do not fit the header, ``notes`` what was recognized on the way.
    ``sheet`` names the table within its file, ``labels`` gives a column's long name where the file has
    one, ``standard`` the standard that names its columns.
    """

    rows: pl.DataFrame
    rejected: pl.DataFrame
    notes: tuple[str, ...] = ()
    sheet: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    standard: str = ""

    @property
    def columns(self) -> list[str]:
        """The headers of the file."""
        return [name for name in self.rows.columns if name != LINE]


def make_table(
    records: Records, name: str, notes: tuple[str, ...] = (), filled: frozenset[int] = frozenset()
) -> TextTable:
    """The table of these records, each with its line; the header is found in the first of them.

    ``filled`` names the records whose first cell repeats the one above (a merged cell). Raises UnreadableFile.
    """
    records, title = drop_title(records)
    height = count_header_rows(records, filled)
    width = max(len(cells) for _, cells in records[:height])
    header = name_columns([cells + [""] * (width - len(cells)) for _, cells in records[:height]])
    body = [(line, cells) for line, cells in records[height:] if any(cell.strip() for cell in cells)]
    used = [at for at in range(width) if header[at] or any(len(cells) > at and cells[at].strip() for _, cells in body)]
    header = check_header([header[at] for at in used], name)
    if not body:
        raise UnreadableFile(f"{name} has a header and no rows below it")
    fitting, odd = part_records(body, width)
    columns = list(zip(*([cells[at] for at in used] for _, cells in fitting), strict=True)) or [()] * len(header)
    data = {LINE: [line for line, _ in fitting]} | dict(zip(header, columns, strict=True))
    rows = pl.DataFrame(data, schema={LINE: pl.Int32} | dict.fromkeys(header, pl.String))
    return TextTable(clean(rows), reject(odd, header), (*notes, *title))


def clean(rows: pl.DataFrame) -> pl.DataFrame:
    """Text without blanks around it; our own exports put a quote before text that looks like a formula."""
    return rows.with_columns(pl.col(pl.String).str.strip_chars().str.replace(r"^'([=+\-@])", "$1"))


def drop_title(records: Records) -> tuple[Records, tuple[str, ...]]:
    """The records without lines of one cell above the header, and a note of what they say."""
    wide = next((at for at, (_, cells) in enumerate(records) if count_filled(cells) > 1), 0)
    said = [next(cell.strip() for cell in cells if cell.strip()) for _, cells in records[:wide] if count_filled(cells)]
    return records[wide:], tuple(f"above the table stands “{text[:SHOWN]}”" for text in said)


def count_filled(cells: list[str]) -> int:
    """How many cells of a record say something."""
    return sum(1 for cell in cells if cell.strip())


def count_header_rows(records: Records, filled: frozenset[int]) -> int:
    """How many of the first records are header: the first, and those below it without a subject and without data."""
    height = 1
    first = [cell.strip() for cell in records[0][1]]
    whole = all(first) and len(set(first)) == len(first)
    for at, (_, cells) in enumerate(records[1:HEADER_ROWS], start=1):
        begins = bool(cells[0].strip()) and at not in filled
        said = [cell.strip() for cell in cells if cell.strip()]
        # Below a row that names every column only a row of units can belong to the header.
        more = all(map(is_unit, said)) and len(said) > 1 if whole else any(map(is_heading, said))
        if begins or any(map(DATA_LIKE.match, said)) or not more:
            break
        height += 1
    return height if height < len(records) else 1


def is_unit(text: str) -> bool:
    """Whether a text is a unit of the catalog."""
    return normalize_unit(text.strip("()[]")) in UNITS


def is_heading(text: str) -> bool:
    """Whether a text is a unit or a name of the catalog."""
    return is_unit(text) or match_parameter(text) is not None


def name_columns(rows: list[list[str]]) -> list[str]:
    """The name of every column: what its header cells say from top to bottom, each once."""
    return [
        PART.join(dict.fromkeys(cell.strip() for cell in cells if cell.strip())) for cells in zip(*rows, strict=True)
    ]


def check_header(header: list[str], name: str) -> list[str]:
    """The column names. Raises UnreadableFile for a name that is missing or comes twice, or too many of them."""
    if len(header) > MOST_COLUMNS:
        raise UnreadableFile(f"{name} has {len(header):,} columns; up to {MOST_COLUMNS:,} are read")
    if all(is_number(cell) for cell in header if cell):
        raise UnreadableFile(f"{name} has no header: its first line holds only numbers ({', '.join(header[:4])} …)")
    twice = [column for column, count in Counter(header).items() if count > 1]
    if twice or "" in header:
        named = f"more than one column {twice[0]!r}" if twice and twice[0] else "a column without a name"
        raise UnreadableFile(f"{name} has {named}; every column needs a name of its own")
    return header


def is_number(text: str) -> bool:
    """Whether a text is a number, with decimal point or comma."""
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def part_records(body: Records, width: int) -> tuple[Records, list[tuple[int, list[str], str]]]:
    """The records that fit the header, and the others with the reason: too many or few cells, or a footnote."""
    fitting: Records = []
    odd = []
    for line, cells in body:
        said = [cell.strip() for cell in cells if cell.strip()]
        if len(cells) != width:
            odd.append((line, cells, f"the row has {len(cells)} cells and the header has {width}"))
        elif len(said) == 1 and width > 2 and " " in said[0] and said[0] == cells[0].strip():
            odd.append((line, said, REMARK))
        else:
            fitting.append((line, cells))
    return fitting, odd


def reject(odd: list[tuple[int, list[str], str]], header: list[str]) -> pl.DataFrame:
    """Rows that do not fit, with their reason; without their text where a column identifies a person."""
    private = any(is_private(column) for column in header)
    rows = [
        {"line": line, "column": "", "value": WITHHELD if private else " | ".join(cells)[:SHOWN], "reason": reason}
        for line, cells, reason in odd
    ]
    return pl.DataFrame(rows, schema=REJECTED)
