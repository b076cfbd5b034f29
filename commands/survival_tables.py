"""The tables of ``cli.py survival`` besides the curves: a question in, a frame and a sentence out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click
import polars as pl

from analytics.by_group import estimate_incidences, estimate_mean_counts, stack
from analytics.catalog.constants import SMALL, YEAR
from analytics.catalog.endpoints import DAY_0, ENDPOINTS
from analytics.expected import Expectation, compare_with_reference, list_references
from analytics.immortal import NAIVE, SIDES, compare_responders
from analytics.models import choose_reference
from analytics.panel import StudyData
from analytics.regression import (
    Model,
    Specification,
    fit_model,
    fit_subdistribution,
    tabulate_ratios,
    trace_effect,
    trace_form,
)
from analytics.rules import Rule
from analytics.survival.competing import compare_incidence, list_causes
from analytics.survival.describe import describe_log_rank
from analytics.survival.estimate import estimate_survival
from analytics.survival.follow_up import derive_time_to_event
from analytics.survival.kaplan_meier import estimate_kaplan_meier
from analytics.survival.parametric import fit_parametric
from analytics.survival.residuals import check_proportionality
from analytics.survival.tables import tabulate_contrasts, tabulate_pairs, tabulate_tests
from analytics.survival_present import present_fine_gray, present_proportionality
from analytics.survival_words import describe_comparison, describe_expected, describe_fit, describe_gray

Answer = tuple[pl.DataFrame, str]


@dataclass(frozen=True)
class Question:
    """What was asked: the study, the cohort's subjects, events, panel and times with ``group``, the options."""

    data: StudyData
    subjects: pl.DataFrame
    events: pl.DataFrame
    panel: pl.DataFrame
    times: pl.DataFrame
    rule: Rule | None
    options: dict[str, Any]

    @property
    def known(self) -> pl.DataFrame:
        """The rows with a time and a group. Raises UsageError without any."""
        rows = self.times.drop_nulls(["time", "event", "group"])
        if rows.is_empty():
            raise click.UsageError("no follow-up time is recorded for these patients, or no group is known")
        return rows

    @property
    def compared(self) -> pl.DataFrame:
        """The rows with a time and a group. Raises UsageError for fewer than two groups."""
        rows = self.known
        if rows["group"].n_unique() == 1:
            raise click.UsageError("there is only one group: choose --by")
        return rows

    @property
    def model(self) -> Model:
        """The model that was asked for. Raises UsageError where there can be none."""
        names = ("covariates", "method", "strata", "cluster", "changing")
        given = {name: self.options[name] for name in names}
        specification = Specification(**given, system=self.options["units"])
        model = fit_model(self.known, self.panel, specification, self.data.reference_arm)
        if model.reason:
            raise click.UsageError(model.reason)
        return model


def show_steps(question: Question) -> Answer:
    """Every step of the curves, as the figure draws them."""
    options = question.options
    rows = question.known.filter(pl.col("time") >= options["from_age"] * YEAR)
    group = "group" if options["by"] else None
    given = {"limits": options["limits"], "strata": options["strata"], "start": options["from_age"] * YEAR}
    result = estimate_survival(rows, group, options["tau"], **given)
    return stack({item.name: item.curve for item in result.groups}), ""


def show_tests(question: Question) -> Answer:
    """The log-rank family."""
    return tabulate_tests(question.compared, "group", question.options["strata"]), ""


def show_pairs(question: Question) -> Answer:
    """Every pair of groups."""
    return tabulate_pairs(question.compared, "group", question.options["adjust"], question.options["strata"]), ""


def show_contrasts(question: Question) -> Answer:
    """Restricted means and survival on a day against the reference group."""
    rows = question.compared
    names = rows["group"].unique().sort().to_list()
    result = estimate_survival(rows, "group", question.options["tau"], question.options["limits"])
    reference = choose_reference(names, question.options["against"] or question.data.reference_arm)
    day = result.tau if question.options["day"] is None else question.options["day"]
    return tabulate_contrasts(result, reference, day), ""


def show_incidence(question: Question) -> Answer:
    """Cumulative incidence of every cause, or of one, with Gray's tests."""
    rows = question.known
    if cause := question.options["cause"]:
        found = estimate_incidences(rows)
        return stack(
            {name: table.filter(pl.col("cause") == cause) for name, table in found.items() if table.height}
        ), ""
    small = bool(rows.group_by("group").len()["len"].min() < SMALL)
    said = [f"{cause}: {describe_gray(compare_incidence(rows, 'group', cause), small)}" for cause in list_causes(rows)]
    return stack(estimate_incidences(rows)), "\n".join(said) if rows["group"].n_unique() > 1 else ""


def show_model(question: Question) -> Answer:
    """Hazard ratios."""
    model = question.model
    said = [*model.notes, *([describe_fit(model.fit)] if model.fit else [])]
    said += [f"{model.left} patients without every value are left out."] if model.left else []
    return tabulate_ratios(model), "\n".join(said)


