"""Hepatrace in the terminal. Exit code 0: done, 1: data rejected or not there, 2: misuse."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
import polars as pl

from analytics.catalog import UnknownParameter
from analytics.catalog.endpoints import ENDPOINTS
from analytics.change import summarize_change
from analytics.cohort import Cohort, select_cohort
from analytics.definitions import write_document
from analytics.groups import SUBJECT_GROUPS, derive_group
from analytics.panel import StudyData, assemble_study, derive_panel
from analytics.scores import find_any_parameter
from analytics.scores.exchange import score_record
from analytics.survival.describe import describe_log_rank, summarize_survival
from analytics.survival.estimate import estimate_survival, to_record
from analytics.survival.follow_up import derive_time_to_event
from data import queries
from data.audit import BrokenAudit
from data.backup import BadBackup, back_up, restore, verify
from data.database import open_reader
from data.export import UnknownStudy, export_study
from data.home import DamagedStore, NoStore, find_home
from data.importers.describe import describe_batch, describe_report
from data.importers.run import import_paths
from data.importers.study_file import BadStudyFile
from data.importers.text import UnreadableFile
from data.integrity import BrokenIntegrity
from data.revisions import NothingToUndo, StoreBusy, record_action, undo_last
from data.setup import bring_up_to_date, count_files, is_outdated, set_up
from data.simulate import simulate_trial
from data.undo import UnknownBatch, undo_batch

EXPECTED = (
    BadBackup,
    BadStudyFile,
    BrokenAudit,
    BrokenIntegrity,
    DamagedStore,
    FileExistsError,
    NoStore,
    NothingToUndo,
    StoreBusy,
    UnknownBatch,
    UnknownParameter,
    UnknownStudy,
    UnreadableFile,
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
study_option = click.option("--study", required=True, help="The study, as 'studies' lists it.")


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The filters of the sidebar: each may be given several times, and none lets everybody pass."""
    for name in reversed(SUBJECT_GROUPS):
        command = click.option(f"--{name}", multiple=True, help=f"Only subjects of this {name}.")(command)
    return command


