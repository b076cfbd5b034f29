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
    order = np.lexsort((stop, strata)) if stratum is not None else order_times(stop)
    starts = np.full(n, -np.inf) if start is None else start
    # A column at a time: the sums over risk sets read one covariate after the other.
    return Design(np.asfortranarray(x[order]), starts[order], stop[order], event[order], strata[order], order)


def order_times(time: Array) -> Index:
    """The order of the times, those of one day as they came; whole days are short numbers, which sort fastest."""
    short = time.astype(np.uint16) if len(time) and time.min() >= 0 and time.max() < 2**16 else time
    return np.argsort(short if np.array_equal(short, time) else time, kind="stable")


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


@dataclass(frozen=True)
class RiskSets:
    """How the rows at risk at every cell are summed.

    ``parts`` are the bounds, begin and end in turn, of the rows that are at risk at a cell and at no later
    one of its stratum; ``after`` is the cell at which the next stratum begins. ``order`` sorts the rows by
    their start, ``begin`` and ``end`` are those that start too late for a cell; missing where none does.
    """

    parts: Index
    after: Index
    order: Index | None = None
    begin: Index | None = None
    end: Index | None = None


def find_risk_sets(design: Design, cells: Cells) -> RiskSets:
    """The risk set of every cell: start < time <= stop, within the stratum."""
    last = np.searchsorted(design.stratum, cells.stratum, side="right")
    begin = find_places(design.stratum, design.stop, cells.stratum, cells.time)
    ends = np.minimum(np.append(begin[1:], len(design.stop)), last)[: len(begin)]
    parts, after = np.stack([begin, ends], axis=1).ravel(), np.searchsorted(begin, last)
    if np.isneginf(design.start).all():
        return RiskSets(parts, after)
    order = np.lexsort((design.start, design.stratum))
    late = find_places(design.stratum[order], design.start[order], cells.stratum, cells.time)
    return RiskSets(parts, after, order, late, last)


def sum_risk_sets(sets: RiskSets, values: Array) -> Array:
    """The sum of ``values`` over the rows at risk at every cell."""
    bounds = sets.parts[:-1] if len(sets.parts) and sets.parts[-1] == len(values) else sets.parts
    later = sum_later(np.add.reduceat(values, bounds, axis=0)[::2])
    at_risk = later[:-1] - later[sets.after]
    if sets.order is None:
        return at_risk
    started = sum_later(values[sets.order])
    return at_risk - (started[sets.begin] - started[sets.end])


def sum_later(values: Array) -> Array:
    """The sum of each row and those after it, and 0 behind the last."""
    # Summed from the end: the few who are left last must not be the difference of two large sums.
    later = np.zeros((len(values) + 1, *values.shape[1:]))
    later[:-1] = np.cumsum(values[::-1], axis=0)[::-1]
    return later


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
    sums, sets = [], find_risk_sets(design, cells)
    for values in (risk, first, second):
        at_risk = sum_risk_sets(sets, values)[cells.cell]
        if cells.turn.any():
            turn = cells.turn.reshape(-1, *[1] * (values.ndim - 1))
            at_risk = at_risk - turn * sum_deaths(cells, values)[cells.cell]
        sums.append(at_risk)
    mean = sums[1] / sums[0][:, None]
    return Terms(sums[0], mean, sums[2] / sums[0][:, None, None] - mean[:, :, None] * mean[:, None, :])


def measure_fit(design: Design, cells: Cells, sets: RiskSets, beta: Array) -> tuple[float, Array, Array]:
    """Log partial likelihood, its gradient and the information at these coefficients.

    The same as the sums of ``derive_terms``, one covariate at a time and a row a time instead of a row a
    death: of a cell with risk set S and deaths D every tied death has S - turn x D, so its deaths' sums
    are S and D times sums of 1 / total, turn / total and their squares.
    """
    x, columns = design.x.T, range(design.x.shape[1])
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # a step too far gives no number: halved
        predictor = design.x @ beta
        risk = np.exp(predictor)
        first = np.cumsum(cells.deaths) - cells.deaths

        def collect(values: Array) -> tuple[Array, Array]:
            return sum_risk_sets(sets, values), np.add.reduceat(values[cells.own], first)

        whole, dying = collect(risk)
        total = whole[cells.cell] - cells.turn * dying[cells.cell]
        once, turned = 1 / total, cells.turn / total
        weights = [np.add.reduceat(part, first) for part in (once, turned, once**2, once * turned, turned**2)]
        likelihood = float(predictor[cells.own].sum() - np.log(total).sum())
        ones = [collect(risk * x[place]) for place in columns]
        mean = [float(whole @ weights[0] - dying @ weights[1]) for whole, dying in ones]
        information = np.zeros((len(x), len(x)))
        for row in columns:
            for column in range(row + 1):
                whole, dying = collect(risk * x[row] * x[column])
                (s, d), (t, e) = ones[row], ones[column]
                squares = (s * t) @ weights[2] - (s * e + d * t) @ weights[3] + (d * e) @ weights[4]
                information[row, column] = whole @ weights[0] - dying @ weights[1] - squares
                information[column, row] = information[row, column]
    return likelihood, design.x[cells.own].sum(axis=0) - np.array(mean), information
