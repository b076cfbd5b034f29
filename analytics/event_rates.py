"""Events per patient-year with exact limits, by arm."""

from typing import Any

import polars as pl

from analytics.catalog.constants import YEAR
from analytics.statistics.rates import compare_rates, estimate_rate

INFUSION = "infusion"
SCHEMA = {
    "kind": pl.String,
    "arm": pl.String,
    "events": pl.Int64,
    "patients": pl.Int64,
    "years": pl.Float64,
    **dict.fromkeys(("rate", "lower", "upper", "ratio", "ratio_lower", "ratio_upper", "p"), pl.Float64),
}


def summarize_event_rates(subjects: pl.DataFrame, events: pl.DataFrame, reference: str) -> pl.DataFrame:
    """One row a kind of event and arm: events after day 0, patients with one, patient-years, rate a year.

    Time runs from day 0 to the last contact; subjects without one, and their events, are left out.
    ``ratio``: the arm's rate over the reference's, with exact limits and p. Infusions are no events.
    """
    followed = subjects.filter(pl.col("last_contact_day") > 0)
    years = {arm: days / YEAR for arm, days in followed.group_by("arm").agg(pl.col("last_contact_day").sum()).rows()}
    seen = events.filter(pl.col("kind") != INFUSION, pl.col("day") > 0).join(
        followed.select("usubjid", "arm", "last_contact_day"), on="usubjid"
    )
    seen = seen.filter(pl.col("day") <= pl.col("last_contact_day"))
    counted = seen.group_by("kind", "arm").agg(events=pl.len(), patients=pl.col("usubjid").n_unique())
    counts = {(kind, arm): (n, patients) for kind, arm, n, patients in counted.rows()}
    kinds = sorted({kind for kind, _ in counts})
    rows = [describe_rate(kind, arm, reference, counts, years) for kind in kinds for arm in sorted(years)]
    return pl.DataFrame(rows, schema=SCHEMA)


def describe_rate(
    kind: str, arm: str, reference: str, counts: dict[tuple[str, str], tuple[int, int]], years: dict[str, float]
) -> dict[str, Any]:
    """The rate of one kind of event in one arm, and its ratio to the reference."""
    events, patients = counts.get((kind, arm), (0, 0))
    found = estimate_rate(events, years[arm])
    row: dict[str, Any] = {"kind": kind, "arm": arm, "events": events, "patients": patients, "years": years[arm]}
    row |= {"rate": found.estimate, "lower": found.lower, "upper": found.upper}
    if arm == reference or reference not in years:
        return row
    ratio = compare_rates(events, years[arm], counts.get((kind, reference), (0, 0))[0], years[reference])
    limits = {"ratio_lower": ratio.ratio.lower, "ratio_upper": ratio.ratio.upper}
    return row | {"ratio": ratio.ratio.estimate, **limits, "p": ratio.p}
