"""The literature shelf in the terminal: trials, directions, doses, markers, the worked meta-analysis."""

from typing import Any

import click
import polars as pl

from analytics.evidence.grid import add_ours, list_doses, make_grid
from analytics.evidence.pooling import CONTRASTS, make_forest, read_example, tabulate_forest
from analytics.evidence.shelf import (
    CHOICES,
    KIND,
    add_own,
    read_effects,
    read_markers,
    read_others,
    read_trials,
    select_trials,
)
from analytics.panel import derive_panel
from analytics.statistics.meta_analysis import METHODS, REML
from commands.shared import as_json, read_cohort, show, told
from data.home import find_home
from data.workspace import fetch_items

TABLES = ("trials", "grid", "doses", "others", "markers", "forest")
NO_DOSES = pl.DataFrame({"cells_e6": [], "cells_e6_per_kg": []})


def shelf_options(command: Any) -> Any:
    """The filters of the shelf."""
    command = click.option("--sized", is_flag=True, help="Only trials with a known number of patients.")(command)
    command = click.option("--months", type=float, default=0, help="Followed for at least so many months.")(command)
    for column, label in reversed(CHOICES.items()):
        option = click.option(f"--{column.replace('_', '-')}", column, multiple=True, help=f"Only these: {label}.")
        command = option(command)
    return command


@click.command()
@click.option("--table", type=click.Choice(TABLES), default="trials", show_default=True)
@click.option("--study", help="Beside it in grid and doses: a study of the store.")
@click.option("--contrast", type=click.Choice(CONTRASTS), default=CONTRASTS[0], show_default=True, help="Of forest.")
@click.option("--method", type=click.Choice(list(METHODS)), default=REML, show_default=True, help="Of forest.")
@shelf_options
@as_json
@told
def evidence(table: str, study: str | None, contrast: str, method: str, as_json: bool, **filters: Any) -> None:
    """Published trials of cells in liver disease with their sources, directions of effect, doses, markers, pooling."""
    home = find_home()
    items = [item for item in fetch_items(home) if item.kind == KIND]
    saved = [(item.content, f"entered by {item.who}, {item.saved_at:%Y-%m-%d}") for item in items]
    trials, effects = add_own(read_trials(), read_effects(), saved)
    months, sized = filters.pop("months"), filters.pop("sized")
    kept = select_trials(trials, filters, months, sized)
    results = {
        "trials": lambda: kept,
        "grid": lambda: tabulate_grid(kept, effects, study),
        "doses": lambda: list_doses(kept, read_cohort(study, {})[0].treatments if study else NO_DOSES),
        "others": read_others,
        "markers": read_markers,
        "forest": lambda: tabulate_forest(make_forest(read_example(contrast), method)),
    }
    show(results[table](), as_json)


def tabulate_grid(kept: pl.DataFrame, effects: pl.DataFrame, study: str | None) -> pl.DataFrame:
    """The grid, a study of the store on top where one is named."""
    grid = make_grid(kept, effects)
    if study is None:
        return grid
    data, _ = read_cohort(study, {})
    return add_ours(grid, derive_panel(data))
