"""Courses of one parameter on a visit or time axis: what a trajectory figure draws."""

from dataclasses import dataclass

import polars as pl

from analytics.catalog import Parameter
from analytics.catalog.constants import MONTH
from analytics.change import summarize_values
from analytics.visits import order_visits

MULTIPLE = "× upper limit"
SUMMARIZED = ("mean", "sd", "se", "median", "q1", "q3", "smallest", "largest", "p5", "p95", "lower", "upper")
MEASURES = {"Value": "aval", "Change": "chg", "% change": "pchg", MULTIPLE: "multiple"}


@dataclass(frozen=True)
class Measure:
    """What is shown of a parameter: its value, its change or its percent change."""

    name: str
    parameter: Parameter

    @property
    def column(self) -> str:
        """The column of the panel."""
        return MEASURES[self.name]

    @property
    def is_change(self) -> bool:
        """Whether it is relative to baseline, so that 0 means no change."""
        return self.column in ("chg", "pchg")

    @property
    def needs(self) -> str:
        """What a patient must have, for a sentence."""
        if self.name == MULTIPLE:
            return "a value with an upper limit of normal"
        return "both a baseline and a later value" if self.is_change else "a value"


def describe_axis(
    courses: pl.DataFrame, measure: Measure, by_visit: bool, origin: str
) -> tuple[str, str, tuple[str, ...]]:
    """Titles of x and y, and the visits where x counts them."""
    parameter = measure.parameter
    unit = {"pchg": "%", "multiple": MULTIPLE}.get(measure.column, parameter.unit_label)
    said = [parameter.name, "change" if measure.is_change else "", unit]
    y_title = ", ".join(part for part in said if part) + (f" ({parameter.benefit})" if parameter.benefit else "")
    if not by_visit:
        return f"Months since {origin}", y_title, ()
    names = courses.select("x", "avisit").unique().sort("x")["avisit"].to_list()
    return "Visit", y_title, tuple(names)


def derive_multiple(panel: pl.DataFrame, paramcd: str, limit: float | None) -> pl.DataFrame:
    """Add ``multiple`` to the rows of a parameter: the value over the upper limit of its row, else over ``limit``.

    Missing in other rows, and without an upper limit above 0. ``limit`` is that of the study's
    laboratory, in the unit of ``aval``.
    """
    upper = pl.coalesce("ref_high", pl.lit(limit, dtype=pl.Float64))
    own = pl.col("paramcd") == paramcd
    return panel.with_columns(multiple=pl.when(own & (upper > 0)).then(pl.col("aval") / upper))


def regroup(panel: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """The rows with ``arm`` replaced by the subject's ``group``; subjects without one are left out."""
    known = groups.filter(pl.col("group").is_not_null()).select("usubjid", arm="group")
    return panel.drop("arm").join(known, on="usubjid", how="inner", maintain_order="left")


def place_courses(panel: pl.DataFrame, visits: pl.DataFrame, measure: Measure, by_visit: bool) -> pl.DataFrame:
    """The points of every subject: usubjid, arm, avisit, day, base, aval, x, y.

    By visit, x counts the visits that have a point, in the study's order, and only the value that
    counts for a visit is a point. By day, x is in months; values without a day are left out.
    Changes stand from baseline on.
    """
    own = panel.filter(pl.col("paramcd") == measure.parameter.paramcd, pl.col(measure.column).is_not_null())
    if measure.is_change:
        own = own.filter(pl.col("post") | pl.col("day").eq_missing(pl.col("base_day")))
    columns = ["usubjid", "arm", "avisit", "day", "base", "aval", "x", pl.col(measure.column).alias("y")]
    if not by_visit:
        return own.filter(pl.col("day").is_not_null()).with_columns(x=pl.col("day") / MONTH).select(columns)
    own = own.filter(pl.col("analysis"))
    order = place_visits(own["avisit"], visits)
    return own.with_columns(x=pl.col("avisit").replace_strict(order, return_dtype=pl.Float64)).select(columns)


def place_visits(seen: pl.Series, visits: pl.DataFrame) -> dict[str, float]:
    """The place of each visit that is seen on the axis."""
    return {visit: float(place) for place, visit in enumerate(order_visits(seen, visits))}


def summarize_courses(panel: pl.DataFrame, visits: pl.DataFrame, measure: Measure, by_visit: bool) -> pl.DataFrame:
    """Mean, interval and n by arm and visit, with ``x`` on the axis of ``place_courses``.

    By day, a visit stands at its target day; visits without a target are left out.
    """
    points = place_courses(panel, visits, measure, by_visit=True)
    return place_summary(summarize_values(points, ["arm", "avisit"], "y"), visits, by_visit)


def place_summary(summary: pl.DataFrame, visits: pl.DataFrame, by_visit: bool) -> pl.DataFrame:
    """A summary by ``arm`` and ``avisit`` with ``x``: the place of the visit among those seen, or its target day."""
    if by_visit:
        order = place_visits(summary["avisit"], visits)
        placed = summary.with_columns(x=pl.col("avisit").replace_strict(order, return_dtype=pl.Float64))
    else:
        targets = visits.select("avisit", x=pl.col("target_day") / MONTH)
        placed = summary.join(targets, on="avisit", how="left", validate="m:1", maintain_order="left").drop_nulls("x")
    first = ["arm", "avisit", "x"]
    return placed.select(*first, pl.exclude(first)).sort("arm", "x")


def place_means(means: pl.DataFrame, factor: float, visits: pl.DataFrame, by_visit: bool) -> pl.DataFrame:
    """``place_summary`` of a summary in the catalog's unit, ``factor`` times that."""
    return place_summary(means.with_columns(pl.col(*SUMMARIZED) * factor), visits, by_visit)


def align_visits(
    summaries: dict[str, pl.DataFrame], visits: pl.DataFrame
) -> tuple[dict[str, pl.DataFrame], tuple[str, ...]]:
    """Summaries by visit with one ``x`` for the same visit in all of them, and the visits that x counts."""
    seen = pl.concat([summary["avisit"] for summary in summaries.values()])
    order = place_visits(seen, visits)
    x = pl.col("avisit").replace_strict(order, return_dtype=pl.Float64)
    return {title: summary.with_columns(x=x) for title, summary in summaries.items()}, tuple(order)
