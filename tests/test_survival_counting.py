"""Counting whole days gives what sorting gives; sums of a Cox model a row a time are those a row a death."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from analytics.survival.competing import estimate_incidence
from analytics.survival.counting import count_leaving, count_sorted
from analytics.survival.cox_terms import (
    BRESLOW,
    EFRON,
    derive_terms,
    find_cells,
    find_risk_sets,
    make_design,
    measure_fit,
)
from analytics.survival.estimate import estimate_survival, restrict_means
from analytics.survival.kaplan_meier import estimate_kaplan_meier
from analytics.survival.log_rank import compare_log_rank

LEFT = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 2)), min_size=1, max_size=60)


@given(LEFT)
def test_whole_days_are_counted_as_they_would_be_sorted(left: list[tuple[int, int]]) -> None:
    """The fast path and the path for any times give one table."""
    time, kind = (np.array(column) for column in zip(*left, strict=True))
    counted, sorted_ = count_leaving(time.astype(float), kind, 3), count_sorted(time.astype(float), kind, 3)
    assert np.array_equal(counted[0], sorted_[0])
    assert np.array_equal(counted[1], sorted_[1])
    assert counted[1].sum() == len(left)


@given(LEFT)
def test_estimates_do_not_depend_on_the_path(left: list[tuple[int, int]]) -> None:
    """The same subjects half a day later: every share, test and incidence is the same."""
    rows = pl.DataFrame(left, schema={"time": pl.Float64, "kind": pl.Int64}, orient="row").with_columns(
        event=pl.col("kind") == 1,
        cause=pl.col("kind").replace_strict({1: "death", 2: "transplant"}, default=None, return_dtype=pl.String),
        group=pl.Series(["a", "b"] * 30)[: len(left)],
    )
    halves = rows.with_columns(time=pl.col("time") + 0.5)
    columns = ["at_risk", "events", "survival", "se", "lower", "upper"]
    days, others = estimate_kaplan_meier(rows), estimate_kaplan_meier(halves)
    assert days.select(columns).equals(others.select(columns))
    one, two = compare_log_rank(rows, "group"), compare_log_rank(halves, "group")
    assert (one and one.statistic) == (two and two.statistic)
    for cause in ("death", "transplant"):
        last = [estimate_incidence(frame).filter(pl.col("cause") == cause)["incidence"] for frame in (rows, halves)]
        assert last[0].tail(1).to_list() == last[1].tail(1).to_list()


@given(st.integers(0, 2**32 - 1), st.sampled_from([EFRON, BRESLOW]), st.booleans(), st.booleans())
def test_cox_sums_by_time_are_those_by_death(seed: int, ties: str, late: bool, parted: bool) -> None:
    """Likelihood, gradient and information by both formulas, with strata and with late entries."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 60))
    stop = rng.integers(2, 12, n).astype(float)
    start = stop - rng.integers(1, 12, n) if late else None
    design = make_design(
        rng.normal(size=(n, 3)), stop, rng.random(n) < 0.6, start, rng.integers(0, 3, n) if parted else None
    )
    cells, beta = find_cells(design, ties), rng.normal(size=3)
    likelihood, gradient, information = measure_fit(design, cells, find_risk_sets(design, cells), beta)
    terms, x = derive_terms(design, cells, beta), design.x[cells.own]
    assert np.isclose(likelihood, (x @ beta - np.log(terms.total)).sum())
    assert np.allclose(gradient, (x - terms.mean).sum(axis=0), atol=1e-9)
    assert np.allclose(information, terms.spread.sum(axis=0), atol=1e-9)


@given(LEFT, st.integers(1, 45))
def test_restricted_means_are_read_off_curves_that_are_there(left: list[tuple[int, int]], tau: int) -> None:
    """Another tau needs no new count."""
    rows = pl.DataFrame(left, schema={"time": pl.Float64, "kind": pl.Int64}, orient="row").with_columns(
        event=pl.col("kind") == 1, group=pl.Series(["a", "b"] * 30)[: len(left)]
    )
    again, anew = restrict_means(estimate_survival(rows, "group"), tau), estimate_survival(rows, "group", tau=tau)
    for one, other in zip(again.groups, anew.groups, strict=True):
        assert (one.rmst, one.rmst_se) == (other.rmst, other.rmst_se)
