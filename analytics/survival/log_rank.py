"""The log-rank test, and its permutation form for small groups."""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import polars as pl
from scipy.special import chdtrc

from analytics.catalog.constants import SMALL

MOST_ARRANGEMENTS = 20_000
RESAMPLES = 9_999
SEED = 20_240_229


@dataclass(frozen=True)
class LogRank:
    """The test of equal survival. ``p`` rests on the chi-square distribution.

    ``p_permutation`` is given where a group has fewer than 10 subjects: ``exact`` says whether all
    arrangements were counted, ``smallest`` is the least p value that this design can reach.
    """

    statistic: float | None
    df: int
    p: float | None
    groups: pl.DataFrame
    p_permutation: float | None = None
    exact: bool = False
    smallest: float | None = None


def compare_log_rank(times: pl.DataFrame, by: str) -> LogRank | None:
    """Compare the survival of the groups in column ``by``; None for fewer than two groups.

    Needs ``time``, ``event`` and ``by``; rows with a missing one are left out. ``groups`` of the
    result has ``n``, ``observed`` and ``expected`` a group. The statistic is missing without events.

    Source: Mantel N. Cancer Chemother Rep 1966;50:163 (R: survdiff, rho = 0).
    """
    known = times.drop_nulls(["time", "event", by]).sort(by)
    names = known[by].unique(maintain_order=True)
    if names.len() < 2:
        return None
    codes = (
        known[by]
        .cast(pl.String)
        .replace_strict(names.cast(pl.String), range(names.len()), return_dtype=pl.Int64)
        .to_numpy()
    )
    time, event = known["time"].to_numpy(), known["event"].to_numpy()
    observed, expected, covariance = count_groups(time, event, codes)
    df = names.len() - 1
    statistic = solve_statistic((observed - expected)[:df], covariance[:df, :df])
    sizes = np.bincount(codes)
    groups = pl.DataFrame({by: names, "n": sizes, "observed": observed, "expected": expected})
    result = LogRank(statistic, df, None if statistic is None else float(chdtrc(df, statistic)), groups)
    return permute(result, time, event, codes) if sizes.min() < SMALL and statistic is not None else result


def count_groups(time: np.ndarray, event: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Observed and expected events a group, and the covariance of their differences."""
    k = codes.max() + 1
    distinct, position = np.unique(time, return_inverse=True)
    left = np.zeros((len(distinct), k))
    np.add.at(left, (position, codes), 1)
    at_risk = left[::-1].cumsum(axis=0)[::-1]
    dead = np.zeros((len(distinct), k))
    np.add.at(dead, (position[event], codes[event]), 1)
    d, n = dead.sum(axis=1), at_risk.sum(axis=1)
    share = at_risk / n[:, None]
    # One subject at risk leaves no variance: its factor is 0 / 0.
    weight = d * np.where(n > 1, (n - d) / np.maximum(n - 1, 1), 0)
    covariance = np.diag((weight[:, None] * share).sum(axis=0)) - (weight[:, None] * share).T @ share
    return dead.sum(axis=0), (d[:, None] * share).sum(axis=0), covariance


def solve_statistic(difference: np.ndarray, covariance: np.ndarray) -> float | None:
    """The chi-square statistic; None where the variance is zero, as without events."""
    if np.linalg.matrix_rank(covariance) < len(covariance):
        return None
    return float(difference @ np.linalg.solve(covariance, difference))


def score_subjects(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Each subject's log-rank score: its event minus the cumulative hazard of all up to its time."""
    distinct, position = np.unique(time, return_inverse=True)
    left = np.bincount(position, minlength=len(distinct))
    at_risk = left[::-1].cumsum()[::-1]
    dead = np.bincount(position[event], minlength=len(distinct))
    return event - np.cumsum(dead / at_risk)[position]


def permute(result: LogRank, time: np.ndarray, event: np.ndarray, codes: np.ndarray) -> LogRank:
    """The result with its permutation p value: all arrangements where they are few, else a fixed sample."""
    scores, sizes = score_subjects(time, event), np.bincount(codes)
    exact = len(sizes) == 2 and comb(len(codes), int(sizes[0])) <= MOST_ARRANGEMENTS
    if exact:
        sums = scores[np.array(list(combinations(range(len(codes)), int(sizes[0]))))].sum(axis=1)
        statistics = sums**2 * (1 / sizes[0] + 1 / sizes[1])
    else:
        rng = np.random.default_rng(SEED)
        statistics = np.array([weigh(scores, rng.permutation(codes), sizes) for _ in range(RESAMPLES)])
    seen = weigh(scores, codes, sizes)
    reached = int((statistics >= seen * (1 - 1e-9)).sum())
    p = reached / len(statistics) if exact else (reached + 1) / (RESAMPLES + 1)
    largest = float((statistics >= statistics.max() * (1 - 1e-9)).mean())
    smallest = largest if exact else 1 / (RESAMPLES + 1)
    return LogRank(result.statistic, result.df, result.p, result.groups, p, exact, smallest)


def weigh(scores: np.ndarray, codes: np.ndarray, sizes: np.ndarray) -> float:
    """The size of the group differences: squared sums of scores by group size."""
    return float((np.bincount(codes, weights=scores, minlength=len(sizes)) ** 2 / sizes).sum())
