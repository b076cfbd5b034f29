"""Survival in the terminal."""

import json
from typing import Any

import click
import polars as pl

from analytics.catalog.endpoints import ENDPOINTS
from analytics.groups import SUBJECT_GROUPS, derive_group
from analytics.panel import derive_panel
from analytics.scores import find_any_parameter
from analytics.survival.describe import describe_log_rank, summarize_survival
from analytics.survival.estimate import estimate_survival, to_record
from analytics.survival.follow_up import derive_time_to_event
from commands.shared import as_json, filter_options, read_cohort, show, study_option, told


@click.command()
@study_option
@click.option("--endpoint", required=True, type=click.Choice(list(ENDPOINTS)))
@click.option("--by", help="arm, sex, site, etiology, age, or a parameter's baseline.")
@click.option("--at", "days", default="", help="Days at which survival is wanted, such as 365,730.")
@click.option("--tau", type=float, help="The day up to which the mean is restricted.")
@filter_options
@as_json
@told
def survival(study: str, endpoint: str, by: str | None, as_json: bool, **options: Any) -> None:
    """Survival by group: median, restricted mean, survival at days, log-rank test."""
    days, tau = read_days(options.pop("days")), options.pop("tau")
    data, subjects = read_cohort(study, options)
    times = derive_time_to_event(subjects, data.events, ENDPOINTS[endpoint])
    if by:
        known = by in (*SUBJECT_GROUPS, "age")
        panel = pl.DataFrame() if known else derive_panel(data)
        times = derive_group(times, panel, by, None if known else find_any_parameter(by))
    result = estimate_survival(times, "group" if by else None, tau)
    if as_json:
        click.echo(json.dumps(to_record(result, days), ensure_ascii=False))
        return
    show(summarize_survival(result), as_json=False)
    if by:
        click.echo(describe_log_rank(result.log_rank).replace("**", ""))


def read_days(text: str) -> list[float]:
    """Days written as 365,730."""
    try:
        return [float(day) for day in text.split(",") if day.strip()]
    except ValueError as error:
        raise click.UsageError(f"--at takes days such as 365,730, not {text!r}") from error
