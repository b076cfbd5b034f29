"""Survival in the terminal: the same functions as the page."""

import json
from typing import Any

import click
import polars as pl

from analytics.catalog.constants import YEAR
from analytics.catalog.endpoints import BUILT, CONTACT, CUT, DAY_0, ENDPOINTS, RESPONSE, Endpoint
from analytics.cohort import list_events, select_subjects
from analytics.covariates import find_covariate
from analytics.groups import SUBJECT_GROUPS, derive_group
from analytics.panel import derive_panel
from analytics.regression import METHODS
from analytics.responding import add_response_events, derive_response_days
from analytics.rules import CHANGE, FALL, MEASURES, RISE, Rule
from analytics.scores import find_any_parameter
from analytics.statistics.multiplicity import METHODS as ADJUSTMENTS
from analytics.summary import name_missing_arms
from analytics.survival.describe import describe_log_rank, summarize_survival, warn_of_truncation
from analytics.survival.estimate import estimate_survival, to_record
from analytics.survival.follow_up import derive_time_to_event
from analytics.survival.kaplan_meier import LIMITS
from analytics.units import convert_panel
from commands.shared import as_json, filter_options, read_cohort, show, study_option, told, units_option
from commands.survival_tables import TABLES, Question

HELP = {
    "kind": "Instead of --endpoint: a kind of event that counts, such as death. May be given several times.",
    "start": "day_0, landmark, birth (age as time scale), or a kind of event whose first day starts the clock.",
    "table": "curves, or one of the other views of the page Survival.",
    "covariate": "arm, sex, site, etiology, age, a parameter's baseline, or its logarithm: log:bilirubin.",
}


def endpoint_options(command: Any) -> Any:
    """What an endpoint is made of."""
    for option in (
        click.option("--until", type=click.IntRange(1), help="Follow for so many days at most."),
        click.option("--censoring", type=click.Choice([CONTACT, CUT]), default=CONTACT, show_default=True),
        click.option("--landmark-day", type=click.IntRange(0), default=0, help="The day of --start landmark."),
        click.option(
            "--from-age", type=float, default=0.0, help="Of --start birth: curves from this age on, in years."
        ),
        click.option("--start", default=DAY_0, show_default=True, help=HELP["start"]),
        click.option("--competing", multiple=True, help="A kind of event that ends the observation."),
        click.option("--event-kind", "kinds", multiple=True, help=HELP["kind"]),
        click.option("--endpoint", type=click.Choice(list(ENDPOINTS))),
    ):
        command = option(command)
    return command


def rule_options(command: Any) -> Any:
    """The responder rule of a time to response, or of a landmark."""
    for option in (
        click.option("--confirmed", is_flag=True, help="The next value must reach it too."),
        click.option("--measure", type=click.Choice(list(MEASURES)), default=CHANGE, show_default=True),
        click.option("--rise", type=float, help="A response is a value at or above this."),
        click.option("--fall", type=float, help="A response is a value at or below this."),
        click.option("--parameter", help="Of a responder rule: a parameter or score."),
    ):
        command = option(command)
    return command


def model_options(command: Any) -> Any:
    """What a model is made of, and what single tables need."""
    for option in (
        click.option("--times", type=float, default=2.0, show_default=True, help="Of extrapolation: how far."),
        click.option("--term", help="Of effect and form: the term of the model."),
        click.option("--cause", help="Of incidence: one cause only."),
        click.option("--recurrent", help="Of the table recurrent: the kind of event."),
        click.option("--reference", help="Of the table expected: mayo_pbc or meld_waiting_list."),
        click.option("--adjust", type=click.Choice(ADJUSTMENTS), default="holm", show_default=True, help="Of pairs."),
        click.option("--against", help="The group that others are compared with."),
        click.option("--day", type=float, help="Of landmark and contrasts: the day."),
        click.option("--changing", is_flag=True, help="Values at every visit instead of those at baseline."),
        click.option("--cluster", type=click.Choice(list(SUBJECT_GROUPS)), help="Robust errors by this."),
        click.option("--strata", type=click.Choice(list(SUBJECT_GROUPS)), help="Strata of tests or model."),
        click.option("--method", type=click.Choice(METHODS), default=METHODS[0], show_default=True),
        click.option("--covariate", "covariates", multiple=True, help=HELP["covariate"]),
    ):
        command = option(command)
    return command


