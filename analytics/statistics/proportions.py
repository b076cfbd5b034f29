"""Shares of patients with their limits, and two shares compared.

Source: Clopper CJ, Pearson ES. Biometrika 1934;26:404-413; Newcombe RG. Stat Med 1998;17:857-872 and 873-890;
Agresti A. Categorical Data Analysis, 3rd ed. Wiley 2013.
"""

from dataclasses import dataclass
from math import comb, exp, inf, log, sqrt

import numpy as np
import scipy  # its parts are loaded when they are first used
from scipy.special import betaincinv, gammaln, xlog1py, xlogy

from analytics.statistics.interval import LEVEL, Interval, Z

TAIL = (1 - LEVEL) / 2
SLACK = 1 + 1e-7  # tables whose probability differs by rounding only are equally likely


@dataclass(frozen=True)
class TwoShares:
    """Two shares compared, first against second; a limit that does not exist is None."""

    difference: Interval
    difference_wald: Interval
    risk_ratio: Interval
    odds_ratio: Interval
    fisher_p: float
    conditional_odds_ratio: Interval
    chi_squared: float
    chi_squared_p: float
    yates: float
    yates_p: float


def estimate_share(events: int, n: int, method: str = "clopper_pearson") -> Interval:
    """The share of ``events`` among ``n`` with 95 % limits; n must be at least 1.

    Methods: clopper_pearson (exact, the one that screens show), wilson, wald, agresti_coull, jeffreys.
    """
    return Interval(events / n, *LIMITS[method](events, n))


def find_binomial_p(hits: int, n: int, share: float) -> float:
    """The exact two-sided p of ``hits`` of ``n`` at a probability: of all that is not likelier (R's rule)."""
    every = np.arange(n + 1)
    ways = gammaln(n + 1) - gammaln(every + 1) - gammaln(n - every + 1)
    chance = np.exp(ways + xlogy(every, share) + xlog1py(n - every, -share))
    return min(1.0, float(chance[chance <= chance[hits] * SLACK].sum()))


def limit_clopper_pearson(events: int, n: int) -> tuple[float, float]:
    """Exact limits."""
    lower = float(betaincinv(events, n - events + 1, TAIL)) if events else 0.0
    upper = float(betaincinv(events + 1, n - events, 1 - TAIL)) if events < n else 1.0
    return lower, upper


def limit_wilson(events: int, n: int) -> tuple[float, float]:
    """Score limits."""
    share = events / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def limit_wald(events: int, n: int) -> tuple[float, float]:
    """The limits of many papers, wrong for few events: they may lie outside 0 to 1."""
    share = events / n
    half = Z * sqrt(share * (1 - share) / n)
    return share - half, share + half


def limit_agresti_coull(events: int, n: int) -> tuple[float, float]:
    """Wald's limits after adding two successes and two failures, nearly."""
    more = n + Z**2
    share = (events + Z**2 / 2) / more
    half = Z * sqrt(share * (1 - share) / more)
    return share - half, share + half


def limit_jeffreys(events: int, n: int) -> tuple[float, float]:
    """Equal-tailed limits of the posterior with Jeffreys' prior."""
    lower = float(betaincinv(events + 0.5, n - events + 0.5, TAIL)) if events else 0.0
    upper = float(betaincinv(events + 0.5, n - events + 0.5, 1 - TAIL)) if events < n else 1.0
    return lower, upper


LIMITS = {
    "clopper_pearson": limit_clopper_pearson,
    "wilson": limit_wilson,
    "wald": limit_wald,
    "agresti_coull": limit_agresti_coull,
    "jeffreys": limit_jeffreys,
}


def compare_shares(events1: int, n1: int, events2: int, n2: int) -> TwoShares:
    """Two shares: difference (Newcombe, Wald), ratios, Fisher's exact and chi-squared tests."""
    one, two = events1 / n1, events2 / n2
    rest1, rest2 = n1 - events1, n2 - events2
    table = np.array([[events1, rest1], [events2, rest2]])
    fisher = float(scipy.stats.fisher_exact(table).pvalue)
    conditional = scipy.stats.contingency.odds_ratio(table)
    limits = conditional.confidence_interval(LEVEL)
    half = Z * sqrt(one * (1 - one) / n1 + two * (1 - two) / n2)
    (chi, chi_p), (yates, yates_p) = compare_counts(table, yates=False), compare_counts(table, yates=True)
    return TwoShares(
        estimate_difference(events1, n1, events2, n2),
        Interval(one - two, one - two - half, one - two + half),
        estimate_ratio(one, two, [(1, events1), (-1, n1), (1, events2), (-1, n2)]),
        estimate_ratio(
            divide(events1, rest1), divide(events2, rest2), [(1, events1), (1, rest1), (1, events2), (1, rest2)]
        ),
        fisher,
        Interval(float(conditional.statistic), float(limits.low), finite(float(limits.high))),
        chi,
        chi_p,
        yates,
        yates_p,
    )


def finite(value: float) -> float | None:
    """None for a limit at infinity."""
    return None if value == inf else value


def divide(part: float, rest: float) -> float:
    """Odds; infinite where nothing is left."""
    return part / rest if rest else inf


def estimate_difference(events1: int, n1: int, events2: int, n2: int) -> Interval:
    """First minus second share with Newcombe's limits from Wilson's (his method 10)."""
    one, two = events1 / n1, events2 / n2
    (low1, high1), (low2, high2) = limit_wilson(events1, n1), limit_wilson(events2, n2)
    lower = one - two - sqrt((one - low1) ** 2 + (high2 - two) ** 2)
    return Interval(one - two, lower, one - two + sqrt((high1 - one) ** 2 + (two - low2) ** 2))


def estimate_ratio(first: float, second: float, parts: list[tuple[int, int]]) -> Interval:
    """A ratio with limits on the log scale; ``parts`` are signs and counts of the variance of the log.

    Without an event in the first group the ratio is 0 and has no upper limit.
    """
    ratio = first / second if second else inf
    if not 0 < ratio < inf or any(count == 0 for _, count in parts):
        return Interval(ratio, 0.0 if ratio == 0 else None, None)
    se = sqrt(sum(sign / count for sign, count in parts))
    return Interval(ratio, exp(log(ratio) - Z * se), exp(log(ratio) + Z * se))


def compare_counts(table: np.ndarray, yates: bool = True) -> tuple[float, float]:
    """Pearson's chi-squared and its p; Yates' correction counts for two by two only. NaN for an empty margin."""
    filled = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(filled.shape) < 2:
        return float("nan"), float("nan")
    result = scipy.stats.chi2_contingency(filled, correction=yates)
    return float(result.statistic), float(result.pvalue)


def compare_exactly(table: np.ndarray) -> float:
    """Fisher's exact test of a table with any number of rows and two columns (Freeman and Halton 1951).

    Every way to share the first column's total over the rows is counted; a way counts against the
    hypothesis when it is no likelier than the one observed.
    """
    rows, first = table.sum(axis=1), int(table[:, 0].sum())
    ways: dict[int, np.ndarray] = {0: np.ones(1)}
    for size in rows.tolist():
        grown: dict[int, list[np.ndarray]] = {}
        for taken, weights in ways.items():
            for more in range(min(size, first - taken) + 1):
                grown.setdefault(taken + more, []).append(weights * comb(size, more))
        ways = {taken: np.concatenate(parts) for taken, parts in grown.items()}
    observed = np.prod([float(comb(size, int(count))) for size, count in zip(rows.tolist(), table[:, 0], strict=True)])
    weights = ways[first]
    return float(weights[weights <= observed * SLACK].sum() / weights.sum())
