"""One row an input of a score: as reported, converted, used, when, where from, and what happened to it."""

from typing import Any

import polars as pl

from analytics.catalog.parameter import DIMENSIONLESS
from analytics.scores import Input, Score
from analytics.scores.definition import flatten
from analytics.scores.evaluate import convert_input, prepare_input

ELSEWHERE = {
    "subject": "list of subjects",
    "event": "events",
    "course": "values of earlier days",
    "study": "study file",
}
SIDES = {"upper limit": "ref_high", "lower limit": "ref_low"}
INPUTS = {
    "Input": pl.String,
    "As reported": pl.String,
    "Value": pl.String,
    "Used as": pl.String,
    "Remark": pl.String,
    "Day": pl.String,
    "Age, days": pl.String,
    "Source": pl.String,
}
TYPED = ["Input", "Value", "Used as", "Remark"]  # what there is to say of a value that was typed in


def list_spare(score: Score, scored: pl.DataFrame) -> list[str]:
    """The inputs whose need is met, so that one of them that is missing is not missed."""
    unmet = set(scored["missing"][0])
    met = {name for need, alternatives in score.needs.items() if need not in unmet for name in flatten(alternatives)}
    return [item.words for item in score.inputs if item.name in met]


def mark_spare(line: dict[str, str], spare: list[str]) -> dict[str, str]:
    """The row of a missing input that is not missed, with the words for that."""
    if line["Value"] != "missing" or line["Input"] not in spare:
        return line
    return line | {"Value": "–", "Remark": "not needed: another one suffices"}


def describe_line(
    item: Input, complete: pl.DataFrame, source: dict[str, Any] | None, values: pl.DataFrame
) -> dict[str, str] | None:
    """One row of ``inputs``; None for an input that was neither given nor can be missed."""
    given = complete[item.name][0]
    if item.kind == "records" or (given is None and item.origin == "given"):
        return None
    source = source or {}
    converted = complete.select(convert_input(item)).item()
    used = complete.select(prepare_input(item)).item()
    age = find_age(item, values, source)
    return {
        "Input": item.words,
        "As reported": "–" if item.origin in SIDES else show_reported(source),
        "Value": show_value(item, given),
        "Used as": show_used(item, used),
        "Remark": describe_treatment(item, given, converted, used, age) or describe_limit(given, source),
        "Day": str(source["day"]) if source.get("day") is not None else source.get("avisit") or "–",
        "Age, days": str(age) if age is not None else "–",
        "Source": describe_source(item, source),
    }


def describe_limit(given: Any, source: dict[str, Any]) -> str:
    """Why a value that was reported is missing all the same."""
    return "a limit, not a number" if given is None and source.get("reported") else ""


def find_age(item: Input, values: pl.DataFrame, source: dict[str, Any]) -> int | None:
    """How many days before the visit a value of the visit was measured; None where that has no meaning."""
    if item.moment != "visit" or "day" not in values.columns or source.get("day") is None:
        return None
    return values["day"][0] - source["day"]


def show_reported(source: dict[str, Any]) -> str:
    """A value with its unit as the source has them."""
    unit = source.get("reported_unit") or ""
    return f"{source.get('reported', '')} {'' if unit in DIMENSIONLESS else unit}".strip() or "–"


def show_value(item: Input, value: Any) -> str:
    """A value in the catalog's unit."""
    if value is None:
        return "not set" if item.origin == "study" else "missing" if item.if_missing is None else "not recorded"
    if isinstance(value, bool | str):
        return value if isinstance(value, str) else "yes" if value else "no"
    unit = item.parameter.unit_label if item.parameter else item.unit
    return with_unit(value, unit)


def show_used(item: Input, value: Any) -> str:
    """A value as the formula reads it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else with_unit(value, item.unit)


def with_unit(value: float, unit: str, digits: int = 6) -> str:
    """A number with its unit as tables print it."""
    shown = "" if unit in DIMENSIONLESS else unit.replace("[", "").replace("]", "")
    return f"{value:.{digits}g} {shown}".strip()


def describe_source(item: Input, source: dict[str, Any]) -> str:
    """The file and line of a value, or where else it is known from."""
    if item.origin in SIDES and source.get(SIDES[item.origin]) is None:
        return "study file (laboratory)" if source else "–"
    if source.get("file_name"):
        return f"{source['file_name']}, line {source['line']}"
    if source:
        return "computed here"
    return ELSEWHERE.get(item.origin, "–")


def describe_treatment(item: Input, given: Any, converted: Any, used: Any, age: int | None) -> str:
    """What happened to a value on its way into the formula."""
    parts = [f"carried forward {age} day{'s' * (age > 1)}"] if age else []
    if given is None and item.if_missing is not None:
        parts.append("not recorded: counts as " + show_used(item, item.if_missing))
    if isinstance(used, float) and isinstance(converted, float) and used != converted:
        parts.append(f"{'below' if converted < used else 'above'} {used:g} counts as {used:g}")
    if given is True and item.effect:
        parts.append(item.effect)
    return "; ".join(parts)
