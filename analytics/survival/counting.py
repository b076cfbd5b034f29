"""How many subjects left at every distinct time, by kind: the one table that every estimator reads.

Follow-up is whole days, so a million subjects are a few thousand counts, found without sorting. Times
that are no whole days (ages, simulations) are sorted.
"""

import numpy as np

from analytics.statistics.interval import Array, Index

LONGEST = 200_000  # days, beyond any life: a table of this length is counted without sorting


def count_leaving(time: Array, kind: Index, kinds: int) -> tuple[Array, Index]:
    """The distinct times in order, and how many left at each: a row a time, a column a kind.

    ``time`` is not negative and never missing; ``kind`` is numbered from 0 to ``kinds`` - 1.
    """
    if not len(time):
        return np.zeros(0), np.zeros((0, kinds), dtype=np.int64)
    if time.max() <= LONGEST:
        days = time.astype(np.int64)
        if np.array_equal(days, time):
            cells = np.bincount(days * kinds + kind, minlength=(int(days.max()) + 1) * kinds).reshape(-1, kinds)
            some = np.flatnonzero(cells.any(axis=1))
            return some.astype(float), cells[some]
    return count_sorted(time, kind, kinds)


def count_sorted(time: Array, kind: Index, kinds: int) -> tuple[Array, Index]:
    """The same for any times: each kind is sorted alone, which is faster than to keep an order of all."""
    parts = [np.unique(time[kind == place], return_counts=True) for place in range(kinds)]
    every = np.unique(np.concatenate([times for times, _ in parts]))
    cells = np.zeros((len(every), kinds), dtype=np.int64)
    for place, (times, counts) in enumerate(parts):
        cells[np.searchsorted(every, times), place] = counts
    return every, cells
