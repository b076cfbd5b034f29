"""Derived tables of a large study, in a file of their own beside its revision.

A revision never changes; what is derived from it does with every definition. So it stands in a file that
names its revision and the digest of the definitions, is made anew where none has that name, and may be
deleted at any time. Subjects are taken part by part, so that memory stays bounded.
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from analytics import large
from data import queries, series
from data.database import open_file, open_reader
from data.home import Home

PART = 20_000  # subjects
Tables = dict[str, pl.DataFrame]
ORDER = {"baselines": "paramcd, usubjid", "traits": "usubjid", "panel": "paramcd, usubjid, day, avisit"}
ORDER |= {"measurements": "paramcd, usubjid, day, line, avisit"}


def publish_large(home: Home) -> list[str]:
    """Make the derived tables of every large study of the current revision; the studies that now have them."""
    revision = home.current()
    with open_reader(home, revision) as reader:
        known = queries.fetch_studies(reader).filter(pl.col("measurements") > large.LARGE)["study"].to_list()
    for study in known:
        publish_derived(home, revision, study)
    return known


def derived_file(home: Home, revision: str, study: str) -> Path:
    """The file of the derived tables of one study of a revision, by the definitions of now."""
    return home.folder / f"{revision}.{study}.{large.digest_definitions()}.derived"


def publish_derived(home: Home, revision: str, study: str) -> Path:
    """Make the derived tables of a study; nothing is done where they are there.

    Tables: ``drawn`` (usubjid, draw: the order in which subjects enter a sample, by the MD5 of their
    identifier), those of ``large.derive_everybody`` and, of the sample, of ``large.derive_courses``; and the grids.
    """
    path = derived_file(home, revision, study)
    if path.exists():
        return path
    fresh = path.with_name(f".{path.name}.{os.getpid()}.part")
    fresh.unlink(missing_ok=True)
    try:
        with open_reader(home, revision) as reader:
            if not bring_up_to_date(home, reader, study, fresh):
                fresh.unlink(missing_ok=True)
                with duckdb.connect(str(fresh)) as connection:
                    write_tables(reader, connection, study, queries.fetch_config(reader, study))
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return path


def bring_up_to_date(home: Home, reader: duckdb.DuckDBPyConnection, study: str, fresh: Path) -> bool:
    """Write derived tables as those of an earlier revision that only corrections part from this one; False without."""
    before, changed = find_before(home, reader, study)
    if before is None:
        return False
    shutil.copyfile(before, fresh)
    with duckdb.connect(str(fresh)) as connection:
        return not changed or refresh(reader, connection, study, changed)


def find_before(home: Home, reader: duckdb.DuckDBPyConnection, study: str) -> tuple[Path | None, list[str]]:
    """The latest derived tables that only corrections part from this revision, and the subjects that were corrected."""
    query = """
        SELECT DISTINCT usubjid FROM change JOIN import_batch USING (batch)
        WHERE change.study = $study AND revision = $revision ORDER BY usubjid
        """
    changed: set[str] = set()
    for revision, parent, action in queries.fetch_lineage(reader).select("revision", "parent", "action").rows():
        if action != "correction":
            break
        changed |= set(queries.fetch(reader, query, study=study, revision=revision)["usubjid"])
        if derived_file(home, parent, study).exists():
            return derived_file(home, parent, study), sorted(changed)
    return None, []


def refresh(
    reader: duckdb.DuckDBPyConnection, connection: duckdb.DuckDBPyConnection, study: str, changed: list[str]
) -> bool:
    """Make the rows of these subjects anew in derived tables of before; False where those of others would change."""
    config = queries.fetch_config(reader, study)
    if not refresh_grids(reader, connection, study, config, changed):
        return False
    replace(connection, large.derive_everybody(queries.fetch_frames(reader, study, changed, until=0), config), changed)
    drawn = set(fetch_sample(connection, large.SAMPLE)["usubjid"])
    own = [usubjid for usubjid in changed if usubjid in drawn]
    if own:
        courses = large.derive_courses(queries.fetch_frames(reader, study, own), config)
        replace(connection, courses, own)
        sort_tables(connection, courses)  # they are read in their order
    return True


def replace(connection: duckdb.DuckDBPyConnection, tables: Tables, usubjids: list[str]) -> None:
    """Put rows of subjects in the place of those that tables have of them."""
    for name, table in tables.items():
        connection.execute(f"DELETE FROM {name} WHERE usubjid IN $usubjids", {"usubjids": usubjids})
        append(connection, name, table)


def refresh_grids(
    reader: duckdb.DuckDBPyConnection, connection: duckdb.DuckDBPyConnection, study: str, config: Mapping[str, Any],
    changed: list[str],
) -> bool:  # fmt: skip
    """Make the places of these subjects anew on every grid; False where other grids are wanted than there are."""
    dated, scores = list_wanted(reader, study)
    if sorted(list_grids(connection)) != sorted([*dated, *scores]):
        return False
    subjects, visits = queries.fetch_subjects(reader, study), queries.fetch_visits(reader, study)
    places = subjects.with_row_index("place").filter(pl.col("usubjid").is_in(changed))["place"].to_list()
    numbers = series.fetch_numbers(reader, study)[places]
    for code in dated:
        rows = series.fetch_series(reader, study, code, numbers.to_list())
        put_grid(connection, code, large.derive_grid(rows, numbers, visits), places)
    for code, inputs in scores.items():
        for place in places:
            own = {name: fetch_grid(connection, name, place, 1) for name in inputs}
            tables = large.derive_grid_of_score(code, own, subjects.slice(place, 1), config)
            put_grid(connection, code, tables, [place])
    return True


def put_grid(connection: duckdb.DuckDBPyConnection, code: str, tables: Tables, places: list[int]) -> None:
    """Write the rows of the subjects at these places over those that are there: a row's number is its place."""
    for name, table in tables.items():
        width = table.height // len(places)
        rows = [place * width + visit for place in places for visit in range(width)]
        connection.register("incoming", table.with_columns(place=pl.Series(rows, dtype=pl.Int64)))
        new = ", ".join(f"{column} = incoming.{column}" for column in table.columns)
        own = f'"{name} {code}"'
        connection.execute(f"UPDATE {own} SET {new} FROM incoming WHERE {own}.rowid = incoming.place")
        connection.unregister("incoming")


