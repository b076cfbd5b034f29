"""Survival results in words and tables, as screens show them."""

import polars as pl

from analytics.catalog.constants import YEAR
from analytics.survival.estimate import Survival
from analytics.survival.kaplan_meier import Quantile, select_days
from analytics.survival.log_rank import LogRank

YEARS = (1, 2, 5, 10)
EXPLORATORY = "Exploratory: one comparison."


def summarize_survival(survival: Survival, days: list[float] | None = None) -> pl.DataFrame:
    """One row a group, as text: n, events, median with limits, survival at days, restricted mean, follow-up,
    quartiles.

    In brackets 95 % limits. Without ``days`` at 1, 2, 5 and 10 years, on the age scale at whole decades.
    Days beyond the longest follow-up of every group are left out; a day beyond the follow-up of one group
    is "not observed". On the age scale (a start after day 0) times are in years.
    """
    longest = max((group.curve["day"][-1] for group in survival.groups if not group.curve.is_empty()), default=0.0)
    unit, per = ("years", YEAR) if survival.start else ("days", 1.0)
    asked = list_days(survival.start) if days is None else name_days(survival, days)
    rows = []
    for group in survival.groups:
        row = {"Group": group.name, "Patients": str(group.n), "Events": str(group.events)}
        useless = "not estimable" if group.collapsed else ""
        row[f"Median, {unit}"] = useless or describe_median(group.median, per)
        for name, day in asked.items():
            if survival.start <= day <= longest:
                row[f"At {name}, %"] = useless or describe_day(group.curve, day)
        mean = None if group.rmst is None else f"{group.rmst / per:.{int(per > 1)}f}"
        error = f"{(group.rmst_se or 0) / per:.{int(per > 1)}f}"
        row[f"Mean {unit} to {unit.rstrip('s')} {survival.tau / per:.0f} (SE)"] = (
            "not estimable" if mean is None or useless else f"{mean} ({error})"
        )
        row[f"Follow-up, {unit}"] = describe_median(group.follow_up, per)
        row[f"25 % had it by, {unit}"] = useless or describe_median(group.quarter, per)
        row[f"75 % had it by, {unit}"] = useless or describe_median(group.three_quarters, per)
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def name_days(survival: Survival, days: list[float]) -> dict[str, float]:
    """The days asked for, by name; on the age scale ages."""
    return {f"age {day / YEAR:g}" if survival.start else f"day {day:g}": day for day in days}


def list_days(start: float) -> dict[str, float]:
    """The days of a table by name: years of follow-up, or decades of age."""
    if start:
        return {f"age {age}": age * YEAR for age in range(20, 110, 10)}
    return {f"{year} y": year * YEAR for year in YEARS}


def describe_median(median: Quantile, per: float = 1.0) -> str:
    """A median with its limits in units of ``per`` days; what the curve never reaches is in words."""
    day, lower, upper = (
        None if value is None else f"{value / per:.{int(per > 1)}f}"
        for value in (median.day, median.lower, median.upper)
    )
    if lower is None:
        return "not reached" if day is None else f"{day} (limits not estimable)"
    return f"{day or 'not reached'} ({lower} to {upper or 'not reached'})"


def describe_day(curve: pl.DataFrame, day: float) -> str:
    """Survival on a day in percent with its limits; before the first event there are none."""
    if curve.is_empty() or day > curve["day"][-1]:
        return "not observed"
    at = select_days(curve, [day]).row(0, named=True)
    if at["lower"] is None or (at["survival"] >= 1 and day > curve["day"][0]):
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


def warn_of_truncation(survival: Survival) -> str:
    """Names the groups whose curve fell to 0 while others still came under observation; empty without any."""
    early = [group.name for group in survival.groups if group.collapsed]
    if not early:
        return ""
    return (
        f"The curve of {' and '.join(early)} falls to 0 while others still come under observation: everybody at "
        "risk had "
        "the event at a time when very few were. Nothing can be read from it; let the curve begin later."
    )
