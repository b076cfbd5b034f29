"""All results of one patient, wide by visit: a row a parameter, a column a visit, flags and change in the cell."""

from typing import Any

import polars as pl

from analytics.catalog import Parameter
from analytics.catalog.constants import ABOVE, BELOW
from analytics.numerals import describe_number
from analytics.places import key_place, name_places

FLAGS = {BELOW: " L", ABOVE: " H"}


def tabulate_visits(
    points: pl.DataFrame, parameters: list[Parameter], places: dict[str, dict[str, Any]]
) -> pl.DataFrame:
    """``Parameter`` and one column a place (visit or day), in their order.

    ``points`` come from ``derive_points`` of the same parameters. A cell holds the value, H or L against its
    limits of normal, its class and, after baseline, its change in brackets; a value known only as a limit
    stands as reported. Of several values at one place the last counts. A missing value is missing.
    """
    names = name_places(places)
    cells: dict[tuple[str, str], str] = {}
    known = {item.paramcd: item for item in parameters}
    for row in points.with_columns(key=key_place()).iter_rows(named=True):
        if row["key"] is not None:
            cells[row["paramcd"], row["key"]] = write_cell(row, known[row["paramcd"]])
    codes = {code for code, _ in cells}
    rows = [
        {"Parameter": item.title} | {name: cells.get((item.paramcd, key)) for key, name in names.items()}
        for item in parameters
        if item.paramcd in codes
    ]
    return pl.DataFrame(rows, schema={"Parameter": pl.String} | dict.fromkeys(names.values(), pl.String))


def write_cell(row: dict[str, Any], parameter: Parameter) -> str:
    """One value as the table shows it."""
    if row["aval"] is None:
        return f"{row['reported']} {row['reported_unit'] or ''}".strip()
    category = f" ({row['avalc']})" if row["avalc"] and row["reported"] is None else ""
    moved = row["chg"] is not None and row["post"]
    change = f" [{describe_number(row['chg'], parameter.decimals, sign=True)}]" if moved else ""
    value = describe_number(row["aval"], parameter.decimals)
    return f"{value}{FLAGS.get(row['standing'], '')}{category}{change}"
