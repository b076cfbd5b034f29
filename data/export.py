"""A study as files that can be imported again, and tables that a spreadsheet can open safely."""

import json
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from analytics.catalog import PARAMETERS
from data import queries

DANGEROUS = r"^[=+\-@\t\r]"
NUMBER = r"^[-+]?\d*\.?\d+([eE][-+]?\d+)?$"
SHAPES = ("subjects", "measurements", "events", "treatments", "medications", "statements", "protocol")
RENAMED = {"reported": "aval", "reported_unit": "unit"}


class UnknownStudy(KeyError):
    """A study that is not in the store."""


def make_harmless(table: pl.DataFrame) -> pl.DataFrame:
    """The table with a quote before text that a spreadsheet would take for a formula; numbers stay."""
    texts = [name for name, dtype in table.schema.items() if dtype == pl.String]
    return table.with_columns(quote_formula(pl.col(name)).alias(name) for name in texts)


def quote_formula(text: pl.Expr) -> pl.Expr:
    """The text, with a quote before it where it begins like a formula and is no number."""
    formula = text.str.contains(DANGEROUS) & ~text.str.contains(NUMBER)
    return pl.when(formula).then(pl.lit("'") + text).otherwise(text)


def export_study(connection: duckdb.DuckDBPyConnection, study: str, out: Path) -> list[Path]:
    """Write a study as study.toml and CSV files that import again to the same rows; the files written.

    Values stand as they were reported. Names of files of simulated data begin with SIMULATED.
    Raises UnknownStudy.
    """
    config = queries.fetch_config(connection, study)
    if not config:
        raise UnknownStudy(f"there is no study {study!r} in the store")
    prefix = "SIMULATED-" if config.get("simulated") else ""
    folder = out / study
    folder.mkdir(parents=True, exist_ok=True)
    tables = {shape: fetch_table(connection, study, shape) for shape in SHAPES}
    filled = {shape: table for shape, table in tables.items() if not table.is_empty()}
    files = []
    for shape, table in filled.items():
        path = folder / f"{prefix}{shape}.csv"
        make_harmless(table).write_csv(path)
        files.append(path)
    mappings = [describe_file(f"{prefix}{shape}.csv", shape, table) for shape, table in filled.items()]
    described = folder / "study.toml"
    described.write_text(write_toml({**config, "files": mappings}), encoding="utf-8")
    return [*files, described]


def fetch_table(connection: duckdb.DuckDBPyConnection, study: str, shape: str) -> pl.DataFrame:
    """The rows of one table under the names that the importer reads."""
    if shape == "subjects":
        return queries.fetch_subjects(connection, study, with_dates=True)
    fetch = {
        "measurements": queries.fetch_measurements,
        "events": queries.fetch_events,
        "treatments": queries.fetch_treatments,
        "medications": queries.fetch_medications,
        "statements": queries.fetch_statements,
        "protocol": queries.fetch_protocol,
    }[shape]
    table = fetch(connection, study)
    if shape != "measurements":
        return table.drop("file_name", "line", strict=False)
    # Limits are stored in the catalog's unit and go out in the unit that the value was reported in.
    pairs = table.select("paramcd", "reported_unit").unique().rows()
    factors = pl.DataFrame(
        [(code, unit, PARAMETERS[code].factor(unit or "")) for code, unit in pairs],
        schema={"paramcd": pl.String, "reported_unit": pl.String, "factor": pl.Float64},
        orient="row",
    )
    joined = table.join(factors, on=["paramcd", "reported_unit"], how="left", nulls_equal=True, maintain_order="left")
    limits = joined.with_columns((pl.col("ref_low", "ref_high") / pl.col("factor")).round(9))
    return limits.select(
        "usubjid", "day", "avisit", "paramcd", "reported", "reported_unit", "ref_low", "ref_high"
    ).rename(RENAMED)


def describe_file(path: str, shape: str, table: pl.DataFrame) -> dict[str, Any]:
    """The [[files]] entry that reads an exported table back."""
    return {"path": path, "shape": shape, "columns": {column: column for column in table.columns}}


def write_toml(content: dict[str, Any]) -> str:
    """A study file's content as TOML: plain keys first, then a line a visit, then a block a file."""
    lines = [f"{key} = {write_value(value)}" for key, value in content.items() if key != "files"]
    blocks = [
        "\n[[files]]\n" + "\n".join(f"{key} = {write_value(value)}" for key, value in entry.items())
        for entry in content.get("files", [])
    ]
    return "\n".join([*lines, *blocks, ""])


def write_value(value: Any) -> str:
    """A value as TOML writes it. JSON's text, numbers and booleans are TOML's."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {write_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(write_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
