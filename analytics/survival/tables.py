"""The tests and contrasts of groups as frames: one row a test, a pair, a group against the reference."""

import polars as pl

from analytics.catalog.constants import SMALL
from analytics.statistics.multiplicity import adjust
from analytics.survival.estimate import GroupSurvival, Survival, compare_at_day
from analytics.survival.log_rank import compare_pairs, compare_trend, count_log_rank, weigh_log_rank
from analytics.survival.restricted_mean import Contrast, compare_rmst
from analytics.survival.weights import WEIGHTS

TESTS = {"test": pl.String, "statistic": pl.Float64, "df": pl.Int64, "p": pl.Float64, "p_permutation": pl.Float64}
PAIRS = {"first": pl.String, "second": pl.String, "statistic": pl.Float64, "p": pl.Float64, "p_adjusted": pl.Float64}
CONTRASTS = {
    "group": pl.String, "against": pl.String, "measure": pl.String, "day": pl.Float64, "estimate": pl.Float64,
    "se": pl.Float64, "lower": pl.Float64, "upper": pl.Float64, "p": pl.Float64, "small": pl.Boolean,
}  # fmt: skip
RMST, RATIO, AT_DAY = "difference of restricted means", "ratio of restricted means", "difference of survival"


def tabulate_tests(times: pl.DataFrame, by: str, strata: str | None = None) -> pl.DataFrame:
    """Every weighted log-rank test and, for three groups and more, the trend: test, statistic, df, p, p_permutation.

    With a group of fewer than 10 the permutation p is the one to show; the trend then has none.
    """
    rows, counted = [], count_log_rank(times, by, strata)
    if counted is not None:
        tests = ((label, weigh_log_rank(counted, weight)) for weight, label in WEIGHTS.items())
        rows = [(label, test.statistic, test.df, test.p, test.p_permutation) for label, test in tests]
    groups = times.drop_nulls(["time", "event", by])[by].n_unique()
    if groups > 2:
        rows.append(("Trend over the groups in their order", *insert_df(compare_trend(times, by, strata)), None))
    return pl.DataFrame(rows, schema=TESTS, orient="row")


def insert_df(test: tuple[float | None, float | None]) -> tuple[float | None, int, float | None]:
    """A trend has one degree of freedom."""
    return test[0], 1, test[1]


def tabulate_pairs(times: pl.DataFrame, by: str, method: str, strata: str | None = None) -> pl.DataFrame:
    """The log-rank test of every pair of groups, its p (by permutation in small groups) adjusted for their number.

    first, second, statistic, p, p_adjusted; a pair that cannot be compared has none and is not counted.
    """
    pairs = compare_pairs(times, by, strata=strata)
    raw = [test.p if test.p_permutation is None else test.p_permutation for _, _, test in pairs]
    adjusted = iter(adjust([p for p in raw if p is not None], method))
    rows = [
        (
            first,
            second,
            test.statistic if test.p_permutation is None else None,
            p,
            None if p is None else next(adjusted),
        )
        for (first, second, test), p in zip(pairs, raw, strict=True)
    ]
    return pl.DataFrame(rows, schema=PAIRS, orient="row")


def tabulate_contrasts(survival: Survival, reference: str, day: float) -> pl.DataFrame:
    """Every other group against the reference: restricted means up to the tau, survival on ``day``.

    group, against, measure, day, estimate, se, lower, upper, p; ``small`` where one of the two has fewer than
    10 subjects: then only the estimate may be shown.
    """
    base = next((group for group in survival.groups if group.name == reference), None)
    if base is None:
        return pl.DataFrame(schema=CONTRASTS)
    rows = []
    for group in survival.groups:
        if group is not base:
            difference, ratio = Contrast(), Contrast()
            if not (base.collapsed or group.collapsed):
                difference, ratio = compare_rmst(base.curve, group.curve, survival.tau)
            rows += [
                describe(group, base, RMST, survival.tau, difference),
                describe(group, base, RATIO, survival.tau, ratio),
                describe(group, base, AT_DAY, day, compare_at_day(base, group, day)),
            ]
    return pl.DataFrame(rows, schema=CONTRASTS, orient="row")


def describe(group: GroupSurvival, base: GroupSurvival, measure: str, day: float, found: Contrast) -> tuple:
    """One row."""
    small = min(group.n, base.n) < SMALL
    return group.name, base.name, measure, day, found.estimate, found.se, found.lower, found.upper, found.p, small
