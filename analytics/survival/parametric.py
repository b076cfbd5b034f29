"""Parametric survival curves, which can be drawn beyond the last observation: an extrapolation, always labelled."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from analytics.survival.door import open_rows, read_entry

LEAST_EVENTS = 5
POINTS = 120
FAMILIES = {
    "exponential": "Exponential (constant hazard)",
    "weibull": "Weibull (rising or falling hazard)",
    "lognormal": "Log-normal (hazard rises, then falls)",
    "loglogistic": "Log-logistic (hazard rises, then falls)",
}


@dataclass(frozen=True)
class Extrapolation:
    """One fitted family: Akaike's criterion, the median in days, the curve (``day``, ``survival``, limits)."""

    family: str
    aic: float
    median: float | None
    curve: pl.DataFrame


def fit_parametric(times: pl.DataFrame, until: float) -> list[Extrapolation]:
    """Every family that converges, best (smallest AIC) first, drawn up to day ``until``.

    Needs ``time`` and ``event``, takes ``entry``. Times of 0 are taken as half a day. Empty with fewer than 5
    events.

    Source: lifelines 0.30, maximum likelihood; delta-method limits.
    """
    from lifelines import (  # noqa: PLC0415  # its import takes a second, and only this view needs it
        ExponentialFitter,
        LogLogisticFitter,
        LogNormalFitter,
        WeibullFitter,
    )

    known = open_rows(times)
    if known["event"].sum() < LEAST_EVENTS:
        return []
    fitters = {
        "exponential": ExponentialFitter, "weibull": WeibullFitter, "lognormal": LogNormalFitter,
        "loglogistic": LogLogisticFitter,
    }  # fmt: skip
    given = {
        "durations": np.maximum(known["time"].to_numpy().astype(float), 0.5),
        "event_observed": known["event"].to_numpy(),
        "timeline": np.linspace(0, until, POINTS + 1)[1:], "entry": read_entry(known),
    }  # fmt: skip
    found = [fit_family(family, fitter(), given) for family, fitter in fitters.items()]
    return sorted((item for item in found if item is not None), key=lambda item: item.aic)


def fit_family(family: str, fitter: Any, given: dict[str, Any]) -> Extrapolation | None:
    """One family; None where its likelihood has no top that is found."""
    from lifelines.exceptions import ConvergenceError  # noqa: PLC0415  # see fit_parametric

    try:
        fitted = fitter.fit(**given)
    except ConvergenceError:  # the family is left out: the page lists those that were fitted
        return None
    limits = fitted.confidence_interval_survival_function_.to_numpy()
    days, survival = given["timeline"], fitted.survival_function_.to_numpy()[:, 0]
    columns = {"day": days, "survival": survival, "lower": limits[:, 0], "upper": limits[:, 1]}
    start = pl.DataFrame({"day": [0.0], "survival": [1.0], "lower": [1.0], "upper": [1.0]})
    median = float(fitted.median_survival_time_)
    finite = median if np.isfinite(median) else None
    return Extrapolation(family, float(fitted.AIC_), finite, pl.concat([start, pl.DataFrame(columns).fill_nan(None)]))
