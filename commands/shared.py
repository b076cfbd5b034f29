"""What commands share: options, errors in one sentence, the cohort, tables."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
import polars as pl

from analytics.catalog import UnknownParameter
from analytics.cohort import CHOICES, CLASS, BadRange, Bounds, Cohort, derive_traits, list_events, select_cohort
from analytics.frames import MEASUREMENTS, empty
from analytics.panel import StudyData, assemble_study, derive_panel
from analytics.places import UnknownPlace
from analytics.report.problems import BadReport, NoRecipe
from analytics.safety.stopping import KIND, StoppingRule, read_rules
from analytics.scores import UnknownScore
from analytics.units import SYSTEMS
from data import queries
from data.audit import BrokenAudit
from data.backup import BadBackup
from data.cuts import UnknownRevision
from data.database import open_reader
from data.exports.tables import UnknownStudy
from data.home import DamagedStore, Home, NoStore, find_home
from data.importers.recognize.answers import BadAnswer
from data.importers.study_file import BadStudyFile
from data.importers.text import UnreadableFile
from data.integrity import BrokenIntegrity
from data.revisions import NothingToUndo, StoreBusy
from data.undo import UnknownBatch
from data.withdraw import UnknownSubject
from data.workspace import BadName, fetch_items

EXPECTED = (
    BadAnswer,
    BadReport,
    NoRecipe,
    BadName,
    UnknownRevision,
    UnknownSubject,
    BadBackup,
    BadRange,
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
    UnknownPlace,
    UnknownScore,
    UnknownStudy,
    UnreadableFile,
)
EMPTY_PANEL = empty({**MEASUREMENTS, "base": pl.Float64, "base_day": pl.Int32, "post": pl.Boolean})
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
study_option = click.option("--study", required=True, help="The study, as 'studies' lists it.")


units_option = click.option("--units", type=click.Choice(SYSTEMS, case_sensitive=False), default=SYSTEMS[0])


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The filters of the sidebar: each may be given several times, and none lets everybody pass."""
    ranges = click.option("--range", "ranges", multiple=True, help="Only this range at baseline: albumin:2.8:3.5.")
    command = ranges(command)
    for name, label in reversed(CHOICES.items()):
        option = click.option(f"--{name.replace('_', '-')}", name, multiple=True, help=f"Only these: {label}.")
        command = option(command)
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


def open_current() -> Any:
    """A reader of the current revision."""
    home = find_home()
    return open_reader(home, home.current())


def read_cohort(study: str, filters: dict[str, tuple[str, ...]]) -> tuple[StudyData, pl.DataFrame]:
    """The frames of a study, and its subjects that pass the filters. Raises UnknownStudy."""
    data = read_whole(open_current(), study)
    return data, select_members(data, read_filters(study, filters))


def read_whole(connection: Any, study: str) -> StudyData:
    """The frames of a study at a revision. Raises UnknownStudy."""
    config = queries.fetch_config(connection, study)
    if not config:
        raise UnknownStudy(f"there is no study {study!r}; 'python cli.py studies' lists them")
    return assemble_study(queries.fetch_frames(connection, study), config)


def read_filters(study: str, filters: dict[str, tuple[str, ...]]) -> Cohort:
    """The cohort of the options of ``filter_options``. Raises BadRange."""
    return Cohort.of(study, filters, [Bounds.read(text) for text in filters.get("ranges", ())])


def select_members(data: StudyData, cohort: Cohort) -> pl.DataFrame:
    """The subjects of a study that pass the filters."""
    if not cohort.is_filtered:
        return data.subjects
    # Only a class or a range needs the scores.
    panel = derive_panel(data) if cohort.ranges or CLASS in cohort.filters else EMPTY_PANEL
    traits = derive_traits(data.subjects, panel, list_events(data.events, data.treatments))
    return select_cohort(traits, panel, cohort)


def read_stopping(home: Home, study: str, data: StudyData) -> tuple[list[StoppingRule], list[str]]:
    """The stopping rules of the study file and those saved on screen; what is wrong with others."""
    saved = [item.content for item in fetch_items(home) if (item.kind, item.study) == (KIND, study)]
    return read_rules(data.config, saved)


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
