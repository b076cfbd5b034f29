"""Cox's model: Efron, Breslow and exact ties, strata, left truncation and time-varying rows, robust errors.

Our own, because lifelines has no exact ties, no score test, no robust errors with strata beside R's, and takes
minutes with thousands of strata.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtr

from analytics.statistics.interval import Array, Index, Mask, Z
from analytics.survival.cox_exact import measure_exact
from analytics.survival.cox_terms import (
    EFRON,
    EXACT,
    Cells,
    Design,
    find_cells,
    find_risk_sets,
    make_design,
    measure_fit,
)
from analytics.survival.door import check_status
from analytics.survival.influence import derive_score_residuals

ROUNDS = 60
CLOSE = 1e-9
ALIASED = 1e-9
Measured = tuple[float, Array, Array]  # log likelihood, gradient, information
SMALLEST = 1e-200  # what is less is no information
NEVER = 15.0  # standard deviations: a hazard ratio of three millions
FAR = 5.0  # standard deviations
RUNNING = 1e-3  # a step this long (in standard deviations) when the likelihood stands still goes to infinity


@dataclass(frozen=True)
class ChiSquare:
    """A chi-square test; None where it is not estimable."""

    statistic: float | None
    df: int
    p: float | None


@dataclass(frozen=True)
class Cox:
    """A fitted model.

    ``coef`` is NaN for a term that is not estimable (constant within all risk sets, or a mixture of
    others). ``infinite`` marks terms whose coefficient runs away (separation): no number of theirs may
    be shown. ``se`` is robust where clusters were given, ``model_se`` rests on the information.
    """

    terms: tuple[str, ...]
    n: int
    events: int
    coef: Array
    se: Array
    model_se: Array
    covariance: Array
    infinite: Mask
    loglik: float
    loglik_null: float
    likelihood_ratio: ChiSquare
    wald: ChiSquare
    score: ChiSquare
    ties: str
    center: Array
    design: Design
    cells: Cells
    cluster: Index | None

    @property
    def known(self) -> Mask:
        """The terms that have a finite coefficient."""
        return np.isfinite(self.coef) & ~self.infinite

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return -2 * self.loglik + 2 * int(np.isfinite(self.coef).sum())

    @property
    def bic(self) -> float:
        """Schwarz's criterion, by the number of events."""
        return -2 * self.loglik + float(np.log(self.events)) * int(np.isfinite(self.coef).sum())

    @property
    def beta(self) -> Array:
        """The coefficients with 0 for what is not estimable."""
        return np.nan_to_num(self.coef)

    @property
    def z(self) -> Array:
        """Wald's z."""
        return self.coef / np.where(self.se > 0, self.se, np.nan)

    @property
    def p(self) -> Array:
        """Two-sided p of each term."""
        return 2 * ndtr(-np.abs(self.z))

    @property
    def limits(self) -> tuple[Array, Array]:
        """95 % limits of the hazard ratios."""
        return np.exp(self.coef - Z * self.se), np.exp(self.coef + Z * self.se)


@dataclass(frozen=True)
class Rows:
    """What a model is fitted to: ``x`` has a column a term; the rest is None where all are alike.

    ``start`` and ``stop`` in days; ``stratum`` and ``cluster`` are numbered from 0.
    """

    x: Array
    stop: Array
    event: Mask
    start: Array | None = None
    stratum: Index | None = None
    cluster: Index | None = None


def fit_cox(rows: Rows, terms: tuple[str, ...], ties: str = EFRON) -> Cox:
    """Fit by Newton's method on centered covariates.

    Raises UnusableStatus for an event that is not Boolean, ValueError for exact ties with ``start``: the
    risk sets are then not nested. Without events
    every coefficient is NaN.

    Source: Cox DR. J R Stat Soc B 1972;34:187; Efron B. J Am Stat Assoc 1977;72:557; Breslow N. Biometrics
    1974;30:89; robust: Lin DY, Wei LJ. J Am Stat Assoc 1989;84:1074.
    """
    check_status(rows.event)
    if ties == EXACT and rows.start is not None:
        raise ValueError("exact ties need rows that are at risk from the start")
    center = rows.x.mean(axis=0) if len(rows.x) else np.zeros(len(terms))
    design = make_design(rows.x - center, rows.stop, rows.event, rows.start, rows.stratum)
    cells = find_cells(design, ties)
    sets = None if ties == EXACT else find_risk_sets(design, cells)

    def measure(beta: Array) -> Measured:
        return measure_exact(design, cells, beta) if sets is None else measure_fit(design, cells, sets, beta)

    null = measure(np.zeros(len(terms)))
    spread = design.x.std(axis=0) if len(design.x) else np.zeros(len(terms))
    scale = np.where(spread > 0, spread, 1.0)
    kept = find_estimable(null[2] / np.outer(scale, scale), len(cells.own))
    beta, running, (loglik, _, curvature) = climb(measure, null, kept, scale)
    running |= find_flat(curvature / np.outer(scale, scale), beta * scale, kept, len(cells.own))
    covariance = robust = invert(curvature, kept)
    if rows.cluster is not None:
        robust = sandwich(design, cells, beta, covariance, rows.cluster)
    errors = (np.sqrt(np.maximum(np.diag(matrix), 0)) for matrix in (robust, covariance))
    return Cox(
        terms, len(rows.stop), int(rows.event.sum()), np.where(kept, beta, np.nan), *errors, robust, running, loglik,
        null[0], *summarize_tests(beta, robust, loglik, null, kept), ties, center, design, cells, rows.cluster,
    )  # fmt: skip


