"""Observed against expected events: what a trial without a control arm can say."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import gammaincinv, ndtr, pdtr, pdtrc

from analytics.statistics.interval import LEVEL
from analytics.survival.door import open_rows


@dataclass(frozen=True)
class OneSample:
    """Observed and expected events with their ratio and exact limits.

    ``p`` is exact (Poisson, twice the smaller tail), ``z`` and ``p_normal`` are the one-sample log-rank
    statistic and its normal p. All None without expected events.
    """

    n: int
    observed: int
    expected: float
    ratio: float | None
    lower: float | None
    upper: float | None
    z: float | None
    p_normal: float | None
    p: float | None


def compare_expected(times: pl.DataFrame) -> OneSample:
    """The one-sample log-rank test.

    Needs ``time``, ``event`` and ``hazard``, the cumulative hazard that the reference gives the subject up
    to its own time; rows with a missing one are left out.

    Source: Breslow NE. Appl Stat 1975;24:55; Woolson RF. Biometrics 1981;37:687; exact limits: Garwood F.
    Biometrika 1936;28:437.
    """
    known = open_rows(times, ["hazard"])
    observed, expected = int(known["event"].sum()), float(known["hazard"].sum())
    if not expected > 0:
        return OneSample(known.height, observed, expected, None, None, None, None, None, None)
    low, high = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    lower = float(gammaincinv(observed, low)) / expected if observed else 0.0
    upper = float(gammaincinv(observed + 1, high)) / expected
    z = (observed - expected) / np.sqrt(expected)
    below, above = float(pdtr(observed, expected)), float(pdtrc(observed - 1, expected)) if observed else 1.0
    exact = min(1.0, 2 * min(below, above))
    return OneSample(
        known.height, observed, expected, observed / expected, lower, upper, float(z), float(2 * ndtr(-abs(z))), exact
    )


def derive_expected(times: pl.DataFrame, survival: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each subject's expected cumulative hazard, and the mean expected survival curve.

    Needs of ``times`` usubjid, time, event; of ``survival`` usubjid, ``day``, ``expected``: the survival that
    the reference gives the subject at a few days, the last of which ends the comparison (everybody is
    censored there). Between two days the hazard is constant. Returns ``times`` with ``time`` and ``event``
    cut at that end and ``hazard`` added (missing for a subject without a reference), and the curve:
    ``day``, ``survival``, the mean over the subjects that have one.

    Source: Ederer F, Axtell LM, Cutler SJ. Natl Cancer Inst Monogr 1961;6:101 (Ederer I).
    """
    end = float(survival["day"].max() or 0.0)  # ty: ignore[invalid-argument-type]  # a column of numbers
    cut = times.with_columns(
        time=pl.col("time").cast(pl.Float64).clip(upper_bound=end), event=pl.col("event") & (pl.col("time") <= end)
    )
    steps = survival.drop_nulls("expected").select(
        "usubjid", day=pl.col("day").cast(pl.Float64), hazard=-pl.col("expected").log()
    )
    starts = steps.select("usubjid").unique().with_columns(day=pl.lit(0.0), hazard=pl.lit(0.0))
    whole = pl.concat([starts, steps]).sort("usubjid", "day")
    near = cut.select("usubjid", day="time").drop_nulls().sort("day")
    for side in ("backward", "forward"):
        steps = whole.select("usubjid", "day", pl.col("day").alias(f"{side}_day"), pl.col("hazard").alias(side))
        near = near.join_asof(steps.sort("day"), on="day", by="usubjid", strategy=side, check_sortedness=False)
    part = (pl.col("day") - pl.col("backward_day")) / (pl.col("forward_day") - pl.col("backward_day"))
    rise = pl.when(pl.col("forward_day") > pl.col("backward_day")).then(part).otherwise(0.0)
    between = pl.col("backward") + rise * (pl.col("forward") - pl.col("backward"))
    hazards = near.select("usubjid", hazard=between)
    curve = whole.group_by("day").agg(survival=(-pl.col("hazard")).exp().mean()).sort("day")
    return cut.join(hazards, on="usubjid", how="left", validate="m:1", maintain_order="left"), curve
