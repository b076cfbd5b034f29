"""The cohort behind one patient: quantiles of every parameter at every visit; and the slope before day 0."""

import polars as pl

from analytics.catalog.constants import SMALL
from analytics.change import summarize_values

LEAST_BEFORE = 3  # values on different days: two would make a line of any noise


def summarize_ribbons(panel: pl.DataFrame, visits: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Quantiles of these subjects' values: paramcd, avisit, day (the visit's target), n, p5, q1, median, q3, p95.

    Only visits with a target day and at least 10 values: below that a quantile is a patient.
    """
    counted = panel.filter(pl.col("analysis")).join(subjects.select("usubjid"), on="usubjid", how="semi")
    summary = summarize_values(counted, ["paramcd", "avisit"], "aval").filter(pl.col("n") >= SMALL)
    targets = visits.select("avisit", day="target_day").filter(pl.col("day").is_not_null())
    placed = summary.join(targets, on="avisit", how="inner", validate="m:1")
    return placed.select("paramcd", "avisit", "day", "n", "p5", "q1", "median", "q3", "p95").sort("paramcd", "day")


def estimate_slopes(points: pl.DataFrame) -> pl.DataFrame:
    """The least-squares line through each parameter's values up to day 0: paramcd, n, first, slope (a day), intercept.

    Needs paramcd, day and aval. A parameter needs values on at least three different days; others have no row.
    """
    before = points.filter(pl.col("day") <= 0, pl.col("aval").is_not_null())
    x, y = pl.col("day").cast(pl.Float64), pl.col("aval")
    fitted = before.group_by("paramcd", maintain_order=True).agg(
        n=pl.len(),
        days=pl.col("day").n_unique(),
        first=pl.col("day").min(),
        slope=((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum(),
        x=x.mean(),
        y=y.mean(),
    )
    enough = fitted.filter(pl.col("days") >= LEAST_BEFORE)
    return enough.with_columns(intercept=pl.col("y") - pl.col("slope") * pl.col("x")).drop("days", "x", "y")
