"""Everything that the survival page and ``cli.py survival`` show, computed once for both."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from analytics.survival.kaplan_meier import (
    Quantile,
    estimate_kaplan_meier,
    estimate_quantile,
    select_days,
)
from analytics.survival.log_rank import LogRank, compare_log_rank
from analytics.survival.restricted_mean import estimate_rmst


@dataclass(frozen=True)
class GroupSurvival:
    """One group: its curve, its median, and its restricted mean up to the tau of all groups."""

    name: str
    n: int
    events: int
    curve: pl.DataFrame
    median: Quantile
    rmst: float | None
    rmst_se: float | None


@dataclass(frozen=True)
class Survival:
    """All groups in alphabetical order, ``tau`` in days, and the test between them (None for one group)."""

    groups: tuple[GroupSurvival, ...]
    tau: float
    log_rank: LogRank | None


def estimate_survival(times: pl.DataFrame, by: str | None = None, tau: float | None = None) -> Survival:
    """Survival by the groups of column ``by``, or of all as the one group ``all``.

    Needs ``time`` in days, ``event`` and ``by``; rows with a missing one are left out. Without
    ``tau`` the restricted mean runs to the longest time that every group was observed.
    """
    known = times.drop_nulls(["time", "event", *([by] if by else [])])
    names = known[by].cast(pl.String).unique().sort().to_list() if by else ["all"]
    parts = {name: known.filter(pl.col(by).cast(pl.String) == name) if by else known for name in names}
    longest = [float(str(part["time"].max())) for part in parts.values() if part.height]
    limit = tau if tau is not None else min(longest, default=0.0)
    groups = tuple(estimate_group(name, part, limit) for name, part in parts.items())
    return Survival(groups, limit, compare_log_rank(known, by) if by else None)


def estimate_group(name: str, times: pl.DataFrame, tau: float) -> GroupSurvival:
    """One group."""
    curve = estimate_kaplan_meier(times)
    rmst, rmst_se = estimate_rmst(curve, tau)
    return GroupSurvival(name, times.height, int(times["event"].sum()), curve, estimate_quantile(curve), rmst, rmst_se)


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
