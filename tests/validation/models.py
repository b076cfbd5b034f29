"""R's Cox models and ours."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from analytics.survival.concordance import estimate_concordance
from analytics.survival.cox import Cox
from analytics.survival.cox_terms import EXACT, TIES
from analytics.survival.kaplan_meier import estimate_quantile
from analytics.survival.residuals import (
    TRANSFORMS,
    Proportionality,
    check_proportionality,
    derive_deviance,
    derive_martingale,
    predict_survival,
)
from tests.validation import frames
from tests.validation.compare import COX, Case, Entry, read_entries

ReadCovariates = Callable[[dict], list[float]]
LUNG = ["age", "sex", "ph.ecog"]
MAYO = ["age", "edema", "log(bili)", "log(albumin)", "log(protime)"]


def shown(values: np.ndarray, fit: Cox, empty: Any = None) -> list:
    """Numbers of the terms; ``empty`` for one that is not estimable, as R prints it."""
    return [float(value) if known else empty for value, known in zip(values, fit.known, strict=True)]


def record(fit: Cox, residuals: bool = True) -> Entry:
    """A fit in the shape of R's entries."""
    lower, upper = fit.limits
    agreement = estimate_concordance(fit)
    result = {
        "n": fit.n, "nevent": fit.events, "terms": list(fit.terms), "coef": shown(fit.coef, fit),
        "se": shown(fit.model_se, fit, 0.0), "hr": shown(np.exp(fit.coef), fit), "hr_lower": shown(lower, fit),
        "hr_upper": shown(upper, fit), "z": shown(fit.z, fit), "p": shown(fit.p, fit),
        "robust_se": shown(fit.se, fit), "loglik_null": fit.loglik_null, "loglik": fit.loglik,
        "lr_chisq": fit.likelihood_ratio.statistic, "lr_df": fit.likelihood_ratio.df, "lr_p": fit.likelihood_ratio.p,
        "wald_chisq": fit.wald.statistic, "wald_p": fit.wald.p, "score_chisq": fit.score.statistic,
        "score_p": fit.score.p, "aic": fit.aic, "bic_events": fit.bic, "concordance": agreement.estimate,
        "concordance_se": agreement.se, "vcov": fit.covariance.tolist(),
        "concordance_counts": {
            "concordant": agreement.concordant, "discordant": agreement.discordant, "tied.x": agreement.tied_x,
            "tied.y": agreement.tied_y, "tied.xy": agreement.tied_xy,
        },
    }  # fmt: skip
    if residuals and fit.ties != EXACT:
        result["sum_abs_martingale"] = float(np.abs(derive_martingale(fit)).sum())
        result["sum_sq_deviance_resid"] = float((derive_deviance(fit) ** 2).sum())
    return result


def record_zph(test: Proportionality) -> Entry:
    """The test of proportional hazards in the shape of R's entries."""
    return {"terms": list(test.terms), "chisq": test.statistic.tolist(), "df": test.df.tolist(), "p": test.p.tolist()}


def record_model(rows: pl.DataFrame, terms: list[str], stratum: str = "", cluster: str = "") -> Entry:
    """Efron, Breslow and exact ties and the test of proportional hazards."""
    known = rows.drop_nulls([*terms, "time", "event"])
    fits = {ties: frames.fit(known, terms, ties, stratum, cluster) for ties in ("efron", "breslow")}
    result = {ties: record(fit) for ties, fit in fits.items()}
    result["cox_zph"] = {kind: record_zph(check_proportionality(fits["efron"], kind)) for kind in TRANSFORMS}
    return result


def record_predictions(entry: str, fit: Cox, read: ReadCovariates) -> Entry:
    """Predicted survival at the covariates that R was given."""
    asked = read_entries()[entry]["result"][fit.ties]["prediction"]
    result: Entry = {}
    for limits, cases in asked.items():
        result[limits] = []
        for case in cases:
            curve = predict_survival(fit, np.array(read(case["covariates"])), limits=limits)
            days = pl.DataFrame({"day": [float(day) for day in case["times"]]})
            at = days.join_asof(curve, on="day")
            median = estimate_quantile(curve)
            result[limits].append({
                "covariates": case["covariates"], "times": case["times"], "surv": at["survival"].to_list(),
                "se": at["se"].to_list(), "lower": at["lower"].to_list(), "upper": at["upper"].to_list(),
                "median": median.day, "median_lower": median.lower, "median_upper": median.upper,
            })  # fmt: skip
    return {"prediction": result}


def add_predictions(entry: str, result: Entry, rows: pl.DataFrame, terms: list[str], read: ReadCovariates) -> Entry:
    """The models of an entry with their predictions, and the cumulative hazard at covariates of 0."""
    for ties in read_entries()[entry]["result"].keys() & {*TIES}:
        fit = frames.fit(rows.drop_nulls([*terms, "time", "event"]), terms, ties)
        result[ties] |= record_predictions(entry, fit, read)
        times = read_entries()[entry]["result"][ties].get("baseline_cumhaz_at_zero_covariates", {}).get("times", [])
        zero = predict_survival(fit, np.zeros(len(terms)))
        at = pl.DataFrame({"day": times}, schema={"day": pl.Float64}).join_asof(zero, on="day")
        hazard = {"times": times, "cumhaz": (-at["survival"].log()).to_list()}
        result[ties]["baseline_cumhaz_at_zero_covariates"] = hazard
    return result


def record_mayo(entry: Entry) -> Entry:
    """The Mayo model with its predictions."""

    def read(at: dict) -> list[float]:
        return [at["age"], at["edema"], *(math.log(at[name]) for name in ("bili", "albumin", "protime"))]

    return add_predictions("cox_pbc_mayo", record_model(frames.pbc(), MAYO), frames.pbc(), MAYO, read)


def record_lung(entry: Entry) -> Entry:
    """The lung model with its predictions."""
    result = with_exact(frames.lung(), LUNG)
    return add_predictions("cox_lung", result, frames.lung(), LUNG, lambda at: [at[name] for name in LUNG])


def with_exact(rows: pl.DataFrame, terms: list[str]) -> Entry:
    """A model whose ties are also taken exactly."""
    known = rows.drop_nulls([*terms, "time", "event"])
    return record_model(known, terms) | {"exact": record(frames.fit(known, terms, EXACT))}


CASES = {
    "cox_pbc_mayo": Case(record_mayo, COX),
    "cox_pbc_trt": Case(lambda _: with_exact(frames.randomized(), ["trt"]), COX),
    "cox_pbc_strat_sex": Case(lambda _: record_model(frames.pbc(), ["age", "log(bili)", "albumin"], "sex"), COX),
    "cox_pbc_stage_factor_interaction": Case(
        lambda _: record_model(
            frames.pbc().drop_nulls("stage"),
            ["factor(stage)2", "factor(stage)3", "factor(stage)4", "age", "sexm", "age:sexm"],
        ),
        COX,
    ),
    "cox_lung": Case(record_lung, COX),
    "cox_hcc_ties": Case(lambda _: with_exact(frames.hcc(), ["Age", "Gender", "Cirrhosis", "Tumorsize", "TNM"]), COX),
    "cox_nafld_robust": Case(
        lambda _: record_model(frames.matched(), ["nafld", "age", "male"], cluster="case.id"), COX
    ),
    "cox_nafld_strat_match": Case(
        lambda _: record_model(frames.matched(), ["nafld", "age", "male"], stratum="case.id"), COX
    ),
}
