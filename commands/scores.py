"""Scores in the terminal: computed, explained, attributed, and what stops them."""

import json
from dataclasses import replace
from typing import Any

import click
import polars as pl

from analytics.attribution import attribute_visit, describe_attribution, summarize_attribution, tabulate_pair
from analytics.computability import summarize_computability
from analytics.explain import Explanation, explain_score
from analytics.panel import StudyData, derive_panel, prepare_study
from analytics.places import UnknownPlace, find_place, list_places
from analytics.scores import find_score
from analytics.scores.exchange import score_records
from commands.shared import as_json, filter_options, read_cohort, show, study_option, told

score_option = click.option("--score", "score_id", required=True, help="A score, such as meld or child_pugh.")


@click.command()
@click.argument("file", type=click.File(encoding="utf-8"))
def score(file: Any) -> None:
    """Score a JSON list of {"id", "score", "inputs"}; FILE may be - for standard input."""
    try:
        records = json.load(file)
    except ValueError as error:
        raise click.UsageError(f"{file.name} is not JSON: {error}") from error
    if not isinstance(records, list):
        raise click.UsageError(f"{file.name} must hold a list of records")
    click.echo(json.dumps(score_records(records), ensure_ascii=False, indent=1))


@click.command()
@study_option
@score_option
@click.option("--patient", required=True, help="The subject's identifier.")
@click.option("--at", required=True, help="The day, as 'day 370', or the visit where it has no day.")
@as_json
@told
def explain(study: str, score_id: str, patient: str, at: str, as_json: bool) -> None:
    """Why a patient's score is what it is: inputs with their source, clamps, points, cut-offs, other readings."""
    data, _ = read_cohort(study, {})
    item, own = find_score(score_id), select_own(data, patient)
    rows = derive_panel(replace(data, measurements=own)).filter(pl.col("usubjid") == patient)
    place = find_place(list_places(rows.filter(pl.col("paramcd") == item.id)), at)
    explanation = explain_score(item, prepare_study(item, data, own), own, place)
    if explanation is None:
        raise UnknownPlace(f"{patient} has no input of {item.parameter.name} on {at}")
    if as_json:
        click.echo(json.dumps(describe(explanation), ensure_ascii=False))
        return
    click.echo(f"{item.parameter.name}: {explanation.result}")
    for sentence in (*explanation.borders, *explanation.notes):
        click.echo(sentence)
    for table in (explanation.inputs, explanation.parts, explanation.outputs, explanation.readings):
        if table.height:
            show(table, as_json=False)


def describe(explanation: Explanation) -> dict[str, Any]:
    """An explanation for machines: tables as lists of objects."""
    return {
        name: value.to_dicts() if isinstance(value, pl.DataFrame) else value
        for name, value in vars(explanation).items()
    }


def select_own(data: StudyData, patient: str) -> pl.DataFrame:
    """The measurements of a patient. Raises UnknownPlace for one who has none."""
    own = data.measurements.filter(pl.col("usubjid") == patient)
    if own.is_empty():
        raise UnknownPlace(f"no value of a subject {patient!r} is stored in this study")
    return own


@click.command()
@study_option
@score_option
@click.option("--visit", help="The visit up to which the cohort's mean change from baseline is attributed.")
@click.option("--single", is_flag=True, help="With --visit: every patient instead of the mean.")
@click.option("--patient", help="A single subject, with --from and --to.")
@click.option("--from", "earlier", help="The earlier day, as 'day 0', or visit.")
@click.option("--to", "later", help="The later day, as 'day 370', or visit.")
@filter_options
@as_json
@told
def attribution(study: str, score_id: str, as_json: bool, **options: Any) -> None:
    """Which input changed a score, and by how much: of one patient, or as the mean of a cohort."""
    visit, patient, earlier, later = (options.pop(name) for name in ("visit", "patient", "earlier", "later"))
    single = options.pop("single")
    if bool(visit) == bool(patient) or bool(patient) != bool(earlier and later):
        raise click.UsageError("give --visit for the cohort, or --patient with --from and --to")
    data, subjects = read_cohort(study, options)
    item = find_score(score_id)
    if patient:
        own = select_own(data, patient)
        pair = pl.DataFrame({"usubjid": [patient], "earlier": [earlier], "later": [later]})
        table = tabulate_pair(item, prepare_study(item, data, own), pair)
    else:
        panel = derive_panel(data).join(subjects.select("usubjid"), on="usubjid", how="semi")
        parts = attribute_visit(item, prepare_study(item, data, data.measurements), panel, visit)
        if single:
            show(parts.drop("part"), as_json)
            return
        table = summarize_attribution(parts)
    shares = dict(table.select("part", "share").rows())
    if not shares or None in shares.values():
        raise UnknownPlace(f"{item.parameter.name} is not known at both visits")
    if not as_json:
        click.echo(describe_attribution(item, shares, mean=not patient))
    show(table, as_json)


@click.command()
@study_option
@filter_options
@as_json
@told
def computability(study: str, as_json: bool, **filters: tuple[str, ...]) -> None:
    """How many patients have which score at which visit, and what stops the others."""
    data, subjects = read_cohort(study, filters)
    panel = derive_panel(data).join(subjects.select("usubjid"), on="usubjid", how="semi")
    show(summarize_computability(panel, data.visits).drop("order", "position"), as_json)
