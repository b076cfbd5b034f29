"""Measurements, long (a row a value) or wide (a row a visit), checked value by value."""

import polars as pl

from analytics.catalog import PARAMETERS, UnknownUnit, match_parameter
from data.importers.cells import apply_fixes, read_cells
from data.importers.fields import DecimalMark, explain_number, find_decimal_mark, parse_number, quote
from data.importers.outcome import CHANGES, FIX, Outcome, explain_repeats, note, part_rows, warn
from data.importers.place import check_columns, place
from data.importers.study_file import FileMapping
from data.importers.text import BARE_FORMULA, TextTable

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
SAID = pl.format("{} {}", "source", pl.col("unit").fill_null(""))
PLACES = ["usubjid", "paramcd", "day", "avisit", "line", "column"]
UNCOMPUTED = "the cell holds a formula without a result; open the file in Excel, save it, and import it again"
NOT_DONE = ["usubjid", "paramcd", "avisit", "day", "reported", "line"]


def read_measurements(
    table: TextTable, mapping: FileMapping, subjects: pl.DataFrame, fixes: pl.DataFrame, name: str
) -> Outcome:
    """The measurements of a file, in the catalog's units.

    ``subjects`` has ``usubjid`` and ``time_zero_date`` of the study; ``fixes`` are those that a person
    accepted. Empty cells are no rows. Raises UnreadableFile where the mapping does not fit the file.
    """
    check_columns(table, mapping, name)
    filled, looked_at = read_cells(table, mapping)
    cells = apply_fixes(drop_repeats(filled) if mapping.repeated else filled, fixes)
    mark = find_decimal_mark(cells["value"].str.replace(LIMIT, "$2"), mapping.decimal)
    placed, wrong_place = place(cells, mapping, subjects)
    named, wrong_name = part_rows(add_parameter(placed), explain_parameter())
    judged = judge(named.filter(~pl.col("not_done")), mark)
    possible, wrong_value = part_rows(judged, pl.col("reason"))
    unique, repeated = part_rows(possible, explain_repeats(KEY, SAID))
    absent, absent_twice = part_rows(named.filter("not_done"), explain_repeats(KEY, pl.col("source")))
    wrong = [table.rejected, wrong_place, wrong_name, wrong_value, repeated, absent_twice]
    notes = [note("numbers are read with a decimal comma")] if mark != "point" else []
    return Outcome(
        accepted=unique.with_columns(reported="source", reported_unit="unit").select(ACCEPTED),
        rejected=pl.concat(wrong).sort("line"),
        warnings=pl.concat([*notes, warn(unique, explain_warning())]).sort("line"),
        read=filled.height + table.rejected.height,
        empty=looked_at - filled.height,
        not_done=absent.with_columns(reported="source").select(NOT_DONE),
        source=unique.select(*PLACES, "aval", "source", "unit", "date_text"),
        refused=judged.filter(pl.col("reason").is_not_null()).select(*PLACES, "value", "unit", "reason"),
        changes=list_fixed(unique),
    )


def judge(cells: pl.DataFrame, mark: DecimalMark) -> pl.DataFrame:
    """The cells in the catalog's units, with the reason against those that cannot be taken."""
    return add_value(add_factor(cells), mark).with_columns(reason=explain_value(mark))


def drop_repeats(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells without those that say the same in another line."""
    return cells.unique([name for name in cells.columns if name != "line"], keep="first", maintain_order=True)


def list_fixed(rows: pl.DataFrame) -> pl.DataFrame:
    """What a fix changed in accepted measurements: what the file says, and as what it was read."""
    fixed = rows.filter(pl.col("fixed").is_not_null())
    after = pl.concat_str("value", "unit", separator=" ", ignore_nulls=True)
    listed = fixed.select(
        "usubjid", "day", "avisit", "before", "line", item="paramcd", after=after, cause=pl.lit(FIX), reason="fixed"
    )
    return listed.select(list(CHANGES)).cast(dict(CHANGES))


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
        avalc=pl.when(limit | pl.col("level").is_not_null()).then("source"),
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
        pl.when(pl.col("value") == BARE_FORMULA).then(pl.lit(UNCOMPUTED)),
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
