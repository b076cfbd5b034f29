"""What is new of one patient since an earlier data cut: values, classes, records."""

import polars as pl

from analytics.catalog import PARAMETER_NAMES, PARAMETERS
from analytics.catalog.parameter import DIMENSIONLESS
from analytics.panel import StudyData
from analytics.patient import select_patient
from analytics.scores import find_any_parameter, list_series

NEW, CHANGED, REMOVED = "new", "changed", "removed"
KEY = ["paramcd", "day", "place"]
SOURCE = ["file_name", "line", "batch"]
VALUES: dict[str, type[pl.DataType]] = {
    "what": pl.String,
    "parameter": pl.String,
    "avisit": pl.String,
    "day": pl.Int32,
    "old": pl.String,
    "new": pl.String,
    "source": pl.String,
}
MOVES: dict[str, type[pl.DataType]] = {
    "score": pl.String,
    "avisit": pl.String,
    "day": pl.Int32,
    "old": pl.String,
    "new": pl.String,
}
RECORDS = {"events": "event", "treatments": "infusion", "medications": "medication"}


def compare_values(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """One row a value that is new, changed (old → new) or removed: what, parameter, avisit, day, old, new, source.

    Both are measurements of one patient; values are compared as they were reported, with their unit. The source is
    the file and line of the value as it is now, or as it was.
    """
    both = key_values(before).join(key_values(now), on=KEY, how="full", coalesce=True, nulls_equal=True, suffix="_now")
    was, is_now = pl.col("value"), pl.col("value_now")
    what = (
        pl.when(was.is_null()).then(pl.lit(NEW))
        .when(is_now.is_null()).then(pl.lit(REMOVED))
        .when(was != is_now).then(pl.lit(CHANGED))
    )  # fmt: skip
    rank = {code: place for place, code in enumerate(PARAMETERS)}
    moved = both.with_columns(what=what).filter(pl.col("what").is_not_null())
    ordered = moved.sort("day", pl.col("paramcd").replace_strict(rank, return_dtype=pl.Int64), nulls_last=True)
    return ordered.select(
        "what",
        pl.col("paramcd").replace_strict(PARAMETER_NAMES, return_dtype=pl.String).alias("parameter"),
        pl.coalesce("avisit_now", "avisit").alias("avisit"),
        "day",
        old=was,
        new=is_now,
        source=pl.coalesce("source_now", "source"),
    ).select(pl.col(name).cast(kind) for name, kind in VALUES.items())


def key_values(measurements: pl.DataFrame) -> pl.DataFrame:
    """The values under the key by which two cuts are compared; the last of several at one place."""
    unit = pl.when(~pl.col("reported_unit").is_in(list(DIMENSIONLESS))).then("reported_unit")
    value = pl.concat_str("reported", unit, separator=" ", ignore_nulls=True)
    keyed = measurements.select(
        "paramcd",
        pl.col("day").cast(pl.Int32),
        "avisit",
        place=pl.when(pl.col("day").is_null()).then("avisit"),
        value=value,
        source=pl.format("{}, line {}", "file_name", "line"),
    )
    return keyed.unique(KEY, keep="last", maintain_order=True)


def compare_classes(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """One row a score whose class of a day moved between two panels of one patient: score, avisit, day, old, new.

    A day that only one of them has is no move; grades of single analytes are left out.
    """
    codes = [code for code in list_series() if not code.startswith("ctcae5_")]
    old, new = (select_classes(panel, codes) for panel in (before, now))
    both = old.join(new, on=["paramcd", "day", "place"], how="inner", nulls_equal=True, suffix="_now")
    moved = both.filter(pl.col("class") != pl.col("class_now")).sort("day", nulls_last=True)
    names = {code: find_any_parameter(code).name for code in codes}
    return moved.select(
        pl.col("paramcd").replace_strict(names, return_dtype=pl.String).alias("score"),
        "avisit",
        "day",
        old="class",
        new="class_now",
    ).select(pl.col(name).cast(kind) for name, kind in MOVES.items())


def select_classes(panel: pl.DataFrame, codes: list[str]) -> pl.DataFrame:
    """The class of each of these scores at each day, where it has one."""
    known = panel.filter(pl.col("paramcd").is_in(codes), pl.col("aval").is_not_null(), pl.col("avalc").is_not_null())
    place = pl.when(pl.col("day").is_null()).then("avisit")
    return known.select("paramcd", "day", "avisit", place=place, **{"class": pl.col("avalc")})


def compare_records(before: StudyData, now: StudyData, usubjid: str) -> pl.DataFrame:
    """One row an event, infusion or medication that is new or removed: what, record, text, source.

    A record that was corrected is one removed and one new.
    """
    frames = [
        tell_apart(*(select_patient(getattr(study, table), usubjid) for study in (before, now)), record)
        for table, record in RECORDS.items()
    ]
    return pl.concat(frames)


def tell_apart(before: pl.DataFrame, now: pl.DataFrame, record: str) -> pl.DataFrame:
    """The rows that only one of two tables has, in words."""
    facts = [name for name in now.columns if name not in ("usubjid", *SOURCE)]
    words = pl.concat_str(
        [pl.format("{} {}", pl.lit(name.replace("_", " ")), pl.col(name).cast(pl.String)) for name in facts],
        separator=", ",
        ignore_nulls=True,
    )
    sides = [
        (REMOVED, before.join(now, on=facts, how="anti", nulls_equal=True)),
        (NEW, now.join(before, on=facts, how="anti", nulls_equal=True)),
    ]
    source = pl.format("{}, line {}", "file_name", "line")
    return pl.concat(
        [
            rows.select(what=pl.lit(what), record=pl.lit(record), text=words.fill_null(""), source=source)
            for what, rows in sides
        ]
    )
