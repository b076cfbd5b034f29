"""Analysis visits: which value stands for which nominal visit."""

import polars as pl

KEY = ["usubjid", "paramcd"]


def derive_analysis_visit(measurements: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Set ``avisit`` from the study's windows and add ``analysis``, true for the value that counts.

    Needs ``usubjid``, ``paramcd``, ``avisit``, ``day``, ``aval``; ``visits`` has ``avisit``,
    ``target_day``, ``first_day``, ``last_day``. A dated value gets the visit whose window holds its
    day, or none; a value without a day keeps the visit that its source names. Of several values in
    one window the non-missing one closest to the target counts, of two equally close the earlier.
    Rows are neither dropped nor reordered.

    Source: design, "Analysis visit".
    """
    windows = visits.filter(pl.col("first_day").is_not_null() & pl.col("last_day").is_not_null())
    window = pl.coalesce(
        [
            pl.when(pl.col("day").is_between(row["first_day"], row["last_day"])).then(pl.lit(row["avisit"]))
            for row in windows.iter_rows(named=True)
        ]
        or [pl.lit(None, dtype=pl.String)]
    )
    placed = measurements.with_columns(
        avisit=pl.when(pl.col("day").is_null()).then("avisit").when(pl.col("day").is_not_null()).then(window)
    )
    targets = visits.select("avisit", "target_day")
    joined = placed.join(targets, on="avisit", how="left", validate="m:1", maintain_order="left")
    return joined.with_columns(analysis=is_closest()).drop("target_day")


def is_closest() -> pl.Expr:
    """Whether a value is the one that counts for its subject, parameter and visit."""
    known = pl.col("aval").is_not_null() & pl.col("avisit").is_not_null()
    distance = pl.when(known).then((pl.col("day") - pl.col("target_day")).abs().fill_null(0))
    # The day breaks ties: of two equally close values the earlier one counts.
    rank = pl.struct(distance=distance, day=pl.col("day")).rank("ordinal").over([*KEY, "avisit", known.alias("known")])
    return (known & (rank == 1)).fill_null(False)


def order_visits(seen: pl.Series, visits: pl.DataFrame) -> list[str]:
    """The visits that are seen: the study's in its order, then others by name."""
    names = set(seen.drop_nulls())
    planned = [visit for visit in visits.sort("position")["avisit"] if visit in names]
    return [*planned, *sorted(names - set(planned))]


def choose_visit(rows: pl.DataFrame, visits: pl.DataFrame) -> str:
    """The latest visit that at least half as many rows have as the fullest one; empty without a row."""
    sizes = dict(rows.group_by("avisit").len().rows())
    full = [visit for visit in order_visits(rows["avisit"], visits) if 2 * sizes[visit] >= max(sizes.values())]
    return full[-1] if full else ""
