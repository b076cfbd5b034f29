"""Regression: what is asked for a model, its forest, its tests, whether its assumptions hold."""

import shlex

import polars as pl
import streamlit as st

from analytics.catalog.constants import SMALL
from analytics.covariates import AGE, LOG, label_covariate
from analytics.figures.regression import plot_effect, plot_forest, plot_form
from analytics.groups import SUBJECT_GROUPS, list_varied
from analytics.panel import list_parameters
from analytics.regression import (
    FIRTH,
    METHODS,
    Model,
    Specification,
    fit_model,
    fit_subdistribution,
    tabulate_ratios,
    trace_effect,
    trace_form,
)
from analytics.smoothing import smooth
from analytics.survival.competing import list_causes
from analytics.survival.cox import Cox
from analytics.survival.residuals import TRANSFORMS, check_proportionality
from analytics.survival_present import present_fine_gray, present_proportionality, present_ratios
from analytics.survival_words import describe_fit
from pages.shared import controls, output, tables
from pages.shared.memory import remember
from pages.shared.survival_panels import Plan

NAMES = {
    "efron": "Cox, ties by Efron",
    "breslow": "Cox, ties by Breslow",
    "exact": "Cox, exact ties",
    FIRTH: "Cox, Firth's penalty",
}


def show_models(plan: Plan) -> None:
    """One model of the endpoint, from question to diagnosis."""
    specification = ask_specification(plan)
    model = fit_model(plan.known, plan.view.panel, specification, plan.view.study.reference_arm)
    if model.reason:
        st.info(model.reason)
        return
    for note in model.notes:
        st.warning(note)
    rows = tabulate_ratios(model)
    figure = plot_forest(rows, "Hazard ratio with 95 % limits (below 1: fewer events)", controls.theme())
    command = f"{plan.command} --table model {describe_options(specification)}"
    output.show_figure(figure, "forest", "Hazard ratios of the model", rows, command)
    tables.show(present_ratios(rows), hide_index=True, placeholder="–", height="content", alt="Hazard ratios")
    show_fit(plan, model, specification)
    if model.fit is not None:
        show_assumptions(model, model.fit, f"{plan.command} {describe_options(specification)}")
    show_causes(plan, model)


def ask_specification(plan: Plan) -> Specification:
    """Covariates, method, strata, clusters, and whether values change."""
    names = list_covariates(plan)
    first = [code for code in ("arm", AGE, f"{LOG}bilirubin", "albumin") if code in names]
    if "covariates" not in st.session_state:
        linked = [code for code in st.query_params.get_all("covariates") if code in names]
        st.session_state["covariates"] = linked or first
    chosen = controls.ask_filter("Covariates", names, "covariates", "choose some")
    left, middle, right = st.columns(3)
    columns = {code: SUBJECT_GROUPS[code] for code in remember(list_varied, plan.known)}
    with left:
        method = controls.ask_detail("Method", NAMES, "method", METHODS[0])
    with middle:
        free = {code: label for code, label in columns.items() if code not in chosen}
        strata = controls.ask_detail("Strata: a baseline hazard each", {"": "none"} | free, "model_strata", "")
    with right:
        grouped = {code: label for code, label in columns.items() if code == "site"}
        cluster = controls.ask_detail("Robust errors by", {"": "not robust"} | grouped, "cluster", "")
    label = "Values at every visit (time-varying), instead of those at baseline"
    changing = st.toggle(label, key="changing", help="Each value counts until the next one. Robust errors by patient.")
    return Specification(tuple(chosen), method, strata or None, cluster or None, changing, controls.units())


def list_covariates(plan: Plan) -> dict[str, str]:
    """What is known at baseline and differs between patients."""
    subjects, panel = plan.view.subjects, plan.view.panel
    codes = list_varied(subjects)
    codes += [AGE] if subjects[AGE].drop_nulls().n_unique() > 1 else []
    based = panel.filter(pl.col("base").is_not_null())
    for item in controls.order_parameters(list_parameters(based)):
        own = based.filter(pl.col("paramcd") == item.paramcd)["base"]
        if own.n_unique() > 1:
            codes.append(item.paramcd)
            codes += [f"{LOG}{item.paramcd}"] if not item.levels and not item.derived and (own > 0).all() else []
    return {code: label_covariate(code) for code in codes}


