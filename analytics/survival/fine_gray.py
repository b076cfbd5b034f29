"""Fine and Gray's model of the subdistribution hazard: the effect on the cumulative incidence of one cause."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from analytics.statistics.interval import Array, Index, Mask, Z
from analytics.survival.door import check_status

ROUNDS = 50
CLOSE = 1e-10


@dataclass(frozen=True)
class FineGray:
    """Coefficients of the subdistribution hazard with robust standard errors.

    ``coef`` is NaN where nothing can be estimated: no event, a constant covariate, a coefficient that runs away.
    """

    terms: tuple[str, ...]
    n: int
    events: int
    coef: Array
    se: Array
    loglik: float

    @property
    def p(self) -> Array:
        """Two-sided p of each term."""
        return 2 * ndtr(-np.abs(self.coef / self.se))

    @property
    def limits(self) -> tuple[Array, Array]:
        """95 % limits of the subdistribution hazard ratios."""
        return np.exp(self.coef - Z * self.se), np.exp(self.coef + Z * self.se)


@dataclass(frozen=True)
class RiskSets:
    """Rows sorted by time, and what every event of the cause needs.

    ``stay`` is the censoring survival just before each row's time; a row that had another event stays in
    later risk sets with the weight G(t-) / G(T-), taken apart into ``late`` = G(t-) of the event times and
    ``kept`` = 1 / G(T-) of the rows. ``own`` are the places of the events of the cause.
    """

    x: Array
    time: Array
    own: Index
    kept: Array
    late: Array
    censored: Mask
    first: Index


def fit_fine_gray(x: Array, time: Array, own: Mask, other: Mask, terms: tuple[str, ...]) -> FineGray:
    """Fit to the event of the cause, ``own``, beside ``other`` events; neither is censored. Ties as Breslow's.

    Source: Fine JP, Gray RJ. J Am Stat Assoc 1999;94:496 (R: cmprsk::crr).
    """
    check_status(own, other)
    sets = make_risk_sets(x - (x.mean(axis=0) if len(x) else 0.0), time, own, other)
    empty = np.full(len(terms), np.nan)
    beta, ok = climb(sets, len(terms))
    events = len(sets.own)
    if not ok:
        return FineGray(terms, len(time), events, empty, empty, float("nan"))
    likelihood, _, information = measure(sets, beta)
    inverse = np.linalg.pinv(information, hermitian=True)
    influence = derive_influence(sets, beta) @ inverse
    return FineGray(terms, len(time), events, beta, np.sqrt(np.diag(influence.T @ influence)), likelihood)


def make_risk_sets(x: Array, time: Array, own: Mask, other: Mask) -> RiskSets:
    """The rows sorted, with the Kaplan-Meier curve of being censored."""
    order = np.argsort(time, kind="stable")
    x, time, own, other = x[order], time[order], own[order], other[order]
    censored = ~own & ~other
    first = np.searchsorted(time, time)  # the first row of each time
    at_risk = len(time) - first
    # Whoever is censored is censored after the events of the same day.
    leaving = np.bincount(first, weights=censored, minlength=len(time))
    steps = 1 - leaving / np.maximum(at_risk, 1)
    stay = np.append(1.0, np.cumprod(np.where(first == np.arange(len(time)), steps, 1.0)))[first]
    places = np.flatnonzero(own)
    kept = np.where(other, 1 / np.maximum(stay, 1e-300), 0.0)
    return RiskSets(x, time, places, kept, stay[places], censored, first)


def sum_sets(sets: RiskSets, values: Array) -> Array:
    """The weighted sum of ``values`` over the risk set of every event: those still there, and those who stay."""
    tail = np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], np.zeros((1, *values.shape[1:]))])
    shape = (-1, *[1] * (values.ndim - 1))
    head = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(sets.kept.reshape(shape) * values, axis=0)])
    place = sets.first[sets.own]
    return tail[place] + sets.late.reshape(shape) * head[place]


def measure(sets: RiskSets, beta: Array) -> tuple[float, Array, Array]:
    """Log partial likelihood, gradient and information."""
    risk = np.exp(sets.x @ beta)
    first = risk[:, None] * sets.x
    total, sums = sum_sets(sets, risk), sum_sets(sets, first)
    squares = sum_sets(sets, first[:, :, None] * sets.x[:, None, :])
    mean = sums / total[:, None]
    own = sets.x[sets.own]
    spread = squares / total[:, None, None] - mean[:, :, None] * mean[:, None, :]
    return float((own @ beta - np.log(total)).sum()), (own - mean).sum(axis=0), spread.sum(axis=0)


def climb(sets: RiskSets, p: int) -> tuple[Array, bool]:
    """The coefficients at the top of the likelihood, and whether there is one."""
    beta = np.zeros(p)
    if not len(sets.own):
        return beta, False
    scale = sets.x.std(axis=0)
    if not (scale > 0).all():
        return beta, False
    likelihood, gradient, information = measure(sets, beta)
    if np.linalg.matrix_rank(information / np.outer(scale, scale)) < p:
        return beta, False
    for _ in range(ROUNDS):
        step = np.linalg.pinv(information, hermitian=True) @ gradient
        found = measure(sets, beta + step)
        while not found[0] >= likelihood - CLOSE and np.abs(step * scale).max() > CLOSE:
            step = step / 2
            found = measure(sets, beta + step)
        beta, (likelihood, gradient, information) = beta + step, found
        if np.abs(step * scale).max() < CLOSE:
            return beta, True
    return beta, False


def derive_influence(sets: RiskSets, beta: Array) -> Array:
    """Each row's part of the gradient, and of what is not known of the censoring."""
    risk = np.exp(sets.x @ beta)
    total, mean = sum_sets(sets, risk), sum_sets(sets, risk[:, None] * sets.x)
    mean = mean / total[:, None]
    events, n = sets.time[sets.own], len(sets.time)
    until = np.searchsorted(events, sets.time, side="right")  # events up to each row's time
    plain = run(np.column_stack([1 / total, mean / total[:, None]]))[until]
    late = run(np.column_stack([sets.late / total, sets.late[:, None] * mean / total[:, None]]))
    later = late[-1] - late[until]
    moved = -risk[:, None] * (sets.x * plain[:, :1] - plain[:, 1:])
    moved -= (risk * sets.kept)[:, None] * (sets.x * later[:, :1] - later[:, 1:])
    moved[sets.own] += sets.x[sets.own] - mean
    # The censoring's part: what the rows that stay after another event owe to the weights.
    before = run(np.column_stack([risk * sets.kept, (risk * sets.kept)[:, None] * sets.x]))[sets.first]
    rest = late[-1] - late[np.searchsorted(events, sets.time, side="left")]
    owed = (before[:, 1:] * rest[:, :1] - before[:, :1] * rest[:, 1:]) / (n - sets.first)[:, None]
    hazard = run(owed * (sets.censored / (n - sets.first))[:, None])
    return moved + owed * sets.censored[:, None] - hazard[np.searchsorted(sets.time, sets.time, side="right")]


def run(values: Array) -> Array:
    """Sums from the first row on, beginning with 0."""
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
