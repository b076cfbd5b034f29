"""Survival curves with limits, censor marks and the number at risk under the axis."""

from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl

from analytics.figures.counts import add_counts, finish_counts, make_figure_with_counts
from analytics.figures.theme import Theme, TimeUnit, choose_time_unit, dash, lay_out, numbers

TICKS = 9


@dataclass(frozen=True)
class Curve:
    """A group's name and its Kaplan-Meier frame."""

    name: str
    frame: pl.DataFrame


def plot_survival(curves: list[Curve], title: str, origin: str, theme: Theme) -> go.Figure:
    """Survival of each group in percent, with log-log limits, censor marks and number at risk.

    ``origin`` names day 0. Draws no curve as empty axes.
    """
    drawn = [curve for curve in curves if not curve.frame.is_empty()]
    longest = max((curve.frame["day"][-1] for curve in drawn), default=0.0)
    unit = choose_time_unit(longest)
    ticks = choose_ticks(longest, unit)
    figure = make_figure_with_counts(max(1, len(drawn)), 430)
    for index, curve in enumerate(drawn):
        add_curve(figure, curve, index, unit, theme)
        add_counts(figure, index, ticks, read_at_risk(curve.frame, ticks, unit), theme.color(index))
    finish_counts(figure, [curve.name for curve in drawn], "number at risk")
    figure.update_yaxes(title=f"{title}, %", range=[-2, 102], row=1, col=1)
    end = longest / unit.days
    figure.update_xaxes(
        title=f"{unit.name} since {origin}", tickvals=ticks, range=[-0.03 * end, 1.02 * end], row=1, col=1
    )
    return lay_out(figure, 490 + 22 * max(1, len(drawn))).update_layout(margin_b=8)


def choose_ticks(longest: float, unit: TimeUnit) -> list[float]:
    """Round times on the axis, at which the numbers at risk stand."""
    span = longest / unit.days
    steps = (
        [step * 10.0**power for power in range(-1, 6) for step in (1, 2, 3, 6)]
        if unit.name == "Months"
        else [step * 10.0**power for power in range(-1, 6) for step in (1, 2, 5)]
    )
    step = next((step for step in sorted(steps) if span / step <= TICKS), 1.0)
    return [number * step for number in range(int(span / step + 1e-9) + 1)]


def read_at_risk(frame: pl.DataFrame, ticks: list[float], unit: TimeUnit) -> list[str]:
    """The number at risk at each tick: of the first time not before it, 0 beyond the last."""
    asked = pl.DataFrame({"day": [tick * unit.days for tick in ticks]}, schema={"day": pl.Float64})
    return (
        asked.join_asof(frame.select("day", "at_risk"), on="day", strategy="forward")["at_risk"]
        .fill_null(0)
        .cast(pl.String)
        .to_list()
    )


def add_curve(figure: go.Figure, curve: Curve, index: int, unit: TimeUnit, theme: Theme) -> None:
    """One group's limits, curve and censor marks."""
    frame = curve.frame.with_columns(time=pl.col("day") / unit.days, percent=100 * pl.col("survival"))
    add_limits(figure, frame.filter(pl.col("lower").is_not_null()), theme.faint(index, 0.16))
    line = go.Scatter(
        x=numbers(frame["time"]),
        y=numbers(frame["percent"]),
        mode="lines",
        name=curve.name,
        line={"color": theme.color(index), "width": 2.5, "shape": "hv", "dash": dash(index)},
        customdata=frame["at_risk"].to_numpy(),
        hovertemplate=f"{curve.name}: %{{y:.1f}} %, %{{customdata}} at risk<extra></extra>",
    )
    censored = frame.filter(pl.col("censored") > 0)
    marks = go.Scatter(
        x=numbers(censored["time"]),
        y=numbers(censored["percent"]),
        mode="markers",
        showlegend=False,
        marker={"symbol": "line-ns-open", "size": 8, "color": theme.color(index)},
        hoverinfo="skip",
    )
    figure.add_traces([line, marks], rows=1, cols=1)


def add_limits(figure: go.Figure, limits: pl.DataFrame, fill: str) -> None:
    """The area between the limits of one group."""
    shared = {"mode": "lines", "line": {"width": 0, "shape": "hv"}, "showlegend": False, "hoverinfo": "skip"}
    x = numbers(limits["time"])
    lower = go.Scatter(x=x, y=numbers(100 * limits["lower"]), **shared)
    upper = go.Scatter(x=x, y=numbers(100 * limits["upper"]), fill="tonexty", fillcolor=fill, **shared)
    figure.add_traces([lower, upper], rows=1, cols=1)
