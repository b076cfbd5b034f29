"""Fields of a text table: where they come from, and what their text means. Text in, typed columns out.

Every parser adds a column with its result and leaves the reason for a text it cannot read to a
second expression, so that no row is dropped silently.
"""

from typing import Literal

import polars as pl

from data.importers.study_file import Column
from data.importers.text import NOT_DONE, NOTHING

DecimalMark = Literal["point", "comma", "both"]
COMMA, POINT = r"^[-+]?\d+,\d+$", r"^[-+]?\d+\.\d+$"
# One mark before exactly three digits, no leading zero: it may mark decimals or thousands.
AMBIGUOUS_COMMA, AMBIGUOUS_POINT = r"^[-+]?[1-9]\d{0,2},\d{3}$", r"^[-+]?[1-9]\d{0,2}\.\d{3}$"
DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%Y.%m.%d",
    "%Y年%m月%d日",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d%b%Y",
    "%Y%m%d",
    "%d.%m.%y",
)
ORDERS = {"": (), "day first": ("%d/%m/%Y", "%d-%m-%Y"), "month first": ("%m/%d/%Y", "%m-%d-%Y")}
CLOCK = r"[T ]\d{1,2}:\d{2}.*$"
TWO_WAYS = r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4})$"
YEARS = (1900, 2100)
FARTHEST_DAY = 36_525  # a hundred years


def read_text(column: Column) -> pl.Expr:
    """The text of a field; missing where the cell is empty, its code is unknown, or it has no column."""
    if column.row_number:
        return pl.lit(column.prefix) + pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(column.width)
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
    if not column.codes or not column.column:
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


def find_decimal_mark(text: pl.Series, said: str = "") -> DecimalMark:
    """How the numbers of a file mark decimals: as a person said, else by those that can be read in one way only."""
    if said in ("point", "comma"):
        return "comma" if said == "comma" else "point"
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


def parse_date(text: pl.Expr, order: str = "") -> pl.Expr:
    """The date of a text as 2024-03-31, 31.03.2024 or 31-Mar-2024, a time of day left out; missing where it is none.

    ``order`` says how 03/04/2024 is read; without it only a date that can be read in one way is.
    """
    day = text.str.replace(CLOCK, "")
    formats = [read_date(day, form) for form in (*DATE_FORMATS, *ORDERS[order])]
    if order:
        return pl.coalesce(formats)
    # 31/03/2024 has no thirty-first month: it can be read in one way only.
    first, second = (day.str.extract(TWO_WAYS, at).cast(pl.Int32) for at in (1, 2))
    single = [
        pl.when(one > 12).then(read_date(day, form))
        for one, choice in ((first, "day first"), (second, "month first"))
        for form in ORDERS[choice]
    ]
    return pl.coalesce(*formats, *single)


def read_date(text: pl.Expr, form: str) -> pl.Expr:
    """The date in this form, in a year in which a patient can have been seen; missing for another text."""
    found = text.str.to_date(form, strict=False)
    return pl.when(found.dt.year().is_between(*YEARS)).then(found)


def explain_date(text: pl.Expr, order: str = "") -> pl.Expr:
    """The reason why a text is no date; missing where it is one."""
    return (
        pl.when(text.is_null() | parse_date(text, order).is_not_null())
        .then(pl.lit(None, dtype=pl.String))
        .when(text.str.contains(r"^\d{1,2}[/-]\d{1,2}[/-]\d{2,4}$") & pl.lit(not order))
        .then(pl.format("{} can be read day first or month first; write it as 2024-03-31", quote(text)))
        .otherwise(pl.format("{} is not a date that exists; dates are written as 2024-03-31", quote(text)))
    )


def parse_day(text: pl.Expr, column: Column, cdisc: bool) -> pl.Expr:
    """The day since time zero (day 0) of a number; missing where it is none or cannot be.

    A number that is multiplied (months into days) is rounded to the nearest day.
    """
    number = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False) * column.times
    is_whole = (number.round(6) == number.round(0)) | pl.lit(column.times != 1)
    whole = pl.when(is_whole & (number.abs() <= FARTHEST_DAY)).then(number.round(0))
    day = whole.cast(pl.Int32)
    # CDISC counts the day of time zero as 1 and has no day 0.
    return pl.when(day > 0).then(day - 1).when(day < 0).then(day) if cdisc else day


def explain_day(text: pl.Expr, column: Column, cdisc: bool) -> pl.Expr:
    """The reason why a text is no day; missing where it is one."""
    number = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
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
