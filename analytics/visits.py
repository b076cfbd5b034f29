"""Analysis visits: which value stands for which nominal visit."""

import polars as pl

KEY = ["usubjid", "paramcd"]
FARTHEST, FAR = 1_000_000, 10_000_000  # days: beyond any, and more than any two differ by


def derive_analysis_visit(measurements: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Set ``avisit`` from the study's windows and add ``analysis``, true for the value that counts.

    Needs ``usubjid``, ``paramcd``, ``avisit``, ``day``, ``aval``; ``visits`` has ``avisit``,
    ``target_day``, ``first_day``, ``last_day``. A dated value gets the visit whose window holds its
    day, or none; a value without a day keeps the visit that its source names. Of several values in
    one window the non-missing one closest to the target counts, of two equally close the earlier.
    Rows are neither dropped nor reordered.

    Source: design, "Analysis visit".
    """
    undated = pl.when(pl.col("day").is_null()).then("avisit")
    placed = measurements.with_columns(avisit=pl.coalesce(undated, place_days(measurements["day"], visits)))
    closest = find_closest(placed, visits)
    numbered = pl.int_range(pl.len(), dtype=pl.UInt32)
    return placed.with_columns(analysis=numbered.is_in(closest.implode()))


def place_days(days: pl.Series, visits: pl.DataFrame) -> pl.Series:
    """The visit whose window holds each day; missing for a day in none, and for a missing one."""
    windows = visits.filter(pl.col("first_day").is_not_null() & pl.col("last_day").is_not_null())
    window = pl.coalesce(
        [
            pl.when(pl.col("day").is_between(row["first_day"], row["last_day"])).then(pl.lit(row["avisit"]))
            for row in windows.iter_rows(named=True)
        ]
        or [pl.lit(None, dtype=pl.String)]
    )
    # Days are few and rows are many: each day is looked up once.
    known = pl.DataFrame({"day": days.unique().drop_nulls()}).with_columns(window=window)
    return days.to_frame("day").join(known, on="day", how="left", maintain_order="left", validate="m:1")["window"]


def find_closest(placed: pl.DataFrame, visits: pl.DataFrame) -> pl.Series:
    """The row numbers of the values that count for their subject, parameter and visit."""
    targets = visits.select("avisit", "target_day")
    known = (
        placed.select(*KEY, "avisit", "day", "aval")
        .with_row_index("row")
        .filter(pl.col("aval").is_not_null() & pl.col("avisit").is_not_null())
        .join(targets, on="avisit", how="left", validate="m:1", maintain_order="left")
    )
    distance = (pl.col("day") - pl.col("target_day")).abs().fill_null(0).cast(pl.Int64)
    # The day breaks ties: of two equally close values the earlier one counts.
    rank = distance * FAR + pl.col("day").fill_null(-FARTHEST)
    found = known.select(*KEY, "avisit", "row", rank=rank)
    return found.group_by(*KEY, "avisit").agg(pl.col("row").get(pl.col("rank").arg_min()))["row"]


def order_visits(seen: pl.Series, visits: pl.DataFrame) -> list[str]:
    """The visits that are seen: the study's in its order, then others by name."""
    names = set(seen.drop_nulls())
    # Lists are sorted, not a frame of three rows: Polars would wake its threads, and every page asks several times.
    places = sorted(zip(visits["position"].to_list(), visits["avisit"].to_list(), strict=True))
    planned = [visit for _, visit in places if visit in names]
    return [*planned, *sorted(names - set(planned))]


def choose_visit(rows: pl.DataFrame, visits: pl.DataFrame) -> str:
    """The latest visit that at least half as many rows have as the fullest one; empty without a row."""
    sizes = dict(rows.group_by("avisit").len().rows())
    full = [visit for visit in order_visits(rows["avisit"], visits) if 2 * sizes[visit] >= max(sizes.values())]
    return full[-1] if full else ""
