"""Figures and tables as every page shows them: alternative text, downloads, the command with the same numbers."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from analytics.cohort import Cohort
from analytics.figures.theme import ReadyFigure, stamp_figure
from analytics.patient import describe_scores
from analytics.units import CONVENTIONAL
from pages.shared import controls, passport, store
from pages.shared.memory import remember

MARKUP = re.compile(r"([\\`*_\[\]$<>~|])")
PICTURES = {"html": ("Figure (HTML)", "text/html"), "svg": ("SVG", "image/svg+xml"), "png": ("PNG", "image/png")}


def show_figure(
    figure: go.Figure,
    key: str,
    alt: str,
    table: pl.DataFrame,
    command: str,
    select: bool | Callable[[], None] = False,
) -> list[Any]:
    """A figure with its alternative text, its downloads, and the command that prints its numbers.

    With ``select`` the points that the reader clicked come back as their custom data; a function given
    instead is called once at each click, before the page runs again.
    """
    config = {
        "displaylogo": False,
        "modeBarButtonsToRemove": ["select2d", "lasso2d"],
        "toImageButtonOptions": {"scale": 2},
    }
    chosen: list[Any] = []
    ready = remember(ReadyFigure, figure)
    if callable(select):
        st.plotly_chart(ready, key=key, alt=alt, config=config, on_select=select, selection_mode="points")
    elif select:
        event = st.plotly_chart(ready, key=key, alt=alt, config=config, on_select="rerun", selection_mode="points")
        chosen = [point.get("customdata") for point in event["selection"]["points"]]
    else:
        st.plotly_chart(ready, key=key, alt=alt, config=config)
    with st.container(horizontal=True, vertical_alignment="center"):
        offer_table(table, key)
        show_about(figure, key, command)
        if command:
            st.caption(f"The same numbers in the terminal: `{command}`")
    return [item[0] if isinstance(item, list) else item for item in chosen if item]


def show_about(figure: go.Figure, key: str, command: str) -> None:
    """The files and the passport of a figure, drawn when they are opened."""
    files = st.popover("Figure", icon=":material/image:", key=f"pictures_{key}", on_change="rerun")
    if files.open:
        with files:
            offer_figure(figure, key)
    facts = st.popover("Passport", icon=":material/badge:", key=f"passport_{key}", on_change="rerun")
    if facts.open:
        with facts:
            passport.show_passport(key, command)


def offer_table(table: pl.DataFrame, key: str, label: str = "Table (CSV)") -> None:
    """The download of a table."""
    simulated = is_simulated()
    offer(label, lambda: export_csv(table, simulated), f"{key}.csv", "text/csv")


def offer(label: str, make: Callable[[], bytes], file: str, mime: str) -> None:
    """A download that is made at the click; the name of one of simulated data says so."""
    st.download_button(
        label,
        data=make,
        file_name=f"{'SIMULATED-' if is_simulated() else ''}{file}",
        mime=mime,
        key=f"{file.replace('.', '_')}",
        on_click="ignore",
        icon=":material/download:",
    )


def offer_figure(figure: go.Figure, key: str) -> None:
    """The downloads of a figure: a page that works offline, and pictures where a browser can draw them."""
    dark, note = controls.theme().dark, st.session_state.get("head", "")
    pictures = store.can_draw_pictures()
    for kind, (label, mime) in PICTURES.items():
        if kind == "html" or pictures:
            offer(label, partial(write_stamped, figure, note, dark, kind), f"{key}.{kind}", mime)
    if not pictures:
        st.caption(
            "For a picture use the camera at the top right of the figure: no Chrome, Edge or Chromium was found."
        )


def write_stamped(figure: go.Figure, note: str, dark: bool, kind: str) -> bytes:
    """A figure as a document that says what it shows; called at the click, outside the session."""
    return store.write_figure(stamp_figure(figure, note, dark), kind)


def plain(text: str) -> str:
    """Text that people sent, so that no part of it is read as markup."""
    return MARKUP.sub(r"\\\1", text)


def units_flag() -> str:
    """The option of the terminal for the reader's units."""
    return "" if controls.units() == CONVENTIONAL else f" --units {controls.units()}"


def figure_command(name: str, cohort: Cohort, options: str = "", pair: str = "") -> str:
    """The command that prints the table of one figure."""
    parts = ["python cli.py figure", name, cohort.options, pair, options.strip(), units_flag().strip()]
    return " ".join(part for part in parts if part)


def is_simulated() -> bool:
    """Whether the study in view is simulated."""
    cohort = st.session_state.get("cohort")
    return bool(cohort and store.config(cohort.study).get("simulated"))


def export_csv(table: pl.DataFrame, simulated: bool) -> bytes:
    """A table as CSV for a spreadsheet, its cells made harmless, SIMULATED in a first column where it is.

    It is called at the click, outside the session, so it is told what it must know.
    """
    marked = table.with_columns(data=pl.lit("SIMULATED")).select("data", *table.columns) if simulated else table
    return store.write_csv(marked)


def show_not_computable(panel: pl.DataFrame) -> None:
    """The scores that these patients cannot have, and why."""
    sentences = remember(describe_scores, panel)
    if not sentences:
        return
    with st.expander(f"Scores that cannot be computed here, and what is missing ({len(sentences)})"):
        st.caption("  \n".join(sentences))
