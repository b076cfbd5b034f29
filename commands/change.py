"""Change from baseline and response in the terminal: the same functions as the pages."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click
import polars as pl

from analytics.catalog import Parameter
from analytics.change import select_pairs
from analytics.cohort import select_subjects
from analytics.compare import (
    adjust_columns,
    compare_between,
    compare_within,
    derive_log,
    describe_smallest_p,
)
from analytics.courses import regroup
from analytics.dropout import select_based, summarize_dropout
from analytics.groups import SUBJECT_GROUPS, derive_group
from analytics.models import choose_reference, compare_missing, fit_trend, select_values, tabulate_trend
from analytics.panel import StudyData, derive_panel
from analytics.present import present_between, present_missing, present_terms, present_within
from analytics.response import compare_response, derive_response, summarize_response, summarize_thresholds
from analytics.rules import CHANGE, FALL, LAST, MEASURES, RISE, Rule
from analytics.scores import find_any_parameter
from analytics.several import compare_several
from analytics.statistics.multiplicity import METHODS
from analytics.summary import name_missing_arms
from analytics.units import convert_panel, convert_parameter
from analytics.visits import choose_visit
from commands.shared import as_json, filter_options, read_cohort, show, study_option, told, units_option

TABLES = ("within", "between", "several", "missing", "dropout", "slope")
RESPONSES = ("rates", "patients", "thresholds", "between")


@click.command()
@study_option
@click.option("--parameter", required=True, help="A parameter or score, such as bilirubin or meld.")
@click.option("--by", help="arm, sex, site, etiology, age, or a parameter's baseline: one row a visit and group.")
@click.option("--table", type=click.Choice(TABLES), default="within", show_default=True, help="Which tests.")
@click.option("--adjust", type=click.Choice(METHODS), help="Adjust p values of within and between for their number.")
@click.option("--log", is_flag=True, help="On the logarithmic scale: exp(change) is a ratio.")
@units_option
@filter_options
@as_json
@told
def change(study: str, parameter: str, as_json: bool, **options: Any) -> None:
    """Change from baseline by visit, and whether it is more than noise.

    within: each group against no change. between: each group against the reference. several: all groups
    at the last visit. missing: observed cases, last value carried forward, MMRM. dropout: who has no
    value. slope: mixed model over time.
    """
    item = find_any_parameter(parameter)
    by, table, log, units, method = (options.pop(name) for name in ("by", "table", "log", "units", "adjust"))
    data, subjects = read_cohort(study, options)
    panel = group_panel(data, subjects, by, units)
    pairs = select_pairs(panel, parameter)
    result = tabulate(table, data, panel, derive_log(pairs) if log else pairs, parameter, log)
    result = adjust_columns(result, method) if method and table in ("within", "between") else result
    show(result if as_json else present(table, result, convert_parameter(item, units), log), as_json)
    if table == "within" and not as_json:
        for row in result.iter_rows(named=True):
            said = describe_smallest_p(row["n"], row["n_zero"])
            click.echo(f"{row['avisit']}, {row['arm']}: {said}") if said else None


def present(table: str, result: pl.DataFrame, item: Parameter, log: bool) -> pl.DataFrame:
    """A table as people read it; the others stay as they are."""
    decimals = 2 if log else item.decimals + 1
    if result.is_empty():
        return result
    if table == "within":
        return present_within(result, decimals, item)
    if table == "between":
        return present_between(result, decimals)
    if table == "missing":
        return present_missing(result, decimals, log)
    return present_terms(result, decimals) if table == "slope" else result


def group_panel(data: StudyData, subjects: pl.DataFrame, by: str | None, units: str) -> pl.DataFrame:
    """The panel of these subjects with the groups of ``by`` in ``arm``; one group ``all`` without it."""
    known = name_missing_arms(subjects)
    panel = convert_panel(select_subjects(derive_panel(data), known), units)
    if by is None:
        return panel.with_columns(arm=pl.lit("all"))
    if by == "arm":
        return panel
    parameter = None if by in (*SUBJECT_GROUPS, "age") else find_any_parameter(by)
    return regroup(panel, derive_group(known, panel, by, parameter))


def tabulate(
    table: str, data: StudyData, panel: pl.DataFrame, pairs: pl.DataFrame, parameter: str, log: bool
) -> pl.DataFrame:
    """One of ``TABLES``."""
    reference = choose_reference(pairs["arm"].unique().sort().to_list(), data.reference_arm)
    if table == "within":
        return compare_within(pairs, data.visits)
    if table == "between":
        return compare_between(pairs, data.visits, reference)
    if table == "dropout":
        return summarize_dropout(panel, parameter, data.visits)
    if table == "several":
        visit = choose_visit(pairs, data.visits)
        tests, couples = compare_several(pairs.filter(pl.col("avisit") == visit), "chg")
        return pl.concat([tests, couples], how="diagonal")
    if table == "slope":
        return tabulate_trend(fit_trend(select_values(panel, parameter, log), reference))
    based = select_based(panel, parameter, log)
    others = [arm for arm in pairs["arm"].unique().sort() if arm != reference]
    frames = [
        compare_missing(pairs, data.visits, based, reference, arm).with_columns(arm=pl.lit(arm)) for arm in others
    ]
    return pl.concat(frames) if frames else pl.DataFrame()


@click.command()
@study_option
@click.option("--parameter", required=True, help="A parameter or score, such as bilirubin or meld.")
@click.option("--fall", type=float, help="A response is a value at or below this.")
@click.option("--rise", type=float, help="A response is a value at or above this.")
@click.option("--measure", type=click.Choice(list(MEASURES)), default=CHANGE, show_default=True)
@click.option("--at", default=LAST, show_default=True, help="last, best, or a visit.")
@click.option("--confirmed", is_flag=True, help="The next value must reach it too (for last: the one before).")
@click.option("--albumin", is_flag=True, help="No credit where albumin was infused since day 0.")
@click.option("--diuretics", is_flag=True, help="No credit where a diuretic dose is above that at baseline.")
@click.option("--causal-days", type=int, default=0, help="Causal therapy counts from so many days before day 0.")
@click.option("--table", type=click.Choice(RESPONSES), default="rates", show_default=True)
@units_option
@filter_options
@as_json
@told
def response(study: str, parameter: str, as_json: bool, **options: Any) -> None:
    """Responders by a rule: rates with exact limits, patients with their outcome, or the rate at every threshold."""
    find_any_parameter(parameter)
    fall, rise, table, units = (options.pop(name) for name in ("fall", "rise", "table", "units"))
    if (fall is None) == (rise is None):
        raise click.UsageError("give --fall or --rise with the threshold")
    direction, threshold = (FALL, fall) if rise is None else (RISE, rise)
    names = ("measure", "at", "confirmed", "albumin", "diuretics", "causal_days")
    rule = replace(Rule(parameter, direction, threshold), **{name: options.pop(name) for name in names})
    data, subjects = read_cohort(study, options)
    panel = group_panel(data, subjects, "arm", units)
    responses = derive_response(panel, data, name_missing_arms(subjects), rule)
    reference = choose_reference(responses["arm"].unique().sort().to_list(), data.reference_arm)
    results: dict[str, Callable[[], pl.DataFrame]] = {
        "rates": lambda: summarize_response(responses),
        "patients": lambda: responses,
        "thresholds": lambda: summarize_thresholds(responses, rule),
        "between": lambda: compare_response(responses, reference),
    }
    show(results[table](), as_json)
