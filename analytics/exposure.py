"""Doses by day, derived from medications and treatments."""

import polars as pl

from analytics.frames import MEASUREMENTS, empty

DOSES = {"spironolactone": "spironolactone_dose", "furosemide": "furosemide_dose"}
UNITS = ("mg/d", "mg/day", "mg")


def derive_doses(measurements: pl.DataFrame, medications: pl.DataFrame) -> pl.DataFrame:
    """The daily dose of spironolactone and furosemide, in mg, on every day a subject was measured.

    Needs of ``medications`` usubjid, drug, start_day, end_day, daily_dose and unit. Doses of
    intervals that overlap add up; an interval without start or end is open. Where a study records
    medications, no interval means a dose of 0; without any, there are no rows. A subject with an
    interval whose dose is not known in mg a day has no dose on its days.
    """
    if medications.is_empty():
        return empty(MEASUREMENTS)
    days = measurements.filter(pl.col("day").is_not_null()).select("usubjid", "day").unique(maintain_order=True)
    return pl.concat([derive_dose(days, medications, drug) for drug in DOSES]).select(list(MEASUREMENTS))


def derive_dose(days: pl.DataFrame, medications: pl.DataFrame, drug: str) -> pl.DataFrame:
    """The dose of one drug on these days of these subjects."""
    intervals = medications.filter(pl.col("drug").str.to_lowercase() == drug).with_columns(
        dose=pl.when(pl.col("unit").is_in(list(UNITS))).then("daily_dose")
    )
    pairs = days.join(intervals, on="usubjid").filter(
        pl.col("start_day").is_null() | (pl.col("start_day") <= pl.col("day")),
        pl.col("end_day").is_null() | (pl.col("end_day") >= pl.col("day")),
    )
    # A sum over an unknown dose is unknown, not smaller.
    summed = pairs.group_by("usubjid", "day").agg(
        taken=pl.when(pl.col("dose").null_count() == 0).then(pl.col("dose").sum()), intervals=pl.len()
    )
    joined = days.join(summed, on=["usubjid", "day"], how="left", maintain_order="left")
    return joined.with_columns(
        paramcd=pl.lit(DOSES[drug]),
        avisit=pl.lit(None, dtype=pl.String),
        avalc=pl.lit(None, dtype=pl.String),
        aval=pl.when(pl.col("intervals").is_null()).then(0.0).otherwise(pl.col("taken")),
    )


def derive_infused_cells(treatments: pl.DataFrame) -> pl.DataFrame:
    """Cells infused, in 10*6, on the day of each infusion; infusions of one day add up."""
    infusions = treatments.filter(pl.col("cells_e6").is_not_null(), pl.col("day").is_not_null())
    summed = infusions.group_by("usubjid", "day", maintain_order=True).agg(aval=pl.col("cells_e6").sum())
    return summed.with_columns(
        paramcd=pl.lit("infused_cells"), avisit=pl.lit(None, dtype=pl.String), avalc=pl.lit(None, dtype=pl.String)
    ).select(list(MEASUREMENTS))
