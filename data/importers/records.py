"""Subjects, events, treatments, medications, statements and protocol: a row of the file, a row of the table."""

from dataclasses import replace

import polars as pl

from analytics.catalog.constants import OLDEST
from data.importers.fields import (
    DecimalMark,
    explain_code,
    explain_date,
    explain_day,
    explain_number,
    find_decimal_mark,
    is_no_value,
    parse_date,
    parse_day,
    parse_number,
    quote,
    read_text,
)
from data.importers.outcome import Outcome, explain_repeats, note, part_rows
from data.importers.place import ABSENT, BIRTH, check_columns, explain_subject, filter_rows, know_subjects, line_column
from data.importers.privacy import IDENTIFYING, WITHHELD, is_identifying
from data.importers.record_days import derive_days
from data.importers.record_types import RECORDS, Kind, Record
from data.importers.study_file import Column, FileMapping
from data.importers.text import TextTable, UnreadableFile

CODE = r"^[-+]?\d+([.,]\d+)?$"
YES, NO = "yes true 1 y ja j oui si x 是 有 はい 예 بله", "no false 0 n nein non 否 无 無 いいえ 아니오 خیر"
FLAGS = dict.fromkeys(YES.split(), True) | dict.fromkeys(NO.split(), False)
FEMALE, MALE = (
    "f female w weiblich frau woman 女 女性 여 여성 زن femme mujer",
    "m male männlich mann man 男 男性 남 남성 مرد homme hombre",
)
SEXES = dict.fromkeys(FEMALE.split(), "F") | dict.fromkeys(MALE.split(), "M")


def read_records(table: TextTable, mapping: FileMapping, subjects: pl.DataFrame, name: str) -> Outcome:
    """The rows of a file for one table of records.

    ``subjects`` has ``usubjid`` and ``time_zero_date`` of the study. A row whose code stands for nothing
    (such as no event) is no row. Raises UnreadableFile where the mapping does not fit the file.
    """
    record = RECORDS[mapping.shape]
    check_columns(table, mapping, name)
    check_fields(record, mapping, name)
    rows, mapping = stack_columns(filter_rows(table, mapping), mapping)
    mark = find_mark(rows, record, mapping)
    parsed = rows.select(line_column(), *parse_fields(record, mapping, mark))
    coded = parsed.filter(~is_skipped(mapping))
    known = know_subjects(coded, subjects) if "usubjid" in record.fields else coded
    kept, rejected = part_records(derive_days(known, record, mapping), record)
    unique, repeated = part_repeats(kept, record, mapping)
    return Outcome(
        accepted=unique.select(*record.fields, "line"),
        rejected=pl.concat([table.rejected, rejected, repeated]).sort("line"),
        warnings=note("numbers are read with a decimal comma") if mark != "point" else rejected.clear(),
        read=rows.height + table.rejected.height,
    )


def stack_columns(rows: pl.DataFrame, mapping: FileMapping) -> tuple[pl.DataFrame, FileMapping]:
    """Rows and mapping of a file with a column for the date of every kind of event: a row a date that is given."""
    if not mapping.values:
        return rows, mapping
    stacked = [
        rows.filter(~is_no_value(pl.col(value.column))).with_columns(
            __kind=pl.lit(value.paramcd), __date=pl.col(value.column)
        )
        for value in mapping.values
    ]
    columns = mapping.columns | {"kind": Column("__kind"), "date": Column("__date")}
    return pl.concat(stacked), replace(mapping, columns=columns, values=())


def check_fields(record: Record, mapping: FileMapping, name: str) -> None:
    """Raise UnreadableFile where the mapping has a field that the table lacks, or lacks one that it needs."""
    strange = sorted(mapping.columns.keys() - set(record.sources))
    if strange:
        raise UnreadableFile(
            f"{name}: {mapping.shape} have no field {strange[0]!r}; they have {', '.join(record.fields)}"
        )
    given = mapping.columns.keys() | ({"kind"} if mapping.values else set())
    lacking = [field for field in record.required if field not in given]
    if lacking:
        raise UnreadableFile(f"{name}: {mapping.shape} need a column for {', '.join(lacking)}")


def find_mark(rows: pl.DataFrame, record: Record, mapping: FileMapping) -> DecimalMark:
    """How the numbers of these rows mark decimals."""
    numbers = [
        read_text(mapping.columns[field])
        for field, kind in record.fields.items()
        if kind == "number" and field in mapping.columns
    ]
    if not numbers:
        return "point"
    return find_decimal_mark(rows.select(text=pl.concat_list(numbers)).explode("text")["text"])


