"""Linear mixed models of one random intercept, or intercept and slope, a subject, by REML or ML.

The likelihood is profiled over the coefficients and the residual variance, in the factor of the
random effects' covariance relative to the residual one, as lme4 does; what each subject adds is
summed once, so that a step costs the same for two visits or two hundred.

Source: Laird NM, Ware JH. Biometrics 1982;38:963-974; Bates D et al. J Stat Softw 2015;67(1); degrees of freedom:
Satterthwaite FE 1946, as in Kuznetsova A et al. J Stat Softw 2017;82(13).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are first used

from analytics.statistics.interval import Array, Index, TTest, t_test

STEP = 1e-4  # of the numerical derivatives, relative to the parameter
LEAST_GRADIENT = 1e-3
STARTS = {1: (1.0,), 2: (1.0, 0.0, 0.3)}  # of the factor, by the number of random effects
LOG_2_PI = float(np.log(2 * np.pi))


@dataclass(frozen=True)
class Sums:
    """What the likelihood needs of every subject: products of random design, fixed design and response."""

    zz: Array  # subjects x q x q
    zx: Array  # subjects x q x p + 1, the response in the last column
    xx: Array  # p + 1 x p + 1, over all subjects
    n: int
    reml: bool

    @property
    def terms(self) -> int:
        """The number of coefficients."""
        return self.xx.shape[0] - 1


@dataclass(frozen=True)
class MixedFit:
    """Coefficients with t tests (Satterthwaite), variances of the random effects and residuals, likelihood."""

    terms: tuple[TTest, ...]
    random: Array
    residual: float
    log_likelihood: float
    n: int
    subjects: int
    parameters: int

    @property
    def aic(self) -> float:
        """Akaike's criterion, as lme4 counts parameters."""
        return -2 * self.log_likelihood + 2 * self.parameters

    @property
    def bic(self) -> float:
        """Schwarz' criterion, with n the number of rows."""
        return -2 * self.log_likelihood + self.parameters * float(np.log(self.n))


def collect_sums(y: Array, x: Array, z: Array, subject: Index, reml: bool) -> Sums:
    """The sums over the rows of each subject; ``subject`` numbers them from 0."""
    whole = np.column_stack([x, y])
    count = int(subject.max()) + 1
    zz, zx = np.zeros((count, z.shape[1], z.shape[1])), np.zeros((count, z.shape[1], whole.shape[1]))
    np.add.at(zz, subject, z[:, :, None] * z[:, None, :])
    np.add.at(zx, subject, z[:, :, None] * whole[:, None, :])
    return Sums(zz, zx, whole.T @ whole, len(y), reml)


def unpack(theta: Array, q: int) -> Array:
    """The lower triangular factor from its entries, row by row."""
    factor = np.zeros((q, q))
    factor[np.tril_indices(q)] = theta
    return factor


def solve(theta: Array, sums: Sums) -> tuple[Array, Array, float, float]:
    """Coefficients, X' V^-1 X, residual sum of squares, and log |V|, all relative to the residual variance."""
    q = sums.zz.shape[1]
    factor = unpack(theta, q)
    middle = factor.T @ sums.zz @ factor + np.eye(q)
    right = factor.T @ sums.zx
    products = sums.xx - (right.transpose(0, 2, 1) @ np.linalg.solve(middle, right)).sum(axis=0)
    xx, xy = products[:-1, :-1], products[:-1, -1]
    coefficients = np.linalg.solve(xx, xy)
    return coefficients, xx, float(products[-1, -1] - xy @ coefficients), float(np.linalg.slogdet(middle)[1].sum())


def deviance(theta: Array, sigma: float, sums: Sums) -> float:
    """-2 log likelihood (restricted or not) at this factor and residual standard deviation."""
    _, xx, rest, log_v = solve(theta, sums)
    lost = sums.terms if sums.reml else 0
    value = (sums.n - lost) * (LOG_2_PI + 2 * float(np.log(sigma))) + log_v + rest / sigma**2
    return value + (float(np.linalg.slogdet(xx)[1]) if sums.reml else 0.0)


def profile(theta: Array, sums: Sums) -> float:
    """The deviance at the best residual variance."""
    return deviance(theta, best_sigma(theta, sums), sums)


def best_sigma(theta: Array, sums: Sums) -> float:
    """The residual standard deviation that fits this factor best."""
    return float(solve(theta, sums)[2] / (sums.n - (sums.terms if sums.reml else 0))) ** 0.5


def fit_mixed(y: Array, x: Array, z: Array, subject: Index, reml: bool = True) -> MixedFit | None:
    """Fit y ~ x with random effects ``z`` of each subject; None where the search did not converge.

    ``z`` has one column (intercept) or two (intercept and slope). None also where the columns of x
    are dependent, or there are fewer rows than terms and random effects. Rows hold no missing value.
    """
    q = z.shape[1]
    if len(y) <= x.shape[1] + q or np.linalg.matrix_rank(x) < x.shape[1]:
        return None
    sums = collect_sums(y, x, z, subject, reml)
    if sums.zz.shape[0] >= len(y) or best_sigma(np.zeros(q * (q + 1) // 2), sums) <= 0:
        return None
    theta = search(sums, q)
    if theta is None:
        return None
    sigma = best_sigma(theta, sums)
    coefficients, xx, _, _ = solve(theta, sums)
    df = find_df(theta, sigma, sums)
    se = np.sqrt(np.diag(np.linalg.inv(xx))) * sigma
    terms = tuple(t_test(*(float(value) for value in row)) for row in zip(coefficients, se, df, strict=True))
    factor = unpack(theta, q)
    likelihood = -deviance(theta, sigma, sums) / 2
    parameters = len(theta) + 1 + sums.terms
    return MixedFit(terms, factor @ factor.T * sigma**2, sigma**2, likelihood, sums.n, sums.zz.shape[0], parameters)


def search(sums: Sums, q: int) -> Array | None:
    """The factor with the highest likelihood; None where the slope of the likelihood there is not flat."""
    start = np.array(STARTS[q])
    rough = scipy.optimize.minimize(
        profile, start, (sums,), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000}
    )
    fine = scipy.optimize.minimize(profile, rough.x, (sums,), method="BFGS", options={"gtol": 1e-7})
    best = fine if fine.fun <= rough.fun else rough
    slope = np.abs(gradient(lambda theta: np.array([profile(theta, sums)]), best.x)).max()
    return best.x if np.isfinite(best.fun) and slope < LEAST_GRADIENT * max(1.0, abs(best.fun)) else None


def gradient(function: Callable[[Array], Array], at: Array) -> Array:
    """Derivatives of a function's results (columns) by its arguments (rows), by central differences."""
    rows = []
    for place in range(len(at)):
        step = np.zeros(len(at))
        step[place] = STEP * max(1.0, abs(at[place]))
        rows.append((function(at + step) - function(at - step)) / (2 * step[place]))
    return np.array(rows)


def find_df(theta: Array, sigma: float, sums: Sums) -> Array:
    """Satterthwaite's degrees of freedom of every coefficient."""
    at = np.append(theta, sigma)

    def slope(where: Array) -> Array:
        return gradient(lambda inner: np.array([deviance(inner[:-1], inner[-1], sums)]), where)[:, 0]

    def variances(where: Array) -> Array:
        return np.diag(np.linalg.inv(solve(where[:-1], sums)[1])) * where[-1] ** 2

    hessian = gradient(slope, at)
    spread = 2 * np.linalg.pinv((hessian + hessian.T) / 2)
    by = gradient(variances, at)
    return 2 * variances(at) ** 2 / np.einsum("ip,ij,jp->p", by, spread, by)
