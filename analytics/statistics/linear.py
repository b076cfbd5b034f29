"""Least squares with named terms, and analysis of covariance on baseline."""

from dataclasses import dataclass

import numpy as np

from analytics.statistics.interval import Array, TTest, t_test


@dataclass(frozen=True)
class LinearFit:
    """Coefficients, their covariance, and the degrees of freedom that are left."""

    coefficients: Array
    covariance: Array
    df: int

    def estimate(self, weights: Array) -> TTest:
        """A weighted sum of coefficients with its t test."""
        return t_test(float(weights @ self.coefficients), float(weights @ self.covariance @ weights) ** 0.5, self.df)


@dataclass(frozen=True)
class Covariance:
    """Analysis of covariance of two groups: their adjusted difference (second minus first) and adjusted means."""

    n: int
    difference: TTest
    slope: float
    first: TTest
    second: TTest


def fit_linear(x: Array, y: Array) -> LinearFit | None:
    """Ordinary least squares; None where the columns of ``x`` are dependent or no degree of freedom is left."""
    n, terms = x.shape
    if n <= terms or np.linalg.matrix_rank(x) < terms:
        return None
    inverse = np.linalg.inv(x.T @ x)
    coefficients = np.linalg.lstsq(x, y, rcond=None)[0]
    residual = y - x @ coefficients
    return LinearFit(coefficients, inverse * float(residual @ residual) / (n - terms), n - terms)


def compare_adjusted(y: Array, base: Array, second: Array) -> Covariance | None:
    """Fit y ~ baseline + group for two groups; ``second`` is 1 in the second and 0 in the first.

    Adjusted means stand at the mean baseline of all. None where the model cannot be estimated.

    Source: Vickers AJ, Altman DG. BMJ 2001;323:1123-1124.
    """
    fit = fit_linear(np.column_stack([np.ones(len(y)), base, second]), y)
    if fit is None:
        return None
    middle = float(base.mean())
    one, two = (fit.estimate(np.array([1.0, middle, group])) for group in (0.0, 1.0))
    return Covariance(len(y), fit.estimate(np.array([0.0, 0.0, 1.0])), float(fit.coefficients[1]), one, two)
