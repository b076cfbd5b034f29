"""The sums over risk sets that every Cox quantity is made of: one row a death, ties taken as Efron or Breslow do."""

from dataclasses import dataclass

import numpy as np

from analytics.statistics.interval import Array, Index, Mask

EFRON, BRESLOW, EXACT = "efron", "breslow", "exact"
TIES = (EFRON, BRESLOW, EXACT)


@dataclass(frozen=True)
class Design:
    """Rows of a Cox model, sorted by stratum and time.

    ``x`` covariates; ``start`` and ``stop`` the days between which a row is at risk (start < t <= stop);
    ``stratum`` numbered from 0; ``row`` its place in the data.
    """

    x: Array
    start: Array
    stop: Array
    event: Mask
    stratum: Index
    row: Index


@dataclass(frozen=True)
class Cells:
    """The distinct event times of each stratum and, repeated for each death, which cell it is in.

    ``cell`` is each death's cell, ``turn`` the share of the tied deaths that went before it (Efron),
    ``own`` the place of each dying row in the design.
    """

    stratum: Index
    time: Array
    deaths: Index
    cell: Index
    turn: Array
    own: Index


def make_design(
    x: Array, stop: Array, event: Mask, start: Array | None = None,
    stratum: Index | None = None,
) -> Design:  # fmt: skip
    """The rows sorted. Missing ``start`` is before every time, missing stratum one for all."""
    n = len(stop)
    strata = np.zeros(n, dtype=np.int64) if stratum is None else np.unique(stratum, return_inverse=True)[1]
    order = np.lexsort((stop, strata))
    starts = np.full(n, -np.inf) if start is None else start
    return Design(x[order], starts[order], stop[order], event[order], strata[order], order)


def find_cells(design: Design, ties: str) -> Cells:
    """The event times and who died at them."""
    own = np.flatnonzero(design.event)
    stratum, time = design.stratum[own], design.stop[own]
    new = np.append(True, (np.diff(stratum) != 0) | (np.diff(time) != 0)) if len(own) else np.zeros(0, dtype=bool)
    first = np.flatnonzero(new)
    deaths = np.diff(np.append(first, len(own)))
    cell = np.repeat(np.arange(len(first)), deaths)
    turn = (np.arange(len(own)) - np.repeat(first, deaths)) / np.repeat(deaths, deaths)
    if ties != EFRON:
        turn = np.zeros(len(own))
    return Cells(stratum[first], time[first], deaths, cell, turn, own)


def sum_risk_sets(design: Design, cells: Cells, values: Array) -> Array:
    """The sum of ``values`` over the rows at risk at every cell: start < time <= stop, within the stratum."""
    ends = sum_from(design.stratum, design.stop, values, cells)
    if np.isneginf(design.start).all():
        return ends
    order = np.lexsort((design.start, design.stratum))
    return ends - sum_from(design.stratum[order], design.start[order], values[order], cells)


def sum_from(stratum: Index, time: Array, values: Array, cells: Cells) -> Array:
    """The sum of the values whose time is not before the cell's, within its stratum; rows come sorted."""
    # Summed from the end: the few who are left last must not be the difference of two large sums.
    later = np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], np.zeros((1, *values.shape[1:]))])
    last = np.searchsorted(stratum, cells.stratum, side="right")
    return later[find_places(stratum, time, cells.stratum, cells.time)] - later[last]


def find_places(stratum: Index, time: Array, asked: Index, when: Array, side: str = "left") -> Index:
    """Where each asked (stratum, time) would stand among the rows, sorted by stratum and time."""
    levels = np.unique(np.concatenate([time, when]))
    rank, asked_rank = np.searchsorted(levels, time), np.searchsorted(levels, when)
    return np.searchsorted(stratum * len(levels) + rank, asked * len(levels) + asked_rank, side=side)  # ty: ignore[no-matching-overload]  # left or right


def sum_deaths(cells: Cells, values: Array) -> Array:
    """The sum of the dying rows' values in every cell."""
    total = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values[cells.own], axis=0)])
    ends = np.cumsum(cells.deaths)
    return total[ends] - total[ends - cells.deaths]


@dataclass(frozen=True)
class Terms:
    """One row a death: the risk set's total, its mean covariates, their covariance."""

    total: Array
    mean: Array
    spread: Array


def derive_terms(design: Design, cells: Cells, beta: Array) -> Terms:
    """Totals, means and covariances of the risk set of each death at these coefficients."""
    risk = np.exp(design.x @ beta)
    first = risk[:, None] * design.x
    second = first[:, :, None] * design.x[:, None, :]
    sums = []
    for values in (risk, first, second):
        at_risk = sum_risk_sets(design, cells, values)[cells.cell]
        if cells.turn.any():
            turn = cells.turn.reshape(-1, *[1] * (values.ndim - 1))
            at_risk = at_risk - turn * sum_deaths(cells, values)[cells.cell]
        sums.append(at_risk)
    mean = sums[1] / sums[0][:, None]
    return Terms(sums[0], mean, sums[2] / sums[0][:, None, None] - mean[:, :, None] * mean[:, None, :])


def measure_fit(design: Design, cells: Cells, beta: Array) -> tuple[float, Array, Array]:
    """Log partial likelihood, its gradient and the information at these coefficients."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # a step too far gives no number: halved
        terms = derive_terms(design, cells, beta)
        x = design.x[cells.own]
        likelihood = float((x @ beta - np.log(terms.total)).sum())
        gradient = (x - terms.mean).sum(axis=0)
    return likelihood, gradient, terms.spread.sum(axis=0)
