"""Survival at a million subjects beside lifelines, and Cox with thousands of strata; answers compared first."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lifelines
import lifelines.statistics
import numpy as np
import polars as pl

from analytics.survival.competing import estimate_incidence
from analytics.survival.cox import Rows, fit_cox
from analytics.survival.kaplan_meier import estimate_kaplan_meier
from analytics.survival.log_rank import compare_log_rank

SETS = Path(__file__).parent.parent / "tests" / "reference" / "nafld1.parquet"
DAYS = 3_650


class WrongAnswer(AssertionError):
    """A case that was fast and wrong."""


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


def clock(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result and its seconds, the better of two runs."""
    spent = []
    for _ in range(2):
        start = time.perf_counter()
        result = work()
        spent.append(time.perf_counter() - start)
    return result, min(spent)


def compare(ours: Callable[[], Any], theirs: Callable[[], Any], agree: Callable[[Any, Any], bool]) -> dict[str, Any]:
    """Both once, the answers compared, then the times."""
    mine, seconds = clock(ours)
    other, reference = clock(theirs)
    if not agree(mine, other):
        raise WrongAnswer("the answers differ")
    return {"seconds": seconds, "reference": reference}


def measure_kaplan_meier(subjects: int) -> dict[str, Any]:
    """The curve with its limits."""
    times = simulate_times(subjects)
    t, e = times["time"].to_numpy(), times["event"].to_numpy()
    return compare(
        lambda: estimate_kaplan_meier(times),
        lambda: lifelines.KaplanMeierFitter().fit(t, e),
        lambda a, b: np.allclose(a["survival"], b.survival_function_.to_numpy()[:, 0], rtol=1e-9),
    ) | {"rows": subjects}


def measure_log_rank(subjects: int) -> dict[str, Any]:
    """The test of two groups."""
    times = simulate_times(subjects)
    frame = times.select("time", "event", "group").to_pandas()
    return compare(
        lambda: compare_log_rank(times, "group"),
        lambda: lifelines.statistics.multivariate_logrank_test(frame["time"], frame["group"], frame["event"]),
        lambda a, b: bool(np.isclose(a.statistic, b.test_statistic, rtol=1e-6)),
    ) | {"rows": subjects}


def measure_incidence(subjects: int) -> dict[str, Any]:
    """Cumulative incidence of two causes; lifelines gets one, without a variance, and moves ties at random."""
    times = simulate_times(subjects)
    t = times["time"].to_numpy()
    codes = times["cause"].replace_strict({"death": 1, "transplant": 2}, default=0, return_dtype=pl.Int64).to_numpy()

    def last(table: pl.DataFrame) -> float:
        return table.filter(pl.col("cause") == "death")["incidence"][-1]

    return compare(
        lambda: estimate_incidence(times),
        lambda: lifelines.AalenJohansenFitter(calculate_variance=False, seed=1).fit(t, codes, event_of_interest=1),
        lambda a, b: bool(np.isclose(last(a), b.cumulative_density_.to_numpy()[-1, 0], rtol=1e-3)),
    ) | {"rows": subjects}


def measure_cox_strata(subjects: int) -> dict[str, Any]:  # noqa: ARG001  # the data have their own size
    """Cox with a stratum for each of 3,853 matched sets; the coefficient is R's."""
    rows = pl.read_parquet(SETS).drop_nulls("case.id")
    x = rows.select((pl.col("id") == pl.col("case.id")).cast(pl.Float64), pl.col("age").cast(pl.Float64)).to_numpy()
    stratum = np.unique(rows["case.id"].to_numpy(), return_inverse=True)[1]
    given = Rows(x, rows["futime"].cast(pl.Float64).to_numpy(), (rows["status"] == 1).to_numpy(), stratum=stratum)
    fit, seconds = clock(lambda: fit_cox(given, ("nafld", "age")))
    if not np.isclose(fit.coef[0], 0.475743373498314, rtol=1e-6):
        raise WrongAnswer("the coefficient is not R's")
    return {"seconds": seconds, "rows": rows.height, "strata": int(stratum.max()) + 1}
