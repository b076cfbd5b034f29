"""A study as a folder that imports again to the same study: study.toml with CSV, Parquet or Excel files."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from data.exports.safe import make_harmless
from data.exports.tables import StudyTables
from data.importers.text import UnreadableFile

CSV, PARQUET, XLSX = "csv", "parquet", "xlsx"
MOST_ROWS = 1_048_575  # of a sheet of Excel below its header
HELPERS = ("number",)


def export_folder(data: StudyTables, out: Path, form: str) -> list[Path]:
    """Write a study as study.toml and its tables; the files written.

    Names of files of simulated data begin with SIMULATED. Raises UnreadableFile where a table has more
    rows than a sheet.
    """
    prefix = "SIMULATED-" if data.simulated else ""
    folder = out / data.study
    folder.mkdir(parents=True, exist_ok=True)
    filled = {shape: prepare(table) for shape, table in data.tables.items() if not table.is_empty()}
    if form == XLSX:
        path = folder / f"{prefix}{data.study}.xlsx"
        write_workbook(path, filled)
        files = [path]
        places = {shape: {"path": path.name, "sheet": shape} for shape in filled}
    else:
        files = [folder / f"{prefix}{shape}.{form}" for shape in filled]
        for path, table in zip(files, filled.values(), strict=True):
            write_table(path, table, form)
        places = {shape: {"path": path.name} for shape, path in zip(filled, files, strict=True)}
    mappings = [describe_file(places[shape], shape, table) for shape, table in filled.items()]
    described = folder / "study.toml"
    described.write_text(write_toml({**data.config, "files": mappings}), encoding="utf-8")
    return [*files, described]


def prepare(table: pl.DataFrame) -> pl.DataFrame:
    """A table without helpers, and without what was reported where that is the value itself."""
    table = table.drop(HELPERS, strict=False)
    if "reported" not in table.columns or "aval" not in table.columns:
        return table
    same = table.select((pl.col("reported") == pl.col("aval")).all()).item()
    return table.drop("reported") if same else table


def write_table(path: Path, table: pl.DataFrame, form: str) -> None:
    """One table as CSV that a spreadsheet can open safely, or as Parquet."""
    if form == PARQUET:
        table.write_parquet(path)
    else:
        make_harmless(table).write_csv(path)


def write_workbook(path: Path, tables: dict[str, pl.DataFrame]) -> None:
    """A sheet a table; text stays text, whatever it begins with. Raises UnreadableFile."""
    long = [shape for shape, table in tables.items() if table.height > MOST_ROWS]
    if long:
        raise UnreadableFile(f"a sheet of Excel holds {MOST_ROWS:,} rows and {long[0]} has more; export CSV or Parquet")
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    with xlsxwriter.Workbook(path, options) as book:
        bold = book.add_format({"bold": True})
        for shape, table in tables.items():
            sheet = book.add_worksheet(shape)
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, table.columns, bold)
            for line, row in enumerate(table.iter_rows(), start=1):
                sheet.write_row(line, 0, ["" if cell is None else write_cell(cell) for cell in row])


def write_cell(cell: Any) -> str | float | bool:
    """A cell of a sheet: numbers as numbers, dates as 2024-03-31, all else as text."""
    return cell if isinstance(cell, int | float | str) else str(cell)


def describe_file(place: dict[str, str], shape: str, table: pl.DataFrame) -> dict[str, Any]:
    """The [[files]] entry that reads an exported table back."""
    return {**place, "shape": shape, "columns": {column: column for column in table.columns}}


def write_toml(content: dict[str, Any]) -> str:
    """A study file's content as TOML: plain keys first, then a line a visit, then a block a file."""
    lines = [f"{key} = {write_value(value)}" for key, value in content.items() if key != "files"]
    blocks = [
        "\n[[files]]\n" + "\n".join(f"{key} = {write_value(value)}" for key, value in entry.items())
        for entry in content.get("files", [])
    ]
    return "\n".join([*lines, *blocks, ""])


def write_value(value: Any) -> str:
    """A value as TOML writes it. JSON's text, numbers and booleans are TOML's."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {write_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(write_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
