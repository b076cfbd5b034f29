"""Measurements, long (a row a value) or wide (a row a visit), checked value by value."""

import polars as pl

from analytics.catalog import PARAMETERS, UnknownUnit, match_parameter
from data.importers.fields import (
    DecimalMark,
    check_columns,
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
from data.importers.outcome import Outcome, explain_repeats, note, part_rows, warn
from data.importers.privacy import IDENTIFYING, is_identifying
from data.importers.study_file import Column, FileMapping
from data.importers.text import LINE, TextTable

ABSENT = Column()
KEY = ["usubjid", "paramcd", "day", "undated_visit"]
LIMIT = r"^\s*([<>≤≥]=?)\s*(.+)$"
ACCEPTED = [
    "usubjid",
    "paramcd",
    "avisit",
    "day",
    "aval",
    "avalc",
    "reported",
    "reported_unit",
    "ref_low",
    "ref_high",
    "line",
]


def read_measurements(table: TextTable, mapping: FileMapping, subjects: pl.DataFrame, name: str) -> Outcome:
    """The measurements of a file, in the catalog's units.

    ``subjects`` has ``usubjid`` and ``time_zero_date`` of the study. Empty cells are no rows.
    Raises UnreadableFile where the mapping does not fit the file.
    """
    check_columns(table, mapping, name)
    cells = stack_wide(table, mapping) if mapping.values else stack_long(table, mapping)
    filled = cells.filter(~is_no_value(pl.col("value")))
    mark = find_decimal_mark(filled["value"].str.replace(LIMIT, "$2"))
    placed, wrong_place = place(filled, mapping, subjects)
    named, wrong_name = part_rows(add_parameter(placed), explain_parameter())
    valued = add_value(add_factor(named), mark)
    possible, wrong_value = part_rows(valued, explain_value(mark))
    unique, repeated = part_rows(
        possible, explain_repeats(KEY, pl.format("{} {}", "value", pl.col("unit").fill_null("")))
    )
    notes = [note("numbers are read with a decimal comma")] if mark != "point" else []
    return Outcome(
        accepted=unique.with_columns(reported="value", reported_unit="unit").select(ACCEPTED),
        rejected=pl.concat([table.rejected, wrong_place, wrong_name, wrong_value, repeated]).sort("line"),
        warnings=pl.concat([*notes, warn(unique, explain_warning())]).sort("line"),
        read=filled.height + table.rejected.height,
    )


def stack_wide(table: TextTable, mapping: FileMapping) -> pl.DataFrame:
    """One row a cell of a wide file, with the parameter, unit and visit that the mapping gives its column."""
    rows = filter_rows(table, mapping)
    cells = [
        rows.select(
            *common_columns(mapping),
            column=pl.lit(value.column),
            name=pl.lit(value.paramcd),
            value=pl.col(value.column),
            unit=pl.lit(value.unit or None, dtype=pl.String),
            avisit=pl.lit(value.avisit) if value.avisit else read_text(mapping.columns.get("avisit", ABSENT)),
        )
        for value in mapping.values
    ]
    return pl.concat(cells)


def stack_long(table: TextTable, mapping: FileMapping) -> pl.DataFrame:
    """The rows of a long file under the names that this module uses."""
    columns = mapping.columns
    return filter_rows(table, mapping).select(
        *common_columns(mapping),
        column=pl.lit(columns.get("aval", ABSENT).column),
        name=read_text(columns.get("paramcd", ABSENT)),
        value=read_text(columns.get("aval", ABSENT)),
        unit=read_text(columns.get("unit", ABSENT)),
        avisit=read_text(columns.get("avisit", ABSENT)),
    )


def common_columns(mapping: FileMapping) -> list[pl.Expr]:
    """Subject, day, date and reference limits, which both shapes have."""
    fields = {
        "usubjid": "usubjid",
        "day_text": "day",
        "date_text": "date",
        "low_text": "ref_low",
        "high_text": "ref_high",
    }
    texts = [read_text(mapping.columns.get(field, ABSENT)).alias(name) for name, field in fields.items()]
    return [pl.col(LINE).alias("line"), *texts]


def filter_rows(table: TextTable, mapping: FileMapping) -> pl.DataFrame:
    """The rows of the file that the mapping is about."""
    return table.rows.filter(*(pl.col(column) == wanted for column, wanted in mapping.where.items()))


def place(cells: pl.DataFrame, mapping: FileMapping, subjects: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells with a known subject and a day or visit, and the rejected ones."""
    day, cdisc = mapping.columns.get("day", ABSENT), mapping.day_numbering == "cdisc"
    known = subjects.select("usubjid", "time_zero_date", known=pl.lit(True))
    dated = cells.join(known, on="usubjid", how="left", validate="m:1", maintain_order="left").with_columns(
        date=parse_date(pl.col("date_text"))
    )
    since = (pl.col("date") - pl.col("time_zero_date")).dt.total_days().cast(pl.Int32)
    placed = dated.with_columns(day=pl.coalesce(parse_day(pl.col("day_text"), day, cdisc), since))
    placed = placed.with_columns(undated_visit=pl.when(pl.col("day").is_null()).then("avisit"))
    return part_rows(placed, pl.coalesce(explain_subject(), *explain_place(day, cdisc)))


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


def explain_place(day: Column, cdisc: bool) -> list[pl.Expr]:
    """The reasons against a day or date; a visit alone is enough."""
    homeless = pl.col("date").is_not_null() & pl.col("time_zero_date").is_null() & pl.col("day").is_null()
    nowhere = pl.col("day").is_null() & pl.col("avisit").is_null()
    return [
        explain_day(pl.col("day_text"), day, cdisc),
        explain_date(pl.col("date_text")),
        pl.when(homeless).then(pl.lit("the date cannot become a day: the subject has no date of time zero")),
        pl.when(nowhere).then(pl.lit("neither a day, a date nor a visit is given")),
    ]


def add_parameter(cells: pl.DataFrame) -> pl.DataFrame:
    """Add ``paramcd``, the parameter that the name stands for; missing where the catalog knows none."""
    found = {name: match_parameter(name) for name in cells["name"].drop_nulls().unique()}
    codes = {name: parameter.paramcd for name, parameter in found.items() if parameter and not parameter.derived}
    return cells.with_columns(paramcd=pl.col("name").replace_strict(codes, default=None, return_dtype=pl.String))


def explain_parameter() -> pl.Expr:
    """The reason against a parameter that the catalog does not know."""
    unknown = pl.format("no parameter of the catalog is called {}", quote(pl.col("name")))
    return (
        pl.when(pl.col("name").is_null())
        .then(pl.lit("the parameter is missing"))
        .when(pl.col("paramcd").is_null())
        .then(unknown)
    )


def add_factor(cells: pl.DataFrame) -> pl.DataFrame:
    """Add ``factor`` into the catalog's unit and ``wrong_unit``, the reason where there is none."""
    rows = []
    for paramcd, unit in cells.select("paramcd", "unit").unique(maintain_order=True).iter_rows():
        try:
            rows.append(
                {"paramcd": paramcd, "unit": unit, "factor": PARAMETERS[paramcd].factor(unit or ""), "wrong_unit": None}
            )
        except UnknownUnit as error:
            rows.append({"paramcd": paramcd, "unit": unit, "factor": None, "wrong_unit": str(error)})
    schema = {"paramcd": pl.String, "unit": pl.String, "factor": pl.Float64, "wrong_unit": pl.String}
    factors = pl.DataFrame(rows, schema=schema)
    return cells.join(
        factors, on=["paramcd", "unit"], how="left", validate="m:1", nulls_equal=True, maintain_order="left"
    )


def add_value(cells: pl.DataFrame, mark: DecimalMark) -> pl.DataFrame:
    """Add ``aval`` in the catalog's unit, ``avalc``, ``limit`` ("<0.2"), reference limits and sentences.

    A value known only as below or above a limit has no number: ``aval`` stays missing, ``avalc``
    keeps what was reported. Words of a grade become the grade.
    """
    rows = cells.join(find_levels(cells), on=["paramcd", "value"], how="left", validate="m:1", maintain_order="left")
    limit = pl.col("value").str.contains(LIMIT) & pl.col("level").is_null()
    number = parse_number(pl.col("value"), mark)
    converted = (number * pl.col("factor")).round(9)  # 34.2 umol/L is exactly 2.0 mg/dL
    rows = rows.with_columns(
        limit=limit,
        aval=pl.when(~limit).then(pl.coalesce("level", converted)),
        avalc=pl.when(limit | pl.col("level").is_not_null()).then("value"),
        ref_low=(parse_number(pl.col("low_text"), mark) * pl.col("factor")).round(9),
        ref_high=(parse_number(pl.col("high_text"), mark) * pl.col("factor")).round(9),
    )
    return rows.join(find_sentences(rows), on=["paramcd", "aval"], how="left", validate="m:1", maintain_order="left")


def find_levels(cells: pl.DataFrame) -> pl.DataFrame:
    """The grade of every word that stands for one, by ``paramcd`` and ``value``."""
    pairs = cells.select("paramcd", "value").unique(maintain_order=True).rows()
    levels = [(code, value, PARAMETERS[code].level(value)) for code, value in pairs if PARAMETERS[code].levels]
    schema = {"paramcd": pl.String, "value": pl.String, "level": pl.Float64}
    return pl.DataFrame([row for row in levels if row[2] is not None], schema=schema, orient="row")


def find_sentences(cells: pl.DataFrame) -> pl.DataFrame:
    """``impossible`` and ``unusual``, the catalog's sentences, for every value that has one."""
    pairs = cells.select("paramcd", "aval").drop_nulls().unique(maintain_order=True).rows()
    rows = [
        (
            code,
            aval,
            PARAMETERS[code].describe_impossible(aval) or None,
            PARAMETERS[code].describe_unusual(aval) or None,
        )
        for code, aval in pairs
    ]
    schema = {"paramcd": pl.String, "aval": pl.Float64, "impossible": pl.String, "unusual": pl.String}
    return pl.DataFrame([row for row in rows if row[2] or row[3]], schema=schema, orient="row")


def explain_value(mark: DecimalMark) -> pl.Expr:
    """The reason against a value: its unit, its text, or a range that no patient reaches."""
    graded = pl.col("paramcd").is_in([code for code, parameter in PARAMETERS.items() if parameter.levels])
    word = pl.format("{} is none of the words or grades of {}", quote(pl.col("value")), pl.col("name"))
    text = explain_number(pl.when(~pl.col("limit")).then("value"), mark)
    limit = explain_number(pl.when("limit").then(pl.col("value").str.replace(LIMIT, "$2")), mark)
    readable = pl.col("level").is_not_null()
    return pl.coalesce(
        pl.col("wrong_unit"),
        pl.when(~readable & graded & text.is_not_null()).then(word),
        pl.when(~readable).then(pl.coalesce(text, limit)),
        pl.when(~readable | graded).then(pl.col("impossible")),
    )


def explain_warning() -> pl.Expr:
    """What to look at in an accepted value: a limit instead of a number, or an unusual size."""
    below = pl.format(
        "{} is a limit, not a number: kept as text and left out of means and scores", quote(pl.col("value"))
    )
    return pl.coalesce(pl.when("limit").then(below), pl.col("unusual"))