def show_effect(question: Question) -> Answer:
    """The effect of one term over time, or the form of a covariate: what the diagnostic figures draw."""
    model, term = question.model, question.options["term"]
    if model.fit is None or term not in model.fit.terms:
        known = ", ".join(model.fit.terms) if model.fit else "none"
        raise click.UsageError(f"name a term of the model with --term: {known}")
    place = model.fit.terms.index(term)
    if question.options["table"] == "form":
        return trace_form(model, place), ""
    return trace_effect(model.fit, place), ""


def show_proportionality(question: Question) -> Answer:
    """The test of proportional hazards."""
    fit = question.model.fit
    if fit is None:
        raise click.UsageError("proportional hazards are tested of a Cox model, not of Firth's")
    return present_proportionality(check_proportionality(fit)), ""


def show_causes(question: Question) -> Answer:
    """Fine and Gray's models, one cause after the other."""
    model = question.model
    causes = list_causes(model.rows)
    frames = [
        present_fine_gray(fit_subdistribution(model, cause)).with_columns(Cause=pl.lit(cause)) for cause in causes
    ]
    return pl.concat(frames) if frames else pl.DataFrame(), ""


def show_landmark(question: Question) -> Answer:
    """Responders from a landmark, as time goes on, and naively."""
    if question.rule is None or question.options["day"] is None:
        raise click.UsageError("a landmark needs --day and a rule: --parameter with --fall or --rise")
    if question.options["start"] != DAY_0:
        raise click.UsageError("days of response count from day 0: leave out --start")
    found = compare_responders(question.known, question.panel, question.rule, question.options["day"])
    return found.ratios, describe_log_rank(found.log_rank)


def show_landmark_curves(question: Question) -> Answer:
    """The curves from the landmark, or the naive ones that are wrong on purpose."""
    if question.rule is None or question.options["day"] is None:
        raise click.UsageError("a landmark needs --day and a rule: --parameter with --fall or --rise")
    found = compare_responders(question.known, question.panel, question.rule, question.options["day"])
    rows, words = (found.naive, NAIVE) if question.options["table"] == "naive-curves" else (found.rows, SIDES)
    parts = {words[side]: rows.filter(pl.col("group") == side) for side in words}
    return stack({name: estimate_kaplan_meier(own) for name, own in parts.items() if own.height}), ""


def show_expected_curves(question: Question) -> Answer:
    """The observed and the expected curve."""
    found = find_expected(question)
    both = {"observed": found.observed, "expected": found.expected}
    return pl.concat([frame.with_columns(what=pl.lit(name)) for name, frame in both.items()], how="diagonal"), ""


def find_expected(question: Question) -> Expectation:
    """Observed against expected deaths. Raises UsageError."""
    codes = list_references(question.panel)
    code = question.options["reference"] or next(iter(codes), "")
    if code not in codes:
        raise click.UsageError(f"this cohort can be held against: {', '.join(codes) or 'no published reference'}")
    times = derive_time_to_event(question.subjects, question.events, ENDPOINTS["overall"])
    return compare_with_reference(times, question.panel, code)


def show_expected(question: Question) -> Answer:
    """Observed against expected deaths."""
    found = find_expected(question)
    code = question.options["reference"] or list_references(question.panel)[0]
    names = ("n", "observed", "expected", "ratio", "lower", "upper", "z", "p_normal", "p")
    frame = pl.DataFrame([{name: getattr(found.found, name) for name in names}])
    return frame, f"{describe_expected(found)}\n{describe_comparison(found, code)}"


def show_extrapolation(question: Question) -> Answer:
    """Parametric curves up to so many times the longest follow-up."""
    fits = fit_parametric(question.known, question.options["times"] * float(str(question.known["time"].max())))
    frames = [item.curve.with_columns(family=pl.lit(item.family), aic=pl.lit(item.aic)) for item in fits]
    return pl.concat(frames) if frames else pl.DataFrame(), "EXTRAPOLATED beyond the last observation."


def show_recurrent(question: Question) -> Answer:
    """The mean number of events that can come again."""
    kind = question.options["recurrent"]
    if kind is None:
        raise click.UsageError("name the kind of event with --recurrent")
    return stack(estimate_mean_counts(question.known, question.subjects, question.events, kind)), ""


TABLES: dict[str, Callable[[Question], Answer]] = {
    "tests": show_tests, "pairs": show_pairs, "contrasts": show_contrasts, "incidence": show_incidence,
    "model": show_model, "proportionality": show_proportionality, "causes": show_causes, "landmark": show_landmark,
    "steps": show_steps, "effect": show_effect, "form": show_effect, "landmark-curves": show_landmark_curves,
    "naive-curves": show_landmark_curves, "expected-curves": show_expected_curves,
    "expected": show_expected, "extrapolation": show_extrapolation, "recurrent": show_recurrent,
}  # fmt: skip
