"""Correlation of two quantities, pairs with a missing value left out."""

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are first used

from analytics.statistics.interval import LEVEL, Array, two_sided_t

LEAST = 4  # pairs: with fewer, Fisher's interval does not exist
EXACT = 9  # pairs up to which every order is counted


@dataclass(frozen=True)
class Correlation:
    """Pearson, Spearman and Kendall of n pairs; None where a quantity does not vary or pairs are too few."""

    n: int
    pearson: float | None = None
    lower: float | None = None
    upper: float | None = None
    pearson_p: float | None = None
    spearman: float | None = None
    spearman_p: float | None = None
    kendall: float | None = None
    kendall_p: float | None = None


def correlate(x: Array, y: Array) -> Correlation:
    """The correlations of pairs. With up to 9 pairs Spearman's p is exact (every order counted), else by t."""
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = x[both], y[both]
    n = len(x)
    if n < LEAST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(n)
    pearson = scipy.stats.pearsonr(x, y)
    limits = pearson.confidence_interval(LEVEL)
    ranks = scipy.stats.rankdata(x), scipy.stats.rankdata(y)
    spearman = float(np.corrcoef(*ranks)[0, 1])
    kendall = scipy.stats.kendalltau(x, y, method="asymptotic" if n > EXACT else "auto")
    return Correlation(
        n,
        float(pearson.statistic),
        float(limits.low),
        float(limits.high),
        float(pearson.pvalue),
        spearman,
        find_spearman_p(*ranks, spearman),
        float(kendall.statistic),
        float(kendall.pvalue),
    )


def find_spearman_p(x: Array, y: Array, rho: float) -> float:
    """The two-sided p of Spearman's coefficient from the ranks."""
    n = len(x)
    if n > EXACT:
        return two_sided_t(rho * ((n - 2) / max(1 - rho**2, 1e-300)) ** 0.5, n - 2)
    orders = permutations(n)
    centred = y - y.mean()
    sums = (x - x.mean())[orders] @ centred
    return float((np.abs(sums) >= abs((x - x.mean()) @ centred) - 1e-9).mean())


def permutations(n: int) -> np.ndarray:
    """Every order of n places, one a row."""
    orders = np.zeros((1, 0), dtype=int)
    for size in range(n):
        orders = np.concatenate([np.insert(orders, place, size, axis=1) for place in range(size + 1)])
    return orders


def check_normal(values: Array) -> tuple[float, float]:
    """Shapiro and Wilk's W and p."""
    result = scipy.stats.shapiro(values)
    return float(result.statistic), float(result.pvalue)
