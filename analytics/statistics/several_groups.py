"""Several groups compared: one-way analysis of variance with Fisher's LSD, Welch, Kruskal-Wallis."""

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are first used
from scipy.special import chdtrc, fdtrc

from analytics.statistics.interval import Array, TTest, t_test
from analytics.statistics.multiplicity import adjust
from analytics.statistics.two_groups import Summary


@dataclass(frozen=True)
class FTest:
    """An F test; ``mse`` is the mean square within groups, None where there is none common to all."""

    f: float
    df1: float
    df2: float
    p: float
    mse: float | None = None
    eta_squared: float | None = None


@dataclass(frozen=True)
class Pair:
    """Two groups by their place, first minus second: Fisher's LSD, p as it is and adjusted, Tukey's interval and p."""

    first: int
    second: int
    lsd: TTest
    p_holm: float
    p_bonferroni: float
    tukey_lower: float
    tukey_upper: float
    tukey_p: float


@dataclass(frozen=True)
class Kruskal:
    """The Kruskal-Wallis test."""

    h: float
    df: int
    p: float


def compare_means(groups: list[Summary]) -> FTest:
    """One-way analysis of variance from means, standard deviations and numbers. Source: Fisher RA 1925."""
    mean, sd, n = (np.array([getattr(group, name) for group in groups], float) for name in ("mean", "sd", "n"))
    df1, df2 = len(groups) - 1, int(n.sum()) - len(groups)
    between = float((n * (mean - (n * mean).sum() / n.sum()) ** 2).sum())
    within = float(((n - 1) * sd**2).sum())
    mse = within / df2
    f = between / df1 / mse if mse else float("nan")
    return FTest(f, df1, df2, float(fdtrc(df1, df2, f)), mse, between / (between + within) if mse else None)


def compare_pairs(groups: list[Summary]) -> list[Pair]:
    """Every pair with the pooled mean square: Fisher's LSD, to be read only where the F test is significant.

    Tukey's limits and p come with it, because LSD does not hold its level for more than three groups.
    """
    whole = compare_means(groups)
    mse, df = whole.mse or float("nan"), whole.df2
    places = [(one, two) for one in range(len(groups)) for two in range(one + 1, len(groups))]
    tests = [lsd(groups[one], groups[two], mse, df) for one, two in places]
    holm, bonferroni = (adjust([test.p for test in tests], method) for method in ("holm", "bonferroni"))
    half = float(scipy.stats.studentized_range.ppf(0.95, len(groups), df)) / 2**0.5
    pairs = []
    for place, (test, (one, two)) in enumerate(zip(tests, places, strict=True)):
        q = abs(test.t) * 2**0.5
        p = float(scipy.stats.studentized_range.sf(q, len(groups), df))
        limits = (test.estimate - half * test.se, test.estimate + half * test.se)
        pairs.append(Pair(one, two, test, holm[place], bonferroni[place], *limits, p))
    return pairs


def lsd(first: Summary, second: Summary, mse: float, df: float) -> TTest:
    """The t test of two of several groups with the mean square of all."""
    return t_test(first.mean - second.mean, (mse * (1 / first.n + 1 / second.n)) ** 0.5, df)


def compare_welch(groups: list[Summary]) -> FTest:
    """Analysis of variance without equal variances. Source: Welch BL. Biometrika 1951;38:330-336."""
    mean, sd, n = (np.array([getattr(group, name) for group in groups], float) for name in ("mean", "sd", "n"))
    k, weight = len(groups), n / sd**2
    share = weight / weight.sum()
    spread = float(((1 - share) ** 2 / (n - 1)).sum()) / (k**2 - 1)
    between = float((weight * (mean - (share * mean).sum()) ** 2).sum()) / (k - 1)
    f, df2 = between / (1 + 2 * (k - 2) * spread), 1 / (3 * spread)
    return FTest(f, k - 1, df2, float(fdtrc(k - 1, df2, f)))


def compare_kruskal(groups: list[Array]) -> Kruskal:
    """The Kruskal-Wallis test with R's correction for ties."""
    h = float(scipy.stats.kruskal(*groups).statistic)
    return Kruskal(h, len(groups) - 1, float(chdtrc(len(groups) - 1, h)))


def compare_variances(groups: list[Array]) -> dict[str, float]:
    """The p values of equal variances: Bartlett, Levene (about means), Brown-Forsythe (about medians)."""
    return {
        "bartlett": float(scipy.stats.bartlett(*groups).pvalue),
        "levene": float(scipy.stats.levene(*groups, center="mean").pvalue),
        "brown_forsythe": float(scipy.stats.levene(*groups, center="median").pvalue),
    }
