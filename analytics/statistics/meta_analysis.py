"""Meta-analysis of two-arm trials: fixed and random effects, equal to metafor.

Source: DerSimonian R, Laird N. Control Clin Trials 1986;7:177-188; Viechtbauer W. J Educ Behav Stat 2005;30:261-293
(REML); Paule RC, Mandel J. J Res Natl Bur Stand 1982;87:377-385; Hartung J, Knapp G. Stat Med 2001;20:1771-1782;
Mantel N, Haenszel W. J Natl Cancer Inst 1959;22:719-748 with Robins J, Breslow N, Greenland S. Biometrics
1986;42:311-323; Yusuf S et al. Prog Cardiovasc Dis 1985;27:335-371 (Peto).
"""

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are first used
from scipy.special import chdtrc, ndtr, stdtr, stdtrit

from analytics.statistics.interval import LEVEL, Array, Z

FIXED, DL, REML, PM = "FE", "DL", "REML", "PM"
KNAPP_HARTUNG, MANTEL_HAENSZEL, PETO = "REML, Knapp-Hartung", "Mantel-Haenszel", "Peto"
METHODS = {
    REML: "random effects, REML",
    KNAPP_HARTUNG: "random effects, REML with Knapp-Hartung limits",
    DL: "random effects, DerSimonian-Laird",
    PM: "random effects, Paule-Mandel",
    FIXED: "one common effect, inverse variance",
    MANTEL_HAENSZEL: "one common odds ratio, Mantel-Haenszel",
    PETO: "one common odds ratio, Peto",
}
OF_COUNTS = (MANTEL_HAENSZEL, PETO)
STEPS, EXACT = 1_000, 1e-12


@dataclass(frozen=True)
class Pooled:
    """The pooled effect on the scale of the effects (a log odds ratio stays one) with 95 % limits.

    ``tau2`` is the variance between trials, ``i2`` the percent of the variation that is between them, ``q`` with
    ``q_p`` the test that there is none. ``weights`` are percent of the whole.
    """

    method: str
    k: int
    estimate: float
    lower: float
    upper: float
    p: float
    q: float
    q_p: float
    tau2: float
    i2: float
    weights: tuple[float, ...]


def log_odds_ratios(counts: Array) -> tuple[Array, Array]:
    """Log odds ratios and their variances of rows (events, n, events of the control, n of the control).

    0.5 is added to all four cells of a trial with an empty one, as metafor does by default.
    """
    a, n1, c, n2 = counts.T
    cells = np.stack([a, n1 - a, c, n2 - c])
    cells = np.where((cells == 0).any(axis=0), cells + 0.5, cells)
    return np.log(cells[0] * cells[3] / (cells[1] * cells[2])), (1 / cells).sum(axis=0)


def pool(effects: Array, variances: Array, method: str = REML) -> Pooled:
    """The pooled effect by ``FE``, ``DL``, ``REML``, ``PM`` or ``REML, Knapp-Hartung``. Needs at least two trials."""
    y, v = np.asarray(effects, dtype=float), np.asarray(variances, dtype=float)
    fixed = 1 / v
    df = len(y) - 1
    q = cochran_q(y, fixed)
    tau2 = {FIXED: lambda *_: 0.0, DL: estimate_dl, PM: estimate_pm}.get(method, estimate_reml)(y, v)
    w = 1 / (v + tau2)
    mean, se = float((w * y).sum() / w.sum()), float(np.sqrt(1 / w.sum()))
    typical = df * fixed.sum() / (fixed.sum() ** 2 - (fixed**2).sum())
    i2 = 100 * max(0.0, (q - df) / q) if method == FIXED and q > 0 else 100 * tau2 / (tau2 + typical)
    if method == KNAPP_HARTUNG:
        se = float(np.sqrt((w * (y - mean) ** 2).sum() / (df * w.sum())))
        # Trials that agree exactly leave no spread to estimate an error from: p is then not estimable.
        half = float(stdtrit(df, 0.5 + LEVEL / 2)) * se
        p = float(2 * stdtr(df, -abs(mean / se))) if se > 0 else float("nan")
    else:
        half, p = Z * se, two_sided(mean / se)
    shares = tuple(100 * w / w.sum())
    return Pooled(method, len(y), mean, mean - half, mean + half, p, q, float(chdtrc(df, q)), tau2, i2, shares)


