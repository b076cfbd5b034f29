"""To whom and when: subjects that the study has, and days that count from time zero."""

import polars as pl

from data.importers.fields import (
    explain_date,
    explain_day,
    parse_date,
    parse_day,
    quote,
)
from data.importers.outcome import part_rows
from data.importers.privacy import IDENTIFYING, is_identifying, is_private
from data.importers.study_file import Column, FileMapping
from data.importers.text import LINE, TextTable, UnreadableFile

ABSENT = Column()
BIRTH = "birth_date"
HOMELESS = "the date cannot become a day: the subject has no date of time zero"


def check_columns(table: TextTable, mapping: FileMapping, name: str) -> None:
    """Raise UnreadableFile where the mapping names a column that the file lacks, or a private one.

    A birth date may be named, because it becomes an age; a record number, where it is hashed.
    """
    lacking = sorted(mapping.wanted - set(table.columns))
    if lacking:
        raise UnreadableFile(
            f"{name} has no column {', '.join(map(repr, lacking))}; "
            f"its header is {', '.join(map(repr, table.columns[:12]))}"
        )
    turned = {column.column for field, column in mapping.columns.items() if field == BIRTH or column.hashed}
    private = [column for column in sorted(mapping.wanted - turned) if is_private(column)]
    if private:
        raise UnreadableFile(
            f"{name}: column {private[0]!r} looks like it identifies a person; use a pseudonymous identifier instead"
        )


def filter_rows(table: TextTable, mapping: FileMapping) -> pl.DataFrame:
    """The rows of the file that the mapping is about."""
    return table.rows.filter(*(pl.col(column) == wanted for column, wanted in mapping.where.items()))


def line_column() -> pl.Expr:
    """The line of a row in its file."""
    return pl.col(LINE).alias("line")


def place(cells: pl.DataFrame, mapping: FileMapping, subjects: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells with a known subject and a day or visit, and the rejected ones."""
    day, cdisc = mapping.columns.get("day", ABSENT), mapping.day_numbering == "cdisc"
    dated = know_subjects(cells, subjects).with_columns(date=parse_date(pl.col("date_text"), mapping.date_order))
    since = count_days(pl.col("date"), pl.col("time_zero_date"))
    placed = dated.with_columns(day=pl.coalesce(parse_day(pl.col("day_text"), day, cdisc), since))
    placed = placed.with_columns(undated_visit=pl.when(pl.col("day").is_null()).then("avisit"))
    return part_rows(placed, pl.coalesce(explain_subject(), *explain_place(day, cdisc, mapping.date_order)))


def know_subjects(rows: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """The rows with ``time_zero_date`` of their subject, and ``known``, missing for a subject the study lacks."""
    known = subjects.select("usubjid", "time_zero_date", known=pl.lit(True))
    return rows.join(known, on="usubjid", how="left", validate="m:1", maintain_order="left")


def count_days(date: pl.Expr, time_zero: pl.Expr) -> pl.Expr:
    """The day since time zero (day 0) of a date."""
    return (date - time_zero).dt.total_days().cast(pl.Int32)


def explain_subject() -> pl.Expr:
    """The reason against a subject that the study does not have."""
    subject = pl.col("usubjid")
    unknown = pl.format("no subject {} is in this study; import its row of the subjects file first", quote(subject))
    return (
        pl.when(subject.is_null())
        .then(pl.lit("the subject is missing"))
        .when(is_identifying(subject))
        .then(pl.lit(IDENTIFYING))
        .when(pl.col("known").is_null())
        .then(unknown)
    )


def explain_place(day: Column, cdisc: bool, order: str) -> list[pl.Expr]:
    """The reasons against a day or date; a visit alone is enough."""
    homeless = pl.col("date").is_not_null() & pl.col("time_zero_date").is_null() & pl.col("day").is_null()
    nowhere = pl.col("day").is_null() & pl.col("avisit").is_null()
    return [
        explain_day(pl.col("day_text"), day, cdisc),
        explain_date(pl.col("date_text"), order),
        pl.when(homeless).then(pl.lit(HOMELESS)),
        pl.when(nowhere).then(pl.lit("neither a day, a date nor a visit is given")),
    ]
