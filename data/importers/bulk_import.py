"""One large file read in bulk: what the engine says of its few odd rows, and the plain ones with their doubts."""

from dataclasses import replace

import duckdb
import polars as pl

from data.importers import bulk
from data.importers.bulk_doubts import fetch_groups, find_suspects
from data.importers.context import fetch_context, fetch_time_zeros
from data.importers.conventions import warn_unread
from data.importers.doubts import add_doubts
from data.importers.measurements import read_measurements
from data.importers.outcome import Outcome
from data.importers.readers.delimited import part_lines
from data.importers.sources import Source
from data.importers.store_rows import insert_frame, insert_remarks
from data.importers.text import LINE
from data.long_table import cluster_measurements, is_clustered


def read_in_bulk(connection: duckdb.DuckDBPyConnection, source: Source, batch: int) -> Outcome | None:
    """Put the rows of a large file into the open transaction; None where it must be read cell by cell.

    That is so where the study has measurements already, the file is no regular CSV, or many of its rows
    are not plain. ``accepted`` then holds the odd rows only, and ``bulk`` counts the plain ones.
    """
    if source.layout is None or not is_first(connection, source.study):
        return None
    with bulk.hold_memory(connection, source.study):
        bulk.create_types(connection, source.layout, source.study)
        rows = bulk.load_rows(connection, source.layout)
        if rows != source.lines:  # a cell too many, a cell of two lines, text that is not UTF-8: left out by DuckDB
            return None
        odd = bulk.fetch_odd(connection, source.layout)
        if odd is None:
            return None
        outcome = read_odd(connection, source, odd)
        bulk.insert_usual(connection, source.study, batch)
        repeated = bulk.delete_repeated(connection, source.study, batch, outcome.accepted)
        if repeated.height:
            more = bulk.take_back(connection, source.layout, repeated)
            outcome = read_odd(connection, source, pl.concat([odd, more]).sort(LINE))
        return look_at(connection, source, batch, insert_odd(connection, source, batch, outcome))


def is_first(connection: duckdb.DuckDBPyConnection, study: str) -> bool:
    """Whether a study has no measurement yet, and the long table is ready to take its rows as they come sorted."""
    query = "SELECT count(*) FROM (SELECT 1 FROM measurement WHERE study = $study LIMIT 1) AS row ORDER BY 1"
    if connection.execute(query, {"study": study}).fetchall()[0][0]:
        return False
    if not connection.execute("SELECT count(*) FROM measurement ORDER BY 1").fetchall()[0][0]:
        cluster_measurements(connection)
    return is_clustered(connection)


def read_odd(connection: duckdb.DuckDBPyConnection, source: Source, odd: pl.DataFrame) -> Outcome:
    """What the engine says of these rows."""
    subjects = fetch_time_zeros(connection, source.study)
    table = part_lines(odd, list(odd.columns[1:]))
    outcome = read_measurements(table, source.mapping, subjects, source.fixes, source.label)
    return replace(outcome, warnings=pl.concat([outcome.warnings, warn_unread(source.table, source.mapping)]))


def insert_odd(connection: duckdb.DuckDBPyConnection, source: Source, batch: int, outcome: Outcome) -> Outcome:
    """Put the odd rows beside the plain ones; the outcome with the counts of both."""
    empty = bulk.count_rows(connection, "bulk_rows", "subject IS NULL AND odd IS NULL")
    count = bulk.count_rows(connection, "measurement", f"batch = {batch}")
    facts = {"study": pl.lit(source.study), "batch": pl.lit(batch, dtype=pl.Int32)}
    insert_frame(connection, "measurements", outcome.accepted.with_columns(**facts))
    insert_remarks(connection, "measurements", source.study, batch, outcome)
    return replace(outcome, bulk=count, read=outcome.read + count, empty=outcome.empty + empty)


def look_at(connection: duckdb.DuckDBPyConnection, source: Source, batch: int, outcome: Outcome) -> Outcome:
    """The outcome with its doubts: the rules see every row of the subjects in whom they may find something."""
    if outcome.source is None or outcome.refused is None or source.layout is None:
        return outcome
    nothing = outcome.source.select("usubjid", "paramcd", "day", "aval").clear()
    context = fetch_context(connection, source.study, nothing)
    told = pl.concat([outcome.source.select("usubjid", "paramcd"), outcome.refused.select("usubjid", "paramcd")])
    groups = pl.concat([find_suspects(connection, batch, context.deaths), told.drop_nulls()]).unique()
    column = pl.lit(source.layout.header[source.layout.places["aval"]]).alias("column")
    stored = fetch_groups(connection, batch, groups).join(outcome.source, on="line", how="anti")
    plain = stored.with_columns(column, date_text=pl.lit(None, pl.String)).select(outcome.source.columns)
    rows = pl.concat([plain.cast(dict(outcome.source.schema)), outcome.source])
    history = rows.select(nothing.columns).drop_nulls("aval")
    return add_doubts(outcome, rows.sort("line"), replace(context, history=history), source.mapping.date_order)
