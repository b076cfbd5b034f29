"""Subjects, events, treatments, medications, statements and protocol: a row of the file, a row of the table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import polars as pl

from analytics.catalog.constants import OLDEST
from data.importers.fields import (
    DecimalMark,
    check_columns,
    explain_code,
    explain_date,
    explain_day,
    explain_number,
    find_decimal_mark,
    parse_date,
    parse_day,
    parse_number,
    quote,
    read_text,
)
from data.importers.measurements import ABSENT, explain_subject, filter_rows
from data.importers.outcome import Outcome, explain_repeats, note, part_rows
from data.importers.privacy import IDENTIFYING, WITHHELD, is_identifying
from data.importers.study_file import Column, FileMapping
from data.importers.text import LINE, TextTable, UnreadableFile

Kind = Literal["text", "number", "count", "day", "date", "flag"]
CODE = r"^[-+]?\d+([.,]\d+)?$"
FLAGS = {"yes": True, "true": True, "1": True, "y": True, "no": False, "false": False, "0": False, "n": False}


@dataclass(frozen=True)
class Record:
    """A table of records: its fields and their kinds, those that must be given, and what makes a row unique."""

    fields: Mapping[str, Kind]
    required: tuple[str, ...]
    key: tuple[str, ...] = ()
    of_subject: bool = True


def list_fields(**kinds: str) -> dict[str, Kind]:
    """Fields by kind, each kind's names in one text."""
    known: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
    return {name: known[kind] for kind, names in kinds.items() for name in names.split()}


RECORDS = {
    "subjects": Record(
        list_fields(
            text="usubjid arm site sex etiology", number="age", date="time_zero_date", day="last_contact_day cut_day"
        ),
        required=("usubjid",),
        key=("usubjid",),
        of_subject=False,
    ),
    "events": Record(
        list_fields(text="usubjid kind unit text", day="day", count="grade", flag="serious related", number="value"),
        required=("usubjid", "kind"),
    ),
    "treatments": Record(
        list_fields(
            text="usubjid product route",
            day="day",
            number="cells_e6 cells_e6_per_kg volume_ml viability_pct isolated_cells_e6 recovery_pct "
            "cd34_e6 cd45_e6 cd117_e6 cd133_e6",
        ),
        required=("usubjid",),
    ),
    "medications": Record(
        list_fields(text="usubjid drug unit", day="start_day end_day", number="daily_dose"),
        required=("usubjid", "drug"),
    ),
    "statements": Record(
        list_fields(text="kind time text source", count="n of_n"),
        required=("kind", "text"),
        of_subject=False,
    ),
    "protocol": Record(
        list_fields(text="section item operator value unit source note"),
        required=("section", "item"),
        of_subject=False,
    ),
}


def read_records(table: TextTable, mapping: FileMapping, subjects: pl.DataFrame, name: str) -> Outcome:
    """The rows of a file for one table of records.

    ``subjects`` has ``usubjid`` of the study. A row whose code stands for nothing (such as no event)
    is no row. Raises UnreadableFile where the mapping does not fit the file.
    """
    record = RECORDS[mapping.shape]
    check_columns(table, mapping, name)
    check_fields(record, mapping, name)
    rows = filter_rows(table, mapping)
    mark = find_mark(rows, record, mapping)
    parsed = rows.select(pl.col(LINE).alias("line"), *parse_fields(record, mapping, mark))
    coded = parsed.filter(~is_skipped(mapping))
    known = (
        coded.join(subjects.select("usubjid", known=pl.lit(True)), on="usubjid", how="left")
        if record.of_subject
        else coded
    )
    kept, rejected = part_records(known, record)
    unique, repeated = part_repeats(kept, record, mapping)
    return Outcome(
        accepted=unique.select(*record.fields, "line"),
        rejected=pl.concat([table.rejected, rejected, repeated]).sort("line"),
        warnings=note("numbers are read with a decimal comma") if mark != "point" else rejected.clear(),
        read=rows.height + table.rejected.height,
    )


def check_fields(record: Record, mapping: FileMapping, name: str) -> None:
    """Raise UnreadableFile where the mapping has a field that the table lacks, or lacks one that it needs."""
    strange = sorted(mapping.columns.keys() - record.fields.keys())
    if strange:
        raise UnreadableFile(
            f"{name}: {mapping.shape} have no field {strange[0]!r}; they have {', '.join(record.fields)}"
        )
    lacking = [field for field in record.required if field not in mapping.columns]
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
        value, wrong = parse_field(kind, column, read_text(column), mapping.day_numbering == "cdisc", mark)
        wrong = pl.coalesce(explain_code(column, field), explain_field(field, value), wrong)
        source = pl.col(column.column) if column.column else pl.lit(column.value)
        found += [value.alias(field), source.alias(f"{field}_text"), wrong.alias(f"{field}_wrong")]
    return found


def parse_field(kind: Kind, column: Column, text: pl.Expr, cdisc: bool, mark: DecimalMark) -> tuple[pl.Expr, pl.Expr]:
    """The value of a text by its kind, and the reason where it has none."""
    if kind in ("number", "count"):
        number = parse_number(text, mark) * column.times
        return (number.cast(pl.Int32, strict=False) if kind == "count" else number.round(9)), explain_number(text, mark)
    if kind == "day":
        return parse_day(text, column, cdisc), explain_day(text, column, cdisc)
    if kind == "date":
        return parse_date(text), explain_date(text)
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
    if mapping.repeated:
        rows = rows.unique(fields, keep="first", maintain_order=True)
    said = pl.concat_str(
        [pl.col(field).cast(pl.String).fill_null("–") for field in fields if field not in record.key], separator=", "
    )
    reason = explain_repeats(list(record.key) or fields, said)
    return part_rows(rows, reason, pl.lit(fields[0]), pl.col(fields[0]).cast(pl.String))