def parse_fields(record: Record, mapping: FileMapping, mark: DecimalMark) -> list[pl.Expr]:
    """For every field its value, its text (``…_text``) and the reason against it (``…_wrong``)."""
    found: list[pl.Expr] = []
    for field, kind in record.fields.items():
        column = mapping.columns.get(field, ABSENT)
        value, wrong = parse_field(kind, column, read_text(column), mapping, mark)
        wrong = pl.coalesce(explain_code(column, field), explain_field(field, value), wrong)
        source = pl.col(column.column) if column.column else pl.lit(column.value)
        found += [value.alias(field), source.alias(f"{field}_text"), wrong.alias(f"{field}_wrong")]
    for field in {*record.dates.values(), BIRTH} & mapping.columns.keys():
        text = read_text(mapping.columns[field])
        found += [text.alias(f"{field}_text"), parse_date(text, mapping.date_order).alias(field)]
    return found


def parse_field(
    kind: Kind, column: Column, text: pl.Expr, mapping: FileMapping, mark: DecimalMark
) -> tuple[pl.Expr, pl.Expr]:
    """The value of a text by its kind, and the reason where it has none."""
    cdisc = mapping.day_numbering == "cdisc"
    if kind != "text":
        text = pl.when(~is_no_value(text)).then(text)
    if kind in ("number", "count"):
        number = parse_number(text, mark) * column.times
        return (number.cast(pl.Int32, strict=False) if kind == "count" else number.round(9)), explain_number(text, mark)
    if kind == "day":
        return parse_day(text, column, cdisc), explain_day(text, column, cdisc)
    if kind == "date":
        return parse_date(text, mapping.date_order), explain_date(text, mapping.date_order)
    if kind == "sex":
        return text.str.to_lowercase().replace_strict(SEXES, default=text, return_dtype=pl.String), pl.lit(
            None, pl.String
        )
    if kind == "flag":
        flag = text.str.to_lowercase().replace_strict(FLAGS, default=None, return_dtype=pl.Boolean)
        wrong = pl.when(text.is_not_null() & flag.is_null()).then(pl.format("{} is neither yes nor no", quote(text)))
        return flag, wrong
    return text, pl.when(is_identifying(text)).then(pl.lit(IDENTIFYING))


def explain_field(field: str, value: pl.Expr) -> pl.Expr:
    """The reason against a value that its field cannot have."""
    if field == "sex":
        return pl.when(~value.is_in(["F", "M"])).then(pl.format("sex is F or M, not {}", quote(value)))
    if field == "age":
        return pl.when(~value.is_between(0, OLDEST)).then(
            pl.format("age {} is outside 0 to {} years", value, pl.lit(OLDEST))
        )
    if field == "kind":  # 0, 1, 2 mean something else in every study: read as 0/1 a transplant becomes a death
        said = "kind is the code {}; name in study.toml what it stands for, with codes"
        return pl.when(value.str.contains(CODE)).then(pl.format(said, quote(value)))
    if field in ("cells_e6", "volume_ml", "daily_dose"):
        return pl.when(value < 0).then(pl.format("{} cannot be negative", pl.lit(field)))
    return pl.lit(None, dtype=pl.String)


def is_skipped(mapping: FileMapping) -> pl.Expr:
    """Whether a row's code stands for nothing, so that it is no row of this table."""
    skipped = [
        pl.col(f"{field}_text").is_in([code for code, meaning in column.codes.items() if not meaning])
        for field, column in mapping.columns.items()
        if column.codes
    ]
    return pl.any_horizontal(skipped) if skipped else pl.lit(False)


def part_records(rows: pl.DataFrame, record: Record) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows whose fields can all be read, and the others with the first field that cannot."""
    lacking = {field: pl.when(pl.col(field).is_null()).then(pl.lit(f"{field} is missing")) for field in record.required}
    reasons = {
        field: pl.coalesce(f"{field}_wrong", lacking.get(field, pl.lit(None, dtype=pl.String)))
        for field in record.fields
    }
    if record.of_subject:
        reasons["usubjid"] = pl.coalesce(reasons["usubjid"], explain_subject())
    column = pl.coalesce(pl.when(reason.is_not_null()).then(pl.lit(field)) for field, reason in reasons.items())
    value = pl.coalesce(pl.when(reason.is_not_null()).then(f"{field}_text") for field, reason in reasons.items())
    reason = pl.coalesce(*reasons.values())
    return part_rows(rows, reason, column, pl.when(reason == IDENTIFYING).then(pl.lit(WITHHELD)).otherwise(value))


def part_repeats(rows: pl.DataFrame, record: Record, mapping: FileMapping) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that say something new, and the others: repetitions, or contradictions of one subject's rows."""
    fields = list(record.fields)
    if mapping.repeated and record.key:
        # A subject's facts may stand on one of its rows only, as on the first visit of a REDCap export.
        facts = [name for name in fields if name not in record.key]
        firsts = [pl.coalesce(name, pl.col(name).drop_nulls().first().over(record.key)) for name in facts]
        rows = rows.with_columns(firsts)
    if mapping.repeated:
        rows = rows.unique(fields, keep="first", maintain_order=True)
    said = pl.concat_str(
        [pl.col(field).cast(pl.String).fill_null("–") for field in fields if field not in record.key], separator=", "
    )
    reason = explain_repeats(list(record.key) or fields, said)
    return part_rows(rows, reason, pl.lit(fields[0]), pl.col(fields[0]).cast(pl.String))
