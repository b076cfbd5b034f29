"""A study as files that can be imported again, and tables that a spreadsheet can open safely."""

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from data import queries

DANGEROUS = r"^[=+\-@\t\r]"
NUMBER = r"^[-+]?\d*\.?\d+([eE][-+]?\d+)?$"


def make_harmless(table: pl.DataFrame) -> pl.DataFrame:
    """The table with a quote before text that a spreadsheet would take for a formula; numbers stay."""
    text = pl.col(pl.String)
    formula = text.str.contains(DANGEROUS) & ~text.str.contains(NUMBER)
    return table.with_columns(pl.when(formula).then(pl.concat_str(pl.lit("'"), text)).otherwise(text).name.keep())
