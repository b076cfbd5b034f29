"""Precision and power of a next trial: paired change, two arms, exact binomial, number of events.

Source: Cohen J. Statistical Power Analysis for the Behavioral Sciences, 2nd ed. Erlbaum 1988 (noncentral t);
A'Hern RP. Stat Med 2001;20:859-866 (exact single-stage design); Schoenfeld DA. Biometrics 1983;39:499-503 (events).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log, sqrt

import numpy as np
import scipy  # its parts are loaded when they are first used
from scipy.special import bdtrc, ndtri, stdtrit

from analytics.statistics.interval import LEVEL

ALPHA, POWER = 0.05, 0.8
MOST = 100_000  # patients a group; beyond, no trial of this kind will be done


@dataclass(frozen=True)
class Design:
    """A planned trial: patients ``n`` (a group where there are two), power, half the width of the 95 % limits."""

    n: int
    power: float
    half_width: float


def power_paired(n: int, effect: float, sd: float, alpha: float = ALPHA) -> float:
    """The power of a paired t test (two-sided) for a mean change ``effect`` whose SD is ``sd``."""
    return power_t(sqrt(n) * abs(effect) / sd, n - 1, alpha)


def power_two_arms(n: int, effect: float, sd: float, alpha: float = ALPHA) -> float:
    """The power of a two-sample t test (two-sided) with ``n`` in each arm for a difference ``effect``."""
    return power_t(sqrt(n / 2) * abs(effect) / sd, 2 * n - 2, alpha)


def power_t(shift: float, df: float, alpha: float) -> float:
    """The power of a two-sided t test with this noncentrality."""
    edge = float(stdtrit(df, 1 - alpha / 2))
    # scipy gives NaN for some tails on the other side that are below 1e-20.
    return float(scipy.stats.nct.sf(edge, df, shift) + np.nan_to_num(scipy.stats.nct.cdf(-edge, df, shift)))


def plan_paired(effect: float, sd: float, power: float = POWER, alpha: float = ALPHA) -> Design | None:
    """The smallest number of patients for a paired change; None where even ``MOST`` do not suffice."""
    n = find_smallest(lambda size: power_paired(size, effect, sd, alpha) >= power)
    return None if n is None else Design(n, power_paired(n, effect, sd, alpha), half_paired(n, sd))


def plan_two_arms(effect: float, sd: float, power: float = POWER, alpha: float = ALPHA) -> Design | None:
    """The smallest number of patients an arm for a difference between two arms; None where no size suffices."""
    n = find_smallest(lambda size: power_two_arms(size, effect, sd, alpha) >= power)
    return None if n is None else Design(n, power_two_arms(n, effect, sd, alpha), half_two_arms(n, sd))


def half_paired(n: int, sd: float) -> float:
    """Half the width of the 95 % interval of a mean change."""
    return float(stdtrit(n - 1, 0.5 + LEVEL / 2)) * sd / sqrt(n)


def half_two_arms(n: int, sd: float) -> float:
    """Half the width of the 95 % interval of the difference between two arms of ``n``."""
    return float(stdtrit(2 * n - 2, 0.5 + LEVEL / 2)) * sd * sqrt(2 / n)


def find_smallest(suffices: Callable[[int], bool]) -> int | None:
    """The smallest n from 2 on that suffices, where a larger one always does; None beyond ``MOST``."""
    low, high = 1, 2
    while not suffices(high):
        low, high = high, high * 2
        if high > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


@dataclass(frozen=True)
class SingleStage:
    """An exact single-stage design: with ``responders`` or more of ``n`` the rate ``p0`` is rejected."""

    n: int
    responders: int
    alpha: float
    power: float


def plan_single_stage(p0: float, p1: float, power: float = POWER, alpha: float = ALPHA) -> SingleStage | None:
    """The smallest exact design that tells a response rate ``p1`` from ``p0`` (one-sided alpha); None beyond 2,000.

    Source: A'Hern RP. Stat Med 2001;20:859-866.
    """
    for n in range(2, 2_001):
        responders = next((r for r in range(n + 1) if float(bdtrc(r - 1, n, p0)) <= alpha), n + 1) if p0 > 0 else 1
        if responders <= n and float(bdtrc(responders - 1, n, p1)) >= power:
            return SingleStage(n, responders, float(bdtrc(responders - 1, n, p0)), float(bdtrc(responders - 1, n, p1)))
    return None


def plan_without_event(share: float) -> int:
    """How many patients without any event put the exact upper 95 % limit of the share at ``share`` or below."""
    return ceil(log((1 - LEVEL) / 2) / log(1 - share))


def plan_events(hazard_ratio: float, power: float = POWER, alpha: float = ALPHA) -> int:
    """The number of events of a log-rank test of two equal arms.

    Source: Schoenfeld DA. Biometrics 1983;39:499-503.
    """
    z = float(ndtri(1 - alpha / 2) + ndtri(power))
    return ceil(4 * z**2 / log(hazard_ratio) ** 2)


def enrol(n: int, drop_out: float) -> int:
    """How many must be enrolled so that ``n`` are left after this share has dropped out."""
    return ceil(n / (1 - drop_out) - 1e-9)