@click.command()
@study_option
@endpoint_options
@click.option("--by", help="arm, sex, site, etiology, age, or a parameter's baseline.")
@click.option("--at", "days", default="", help="Days at which survival is wanted, such as 365,730.")
@click.option("--tau", type=float, help="The day up to which the mean is restricted.")
@click.option("--limits", type=click.Choice(LIMITS), default=LIMITS[0], show_default=True)
@click.option(
    "--table", type=click.Choice(["curves", *TABLES]), default="curves", show_default=True, help=HELP["table"]
)
@rule_options
@model_options
@units_option
@filter_options
@as_json
@told
def survival(study: str, as_json: bool, **options: Any) -> None:
    """Survival by group: median, restricted mean, survival at days, log-rank test; and every other view.

    Tables: tests (log-rank family), pairs, contrasts (restricted means, survival on a day), incidence
    (competing risks), model (Cox, Firth), proportionality, causes (Fine and Gray), landmark (responders),
    expected (published reference), extrapolation, recurrent (repeated events).
    """
    days = read_days(options.pop("days"))
    question = ask(study, options)
    if options["table"] != "curves":
        frame, said = TABLES[options["table"]](question)
        show(frame, as_json)
        if said and not as_json:
            click.echo(said.replace("**", ""))
        return
    by = "group" if options["by"] else None
    start = options["from_age"] * YEAR
    result = estimate_survival(question.times, by, options["tau"], options["limits"], options["strata"], start)
    if as_json:
        click.echo(json.dumps(to_record(result, days), ensure_ascii=False))
        return
    show(summarize_survival(result, days or None), as_json=False)
    if warning := warn_of_truncation(result):
        click.echo(warning)
    if by:
        click.echo(describe_log_rank(result.log_rank).replace("**", ""))


def ask(study: str, options: dict[str, Any]) -> Question:
    """The cohort, its times and groups. Raises UsageError for what does not fit together."""
    endpoint, rule = read_endpoint(options), read_rule(options)
    for code in options["covariates"]:
        if code not in (*SUBJECT_GROUPS, "age"):
            find_covariate(code)
    data, chosen = read_cohort(study, options)
    subjects = name_missing_arms(chosen)
    by = options["by"]
    panel = pl.DataFrame()
    if needs_values(options) or rule is not None:
        panel = convert_panel(select_subjects(derive_panel(data), subjects), options["units"])
    events = list_events(data.events, data.treatments).join(subjects.select("usubjid"), on="usubjid", how="semi")
    people = subjects
    if RESPONSE in endpoint.events:
        if rule is None:
            raise click.UsageError("the time to response needs a rule: --parameter with --fall or --rise")
        people, events = add_response_events(subjects, events, derive_response_days(panel, rule))
    times = derive_time_to_event(people, events, endpoint)
    if by:
        times = derive_group(times, panel, by, None if by in (*SUBJECT_GROUPS, "age") else find_any_parameter(by))
    else:
        times = times.with_columns(group=pl.lit("all"))
    return Question(data, subjects, events, panel, times, rule, options)


def needs_values(options: dict[str, Any]) -> bool:
    """Whether the table or its groups rest on measured values."""
    light = ("curves", "steps", "tests", "pairs", "contrasts")
    return options["by"] not in (None, *SUBJECT_GROUPS, "age") or options["table"] not in light


def read_endpoint(options: dict[str, Any]) -> Endpoint:
    """The endpoint by its code, or of its parts."""
    if (options["endpoint"] is None) == (not options["kinds"]):
        raise click.UsageError("give --endpoint, or one --event-kind or more")
    if options["endpoint"]:
        return ENDPOINTS[options["endpoint"]]
    names = ("start", "landmark_day", "censoring", "until")
    parts = {name: options[name] for name in names}
    label = f"Free of {' or '.join(options['kinds'])}"
    return Endpoint(BUILT, label, options["kinds"], options["competing"], **parts)


def read_rule(options: dict[str, Any]) -> Rule | None:
    """The responder rule, where one is given."""
    if options["parameter"] is None:
        return None
    find_any_parameter(options["parameter"])
    if (options["fall"] is None) == (options["rise"] is None):
        raise click.UsageError("give --fall or --rise with the threshold")
    direction, threshold = (FALL, options["fall"]) if options["rise"] is None else (RISE, options["rise"])
    return Rule(options["parameter"], direction, threshold, options["measure"], confirmed=options["confirmed"])


def read_days(text: str) -> list[float]:
    """Days written as 365,730."""
    try:
        return [float(day) for day in text.split(",") if day.strip()]
    except ValueError as error:
        raise click.UsageError(f"--at takes days such as 365,730, not {text!r}") from error
