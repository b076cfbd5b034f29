"""The mixed model for repeated measures: one mean per visit and arm, residuals correlated within a subject, REML.

The likelihood sees the data only through sums of products over the subjects that have the same
visits, so that a step costs the same at 50 patients or 50,000. Its slope by the covariance is exact.

Source: Mallinckrodt CH et al. Drug Inf J 2008;42:303-319; REML: Patterson HD, Thompson R. Biometrika 1971;58:545-554.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are first used

from analytics.statistics.interval import Array, Index
from analytics.statistics.mixed import LOG_2_PI

FLAT = 1e-4  # slope of the likelihood, per subject, at which the search has converged
STEP = 1e-6


@dataclass(frozen=True)
class Pattern:
    """Subjects with the same visits: which, how many, and their products of design and response, visit by visit."""

    visits: Index
    count: int
    products: Array  # visits x visits x p + 1 x p + 1


@dataclass(frozen=True)
class Structure:
    """A form of the covariance between visits: where to start from, and the matrix of its parameters."""

    name: str
    start: Callable[[Array], Array]
    matrix: Callable[[Array, int], Array]


@dataclass(frozen=True)
class RepeatedFit:
    """Coefficients with their covariance, the covariance between visits, its structure, and those that failed."""

    coefficients: Array
    covariance: Array
    between: Array
    structure: str
    failed: tuple[str, ...]
    log_likelihood: float
    n: int
    subjects: int


def collect_patterns(y: Array, x: Array, subject: Index, visit: Index) -> list[Pattern]:
    """Group the subjects by the visits that they have. Rows are sorted by subject, then visit."""
    whole = np.column_stack([x, y])
    starts = np.flatnonzero(np.r_[True, subject[1:] != subject[:-1]])
    sizes = np.diff(np.r_[starts, len(subject)])
    groups: dict[tuple[int, ...], list[int]] = {}
    for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
        groups.setdefault(tuple(visit[start : start + size].tolist()), []).append(start)
    patterns = []
    for visits, firsts in groups.items():
        blocks = whole[np.array(firsts)[:, None] + np.arange(len(visits))]
        patterns.append(Pattern(np.array(visits), len(firsts), np.einsum("sjp,skq->jkpq", blocks, blocks)))
    return patterns


def evaluate(between: Array, patterns: list[Pattern]) -> tuple[float, Array, Array, Array]:
    """-2 restricted log likelihood without its constant, its slope by the covariance, coefficients, X' V^-1 X."""
    terms = patterns[0].products.shape[2] - 1
    total, log_v, inverses = np.zeros((terms + 1, terms + 1)), 0.0, []
    for pattern in patterns:
        own = between[np.ix_(pattern.visits, pattern.visits)]
        inverse = np.linalg.inv(own)
        inverses.append(inverse)
        log_v += pattern.count * np.linalg.slogdet(own)[1]
        total += np.einsum("jk,jkpq->pq", inverse, pattern.products)
    xx = total[:-1, :-1]
    coefficients = np.linalg.solve(xx, total[:-1, -1])
    rest = np.append(-coefficients, 1.0)
    value = log_v + np.linalg.slogdet(xx)[1] + rest @ total @ rest
    # What an error in the coefficients adds to the squared residuals, and the residuals themselves.
    weights = np.outer(rest, rest)
    weights[:-1, :-1] += np.linalg.inv(xx)
    slope = np.zeros_like(between)
    for pattern, inverse in zip(patterns, inverses, strict=True):
        squares = np.einsum("jkpq,pq->jk", pattern.products, weights)
        slope[np.ix_(pattern.visits, pattern.visits)] += pattern.count * inverse - inverse @ squares @ inverse
    return float(value), slope, coefficients, xx


def derive_scale(patterns: list[Pattern]) -> Array:
    """Standard deviations of the visits, from least squares: where the search starts."""
    visits = 1 + max(int(pattern.visits.max()) for pattern in patterns)
    _, _, coefficients, _ = evaluate(np.eye(visits), patterns)
    rest = np.append(-coefficients, 1.0)
    squares, counts = np.zeros(visits), np.zeros(visits)
    for pattern in patterns:
        own = np.einsum("jjpq,p,q->j", pattern.products, rest, rest)
        squares[pattern.visits] += own
        counts[pattern.visits] += pattern.count
    return np.sqrt(squares / np.maximum(counts, 1))


