"""The whole job: files to MELD-Na and Child-Pugh, changes, means by arm, survival; ours, pandas with lifelines, R."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from analytics.dense import (
    Bases,
    Grid,
    Visits,
    derive_grid_score,
    fill_grid,
    find_bases,
    find_grid_bases,
    measure_grid,
    place_series,
)
from analytics.large import GRID_SCORES, read_grid
from analytics.pairing import ScoreSettings
from analytics.scores import list_series
from analytics.survival.kaplan_meier import estimate_kaplan_meier, select_days
from analytics.survival.log_rank import compare_log_rank
from bench.cohort import STUDY
from bench.run import WrongAnswer
from data import publish, queries
from data.database import open_reader
from data.home import Home
from data.importers.run import import_paths
from data.series import fetch_measured, fetch_numbers, fetch_series

INPUTS = ("bilirubin", "inr", "creatinine", "sodium", "albumin", "ascites_grade", "he_grade")
DAY = 365
CLOSE = 1e-6


def run_bare(folder: str) -> dict[str, Any]:
    """The long file into a table by DuckDB alone: no check, no unit, no line, no rejected row."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "bare.duckdb"
        start = time.perf_counter()
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"CREATE TABLE labs AS FROM read_csv('{folder}/labs.csv')")
        seconds = time.perf_counter() - start
        with duckdb.connect(str(path)) as connection:
            rows = connection.execute("SELECT count(*) FROM labs ORDER BY 1").fetchall()[0][0]
        return {"seconds": seconds, "rows": rows, "bytes": path.stat().st_size}


def run_import(folder: str, keep: str = "") -> dict[str, Any]:
    """The study into a store with every check on: units, ranges, doubles, jumps, provenance, rejected rows."""
    with tempfile.TemporaryDirectory() as place:
        home = Home(Path(keep or place))
        start = time.perf_counter()
        report = import_paths(home, [Path(folder)])
        seconds = time.perf_counter() - start
        outcome = report.batches[-1].outcome
        file = home.revision_file(home.current())
        with open_reader(home, home.current()) as connection:
            stored = connection.execute("SELECT count(*) FROM measurement ORDER BY 1").fetchall()[0][0]
        if stored + outcome.rejected.height != outcome.read or not outcome.rejected.height:
            raise WrongAnswer(f"{stored} stored and {outcome.rejected.height} rejected are not {outcome.read} read")
        return {"seconds": seconds, "rows": outcome.read + outcome.empty, "rejected": outcome.rejected.height,
                "bytes": file.stat().st_size}  # fmt: skip


def run_job(folder: str) -> dict[str, Any]:
    """The import, then the analysis from the store."""
    with tempfile.TemporaryDirectory() as place:
        begun = run_import(folder, place)
        found = run_analysis(place)
        both = {"seconds": begun["seconds"] + found["seconds"], "analysis": found["seconds"]}
        return found | {"rows": begun["rows"], "bytes": begun["bytes"]} | both


def run_keep(store: str, grids: str) -> dict[str, Any]:
    """Write the grids as they are published with a large study."""
    home = Home(Path(store))
    start = time.perf_counter()
    with open_reader(home, home.current()) as reader, duckdb.connect(grids) as connection:
        publish.write_grids(reader, connection, STUDY, queries.fetch_config(reader, STUDY))
    return {"seconds": time.perf_counter() - start}


