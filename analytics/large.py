"""A large study: what is derived of everybody once, when it is published, and the sample that is derived as a whole.

Everybody has traits, events, baselines, and on a grid of subject and visit every parameter and the scores that
the grid gives as the rules do, so counts, filters, survival and means are exact. Whole courses are derived
of a sample of subjects that does not depend on what is looked at.
"""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from analytics.cohort import derive_traits, list_events, name_base, select_subjects
from analytics.dense import (
    Bases,
    Grid,
    Visits,
    derive_grid_score,
    fill_grid,
    find_bases,
    find_grid_bases,
    place_series,
)
from analytics.panel import assemble_study, derive_baselines, derive_panel, read_settings
from analytics.scores import list_series

LARGE = 1_000_000  # measurements: of a larger study the whole panel is never made
SAMPLE = 2_000  # subjects whose courses are derived
SHOWN = 500  # subjects of a cohort that figures rest on: the first of the sample that pass its filters
FEWEST = 300  # of a cohort with fewer in the sample, subjects are derived when they are asked for
HERE = Path(__file__).parent
MADE_BY = ("*.py", "catalog/*", "scores/*")  # what decides the derived numbers, below this folder

GRID_SCORES = ("meld", "meld_na", "child_pugh")
Frames = Mapping[str, pl.DataFrame]
Tables = dict[str, pl.DataFrame]


@cache
def digest_definitions() -> str:
    """A digest of everything that the derived tables rest on: definitions, rules and code."""
    digest = sha256()
    for path in sorted(path for pattern in MADE_BY for path in HERE.glob(pattern) if path.is_file()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def derive_everybody(frames: Frames, config: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """``traits`` (as for filters) and ``baselines`` (as ``derive_baselines``) of these subjects.

    ``frames`` need no measurement after day 0.
    """
    study = assemble_study(frames, config)
    baselines = derive_baselines(study)
    traits = derive_traits(study.subjects, baselines, list_events(study.events, study.treatments))
    return {"traits": traits, "baselines": baselines}


def derive_courses(frames: Frames, config: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """``panel`` of these subjects, with their arm, and ``measurements`` as they are."""
    study = assemble_study(frames, config)
    panel = select_subjects(derive_panel(study), study.subjects)
    return {"panel": panel, "measurements": frames["measurements"]}


def list_grid_scores(measured: Mapping[str, bool], events: pl.DataFrame) -> dict[str, list[str]]:
    """The scores that a grid gives as the rules do, with the parameters that each needs.

    ``measured`` names the parameters that have values, and whether each of these has a day. Not so with values
    without a day, with reported scores, with prothrombin times in seconds (their prolongation is derived), and on
    dialysis. That no subject is odd is seen on the grid.
    """
    if (events["kind"] == "dialysis").any() or "pt_sec" in measured:
        return {}
    scores = {code: list_series()[code] for code in GRID_SCORES if code not in measured}
    wanted = {
        code: [item.code for item in score.inputs if item.origin == "parameter"] for code, score in scores.items()
    }
    needed = {code: [name for name in names if name in measured] for code, names in wanted.items()}
    return {code: names for code, names in needed.items() if names and all(measured[name] for name in names)}


def derive_grid(rows: pl.DataFrame, numbers: pl.Series, visits: pl.DataFrame) -> Tables:
    """One parameter of everybody: ``cells`` and ``bases`` as ``Grid`` and ``Bases`` give them.

    ``rows`` are those of one parameter: subject (its number), day, aval; ``numbers`` those of the subjects in
    their order.
    """
    series = place_series(rows, numbers)
    grid = fill_grid(series, Visits.read(visits), len(numbers))
    return write_grid(grid, find_bases(series, len(numbers)))


def derive_grid_of_score(
    code: str, inputs: Mapping[str, Tables], subjects: pl.DataFrame, config: Mapping[str, Any]
) -> Tables:
    """A score of these subjects from the tables of its parameters."""
    grids = {name: read_grid(tables)[0] for name, tables in inputs.items()}
    grid = derive_grid_score(list_series()[code], grids, subjects, read_settings(config))
    return write_grid(grid, find_grid_bases(grid))


def write_grid(grid: Grid, bases: Bases) -> Tables:
    """A grid with its baselines as tables."""
    return {"cells": grid.to_frame(), "bases": bases.to_frame(grid.odd)}


def read_bases(rows: pl.DataFrame, code: str) -> pl.Series | None:
    """The baselines of everybody, of rows with base and odd; None where the grid does not give them as the rules do."""
    return None if code in GRID_SCORES and rows["odd"].any() else rows["base"].rename(name_base(code))


def read_grid(tables: Tables) -> tuple[Grid, Bases]:
    """A grid with its baselines from its tables."""
    return Grid.read(tables["cells"], tables["bases"]["odd"]), Bases.read(tables["bases"])
