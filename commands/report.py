"""The report in the terminal: the same document as the page, in the kind of file that its name says."""

import json
from pathlib import Path
from typing import Any

import click

from analytics.cohort import Cohort
from analytics.documents.report import NO_BROWSER, WRITERS, list_kinds, read_recipe, write_report
from analytics.profile.sheet import name_origin
from analytics.report.build import SECTIONS, USUAL, build_report
from analytics.report.problems import BadReport
from analytics.report.trial import Choice, Trial, make_trial
from analytics.summary import name_missing_arms
from commands.shared import filter_options, read_filters, read_stopping, read_whole, select_members, told, units_option
from data import queries
from data.cuts import find_revision
from data.database import open_reader
from data.home import Home, find_home

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--study", help="The study, as 'studies' lists it; not needed with --recipe.")
@click.option("--out", required=True, type=FILE, help="FILE.pdf, .html, .pptx, .docx or .xlsx.")
@click.option(
    "--section", "sections", multiple=True, type=click.Choice(list(SECTIONS)), help="In order; else the usual."
)
@click.option("--comment", "comments", multiple=True, metavar="SECTION=TEXT", help="A comment above a section.")
@click.option("--recipe", type=FILE, help="Make a report again, from one of its files.")
@units_option
@filter_options
@told
def report(study: str | None, out: Path, recipe: Path | None, **options: Any) -> None:
    """One document of the cohort: population, disposition, exposure, change, response, survival, safety, and more."""
    kind = out.suffix.lstrip(".").lower()
    if kind not in WRITERS:
        raise click.UsageError(f"a report is a file that ends in {', '.join(f'.{name}' for name in WRITERS)}")
    if kind not in list_kinds():
        raise BadReport(NO_BROWSER)
    if recipe is None and study is None:
        raise click.UsageError("name the study with --study, or a report to make again with --recipe")
    cohort, revision, choice = read_old(recipe) if recipe else read_new(str(study), options)
    trial = read_trial(find_home(), cohort, revision, choice.units)
    document = build_report(trial, choice, tell)
    out.write_bytes(write_report(document, kind, tell))
    click.echo(f"{out}: {document.counts}")


def tell(said: str) -> None:
    """What is being made, beside the result."""
    click.echo(said, err=True)


def read_new(study: str, options: dict[str, Any]) -> tuple[Cohort, str, Choice]:
    """The cohort, the current revision and what was chosen."""
    comments = [text.partition("=") for text in options.pop("comments")]
    if wrong := [section for section, _, _ in comments if section not in SECTIONS]:
        raise click.UsageError(f"write a comment as safety=TEXT; there is no section {wrong[0]!r}")
    sections, units = options.pop("sections") or USUAL, options.pop("units")
    choice = Choice(tuple(sections), {section: text for section, _, text in comments}, units)
    return read_filters(study, options), find_home().current(), choice


def read_old(path: Path) -> tuple[Cohort, str, Choice]:
    """The cohort, the revision and the choice of a report that was made before. Raises NoRecipe."""
    if not path.exists():
        raise click.UsageError(f"there is no file {path}")
    content = read_recipe(path.read_bytes())
    choice = Choice(tuple(content["sections"]), content["comments"], content["units"])
    return Cohort.from_json(json.dumps(content["cohort"])), content["revision"], choice


def read_trial(home: Home, cohort: Cohort, revision: str, units: str) -> Trial:
    """What the report rests on. Raises UnknownRevision, UnknownStudy."""
    with open_reader(home, find_revision(home, revision)) as connection:
        data = read_whole(connection, cohort.study)
        facts = {
            "statements": queries.fetch_statements(connection, cohort.study),
            "findings": queries.fetch_findings(connection, cohort.study),
        }
    subjects = name_missing_arms(select_members(data, cohort))
    rules, _ = read_stopping(home, cohort.study, data)
    origin = name_origin(cohort.study, data.config, revision, subjects["cut_day"])
    return make_trial(cohort, data, subjects, origin=origin, rules=tuple(rules), units=units, **facts)