def run_analysis(store: str, grids: str = "") -> dict[str, Any]:
    """Scores and changes at every visit, means by arm and visit, curves and test of the arms.

    ``grids`` is the file of kept ones; without it they are filled from the store.
    """
    home = Home(Path(store))
    start = time.perf_counter()
    with open_reader(home, home.current()) as connection:
        subjects = queries.fetch_subjects(connection, STUDY)
        treated = (subjects["arm"] == "ABMi").to_numpy()
        changes, means, scores, odd = 0, {}, {}, 0
        for code, (grid, bases) in read_kept(grids) if grids else fill_grids(connection, subjects):
            if code in list_series():
                odd += int(grid.odd.sum())
                scores[code] = float(np.nanmean(grid.value)) if code in SCORES else 0.0
                continue
            moved = measure_grid(grid, bases, "chg")
            moved[grid.day <= 0] = np.nan
            changes += int(np.isfinite(moved).sum())
            means[code] = [average(moved[arm]) for arm in (~treated, treated)]
        survival = follow(subjects, queries.fetch_events(connection, STUDY))
    seconds = time.perf_counter() - start
    if odd:
        raise WrongAnswer(f"{odd} subjects do not fit the grid")
    mean = float(means["bilirubin"][1][2])
    return {"seconds": seconds, "changes": changes, "mean": mean, **scores, **survival}


def fill_grids(
    connection: duckdb.DuckDBPyConnection, subjects: pl.DataFrame
) -> Iterator[tuple[str, tuple[Grid, Bases]]]:
    """Every parameter from the store, then the scores of them."""
    visits, numbers = Visits.read(queries.fetch_visits(connection, STUDY)), fetch_numbers(connection, STUDY)
    inputs = {}
    for code in fetch_measured(connection, STUDY):
        series = place_series(fetch_series(connection, STUDY, code), numbers)
        grid = fill_grid(series, visits, subjects.height)
        if code in INPUTS:
            inputs[code] = grid
        yield code, (grid, find_bases(series, subjects.height))
    for code in SCORES:
        grid = derive_grid_score(list_series()[code], inputs, subjects, ScoreSettings())
        yield code, (grid, find_grid_bases(grid))


def read_kept(path: str) -> Iterator[tuple[str, tuple[Grid, Bases]]]:
    """Every parameter that is kept, and the scores that are asked for."""
    with duckdb.connect(path, read_only=True) as derived:
        for code in publish.list_grids(derived):
            if code in SCORES or code not in GRID_SCORES:
                yield code, read_grid(publish.fetch_grid(derived, code))


SCORES = ("meld_na", "child_pugh")


def average(values: np.ndarray) -> np.ndarray:
    """The mean of every visit; missing where nobody has a value."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0).sum(axis=0) / known.sum(axis=0)


def follow(subjects: pl.DataFrame, events: pl.DataFrame) -> dict[str, float]:
    """Overall survival: of the treated after a year, and the log-rank test of the arms."""
    dead = events.filter(pl.col("kind") == "death").select("usubjid", event=pl.lit(True))
    times = subjects.select("usubjid", "arm", time=pl.col("last_contact_day").cast(pl.Float64)).join(
        dead, on="usubjid", how="left"
    )
    times = times.with_columns(pl.col("event").fill_null(False))
    curve = estimate_kaplan_meier(times.filter(pl.col("arm") == "ABMi"))
    test = compare_log_rank(times, "arm")
    return {
        "survival": select_days(curve, [DAY])["survival"][0],
        "chi_square": (test.statistic or 0.0) if test else 0.0,
    }


def run_r(folder: str) -> dict[str, Any]:
    """The same job by data.table and survival."""
    program = ["Rscript", "--vanilla", str(Path(__file__).with_name("job.R")), folder]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    words = [line.split() for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    return {name: float(value) for _, name, value in words}


def has_r() -> bool:
    """Whether R is installed with the two packages that the job needs."""
    if shutil.which("Rscript") is None:
        return False
    test = ["Rscript", "-e", "library(data.table); library(survival)"]
    return subprocess.run(test, capture_output=True, check=False).returncode == 0


def check_answers(ours: dict[str, Any], theirs: dict[str, Any], who: str) -> None:
    """Raise WrongAnswer unless both jobs found the same."""
    for name in ("changes", "mean", "meld_na", "child_pugh", "survival", "chi_square"):
        if abs(ours[name] - theirs[name]) > CLOSE * (1 + abs(theirs[name])):
            raise WrongAnswer(f"{name} is {ours[name]} here and {theirs[name]} by {who}")
