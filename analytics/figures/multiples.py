"""Small multiples: the middle of each arm of several parameters, one small figure each."""

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from analytics.figures.theme import Theme, dash, lay_out, numbers, symbol

COLUMNS = 2
LEAST = 3
HEIGHT = 270


def plot_multiples(
    summaries: dict[str, pl.DataFrame], x_title: str, visits: tuple[str, ...], theme: Theme
) -> go.Figure:
    """Means with 95 % intervals by title of the parameter; ``visits`` name x where it counts them.

    Each summary has arm, x, n, mean, lower, upper. Means of fewer than 3 are left out.
    """
    columns = min(COLUMNS, max(1, len(summaries)))
    rows = -(-len(summaries) // columns) or 1
    spacing = {"vertical_spacing": 0.42 / rows, "horizontal_spacing": 0.08}
    figure = make_subplots(rows=rows, cols=columns, subplot_titles=list(summaries), **spacing)
    arms = sorted({arm for summary in summaries.values() for arm in summary["arm"]})
    for place, summary in enumerate(summaries.values()):
        row, column = divmod(place, columns)
        for index, arm in enumerate(arms):
            own = summary.filter(pl.col("arm") == arm, pl.col("n") >= LEAST).sort("x")
            figure.add_trace(draw_mean(own, arm, index, place == 0, theme), row=row + 1, col=column + 1)
        if visits:
            names = {"tickvals": list(range(len(visits))), "ticktext": list(visits), "tickangle": -35}
            figure.update_xaxes(**names, row=row + 1, col=column + 1)
        else:
            figure.update_xaxes(title=x_title, row=row + 1, col=column + 1)
    figure.update_annotations(font_size=13)
    return lay_out(figure, 80 + HEIGHT * rows).update_layout(
        margin_t=84, legend={"y": 1, "yref": "container", "yanchor": "top"}
    )


def draw_mean(own: pl.DataFrame, arm: str, index: int, first: bool, theme: Theme) -> go.Scatter:
    """The means of one arm in one small figure."""
    half = numbers(own["upper"] - own["mean"])
    return go.Scatter(
        x=numbers(own["x"]),
        y=numbers(own["mean"]),
        error_y={"type": "data", "array": half, "thickness": 1, "width": 3, "color": theme.color(index)},
        name=arm,
        legendgroup=arm,
        showlegend=first,
        mode="lines+markers",
        line={"color": theme.color(index), "width": 2, "dash": dash(index)},
        marker={"color": theme.color(index), "size": 6, "symbol": symbol(index)},
        text=own["n"].cast(pl.String).to_list(),
        hovertemplate=arm + ": %{y:.4g}, n = %{text}<extra></extra>",
    )
