"""Single computations beside the libraries that do the same; answers compared before any time is told."""

import time
from pathlib import Path
from typing import Any

import duckdb
import lifelines
import lifelines.statistics
import numpy as np
import polars as pl

from analytics.dense import Visits, derive_grid_score, fill_grid, place_series
from analytics.frames import EVENTS, empty
from analytics.large import read_grid
from analytics.pairing import ScoreSettings
from analytics.scores import list_series
from analytics.scoring import derive_scores
from analytics.survival.competing import estimate_incidence
from analytics.survival.cox import Rows, fit_cox
from analytics.survival.kaplan_meier import estimate_kaplan_meier
from analytics.survival.log_rank import compare_log_rank
from bench.cohort import INTERVAL, SIZES, STUDY, simulate_part
from bench.job import INPUTS
from bench.run import WrongAnswer, clock
from data import queries
from data.database import open_reader
from data.home import Home
from data.publish import fetch_grid, open_derived
from data.series import fetch_numbers, fetch_series

SETS = Path(__file__).parent.parent / "tests" / "reference" / "nafld1.parquet"
DAYS = 3_650


def simulate_times(subjects: int) -> pl.DataFrame:
    """SIMULATED times in whole days, so with many ties: time, event, cause, group."""
    rng = np.random.default_rng(5)
    ends = np.stack([rng.exponential(scale, subjects) for scale in (4_000, 9_000)])
    closing = rng.uniform(500, DAYS, subjects)
    time_ = np.ceil(np.minimum(ends.min(axis=0), closing))
    observed = ends.min(axis=0) <= closing
    cause = np.where(ends[0] < ends[1], "death", "transplant")
    return pl.DataFrame(
        {"time": time_, "event": observed, "cause": cause, "group": np.where(rng.random(subjects) < 0.5, "a", "b")}
    ).with_columns(cause=pl.when(pl.col("event")).then("cause"))


def find_unit(times: pl.DataFrame) -> float:
    """The unit of survival: sorting as many numbers."""
    numbers = times["time"].to_numpy()
    return clock(lambda: np.sort(numbers))[1]


def tell(ours: float, unit: float, theirs: dict[str, float]) -> dict[str, Any]:
    """The row of a kernel."""
    return {"seconds": ours, "unit": unit, **theirs}


def agree(one: float, other: float, what: str, close: float = 1e-6) -> None:
    """Raise WrongAnswer where two numbers differ."""
    if not np.isclose(one, other, rtol=close):
        raise WrongAnswer(f"{what}: {one} is not {other}")


def run_kaplan_meier(subjects: int) -> dict[str, Any]:
    """The curve with log-log limits and numbers at risk, whole days."""
    times = simulate_times(subjects)
    t, e = times["time"].to_numpy(), times["event"].to_numpy()
    ours, seconds = clock(lambda: estimate_kaplan_meier(times))
    other, theirs = clock(lambda: lifelines.KaplanMeierFitter().fit(t, e), 1)
    agree(ours["survival"][-1], float(other.survival_function_.iloc[-1, 0]), "survival")
    return tell(seconds, find_unit(times), {"lifelines": theirs, **run_sksurv(t, e, ours)})


def run_sksurv(t: np.ndarray, e: np.ndarray, ours: pl.DataFrame) -> dict[str, float]:
    """scikit-survival's curve, where it is installed."""
    try:
        from sksurv.nonparametric import kaplan_meier_estimator  # noqa: PLC0415  # optional, see docs/benchmark.md
    except ImportError:
        return {}
    other, theirs = clock(lambda: kaplan_meier_estimator(e, t, conf_type="log-log"), 1)
    agree(ours["survival"][-1], float(other[1][-1]), "survival")
    return {"scikit-survival": theirs}


