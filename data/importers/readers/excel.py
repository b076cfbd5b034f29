"""Sheets of Excel as people keep them: titles, merged header cells, dates, formulas."""

import io
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, NamedTuple

import openpyxl
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

from data.importers.readers.archive import open_zip
from data.importers.text import BARE_FORMULA, HEADER_ROWS, Records, TextTable, UnreadableFile, make_table


class Area(NamedTuple):
    """A merged area of a sheet, from its first to its last column and row."""

    min_col: int
    min_row: int
    max_col: int
    max_row: int


MOST_CELLS = 3_000_000


def read_workbook(content: bytes, name: str) -> list[TextTable]:
    """The tables of an Excel file, one a sheet that holds a table. Raises UnreadableFile."""
    open_zip(content, name).close()
    try:
        values = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
        formulas = openpyxl.load_workbook(io.BytesIO(content))
    except Exception as error:  # a damaged file makes openpyxl raise whatever its parsers raise
        raise UnreadableFile(f"{name} cannot be read as an Excel file: {tell(error)}") from error
    read = [read_tried(sheet, formulas[sheet.title], name, len(values.worksheets) > 1) for sheet in values.worksheets]
    tables = [table for table, _ in read if table is not None]
    skipped = tuple(reason for _, reason in read if reason)
    if not tables:
        raise UnreadableFile(skipped[0] if skipped else f"{name} holds no sheet with a table")
    return [replace(tables[0], notes=(*tables[0].notes, *skipped)), *tables[1:]]


def tell(error: Exception) -> str:
    """What a library says of a damaged file, on one line."""
    return " ".join(str(error).split())[:120] or type(error).__name__


def read_tried(sheet: Worksheet, formulas: Worksheet, name: str, several: bool) -> tuple[TextTable | None, str]:
    """The table of a sheet, or the reason why it holds none; neither for an empty sheet."""
    said = f"{name}, sheet {sheet.title}"
    if sheet.max_row * sheet.max_column > MOST_CELLS:
        return None, f"{said} spans {sheet.max_row:,} rows and {sheet.max_column:,} columns; remove what is empty"
    if not any(cell for row in sheet.iter_rows(values_only=True) for cell in row):
        return None, ""
    try:
        return read_sheet(sheet, formulas, said, several), ""
    except UnreadableFile as error:
        return None, str(error)


def read_sheet(sheet: Worksheet, formulas: Worksheet, name: str, several: bool) -> TextTable:
    """The table of one sheet; its lines are the sheet's rows. Raises UnreadableFile."""
    bare = find_bare_formulas(sheet, formulas)
    grid = [[write_cell(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    for row, column in bare:
        grid[row - 1][column - 1] = BARE_FORMULA
    merged = fill_merged(sheet, grid)
    width = max((at + 1 for cells in grid for at, cell in enumerate(cells) if cell.strip()), default=0)
    records: Records = [(line, cells[:width]) for line, cells in enumerate(grid, start=1) if any(cells)]
    first = next((at for at, (_, cells) in enumerate(records) if sum(map(bool, cells)) > 1), 0)
    filled = frozenset(at - first for at, (line, _) in enumerate(records) if line in merged)
    computed = sum(1 for row in formulas.iter_rows() for cell in row if cell.data_type == "f") - len(bare)
    notes = (f"{computed} cells hold a formula: what it last gave was read",) if computed else ()
    hidden = (f"the sheet is {sheet.sheet_state}",) if sheet.sheet_state != "visible" else ()
    table = make_table(records, name, (*notes, *hidden), filled=filled)
    return replace(table, sheet=sheet.title if several else "")


def find_bare_formulas(sheet: Worksheet, formulas: Worksheet) -> list[tuple[int, int]]:
    """Row and column of the formulas that nobody has computed yet."""
    cells = [cell for row in formulas.iter_rows() for cell in row if cell.data_type == "f"]
    return [(cell.row, cell.column) for cell in cells if sheet.cell(cell.row, cell.column).value is None]


def fill_merged(sheet: Worksheet, grid: list[list[str]]) -> frozenset[int]:
    """Give every cell of a merged area the text of its first; the lines whose first cell came so.

    A title over the whole table stays one cell: it is no header.
    """
    lines = set()
    for text_range in [str(item) for item in sheet.merged_cells.ranges]:  # ty: ignore[not-iterable]
        area = Area(*range_boundaries(text_range))
        text = grid[area.min_row - 1][area.min_col - 1]
        title = area.min_col == 1 and area.max_col > 1 and area.min_row <= HEADER_ROWS
        if title and not any(grid[area.min_row - 1][area.max_col :]):
            continue
        for row in range(area.min_row, area.max_row + 1):
            for column in range(area.min_col, area.max_col + 1):
                grid[row - 1][column - 1] = text
            if area.min_col == 1 and row > area.min_row:
                lines.add(row)
    return frozenset(lines)


def write_cell(value: Any) -> str:
    """A cell as text: numbers in full, dates as 2024-03-31, empty for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value).replace("\x00", "")
