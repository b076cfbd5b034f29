"""Fields of a text table: where they come from, and what their text means. Text in, typed columns out.

Every parser adds a column with its result and leaves the reason for a text it cannot read to a
second expression, so that no row is dropped silently.
"""

from typing import Literal

import polars as pl

from data.importers.privacy import is_private
from data.importers.study_file import Column, FileMapping
from data.importers.text import NOT_DONE, NOTHING, TextTable, UnreadableFile

DecimalMark = Literal["point", "comma", "both"]
COMMA, POINT = r"^[-+]?\d+,\d+$", r"^[-+]?\d+\.\d+$"
# One mark before exactly three digits, no leading zero: it may mark decimals or thousands.
AMBIGUOUS_COMMA, AMBIGUOUS_POINT = r"^[-+]?[1-9]\d{0,2},\d{3}$", r"^[-+]?[1-9]\d{0,2}\.\d{3}$"
DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y")
FARTHEST_DAY = 36_525  # a hundred years


def check_columns(table: TextTable, mapping: FileMapping, name: str) -> None:
    """Raise UnreadableFile where the mapping names a column that the file lacks, or a private one."""
    wanted = {column.column for column in mapping.columns.values()} | {value.column for value in mapping.values}
    wanted |= set(mapping.where)
    header = [column for column in table.rows.columns if not column.startswith("__")]
    lacking = sorted(wanted - {""} - set(header))
    if lacking:
        raise UnreadableFile(
            f"{name} has no column {', '.join(map(repr, lacking))}; its header is {', '.join(map(repr, header[:12]))}"
        )
    private = [column for column in sorted(wanted) if is_private(column)]
    if private:
        raise UnreadableFile(
            f"{name}: column {private[0]!r} looks like it identifies a person; use a pseudonymous identifier instead"
        )


def read_text(column: Column) -> pl.Expr:
    """The text of a field; missing where the cell is empty, its code is unknown, or it has no column."""
    if not column.column:
        return pl.lit(column.value or None, dtype=pl.String)
    text = pl.col(column.column)
    text = pl.when(text != "").then(text)
    if column.codes:
        text = text.replace_strict(column.codes, default=None, return_dtype=pl.String)
    if column.prefix or column.width:
        text = column.prefix + text.str.zfill(column.width)
    return text


def explain_code(column: Column, label: str) -> pl.Expr:
    """The reason for a cell whose code the mapping does not list; missing where there is none."""
    if not column.codes:
        return pl.lit(None, dtype=pl.String)
    text = pl.col(column.column)
    known = ", ".join(column.codes)
    unknown = (text != "") & ~text.is_in(list(column.codes))
    return pl.when(unknown).then(
        pl.format("{} is no code of {}; known codes: {}", quote(text), pl.lit(label), pl.lit(known))
    )


def quote(text: pl.Expr) -> pl.Expr:
    """A cell in quotation marks, shortened, for a sentence."""
    return pl.format("“{}”", text.str.slice(0, 60))


def is_no_value(text: pl.Expr) -> pl.Expr:
    """Whether a cell is as good as empty."""
    return text.is_null() | text.str.to_lowercase().is_in(list(NOTHING))


def is_not_done(text: pl.Expr) -> pl.Expr:
    """Whether a cell says that nothing was measured."""
    return text.str.to_lowercase().is_in(list(NOT_DONE))


def find_decimal_mark(text: pl.Series) -> DecimalMark:
    """How the numbers of a file mark decimals, by those that can be read in one way only."""
    comma = bool((text.str.contains(COMMA) & ~text.str.contains(AMBIGUOUS_COMMA)).any())
    point = bool((text.str.contains(POINT) & ~text.str.contains(AMBIGUOUS_POINT)).any())
    if comma:
        return "both" if point else "comma"
    return "point"


def is_ambiguous(text: pl.Expr, mark: DecimalMark) -> pl.Expr:
    """Whether a number can be read with a decimal mark or a thousands separator, in a file that marks decimals so."""
    comma = text.str.contains(AMBIGUOUS_COMMA) & pl.lit(mark != "comma")
    point = text.str.contains(AMBIGUOUS_POINT) & pl.lit(mark != "point")
    return comma | point


def parse_number(text: pl.Expr, mark: DecimalMark) -> pl.Expr:
    """The number of a text with decimal point or comma; missing where it is none or ambiguous."""
    comma = text.str.contains(COMMA)
    plain = pl.when(comma).then(text.str.replace(",", ".", literal=True)).otherwise(text)
    number = pl.when(~is_ambiguous(text, mark)).then(plain).cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def explain_number(text: pl.Expr, mark: DecimalMark) -> pl.Expr:
    """The reason why a text is no number; missing where it is one."""
    return (
        pl.when(text.is_null() | parse_number(text, mark).is_not_null())
        .then(pl.lit(None, dtype=pl.String))
        .when(is_ambiguous(text, mark))
        .then(pl.format("{} can be read in two ways, with a decimal mark or a thousands separator", quote(text)))
        .otherwise(pl.format("{} is not a number", quote(text)))
    )


def parse_date(text: pl.Expr) -> pl.Expr:
    """The date of a text as 2024-03-31, 2024/03/31 or 31.03.2024; missing where it is none of these."""
    return pl.coalesce(text.str.to_date(form, strict=False) for form in DATE_FORMATS)


def explain_date(text: pl.Expr) -> pl.Expr:
    """The reason why a text is no date; missing where it is one."""
    return (
        pl.when(text.is_null() | parse_date(text).is_not_null())
        .then(pl.lit(None, dtype=pl.String))
        .when(text.str.contains(r"^\d{1,2}[/-]\d{1,2}[/-]\d{2,4}$"))
        .then(pl.format("{} can be read day first or month first; write it as 2024-03-31", quote(text)))
        .otherwise(pl.format("{} is not a date that exists; dates are written as 2024-03-31", quote(text)))
    )


def parse_day(text: pl.Expr, column: Column, cdisc: bool) -> pl.Expr:
    """The day since time zero (day 0) of a whole number; missing where it is none or cannot be."""
    number = text.cast(pl.Float64, strict=False) * column.times
    whole = pl.when((number.round(6) == number.round(0)) & (number.abs() <= FARTHEST_DAY)).then(number.round(0))
    day = whole.cast(pl.Int32)
    # CDISC counts the day of time zero as 1 and has no day 0.
    return pl.when(day > 0).then(day - 1).when(day < 0).then(day) if cdisc else day


def explain_day(text: pl.Expr, column: Column, cdisc: bool) -> pl.Expr:
    """The reason why a text is no day; missing where it is one."""
    number = text.cast(pl.Float64, strict=False)
    known = text.is_null() | parse_day(text, column, cdisc).is_not_null()
    return (
        pl.when(known)
        .then(pl.lit(None, dtype=pl.String))
        .when(number.is_null() | number.is_nan())
        .then(pl.format("{} is not a day; a day is a whole number counted from time zero", quote(text)))
        .when(number.abs() * column.times > FARTHEST_DAY)
        .then(pl.format("day {} lies more than a hundred years from time zero", text))
        .when((number == 0) & pl.lit(cdisc))
        .then(pl.lit("CDISC study days have no day 0: the day of time zero is day 1"))
        .otherwise(pl.format("day {} is not a whole number", text))
    )
