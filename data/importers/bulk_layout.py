"""How a large long CSV file is laid out, and which of its words can be read in one way only."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from analytics.catalog import Parameter, UnknownUnit, match_parameter
from data.importers.readers.delimited import find_separator
from data.importers.study_file import Column, FileMapping

LEAST_BYTES = 30_000_000  # of smaller files the engine takes a few seconds
SAMPLE = 4_000_000  # bytes at the start of the file, in which names, units and visits are looked up
LARGEST = 1e6  # a larger number may lose its ninth decimal on the way through the engine
FIELDS = ("usubjid", "paramcd", "day", "aval", "unit", "avisit")
NEEDED = FIELDS[:4]
KNOWN: dict[str, type[pl.DataType]] = {
    "name": pl.String,
    "unit": pl.String,
    "paramcd": pl.String,
    "factor": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "graded": pl.Boolean,
}


@dataclass(frozen=True)
class Layout:
    """How a file is laid out: header, delimiter, and the place of every field among the columns."""

    path: Path
    header: tuple[str, ...]
    separator: str
    places: dict[str, int]

    def name(self, field: str) -> str:
        """The column of a field in SQL; ``NULL`` where the file has none."""
        return f"c{self.places[field]}" if field in self.places else "NULL"

    @property
    def cells(self) -> str:
        """Every column in SQL."""
        return ", ".join(f"c{at}" for at in range(len(self.header)))

    @property
    def params(self) -> dict[str, Any]:
        """What the query reads."""
        columns = {f"c{at}": "VARCHAR" for at in range(len(self.header))}
        return {"path": str(self.path), "columns": columns, "mark": self.separator}


def is_simple(mapping: FileMapping) -> bool:
    """Whether a mapping says no more than which column holds what: a row a value, a day, and no codes."""
    plain = all(column == Column(column.column) and column.column for column in mapping.columns.values())
    extras = mapping.values or mapping.where or mapping.repeated or mapping.sheet or mapping.date_order
    said = mapping.decimal in ("", "point") and mapping.encoding in ("", "utf-8") and mapping.day_numbering == "day 0"
    fields = set(mapping.columns)
    return mapping.shape == "measurements" and plain and not extras and said and set(NEEDED) <= fields <= set(FIELDS)


def read_layout(path: Path, mapping: FileMapping) -> Layout | None:
    """The layout of a file; None where its first line is no header with every column of the mapping."""
    with path.open("rb") as file:
        start = file.read(20_000).decode("utf-8-sig", errors="replace")
    head, _, rest = start.partition("\n")
    separator = find_separator(start, head)
    header = [cell.strip() for cell in next(csv.reader([head.rstrip("\r")], delimiter=separator))]
    if not rest or "" in header or len(set(header)) < len(header) or not mapping.wanted <= set(header):
        return None
    places = {field: header.index(column.column) for field, column in mapping.columns.items()}
    return Layout(path, tuple(header), separator, places)


def read_sample(layout: Layout) -> pl.DataFrame:
    """The whole lines at the start of the file, as text."""
    with layout.path.open("rb") as file:
        start = file.read(SAMPLE)
    whole = start[: start.rfind(b"\n") + 1]
    return pl.read_csv(
        whole, separator=layout.separator, infer_schema=False, truncate_ragged_lines=True, encoding="utf8-lossy"
    )


def list_known(sample: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Every pair of name and unit that can be read: name, unit, paramcd, factor, low, high, graded."""
    columns = [pl.nth(layout.places["paramcd"]).alias("name")]
    unit = pl.nth(layout.places["unit"]).fill_null("") if "unit" in layout.places else pl.lit("")
    rows = []
    for name, said in sample.select(*columns, unit.alias("unit")).drop_nulls().unique().sort("name", "unit").rows():
        parameter = match_parameter(name) if name == name.strip() else None
        if parameter and not parameter.derived and said == said.strip() and has_whole_grades(parameter):
            try:
                factor = parameter.factor(said)
            except UnknownUnit:
                continue
            rows.append((name, said, parameter.paramcd, factor, *find_usual(parameter), bool(parameter.levels)))
    return pl.DataFrame(rows, schema=KNOWN, orient="row")


def has_whole_grades(parameter: Parameter) -> bool:
    """Whether a parameter has no grades, or those of its range are the whole numbers."""
    low, high = parameter.hard
    if not parameter.levels or low is None or high is None:
        return not parameter.levels
    return set(parameter.levels) == {float(grade) for grade in range(int(low), int(high) + 1)}


def find_usual(parameter: Parameter) -> tuple[float, float]:
    """The range in which a value is neither impossible nor unusual."""
    lows = [low for low, _ in (parameter.hard, parameter.soft) if low is not None]
    highs = [high for _, high in (parameter.hard, parameter.soft) if high is not None]
    return max(lows, default=-LARGEST), min(highs, default=LARGEST)


def scan_file(path: Path) -> tuple[str, int]:
    """The SHA-256 of a file, and how many lines it has below the first."""
    digest, lines, last = hashlib.sha256(), 0, b""
    with path.open("rb") as file:
        while part := file.read(1 << 22):
            digest.update(part)
            lines += part.count(b"\n")
            last = part[-1:]
    return digest.hexdigest(), lines - (last == b"\n")
