"""The whole job: files to MELD-Na and Child-Pugh, changes, means by arm, survival; ours, pandas with lifelines, R."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from analytics.dense import (
    Grid,
    Series,
    Visits,
    derive_changes,
    derive_grid_score,
    fill_grid,
    find_bases,
    number_series,
)  # fmt: skip
from analytics.pairing import ScoreSettings
from analytics.scores import list_series
from analytics.survival.kaplan_meier import estimate_kaplan_meier, select_days
from analytics.survival.log_rank import compare_log_rank
from bench.cohort import STUDY
from bench.run import WrongAnswer
from data import queries
from data.database import open_reader
from data.home import Home
from data.importers.run import import_paths

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
            stored = connection.execute("SELECT count(*) FROM measurements ORDER BY 1").fetchall()[0][0]
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


def run_analysis(store: str) -> dict[str, Any]:
    """Scores at every visit, change of every row, means by arm and visit, curves and test of the arms."""
    home = Home(Path(store))
    start = time.perf_counter()
    with open_reader(home, home.current()) as connection:
        subjects = queries.fetch_subjects(connection, STUDY)
        visits = Visits.read(queries.fetch_visits(connection, STUDY))
        codes = [row[0] for row in connection.execute(
            "SELECT DISTINCT paramcd::VARCHAR FROM measurements WHERE study = $study ORDER BY 1", {"study": STUDY}
        ).fetchall()]  # fmt: skip
        arms = (subjects["arm"] == "ABMi").to_numpy().astype(np.int64)
        grids: dict[str, Grid] = {}
        changes, means = 0, {}
        for code in codes:
            series = number_series(queries.fetch_series(connection, STUDY, code), subjects)
            moved = derive_changes(series, find_bases(series, subjects.height))
            changes += int(np.isfinite(moved).sum())
            means[code] = average(series, moved, visits, arms)
            if code in INPUTS:
                grids[code] = fill_grid(series, visits, subjects.height)
        scores = {name: derive_grid_score(list_series()[name], grids, subjects, ScoreSettings()) for name in SCORES}
        survival = follow(subjects, queries.fetch_events(connection, STUDY))
    seconds = time.perf_counter() - start
    odd = sum(int(grid.odd.sum()) for grid in scores.values())
    if odd:
        raise WrongAnswer(f"{odd} subjects do not fit the grid")
    averages = {name: float(np.nanmean(grid.value)) for name, grid in scores.items()}
    return {"seconds": seconds, "changes": changes, "mean": float(means["bilirubin"][1, 2]), **averages, **survival}


SCORES = ("meld_na", "child_pugh")


def average(series: Series, moved: np.ndarray, visits: Visits, arms: np.ndarray) -> np.ndarray:
    """The mean change of each arm at each visit."""
    width = len(visits.names)
    visit = visits.place(series.day)
    known = np.isfinite(moved) & (visit >= 0)
    cell = arms[series.subject[known]] * width + visit[known]
    total = np.bincount(cell, weights=moved[known], minlength=2 * width)
    with np.errstate(invalid="ignore"):
        return (total / np.bincount(cell, minlength=2 * width)).reshape(2, width)


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
