"""Tables of the cohort: baseline by arm, completeness, follow-up."""

import polars as pl

NO_ARM = "no arm recorded"
LARGE = 1000  # means of this size are printed without decimals


def name_missing_arms(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with a word for the arm of those who have none."""
    return rows.with_columns(pl.col("arm").fill_null(NO_ARM))


def summarize_completeness(panel: pl.DataFrame, subjects: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """One row a visit and measured parameter: ``n`` subjects with a value, ``expected``, ``share``.

    Expected at a visit are the subjects whose last contact is not before the visit's target, and
    those whose last contact is not known. Visits without any value are left out.
    """
    counted = panel.filter(pl.col("analysis")).group_by("paramcd", "avisit").agg(n=pl.col("usubjid").n_unique())
    contact = subjects["last_contact_day"]
    expected = [
        int((contact.is_null() | (contact >= (row["target_day"] if row["target_day"] is not None else -(10**6)))).sum())
        for row in visits.iter_rows(named=True)
    ]
    schedule = visits.select("avisit", "position").with_columns(expected=pl.Series(expected, dtype=pl.Int64))
    return (
        counted.join(schedule, on="avisit", how="inner", validate="m:1")
        .with_columns(share=pl.when(pl.col("expected") > 0).then(pl.col("n") / pl.col("expected")))
        .sort("position", "paramcd")
    )


def summarize_subjects(
    subjects: pl.DataFrame, panel: pl.DataFrame, events: pl.DataFrame, paramcds: list[str]
) -> pl.DataFrame:
    """One row a subject: who it is, how long it was followed, its status, and baseline → latest of each parameter.

    ``status`` is the last of death or transplant, else empty. Columns ``<paramcd>`` hold text.
    """
    ends = events.filter(pl.col("kind").is_in(["death", "transplant"])).sort("day", nulls_last=True)
    status = ends.group_by("usubjid").agg(status=pl.col("kind").last())
    measured = panel.filter(pl.col("reported").is_not_null())
    place = pl.coalesce(pl.col("day").cast(pl.String), "avisit")  # a value without a day counts under its visit's name
    visits = measured.group_by("usubjid").agg(visits=place.n_unique())
    table = subjects.select("usubjid", "arm", "age", "sex", "etiology", "last_contact_day")
    for frame in (status, visits):
        table = table.join(frame, on="usubjid", how="left", validate="m:1", maintain_order="left")
    return table.with_columns(pl.col("status").fill_null(""), pl.col("visits").fill_null(0)).join(
        select_latest(panel, paramcds), on="usubjid", how="left", maintain_order="left"
    )


def select_latest(panel: pl.DataFrame, paramcds: list[str]) -> pl.DataFrame:
    """The latest change of each parameter, one column ``<paramcd>_chg`` each; missing without a pair."""
    later = panel.filter(pl.col("post"), pl.col("chg").is_not_null(), pl.col("paramcd").is_in(paramcds))
    latest = later.sort("day", nulls_last=False, maintain_order=True).group_by("usubjid", "paramcd").last()
    wide = panel.select("usubjid").unique(maintain_order=True)
    for paramcd in paramcds:
        column = latest.filter(pl.col("paramcd") == paramcd).select("usubjid", pl.col("chg").alias(f"{paramcd}_chg"))
        wide = wide.join(column, on="usubjid", how="left", maintain_order="left")
    return wide
