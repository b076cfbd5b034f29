"""Events per person-time with exact limits. Source: Garwood F. Biometrika 1936;28:437-442; R's poisson.test."""

from dataclasses import dataclass

from scipy.special import chdtri

from analytics.statistics.interval import LEVEL, Interval
from analytics.statistics.proportions import divide, find_binomial_p, limit_clopper_pearson

TAIL = (1 - LEVEL) / 2


@dataclass(frozen=True)
class RateRatio:
    """First rate divided by the second with exact limits, and the exact two-sided p."""

    ratio: Interval
    p: float


def estimate_rate(events: int, time: float) -> Interval:
    """Events per unit of time with exact Poisson limits; time must be above 0."""
    lower = float(chdtri(2 * events, 1 - TAIL)) / 2 if events else 0.0
    return Interval(events / time, lower / time, float(chdtri(2 * events + 2, TAIL)) / 2 / time)


def compare_rates(events1: int, time1: float, events2: int, time2: float) -> RateRatio:
    """Two rates; given their sum, the events of the first are binomial. Without any event nothing is estimable."""
    both = events1 + events2
    if not both:
        return RateRatio(Interval(float("nan"), None, None), float("nan"))
    lower, upper = limit_clopper_pearson(events1, both)
    ratio = divide(events1 / time1, events2 / time2)
    limits = (lower / (1 - lower) * time2 / time1, None if upper == 1 else upper / (1 - upper) * time2 / time1)
    p = find_binomial_p(events1, both, time1 / (time1 + time2))
    return RateRatio(Interval(ratio, *limits), p)
