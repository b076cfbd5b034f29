"""Survival models of a cohort: covariates in, a fitted model with its tables out; for page and terminal."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from analytics.catalog.constants import SMALL, YEAR
from analytics.covariates import AGE, Term, derive_covariates, spread_values
from analytics.groups import SUBJECT_GROUPS
from analytics.statistics.interval import Array, Index
from analytics.survival.counting_process import derive_intervals
from analytics.survival.cox import Cox, Rows, fit_cox
from analytics.survival.cox_terms import EFRON, EXACT, TIES
from analytics.survival.fine_gray import FineGray, fit_fine_gray
from analytics.survival.firth import Firth, fit_firth
from analytics.survival.residuals import derive_martingale, derive_schoenfeld
from analytics.units import CONVENTIONAL

FIRTH = "firth"
METHODS = (*TIES, FIRTH)
ENOUGH = 10  # events for every term: with fewer the estimates are unstable
RATIOS = {
    "term": pl.String, "ratio": pl.Float64, "lower": pl.Float64, "upper": pl.Float64, "p": pl.Float64,
    "coef": pl.Float64, "se": pl.Float64, "note": pl.String,
}  # fmt: skip
CONSTANT = "not estimable: it does not vary among those compared, or follows from the others"
SEPARATED = "not estimable: every event lies on one side (separation); Firth's method gives a finite estimate"


@dataclass(frozen=True)
class Specification:
    """What a model is made of: covariates by code, how ties are taken (or Firth), strata, clusters.

    ``changing``: values at every visit instead of those at baseline. ``system``: the units of the panel.
    """

    covariates: tuple[str, ...]
    method: str = EFRON
    strata: str | None = None
    cluster: str | None = None
    changing: bool = False
    system: str = CONVENTIONAL


@dataclass(frozen=True)
class Model:
    """A fitted model. ``rows`` are those used, ``left`` the subjects without all values; ``reason``: why none."""

    terms: list[Term]
    rows: pl.DataFrame
    left: int
    fit: Cox | None = None
    firth: Firth | None = None
    reason: str = ""
    notes: list[str] = field(default_factory=list)


def fit_model(
    times: pl.DataFrame, panel: pl.DataFrame, specification: Specification, reference_arm: str | None = None
) -> Model:
    """The model of a cohort's times (usubjid, time, event, entry, and the subjects' columns).

    Subjects without a value of every covariate are left out and counted. A model of fewer than 10
    subjects, or without an event, is not fitted: ``reason`` says why.
    """
    rows, terms = arrange(times, panel, specification, reference_arm)
    columns = [term.column for term in terms]
    groups = [name for name in (specification.strata, specification.cluster) if name]
    known = rows.drop_nulls(["time", "event", *columns, *groups])
    subjects = known["usubjid"].n_unique()
    left = times.drop_nulls(["time", "event"])["usubjid"].n_unique() - subjects
    reason = find_reason(known, terms, subjects, specification)
    if reason:
        return Model(terms, known, left, reason=reason)
    data = make_rows(known, columns, specification)
    labels = tuple(term.label for term in terms)
    notes = describe_data(known, terms)
    if specification.method == FIRTH:
        return Model(terms, known, left, firth=fit_firth(data, labels), notes=notes)
    return Model(terms, known, left, fit=fit_cox(data, labels, specification.method), notes=notes)


def arrange(
    times: pl.DataFrame, panel: pl.DataFrame, specification: Specification, reference_arm: str | None
) -> tuple[pl.DataFrame, list[Term]]:
    """One row a subject, or one a visit where values change, with a column a term."""
    based, terms = derive_covariates(times, panel, specification.covariates, reference_arm, specification.system)
    moving = tuple(code for code in specification.covariates if code not in (*SUBJECT_GROUPS, AGE))
    if not specification.changing or not moving:
        return based, terms
    columns = [f"term_{code}" for code in moving]
    intervals = derive_intervals(shift_days(spread_values(panel, moving), times), times, columns)
    fixed = based.drop("time", "event", "entry", *columns, strict=False)
    rows = intervals.join(fixed, on="usubjid", how="left", validate="m:1", maintain_order="left")
    return rows.rename({"start": "entry"}), terms


def shift_days(values: pl.DataFrame, times: pl.DataFrame) -> pl.DataFrame:
    """The values with their day counted from the endpoint's start, none before the subject came under observation."""
    clocks = times.select("usubjid", "start_day", entry=pl.col("entry").fill_null(0))
    joined = values.join(clocks, on="usubjid", how="inner", validate="m:1", maintain_order="left")
    day = pl.max_horizontal(pl.col("day") - pl.col("start_day"), "entry")
    return joined.with_columns(day=day).drop("start_day", "entry")


