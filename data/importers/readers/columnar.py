"""Parquet and SAS transport files: typed columns, read as text so that one set of rules parses all."""

import io
import tempfile
from pathlib import Path

import polars as pl
import pyreadstat

from data.importers.text import LINE, MOST_COLUMNS, REJECTED, TextTable, UnreadableFile


def read_parquet(content: bytes, name: str) -> TextTable:
    """The table of a Parquet file; its lines are its rows, from 1. Raises UnreadableFile."""
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise UnreadableFile(f"{name} cannot be read as a Parquet file: {str(error)[:120]}") from error
    return to_text(frame, name)


def read_xport(content: bytes, name: str) -> TextTable:
    """The dataset of a SAS transport file (XPT), with the labels of its columns. Raises UnreadableFile."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dataset.xpt"
        path.write_bytes(content)
        try:
            frame, facts = pyreadstat.read_xport(str(path), output_format="dict")
        except (pyreadstat.ReadstatError, UnicodeDecodeError, ValueError, OverflowError, OSError) as error:
            raise UnreadableFile(f"{name} cannot be read as a SAS transport file: {str(error)[:120]}") from error
    labels = {column: label for column, label in facts.column_names_to_labels.items() if label}
    return to_text(pl.DataFrame(frame, strict=False), name, labels)


def to_text(frame: pl.DataFrame, name: str, labels: dict[str, str] | None = None) -> TextTable:
    """A typed table as text: whole numbers without a point, dates as 2024-03-31, nothing for a missing value."""
    if frame.width > MOST_COLUMNS:
        raise UnreadableFile(f"{name} has {frame.width:,} columns; up to {MOST_COLUMNS:,} are read")
    if frame.is_empty():
        raise UnreadableFile(f"{name} has columns and no rows")
    nested = [column for column, dtype in frame.schema.items() if dtype.is_nested() or dtype == pl.Binary]
    if nested:
        raise UnreadableFile(f"{name}: column {nested[0]!r} holds lists or bytes, not values")
    rows = frame.select(write_column(column, dtype) for column, dtype in frame.schema.items())
    lined = rows.with_row_index(LINE, 1).cast({LINE: pl.Int32})
    return TextTable(lined, pl.DataFrame(schema=REJECTED), labels=labels or {})


def write_column(column: str, dtype: pl.DataType) -> pl.Expr:
    """A column as text."""
    value = pl.col(column)
    if dtype.is_float():
        whole = value.is_finite() & (value == value.round(0)) & (value.abs() < 1e15)
        number = (
            pl.when(whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(value.cast(pl.String))
        )
        return pl.when(value.is_finite()).then(number).otherwise(pl.lit("")).fill_null("").alias(column)
    if dtype == pl.Datetime:
        midnight = value.dt.time() == pl.time(0)
        full = value.dt.strftime("%Y-%m-%d %H:%M:%S")
        return pl.when(midnight).then(value.dt.strftime("%Y-%m-%d")).otherwise(full).fill_null("").alias(column)
    return value.cast(pl.String).fill_null("").str.strip_chars().alias(column)
