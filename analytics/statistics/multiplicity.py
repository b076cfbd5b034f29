"""p values adjusted for the number of comparisons, as R's p.adjust names the methods.

Source: Wright SP. Biometrics 1992;48:1005-1013 (the step-wise ones); Benjamini Y, Hochberg Y. J R Stat Soc B
1995;57:289-300; Benjamini Y, Yekutieli D. Ann Stat 2001;29:1165-1188; Hommel G. Biometrika 1988;75:383-386.
"""

from collections.abc import Sequence

import numpy as np

from analytics.statistics.interval import Array

METHODS = ("bonferroni", "holm", "hochberg", "hommel", "BH", "BY")


def adjust(p: Sequence[float], method: str) -> list[float]:
    """The adjusted p values in the order given. Raises KeyError for a method that is not in METHODS."""
    given = np.asarray(p, dtype=np.float64)
    if not len(given):
        return []
    order = np.argsort(given, kind="stable")
    adjusted = np.empty(len(given))
    adjusted[order] = np.minimum(1.0, RULES[method](given[order]))
    return adjusted.tolist()


def holm(p: Array) -> Array:
    """Step down: the smallest times n, the next times n - 1, never falling."""
    return np.maximum.accumulate(p * np.arange(len(p), 0, -1))


def hochberg(p: Array) -> Array:
    """Step up with Holm's factors."""
    return step_up(p * np.arange(len(p), 0, -1))


def step_up(scaled: Array) -> Array:
    """From the largest down, never rising."""
    return np.minimum.accumulate(scaled[::-1])[::-1]


def false_discovery(p: Array) -> Array:
    """Benjamini and Hochberg's rate."""
    return step_up(p * len(p) / np.arange(1, len(p) + 1))


def hommel(p: Array) -> Array:
    """Hommel's closed procedure with Simes' test."""
    n = len(p)
    best = np.full(n, (n * p / np.arange(1, n + 1)).min())
    adjusted = best.copy()
    for size in range(n - 1, 1, -1):
        head, tail = np.arange(n - size + 1), np.arange(n - size + 1, n)
        least = (size * p[tail] / np.arange(2, size + 1)).min()
        best[head] = np.minimum(size * p[head], least)
        best[tail] = best[n - size]
        adjusted = np.maximum(adjusted, best)
    return np.maximum(adjusted, p)


RULES = {
    "bonferroni": lambda p: p * len(p),
    "holm": holm,
    "hochberg": hochberg,
    "hommel": hommel,
    "BH": false_discovery,
    "BY": lambda p: false_discovery(p) * (1 / np.arange(1, len(p) + 1)).sum(),
}
