"""Courses of one parameter: individuals, and the mean of each arm with its interval."""

from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl

from analytics.figures.counts import add_counts, finish_counts, make_figure_with_counts
from analytics.figures.theme import Theme, dash, lay_out, numbers, part_with_gaps, symbol

MOST_COURSES = 150  # drawn where there are more than 300 subjects
MANY = 300
LEAST = 3  # a line through the mean of one or two would be read as a course of the arm
MOST_MARKERS = 1_500


@dataclass(frozen=True)
class Axes:
    """Titles of the axes, and the visits where x is a visit number (empty where x is a time)."""

    x_title: str
    y_title: str
    visits: tuple[str, ...] = ()
    zero_line: bool = False


def select_drawn(courses: pl.DataFrame) -> pl.DataFrame:
    """The courses that are drawn: all, or every k-th subject where there are more than 300."""
    subjects = courses["usubjid"].unique().sort()
    if subjects.len() <= MANY:
        return courses
    return courses.filter(pl.col("usubjid").is_in(subjects.gather_every(-(-subjects.len() // MOST_COURSES)).to_list()))


def plot_trajectories(
    courses: pl.DataFrame, summary: pl.DataFrame, axes: Axes, theme: Theme, individuals: bool = True
) -> go.Figure:
    """Individual courses and arm means over visits or time, n under each visit.

    ``courses`` has usubjid, arm, x, y; ``summary`` arm, x, n, mean, lower, upper. An interval is
    drawn where it is given. Draws an empty frame as empty axes.
    """
    arms = pl.concat([courses["arm"], summary["arm"]]).unique().sort().to_list()
    figure = make_figure_with_counts(max(1, len(arms)), 430)
    for index, arm in enumerate(arms):
        if individuals:
            add_courses(figure, select_drawn(courses).filter(pl.col("arm") == arm), index, theme)
        group = summary.filter(pl.col("arm") == arm).sort("x")
        add_mean(figure, group.filter(pl.col("n") >= LEAST), arm, index, theme)
        add_counts(figure, index, group["x"].to_list(), [str(n) for n in group["n"]], theme.color(index))
    if axes.zero_line:
        figure.add_hline(y=0, line={"color": theme.neutral, "width": 1, "dash": "dot"}, row=1, col=1)
    finish_counts(figure, arms, "n at the visit")
    figure.update_yaxes(title=axes.y_title, row=1, col=1)
    figure.update_xaxes(title=axes.x_title, row=1, col=1)
    if axes.visits:
        span = {
            "tickvals": list(range(len(axes.visits))),
            "ticktext": list(axes.visits),
            "range": [-0.4, len(axes.visits) - 0.6],
        }
        figure.update_xaxes(**span, row=1, col=1)
    return lay_out(figure, 490 + 22 * max(1, len(arms))).update_layout(margin_b=8)


def add_courses(figure: go.Figure, courses: pl.DataFrame, index: int, theme: Theme) -> None:
    """All courses of one arm as one trace, parted by gaps."""
    if courses.is_empty():
        return
    parted = part_with_gaps(courses.sort("usubjid", "x"), "usubjid")
    mode = "lines+markers" if parted.height <= MOST_MARKERS else "lines"
    trace = go.Scatter(
        x=numbers(parted["x"]),
        y=numbers(parted["y"]),
        mode=mode,
        connectgaps=False,
        showlegend=False,
        line={"color": theme.faint(index, 0.28), "width": 1},
        marker={"color": theme.faint(index, 0.55), "size": 5, "symbol": symbol(index)},
        customdata=parted["usubjid"].to_numpy(),
        hovertemplate="%{customdata}: %{y:.4g}<extra></extra>",
    )
    figure.add_trace(trace, row=1, col=1)


def add_mean(figure: go.Figure, group: pl.DataFrame, arm: str, index: int, theme: Theme) -> None:
    """The mean of one arm with its 95 % interval."""
    up = group["upper"] - group["mean"]
    error = {"type": "data", "array": numbers(up), "thickness": 1.5, "width": 5, "color": theme.color(index)}
    trace = go.Scatter(
        x=numbers(group["x"]),
        y=numbers(group["mean"]),
        error_y=error,
        name=f"{arm}, mean",
        mode="lines+markers",
        line={"color": theme.color(index), "width": 3, "dash": dash(index)},
        marker={"color": theme.color(index), "size": 9, "symbol": symbol(index)},
        customdata=group["n"].to_numpy(),
        hovertemplate=arm + ": mean %{y:.4g}, n = %{customdata}<extra></extra>",
    )
    figure.add_trace(trace, row=1, col=1)
