"""A long CSV file into the store with every check on, beside DuckDB's bare read_csv of the same file."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from bench.cohort import UNITS, VISITS, simulate_measurements
from bench.survival import WrongAnswer
from data.database import open_reader
from data.home import Home
from data.importers.run import import_paths

STUDY = """
study = "long"
title = "SIMULATED rows, for measuring speed only"
simulated = true
time_zero = "infusion"
[[files]]
path = "subjects.csv"
shape = "subjects"
[files.columns]
usubjid = "usubjid"
[[files]]
path = "labs.csv"
shape = "measurements"
[files.columns]
usubjid = "usubjid"
day = "day"
paramcd = "paramcd"
aval = "aval"
unit = "unit"
"""


@contextmanager
def write_files(rows: int) -> Iterator[Path]:
    """A folder with a study of this many rows, one damaged row in ten thousand among them."""
    patients = rows // (VISITS * len(UNITS))
    long = simulate_measurements(patients, seed=1).select("usubjid", "day", "paramcd", pl.col("aval").round(2))
    damaged = pl.int_range(pl.len()) % 10_000 == 77
    told = long.with_columns(
        aval=pl.when(damaged).then(pl.lit("pending")).otherwise(pl.col("aval").cast(pl.String)),
        unit=pl.col("paramcd").replace_strict(UNITS),
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told.write_csv(folder / "labs.csv")
        told.select(pl.col("usubjid").unique(maintain_order=True)).write_csv(folder / "subjects.csv")
        (folder / "study.toml").write_text(STUDY)
        yield folder


def measure_import(rows: int) -> dict[str, Any]:
    """Recognition, units, ranges, doubles, jumps, provenance, rejected rows, clustering, integrity, publication."""
    with write_files(rows) as folder:
        start = time.perf_counter()
        report = import_paths(Home(folder / "home"), [folder])
        seconds = time.perf_counter() - start
        home = Home(folder / "home")
        with open_reader(home, home.current()) as connection:
            stored = connection.execute("SELECT count(*) FROM measurements ORDER BY 1").fetchall()[0][0]
        read = sum(item.outcome.read for item in report.batches if item.shape == "measurements")
        if stored + report.rejected != read or not report.rejected:
            raise WrongAnswer(f"{stored} stored and {report.rejected} rejected are not {read} read")
        return {"seconds": seconds, "rows": read, "rejected": report.rejected}


def measure_bare(rows: int) -> dict[str, Any]:
    """The same file into a table by DuckDB alone: no check, no unit, no line, no rejected row."""
    with write_files(rows) as folder:
        start = time.perf_counter()
        with duckdb.connect(str(folder / "bare.duckdb")) as connection:
            connection.execute(f"CREATE TABLE labs AS FROM read_csv('{folder / 'labs.csv'}')")
            seconds = time.perf_counter() - start
            count = connection.execute("SELECT count(*) FROM labs").fetchall()[0][0]
        return {"seconds": seconds, "rows": count}