def run_continuous(subjects: int) -> dict[str, Any]:
    """The curve of times that are no whole days, every one its own."""
    times = simulate_times(subjects).with_columns(
        time=pl.col("time") + pl.Series(np.random.default_rng(1).random(subjects))
    )
    t, e = times["time"].to_numpy(), times["event"].to_numpy()
    ours, seconds = clock(lambda: estimate_kaplan_meier(times))
    other, theirs = clock(lambda: lifelines.KaplanMeierFitter().fit(t, e), 1)
    agree(ours["survival"][-1], float(other.survival_function_.iloc[-1, 0]), "survival")
    return tell(seconds, find_unit(times), {"lifelines": theirs})


def run_log_rank(subjects: int) -> dict[str, Any]:
    """The test of two groups."""
    times = simulate_times(subjects).with_columns(pl.col("group").cast(pl.Enum(["a", "b"])))
    frame = times.select("time", "event", pl.col("group").cast(pl.String)).to_pandas()
    ours, seconds = clock(lambda: compare_log_rank(times, "group"))
    other, theirs = clock(
        lambda: lifelines.statistics.multivariate_logrank_test(frame["time"], frame["group"], frame["event"]), 1
    )
    agree(ours.statistic or 0.0 if ours else 0.0, other.test_statistic, "chi-square")
    return tell(seconds, find_unit(times), {"lifelines": theirs})


def run_incidence(subjects: int) -> dict[str, Any]:
    """Cumulative incidence of two causes with variance; lifelines gets one, without, and moves ties at random."""
    times = simulate_times(subjects)
    t = times["time"].to_numpy()
    codes = times["cause"].replace_strict({"death": 1, "transplant": 2}, default=0, return_dtype=pl.Int64).to_numpy()
    ours, seconds = clock(lambda: estimate_incidence(times))
    fitter = lifelines.AalenJohansenFitter(calculate_variance=False, seed=1)
    other, theirs = clock(lambda: fitter.fit(t, codes, event_of_interest=1), 1)
    last = ours.filter(pl.col("cause") == "death")["incidence"][-1]
    agree(last, float(other.cumulative_density_.iloc[-1, 0]), "incidence", 1e-3)
    return tell(seconds, find_unit(times), {"lifelines": theirs})


def run_cox(subjects: int) -> dict[str, Any]:
    """Five covariates, Efron's ties, beside lifelines as it comes."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(subjects, 5))
    ends = rng.exponential(4_000 * np.exp(-(x @ np.array([0.3, -0.2, 0.1, 0, 0.4]))))
    closing = rng.uniform(500, DAYS, subjects)
    t, e = np.ceil(np.minimum(ends, closing)), ends <= closing
    names = ("a", "b", "c", "d", "f")
    ours, seconds = clock(lambda: fit_cox(Rows(x, t, e), names), 3)
    frame = pl.DataFrame(x, schema=list(names)).with_columns(time=pl.Series(t), event=pl.Series(e)).to_pandas()
    start = time.perf_counter()
    other = lifelines.CoxPHFitter().fit(frame, "time", "event")
    theirs = time.perf_counter() - start
    if not np.allclose(ours.coef, other.params_.to_numpy(), rtol=1e-4, atol=1e-6):
        raise WrongAnswer("the coefficients differ")
    return tell(seconds, find_unit(pl.DataFrame({"time": t})), {"lifelines": theirs})


def run_cox_strata(subjects: int) -> dict[str, Any]:  # noqa: ARG001  # the data have their own size
    """Cox with a stratum for each of 3,853 matched sets; the coefficient is R's."""
    rows = pl.read_parquet(SETS).drop_nulls("case.id")
    x = rows.select((pl.col("id") == pl.col("case.id")).cast(pl.Float64), pl.col("age").cast(pl.Float64)).to_numpy()
    stratum = np.unique(rows["case.id"].to_numpy(), return_inverse=True)[1]
    given = Rows(x, rows["futime"].cast(pl.Float64).to_numpy(), (rows["status"] == 1).to_numpy(), stratum=stratum)
    fit, seconds = clock(lambda: fit_cox(given, ("nafld", "age")), 2)
    agree(float(fit.coef[0]), 0.475743373498314, "coefficient")
    return tell(seconds, find_unit(pl.DataFrame({"time": given.stop})), {})