def told(command: Callable[..., Any]) -> Callable[..., Any]:
    """Show what is wrong with data in one sentence and exit with 1."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except PermissionError as error:
            click.echo(f"Nothing was done. {error.filename} cannot be written: permission denied", err=True)
            sys.exit(1)
        except EXPECTED as error:
            click.echo(f"Nothing was done. {error.args[0] if error.args else error}", err=True)
            sys.exit(1)

    return run


@click.group()
def main() -> None:
    """Hepatrace: serial liver data of cell-therapy trials, scored and compared."""


@main.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--study", help="The study that single files belong to.")
@click.option("--preview", is_flag=True, help="Show what would happen; change nothing.")
@as_json
@told
def import_(paths: tuple[Path, ...], study: str | None, preview: bool, as_json: bool) -> None:
    """Import study folders (with study.toml) or single CSV files of a study."""
    report = import_paths(find_home(), paths, study, preview)
    if as_json:
        click.echo(json.dumps(describe_report(report), ensure_ascii=False))
    else:
        for line in (line for batch in report.batches for line in describe_batch(batch)):
            click.echo(line)
        done = (
            "nothing changed: this was a preview" if preview else report.revision or "nothing new: no revision was made"
        )
        click.echo(f"Result: {done}")
    sys.exit(1 if report.rejected else 0)


@main.command()
@told
def setup() -> None:
    """Make the store if there is none: three bundled studies and one SIMULATED trial."""
    home = find_home()
    if home.read_pointer() is not None:
        click.echo(bring_up_to_date(home) if is_outdated(home) else f"The store is there: {home.current()}")
        return
    with click.progressbar(length=count_files(), label="Loading the studies", file=sys.stdout) as bar:
        report = set_up(home, lambda _: bar.update(1))
    click.echo(f"The store is made: {report.revision}")


@main.command()
@as_json
@told
def studies(as_json: bool) -> None:
    """List the studies in the store."""
    show(queries.fetch_studies(open_current()), as_json)


@main.command()
@click.option("--batch", type=int, help="An older batch to take out; without it the last import is undone.")
@told
def undo(batch: int | None) -> None:
    """Take back the last import, or one older batch."""
    if batch is not None:
        click.echo(f"Batch {batch} is taken out: {undo_batch(find_home(), batch)}")
    else:
        revision, parent = undo_last(find_home())
        click.echo(f"{revision} is undone; current is {parent}")


@main.command()
@study_option
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder to write into."
)
@told
def export(study: str, out: Path) -> None:
    """Write a study as files that can be imported again."""
    for path in export_study(open_current(), study, out):
        click.echo(path)
    record_action(find_home(), "export", {"study": study})


@main.command()
@click.argument("file", type=click.File(encoding="utf-8"))
def score(file: Any) -> None:
    """Score a JSON list of {"id", "score", "inputs"}; FILE may be - for standard input."""
    try:
        records = json.load(file)
    except ValueError as error:
        raise click.UsageError(f"{file.name} is not JSON: {error}") from error
    if not isinstance(records, list):
        raise click.UsageError(f"{file.name} must hold a list of records")
    click.echo(json.dumps([score_record(record) for record in records], ensure_ascii=False, indent=1))


@main.command()
@study_option
@click.option("--parameter", required=True, help="A parameter or score, such as bilirubin or meld.")
@click.option("--by", type=click.Choice(list(SUBJECT_GROUPS)), help="One row a visit and group.")
@filter_options
@as_json
@told
def change(study: str, parameter: str, by: str | None, as_json: bool, **filters: tuple[str, ...]) -> None:
    """Change from baseline by visit."""
    data, subjects = read_cohort(study, filters)
    find_any_parameter(parameter)
    panel = derive_panel(data).join(subjects.select("usubjid", *([by] if by else [])), on="usubjid")
    show(summarize_change(panel, parameter, data.visits, by), as_json)


@main.command()
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


@main.command()
@click.option("--subjects", required=True, type=click.IntRange(min=1))
@click.option("--seed", required=True, type=click.IntRange(min=0))
@click.option("--arms", default=2, type=click.IntRange(1, 4), show_default=True)
@click.option("--out", default=Path("simulated"), type=click.Path(file_okay=False, path_type=Path), show_default=True)
def simulate(subjects: int, seed: int, arms: int, out: Path) -> None:
    """Write the folder of a SIMULATED trial, ready to import."""
    click.echo(simulate_trial(subjects, seed, out, arms))


@main.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@told
def backup(path: Path) -> None:
    """Write the current revision into a new zip file."""
    click.echo(f"{path} holds {back_up(find_home(), path)}")


@main.command("restore")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@told
def restore_(path: Path) -> None:
    """Publish a backup as the newest revision; older ones stay."""
    click.echo(f"{path} is restored as {restore(find_home(), path)}")


@main.command("verify")
@told
def verify_() -> None:
    """Prove that neither the audit log nor a revision was changed by hand."""
    for line in verify(find_home()):
        click.echo(line)


@main.command()
def definitions() -> None:
    """Print all definitions as Markdown (docs/definitions.md)."""
    click.echo(write_document(), nl=False)


def open_current() -> Any:
    """A reader of the current revision."""
    home = find_home()
    return open_reader(home, home.current())


def read_cohort(study: str, filters: dict[str, tuple[str, ...]]) -> tuple[StudyData, pl.DataFrame]:
    """The frames of a study, and its subjects that pass the filters. Raises UnknownStudy."""
    connection = open_current()
    config = queries.fetch_config(connection, study)
    if not config:
        raise UnknownStudy(f"there is no study {study!r}; 'python cli.py studies' lists them")
    data = assemble_study(queries.fetch_frames(connection, study), config)
    return data, select_cohort(data.subjects, Cohort.of(study, filters))


def show(table: pl.DataFrame, as_json: bool) -> None:
    """A table for people, or for machines."""
    if as_json:
        click.echo(json.dumps(table.to_dicts(), ensure_ascii=False, default=str))
        return
    with pl.Config(
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
        tbl_width_chars=200,
        fmt_str_lengths=80,
        tbl_formatting="ASCII_MARKDOWN",
    ):
        click.echo(str(table))


if __name__ == "__main__":
    main()
