"""What a report is, whatever file it becomes: sections of words, tables and figures, and where they come from."""

import json
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import polars as pl

RECIPE = "hepatrace-report"  # the key by which a recipe is known in any file


@dataclass(frozen=True)
class Words:
    """A paragraph. A ``note`` is the small print of what stands above it; a ``comment`` was typed by a person."""

    text: str
    note: bool = False
    comment: bool = False


@dataclass(frozen=True)
class Table:
    """A table as people read it, with a title. ``numbers`` is what is exported where that says more than the text."""

    title: str
    frame: pl.DataFrame
    numbers: pl.DataFrame | None = None


@dataclass(frozen=True)
class Chart:
    """The same figure as a chart that a slide program can edit: ``lines`` over categories, ``steps`` or ``bars``.

    ``series`` holds the points of each name: of ``steps`` (x, y), else y for each of ``categories`` (missing: None).
    """

    kind: str
    series: dict[str, list[Any]]
    x_title: str
    y_title: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A figure, the same as on screen, with its key, its alternative text and the table of its numbers."""

    key: str
    title: str
    figure: go.Figure
    alt: str
    numbers: pl.DataFrame
    chart: Chart | None = None


Block = Words | Table | Picture


@dataclass(frozen=True)
class Section:
    """A part of a report."""

    code: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A report. ``stamp`` stands on every page: study, data cut, revision, filter, n, versions, SIMULATED."""

    title: str
    stamp: str
    simulated: bool
    facts: dict[str, str]
    sections: tuple[Section, ...]
    recipe: dict[str, Any]

    @property
    def recipe_text(self) -> str:
        """The recipe as it is embedded; its own key comes first, by which it is found."""
        return json.dumps(self.recipe, ensure_ascii=False)

    @property
    def pictures(self) -> list[Picture]:
        """Every figure, in order."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Picture)]

    @property
    def tables(self) -> list[Table]:
        """Every table, in order."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Table)]

    @property
    def counts(self) -> str:
        """How much it holds, in words."""
        return f"{len(self.sections)} sections, {len(self.pictures)} figures, {len(self.tables)} tables"


def cell_text(value: object) -> str:
    """A cell of a table as text; a missing one is a dash."""
    if value is None or value == "":
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def table_cells(frame: pl.DataFrame) -> list[list[str]]:
    """All cells of a table as text."""
    return [[cell_text(value) for value in row] for row in frame.rows()]
