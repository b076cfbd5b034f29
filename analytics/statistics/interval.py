"""An estimate with its interval, and the marks that p values share."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtr, stdtrit

Array = NDArray[np.floating[Any]]
Index = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]
LEVEL = 0.95
Z = float(ndtri(1 - (1 - LEVEL) / 2))


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % limits; a limit that does not exist is None."""

    estimate: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class TTest:
    """A t test: the difference with its 95 % interval, standard error, t, degrees of freedom, two-sided p."""

    estimate: float
    se: float
    t: float
    df: float
    p: float
    lower: float
    upper: float


def t_test(estimate: float, se: float, df: float) -> TTest:
    """The t test of an estimate with this standard error. Without spread, t and p are not estimable (NaN)."""
    half = float(stdtrit(df, 0.5 + LEVEL / 2)) * se
    t = estimate / se if se > 0 else float("nan")
    return TTest(estimate, se, t, df, two_sided_t(t, df), estimate - half, estimate + half)


def two_sided_t(t: float, df: float) -> float:
    """The two-sided p of a t statistic."""
    return float(2 * stdtr(df, -abs(t)))


def known(values: ArrayLike) -> Array:
    """Numbers without the missing ones."""
    numbers = np.asarray(values, dtype=np.float64)
    return numbers[~np.isnan(numbers)]
