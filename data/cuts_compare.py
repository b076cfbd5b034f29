"""What differs between two revisions of a study: values and records that are new, changed or removed."""

import polars as pl

from data import queries
from data.database import open_reader
from data.home import Home

NEW, CHANGED, REMOVED = "new", "changed", "removed"
KEY = ["table", "usubjid", "item", "day", "visit"]
DIFFERENCES = dict.fromkeys(("what", "table", "usubjid", "item"), pl.String) | {
    "day": pl.Int32,
    "visit": pl.String,
    "old": pl.String,
    "new": pl.String,
}
RECORDS = {"events": "kind", "treatments": "product", "medications": "drug"}


def compare_revisions(home: Home, study: str, before: str, after: str) -> pl.DataFrame:
    """One row a value or record of a study that is new, changed (old → new) or removed; see DIFFERENCES.

    Values are compared as they were reported, with their unit; subjects field by field.
    """
    with open_reader(home, before) as old, open_reader(home, after) as new:
        return compare_frames(fetch_keyed(old, study), fetch_keyed(new, study))


def compare_frames(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The rows that differ of two tables with KEY and ``said``."""
    both = before.join(after, on=KEY, how="full", coalesce=True, nulls_equal=True, suffix="_new")
    old, new = pl.col("said"), pl.col("said_new")
    what = (
        pl.when(old.is_null())
        .then(pl.lit(NEW))
        .when(new.is_null())
        .then(pl.lit(REMOVED))
        .when(old != new)
        .then(pl.lit(CHANGED))
    )
    found = both.with_columns(what=what, old=old, new=new).filter(pl.col("what").is_not_null())
    return found.sort(KEY, nulls_last=True).select(list(DIFFERENCES)).cast(dict(DIFFERENCES))


def fetch_keyed(connection: queries.Connection, study: str) -> pl.DataFrame:
    """Everything of a study as text under the key by which revisions are compared; doubles are numbered apart."""
    values = queries.fetch_measurements(connection, study)
    undated = pl.when(pl.col("day").is_null()).then("avisit")
    said = pl.concat_str("reported", "reported_unit", separator=" ", ignore_nulls=True)
    parts = [key_rows(values, "measurements", pl.col("paramcd"), pl.col("day"), undated, said)]
    subjects = queries.fetch_subjects(connection, study)
    for name in (column for column in subjects.columns if column != "usubjid"):
        given = subjects.filter(pl.col(name).is_not_null())
        none = pl.lit(None)
        parts.append(key_rows(given, "subjects", pl.lit(name), none, none, pl.col(name).cast(pl.String)))
    frames = queries.fetch_frames(connection, study)
    parts += [key_records(frames[table], table, kind) for table, kind in RECORDS.items()]
    return pl.concat(parts).unique(KEY, keep="last", maintain_order=True)


def key_records(rows: pl.DataFrame, table: str, kind: str) -> pl.DataFrame:
    """Events, infusions or medication as text under their key."""
    day = "start_day" if "start_day" in rows.columns else "day"
    facts = [name for name in rows.columns if name not in ("usubjid", kind, day, "file_name", "line", "batch")]
    said = pl.concat_str(
        [pl.format("{} {}", pl.lit(name), pl.col(name).cast(pl.String)) for name in facts],
        separator=", ",
        ignore_nulls=True,
    )
    number = pl.int_range(pl.len()).over("usubjid", kind, day)
    several = pl.when(number > 0).then(pl.format("no. {}", number + 1))
    return key_rows(rows, table, pl.col(kind), pl.col(day), several, said.fill_null(""))


def key_rows(
    rows: pl.DataFrame, table: str, item: pl.Expr, day: pl.Expr, visit: pl.Expr, said: pl.Expr
) -> pl.DataFrame:
    """Rows under KEY with ``said``."""
    return rows.select(
        table=pl.lit(table),
        usubjid="usubjid",
        item=item.cast(pl.String),
        day=day.cast(pl.Int32),
        visit=visit.cast(pl.String),
        said=said,
    )