def summarize_tests(
    beta: Array, covariance: Array, loglik: float, null: Measured, kept: Mask
) -> tuple[ChiSquare, ChiSquare, ChiSquare]:
    """Likelihood ratio, Wald (with the robust covariance where there is one) and score test."""
    return (
        make_chi_square(2 * (loglik - null[0]), kept),
        make_chi_square(float(beta @ invert(covariance, kept) @ beta), kept),
        make_chi_square(float(null[1] @ invert(null[2], kept) @ null[1]), kept),
    )


def find_estimable(information: Array, deaths: int) -> Mask:
    """The terms that add information beyond those before them; ``information`` is of scaled covariates."""
    kept = np.zeros(len(information), dtype=bool)
    for place in range(len(information)):
        cross = information[place, kept]
        rest = information[place, place] - cross @ np.linalg.solve(information[np.ix_(kept, kept)], cross)
        kept[place] = rest > ALIASED * max(deaths, 1)
    return kept


def find_flat(curvature: Array, beta: Array, kept: Mask, deaths: int) -> Mask:
    """Terms whose likelihood has no top: far out, and flat there; in standard deviations of the covariate."""
    flat = not find_estimable(curvature, deaths)[kept].all()
    return np.abs(beta) > (FAR if flat else NEVER)


def climb(
    measure: Callable[[Array], Measured], null: Measured, kept: Mask, scale: Array
) -> tuple[Array, Mask, Measured]:
    """The coefficients at the top of the likelihood, which of them ran away instead of arriving, what is there."""
    beta, running = np.zeros(len(kept)), np.zeros(len(kept), dtype=bool)
    likelihood, gradient, information = null
    for _ in range(ROUNDS if kept.any() else 0):
        step = invert(information, kept) @ gradient
        step *= min(1.0, FAR / max(np.abs(step * scale).max(), CLOSE))
        found = measure(beta + step)
        while not found[0] >= likelihood - 1e-9 * (1 + abs(likelihood)) and np.abs(step * scale).max() > CLOSE:
            step = step / 2
            found = measure(beta + step)
        gain, beta = found[0] - likelihood, beta + step
        likelihood, gradient, information = found
        still = gain < CLOSE * (1 + abs(likelihood))
        running = np.abs(step * scale) > RUNNING
        if still and (running.any() or np.abs(step * scale).max() < CLOSE):
            break
    return beta, running, (likelihood, gradient, information)


def invert(matrix: Array, kept: Mask) -> Array:
    """The inverse over the estimable terms, 0 elsewhere; scaled first, for covariates of very different size."""
    inverse, own = np.zeros_like(matrix), np.ix_(kept, kept)
    diagonal = np.diag(matrix)[kept]
    size = np.sqrt(np.where(diagonal > SMALLEST, diagonal, 1.0))
    inverse[own] = np.linalg.pinv(matrix[own] / np.outer(size, size), hermitian=True) / np.outer(size, size)
    return inverse


def sandwich(design: Design, cells: Cells, beta: Array, covariance: Array, cluster: Index) -> Array:
    """The robust covariance: the clusters' sums of what each row moves the coefficients."""
    summed = np.zeros((int(cluster.max(initial=-1)) + 1, len(beta)))
    np.add.at(summed, cluster[design.row], derive_score_residuals(design, cells, beta) @ covariance)
    return summed.T @ summed


def make_chi_square(statistic: float, kept: Mask) -> ChiSquare:
    """The test with as many degrees of freedom as there are estimable terms."""
    df = int(kept.sum())
    return ChiSquare(statistic, df, float(chdtrc(df, statistic))) if df else ChiSquare(None, 0, None)
