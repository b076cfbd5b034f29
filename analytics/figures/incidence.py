"""Cumulative incidence: one cause by group, all causes stacked, recurrent events."""

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from analytics.figures.survival import Axis, add_limits
from analytics.figures.theme import Theme, dash, lay_out, numbers


def plot_incidence(
    curves: dict[str, pl.DataFrame], naive: dict[str, pl.DataFrame], title: str, axis: Axis, theme: Theme
) -> go.Figure:
    """The cumulative incidence of one cause by group, in percent, with limits.

    ``curves`` have day, incidence, lower, upper; ``naive`` (day, incidence; may be empty) is drawn dotted
    and gray as what 1 - Kaplan-Meier would wrongly say.
    """
    figure = make_subplots(rows=1, cols=1)
    for index, (name, frame) in enumerate(curves.items()):
        timed = frame.with_columns(time=pl.col("day") / axis.unit.days, percent=100 * pl.col("incidence"))
        add_limits(figure, timed.filter(pl.col("lower").is_not_null()), theme.faint(index, 0.16))
        figure.add_trace(draw(timed, name, theme.color(index), dash(index)), row=1, col=1)
        if name in naive:
            wrong = naive[name].with_columns(time=pl.col("day") / axis.unit.days, percent=100 * pl.col("incidence"))
            label = f"1 − Kaplan-Meier, {name}: overstates"
            figure.add_trace(draw(wrong, label, theme.neutral, "dot", 1.5), row=1, col=1)
    figure.update_yaxes(title=f"{title}, %", rangemode="tozero")
    figure.update_xaxes(title=f"{axis.unit.name} since {axis.origin}", tickvals=axis.ticks)
    return lay_out(figure, 420)


def draw(frame: pl.DataFrame, name: str, color: str, dashed: str, width: float = 2.5) -> go.Scatter:
    """One step curve."""
    return go.Scatter(
        x=numbers(frame["time"]),
        y=numbers(frame["percent"]),
        mode="lines",
        name=name,
        line={"color": color, "width": width, "shape": "hv", "dash": dashed},
        hovertemplate=f"{name}: %{{y:.1f}} %<extra></extra>",
    )


def plot_stacked(tables: dict[str, pl.DataFrame], axis: Axis, theme: Theme) -> go.Figure:
    """All causes on top of each other, one panel a group: what became of everybody, in percent.

    Each table has cause, day, incidence. What is left on top is event-free.
    """
    count = max(1, len(tables))
    figure = make_subplots(rows=1, cols=count, shared_yaxes=True, subplot_titles=list(tables), horizontal_spacing=0.03)
    causes = sorted({cause for table in tables.values() for cause in table["cause"]})
    for place, table in enumerate(tables.values()):
        for cause in causes:
            own = table.filter(pl.col("cause") == cause)
            trace = go.Scatter(
                x=numbers(own["day"] / axis.unit.days),
                y=numbers(100 * own["incidence"]),
                name=cause.replace("_", " "),
                legendgroup=cause,
                showlegend=place == 0,
                mode="lines",
                line={"width": 1, "color": theme.event(cause), "shape": "hv"},
                stackgroup="all",
                hovertemplate=f"{cause.replace('_', ' ')}: %{{y:.1f}} %<extra></extra>",
            )
            figure.add_trace(trace, row=1, col=place + 1)
        figure.update_xaxes(title=axis.unit.name, tickvals=axis.ticks, row=1, col=place + 1)
    figure.update_yaxes(range=[0, 100])
    figure.update_yaxes(title="patients, %", row=1, col=1)
    figure.update_annotations(font_size=13)
    return lay_out(figure, 380).update_layout(margin_t=76, legend={"y": 1, "yref": "container", "yanchor": "top"})


def plot_mean_count(curves: dict[str, pl.DataFrame], title: str, axis: Axis, theme: Theme) -> go.Figure:
    """The mean number of recurrent events a patient, by group; each frame has day, mean_count, lower, upper."""
    figure = make_subplots(rows=1, cols=1)
    for index, (name, frame) in enumerate(curves.items()):
        timed = frame.with_columns(
            pl.col("lower", "upper") / 100, time=pl.col("day") / axis.unit.days, percent=pl.col("mean_count")
        )
        add_limits(figure, timed.filter(pl.col("lower").is_not_null()), theme.faint(index, 0.16))
        trace = draw(timed, name, theme.color(index), dash(index))
        figure.add_trace(trace.update(hovertemplate=f"{name}: %{{y:.2f}} a patient<extra></extra>"), row=1, col=1)
    figure.update_yaxes(title=f"{title}, mean number a patient", rangemode="tozero")
    figure.update_xaxes(title=f"{axis.unit.name} since {axis.origin}", tickvals=axis.ticks)
    return lay_out(figure, 400)
