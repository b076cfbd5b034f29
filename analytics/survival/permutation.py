"""The permutation form of a weighted log-rank test: for groups too small for a chi-square distribution."""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from analytics.statistics.interval import Array, Index, Mask
from analytics.survival.weights import weigh_times

MOST_ARRANGEMENTS = 20_000
RESAMPLES = 9_999
SEED = 20_240_229


@dataclass(frozen=True)
class Permutation:
    """The p value, whether all arrangements were counted, and the least p value that can be reached."""

    p: float
    exact: bool
    smallest: float


def permute(time: Array, event: Mask, entry: Array | None, codes: Index, blocks: Index, weight: str) -> Permutation:
    """The share of arrangements of the groups that differ at least as much as the one observed.

    Scores are kept and the groups' labels exchanged, within a block (stratum) only: all arrangements
    where there are two groups, one block and at most 20,000 of them, else 9,999 from a fixed seed. The
    size of a difference is the squared sums of scores by group size.

    Valid where censoring does not depend on the group.

    Source: Peto R, Peto J. J R Stat Soc A 1972;135:185.
    """
    scores = np.zeros(len(time))
    for block in np.unique(blocks):
        own = blocks == block
        scores[own] = score_subjects(time[own], event[own], None if entry is None else entry[own], weight)
    # In one fixed order, so that the same patients give the same p in whatever order they come.
    order = np.lexsort((scores, codes, blocks))
    scores, codes, blocks = scores[order].round(12), codes[order], blocks[order]
    sizes = np.bincount(codes)
    exact = len(sizes) == 2 and blocks.max() == 0 and comb(len(codes), int(sizes[0])) <= MOST_ARRANGEMENTS
    if exact:
        sums = scores[np.array(list(combinations(range(len(codes)), int(sizes[0]))))].sum(axis=1)
        statistics = sums**2 / sizes[0] + (scores.sum() - sums) ** 2 / sizes[1]
    else:
        rng = np.random.default_rng(SEED)
        statistics = np.array([measure(scores, exchange(rng, codes, blocks), sizes) for _ in range(RESAMPLES)])
    reached = int((statistics >= measure(scores, codes, sizes) * (1 - 1e-9) - 1e-12).sum())
    p = reached / len(statistics) if exact else (reached + 1) / (RESAMPLES + 1)
    largest = float((statistics >= statistics.max() * (1 - 1e-9) - 1e-12).mean())
    return Permutation(p, exact, largest if exact else 1 / (RESAMPLES + 1))


def score_subjects(time: Array, event: Mask, entry: Array | None, weight: str) -> Array:
    """Each subject's score: its weighted event minus the weighted hazard of all while it was at risk."""
    distinct, position = np.unique(time, return_inverse=True)
    at_risk = (len(time) - np.searchsorted(np.sort(time), distinct)).astype(float)
    if entry is not None:
        at_risk -= len(time) - np.searchsorted(np.sort(entry), distinct)
    dead = np.bincount(position[event], minlength=len(distinct)).astype(float)
    some = dead > 0
    weights = np.zeros(len(distinct))
    weights[some] = weigh_times(dead[some], at_risk[some], weight)
    hazard = np.append(0.0, np.cumsum(weights * dead / np.maximum(at_risk, 1)))
    start = 0.0 if entry is None else hazard[np.searchsorted(distinct, entry, side="right")]
    return event * weights[position] - (hazard[position + 1] - start)


def exchange(rng: np.random.Generator, codes: Index, blocks: Index) -> Index:
    """The labels in a random order within each block."""
    drawn = codes.copy()
    for block in range(int(blocks.max()) + 1):
        drawn[blocks == block] = rng.permutation(codes[blocks == block])
    return drawn


def measure(scores: Array, codes: Index, sizes: Index) -> float:
    """The size of the group differences: squared sums of scores by group size."""
    return float((np.bincount(codes, weights=scores, minlength=len(sizes)) ** 2 / sizes).sum())