def find_reason(rows: pl.DataFrame, terms: list[Term], subjects: int, specification: Specification) -> str:
    """Why no model can be fitted; empty where one can."""
    if not terms:
        return "Choose at least one covariate that differs between the patients."
    if subjects < SMALL:
        return f"Only {subjects} with follow-up and every covariate: a model needs at least {SMALL} patients."
    if not rows["event"].any():
        return "No patient with every covariate had the event: there is nothing to model."
    if specification.method == EXACT and rows["entry"].is_not_null().any():
        return "Exact ties cannot be taken with left truncation or changing values: choose Efron."
    return ""


def make_rows(rows: pl.DataFrame, columns: list[str], specification: Specification) -> Rows:
    """The arrays of a model."""
    entry = rows["entry"].cast(pl.Float64)
    start = entry.fill_null(-1.0).to_numpy() if entry.is_not_null().any() else None
    cluster = specification.cluster or ("usubjid" if specification.changing else None)
    return Rows(
        rows.select(pl.col(columns).cast(pl.Float64)).to_numpy(),
        rows["time"].cast(pl.Float64).to_numpy(),
        rows["event"].to_numpy(),
        start,
        number(rows, specification.strata),
        number(rows, cluster),
    )


def number(rows: pl.DataFrame, name: str | None) -> Index | None:
    """The groups of a column as numbers from 0."""
    return None if name is None else (rows[name].rank("dense").cast(pl.Int64) - 1).to_numpy()


def describe_data(rows: pl.DataFrame, terms: list[Term]) -> list[str]:
    """What a reader must know of the data before believing the model."""
    events = int(rows["event"].sum())
    if events < ENOUGH * len(terms):
        counted = (
            f"Only {events} event{'s' if events > 1 else ''} for {len(terms)} "
            f"term{'s' if terms[1:] else ''}: with fewer than {ENOUGH} "
        )
        return [f"{counted}a term the estimates are unstable and too far from 1. Use fewer covariates, or Firth."]
    return []


def tabulate_ratios(model: Model) -> pl.DataFrame:
    """One row a term: term, ratio, lower, upper, p, coef, se, note (why a number is missing)."""
    fit = model.fit or model.firth
    if fit is None:
        return pl.DataFrame(schema=RATIOS)
    if isinstance(fit, Firth):
        lower, upper, errors = np.exp(fit.lower), np.exp(fit.upper), np.full(len(fit.coef), np.nan)
        known = np.isfinite(fit.coef)
        notes = ["" if there else CONSTANT for there in known]
    else:
        (lower, upper), errors, known = fit.limits, fit.se, fit.known
        notes = [
            SEPARATED if away else "" if there else CONSTANT for away, there in zip(fit.infinite, known, strict=True)
        ]
    columns = {"ratio": np.exp(fit.coef), "lower": lower, "upper": upper, "p": fit.p, "coef": fit.coef, "se": errors}
    shown = {name: pl.Series(np.where(known, values, np.nan)).fill_nan(None) for name, values in columns.items()}
    return pl.DataFrame({"term": list(fit.terms), **shown, "note": notes}, schema=RATIOS)


def fit_subdistribution(model: Model, cause: str) -> FineGray:
    """Fine and Gray's model of one cause with the covariates and rows of a model fitted before."""
    own = (model.rows["cause"] == cause).fill_null(False).to_numpy()
    other = model.rows["cause"].is_not_null().to_numpy() & ~own
    x = model.rows.select(pl.col([term.column for term in model.terms]).cast(pl.Float64)).to_numpy()
    return fit_fine_gray(
        x, model.rows["time"].cast(pl.Float64).to_numpy(), own, other, tuple(t.label for t in model.terms)
    )


def trace_effect(fit: Cox, place: int) -> pl.DataFrame:
    """Scaled Schoenfeld residuals of one term: ``time`` in years, ``value``."""
    times, residuals = derive_schoenfeld(fit)
    return pl.DataFrame({"time": times / YEAR, "value": residuals[:, place]})


def trace_form(model: Model, place: int) -> pl.DataFrame:
    """Martingale residuals of the model without one term, against that term's values: ``time`` holds the value.

    Source: Therneau TM, Grambsch PM, Fleming TR. Biometrika 1990;77:147.
    """
    if model.fit is None:
        return pl.DataFrame(schema={"time": pl.Float64, "value": pl.Float64})
    design = model.fit.design
    x = np.empty_like(design.x)
    x[design.row] = design.x
    others = np.delete(x, place, axis=1)
    rest = fit_cox(unsort(model.fit, others), tuple(np.delete(np.array(model.fit.terms), place)))
    return pl.DataFrame({"time": x[:, place] + model.fit.center[place], "value": derive_martingale(rest)})


def unsort(fit: Cox, x: Array) -> Rows:
    """The rows of a fitted model in the order of the data, with other covariates."""
    columns = {}
    for name in ("stop", "event", "start", "stratum"):
        values = getattr(fit.design, name)
        columns[name] = np.empty_like(values)
        columns[name][fit.design.row] = values
    return Rows(x, **columns)
