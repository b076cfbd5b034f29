"""The grid of subjects and visits gives what the rules give row by row, for every subject that is not odd."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analytics.catalog import PARAMETERS
from analytics.change import derive_change
from analytics.courses import Measure, summarize_courses
from analytics.dense import (
    NEVER,
    Series,
    Visits,
    derive_grid_score,
    fill_grid,
    find_bases,
    find_grid_bases,
    measure_grid,
    summarize_grid,
)
from analytics.frames import EVENTS, empty
from analytics.large import read_grid, write_grid
from analytics.pairing import ScoreSettings
from analytics.scores import list_series
from analytics.scoring import derive_scores
from analytics.visits import derive_analysis_visit
from bench.cohort import SIZES, simulate_part

INPUTS = ("bilirubin", "inr", "creatinine", "sodium", "albumin", "ascites_grade", "he_grade")
SHIFTED = 0.1  # share of the rows that come on another day than the others of their visit


def simulate(seed: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Subjects, measurements and visits of a SIMULATED trial; some values are missing, some on days of their own."""
    rng = np.random.default_rng(seed)
    subjects, _, labs = simulate_part(SIZES["312"], np.arange(60), rng)
    moved = pl.Series(np.where(rng.random(labs.height) < SHIFTED, rng.integers(-9, 40, labs.height), 0))
    single = pl.Series(labs["usubjid"].str.slice(-1).is_in(list("0123")))
    rows = labs.with_columns(
        aval=pl.col("aval").cast(pl.Float64, strict=False),
        day=pl.when(single).then("day").otherwise(pl.col("day") + moved).cast(pl.Int32),
        avisit=pl.lit(None, pl.String),
    ).filter(pl.Series(rng.random(labs.height) > 0.15), pl.col("aval").is_not_null())
    rows = rows.unique(["usubjid", "paramcd", "day"], keep="first").sort("usubjid", "paramcd", "day")
    days = np.arange(25) * 30
    visits = pl.DataFrame(
        {"avisit": [f"V{day}" for day in days], "position": range(25), "target_day": days, "first_day": days - 14}
    ).with_columns(last_day=pl.col("target_day") + 14)
    return subjects.sort("usubjid"), rows.drop("unit"), visits


def read_series(rows: pl.DataFrame, subjects: pl.DataFrame, code: str) -> Series:
    """One parameter as arrays."""
    numbers = subjects.select("usubjid").with_row_index("subject")
    own = rows.filter(pl.col("paramcd") == code).join(numbers, on="usubjid").sort("subject", "day")
    return Series(*(own[name].to_numpy() for name in ("subject", "day", "aval")))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("score", ["meld", "meld_na", "child_pugh"])
def test_scores_on_the_grid_are_the_scores(score: str, seed: int) -> None:
    """At every visit of every subject that is not odd the same value, and none where there is none."""
    subjects, rows, visits = simulate(seed)
    windows, settings = Visits.read(visits), ScoreSettings()
    grids = {code: fill_grid(read_series(rows, subjects, code), windows, subjects.height) for code in INPUTS}
    grid = derive_grid_score(list_series()[score], grids, subjects, settings)
    scores = derive_scores(rows, subjects, empty(EVENTS), settings).filter(pl.col("paramcd") == score)
    placed = derive_analysis_visit(scores, visits).filter("analysis")
    expected = np.full(grid.value.shape, np.nan)
    numbers = {usubjid: place for place, usubjid in enumerate(subjects["usubjid"])}
    for row in placed.iter_rows(named=True):
        expected[numbers[row["usubjid"]], windows.names.index(row["avisit"])] = row["aval"]
    plain = ~grid.odd
    assert 10 < plain.sum() < subjects.height
    assert np.isfinite(expected[plain]).sum() > 30
    np.testing.assert_array_equal(grid.value[plain], expected[plain])