def write_tables(
    reader: duckdb.DuckDBPyConnection, connection: duckdb.DuckDBPyConnection, study: str, config: Mapping[str, Any]
) -> None:
    """Write every derived table, everybody's part by part."""
    drawn = queries.fetch_drawn(reader, study)
    append(connection, "drawn", drawn)
    for part in drawn.iter_slices(PART):
        span = queries.Span(part["usubjid"][0], part["usubjid"][-1])
        for name, table in large.derive_everybody(queries.fetch_frames(reader, study, span, until=0), config).items():
            append(connection, name, table)
    sample = drawn.filter(pl.col("draw") <= large.SAMPLE)["usubjid"].to_list()
    for name, table in large.derive_courses(queries.fetch_frames(reader, study, sample), config).items():
        append(connection, name, table)
    sort_tables(connection, ORDER)
    write_grids(reader, connection, study, config)


def sort_tables(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Write tables anew in their order."""
    for name in names:
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM {name} ORDER BY {ORDER[name]}")


def write_grids(
    reader: duckdb.DuckDBPyConnection, connection: duckdb.DuckDBPyConnection, study: str, config: Mapping[str, Any]
) -> None:
    """Write every parameter whose values have a day, and the scores of them, part by part."""
    subjects, visits = queries.fetch_subjects(reader, study), queries.fetch_visits(reader, study)
    numbers, (dated, scores) = series.fetch_numbers(reader, study), list_wanted(reader, study)
    for code in dated:
        append_grid(connection, code, large.derive_grid(series.fetch_series(reader, study, code), numbers, visits))
    for code, inputs in scores.items():
        for first in range(0, subjects.height, PART):
            part = subjects.slice(first, PART)
            own = {name: fetch_grid(connection, name, first, part.height) for name in inputs}
            append_grid(connection, code, large.derive_grid_of_score(code, own, part, config))


def list_wanted(reader: duckdb.DuckDBPyConnection, study: str) -> tuple[list[str], dict[str, list[str]]]:
    """What stands on a grid: the parameters whose values have a day, and the scores with the parameters they need."""
    if queries.fetch_visits(reader, study).drop_nulls(["first_day", "last_day"]).is_empty():
        return [], {}
    measured = series.fetch_measured(reader, study)
    scores = large.list_grid_scores(measured, queries.fetch_events(reader, study))
    return [code for code, dated in measured.items() if dated], scores


def append_grid(connection: duckdb.DuckDBPyConnection, code: str, tables: Tables) -> None:
    """Add to the tables of a parameter or score."""
    for name, table in tables.items():
        append(connection, f'"{name} {code}"', table)


def append(connection: duckdb.DuckDBPyConnection, name: str, table: pl.DataFrame) -> None:
    """Add rows to a table, which the first rows make."""
    connection.register("incoming", table)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {name} AS SELECT * FROM incoming LIMIT 0")
    connection.execute(f"INSERT INTO {name} SELECT * FROM incoming")
    connection.unregister("incoming")


def open_derived(home: Home, revision: str, study: str) -> duckdb.DuckDBPyConnection:
    """A connection that can only read the derived tables of a study."""
    return open_file(derived_file(home, revision, study))


def remove_derived(home: Home) -> None:
    """Delete every derived file: they are made anew when they are needed."""
    for pattern in ("*.derived", ".*.derived.*.part"):
        for path in home.folder.glob(pattern):
            path.unlink()


def list_grids(derived: duckdb.DuckDBPyConnection) -> list[str]:
    """The parameters and scores that stand on the grid."""
    names = queries.fetch(derived, "SELECT table_name FROM duckdb_tables() ORDER BY table_name")["table_name"]
    return [name.removeprefix("cells ") for name in names if name.startswith("cells ")]


def fetch_grid(
    derived: duckdb.DuckDBPyConnection, code: str, first: int = 0, count: int | None = None
) -> dict[str, pl.DataFrame]:
    """The tables of a parameter or score: ``cells`` (value, day: a row a subject and visit) and ``bases``.

    Of ``count`` subjects from the place ``first`` on, or of all.
    """
    # Rows come in the order in which they were written: that is their place, and a sort of millions is spared.
    size = {name: count_rows(derived, f"{name} {code}") for name in ("cells", "bases")}
    width = size["cells"] // max(1, size["bases"])
    many = size["bases"] if count is None else count
    cells, bases = (
        f'SELECT {columns} FROM "{name} {code}" WHERE rowid >= $first AND rowid < $last'
        for name, columns in (("cells", "value, day"), ("bases", "base, base_day, odd"))
    )
    return {
        "cells": queries.fetch(derived, cells, first=first * width, last=(first + many) * width),
        "bases": queries.fetch(derived, bases, first=first, last=first + many),
    }


def fetch_bases(derived: duckdb.DuckDBPyConnection, code: str) -> pl.DataFrame:
    """The baselines of a parameter or score as they stand on the grid: base, odd, in the order of the subjects."""
    return queries.fetch(derived, f'SELECT base, odd FROM "bases {code}"')


def count_rows(derived: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many rows a derived table has."""
    return queries.fetch(derived, f'SELECT count(*) AS n FROM "{table}" ORDER BY n')["n"][0]


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
