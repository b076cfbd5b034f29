"""Everything that the survival page and ``cli.py survival`` show of curves, computed once for both."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from scipy.special import ndtr

from analytics.survival.kaplan_meier import (
    LOG_LOG,
    Quantile,
    estimate_kaplan_meier,
    estimate_quantile,
    select_days,
)
from analytics.survival.log_rank import LogRank, compare_log_rank
from analytics.survival.restricted_mean import Contrast, contrast, estimate_rmst


@dataclass(frozen=True)
class GroupSurvival:
    """One group: its curve, its median, its restricted mean up to the tau of all groups, its median follow-up.

    ``quarter`` and ``three_quarters``: the times by which these shares had the event.
    """

    name: str
    n: int
    events: int
    curve: pl.DataFrame
    median: Quantile
    rmst: float | None
    rmst_se: float | None
    follow_up: Quantile
    quarter: Quantile
    three_quarters: Quantile

    @property
    def collapsed(self) -> bool:
        """Whether the curve fell to 0 while others still came under observation: nothing can be read from it then."""
        gone = self.curve.filter(pl.col("survival") <= 0)
        return gone.height > 0 and bool((gone["entered"] > 0).any())


@dataclass(frozen=True)
class Survival:
    """All groups in alphabetical order, ``tau`` in days, and the test between them (None for one group)."""

    groups: tuple[GroupSurvival, ...]
    tau: float
    log_rank: LogRank | None
    limits: str = LOG_LOG
    start: float = 0.0


def estimate_survival(
    times: pl.DataFrame, by: str | None = None, tau: float | None = None, limits: str = LOG_LOG,
    strata: str | None = None, start: float = 0.0,
) -> Survival:  # fmt: skip
    """Survival by the groups of column ``by``, or of all as the one group ``all``.

    Needs ``time`` in days, ``event`` and ``by``, takes ``entry``; rows with a missing one are left out.
    Without ``tau`` the restricted mean runs to the longest time that every group was observed. With
    ``start`` everything is of those event-free then, and after it.
    """
    known = times.drop_nulls(["time", "event", *([by] if by else [])]).filter(pl.col("time") >= start)
    names = known[by].cast(pl.String).unique().sort().to_list() if by else ["all"]
    parts = {name: known.filter(pl.col(by).cast(pl.String) == name) if by else known for name in names}
    longest = [float(str(part["time"].max())) for part in parts.values() if part.height]
    limit = tau if tau is not None else min(longest, default=0.0)
    groups = tuple(estimate_group(name, part, limit, limits, start) for name, part in parts.items())
    return Survival(groups, limit, compare_log_rank(known, by, strata=strata) if by else None, limits, start)


def estimate_group(
    name: str, times: pl.DataFrame, tau: float, limits: str = LOG_LOG, start: float = 0.0
) -> GroupSurvival:
    """One group."""
    curve = estimate_kaplan_meier(times, limits, start=start)
    reverse = estimate_kaplan_meier(times.with_columns(event=~pl.col("event")), limits, start=start)
    events = int(times["event"].sum() or 0)
    quantiles = {share: estimate_quantile(curve, share) for share in (0.5, 0.25, 0.75)}
    mean, error = estimate_rmst(curve, tau)
    median, *others = quantiles.values()
    return GroupSurvival(name, times.height, events, curve, median, mean, error, estimate_quantile(reverse), *others)


def restrict_means(survival: Survival, tau: float) -> Survival:
    """The same curves with restricted means up to another day."""
    means = [estimate_rmst(group.curve, tau) for group in survival.groups]
    both = zip(survival.groups, means, strict=True)
    groups = tuple(replace(group, rmst=mean, rmst_se=error) for group, (mean, error) in both)
    return replace(survival, groups=groups, tau=tau)


def compare_at_day(first: GroupSurvival, second: GroupSurvival, day: float) -> Contrast:
    """Second minus first survival on a day: plain limits (Greenwood), p of the complementary log-log test.

    None where one of the groups was not observed so long; without p where a curve is at 0 or 1.

    Source: Klein JP, Logan B, Harhoff M, Andersen PK. Stat Med 2007;26:4505.
    """
    at = pl.DataFrame({"day": [float(day)]})
    if first.collapsed or second.collapsed:
        return Contrast()
    if any(group.curve.is_empty() or group.curve["day"][-1] < day for group in (first, second)):
        return Contrast()
    one, two = (at.join_asof(group.curve, on="day").row(0, named=True) for group in (first, second))
    difference = contrast(two["survival"] - one["survival"], float(np.hypot(one["se"] or 0, two["se"] or 0)))
    if not all(0 < side["survival"] < 1 for side in (one, two)):
        return Contrast(difference.estimate, difference.se, difference.lower, difference.upper)
    logs = [np.log(-np.log(side["survival"])) for side in (one, two)]
    errors = [side["se"] / (side["survival"] * np.log(side["survival"])) for side in (one, two)]
    z = (logs[1] - logs[0]) / np.hypot(*errors)
    return Contrast(difference.estimate, difference.se, difference.lower, difference.upper, float(2 * ndtr(-abs(z))))


def to_record(survival: Survival, days: list[float]) -> dict[str, Any]:
    """The fixed form of ``cli.py survival --json``: groups with their values at the days, and the log-rank test."""
    test = survival.log_rank
    record: dict[str, Any] = {
        "groups": [
            {
                "group": group.name,
                "n": group.n,
                "events": group.events,
                "median": group.median.day,
                "median_lower": group.median.lower,
                "median_upper": group.median.upper,
                "rmst": group.rmst,
                "rmst_se": group.rmst_se,
                "at": select_days(group.curve, days).to_dicts(),
            }
            for group in survival.groups
        ],
        "logrank": {
            "statistic": test.statistic if test else None,
            "df": test.df if test else None,
            "p": test.p if test else None,
        },
    }
    if test and test.p_permutation is not None:
        record["logrank"]["p_permutation"] = test.p_permutation
    return record
