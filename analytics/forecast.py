"""One patient's transplant-free survival from the latest visit on, learnt from the cohort."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from analytics.catalog.constants import YEAR
from analytics.catalog.endpoints import ENDPOINTS
from analytics.covariates import AGE, LOG, find_covariate, spread_values
from analytics.survival.follow_up import derive_time_to_event
from analytics.survival.prediction import (
    LEAST_EVENTS,
    Prediction,
    SuperModel,
    calibrate,
    fit_super_model,
    predict,
    stack_landmarks,
)
from analytics.units import CONVENTIONAL, convert_parameter

VALUES = ("log:bilirubin", "albumin")  # routine values that every liver trial has, besides age
STEP = YEAR / 2
HORIZONS = (2 * YEAR, YEAR, YEAR / 2)


@dataclass(frozen=True)
class Forecast:
    """The model of a cohort with its calibration; ``reason`` says why there is none."""

    model: SuperModel | None
    calibration: pl.DataFrame
    values: pl.DataFrame
    labels: tuple[str, ...]
    reason: str = ""


COLUMNS = [f"term_{AGE}", *(f"term_{code}" for code in VALUES)]


def fit_forecast(
    subjects: pl.DataFrame, panel: pl.DataFrame, events: pl.DataFrame, system: str = CONVENTIONAL
) -> Forecast:
    """The landmark super-model of transplant-free survival with age, bilirubin and albumin.

    A landmark every half year; the horizon is two years, or one, or half, by the length of follow-up.
    None without 10 patients with an event for every covariate, or where the calibration cannot be shown.
    """
    times = derive_time_to_event(subjects, events, ENDPOINTS["transplant_free"])
    labels = ("age", *(convert_parameter(find_covariate(code), system).title for code in VALUES))
    values = spread_values(panel, VALUES).join(
        subjects.select("usubjid", pl.col("age").alias(f"term_{AGE}")), on="usubjid", how="inner", validate="m:1"
    )
    known = times.drop_nulls(["time", "event"])
    needed = LEAST_EVENTS * len(COLUMNS)
    had = int(known["event"].sum() or 0)
    if had < needed:
        reason = f"{had} patients of this cohort had the event; a prediction needs at least {needed}."
        return Forecast(None, pl.DataFrame(), values, labels, reason)
    longest = float(str(known["time"].max()))
    horizon = next((length for length in HORIZONS if longest >= 2 * length), HORIZONS[-1])
    landmarks = np.arange(0, max(longest - horizon, 1), STEP).tolist()
    stacked = stack_landmarks(known, values, landmarks, horizon, COLUMNS)
    model = fit_super_model(stacked, horizon, COLUMNS)
    calibration = calibrate(stacked, horizon, COLUMNS) if model else pl.DataFrame()
    if model is None or calibration.is_empty():
        reason = f"Too few patients had the event within the horizon of a landmark; {needed} are needed in every fold."
        return Forecast(None, pl.DataFrame(), values, labels, reason)
    return Forecast(model, calibration, values, labels)


def forecast_patient(forecast: Forecast, usubjid: str) -> tuple[Prediction | None, int, dict[str, float]]:
    """The prediction at the patient's last day with a value, that day, and the values it rests on (by label).

    Each value is the last one known by then. None where one was never measured, or the day lies outside
    the landmarks.
    """
    own = forecast.values.filter(pl.col("usubjid") == usubjid, pl.col("day") >= 0).sort("day")
    if own.is_empty() or forecast.model is None:
        return None, 0, {}
    filled = own.select("day", pl.col(COLUMNS).forward_fill()).row(-1, named=True)
    x = [filled[column] for column in COLUMNS]
    if any(value is None for value in x):
        return None, filled["day"], {}
    shown = {
        label: 2**value if column.startswith(f"term_{LOG}") else value
        for label, column, value in zip(forecast.labels, COLUMNS, x, strict=True)
    }
    return predict(forecast.model, float(filled["day"]), np.array(x)), filled["day"], shown
