"""The cells of a file that hold a measurement, one row each, whatever the shape of the file; fixes applied."""

import polars as pl

from data.importers.fields import is_no_value, is_not_done, read_text
from data.importers.place import ABSENT, filter_rows, line_column
from data.importers.study_file import FileMapping, ValueColumn
from data.importers.text import TextTable

FIXES = {
    "line": pl.Int32,
    "column": pl.String,
    "field": pl.String,
    "replacement": pl.String,
    "sentence": pl.String,
}
# What a fix can replace in a cell.
FIELDS = {"value": "value", "unit": "unit", "parameter": "name", "date": "date_text"}
FACTS = {"usubjid": "usubjid", "day_text": "day", "low_text": "ref_low", "high_text": "ref_high"}


def read_cells(table: TextTable, mapping: FileMapping) -> tuple[pl.DataFrame, int]:
    """The filled cells as text, and how many cells were looked at.

    Columns: line, column, usubjid, day_text, date_text, low_text, high_text, name, value, unit, avisit,
    and ``not_done`` where the cell says that nothing was measured.
    """
    cells = stack_wide(table, mapping) if mapping.values else stack_long(table, mapping)
    filled = cells.filter(~is_no_value(pl.col("value"))).with_columns(not_done=is_not_done(pl.col("value")))
    return filled, cells.height


def stack_wide(table: TextTable, mapping: FileMapping) -> pl.DataFrame:
    """One row a cell of a wide file, with the parameter, unit and visit that the mapping gives its column."""
    rows = filter_rows(table, mapping)
    facts = list_facts(mapping)
    return pl.concat([rows.select(*facts, *describe_cell(value, mapping)) for value in mapping.values])


def describe_cell(value: ValueColumn, mapping: FileMapping) -> list[pl.Expr]:
    """What a wide file says of a cell in its column, and where it has a date of its own, that one."""
    text = pl.col(value.column)
    return [
        pl.lit(value.column).alias("column"),
        pl.lit(value.paramcd).alias("name"),
        (text.replace(value.codes) if value.codes else text).alias("value"),
        text.alias("source"),
        pl.lit(value.unit or None, dtype=pl.String).alias("unit"),
        (pl.lit(value.avisit) if value.avisit else read_text(mapping.columns.get("avisit", ABSENT))).alias("avisit"),
        (read_text(mapping.columns.get("date", ABSENT)) if not value.date else empty_as_null(value.date)).alias(
            "date_text"
        ),
    ]


def empty_as_null(column: str) -> pl.Expr:
    """The text of a column, missing where the cell is empty."""
    return pl.when(pl.col(column) != "").then(pl.col(column))


def stack_long(table: TextTable, mapping: FileMapping) -> pl.DataFrame:
    """The rows of a long file under the names that this module uses."""
    columns = mapping.columns
    value = read_text(columns.get("aval", ABSENT))
    return filter_rows(table, mapping).select(
        *list_facts(mapping),
        column=pl.lit(columns.get("aval", ABSENT).column),
        name=read_text(columns.get("paramcd", ABSENT)),
        value=value,
        source=read_text(columns["reported"]) if "reported" in columns else value,
        unit=read_text(columns.get("unit", ABSENT)),
        avisit=read_text(columns.get("avisit", ABSENT)),
        date_text=read_text(columns.get("date", ABSENT)),
    )


def list_facts(mapping: FileMapping) -> list[pl.Expr]:
    """Subject, day and reference limits, which both shapes have."""
    texts = [read_text(mapping.columns.get(field, ABSENT)).alias(name) for name, field in FACTS.items()]
    return [line_column(), *texts]


def apply_fixes(cells: pl.DataFrame, fixes: pl.DataFrame) -> pl.DataFrame:
    """The cells with what was fixed in them, each fix at its line and column.

    Adds ``before``, what the file says of a fixed cell, and ``fixed``, the reason; missing elsewhere.
    ``source`` keeps the text of the file.
    """
    key = ["line", "column"]
    said = pl.concat_str("source", "unit", separator=" ", ignore_nulls=True)
    cells = cells.with_columns(before=said, fixed=pl.lit(None, pl.String))
    for field, name in FIELDS.items():
        own = fixes.filter(pl.col("field") == field).unique(key, keep="last", maintain_order=True)
        if own.height:
            new = own.select(*key, new="replacement", why="sentence")
            cells = cells.join(new, on=key, how="left", validate="m:1", maintain_order="left")
            replaced = pl.coalesce("new", name).alias(name), pl.coalesce("why", "fixed").alias("fixed")
            cells = cells.with_columns(replaced).drop("new", "why")
    return cells