def two_sided(z: float) -> float:
    """The two-sided p of a normal statistic."""
    return float(2 * ndtr(-abs(z)))


def cochran_q(y: Array, w: Array) -> float:
    """The weighted sum of squares around the weighted mean."""
    return float((w * (y - (w * y).sum() / w.sum()) ** 2).sum())


def estimate_dl(y: Array, v: Array) -> float:
    """The variance between trials by DerSimonian and Laird."""
    w = 1 / v
    return max(0.0, (cochran_q(y, w) - (len(y) - 1)) / float(w.sum() - (w**2).sum() / w.sum()))


def estimate_pm(y: Array, v: Array) -> float:
    """The variance between trials for which the generalised Q is its expectation (Paule and Mandel)."""
    df = len(y) - 1

    def excess(tau2: float) -> float:
        """How much the generalised Q exceeds its expectation."""
        return cochran_q(y, 1 / (v + tau2)) - df

    if excess(0.0) <= 0:
        return 0.0
    high = 1.0
    while excess(high) > 0:
        high *= 2
    return float(scipy.optimize.brentq(excess, 0.0, high, xtol=EXACT))


def estimate_reml(y: Array, v: Array) -> float:
    """The variance between trials by restricted maximum likelihood; 0 where that is its edge."""
    tau2 = estimate_dl(y, v)
    for _ in range(STEPS):
        w = 1 / (v + tau2)
        mean = (w * y).sum() / w.sum()
        moved = max(0.0, float((w**2 * ((y - mean) ** 2 - v)).sum() / (w**2).sum() + 1 / w.sum()))
        if abs(moved - tau2) < EXACT:
            break
        tau2 = moved
    return tau2


def pool_mantel_haenszel(counts: Array) -> Pooled:
    """The common odds ratio of Mantel and Haenszel, log scale, with the limits of Robins, Breslow and Greenland."""
    a, n1, c, n2 = counts.T
    b, d, n = n1 - a, n2 - c, n1 + n2
    r, s = a * d / n, b * c / n
    p, q = (a + d) / n, (b + c) / n
    big_r, big_s = r.sum(), s.sum()
    parts = (p * r).sum() / big_r**2, (p * s + q * r).sum() / (big_r * big_s), (q * s).sum() / big_s**2
    return describe_common(MANTEL_HAENSZEL, counts, float(np.log(big_r / big_s)), float(np.sqrt(sum(parts) / 2)), s)


def pool_peto(counts: Array) -> Pooled:
    """The common odds ratio of Peto on the log scale."""
    a, n1, c, n2 = counts.T
    n, events = n1 + n2, a + c
    expected = events * n1 / n
    v = n1 * n2 * events * (n - events) / (n**2 * (n - 1))
    estimate, se = float((a - expected).sum() / v.sum()), float(1 / np.sqrt(v.sum()))
    own = (a - expected) / v
    q = float((v * (own - estimate) ** 2).sum())
    return finish_common(PETO, estimate, se, q, v)


def describe_common(method: str, counts: Array, estimate: float, se: float, weights: Array) -> Pooled:
    """A common effect with Q of the single log odds ratios around it."""
    y, v = log_odds_ratios(counts)
    return finish_common(method, estimate, se, float(((y - estimate) ** 2 / v).sum()), weights)


def finish_common(method: str, estimate: float, se: float, q: float, weights: Array) -> Pooled:
    """A common effect with its limits."""
    df = len(weights) - 1
    i2 = 100 * max(0.0, (q - df) / q) if q > 0 else 0.0
    lower, upper = estimate - Z * se, estimate + Z * se
    shares = tuple(100 * weights / weights.sum())
    p = two_sided(estimate / se)
    return Pooled(method, len(weights), estimate, lower, upper, p, q, float(chdtrc(df, q)), 0.0, i2, shares)
