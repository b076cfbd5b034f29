"""Figures of a Cox model: forest plot, effect over time, functional form."""

import plotly.graph_objects as go
import polars as pl

from analytics.figures.theme import Theme, lay_out, numbers

MANY = 200  # times: a wider axis has room for powers of ten only
POINTS = 1_500
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def plot_forest(rows: pl.DataFrame, title: str, theme: Theme) -> go.Figure:
    """Hazard ratios with their 95 % limits on a logarithmic axis: term, ratio, lower, upper, n; above first row first.

    Rows without a ratio are named and left empty.
    """
    known = rows.filter(pl.col("ratio").is_not_null())
    bounds = [value for value in [*known["lower"], *known["upper"]] if value and 1e-3 < value < 1e3]
    low, high = min([*bounds, 0.8]), max([*bounds, 1.25])
    figure = go.Figure(mark_ratios(known, low, high, theme))
    figure.add_vline(x=1, line={"color": theme.neutral, "width": 1, "dash": "dot"})
    marks = TICKS if high / low < MANY else TICKS[::3]
    ticks = [tick for tick in marks if low / 2 <= tick <= high * 2]
    figure.update_xaxes(title=title, type="log", tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks])
    names = rows["term"].to_list()[::-1]
    ends = [-0.6, rows.height - 0.4]
    figure.update_yaxes(categoryorder="array", categoryarray=names, range=ends, automargin=True)
    return lay_out(figure, 110 + 34 * max(2, rows.height), legend=False)


def mark_ratios(known: pl.DataFrame, low: float, high: float, theme: Theme) -> go.Scatter:
    """The ratios with their limits; a limit far beyond the others is cut so that the axis stays readable."""
    array = numbers(known["upper"].clip(upper_bound=high * 10) - known["ratio"])
    minus = numbers(known["ratio"] - known["lower"].clip(lower_bound=low / 10))
    error = {"type": "data", "symmetric": False, "array": array, "arrayminus": minus, "thickness": 2}
    return go.Scatter(
        x=numbers(known["ratio"]),
        y=known["term"].to_list(),
        mode="markers",
        marker={"color": theme.color(0), "size": 10, "symbol": "square"},
        error_x=error | {"color": theme.color(0)},
        text=[f"{lower:.2f} to {upper:.2f}" for lower, upper in known.select("lower", "upper").iter_rows()],
        hovertemplate="%{y}: %{x:.2f} (%{text})<extra></extra>",
        showlegend=False,
    )


def plot_effect(
    residuals: pl.DataFrame, smooth: pl.DataFrame, coefficient: float, title: str, theme: Theme
) -> go.Figure:
    """Scaled Schoenfeld residuals over time with their smooth: the coefficient as it changes.

    ``residuals`` and ``smooth`` have ``time`` (years) and ``value``; flat at ``coefficient`` means proportional.
    """
    figure = go.Figure(mark(residuals, "one event", theme))
    figure.add_trace(trace_smooth(smooth, theme))
    figure.add_hline(y=coefficient, line={"color": theme.neutral, "dash": "dot"}, annotation_text="fitted")
    figure.update_xaxes(title="years")
    figure.update_yaxes(title=f"log hazard ratio of {title}")
    return lay_out(figure, 380)


def plot_form(residuals: pl.DataFrame, smooth: pl.DataFrame, title: str, theme: Theme) -> go.Figure:
    """Martingale residuals without the covariate against it: ``time`` holds its value. Straight: linear."""
    figure = go.Figure(mark(residuals, "one patient", theme))
    figure.add_trace(trace_smooth(smooth, theme))
    figure.update_xaxes(title=title)
    figure.update_yaxes(title="events more than expected")
    return lay_out(figure, 380)


def mark(rows: pl.DataFrame, name: str, theme: Theme) -> go.Scatter:
    """The single points; of very many every second, third, … one."""
    rows = rows.gather_every(-(-rows.height // POINTS) or 1)
    return go.Scatter(
        x=numbers(rows["time"]),
        y=numbers(rows["value"]),
        mode="markers",
        name=name,
        marker={"color": theme.faint(0, 0.45), "size": 6},
        hovertemplate="%{x:.3g}: %{y:.3g}<extra></extra>",
    )


def trace_smooth(rows: pl.DataFrame, theme: Theme) -> go.Scatter:
    """The smooth line through them."""
    return go.Scatter(
        x=numbers(rows["time"]),
        y=numbers(rows["value"]),
        mode="lines",
        name="smooth",
        line={"color": theme.color(1), "width": 3},
        hoverinfo="skip",
    )
