"""The tables of a study under the names that the importer reads, and without what identifies a person."""

from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from analytics.catalog import PARAMETERS
from data import queries
from data.importers.fields import parse_number

SHAPES = ("subjects", "measurements", "events", "treatments", "medications", "statements", "protocol")
OLDEST = 89.0  # years: an age above it can point to a person
FREE_TEXT = {"events": ("text",), "statements": (), "protocol": ()}
LOST_IN_DEIDENTIFICATION = (
    "De-identified: subjects are numbered anew in an order that says nothing; dates of day 0, sites and free text of "
    "events are left out; ages above 89 years are 90; file names and lines are not part of an export."
)


class UnknownStudy(KeyError):
    """A study that is not in the store."""


@dataclass(frozen=True)
class StudyTables:
    """A study as it leaves the store: its settings, and its tables by shape; ``not_done`` and windows beside them."""

    study: str
    config: dict[str, Any]
    tables: dict[str, pl.DataFrame]
    simulated: bool


def fetch_tables(connection: duckdb.DuckDBPyConnection, study: str) -> StudyTables:
    """All of a study. Raises UnknownStudy."""
    config = queries.fetch_config(connection, study)
    if not config:
        raise UnknownStudy(f"there is no study {study!r} in the store")
    tables = {shape: fetch_table(connection, study, shape) for shape in SHAPES}
    return StudyTables(study, config, tables, bool(config.get("simulated")))


def fetch_table(connection: duckdb.DuckDBPyConnection, study: str, shape: str) -> pl.DataFrame:
    """The rows of one table under the names that the importer reads."""
    if shape == "subjects":
        return queries.fetch_subjects(connection, study, with_dates=True)
    if shape == "measurements":
        return fetch_values(connection, study)
    fetch = {
        "events": queries.fetch_events,
        "treatments": queries.fetch_treatments,
        "medications": queries.fetch_medications,
        "statements": queries.fetch_statements,
        "protocol": queries.fetch_protocol,
    }[shape]
    return fetch(connection, study).drop("file_name", "line", strict=False)


def fetch_values(connection: duckdb.DuckDBPyConnection, study: str) -> pl.DataFrame:
    """Measurements as text that reads back to the same value, and cells that say that nothing was measured.

    ``aval`` is what was reported wherever the importer reads it so; where a fix, a code or a decimal comma
    stood between, it is the number in the reported unit, and ``reported`` says what was reported.
    """
    rows = queries.fetch_measurements(connection, study)
    pairs = rows.select("paramcd", "reported_unit").unique().rows()
    factors = pl.DataFrame(
        [(code, unit, PARAMETERS[code].factor(unit or "")) for code, unit in pairs],
        schema={"paramcd": pl.String, "reported_unit": pl.String, "factor": pl.Float64},
        orient="row",
    )
    told = rows.join(factors, on=["paramcd", "reported_unit"], how="left", nulls_equal=True, maintain_order="left")
    # Limits are stored in the catalog's unit and go out in the unit that the value was reported in.
    limits = told.with_columns((pl.col("ref_low", "ref_high") / pl.col("factor")).round(9))
    named = limits.select(
        "usubjid", "day", "avisit", "paramcd", write_value(), "reported", pl.col("reported_unit").alias("unit"),
        "ref_low", "ref_high", number="aval",
    )  # fmt: skip
    undone = queries.fetch_not_done(connection, study).with_columns(aval="reported")
    return pl.concat([named, undone], how="diagonal")


def write_value() -> pl.Expr:
    """The text of a value that the importer reads back to ``aval``."""
    plain = parse_number(pl.col("reported"), "point") * pl.col("factor")
    same = (plain.round(9) - pl.col("aval")).abs() < 1e-9
    words = [word for item in PARAMETERS.values() for words in item.levels.values() for word in words]
    graded = pl.col("reported").str.strip_chars().str.to_lowercase().is_in([word.casefold() for word in words])
    limit = pl.col("aval").is_null()
    number = (pl.col("aval") / pl.col("factor")).round(9).cast(pl.String)
    return (
        pl.when(limit)
        .then(pl.col("reported").str.replace(r"^([<>≤≥]=?\s*\d+),(\d+)$", "$1.$2"))
        .when(same | (graded & pl.col("avalc").is_not_null()))
        .then("reported")
        .otherwise(number)
        .alias("aval")
    )


def deidentify(data: StudyTables) -> StudyTables:
    """The study without what could point to a person; see LOST_IN_DEIDENTIFICATION."""
    subjects = data.tables["subjects"].with_columns(order=pl.col("usubjid").hash(7)).sort("order").drop("order")
    width = len(str(subjects.height))
    number = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(width)
    names = subjects.select("usubjid", fresh=pl.lit("S") + number)
    changed = {
        name: table.join(names, on="usubjid", how="left", maintain_order="left")
        .with_columns(usubjid="fresh")
        .drop("fresh")
        .drop(FREE_TEXT.get(name, ()), strict=False)
        for name, table in data.tables.items()
        if "usubjid" in table.columns
    }
    age = pl.when(pl.col("age") > OLDEST).then(OLDEST + 1).otherwise("age")
    changed["subjects"] = changed["subjects"].with_columns(age=age).drop("time_zero_date", "site").sort("usubjid")
    return StudyTables(data.study, data.config, data.tables | changed, data.simulated)
