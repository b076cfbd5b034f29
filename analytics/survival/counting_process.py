"""Rows for covariates that change: from each visit to the next, and recurrent events."""

import numpy as np
import polars as pl

from analytics.statistics.interval import Array, Z
from analytics.survival.door import open_rows


def derive_intervals(visits: pl.DataFrame, times: pl.DataFrame, covariates: list[str]) -> pl.DataFrame:
    """The counting-process rows of a time-varying Cox model: one a visit, from its day to the next or the end.

    Needs of ``visits`` usubjid, day and the covariates; of ``times`` usubjid, time and event. Returns
    usubjid, ``start``, ``time`` (the end), ``event`` (true only in the row in which it happens) and the
    covariates, each carried forward over visits without a value. Visits before day 0 count as of day 0,
    visits from the end on are left out, subjects without a time too.

    Source: Therneau TM, Grambsch PM. Modeling Survival Data. Springer 2000, chapter 3 (R: tmerge with tdc).
    """
    ends = open_rows(times).select("usubjid", "event", end=pl.col("time").cast(pl.Float64))
    ordered = visits.select("usubjid", *covariates, start=pl.col("day").clip(0).cast(pl.Float64), day="day").sort(
        "usubjid", "day"
    )
    carried = ordered.with_columns(pl.col(covariates).forward_fill().over("usubjid"))
    kept = carried.unique(["usubjid", "start"], keep="last", maintain_order=True)
    rows = kept.join(ends, on="usubjid", validate="m:1", maintain_order="left").filter(pl.col("start") < pl.col("end"))
    following = pl.col("start").shift(-1).over("usubjid")
    return rows.with_columns(
        time=following.fill_null(pl.col("end")), event=pl.col("event") & following.is_null()
    ).select("usubjid", "start", "time", "event", *covariates)


def estimate_mean_count(follow_up: pl.DataFrame, recurrences: pl.DataFrame) -> pl.DataFrame:
    """The mean cumulative number of recurrent events a patient: one row a day with an event, and one for day 0.

    Needs of ``follow_up`` usubjid and time (the end of observation), of ``recurrences`` usubjid and day;
    events after the end or on day 0 are left out, several on one day count once. Returns ``day``,
    ``at_risk``, ``events``, ``mean_count``, ``se`` (events taken as independent: Aalen), ``se_robust``
    (the events of one patient belong together: Lawless and Nadeau) and its 95 % limits on the logarithmic
    scale, ``lower`` and ``upper``.

    Source: Nelson WB. J Qual Technol 1988;20:24; Lawless JF, Nadeau C. Technometrics 1995;37:158.
    """
    ends = follow_up.drop_nulls("time").select("usubjid", end=pl.col("time").cast(pl.Float64))
    hits = (
        recurrences.select("usubjid", day=pl.col("day").cast(pl.Float64))
        .unique()
        .join(ends.with_row_index("who"), on="usubjid", validate="m:1")
        .filter(pl.col("day") > 0, pl.col("day") <= pl.col("end"))
        .sort("day")
    )
    counts = hits.group_by("day").agg(events=pl.len().cast(pl.Int64)).sort("day")
    leaving = np.sort(ends["end"].to_numpy())
    day, events = counts["day"].to_numpy(), counts["events"].to_numpy()
    at_risk = len(leaving) - np.searchsorted(leaving, day)
    robust = vary_by_patient(ends["end"].to_numpy(), hits, day, events, at_risk)
    rows = counts.with_columns(
        at_risk=pl.Series(at_risk, dtype=pl.Int64), mean_count=pl.Series(np.cumsum(events / at_risk)),
        se=pl.Series(np.sqrt(np.cumsum(events / at_risk**2))), se_robust=pl.Series(np.sqrt(robust)),
    )  # fmt: skip
    none = {"mean_count": 0.0, "se": 0.0, "se_robust": 0.0}
    start = pl.DataFrame({"day": [0.0], "events": [0], "at_risk": [len(leaving)], **none})
    columns = ["day", "at_risk", "events", "mean_count", "se", "se_robust"]
    spread = (Z * pl.col("se_robust") / pl.col("mean_count")).exp()
    known = pl.when(pl.col("mean_count") > 0)
    return pl.concat([start.select(columns), rows.select(columns)]).with_columns(
        lower=known.then(pl.col("mean_count") / spread), upper=known.then(pl.col("mean_count") * spread)
    )


def vary_by_patient(end: Array, hits: pl.DataFrame, day: Array, events: Array, at_risk: Array) -> Array:
    """The sum over patients of (own events less those expected while at risk) squared, at every event day."""
    expected = events / at_risk**2  # what each patient at risk is expected to add
    moved = np.zeros(len(end))
    total, place = np.zeros(len(day)), 0
    who, when = hits["who"].to_numpy(), hits["day"].to_numpy()
    for step, today in enumerate(day):
        moved[end >= today] -= expected[step]
        until = np.searchsorted(when, today, side="right")
        np.add.at(moved, who[place:until], 1 / at_risk[step])
        place, total[step] = until, moved @ moved
    return total
