"""The restricted mean survival time: the area under the curve up to tau, and its difference between groups."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtr

from analytics.statistics.interval import Z


@dataclass(frozen=True)
class Contrast:
    """One group against another: estimate, standard error, 95 % limits and p; all None where not estimable.

    The standard error of a ratio is that of its logarithm.
    """

    estimate: float | None = None
    se: float | None = None
    lower: float | None = None
    upper: float | None = None
    p: float | None = None


def estimate_rmst(curve: pl.DataFrame, tau: float) -> tuple[float | None, float | None]:
    """The restricted mean survival time up to ``tau`` in days, and its standard error.

    Missing where the observation ends before ``tau`` with somebody still event-free.

    Source: Royston P, Parmar MK. Stat Med 2011;30:2409. Variance: Klein and Moeschberger 2003, 4.5.2.
    """
    if curve.is_empty() or (curve["day"][-1] < tau and curve["survival"][-1] > 0):
        return None, None
    steps = curve.filter(pl.col("day") < tau)  # the first row is day 0, or the start of a conditional curve
    if steps.is_empty():
        return 0.0, 0.0
    day, survival = steps["day"].to_numpy(), steps["survival"].to_numpy()
    areas = np.diff(np.append(day, tau)) * survival
    after = areas[::-1].cumsum()[::-1]  # the area from each step to tau
    at_risk, events = steps["at_risk"].to_numpy(), steps["events"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = after**2 * events / (at_risk * (at_risk - events))
    return float(areas.sum()), float(np.sqrt(terms[(after > 0) & (events > 0)].sum()))


def compare_rmst(first: pl.DataFrame, second: pl.DataFrame, tau: float) -> tuple[Contrast, Contrast]:
    """Second minus first, and second over first, of two curves' restricted means.

    Source: Royston P, Parmar MK. BMC Med Res Methodol 2013;13:152; the ratio on the log scale.
    """
    (one, one_se), (two, two_se) = estimate_rmst(first, tau), estimate_rmst(second, tau)
    if one is None or two is None or one_se is None or two_se is None:
        return Contrast(), Contrast()
    difference = contrast(two - one, float(np.hypot(one_se, two_se)))
    if not one or not two:
        return difference, Contrast()
    log = contrast(float(np.log(two / one)), float(np.hypot(one_se / one, two_se / two)))
    limits = (None if limit is None else float(np.exp(limit)) for limit in (log.lower, log.upper))
    return difference, Contrast(two / one, log.se, *limits, log.p)


def contrast(estimate: float, se: float) -> Contrast:
    """An estimate with its normal limits and p; without spread only the estimate."""
    if not se > 0:
        return Contrast(estimate)
    return Contrast(estimate, se, estimate - Z * se, estimate + Z * se, float(2 * ndtr(-abs(estimate / se))))
