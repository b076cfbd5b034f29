"""One patient in the terminal, and the worklist of a cohort."""

import json
from pathlib import Path
from typing import Any

import click

from analytics.documents.case import print_case, write_case_workbook
from analytics.documents.printed import print_open_visits
from analytics.panel import assemble_study, derive_panel
from analytics.patient import summarize_latest
from analytics.places import UnknownPlace
from analytics.profile.case import Case, derive_case
from analytics.profile.news import compare_classes, compare_records, compare_values
from analytics.profile.sheet import name_origin
from analytics.profile.visit_table import tabulate_visits
from analytics.profile.words import describe_course
from analytics.profile.worklist import (
    BASELINE,
    PREVIOUS,
    derive_open_visits,
    list_key_parameters,
    make_due_sheet,
    make_worklist,
    tabulate_open_visits,
)
from analytics.units import convert_panel
from commands.shared import as_json, filter_options, read_cohort, show, study_option, told, units_option
from data import queries
from data.database import open_reader
from data.exports.safe import make_harmless
from data.exports.tables import UnknownStudy
from data.home import find_home

KINDS = (".pdf", ".xlsx", ".csv")


@click.command()
@study_option
@click.option("--patient", "usubjid", required=True, help="The subject's identifier.")
@click.option("--out", type=click.Path(path_type=Path), help="A file to be written: .pdf (one page), .xlsx or .csv.")
@click.option("--since", "revision", help="What is new since this earlier revision, instead of the results.")
@units_option
@as_json
@told
def patient(study: str, usubjid: str, out: Path | None, revision: str | None, units: str, as_json: bool) -> None:
    """One patient: the course in a sentence, what changed, all results by visit; or what is new."""
    if out is not None and out.suffix.lower() not in KINDS:
        raise click.UsageError(f"{out.name} is none of {', '.join(KINDS)}")
    case = read_case(study, usubjid, units)
    if revision:
        show_news(case, read_case(study, usubjid, units, revision), as_json)
    elif out is not None:
        out.write_bytes(write_case(case, study, units, out.suffix.lower()))
        click.echo(f"Written: {out}")
    elif as_json:
        click.echo(json.dumps(describe_case(case), ensure_ascii=False, default=str))
    else:
        click.echo(describe_course(case.panel, case.parameters, case.events, case.origin))
        show(summarize_latest(case.panel, case.parameters), as_json=False)
        show(tabulate_visits(case.points, case.parameters, case.places), as_json=False)


def read_case(study: str, usubjid: str, units: str, revision: str | None = None) -> Case:
    """The case of a patient in the current or an earlier revision. Raises UnknownStudy, UnknownPlace."""
    home = find_home()
    if revision is not None and revision not in home.revisions():
        raise UnknownPlace(f"there is no revision {revision!r}; kept are {', '.join(home.revisions())}")
    with open_reader(home, revision or home.current()) as connection:
        config = queries.fetch_config(connection, study)
        if not config:
            raise UnknownStudy(f"there is no study {study!r}; 'python cli.py studies' lists them")
        data = assemble_study(queries.fetch_frames(connection, study, usubjid), config)
    if data.subjects.is_empty():
        raise UnknownPlace(f"{study} has no subject {usubjid!r}")
    return derive_case(data, units)


def describe_case(case: Case) -> dict[str, Any]:
    """A case for machines: the sentence, the latest against baseline, every point of the figure."""
    return {
        "usubjid": case.usubjid,
        "sentence": describe_course(case.panel, case.parameters, case.events, case.origin),
        "changes": summarize_latest(case.panel, case.parameters).to_dicts(),
        "points": case.points.drop("missing", "carried", "assumed", "hover").to_dicts(),
    }


def write_case(case: Case, study: str, units: str, kind: str) -> bytes:
    """The patient as a document."""
    origin = name_origin(study, case.study.config, find_home().current(), case.study.subjects["cut_day"])
    if kind == ".pdf":
        return print_case(case, origin)
    if kind == ".xlsx":
        return write_case_workbook(case, origin, units)
    return make_harmless(tabulate_visits(case.points, case.parameters, case.places)).write_csv().encode("utf-8-sig")


def show_news(case: Case, before: Case, as_json: bool) -> None:
    """What is new of a patient."""
    tables = {
        "values": compare_values(before.study.measurements, case.study.measurements),
        "classes": compare_classes(before.panel, case.panel),
        "records": compare_records(before.study, case.study, case.usubjid),
    }
    if as_json:
        click.echo(json.dumps({name: table.to_dicts() for name, table in tables.items()}, ensure_ascii=False))
        return
    for name, table in tables.items():
        click.echo(f"{name}: {table.height or 'nothing new'}")
        if table.height:
            show(table, as_json=False)


@click.command()
@study_option
@filter_options
@click.option("--since", type=click.Choice(["baseline", "previous"]), default="baseline", help="Where a move starts.")
@click.option("--open", "open_visits", is_flag=True, help="The visits that are overdue or due within 14 days.")
@click.option("--out", type=click.Path(path_type=Path), help="With --open: a PDF to be printed.")
@units_option
@as_json
@told
def worklist(  # every option of the terminal is an argument
    study: str, since: str, open_visits: bool, out: Path | None, units: str, as_json: bool, **filters: tuple[str, ...]
) -> None:
    """The patients of a cohort, the worst move first, with the reasons in words; or the open visits."""
    data, subjects = read_cohort(study, filters)
    panel = convert_panel(derive_panel(data), units)
    if open_visits:
        own = panel.join(subjects.select("usubjid"), on="usubjid", how="semi", maintain_order="left")
        table = tabulate_open_visits(derive_open_visits(own, subjects, data), subjects, own)
        if out is not None:
            origin = name_origin(study, data.config, find_home().current(), table["cut_day"])
            sheet = make_due_sheet(table, origin.title, origin.words, origin.simulated)
            out.write_bytes(print_open_visits(sheet))
            click.echo(f"Written: {out}")
            return
        show(table, as_json)
        return
    moved_from = BASELINE if since == "baseline" else PREVIOUS
    rows = make_worklist(panel, data.subjects, data, list_key_parameters(panel, units), moved_from)
    show(rows.join(subjects.select("usubjid"), on="usubjid", how="semi", maintain_order="left"), as_json)
