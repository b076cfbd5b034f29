"""Dates of records to days and ages: what identifies a person goes no further than this."""

import polars as pl

from analytics.catalog.constants import OLDEST
from data.importers.fields import explain_date
from data.importers.place import ABSENT, BIRTH, HOMELESS, count_days
from data.importers.privacy import WITHHELD
from data.importers.record_types import Record
from data.importers.study_file import FileMapping


def derive_days(rows: pl.DataFrame, record: Record, mapping: FileMapping) -> pl.DataFrame:
    """The rows with days and age of the columns that hold dates; where that cannot be, the reason.

    Of a subject's own row its date of time zero counts, else the one that the study holds.
    """
    own = (
        pl.coalesce("time_zero_date", "time_zero_date_right")
        if record.key == ("usubjid",)
        else pl.col("time_zero_date")
    )
    zero = own.min().over("usubjid") if mapping.columns.get("time_zero_date", ABSENT).first else own
    if record.key == ("usubjid",):
        rows = rows.with_columns(time_zero_date=zero)
        zero = pl.col("time_zero_date")
    for day, date in record.dates.items():
        if date in mapping.columns:
            text = pl.col(f"{date}_text")
            homeless = pl.when(pl.col(date).is_not_null() & zero.is_null()).then(pl.lit(HOMELESS))
            rows = rows.with_columns(
                pl.coalesce(day, count_days(pl.col(date), zero)).alias(day),
                pl.coalesce(f"{day}_text", text).alias(f"{day}_text"),
                pl.coalesce(f"{day}_wrong", explain_date(text, mapping.date_order), homeless).alias(f"{day}_wrong"),
            )
    return derive_age(rows, zero, mapping) if BIRTH in mapping.columns else rows


def place_in_year(date: pl.Expr) -> pl.Expr:
    """Month and day of a date as one number; Polars' own are too small to be multiplied."""
    return date.dt.month().cast(pl.Int32) * 100 + date.dt.day().cast(pl.Int32)


def derive_age(rows: pl.DataFrame, zero: pl.Expr, mapping: FileMapping) -> pl.DataFrame:
    """The rows with the age in completed years at time zero; the birth date itself goes no further."""
    birth = pl.col(BIRTH)
    before = place_in_year(zero) < place_in_year(birth)
    years = (zero.dt.year() - birth.dt.year() - before.cast(pl.Int32)).cast(pl.Float64)
    age = pl.coalesce("age", years)
    unread = explain_date(pl.col(f"{BIRTH}_text"), mapping.date_order).is_not_null()
    wrong = (
        pl.when(unread)
        .then(pl.lit("the birth date cannot be read; dates are written as 2024-03-31"))
        .when(birth.is_not_null() & zero.is_null())
        .then(pl.lit("the age cannot be computed: the subject has no date of time zero"))
        .when(~age.is_between(0, OLDEST))
        .then(pl.lit(f"the birth date gives an age outside 0 to {OLDEST} years"))
    )
    return rows.with_columns(age=age, age_wrong=pl.coalesce("age_wrong", wrong), age_text=pl.lit(WITHHELD))
