"""Dynamic prediction: from everybody's values at landmarks to one patient's survival from the latest visit on.

A landmark super-model: at every landmark those still event-free, with their latest values, followed for one
horizon; all landmarks in one Cox model with a baseline of their own and robust errors by patient.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from analytics.statistics.interval import Array
from analytics.survival.cox import Cox, Rows, fit_cox
from analytics.survival.door import open_rows
from analytics.survival.kaplan_meier import estimate_kaplan_meier, select_days
from analytics.survival.residuals import predict_survival

FOLDS = 5
LEAST_EVENTS = 10  # patients with an event for every covariate
LEAST_AT_RISK = 20  # patients at a landmark
RISK_GROUPS = 4


@dataclass(frozen=True)
class SuperModel:
    """The fitted model, the landmarks (days) with a baseline of their own, the horizon (days), the covariates.

    ``events`` counts the patients with an event within the horizon of some landmark.
    """

    fit: Cox
    landmarks: tuple[float, ...]
    horizon: float
    covariates: tuple[str, ...]
    events: int
    patients: int


@dataclass(frozen=True)
class Prediction:
    """Survival from a day on: the curve (day since then, survival, lower, upper) and its value at the horizon."""

    landmark: float
    curve: pl.DataFrame
    survival: float
    lower: float | None
    upper: float | None


def stack_landmarks(
    times: pl.DataFrame, values: pl.DataFrame, landmarks: list[float], horizon: float, covariates: list[str]
) -> pl.DataFrame:
    """One row a patient and landmark at which the patient is event-free and every covariate is known.

    Needs of ``times`` usubjid, time and event; of ``values`` usubjid, day and the covariates, each carried
    forward from its last value. Returns usubjid, ``landmark``, ``time`` since it, ``event`` (both cut at the
    horizon) and the covariates. Landmarks with fewer than 20 patients are left out.

    Source: van Houwelingen HC. Scand J Stat 2007;34:70.
    """
    known = open_rows(times).select("usubjid", "time", "event")
    carried = (
        values.filter(pl.col("day").is_not_null())
        .sort("usubjid", "day")
        .with_columns(pl.col(covariates).forward_fill().over("usubjid"), pl.col("day").cast(pl.Float64))
        .sort("day")
    )
    frames = []
    for landmark in landmarks:
        there = known.filter(pl.col("time") > landmark).with_columns(landmark=pl.lit(float(landmark)))
        joined = there.join_asof(
            carried, left_on="landmark", right_on="day", by="usubjid", strategy="backward", check_sortedness=False
        ).drop_nulls(covariates)
        late = pl.col("time") - landmark > horizon
        rows = joined.with_columns(
            time=(pl.col("time") - landmark).cast(pl.Float64).clip(upper_bound=horizon), event=pl.col("event") & ~late
        ).select("usubjid", "landmark", "time", "event", *covariates)
        frames += [rows] if rows.height >= LEAST_AT_RISK and rows["event"].any() else []
    return pl.concat(frames) if frames else pl.DataFrame()


def fit_super_model(stacked: pl.DataFrame, horizon: float, covariates: list[str]) -> SuperModel | None:
    """The model of stacked landmarks; None without enough events (10 patients for every covariate)."""
    if stacked.is_empty():
        return None
    had = stacked.filter(pl.col("event"))["usubjid"].n_unique()
    if had < LEAST_EVENTS * len(covariates):
        return None
    x = stacked.select(pl.col(covariates).cast(pl.Float64)).to_numpy()
    landmarks, stratum = np.unique(stacked["landmark"].to_numpy(), return_inverse=True)
    cluster = np.unique(stacked["usubjid"].to_numpy().astype(str), return_inverse=True)[1]
    rows = Rows(x, stacked["time"].to_numpy(), stacked["event"].to_numpy(), stratum=stratum, cluster=cluster)
    fit = fit_cox(rows, tuple(covariates))
    if not fit.known.all():
        return None
    return SuperModel(fit, tuple(landmarks.tolist()), horizon, tuple(covariates), had, stacked["usubjid"].n_unique())


def predict(model: SuperModel, day: float, x: Array) -> Prediction | None:
    """The survival of a patient who is event-free on ``day`` with these covariates.

    The baseline is that of the last landmark up to the day; None before the first one, or more than one
    horizon after the last.
    """
    passed = [landmark for landmark in model.landmarks if landmark <= day]
    if not passed or day - passed[-1] > model.horizon:
        return None
    curve = predict_survival(model.fit, x, stratum=len(passed) - 1)
    last = curve.row(-1, named=True)
    return Prediction(passed[-1], curve, last["survival"], last["lower"], last["upper"])


def calibrate(stacked: pl.DataFrame, horizon: float, covariates: list[str]) -> pl.DataFrame:
    """Predicted beside observed survival at the horizon, each patient predicted by a model fitted without them.

    Five folds by patient, in the order of the identifiers. Returns one row a quarter of predicted survival:
    ``predicted`` (mean), ``observed`` (Kaplan-Meier), ``n`` rows, ``events``. No limits: a patient stands in
    a row at every landmark. Empty where a fold has too few events.
    """
    names = stacked["usubjid"].unique().sort()
    folds = dict(zip(names, (place % FOLDS for place in range(names.len())), strict=True))
    marked = stacked.with_columns(fold=pl.col("usubjid").replace_strict(folds, return_dtype=pl.Int64))
    predicted = []
    for fold in range(FOLDS):
        model = fit_super_model(marked.filter(pl.col("fold") != fold), horizon, covariates)
        if model is None:
            return pl.DataFrame()
        for landmark, rows in marked.filter(pl.col("fold") == fold).group_by("landmark", maintain_order=True):
            predicted.append(predict_rows(model, float(landmark[0]), rows, covariates))
    rows = pl.concat(predicted).drop_nulls("predicted")
    order = (pl.col("predicted").rank("ordinal") - 1) * RISK_GROUPS // pl.len()
    grouped = rows.with_columns(quarter=order)
    return pl.concat([observe(part, horizon) for _, part in grouped.group_by("quarter", maintain_order=True)]).sort(
        "predicted"
    )


def predict_rows(model: SuperModel, landmark: float, rows: pl.DataFrame, covariates: list[str]) -> pl.DataFrame:
    """``predicted`` survival at the horizon of every row; missing where the model has no such landmark."""
    if landmark not in model.landmarks:
        return rows.with_columns(predicted=pl.lit(None, pl.Float64))
    zero = predict_survival(model.fit, model.fit.center, stratum=model.landmarks.index(landmark))
    hazard = -np.log(zero["survival"][-1])
    x = rows.select(pl.col(covariates).cast(pl.Float64)).to_numpy() - model.fit.center
    return rows.with_columns(predicted=pl.Series(np.exp(-hazard * np.exp(x @ model.fit.beta))))


def observe(rows: pl.DataFrame, horizon: float) -> pl.DataFrame:
    """One point of the calibration."""
    at = select_days(estimate_kaplan_meier(rows), [horizon])
    return pl.DataFrame(
        {
            "predicted": [rows["predicted"].mean()],
            "observed": at["survival"],
            "n": [rows.height],
            "events": [int(rows["event"].sum())],
        }
    )