def describe_options(specification: Specification) -> str:
    """The specification as options of the terminal."""
    parts = [f"--covariate {code}" for code in specification.covariates]
    parts += [f"--method {specification.method}"] if specification.method != METHODS[0] else []
    parts += [f"--strata {specification.strata}"] if specification.strata else []
    parts += [f"--cluster {specification.cluster}"] if specification.cluster else []
    return " ".join([*parts, *(["--changing"] if specification.changing else [])]) + output.units_flag()


def show_fit(plan: Plan, model: Model, specification: Specification) -> None:
    """Size of the data, tests of the whole model, concordance."""
    fit = model.fit or model.firth
    if fit is None:
        return
    patients = model.rows["usubjid"].n_unique()
    parts = [f"{patients} patients, {fit.events} events", NAMES[specification.method]]
    parts += [f"{fit.n} rows (one a visit)"] if specification.changing else []
    parts += [f"{model.left} patients without every value left out"] if model.left else []
    st.markdown("**" + " · ".join(parts) + ".**")
    if model.fit is not None:
        st.markdown(describe_fit(model.fit))
    st.caption(plan.endpoint.words + " Exploratory: the covariates were chosen on screen.")


def show_assumptions(model: Model, fit: Cox, command: str) -> None:
    """Proportional hazards by term, the effect over time, the form of a covariate."""
    if not fit.known.any():
        return
    st.header("Do the assumptions hold?")
    kind = controls.ask_one("Time scale of the test", "transform", list(TRANSFORMS))
    table = present_proportionality(check_proportionality(fit, kind))
    tables.show(table, hide_index=True, height="content", alt="Test of proportional hazards")
    st.caption(
        "Proportional hazards (Grambsch and Therneau, as R's cox.zph): a small p says that the effect changes "
        "over time."
    )
    known = {name: name for name, there in zip(fit.terms, fit.known, strict=True) if there}
    label = controls.ask_detail("Look at the term", known, "term", next(iter(known)))
    place = fit.terms.index(label)
    left, right = st.columns(2)
    with left:
        show_effect(fit, place, label, command)
    with right:
        show_form(model, place, label, command)


def show_effect(fit: Cox, place: int, label: str, command: str) -> None:
    """The coefficient over time."""
    rows = trace_effect(fit, place)
    figure = plot_effect(rows, smooth(rows), float(fit.coef[place]), label, controls.theme())
    asked = f"{command} --table effect --term {shlex.quote(label)}"
    output.show_figure(figure, "effect", f"Effect of {label} over time", rows, asked)


def show_form(model: Model, place: int, label: str, command: str) -> None:
    """The form of a covariate, where it takes many values."""
    rows = trace_form(model, place)
    if rows["time"].n_unique() < SMALL:
        st.info("The form of a covariate is only shown for one with many values.")
        return
    figure = plot_form(rows, smooth(rows), label, controls.theme())
    asked = f"{command} --table form --term {shlex.quote(label)}"
    output.show_figure(figure, "form", f"Form of {label}: martingale residuals", rows, asked)


def show_causes(plan: Plan, model: Model) -> None:
    """With several kinds of events: the effect on the rate and on the incidence of one cause."""
    causes = list_causes(plan.known)
    if len(causes) < 2 or model.fit is None or model.rows["entry"].is_not_null().any():
        return
    st.header("By cause")
    cause = controls.ask_detail(
        "Cause of the models", {name: name.replace("_", " ") for name in causes}, "model_cause", causes[0]
    )
    fine = fit_subdistribution(model, cause)
    tables.show(present_fine_gray(fine), hide_index=True, height="content", alt="Fine and Gray's model")
    st.caption(
        f"Fine and Gray: {fine.events} events of this cause. It says how a covariate changes the incidence (who "
        "will have "
        "it), the hazard ratios above how it changes the rate among those still at risk. A covariate that "
        "hastens death "
        "lowers the incidence of transplant without touching its rate."
    )