def place_changes(found: np.ndarray, own: pl.DataFrame, windows: Visits, column: str) -> None:
    """The changes that count at a visit, from baseline on, are those of the panel."""
    counted = own.filter("analysis", pl.col("post") | pl.col("day").eq_missing(pl.col("base_day")))
    for visit, name in enumerate(windows.names):
        expected = counted.filter(pl.col("avisit") == name).drop_nulls(column).sort("usubjid")[column].to_numpy()
        known = found[:, visit][np.isfinite(found[:, visit])]
        np.testing.assert_allclose(known, expected, rtol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_a_grid_is_kept_as_it_is(seed: int) -> None:
    """With missing cells, odd subjects and baselines; of subjects that are not odd it also tells the baseline."""
    subjects, rows, visits = simulate(seed)
    series = read_series(rows, subjects, "bilirubin")
    grid, bases = fill_grid(series, Visits.read(visits), subjects.height), find_bases(series, subjects.height)
    again, based = read_grid(write_grid(grid, bases))
    for one, other in ((grid, again), (bases, based)):
        for name, part in vars(one).items():
            np.testing.assert_array_equal(getattr(other, name), part)
    told, plain = find_grid_bases(grid), ~grid.odd
    np.testing.assert_array_equal(told.value[plain], bases.value[plain])
    np.testing.assert_array_equal(told.day[plain], bases.day[plain])


@pytest.mark.parametrize("seed", range(4))
def test_values_changes_and_baselines_on_the_grid_are_those_of_the_panel(seed: int) -> None:
    """Of every subject, the odd ones too."""
    subjects, rows, visits = simulate(seed)
    windows = Visits.read(visits)
    panel = derive_change(derive_analysis_visit(rows, visits))
    for code in ("bilirubin", "ascites_grade"):
        series = read_series(rows, subjects, code)
        own = panel.filter(pl.col("paramcd") == code).sort("usubjid", "day")
        base = find_bases(series, subjects.height)
        known = own.drop_nulls("base").unique("usubjid").sort("usubjid").select("usubjid", "base", "base_day")
        both = subjects.select("usubjid").join(known, on="usubjid", how="left", maintain_order="left")
        np.testing.assert_array_equal(base.value, both["base"].fill_null(float("nan")).to_numpy())
        np.testing.assert_array_equal(base.day, both["base_day"].fill_null(NEVER).to_numpy())
        grid = fill_grid(series, windows, subjects.height)
        for column in ("chg", "pchg"):
            place_changes(measure_grid(grid, base, column), own, windows, column)
        counted = own.filter("analysis")
        assert np.isfinite(grid.value).sum() == counted.height
        for visit, name in enumerate(windows.names):
            known = grid.value[:, visit]
            expected = counted.filter(pl.col("avisit") == name).sort("usubjid")["aval"].to_numpy()
            np.testing.assert_array_equal(known[np.isfinite(known)], expected)


def test_a_score_that_the_grid_cannot_hold_is_refused() -> None:
    """It needs limits of normal, or another score."""
    with pytest.raises(ValueError, match="cannot be computed on a grid"):
        derive_grid_score(list_series()["apri"], {}, pl.DataFrame(), ScoreSettings())


@pytest.mark.parametrize("measure", ["Value", "Change", "% change"])
def test_means_of_the_grid_are_those_of_the_figure(measure: str) -> None:
    """Every statistic of every arm and visit, as the page of trajectories has it."""
    subjects, rows, visits = simulate(1)
    panel = derive_change(derive_analysis_visit(rows, visits)).join(subjects.select("usubjid", "arm"), on="usubjid")
    shown = Measure(measure, PARAMETERS["bilirubin"])
    expected = summarize_courses(panel, visits, shown, by_visit=True).drop("x")
    windows, series = Visits.read(visits), read_series(rows, subjects, "bilirubin")
    values = measure_grid(
        fill_grid(series, windows, subjects.height), find_bases(series, subjects.height), shown.column
    )
    arms = subjects["arm"].unique().sort()
    found = summarize_grid(values, {arm: (subjects["arm"] == arm).arg_true().to_numpy() for arm in arms}, windows.names)
    order = ["arm", "avisit"]
    assert_frame_equal(found.sort(order), expected.sort(order).select(found.columns), check_dtypes=False)
