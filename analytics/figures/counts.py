"""Rows of counts aligned under a time axis: n at each visit, number at risk."""

import plotly.graph_objects as go
from plotly.subplots import make_subplots

ROW = 22  # height of one row of counts, in pixels
TITLE = 40
LINE = 14  # height of a second line
LEAST_GAP = 0.055
MANY = 100_000


def make_figure_with_counts(rows: int, height: int, lines: int = 1) -> go.Figure:
    """A figure of this height with space for rows of counts below, of so many lines each, sharing the x axis."""
    below = rows * (ROW + LINE * (lines - 1)) + TITLE
    shares = [height / (height + below), below / (height + below)]
    return make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=shares, vertical_spacing=0.12)


def thin(x: list[float], span: float) -> list[int]:
    """The places whose counts are printed: of two closer than 5.5 % of the axis only the first."""
    kept: list[int] = []
    for place, value in enumerate(x):
        if not kept or value - x[kept[-1]] >= LEAST_GAP * span:
            kept.append(place)
    return kept


def say_count(n: int) -> str:
    """A count that fits under its tick: in thousands from 100,000 on."""
    return str(n) if abs(n) < MANY else f"{n / 1_000:.0f}k"


def add_counts(figure: go.Figure, position: int, x: list[float], texts: list[str], color: str) -> None:
    """One row of counts, in the color of its group; ``position`` counts rows from the top.

    ``x`` rises. Counts that would overlap are left out: the table below the figure has all.
    """
    shown = thin(x, x[-1] - x[0] if x else 0.0)
    x, texts = [x[place] for place in shown], [texts[place] for place in shown]
    trace = go.Scatter(
        x=x,
        y=[-position] * len(x),
        text=texts,
        mode="text",
        textfont={"color": color, "size": 12},
        showlegend=False,
        hoverinfo="skip",
        cliponaxis=False,
    )
    figure.add_trace(trace, row=2, col=1)


def finish_counts(figure: go.Figure, names: list[str], title: str) -> go.Figure:
    """Put a title above the rows of counts, name the rows, and hide everything else of their axes."""
    figure.update_yaxes(
        tickvals=[1, *(-position for position in range(len(names)))],
        ticktext=[f"<b>{title}</b>", *map(shorten, names)],
        range=[-len(names) + 0.4, 1.6],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        row=2,
        col=1,
    )
    figure.update_xaxes(showgrid=False, zeroline=False, showticklabels=False, row=2, col=1)
    figure.update_xaxes(showticklabels=True, row=1, col=1)
    return figure


def shorten(name: str, most: int = 22) -> str:
    """A name that fits beside its row."""
    return name if len(name) <= most else f"{name[: most - 1]}…"
