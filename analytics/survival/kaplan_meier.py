"""Kaplan-Meier estimates by counting, with R's rules for limits, medians and numbers at risk.

Written here because lifelines counts subjects at risk after t, has limits where R has none (no
event yet, survival 0) and another median on a flat step.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from scipy.special import ndtri

from analytics.statistics.interval import Array
from analytics.survival.counting import count_leaving
from analytics.survival.door import open_rows, read_times

TOLERANCE = float(np.sqrt(np.finfo(float).eps))  # R's own, for a curve that is exactly at the quantile
LOG_LOG, LOG, PLAIN = "log-log", "log", "plain"
LIMITS = (LOG_LOG, LOG, PLAIN)
COUNTS = {"day": pl.Float64} | dict.fromkeys(("at_risk", "entered", "events", "censored"), pl.Int64)
SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


@dataclass(frozen=True)
class Quantile:
    """A survival time and its confidence limits in days; None is not reached or not estimable."""

    day: float | None
    lower: float | None
    upper: float | None


def estimate_kaplan_meier(
    times: pl.DataFrame, limits: str = LOG_LOG, level: float = 0.95, start: float = 0.0
) -> pl.DataFrame:
    """The survival curve: one row a distinct time, and a first row for day ``start``.

    Needs ``time`` (days) and ``event`` (true: observed), and takes ``entry``, the day from which a
    subject was under observation (left truncation); rows with a missing time or event are left out.
    With ``start`` survival is conditional on being event-free then. Returns ``day`` (every time or
    entry), ``at_risk`` (entry < day <= time), ``entered`` (on the day), ``events``, ``censored``,
    ``survival``, ``se`` (Greenwood), ``lower``, ``upper``. Limits are missing where R has none: before
    the first event (except on the first day) and where survival is 0. Empty without subjects.

    Source: Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457. Limits: Kalbfleisch JD, Prentice RL 1980.
    Left truncation: Klein JP, Moeschberger ML. Survival Analysis. Springer 2003, 4.6.
    """
    counts = count_times(open_rows(times), start)
    at_risk, events = (counts[name].to_numpy().astype(float) for name in ("at_risk", "events"))
    survival = np.cumprod(np.where(events > 0, 1 - events / np.maximum(at_risk, 1), 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        se_log = np.sqrt(np.cumsum(np.where(events > 0, events / (at_risk * (at_risk - events)), 0.0)))
        se = survival * se_log
    lower, upper = find_limits(survival, se, limits, level)
    first = np.arange(len(survival)) == 0
    opened = first & (survival >= 1)  # everybody starts event-free: no uncertainty on the first day
    columns = {
        "survival": survival,
        "se": np.where(survival <= 0, np.nan, se),
        "lower": np.where(opened, 1.0, lower),
        "upper": np.where(opened, 1.0, upper),
    }
    return counts.with_columns(
        **{name: pl.Series(values, dtype=pl.Float64).fill_nan(None) for name, values in columns.items()}
    )


def find_limits(share: Array, se: Array, limits: str, level: float) -> tuple[Array, Array]:
    """Confidence limits of a survival or an incidence between 0 and 1; NaN where R has none.

    ``log-log`` and ``log`` are of the transformed share; ``plain`` is cut at 0 and 1.
    """
    z = float(ndtri(0.5 + level / 2))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if limits == PLAIN:
            lower, upper = np.maximum(share - z * se, 0), np.minimum(share + z * se, 1)
        elif limits == LOG:
            lower, upper = share * np.exp(-z * se / share), np.minimum(share * np.exp(z * se / share), 1)
        else:
            spread = np.exp(z * se / (share * -np.log(share)))
            lower, upper = share**spread, share ** (1 / spread)
    # A plain limit needs no logarithm: it is missing only where the standard error is.
    silent = (limits != PLAIN) & (share <= 0) | ((share >= 1) & (limits == LOG_LOG))
    return np.where(silent, np.nan, lower), np.where(silent, np.nan, upper)


def count_times(known: pl.DataFrame, start: float = 0.0) -> pl.DataFrame:
    """``day``, ``at_risk``, ``entered``, ``events``, ``censored`` at every time or entry, and at ``start``."""
    time, event, entry = read_times(known.filter(pl.col("time") >= start) if start > 0 else known)
    days, cells = count_leaving(time, event.astype(np.int64), 2)
    late = np.zeros(0) if entry is None else np.sort(entry[entry > -1])
    quiet = np.unique(np.append(late[late > start], start if len(time) else []))
    every = np.union1d(days, quiet)
    left = np.zeros((len(every), 2), dtype=np.int64)
    left[np.searchsorted(every, days)] = cells
    gone = np.cumsum(left.sum(axis=1)) - left.sum(axis=1)
    before, until = (np.searchsorted(late, every, side=side) for side in SIDES)
    at_risk = len(time) - len(late) + before - gone
    return pl.DataFrame(
        {"day": every, "at_risk": at_risk, "entered": until - before, "events": left[:, 1], "censored": left[:, 0]},
        schema=COUNTS,
    )


def estimate_nelson_aalen(times: pl.DataFrame, ties: bool = False) -> pl.DataFrame:
    """The cumulative hazard: ``day``, ``at_risk``, ``events``, ``hazard``, ``se``.

    With ``ties`` tied events are taken one after the other (Fleming and Harrington), else at once.

    Source: Nelson W. Technometrics 1972;14:945; Aalen O. Ann Stat 1978;6:701; Fleming TR, Harrington DP 1984.
    """
    counts = count_times(open_rows(times))
    at_risk, events = counts["at_risk"].to_numpy(), counts["events"].to_numpy()
    repeats, place = np.repeat(at_risk, events), np.repeat(np.arange(len(events)), events)
    turn = np.arange(len(place)) - np.repeat(np.cumsum(events) - events, events)
    left = (repeats - turn if ties else repeats).astype(float)
    steps = [np.bincount(place, weights=1 / left**power, minlength=len(events)) for power in (1, 2)]
    return counts.select("day", "at_risk", "events").with_columns(
        hazard=pl.Series(np.cumsum(steps[0])), se=pl.Series(np.sqrt(np.cumsum(steps[1])))
    )


def count_at(curve: pl.DataFrame, days: list[float]) -> pl.DataFrame:
    """``select_days`` with counts of 0 before the first day of the curve."""
    return select_days(curve, days).with_columns(pl.col("events", "censored").fill_null(0))


def select_days(curve: pl.DataFrame, days: list[float]) -> pl.DataFrame:
    """The curve at chosen days: the value of the step; events and censored up to and including the day.

    ``at_risk`` counts subjects with entry < day <= time (on a day without an event those entering too), 0
    beyond the last time.
    """
    asked = pl.DataFrame({"day": days}, schema={"day": pl.Float64}).sort("day")
    totals = curve.with_columns(pl.col("events").cum_sum(), pl.col("censored").cum_sum())
    step = asked.join_asof(totals.drop("at_risk", "entered"), on="day", strategy="backward")
    # Whoever enters on the day is not yet in the risk set of that day's events.
    quiet = (pl.col("row") == pl.col("day")) & (pl.col("left") == 0)
    rows = curve.select("day", "at_risk", "entered", row="day", left=pl.col("events") + pl.col("censored"))
    risk = asked.join_asof(rows, on="day", strategy="forward").select(
        pl.col("at_risk") + pl.when(quiet).then("entered").otherwise(0)
    )
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
