"""Derived tables of a large study, in a file of their own beside its revision.

A revision never changes; what is derived from it does with every definition. So it stands in a file that
names its revision and the digest of the definitions, is made anew where none has that name, and may be
deleted at any time. Subjects are taken part by part, so that memory stays bounded.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from data import queries
from data.database import open_file, open_reader
from data.home import Home

PART = 20_000  # subjects
Derive = Callable[[Mapping[str, pl.DataFrame]], dict[str, pl.DataFrame]]
ORDER = {"baselines": "paramcd, usubjid", "traits": "usubjid", "panel": "paramcd, usubjid, day"}


@dataclass(frozen=True)
class Recipe:
    """What is derived: of everybody, of whom values up to day 0 are enough, and of a sample of this many.

    ``digest`` changes with any definition.
    """

    digest: str
    everybody: Derive
    courses: Derive
    sample: int


def derived_file(home: Home, revision: str, study: str, digest: str) -> Path:
    """The file of the derived tables of one study of a revision."""
    return home.folder / f"{revision}.{study}.{digest}.derived"


def publish_derived(home: Home, revision: str, study: str, recipe: Recipe) -> Path:
    """Make the derived tables of a study; nothing is done where they are there.

    Tables: ``drawn`` (usubjid, draw: the order in which subjects enter a sample, by the MD5 of their
    identifier), and those that the recipe returns.
    """
    path = derived_file(home, revision, study, recipe.digest)
    if path.exists():
        return path
    fresh = path.with_name(f".{path.name}.{os.getpid()}.part")
    fresh.unlink(missing_ok=True)
    try:
        with open_reader(home, revision) as reader, duckdb.connect(str(fresh)) as connection:
            write_tables(reader, connection, study, recipe)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return path


def write_tables(
    reader: duckdb.DuckDBPyConnection, connection: duckdb.DuckDBPyConnection, study: str, recipe: Recipe
) -> None:
    """Write every derived table, everybody's part by part."""
    drawn = queries.fetch_drawn(reader, study)
    append(connection, "drawn", drawn)
    for part in drawn.iter_slices(PART):
        span = queries.Span(part["usubjid"][0], part["usubjid"][-1])
        for name, table in recipe.everybody(queries.fetch_frames(reader, study, span, until=0)).items():
            append(connection, name, table)
    sample = drawn.filter(pl.col("draw") <= recipe.sample)["usubjid"].to_list()
    for name, table in recipe.courses(queries.fetch_frames(reader, study, sample)).items():
        append(connection, name, table)
    for name, order in ORDER.items():
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM {name} ORDER BY {order}")


def append(connection: duckdb.DuckDBPyConnection, name: str, table: pl.DataFrame) -> None:
    """Add rows to a table, which the first rows make."""
    connection.register("incoming", table)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {name} AS SELECT * FROM incoming LIMIT 0")
    connection.execute(f"INSERT INTO {name} SELECT * FROM incoming")
    connection.unregister("incoming")


def open_derived(home: Home, revision: str, study: str, digest: str) -> duckdb.DuckDBPyConnection:
    """A connection that can only read the derived tables of a study."""
    return open_file(derived_file(home, revision, study, digest))


def remove_derived(home: Home) -> None:
    """Delete every derived file: they are made anew when they are needed."""
    for pattern in ("*.derived", ".*.derived.*.part"):
        for path in home.folder.glob(pattern):
            path.unlink()


def fetch_traits(derived: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The subjects of a large study with what filters need of them, from its derived tables."""
    return queries.fetch(derived, "SELECT * FROM traits ORDER BY usubjid")


def fetch_baselines(derived: duckdb.DuckDBPyConnection, codes: list[str]) -> pl.DataFrame:
    """The row behind every baseline of these parameters of a large study."""
    query = "SELECT * FROM baselines WHERE paramcd IN (SELECT unnest($codes)) ORDER BY paramcd, usubjid"
    return queries.fetch(derived, query, codes=codes)


def fetch_based(derived: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The smallest and the largest baseline of every parameter of a large study: paramcd, base, twice each."""
    ends = "SELECT paramcd, {}(base) AS base FROM baselines WHERE base IS NOT NULL GROUP BY paramcd"
    return queries.fetch(derived, f"{ends.format('min')} UNION ALL {ends.format('max')} ORDER BY paramcd, base")


def fetch_sample(derived: duckdb.DuckDBPyConnection, most: int) -> pl.DataFrame:
    """The subjects of the sample in the order in which they were drawn."""
    return queries.fetch(derived, "SELECT usubjid, draw FROM drawn WHERE draw <= $most ORDER BY draw", most=most)


def fetch_courses(derived: duckdb.DuckDBPyConnection, table: str, ids: list[str]) -> pl.DataFrame:
    """The rows of subjects of the sample from ``panel`` or ``measurements``."""
    query = f"SELECT * FROM {table} WHERE usubjid IN (SELECT unnest($ids)) ORDER BY rowid"
    return queries.fetch(derived, query, ids=ids)
