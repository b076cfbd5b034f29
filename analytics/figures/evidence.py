"""Figures of the literature shelf: the grid of directions, the dose strip, the forest plot."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from analytics.figures.theme import Theme, cover_cells, lay_out, numbers

SIGNS = {"better": "▲", "worse": "▼", "transient or unclear": "?", "not mentioned": ""}
ROW = 22  # pixels


def plot_grid(grid: pl.DataFrame, first: Sequence[str], theme: Theme) -> go.Figure:
    """Trials by endpoints, a cell each: a sign and a color for its direction, blank where nothing is mentioned.

    ``grid`` has trial, label, state, printed, comparison. ``first`` are trials that stand on top. Draws no rows as
    empty axes.
    """
    there = set(grid["trial"])
    trials = [name for name in dict.fromkeys([*first, *grid["trial"]]) if name in there]
    labels = grid["label"].unique(maintain_order=True).to_list()
    figure = go.Figure(draw_cells(grid, trials, labels, theme))
    mentioned = grid.filter(pl.col("printed").is_not_null())
    hover = pl.concat_str("state", "printed", "comparison", separator="<br>", ignore_nulls=True)
    custom = [list(row) for row in mentioned.select("trial", hover).rows()]
    places = (mentioned["label"].to_list(), mentioned["trial"].to_list())
    figure.add_trace(cover_cells(*places, custom, "%{customdata[0]}, %{x}<br>%{customdata[1]}"))
    figure.update_xaxes(side="top", tickangle=-90, tickfont={"size": 10}, showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    height = 170 + ROW * max(3, len(trials))
    return lay_out(figure, height, legend=False).update_layout(margin={"l": 150, "t": 130, "b": 16})


def draw_cells(grid: pl.DataFrame, trials: list[str], labels: list[str], theme: Theme) -> go.Heatmap:
    """The colored cells with their signs."""
    said = {(trial, label): state for trial, label, state in grid.select("trial", "label", "state").rows()}
    order = list(SIGNS)
    codes = [[order.index(said.get((trial, label), order[-1])) for label in labels] for trial in trials]
    return go.Heatmap(
        x=labels,
        y=trials,
        z=codes,
        text=[[SIGNS[order[code]] for code in line] for line in codes],
        texttemplate="%{text}",
        textfont={"color": theme.on_bright, "size": 12},
        colorscale=color_states(theme),
        zmin=-0.5,
        zmax=3.5,
        showscale=False,
        hoverinfo="skip",
        xgap=2,
        ygap=2,
    )


def color_states(theme: Theme) -> list[list[Any]]:
    """A color for each state, in steps."""
    colors = [theme.better, theme.worse, theme.status("late"), theme.veil(0.12)]
    return [[edge, color] for step, color in enumerate(colors) for edge in (step / 4, (step + 1) / 4)]


def plot_doses(doses: pl.DataFrame, titles: dict[bool, str], theme: Theme) -> go.Figure:
    """The published doses on logarithmic axes, cells and cells per kg apart; this study is marked.

    ``doses`` has trial, per_kg, low, high, own; ``titles`` the axis of each kind. Draws no rows as empty axes.
    """
    figure = make_subplots(rows=1, cols=2, subplot_titles=[titles[False], titles[True]], horizontal_spacing=0.2)
    longest = 0
    for column, per_kg in enumerate((False, True), start=1):
        own = doses.filter(pl.col("per_kg") == per_kg).sort("own", "low", descending=[True, False])
        longest = max(longest, own.height)
        for ours in (False, True):
            add_doses(figure, own.filter(pl.col("own") == ours), column, ours, theme)
        figure.update_yaxes(categoryorder="array", categoryarray=own["trial"].to_list()[::-1], row=1, col=column)
    figure.update_xaxes(type="log", exponentformat="power", dtick=1, title="cells (one step: ten times)")
    figure.update_xaxes(title="cells per kg (one step: ten times)", col=2)
    figure.update_yaxes(showgrid=False, tickfont={"size": 11})
    return lay_out(figure, 120 + 20 * max(4, longest), legend=False).update_layout(margin={"l": 150, "t": 36})


def add_doses(figure: go.Figure, rows: pl.DataFrame, column: int, ours: bool, theme: Theme) -> None:
    """A line from the lowest to the highest dose of each trial, with its ends."""
    color = theme.color(1) if ours else theme.color(0)
    x = [value for low, high in rows.select("low", "high").rows() for value in (low, high, None)]
    y = [name for trial in rows["trial"] for name in (trial, trial, None)]
    trace = go.Scatter(
        x=x,
        y=y,
        mode="lines+markers",
        line={"color": color, "width": 6 if ours else 3},
        marker={"color": color, "size": 11 if ours else 7, "symbol": "diamond" if ours else "circle"},
        hovertemplate="%{y}: %{x:.3g}<extra></extra>",
    )
    figure.add_trace(trace, row=1, col=column)


def plot_forest(rows: pl.DataFrame, pooled: dict[str, Any], title: str, theme: Theme) -> go.Figure:
    """The forest plot: a square a trial as large as its weight, the pooled effect as a diamond below.

    ``rows`` has trial, estimate, lower, upper, weight (percent); ``pooled`` label, estimate, lower, upper. Effects are
    ratios, on a logarithmic axis with 1 as no effect. Draws no rows as empty axes.
    """
    figure = go.Figure()
    names = [*rows["trial"], pooled["label"]] if rows.height else []
    place = {name: len(names) - row for row, name in enumerate(names)}
    if rows.height:
        figure.add_trace(draw_trials(rows, place, theme))
        low, middle, high, y = pooled["lower"], pooled["estimate"], pooled["upper"], place[pooled["label"]]
        diamond = go.Scatter(
            x=[low, middle, high, middle, low],
            y=[y, y + 0.32, y, y - 0.32, y],
            mode="lines",
            fill="toself",
            fillcolor=theme.color(1),
            line={"color": theme.color(1), "width": 1},
            hovertemplate=f"{pooled['label']}: {middle:.2f} ({low:.2f} to {high:.2f})<extra></extra>",
        )
        figure.add_trace(diamond)
    figure.add_vline(x=1, line={"color": theme.ink, "width": 1, "dash": "dash"})
    figure.update_xaxes(type="log", title=title, tickvals=[0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 100])
    figure.update_yaxes(tickvals=list(place.values()), ticktext=names, range=[0.3, len(names) + 0.7], showgrid=False)
    return lay_out(figure, 120 + 28 * max(3, len(names)), legend=False).update_layout(margin={"l": 190})


def draw_trials(rows: pl.DataFrame, place: dict[str, int], theme: Theme) -> go.Scatter:
    """The single trials with their limits."""
    return go.Scatter(
        x=numbers(rows["estimate"]),
        y=[place[name] for name in rows["trial"]],
        mode="markers",
        marker={
            "symbol": "square",
            "color": theme.color(0),
            "size": [6 + 1.1 * weight**0.75 for weight in rows["weight"]],
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (rows["upper"] - rows["estimate"]).to_list(),
            "arrayminus": (rows["estimate"] - rows["lower"]).to_list(),
            "color": theme.color(0),
            "thickness": 1.5,
            "width": 0,
        },
        customdata=rows.select("lower", "upper", "weight").rows(),
        hovertemplate="%{x:.2f} (%{customdata[0]:.2f} to %{customdata[1]:.2f}), %{customdata[2]:.1f} %<extra></extra>",
    )
