"""Two groups compared: t tests, ranks, and from published means and standard deviations."""

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are first used
from scipy.special import ndtr

from analytics.statistics.interval import Array, TTest, Z, t_test
from analytics.statistics.signed import CLOSE

MOST_EXACT = 60  # subjects in both groups together, up to which rank sums are counted exactly
MOST_PAIRS = 4_000_000


@dataclass(frozen=True)
class Summary:
    """What a table prints of a group: mean, standard deviation, number."""

    mean: float
    sd: float
    n: int


@dataclass(frozen=True)
class TwoMeans:
    """First minus second: Student's and Welch's t test, Cohen's d with pooled SD, Hedges' g."""

    student: TTest
    welch: TTest
    cohens_d: float
    hedges_g: float


@dataclass(frozen=True)
class RankSum:
    """Wilcoxon-Mann-Whitney: W of the first group, p values, and the Hodges-Lehmann shift, first minus second."""

    w: float
    p_exact: float | None
    p_corrected: float
    shift: float | None
    lower: float | None
    upper: float | None


def summarize(values: Array) -> Summary:
    """Mean, SD and n of a group with at least two values."""
    return Summary(float(values.mean()), float(values.std(ddof=1)), len(values))


def compare_summaries(first: Summary, second: Summary) -> TwoMeans:
    """Compare two groups by t tests, of at least two each, known by mean, SD and n only.

    Source: Student 1908; Welch BL. Biometrika 1947;34:28-35; Hedges LV. J Educ Stat 1981;6:107-128.
    """
    difference, df = first.mean - second.mean, first.n + second.n - 2
    pooled = ((first.n - 1) * first.sd**2 + (second.n - 1) * second.sd**2) / df
    one, two = first.sd**2 / first.n, second.sd**2 / second.n
    spread = one**2 / (first.n - 1) + two**2 / (second.n - 1)
    welch_df = (one + two) ** 2 / spread if spread else float(df)
    d = difference / pooled**0.5 if pooled else float("nan")
    return TwoMeans(
        t_test(difference, (pooled * (1 / first.n + 1 / second.n)) ** 0.5, df),
        t_test(difference, (one + two) ** 0.5, welch_df),
        d,
        d * (1 - 3 / (4 * df - 1)),
    )


def derive_rank_sums(doubled: Array, size: int) -> Array:
    """Probabilities of every sum of ``size`` of these whole numbers, drawn without replacement, from 0 on."""
    steps = doubled.astype(int)
    counts = np.zeros((size + 1, steps.sum() + 1))
    counts[0, 0] = 1
    for step in steps:
        counts[1:, step:] += counts[:-1, : counts.shape[1] - step].copy()
    return counts[size] / counts[size].sum()


def compare_ranks(first: Array, second: Array) -> RankSum:
    """The Wilcoxon-Mann-Whitney test, ties by mean ranks; exact (ties included) up to 60 subjects.

    ``p_corrected`` is R's normal approximation with continuity correction. The shift is the median
    of all pairwise differences with its 95 % interval by the normal approximation of W.

    Source: Hollander M, Wolfe DA, Chicken E. 3rd ed. Wiley 2014, chapter 4.
    """
    m, n = len(first), len(second)
    ranks = scipy.stats.rankdata(np.concatenate([first, second]))
    total = float(ranks[:m].sum())
    w, mean = total - m * (m + 1) / 2, m * n / 2
    size = m + n
    variance = m * n / (size * (size - 1)) * float(((ranks - (size + 1) / 2) ** 2).sum()) if size > 1 else 0.0
    off = abs(w - mean)
    p = min(1.0, 2 * float(ndtr(-max(0.0, off - 0.5) / variance**0.5))) if variance else 1.0
    shift, lower, upper = estimate_shift(first, second, variance)
    return RankSum(w, count_rank_sums(ranks, m, total) if size <= MOST_EXACT else None, p, shift, lower, upper)


def count_rank_sums(ranks: Array, m: int, total: float) -> float:
    """The exact two-sided p of a rank sum of m of these ranks."""
    chances = derive_rank_sums(2 * ranks, m)
    middle = m * float(ranks.mean())
    far = np.abs(np.arange(len(chances)) / 2 - middle) >= abs(total - middle) - CLOSE
    return min(1.0, float(chances[far].sum()))


def estimate_shift(first: Array, second: Array, variance: float) -> tuple[float | None, float | None, float | None]:
    """The median of all differences with limits; None where there are more than four million."""
    m, n = len(first), len(second)
    if m * n > MOST_PAIRS or not m * n:
        return None, None, None
    differences = np.sort((first[:, None] - second[None, :]).ravel())
    k = int(np.floor(m * n / 2 - Z * variance**0.5 + 0.5))
    limits = (float(differences[k - 1]), float(differences[-k])) if k >= 1 else (None, None)
    return float(np.median(differences)), *limits
