"""Two quantities against each other, and the map of how changes go together."""

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import polars as pl

from analytics.figures.theme import Theme, lay_out, numbers, symbol

MOST_POINTS = 800
MINUS_PLUS = (("#D55E00", "#F3F0E3", "#0072B2"), ("#FF9A5C", "#2A2D34", "#56B4E9"))


@dataclass(frozen=True)
class Titles:
    """Titles of both axes, and whether lines at 0 part the field."""

    x: str
    y: str
    cross: bool = False


def plot_pairs(pairs: pl.DataFrame, titles: Titles, theme: Theme) -> go.Figure:
    """One point a patient: usubjid, arm, x, y. Of more than 800 an evenly spaced sample is drawn."""
    drawn = pairs.gather_every(-(-max(1, pairs.height) // MOST_POINTS))
    figure = go.Figure()
    for index, arm in enumerate(drawn["arm"].unique().sort().to_list()):
        own = drawn.filter(pl.col("arm") == arm)
        figure.add_trace(
            go.Scatter(
                x=numbers(own["x"]),
                y=numbers(own["y"]),
                name=arm,
                mode="markers",
                marker={"color": theme.faint(index, 0.8), "size": 9, "symbol": symbol(index)},
                customdata=own.select("usubjid").rows(),
                hovertemplate="%{customdata[0]}: %{x:.4g}, %{y:.4g}<extra></extra>",
            )
        )
    if titles.cross:
        line = {"color": theme.neutral, "width": 1, "dash": "dot"}
        figure.add_hline(y=0, line=line)
        figure.add_vline(x=0, line=line)
    figure.update_xaxes(title=titles.x, zeroline=False)
    figure.update_yaxes(title=titles.y, zeroline=False)
    return lay_out(figure, 400)


def plot_correlations(table: pl.DataFrame, labels: dict[str, str], theme: Theme) -> go.Figure:
    """Spearman's coefficient of every pair: first, second, n, spearman; ``labels`` give order and names."""
    codes = list(labels)
    known = {frozenset((row["first"], row["second"])): row for row in table.iter_rows(named=True)}
    cells = [
        [known.get(frozenset((one, two))) if place <= line else None for place, two in enumerate(codes[:-1])]
        for line, one in enumerate(codes[1:])
    ]
    heat = go.Heatmap(
        z=[[cell and cell["spearman"] for cell in row] for row in cells],
        text=[[describe_cell(cell) for cell in row] for row in cells],
        x=[labels[code] for code in codes[:-1]],
        y=[labels[code] for code in codes[1:]],
        texttemplate="%{text}",
        textfont={"color": theme.ink, "size": 11},
        colorscale=[[place, color] for place, color in zip((0, 0.5, 1), MINUS_PLUS[theme.dark], strict=True)],
        colorbar={"title": "Spearman's ρ", "thickness": 12},
        hovertemplate="%{y} with %{x}: %{text}<extra></extra>",
    )
    figure = go.Figure(heat).update_traces(zmin=-1, zmax=1, xgap=2, ygap=2)
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(automargin=True)
    return lay_out(figure, max(260, 120 + 44 * len(codes)), legend=False)


def describe_cell(cell: dict[str, Any] | None) -> str:
    """The coefficient and the number of pairs; empty where there is none."""
    return f"{cell['spearman']:+.2f}<br>n {cell['n']}" if cell and cell["spearman"] is not None else ""
