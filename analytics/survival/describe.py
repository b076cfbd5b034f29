"""Survival results in words and tables, as screens show them."""

import polars as pl

from analytics.catalog.constants import YEAR
from analytics.survival.estimate import Survival
from analytics.survival.kaplan_meier import Quantile, select_days
from analytics.survival.log_rank import LogRank

YEARS = (1, 2, 5, 10)
EXPLORATORY = "Exploratory: one comparison."


def summarize_survival(survival: Survival, days: list[float] | None = None) -> pl.DataFrame:
    """One row a group, as text: n, events, median with limits, survival at days, restricted mean, follow-up.

    In brackets 95 % limits. Without ``days`` at 1, 2, 5 and 10 years. Days beyond the longest follow-up
    of every group are left out; a day beyond the follow-up of one group is "not observed".
    """
    longest = max((group.curve["day"][-1] for group in survival.groups if not group.curve.is_empty()), default=0.0)
    asked = {f"{year} y": year * YEAR for year in YEARS} if days is None else {f"day {day:g}": day for day in days}
    rows = []
    for group in survival.groups:
        row = {"Group": group.name, "Patients": str(group.n), "Events": str(group.events)}
        row["Median, days"] = describe_median(group.median)
        for name, day in asked.items():
            if day <= longest:
                row[f"At {name}, %"] = describe_day(group.curve, day)
        row[f"Mean to day {survival.tau:.0f} (SE)"] = (
            "not estimable" if group.rmst is None else f"{group.rmst:.0f} ({group.rmst_se or 0:.0f})"
        )
        row["Follow-up, days"] = describe_median(group.follow_up)
        rows.append(row)
    return pl.DataFrame(rows)


def describe_median(median: Quantile) -> str:
    """A median with its limits; what the curve never reaches is in words."""
    day, lower, upper = median.day, median.lower, median.upper
    if day is None and lower is None:
        return "not reached"
    low, high = (f"{limit:.0f}" if limit is not None else "not reached" for limit in (lower, upper))
    if lower is None:
        return f"{day:.0f} (limits not estimable)"
    return f"{'not reached' if day is None else f'{day:.0f}'} ({low} to {high})"


def describe_day(curve: pl.DataFrame, day: float) -> str:
    """Survival on a day in percent with its limits."""
    at = select_days(curve, [day]).row(0, named=True)
    if day > curve["day"][-1]:
        return "not observed"
    if at["lower"] is None:
        return f"{100 * at['survival']:.1f} (not estimable)"
    return f"{100 * at['survival']:.1f} ({100 * at['lower']:.1f} to {100 * at['upper']:.1f})"


def describe_log_rank(test: LogRank | None) -> str:
    """The test in a sentence; for small groups only the permutation p value is given."""
    if test is None:
        return "There is only one group: nothing to compare."
    if test.statistic is None:
        return "Log-rank test: not estimable, because no event was observed while both groups were at risk."
    if test.p_permutation is not None:
        how = "all arrangements counted" if test.exact else "9,999 random arrangements"
        smallest = describe_p(test.smallest or 0)
        return (
            f"**Log-rank test by permutation: p {describe_p(test.p_permutation)}** ({how}; a group has fewer than "
            f"10 patients, and the smallest p value that this design can reach is p {smallest}). {EXPLORATORY}"
        )
    p = describe_p(test.p or 0)
    return f"**Log-rank test: χ² = {test.statistic:.2f}, {test.df} df, p {p}**. {EXPLORATORY}"


def describe_p(p: float) -> str:
    """A p value with its sign, as journals print it."""
    return f"= {p:.3f}" if p >= 0.001 else "< 0.001"
