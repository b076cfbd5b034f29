"""Firth's penalised Cox model: finite estimates where events are few or separated."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are first used
from scipy.special import chdtrc, chdtri

from analytics.statistics.interval import LEVEL, Array, Mask
from analytics.survival.cox import Rows, find_estimable
from analytics.survival.cox_terms import BRESLOW, Design, find_cells, make_design
from analytics.survival.door import check_status

ROUNDS = 200
CLOSE = 1e-9
FARTHEST = 50.0  # standard deviations: a limit beyond is none


@dataclass(frozen=True)
class Firth:
    """Coefficients with limits and p by the profile of the penalised likelihood; NaN where there is none."""

    terms: tuple[str, ...]
    n: int
    events: int
    coef: Array
    lower: Array
    upper: Array
    p: Array


def fit_firth(rows: Rows, terms: tuple[str, ...]) -> Firth:
    """Maximise the partial likelihood times the root of the information's determinant (Breslow's ties).

    Source: Firth D. Biometrika 1993;80:27; Heinze G, Schemper M. Biometrics 2001;57:114.
    """
    check_status(rows.event)
    p = len(terms)
    empty = np.full(p, np.nan)
    center = rows.x.mean(axis=0) if len(rows.x) else np.zeros(p)
    scale = rows.x.std(axis=0) if len(rows.x) else np.zeros(p)
    scaled = (rows.x - center) / np.where(scale > 0, scale, 1.0)
    design = make_design(scaled, rows.stop, rows.event, rows.start, rows.stratum)
    sets = find_risk_sets(design)
    own = design.x[np.flatnonzero(design.event)]
    _, _, information = measure(sets, design.x, own, np.zeros(p))
    if not len(own) or not find_estimable(information, len(own)).all():
        return Firth(terms, len(rows.stop), len(own), empty, empty, empty, empty)

    def value(beta: Array) -> tuple[float, Array, Array]:
        return measure(sets, design.x, own, beta)

    best, top = climb(value, np.zeros(p), np.ones(p, dtype=bool))
    found = [profile(value, best, top, place) for place in range(p)]
    lower, upper, p_values = (np.array(column) for column in zip(*found, strict=True))
    return Firth(terms, len(rows.stop), len(own), best / scale, lower / scale, upper / scale, p_values)


def find_risk_sets(design: Design) -> Array:
    """A row a death, a column a subject: who is at risk."""
    cells = find_cells(design, BRESLOW)
    time, stratum = cells.time[cells.cell][:, None], cells.stratum[cells.cell][:, None]
    return (design.stop >= time) & (design.start < time) & (design.stratum == stratum)


def measure(sets: Array, x: Array, own: Array, beta: Array) -> tuple[float, Array, Array]:
    """The penalised log likelihood, its gradient (Firth's modified score) and the information."""
    weight = sets * np.exp(x @ beta)
    total = weight.sum(axis=1)
    share = weight / total[:, None]
    mean = share @ x
    around = (x[None, :, :] - mean[:, None, :]).reshape(-1, x.shape[1])
    weighted = around * share.reshape(-1, 1)
    information = weighted.T @ around
    sign, size = np.linalg.slogdet(information)
    leverage = ((around @ np.linalg.pinv(information, hermitian=True)) * around).sum(axis=1)
    penalty = weighted.T @ leverage / 2
    likelihood = float((own @ beta - np.log(total)).sum() + size / 2) if sign > 0 else -np.inf
    return likelihood, (own - mean).sum(axis=0) + penalty, information


def climb(value: Callable[[Array], tuple[float, Array, Array]], start: Array, free: Mask) -> tuple[Array, float]:
    """The top of the penalised likelihood over the ``free`` coefficients, the others held."""
    beta, (likelihood, gradient, information) = start.copy(), value(start)
    for _ in range(ROUNDS if free.any() else 0):
        step = np.zeros(len(beta))
        step[free] = np.linalg.solve(information[np.ix_(free, free)], gradient[free])
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
        found = value(beta + step)
        while not found[0] >= likelihood - 1e-12 and np.abs(step).max() > CLOSE:
            step = step / 2
            found = value(beta + step)
        beta, (likelihood, gradient, information) = beta + step, found
        if np.abs(step).max() < CLOSE:
            break
    return beta, likelihood


def profile(
    value: Callable[[Array], tuple[float, Array, Array]], best: Array, top: float, place: int
) -> tuple[float, float, float]:
    """The profile limits of one coefficient and the p of its penalised likelihood ratio."""
    free = np.arange(len(best)) != place
    drop = chdtri(1, 1 - LEVEL) / 2

    def fall(at: float) -> float:
        held = best.copy()
        held[place] = at
        return top - climb(value, held, free)[1] - drop

    limits = []
    for direction in (-1.0, 1.0):
        reach = 1.0
        while fall(best[place] + direction * reach) < 0 and reach < FARTHEST:
            reach *= 2
        far = best[place] + direction * reach
        limits.append(scipy.optimize.brentq(fall, best[place], far) if reach < FARTHEST else direction * np.inf)
    return limits[0], limits[1], float(chdtrc(1, max(0.0, 2 * (fall(0.0) + drop))))
