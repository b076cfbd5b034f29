"""The study's criteria checked against what was recorded at baseline, the failing value named."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from analytics.catalog import PARAMETERS
from analytics.groups import select_baseline
from analytics.scores import find_any_parameter, list_series

MET, FAILED, UNKNOWN = "met", "not met", "not known"
KNOWN = {"age", *PARAMETERS, *list_series()}
SCHEMA = {
    "usubjid": pl.String,
    "criterion": pl.String,
    "status": pl.String,
    "found": pl.String,
    "required": pl.String,
    "source": pl.String,
}


def check_eligibility(
    criteria: Sequence[Mapping[str, Any]], subjects: pl.DataFrame, panel: pl.DataFrame
) -> pl.DataFrame:
    """One row a subject and criterion: ``status``, ``found`` (the value, in words), ``required``, ``source``.

    A criterion is an ``[[eligibility]]`` of the study file: ``paramcd`` (``age`` among them) with
    ``low`` and ``high`` (included, in ``unit`` or the catalog's) or ``classes``. One without ``paramcd``
    cannot be checked against data: its status is not known. ``panel`` is in the catalog's units.
    """
    frames = [check_criterion(criterion, subjects, panel) for criterion in criteria]
    return pl.concat(frames) if frames else pl.DataFrame(schema=SCHEMA)


def check_criterion(criterion: Mapping[str, Any], subjects: pl.DataFrame, panel: pl.DataFrame) -> pl.DataFrame:
    """One criterion for every subject."""
    code = criterion.get("paramcd")
    if code and code not in KNOWN:
        criterion = {"item": criterion["item"], "source": criterion.get("source", "")}
    based = subjects.select("usubjid", base=pl.lit(None, dtype=pl.Float64), base_class=pl.lit(None, dtype=pl.String))
    if code == "age":
        based = subjects.select("usubjid", base=pl.col("age"), base_class=pl.lit(None, dtype=pl.String))
    elif code:
        based = subjects.select("usubjid").join(
            select_baseline(panel, code), on="usubjid", how="left", maintain_order="left"
        )
    values, unit = based.with_columns(pl.col("base") / find_factor(criterion)), unit_of(criterion)
    rows = [
        (row[0], *judge(criterion, row[1], row[2], unit))
        for row in values.select("usubjid", "base", "base_class").rows()
    ]
    said = {
        "criterion": criterion["item"],
        "required": describe_required(criterion),
        "source": criterion.get("source", ""),
    }
    judged = pl.DataFrame(rows, schema=dict.fromkeys(("usubjid", "status", "found"), pl.String), orient="row")
    return judged.with_columns(pl.lit(text).alias(name) for name, text in said.items()).select(list(SCHEMA))


def judge(criterion: Mapping[str, Any], value: float | None, base_class: str | None, unit: str) -> tuple[str, str]:
    """Whether one subject meets a criterion, and the value that says so; ``value`` is in the criterion's unit."""
    if not criterion.get("paramcd"):
        return UNKNOWN, "not among the recorded values"
    if "classes" in criterion:
        if base_class is None:
            return UNKNOWN, "not computable or not recorded"
        return MET if base_class in criterion["classes"] else FAILED, f"class {base_class}"
    if value is None:
        return UNKNOWN, "not recorded"
    low, high = criterion.get("low"), criterion.get("high")
    # A value printed as the limit is within it, whatever its last binary digit.
    within = (low is None or value >= low - 1e-9) and (high is None or value <= high + 1e-9)
    return MET if within else FAILED, f"{round(value, 2):g} {unit}".strip()


def find_factor(criterion: Mapping[str, Any]) -> float:
    """The factor from the criterion's unit to the catalog's."""
    if criterion.get("paramcd") in (None, "age") or not criterion.get("unit"):
        return 1.0
    return find_any_parameter(criterion["paramcd"]).factor(criterion["unit"])


def unit_of(criterion: Mapping[str, Any]) -> str:
    """The unit in which a criterion is written."""
    code = criterion.get("paramcd")
    if not code or code == "age":
        return "years" if code else ""
    return criterion.get("unit") or find_any_parameter(code).unit_label


def describe_required(criterion: Mapping[str, Any]) -> str:
    """What a criterion asks for, in words."""
    if "classes" in criterion:
        return f"class {' or '.join(criterion['classes'])}"
    low, high, unit = criterion.get("low"), criterion.get("high"), unit_of(criterion)
    if low is None and high is None:
        return criterion.get("required", "")
    if low is not None and high is not None:
        return f"{low:g} to {high:g} {unit}".strip()
    return (f"at least {low:g} {unit}" if high is None else f"at most {high:g} {unit}").strip()


def summarize_eligibility(checked: pl.DataFrame) -> pl.DataFrame:
    """One row a criterion: what is required, how many meet it, do not, or are not known."""
    counted = checked.group_by("criterion", "required", "source", maintain_order=True).agg(
        pl.col("status").eq(status).sum().alias(status) for status in (MET, FAILED, UNKNOWN)
    )
    return counted.select("criterion", "required", MET, FAILED, UNKNOWN, "source")