def run_grid(store: str) -> dict[str, Any]:
    """MELD-Na and Child-Pugh at every visit of everybody, from the store."""
    home = Home(Path(store))
    start = time.perf_counter()
    with open_reader(home, home.current()) as connection:
        subjects = queries.fetch_subjects(connection, STUDY)
        visits = Visits.read(queries.fetch_visits(connection, STUDY))
        grids, numbers = {}, fetch_numbers(connection, STUDY)
        for code in INPUTS:
            series = place_series(fetch_series(connection, STUDY, code), numbers)
            grids[code] = fill_grid(series, visits, subjects.height)
        scores = [
            derive_grid_score(list_series()[name], grids, subjects, ScoreSettings())
            for name in ("meld_na", "child_pugh")
        ]
    return {"seconds": time.perf_counter() - start, "meld_na": float(np.nanmean(scores[0].value))}


def run_kept(store: str) -> dict[str, Any]:
    """The same as it is kept in the derived tables, which must be there."""
    home = Home(Path(store))
    start = time.perf_counter()
    with open_derived(home, home.current(), STUDY) as derived:
        grids = {code: read_grid(fetch_grid(derived, code))[0] for code in ("meld_na", "child_pugh")}
    return {"seconds": time.perf_counter() - start, "meld_na": float(np.nanmean(grids["meld_na"].value))}


GROUPED = f"""
WITH visit AS (
    SELECT subject, round(day / {INTERVAL}.0)::INTEGER AS visit,
        {{columns}}
    FROM measurement WHERE paramcd IN ({{codes}}) GROUP BY ALL
), first AS (
    SELECT *, 137 - least(greatest(sodium, 125), 137) AS deficit, least(40, floor(round(9.57 * ln(least(greatest(
        creatinine, 1), 4)) + 3.78 * ln(greatest(bilirubin, 1)) + 11.2 * ln(greatest(inr, 1)) + 6.43, 9) + 0.5)) AS i,
        1 + (bilirubin >= 2)::INT + (bilirubin > 3)::INT + 3 - (albumin >= 2.8)::INT - (albumin > 3.5)::INT
        + 1 + (inr >= 1.7)::INT + (inr > 2.3)::INT + least(ascites_grade, 2) + 1
        + 1 + (he_grade >= 1)::INT + (he_grade > 2)::INT AS pugh
    FROM visit
)
SELECT avg(CASE WHEN i > 11 THEN least(greatest(floor(round(i + 1.32 * deficit - 0.033 * i * deficit, 9) + 0.5), 6), 40)
    WHEN deficit IS NOT NULL THEN greatest(i, 6) END), avg(pugh) FROM first
"""


def run_grouped(store: str) -> dict[str, Any]:
    """The same by one SQL statement of DuckDB, which carries nothing forward."""
    home = Home(Path(store))
    columns = ", ".join(f"max(CASE WHEN paramcd = '{code}' THEN aval END) AS {code}" for code in INPUTS)
    codes = ", ".join(f"'{code}'" for code in INPUTS)
    with duckdb.connect(str(home.revision_file(home.current())), read_only=True) as connection:
        start = time.perf_counter()
        found = connection.execute(GROUPED.format(columns=columns, codes=codes)).fetchall()[0]
        return {"seconds": time.perf_counter() - start, "meld_na": found[0]}


def run_all_scores(patients: int) -> dict[str, Any]:
    """Every score of the catalog at every day, with what is missing and carried, by the definitions."""
    subjects, _, labs = simulate_part(SIZES["10k"], np.arange(patients), np.random.default_rng(1))
    rows = labs.with_columns(
        aval=pl.col("aval").cast(pl.Float64, strict=False), avisit=pl.lit(None, pl.String)
    ).drop_nulls("aval")
    start = time.perf_counter()
    scores = derive_scores(rows.drop("unit"), subjects, empty(EVENTS), ScoreSettings())
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "visits": rows.select("usubjid", "day").n_unique(), "rows": scores.height}
