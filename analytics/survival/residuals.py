"""Residuals of a Cox model, the test of proportional hazards, and predicted survival."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import chdtrc

from analytics.statistics.interval import LEVEL, Array
from analytics.survival.cox import Cox
from analytics.survival.cox_terms import Terms, derive_terms
from analytics.survival.influence import cumulate
from analytics.survival.kaplan_meier import LOG_LOG, find_limits


def derive_martingale(fit: Cox) -> Array:
    """Observed minus expected events of each row, in the order of the data.

    Source: Therneau TM, Grambsch PM, Fleming TR. Biometrika 1990;77:147.
    """
    terms = derive_terms(fit.design, fit.cells, fit.beta)
    (hazard,) = cumulate(fit.design, fit.cells, 1 / terms.total[:, None])
    ordered = fit.design.event - np.exp(fit.design.x @ fit.beta) * hazard[:, 0]
    residuals = np.empty(len(ordered))
    residuals[fit.design.row] = ordered
    return residuals


def derive_deviance(fit: Cox) -> Array:
    """The martingale residuals made more symmetric, in the order of the data."""
    martingale = derive_martingale(fit)
    event = np.empty(len(martingale))
    event[fit.design.row] = fit.design.event
    inner = np.where(event > 0, np.log(np.maximum(event - martingale, 1e-300)), 0.0)
    return np.sign(martingale) * np.sqrt(-2 * (martingale + event * inner))


@dataclass(frozen=True)
class Proportionality:
    """Grambsch and Therneau's test: chi-square, df and p of each term and, last, of all (GLOBAL)."""

    terms: tuple[str, ...]
    statistic: Array
    df: Array
    p: Array


HALF_A_DAY = 0.5  # of an event on day 0: its logarithm would be infinite
TRANSFORMS = ("km", "rank", "identity", "log")


def check_proportionality(fit: Cox, transform: str = "km") -> Proportionality:
    """The score test that the effect of a term changes with transformed time.

    Source: Grambsch PM, Therneau TM. Biometrika 1994;81:515, as the score test of R's cox.zph (survival 3).
    """
    terms = derive_terms(fit.design, fit.cells, fit.beta)
    known = np.flatnonzero(fit.known)
    moved = transform_times(fit, transform)
    gradient = (moved[:, None] * (fit.design.x[fit.cells.own] - terms.mean)).sum(axis=0)[known]
    spread = terms.spread[:, known][:, :, known]
    plain, mixed, squared = ((moved**power)[:, None, None] * spread for power in (0, 1, 2))
    cross = mixed.sum(axis=0)
    information = squared.sum(axis=0) - cross @ np.linalg.pinv(plain.sum(axis=0), hermitian=True) @ cross
    with np.errstate(divide="ignore", invalid="ignore"):
        single = gradient**2 / np.diag(information)
    everything = float(gradient @ np.linalg.pinv(information, hermitian=True) @ gradient)
    statistic, df = np.append(single, everything), np.append(np.ones(len(known)), len(known))
    names = (*(fit.terms[place] for place in known), "GLOBAL")
    return Proportionality(names, statistic, df, chdtrc(df, statistic))


def transform_times(fit: Cox, transform: str) -> Array:
    """The transformed and centered time of each death."""
    times, stops = fit.design.stop[fit.cells.own], np.sort(fit.design.stop)
    moved = times
    if transform == "log":
        moved = np.log(np.maximum(times, HALF_A_DAY))
    elif transform == "rank":
        moved = (np.searchsorted(stops, times) + 1 + np.searchsorted(stops, times, side="right")) / 2
    elif transform == "km":
        distinct, place, deaths = np.unique(times, return_inverse=True, return_counts=True)
        at_risk = np.searchsorted(np.sort(fit.design.start), distinct) - np.searchsorted(stops, distinct)
        moved = 1 - np.append(1.0, np.cumprod(1 - deaths / at_risk)[:-1])[place]
    return moved - moved.mean()


def derive_schoenfeld(fit: Cox) -> tuple[Array, Array]:
    """Times of the deaths and, a column a term, the scaled Schoenfeld residuals plus the coefficient.

    Their smooth is the coefficient over time.
    """
    terms = derive_terms(fit.design, fit.cells, fit.beta)
    residuals = fit.design.x[fit.cells.own] - terms.mean
    information_inverse = fit.covariance if np.array_equal(fit.se, fit.model_se) else invert_terms(terms)
    return fit.design.stop[fit.cells.own], len(residuals) * residuals @ information_inverse + fit.beta


def invert_terms(terms: Terms) -> Array:
    """The model's covariance from the terms."""
    return np.linalg.pinv(terms.spread.sum(axis=0), hermitian=True)


def predict_survival(fit: Cox, x: Array, stratum: int = 0, limits: str = LOG_LOG) -> pl.DataFrame:
    """Survival at covariates ``x``: ``day`` (0 and the days with a death), ``survival``, ``se``, ``lower``, ``upper``.

    ``x`` holds one value a term, in the model's order.

    Source: Tsiatis AA. Ann Stat 1981;9:93 (R: survfit.coxph).
    """
    terms = derive_terms(fit.design, fit.cells, fit.beta)
    own = fit.cells.stratum[fit.cells.cell] == stratum
    moved = x - fit.center
    risk = float(np.exp(moved @ fit.beta))
    total, times = terms.total[own], fit.cells.time[fit.cells.cell][own]
    drift = np.cumsum((terms.mean[own] - moved) / total[:, None], axis=0)
    variance = risk**2 * (np.cumsum(1 / total**2) + np.einsum("ij,jk,ik->i", drift, fit.covariance, drift))
    last = np.append(times[1:] != times[:-1], True)[: len(times)]
    survival = np.append(1.0, np.exp(-risk * np.cumsum(1 / total)[last]))
    se = survival * np.append(0.0, np.sqrt(variance[last]))
    lower, upper = find_limits(survival, se, limits, LEVEL)
    lower[0] = upper[0] = 1.0
    columns = {"survival": survival, "se": se, "lower": lower, "upper": upper}
    return pl.DataFrame({"day": np.append(0.0, times[last]), **columns}).fill_nan(None)
