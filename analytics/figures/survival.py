"""Survival curves with limits, censor marks, a faded tail, and the counts of KMunicate aligned under the axis.

Source of the rows: Morris TP et al. BMJ Open 2019;9:e030215 (at risk, censored, events).
"""

from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl

from analytics.figures.counts import ROW, TITLE, add_counts, finish_counts, make_figure_with_counts, say_count, thin
from analytics.figures.theme import Theme, TimeUnit, choose_time_unit, cover_cells, dash, lay_out, numbers

TICKS = 9
STEPS = 400  # clickable steps and ticks of censoring of a curve: more are thinned out
FADED = 0.1  # of those who started: where fewer are left the curve is drawn faintly
ROWS = {"at_risk": "at risk", "censored": "censored", "events": "events"}
HEIGHT = 400


@dataclass(frozen=True)
class Curve:
    """A group's name, its Kaplan-Meier frame, and at the ticks its counts: day, at_risk, events, censored."""

    name: str
    frame: pl.DataFrame
    counts: pl.DataFrame


@dataclass(frozen=True)
class Axis:
    """The time axis: unit, ticks in that unit, first and last day, and what day 0 is."""

    unit: TimeUnit
    ticks: list[float]
    first: float
    last: float
    origin: str

    @property
    def days(self) -> list[float]:
        """The ticks in days."""
        return [tick * self.unit.days for tick in self.ticks]


