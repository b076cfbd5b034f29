"""Import in the terminal: study folders, files of a study that is there, files of a new study; questions are listed."""

import json
import sys
from pathlib import Path

import click
import polars as pl

from commands.shared import as_json, show, study_option, told
from data.home import find_home
from data.importers.answering import BadAnswer, answer_all, describe_questions
from data.importers.describe import describe_batch, describe_report
from data.importers.keep import keep_mappings
from data.importers.recognize import Proposal
from data.importers.recognize.mappings import write_mappings
from data.importers.recognize.roles import ROLES
from data.importers.run import ImportReport, import_paths, import_sources
from data.importers.sources import Source, order_sources, propose_paths
from data.importers.study_file import TIME_ZEROS, StudyFile, parse_study
from data.publish import publish_large

PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))


@click.command("import")
@PATHS
@click.option("--study", help="The study that files without a study.toml belong to.")
@click.option("--preview", is_flag=True, help="Show what would happen; change nothing.")
@as_json
@told
def import_(paths: tuple[Path, ...], study: str | None, preview: bool, as_json: bool) -> None:
    """Import study folders (with study.toml) or files of a study: CSV, Excel, Parquet, REDCap, CDISC, FHIR, zip."""
    finish(import_paths(find_home(), paths, study, preview), preview, as_json)


@click.command()
@PATHS
@study_option
@click.option("--title", required=True, help="The title of the new study.")
@click.option("--day-0", "time_zero", type=click.Choice(TIME_ZEROS), required=True, help="What day 0 is.")
@click.option("--answer", "answers", multiple=True, help="Answer a question: stage=metavir, status=0:none,2:death.")
@as_json
@told
def create(
    paths: tuple[Path, ...], study: str, title: str, time_zero: str, answers: tuple[str, ...], as_json: bool
) -> None:
    """Make a new study from files without a study.toml; what is unsure is asked."""
    plan = parse_study({"study": study, "title": title, "time_zero": time_zero}, "--study")
    sources = answer_files(paths, plan, answers)
    kept = keep_mappings(plan, [source.mapping for source in sources])
    finish(import_sources(find_home(), [kept], sources), False, as_json)


def answer_files(paths: tuple[Path, ...], study: StudyFile, answers: tuple[str, ...]) -> list[Source]:
    """The tables of files read as recognized and answered. Raises BadAnswer with what is still open."""
    proposals = answer_all(propose_paths(paths), answers)
    open_questions = describe_questions(proposals)
    if open_questions:
        raise BadAnswer("These questions are open; answer them with --answer:\n" + "\n".join(open_questions))
    own = not any(item.reading.describes_subjects for item in proposals)
    return order_sources(
        [
            Source(item.file, item.digest, item.table, study.study, mapping)
            for item in proposals
            for mapping in write_mappings(item.reading, item.file, item.table.sheet, own)
        ]
    )


def finish(report: ImportReport, preview: bool, as_json: bool) -> None:
    """Tell what became of an import, make large studies ready for the pages, and exit: 1 where a row was rejected."""
    tell(report, preview, as_json)
    for study in publish_large(find_home()) if report.revision else []:
        click.echo(f"Prepared for the dashboard: {study}", err=True)
    sys.exit(1 if report.rejected else 0)


def tell(report: ImportReport, preview: bool, as_json: bool) -> None:
    """What became of an import."""
    if as_json:
        click.echo(json.dumps(describe_report(report), ensure_ascii=False, default=str))
    else:
        for line in (line for batch in report.batches for line in describe_batch(batch)):
            click.echo(line)
        done = report.revision or "nothing new: no revision was made"
        click.echo(f"Result: {'nothing changed: this was a preview' if preview else done}")


@click.command()
@PATHS
@as_json
@told
def recognize(paths: tuple[Path, ...], as_json: bool) -> None:
    """Show what the columns of files are taken for, with the reason, and what only a person can say."""
    proposals = propose_paths(paths)
    show(pl.DataFrame([row for item in proposals for row in describe(item)]), as_json)
    for line in describe_questions(proposals) if not as_json else []:
        click.echo(f"Question: {line}")


def describe(proposal: Proposal) -> list[dict[str, str]]:
    """Every column of a table with what it is taken for."""
    return [
        {
            "file": proposal.file,
            "sheet": proposal.table.sheet,
            "column": guess.column,
            "read as": ROLES[guess.role],
            "parameter": guess.paramcd,
            "unit": guess.unit,
            "confidence": guess.confidence,
            "why": guess.reason,
        }
        for guess in proposal.reading.guesses
    ]
