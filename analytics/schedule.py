"""Which planned visits took place: done, early, late, missed, not yet due."""

import polars as pl

DONE, EARLY, LATE, MISSED, NOT_DUE, UNKNOWN = "done", "early", "late", "missed", "not due", "not known"
STATUSES = (DONE, EARLY, LATE, MISSED, NOT_DUE, UNKNOWN)


def derive_assessments(
    panel: pl.DataFrame, subjects: pl.DataFrame, visits: pl.DataFrame, paramcd: str | None = None
) -> pl.DataFrame:
    """One row a subject and planned visit: ``status`` and the ``day`` of the value closest to the target.

    A visit took place when a value (of ``paramcd``, else any) lies in its window, or has no day and
    stands under its name. It is done within ``tolerance`` days of the target or where the study names
    no tolerance, else early or late. Without a value it is missed when the subject was in contact up to
    the end of its window or has a dated value at a later visit, not due when contact ended before that,
    and not known where no last contact is recorded. Visits without a target are left out.
    """
    planned = visits.filter(pl.col("target_day").is_not_null()).select(
        "avisit", "position", "target_day", "last_day", "tolerance"
    )
    grid = subjects.select("usubjid", "arm", "last_contact_day").join(planned, how="cross")
    values = select_taken(panel, planned, paramcd)
    joined = grid.join(values, on=["usubjid", "avisit"], how="left", validate="1:1", maintain_order="left")
    seen = pl.col("taken") & pl.col("day").is_not_null()
    later = pl.col("position").filter(seen).max().over("usubjid") > pl.col("position")
    ends = pl.coalesce("last_day", "target_day")
    off = pl.col("day") - pl.col("target_day")
    taken = pl.col("taken").fill_null(False)
    on_time = (off.is_null() | pl.col("tolerance").is_null() | (off.abs() <= pl.col("tolerance"))).fill_null(False)
    status = (
        pl.when(taken & on_time).then(pl.lit(DONE))
        .when(taken & (off < 0)).then(pl.lit(EARLY))
        .when(taken).then(pl.lit(LATE))
        .when(later.fill_null(False) | (pl.col("last_contact_day") >= ends)).then(pl.lit(MISSED))
        .when(pl.col("last_contact_day") < ends).then(pl.lit(NOT_DUE))
        .otherwise(pl.lit(UNKNOWN))
    )  # fmt: skip
    return joined.with_columns(status=status).select(
        "usubjid", "arm", "avisit", "position", "target_day", "day", "status"
    )


def select_taken(panel: pl.DataFrame, planned: pl.DataFrame, paramcd: str | None) -> pl.DataFrame:
    """One row a subject and visit with a measured value: ``day`` closest to the target, ``taken`` true."""
    measured = panel.filter(
        pl.col("reported").is_not_null(), pl.col("aval").is_not_null(), pl.col("avisit").is_not_null()
    )
    if paramcd:
        measured = measured.filter(pl.col("paramcd") == paramcd)
    days = (
        measured.select("usubjid", "avisit", "day").unique().join(planned.select("avisit", "target_day"), on="avisit")
    )
    closest = days.sort((pl.col("day") - pl.col("target_day")).abs(), "day", nulls_last=True, maintain_order=True)
    return closest.group_by("usubjid", "avisit").agg(pl.col("day").first(), taken=pl.lit(True))


def summarize_assessments(assessments: pl.DataFrame) -> pl.DataFrame:
    """One row a visit: how many subjects have each status."""
    counted = assessments.group_by("position", "avisit", "status").len()
    wide = counted.pivot(on="status", index=["position", "avisit"], values="len").sort("position").drop("position")
    return wide.select("avisit", *(name for name in STATUSES if name in wide.columns)).fill_null(0)