def make_axis(longest: float, origin: str, first: float = 0.0) -> Axis:
    """The axis of curves that end at ``longest`` days, with round ticks."""
    unit = choose_time_unit(longest)
    span = (longest - first) / unit.days
    steps = (
        [step * 10.0**power for power in range(-1, 6) for step in (1, 2, 3, 6)]
        if unit.name == "Months"
        else [step * 10.0**power for power in range(-1, 6) for step in (1, 2, 5)]
    )
    step = next((step for step in sorted(steps) if span / step <= TICKS), 1.0)
    start = -(-first / unit.days // step)
    return Axis(unit, [(start + place) * step for place in range(int(span / step + 1e-9) + 1)], first, longest, origin)


def plot_survival(curves: list[Curve], title: str, axis: Axis, rows: tuple[str, ...], theme: Theme) -> go.Figure:
    """Survival of each group in percent, with limits, censor marks and the ``rows`` of counts (keys of ROWS).

    Clicks answer "group|day" on a step and "group|row|day" on a count. Draws no curve as empty axes.
    """
    drawn = [curve for curve in curves if not curve.frame.is_empty()]
    lines = max(1, len(drawn) * len(rows))
    figure = make_figure_with_counts(lines, HEIGHT)
    names = []
    for index, curve in enumerate(drawn):
        add_curve(figure, curve, index, axis.unit, theme)
        for row in rows:
            texts = list(map(say_count, curve.counts[row]))
            add_counts(figure, len(names), axis.ticks[: len(texts)], texts, theme.color(index))
            add_cover(figure, curve, row, len(names), axis)
            names.append(curve.name if row == "at_risk" else ROWS[row])
    finish_counts(figure, names, "number at risk")
    figure.update_yaxes(title=f"{title}, %", range=[-2, 102], row=1, col=1)
    return finish_axis(figure, axis, HEIGHT + lines * ROW + TITLE + 60)


def finish_axis(figure: go.Figure, axis: Axis, height: int) -> go.Figure:
    """Title, ticks and range of the time axis of a figure with counts."""
    begin, end = axis.first / axis.unit.days, axis.last / axis.unit.days
    margin = 0.02 * max(end - begin, 1e-9)
    figure.update_xaxes(
        title=f"{axis.unit.name} since {axis.origin}",
        tickvals=axis.ticks,
        range=[begin - 1.5 * margin, end + margin],
        row=1,
        col=1,
    )
    return lay_out(figure, height).update_layout(margin_b=8)


def add_cover(figure: go.Figure, curve: Curve, row: str, position: int, axis: Axis) -> None:
    """Invisible marks over one row of counts, so that a count can be clicked."""
    shown = thin(axis.ticks, axis.ticks[-1] - axis.ticks[0])
    data = [[f"{curve.name}|{row}|{axis.days[place]:g}"] for place in shown]
    cover = cover_cells(
        [axis.ticks[place] for place in shown],
        [-position] * len(shown),
        data,
        f"{curve.name}, {ROWS[row]}: click to list",
    )
    figure.add_trace(cover, row=2, col=1)


def add_curve(figure: go.Figure, curve: Curve, index: int, unit: TimeUnit, theme: Theme) -> None:
    """One group's limits, curve, faded tail, censor marks and clickable steps."""
    frame = curve.frame.with_columns(time=pl.col("day") / unit.days, percent=100 * pl.col("survival"))
    add_limits(figure, frame.filter(pl.col("lower").is_not_null()), theme.faint(index, 0.16))
    most = int(str(frame["at_risk"].max()))
    few = frame.filter(pl.col("at_risk") < FADED * most)["day"]
    # Before anybody entered there are few as well: only the tail is faded.
    start = few.filter(few > frame.filter(pl.col("at_risk") == most)["day"][0])
    fades = start[0] if start.len() else float("inf")
    head = frame.filter(pl.col("day") <= fades)
    tail = frame.filter(pl.col("day") >= fades)
    for part, color, name in ((head, theme.color(index), curve.name), (tail, theme.faint(index, 0.4), None)):
        line = {"color": color, "width": 2.5, "shape": "hv", "dash": dash(index)}
        shown = {"name": name or curve.name, "showlegend": name is not None, "hoverinfo": "skip"}
        x, y = numbers(part["time"]), numbers(part["percent"])
        figure.add_trace(go.Scatter(x=x, y=y, mode="lines", line=line, **shown), row=1, col=1)
    figure.add_traces([mark_censored(frame, index, theme), mark_steps(frame, curve.name)], rows=1, cols=1)


def mark_censored(frame: pl.DataFrame, index: int, theme: Theme) -> go.Scatter:
    """A tick on the curve where somebody was censored; at most 400 of them."""
    times = frame.filter(pl.col("censored") > 0)
    censored = times.gather_every(-(-times.height // STEPS) or 1)
    return go.Scatter(
        x=numbers(censored["time"]),
        y=numbers(censored["percent"]),
        mode="markers",
        showlegend=False,
        marker={"symbol": "line-ns-open", "size": 8, "color": theme.color(index)},
        hoverinfo="skip",
    )


def mark_steps(frame: pl.DataFrame, name: str) -> go.Scatter:
    """Invisible marks at the steps: hover says the number, a click lists who had the event then."""
    steps = frame.filter(pl.col("events") > 0)
    kept = steps.gather_every(-(-steps.height // STEPS) or 1)
    data = kept.select(
        pl.format("{}|{}", pl.lit(name), pl.col("day")), "at_risk", "events", pl.col("day").round().cast(pl.Int64)
    )
    return go.Scatter(
        x=numbers(kept["time"]),
        y=numbers(kept["percent"]),
        mode="markers",
        showlegend=False,
        marker={"size": 12, "color": "rgba(0,0,0,0)"},
        customdata=data.rows(),
        hovertemplate=f"{name}: %{{y:.1f}} %<br>day %{{customdata[3]}}: %{{customdata[2]}} of "
        "%{customdata[1]} at risk had the event<extra></extra>",
    )


def add_limits(figure: go.Figure, limits: pl.DataFrame, fill: str) -> None:
    """The area between the limits of one group; ``limits`` has time, lower and upper."""
    shared = {"mode": "lines", "line": {"width": 0, "shape": "hv"}, "showlegend": False, "hoverinfo": "skip"}
    x = numbers(limits["time"])
    lower = go.Scatter(x=x, y=numbers(100 * limits["lower"]), **shared)
    upper = go.Scatter(x=x, y=numbers(100 * limits["upper"]), fill="tonexty", fillcolor=fill, **shared)
    figure.add_traces([lower, upper], rows=1, cols=1)
