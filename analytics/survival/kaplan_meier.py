"""Kaplan-Meier estimates by counting, with R's rules for limits, medians and numbers at risk.

Written here because lifelines counts subjects at risk after t, has limits where R has none (no
event yet, survival 0) and another median on a flat step.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtri

TOLERANCE = float(np.sqrt(np.finfo(float).eps))  # R's own, for a curve that is exactly at the quantile


@dataclass(frozen=True)
class Quantile:
    """A survival time and its confidence limits in days; None is not reached or not estimable."""

    day: float | None
    lower: float | None
    upper: float | None


def estimate_kaplan_meier(times: pl.DataFrame, level: float = 0.95) -> pl.DataFrame:
    """The survival curve: one row a distinct time, and a first row for day 0.

    Needs ``time`` (days) and ``event`` (true: observed); rows with a missing one are left out.
    Returns ``day``, ``at_risk`` (time >= day), ``events``, ``censored``, ``survival``, ``se``
    (Greenwood), ``lower``, ``upper`` (log-log limits). Limits are missing where R has none: before
    the first event (except on day 0) and where survival is 0. Empty without subjects.

    Source: Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457. Limits: Kalbfleisch JD, Prentice RL 1980.
    """
    known = times.filter(pl.col("time").is_not_null(), pl.col("event").is_not_null())
    counts = count_times(known)
    at_risk, events = counts["at_risk"].to_numpy(), counts["events"].to_numpy()
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(events / (at_risk * (at_risk - events)))
        spread = np.exp(ndtri(0.5 + level / 2) * np.sqrt(variance) / -np.log(survival))
        lower, upper = survival**spread, survival ** (1 / spread)
        se = survival * np.sqrt(variance)
    open_ended = (survival <= 0) | (survival >= 1)
    start = counts["day"].to_numpy() == 0
    limits = [np.where(open_ended, np.where(start & (survival >= 1), 1.0, np.nan), limit) for limit in (lower, upper)]
    return counts.with_columns(
        survival=pl.Series(survival, dtype=pl.Float64),
        se=pl.Series(np.where(survival <= 0, np.nan, se), dtype=pl.Float64).fill_nan(None),
        lower=pl.Series(limits[0], dtype=pl.Float64).fill_nan(None),
        upper=pl.Series(limits[1], dtype=pl.Float64).fill_nan(None),
    )


def count_times(known: pl.DataFrame) -> pl.DataFrame:
    """``day``, ``at_risk``, ``events`` and ``censored`` at every distinct time, and at day 0."""
    counted = known.group_by(day=pl.col("time").cast(pl.Float64)).agg(
        events=pl.col("event").sum().cast(pl.Int64), censored=(~pl.col("event")).sum().cast(pl.Int64)
    )
    start = pl.DataFrame({"day": [0.0], "events": [0], "censored": [0]}).filter(pl.lit(known.height > 0))
    rows = pl.concat([start, counted.select(start.columns)]).group_by("day").sum().sort("day")
    gone = (pl.col("events") + pl.col("censored")).cum_sum().shift(1, fill_value=0)
    return rows.with_columns(at_risk=known.height - gone).select("day", "at_risk", "events", "censored")


def select_days(curve: pl.DataFrame, days: list[float]) -> pl.DataFrame:
    """The curve at chosen days: the value of the step; events and censored up to and including the day.

    ``at_risk`` counts subjects with time >= day, 0 beyond the last time.
    """
    asked = pl.DataFrame({"day": days}, schema={"day": pl.Float64}).sort("day")
    totals = curve.with_columns(pl.col("events").cum_sum(), pl.col("censored").cum_sum())
    step = asked.join_asof(totals.drop("at_risk"), on="day", strategy="backward")
    risk = asked.join_asof(curve.select("day", "at_risk"), on="day", strategy="forward")
    return step.with_columns(at_risk=risk["at_risk"].fill_null(0)).select(
        "day", "survival", "lower", "upper", "at_risk", "events", "censored"
    )


def estimate_quantile(curve: pl.DataFrame, share: float = 0.5) -> Quantile:
    """The day by which this share has had the event, with limits read off the curve's limits.

    On a step exactly at the quantile it is the middle of the step (R's rule).
    """
    return Quantile(*(find_crossing(curve, column, 1 - share) for column in ("survival", "lower", "upper")))


def find_crossing(curve: pl.DataFrame, column: str, height: float) -> float | None:
    """The first day at which a curve is at or below a height; the middle of a step exactly at it."""
    reached = curve.filter(pl.col(column).is_not_null(), pl.col(column) < height + TOLERANCE)
    if reached.is_empty():
        return None
    day, value = reached["day"][0], reached[column][0]
    below = reached.filter(pl.col(column) < value)
    if abs(value - height) < TOLERANCE and not below.is_empty():
        return (day + below["day"][0]) / 2
    return day


def estimate_rmst(curve: pl.DataFrame, tau: float) -> tuple[float | None, float | None]:
    """The restricted mean survival time up to ``tau`` in days, and its standard error.

    Missing where the observation ends before ``tau`` with somebody still event-free.

    Source: Royston P, Parmar MK. Stat Med 2011;30:2409. Variance: Klein and Moeschberger 2003, 4.5.2.
    """
    if curve.is_empty() or (curve["day"][-1] < tau and curve["survival"][-1] > 0):
        return None, None
    steps = curve.filter(pl.col("day") < tau)
    day, survival = steps["day"].to_numpy(), steps["survival"].to_numpy()
    areas = np.diff(np.append(day, tau)) * survival
    after = areas[::-1].cumsum()[::-1]  # the area from each step to tau
    at_risk, events = steps["at_risk"].to_numpy(), steps["events"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = after**2 * events / (at_risk * (at_risk - events))
    return float(areas.sum()), float(np.sqrt(terms[after > 0].sum()))
