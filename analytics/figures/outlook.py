"""What is expected or lies ahead: reference survival, extrapolation, prediction, calibration."""

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from analytics.figures.survival import Axis, add_limits
from analytics.figures.theme import Theme, dash, lay_out, numbers


def plot_expected(
    observed: pl.DataFrame, expected: pl.DataFrame, names: tuple[str, str], axis: Axis, theme: Theme
) -> go.Figure:
    """Observed survival with its limits beside that expected of the same patients, in percent."""
    figure = make_subplots(rows=1, cols=1)
    timed = observed.with_columns(time=pl.col("day") / axis.unit.days)
    add_limits(figure, timed.filter(pl.col("lower").is_not_null()), theme.faint(0, 0.16))
    figure.add_trace(draw(timed, names[0], theme.color(0), "solid", "hv"), row=1, col=1)
    reference = expected.with_columns(time=pl.col("day") / axis.unit.days)
    figure.add_trace(draw(reference, names[1], theme.color(1), "dash", "linear"), row=1, col=1)
    return finish(figure, axis, "event-free, %")


def draw(frame: pl.DataFrame, name: str, color: str, dashed: str, shape: str) -> go.Scatter:
    """One curve of survival in percent."""
    return go.Scatter(
        x=numbers(frame["time"]),
        y=numbers(100 * frame["survival"]),
        mode="lines",
        name=name,
        line={"color": color, "width": 2.5, "dash": dashed, "shape": shape},
        hovertemplate=f"{name}: %{{y:.1f}} %<extra></extra>",
    )


def finish(figure: go.Figure, axis: Axis, title: str) -> go.Figure:
    """Axes."""
    figure.update_yaxes(title=title, range=[-2, 102])
    ends = [axis.first / axis.unit.days, 1.01 * axis.last / axis.unit.days]
    figure.update_xaxes(title=f"{axis.unit.name} since {axis.origin}", tickvals=axis.ticks, range=ends)
    return lay_out(figure, 420)


def plot_extrapolation(
    observed: pl.DataFrame, curves: dict[str, pl.DataFrame], seen: float, axis: Axis, theme: Theme
) -> go.Figure:
    """Parametric curves over the Kaplan-Meier curve; what lies after day ``seen`` is shaded and named."""
    figure = make_subplots(rows=1, cols=1)
    timed = observed.with_columns(time=pl.col("day") / axis.unit.days)
    add_limits(figure, timed.filter(pl.col("lower").is_not_null()), theme.faint(0, 0.16))
    figure.add_trace(draw(timed, "observed (Kaplan-Meier)", theme.ink, "solid", "hv"), row=1, col=1)
    for index, (name, frame) in enumerate(curves.items()):
        line = draw(
            frame.with_columns(time=pl.col("day") / axis.unit.days), name, theme.color(index), dash(index), "linear"
        )
        figure.add_trace(line, row=1, col=1)
    figure.add_vrect(
        x0=seen / axis.unit.days,
        x1=axis.last / axis.unit.days,
        fillcolor=theme.neutral,
        opacity=0.12,
        line_width=0,
        annotation_text="EXTRAPOLATED",
        annotation_position="top right",
    )
    return finish(figure, axis, "event-free, %")


def plot_prediction(curve: pl.DataFrame, axis: Axis, theme: Theme) -> go.Figure:
    """One patient's predicted survival with the limits of the estimate."""
    figure = make_subplots(rows=1, cols=1)
    timed = curve.with_columns(time=pl.col("day") / axis.unit.days)
    add_limits(figure, timed.filter(pl.col("lower").is_not_null()), theme.faint(0, 0.16))
    figure.add_trace(draw(timed, "predicted", theme.color(0), "solid", "hv"), row=1, col=1)
    return finish(figure, axis, "event-free, %").update_layout(height=340, showlegend=False)


def plot_calibration(table: pl.DataFrame, theme: Theme) -> go.Figure:
    """Predicted against observed survival, a point a quarter of the rows; on the line they agree."""
    line = go.Scatter(
        x=[0, 100], y=[0, 100], mode="lines", line={"color": theme.neutral, "dash": "dot", "width": 1}, hoverinfo="skip"
    )
    points = go.Scatter(
        x=numbers(100 * table["predicted"]),
        y=numbers(100 * table["observed"]),
        mode="markers",
        marker={"color": theme.color(0), "size": 11},
        customdata=table.select("n", "events").rows(),
        hovertemplate="predicted %{x:.0f} %, observed %{y:.0f} %<br>%{customdata[0]} rows, %{customdata[1]} events"
        "<extra></extra>",
    )
    figure = go.Figure([line, points])
    figure.update_xaxes(title="predicted event-free, %", range=[-2, 102])
    figure.update_yaxes(title="observed event-free, %", range=[-2, 102])
    return lay_out(figure, 340, legend=False)
