"""What a point of a patient's figure says when it is pointed at: value, visit, change, range, grade, source."""

from collections.abc import Mapping
from html import escape
from typing import Any

import polars as pl

from analytics.catalog import Parameter
from analytics.catalog.constants import UNJUDGED
from analytics.numerals import describe_number
from analytics.patient import describe_remark, describe_when
from analytics.places import key_place


def add_hover(points: pl.DataFrame, parameters: list[Parameter]) -> pl.DataFrame:
    """The points of ``derive_points`` with ``key`` (the place as links name it) and ``hover``, lines of text."""
    known = {item.paramcd: item for item in parameters}
    rows = points.with_columns(key=key_place(), remark=describe_remark())
    hover = [describe_point(row, known) for row in rows.iter_rows(named=True)]
    return rows.with_columns(hover=pl.Series(hover, dtype=pl.String))


def describe_point(row: Mapping[str, Any], known: Mapping[str, Parameter]) -> str:
    """One point, a fact a line: nothing is said of what is not known."""
    parameter = known[row["paramcd"]]
    category = f" ({row['avalc']})" if row["avalc"] and row["reported"] is None else ""
    value = row["reported"] if row["aval"] is None else describe_number(row["aval"], parameter.decimals)
    visit = f"{row['avisit']}, " if row["avisit"] and row["day"] is not None else ""
    lines = [
        f"{parameter.name} {value} {'' if row['aval'] is None else parameter.unit_label}".strip() + category,
        f"{visit}{describe_when(row['day'], row['avisit'])}",
        describe_change(row, parameter),
        describe_range(row, parameter),
        f"CTCAE grade {row['grade']}" if row["grade"] is not None else "",
        *list_source(row),
    ]
    return "<br>".join(escape(line, quote=False) for line in lines if line)  # a reported "<3" is no tag


def describe_change(row: Mapping[str, Any], parameter: Parameter) -> str:
    """The change from baseline with its direction; empty at and before baseline."""
    if row["chg"] is None or not row["post"]:
        return ""
    change = describe_number(row["chg"], parameter.decimals, sign=True)
    return f"change from baseline {change} {parameter.judge(row['chg'])}".strip()


def describe_range(row: Mapping[str, Any], parameter: Parameter) -> str:
    """Where the value lies against its limits of normal, and whose limits they are."""
    if row["standing"] == UNJUDGED:
        return ""
    low, high = (describe_number(row[side], parameter.decimals) for side in ("low", "high"))
    return f"{row['standing']} {low} to {high} (range: {row['range_source']})"


def list_source(row: Mapping[str, Any]) -> list[str]:
    """What the source says, and where; of a computed value what it took or lacks."""
    if row["reported"] is None:
        return [f"computed{': ' if row['remark'] else ''}{row['remark'] or ''}"]
    return [
        f"reported {row['reported']} {row['reported_unit'] or ''}".rstrip(),
        f"{row['file_name']}, line {row['line']}",
    ]
