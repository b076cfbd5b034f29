"""Sheets to be printed, set by typst: one page about one patient, the list of open visits."""

import json
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import typst

from analytics.documents.pictures import has_browser, render_figure
from analytics.figures.theme import stamp_figure

NO_BROWSER = "The figure is left out: no Chrome, Edge or Chromium was found to draw it."
NO_FIGURE = "No value has a place in a figure."


def print_patient(sheet: dict[str, Any], figure: go.Figure | None) -> bytes:
    """The PDF of one patient: ``sheet`` from ``make_sheet``, and the figure where a browser can draw it."""
    picture = render_figure(prepare_figure(figure), "svg") if figure is not None and has_browser() else None
    why = NO_FIGURE if figure is None else NO_BROWSER
    files = {} if picture is None else {"figure.svg": picture}
    return set_page("patient.typ", {**sheet, "figure": picture is not None, "why": why}, files)


def prepare_figure(figure: go.Figure) -> go.Figure:
    """The figure on white paper."""
    return stamp_figure(figure, "", dark=False).update_layout(width=900)


def print_open_visits(sheet: dict[str, Any]) -> bytes:
    """The PDF of the open visits."""
    return set_page("due.typ", sheet, {})


def set_page(template: str, data: dict[str, Any], files: dict[str, bytes]) -> bytes:
    """A PDF of a template beside this file, its data and pictures."""
    source = Path(__file__).with_name(template).read_bytes()
    content = {"main.typ": source, "data.json": json.dumps(data, ensure_ascii=False).encode(), **files}
    return typst.compile(content, format="pdf")  # ty: ignore[invalid-argument-type]  # its stub knows paths only
