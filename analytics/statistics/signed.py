"""Exact tests of paired changes: signed ranks, sign flips, Hodges-Lehmann. They hold for any number of patients.

Zero rule: changes of exactly 0 are dropped (Wilcoxon 1945); equal sizes share the mean of their ranks.
The distribution is over all signs of the ranks or changes at hand, so ties need no approximation.

Source: Hollander M, Wolfe DA, Chicken E. Nonparametric Statistical Methods, 3rd ed. Wiley 2014, chapter 3.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy  # its parts are loaded when they are first used
from scipy.special import ndtr

from analytics.statistics.interval import LEVEL, Array
from analytics.statistics.proportions import find_binomial_p

MOST_FLIPPED = 20  # changes that are not 0: 2^20 sign patterns are counted, beyond that patterns are drawn
DRAWS, BLOCKS = 100_000, 10
SEED = 1
MOST_DRAWN = 1_000  # changes: beyond, tests and intervals by the normal approximation say the same
MOST_WALSH = 2_000  # pairs: two million Walsh averages
CLOSE = 1e-9  # sums that differ by less, relative to their size, are equal


@dataclass(frozen=True)
class SignedRank:
    """Wilcoxon's signed-rank test: V, the sum of positive ranks without zeros, and its two-sided p values."""

    v: float
    p_exact: float | None
    p_corrected: float | None
    p_uncorrected: float | None


@dataclass(frozen=True)
class SignFlip:
    """The permutation test of a mean change; ``exact`` when every sign pattern was counted."""

    p: float
    exact: bool


@dataclass(frozen=True)
class HodgesLehmann:
    """The median of all pairwise means and its interval with the level that it really has."""

    estimate: float
    lower: float
    upper: float
    level: float


def derive_sign_sums(steps: Array, most: int) -> Array:
    """Probabilities of the sum of a random subset of whole steps, from 0 to ``most``; each is in with chance 1/2."""
    chances, reached = np.zeros(most + 1), 0
    chances[0] = 1.0
    for step in map(int, np.sort(steps)):  # the small ones first: the sums stay few for longer
        chances[: reached + 1] /= 2
        kept = min(reached, most - step)
        if kept >= 0:
            chances[step : kept + step + 1] += chances[: kept + 1]
        reached = min(most, reached + step)
    return chances


def compare_signed_ranks(changes: Array) -> SignedRank:
    """Wilcoxon's signed-rank test of changes against 0, exact and (as R's default) by the normal approximation.

    ``p_corrected`` uses the continuity correction; above 1,000 changes there is no ``p_exact``. Without a
    change that is not 0 there is no p value.
    """
    moved = changes[changes != 0]
    n = len(moved)
    if n == 0:
        return SignedRank(0.0, None, None, None)
    ranks = scipy.stats.rankdata(np.abs(moved))
    v = float(ranks[moved > 0].sum())
    mean, variance = n * (n + 1) / 4, float((ranks**2).sum()) / 4
    off = abs(v - mean)
    p_corrected, p_uncorrected = (2 * float(ndtr(-max(0.0, off - shift) / variance**0.5)) for shift in (0.5, 0.0))
    if n > MOST_DRAWN:
        return SignedRank(v, None, min(1.0, p_corrected), min(1.0, p_uncorrected))
    # Sums as far above the mean are as likely as those below; ranks are halves where sizes are equal.
    below = derive_sign_sums(2 * ranks, int(2 * (mean - off + CLOSE))).sum()
    return SignedRank(v, min(1.0, 2 * float(below)), min(1.0, p_corrected), min(1.0, p_uncorrected))


def compare_sign_flips(changes: Array) -> SignFlip | None:
    """The permutation test of the mean: under no effect every change could as well have the other sign.

    Every pattern of signs counts up to 20 changes that are not 0; beyond, 100,000 patterns from a
    fixed seed, the observed one among them. None without a change that is not 0, or with more than 1,000.
    """
    moved = changes[changes != 0]
    if not 0 < len(moved) <= MOST_DRAWN:
        return None
    limit = abs(moved.sum()) - CLOSE * np.abs(moved).sum()
    if len(moved) > MOST_FLIPPED:
        return SignFlip((count_draws(moved, limit) + 1) / (DRAWS + 1), exact=False)
    sums = np.zeros(1)
    for change in moved:
        sums = np.concatenate([sums - change, sums + change])
    return SignFlip(float((np.abs(sums) >= limit).mean()), exact=True)


def count_draws(moved: Array, limit: float) -> int:
    """How many of 100,000 drawn sign patterns give a sum at least as far from 0, in blocks; each bit is a sign."""
    rng, width = np.random.default_rng(SEED), -(-len(moved) // 8)
    eights = np.append(moved, np.zeros(8 * width - len(moved))).reshape(width, 8)
    # The sum of eight changes under every octet of signs is looked up.
    sums_of_octet = eights @ (2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).T - 1)
    hits = 0
    for _ in range(BLOCKS):
        octets = rng.integers(0, 256, (DRAWS // BLOCKS, width), dtype=np.uint8)
        sums = np.zeros(len(octets))
        for place, known in enumerate(sums_of_octet):
            sums += known[octets[:, place]]
        hits += int((np.abs(sums) >= limit).sum())
    return hits


def find_smallest_p(n: int) -> float | None:
    """The smallest two-sided p that sign-flip and signed-rank tests of n changes that are not 0 can reach."""
    return 2.0 ** (1 - n) if n else None


def compare_signs(changes: Array) -> float | None:
    """The two-sided p of the sign test; zeros are dropped."""
    moved = int((changes != 0).sum())
    return find_binomial_p(int((changes > 0).sum()), moved, 0.5) if moved else None


def estimate_hodges_lehmann(changes: Array) -> HodgesLehmann | None:
    """The Hodges-Lehmann estimate of the change with the distribution-free interval of signed ranks.

    The interval is the narrowest with at least 95 %, else the widest there is (below 6 pairs), with
    its true level. Zeros count. None for no value or more than 2,000.
    """
    n = len(changes)
    if not 0 < n <= MOST_WALSH:
        return None
    first, second = np.triu_indices(n)
    averages = np.sort((changes[first] + changes[second]) / 2)
    k, level = find_limit(n)
    estimate = float(np.median(averages))
    return HodgesLehmann(estimate, float(averages[k - 1]), float(averages[-k]), level)


@lru_cache(maxsize=MOST_WALSH)
def find_limit(n: int) -> tuple[int, float]:
    """Which of the ordered averages of n changes, from either end, is the limit, and the level that it gives."""
    below = derive_sign_sums(np.arange(1.0, n + 1), n * (n + 1) // 4).cumsum()
    # The k-th smallest average is the lower limit; 2 P(V <= k - 1) is what the interval may leave out.
    k = max(1, int(np.searchsorted(below, (1 - LEVEL) / 2, side="right")))
    return k, 1 - 2 * float(below[k - 1])