def build_unstructured(theta: Array, visits: int) -> Array:
    """Any covariance, from its Cholesky factor with the logarithms of its diagonal."""
    factor = np.zeros((visits, visits))
    factor[np.tril_indices(visits)] = theta
    factor[np.diag_indices(visits)] = np.exp(np.diag(factor))
    return factor @ factor.T


def start_unstructured(scale: Array) -> Array:
    """Correlation 0.3 at the visits' own spread."""
    correlation = np.full((len(scale), len(scale)), 0.3) + 0.7 * np.eye(len(scale))
    factor = np.linalg.cholesky(np.outer(scale, scale) * correlation)
    factor[np.diag_indices(len(scale))] = np.log(np.diag(factor))
    return factor[np.tril_indices(len(scale))]


def build_autoregressive(theta: Array, visits: int) -> Array:
    """A spread for each visit; correlation falls with the number of visits between."""
    scale, rho = np.exp(theta[:-1]), np.tanh(theta[-1])
    places = np.arange(visits)
    return np.outer(scale, scale) * rho ** np.abs(places[:, None] - places[None, :])


def build_compound(theta: Array, visits: int) -> Array:
    """A spread for each visit, one correlation."""
    scale, share = np.exp(theta[:-1]), 1 / (1 + np.exp(-theta[-1]))
    return np.outer(scale, scale) * (share + (1 - share) * np.eye(visits))


def build_simple_compound(theta: Array, visits: int) -> Array:
    """One spread, one correlation."""
    return build_compound(np.append(np.full(visits, theta[0]), theta[1]), visits)


STRUCTURES = (  # in the order in which they are tried
    Structure("unstructured", start_unstructured, build_unstructured),
    Structure("heterogeneous autoregressive", lambda scale: np.append(np.log(scale), 0.3), build_autoregressive),
    Structure("heterogeneous compound symmetry", lambda scale: np.append(np.log(scale), -0.8), build_compound),
    Structure("compound symmetry", lambda scale: np.array([float(np.log(scale.mean())), -0.8]), build_simple_compound),
)


def fit_repeated(y: Array, x: Array, subject: Index, visit: Index) -> RepeatedFit | None:
    """Fit y ~ x with a covariance between visits; the first of ``STRUCTURES`` that converges, None if none does.

    Rows are sorted by subject and visit, one a subject and visit; ``visit`` counts from 0; no value is
    missing. None also where the columns of x are dependent.
    """
    if len(y) <= x.shape[1] or np.linalg.matrix_rank(x) < x.shape[1]:
        return None
    patterns = collect_patterns(y, x, subject, visit)
    scale = derive_scale(patterns)
    if not (scale > 0).all():
        return None
    subjects = sum(pattern.count for pattern in patterns)
    failed: list[str] = []
    for structure in STRUCTURES:
        between = search(structure, patterns, scale, subjects)
        if between is not None:
            value, _, coefficients, xx = evaluate(between, patterns)
            likelihood = -((len(y) - x.shape[1]) * LOG_2_PI + value) / 2
            covariance = np.linalg.inv(xx)
            return RepeatedFit(
                coefficients, covariance, between, structure.name, tuple(failed), likelihood, len(y), subjects
            )
        failed.append(structure.name)
    return None


def search(structure: Structure, patterns: list[Pattern], scale: Array, subjects: int) -> Array | None:
    """The covariance of this structure with the highest restricted likelihood; None where the search did not end."""
    visits = len(scale)
    start = structure.start(scale)
    if len(start) >= subjects * visits:
        return None

    def objective(theta: Array) -> tuple[float, Array]:
        between = structure.matrix(theta, visits)
        if not np.isfinite(between).all() or np.linalg.cond(between) > 1e12:
            return 1e300, np.zeros_like(theta)
        value, slope, _, _ = evaluate(between, patterns)
        return value, chain(structure, theta, visits, slope)

    found = scipy.optimize.minimize(objective, start, jac=True, method="BFGS", options={"gtol": 1e-6, "maxiter": 500})
    flat = bool(np.abs(found.jac).max() < FLAT * subjects) if np.isfinite(found.fun) and found.fun < 1e299 else False
    return structure.matrix(found.x, visits) if flat else None


def chain(structure: Structure, theta: Array, visits: int, slope: Array) -> Array:
    """The slope by the structure's parameters, from the slope by the covariance."""
    steps = np.empty_like(theta)
    for place in range(len(theta)):
        shift = np.zeros_like(theta)
        shift[place] = STEP
        moved = structure.matrix(theta + shift, visits) - structure.matrix(theta - shift, visits)
        steps[place] = (slope * moved).sum() / (2 * STEP)
    return steps
