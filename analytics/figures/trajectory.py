"""Courses of one parameter: individuals, and mean, median or quantile ribbons of each arm, n under each visit."""

from dataclasses import dataclass
from hashlib import md5
from typing import Any

import plotly.graph_objects as go
import polars as pl

from analytics.figures.counts import add_counts, finish_counts, make_figure_with_counts, say_count
from analytics.figures.theme import Theme, dash, lay_out, numbers, part_with_gaps, symbol

MOST_COURSES = 150  # drawn where there are more than 300 subjects
MANY = 300
LEAST = 3  # a line through the mean of one or two would be read as a course of the arm
MOST_MARKERS = 2_000  # of all courses of a figure; beyond, only their lines are drawn
MEAN, MEDIAN, RIBBONS = "Mean, 95 % CI", "Median, quartiles", "Quantile ribbons"
CENTERS = (MEAN, MEDIAN, RIBBONS)


@dataclass(frozen=True)
class Axes:
    """Titles of the axes, and the visits where x is a visit number (empty where x is a time)."""

    x_title: str
    y_title: str
    visits: tuple[str, ...] = ()
    zero_line: bool = False
    center: str = MEAN


def select_drawn(courses: pl.DataFrame) -> pl.DataFrame:
    """The courses that are drawn: all, or of more than 300 subjects 150 that do not depend on what is shown."""
    subjects = courses["usubjid"].unique().sort()
    if subjects.len() <= MANY:
        return courses
    # By the MD5 of the identifier: another filter draws the same of those who pass it.
    drawn = sorted(subjects, key=lambda usubjid: md5(usubjid.encode(), usedforsecurity=False).digest())[:MOST_COURSES]
    return courses.filter(pl.col("usubjid").is_in(drawn))


def plot_trajectories(
    courses: pl.DataFrame,
    summary: pl.DataFrame,
    axes: Axes,
    theme: Theme,
    individuals: bool = True,
    chosen: str = "",
) -> go.Figure:
    """Individual courses and the middle of each arm over visits or time, n (and how many have no value) below.

    ``courses`` has usubjid, arm, x, y and perhaps ``beyond`` (drawn larger); ``summary`` is that of
    ``summarize_courses``, perhaps with ``lost``. An interval is drawn where it is given. The course of the
    ``chosen`` subject lies on top. Draws an empty frame as empty axes.
    """
    arms = pl.concat([courses["arm"], summary["arm"]]).unique().sort().to_list()
    lines = 2 if "lost" in summary.columns and summary["lost"].sum() else 1
    figure = make_figure_with_counts(max(1, len(arms)), 430, lines)
    drawn = select_drawn(courses)
    mode = "lines+markers" if drawn.height <= MOST_MARKERS else "lines"
    for index, arm in enumerate(arms):
        group = summary.filter(pl.col("arm") == arm).sort("x")
        middle = group.filter(pl.col("n") >= LEAST)
        if axes.center == RIBBONS:
            add_ribbons(figure, middle, index, theme)
        if individuals:
            add_courses(figure, drawn.filter(pl.col("arm") == arm), index, mode, theme)
        add_middle(figure, middle, arm, axes.center, index, theme)
        add_counts(figure, index, group["x"].to_list(), describe_counts(group), theme.color(index))
    add_chosen(figure, courses.filter(pl.col("usubjid") == chosen), chosen, theme)
    finish_axes(figure, arms, axes, theme, "lost" in summary.columns)
    return lay_out(figure, 490 + (8 + 14 * lines) * max(1, len(arms))).update_layout(margin_b=8)


def describe_counts(group: pl.DataFrame) -> list[str]:
    """How many have a value, and below it how many with a baseline have none."""
    if "lost" not in group.columns:
        return [say_count(n) for n in group["n"]]
    rows = group.select("n", "lost").rows()
    return [f"{say_count(n)}<br>−{say_count(lost)}" if lost else say_count(n) for n, lost in rows]


def finish_axes(figure: go.Figure, arms: list[str], axes: Axes, theme: Theme, lost: bool) -> None:
    """Titles, ticks, and the line of no change."""
    if axes.zero_line:
        figure.add_hline(y=0, line={"color": theme.neutral, "width": 1, "dash": "dot"}, row=1, col=1)
    finish_counts(figure, arms, "n at the visit, −without" if lost else "n at the visit")
    figure.update_yaxes(title=axes.y_title, row=1, col=1)
    figure.update_xaxes(title=axes.x_title, row=1, col=1)
    if axes.visits:
        span = {
            "tickvals": list(range(len(axes.visits))),
            "ticktext": list(axes.visits),
            "range": [-0.4, len(axes.visits) - 0.6],
        }
        figure.update_xaxes(**span, row=1, col=1)


def add_courses(figure: go.Figure, courses: pl.DataFrame, index: int, mode: str, theme: Theme) -> None:
    """All courses of one arm as one trace, parted by gaps."""
    if courses.is_empty():
        return
    parted = part_with_gaps(courses.sort("usubjid", "x"), "usubjid")
    marker: dict[str, Any] = {"color": theme.faint(index, 0.55), "size": 5, "symbol": symbol(index)}
    if "beyond" in parted.columns and mode != "lines":
        beyond = parted["beyond"].fill_null(False).to_list()
        marker["color"] = [theme.color(index) if far else theme.faint(index, 0.45) for far in beyond]
        marker["size"] = [8 if far else 5 for far in beyond]
    trace = go.Scatter(
        x=numbers(parted["x"]),
        y=numbers(parted["y"]),
        mode=mode,
        connectgaps=False,
        showlegend=False,
        line={"color": theme.faint(index, 0.28), "width": 1},
        marker=marker,
        customdata=parted["usubjid"].to_numpy(),
        hovertemplate="%{customdata}: %{y:.4g}<extra></extra>",
    )
    figure.add_trace(trace, row=1, col=1)


def add_chosen(figure: go.Figure, course: pl.DataFrame, chosen: str, theme: Theme) -> None:
    """The course of one subject above all others, with its name."""
    if course.is_empty():
        return
    own = course.sort("x")
    trace = go.Scatter(
        x=numbers(own["x"]),
        y=numbers(own["y"]),
        name=chosen,
        mode="lines+markers",
        line={"color": theme.ink, "width": 2},
        marker={"color": theme.ink, "size": 7},
        customdata=own["usubjid"].to_numpy(),
        hovertemplate="%{customdata}: %{y:.4g}<extra></extra>",
    )
    figure.add_trace(trace, row=1, col=1)


def add_ribbons(figure: go.Figure, group: pl.DataFrame, index: int, theme: Theme) -> None:
    """Where 90 % and 50 % of the patients of one arm lie."""
    for low, high, alpha in (("p5", "p95", 0.12), ("q1", "q3", 0.25)):
        x = pl.concat([group["x"], group["x"].reverse()])
        y = pl.concat([group[low], group[high].reverse()])
        shade = {"fill": "toself", "fillcolor": theme.faint(index, alpha), "line": {"width": 0}}
        trace = go.Scatter(x=numbers(x), y=numbers(y), mode="lines", hoverinfo="skip", showlegend=False, **shade)
        figure.add_trace(trace, row=1, col=1)


def add_middle(figure: go.Figure, group: pl.DataFrame, arm: str, center: str, index: int, theme: Theme) -> None:
    """The mean of one arm with its 95 % interval, or the median with the quartiles."""
    column, low, high, word = ("mean", "lower", "upper", "mean") if center == MEAN else ("median", "q1", "q3", "median")
    error = {
        "type": "data",
        "symmetric": False,
        "array": numbers(group[high] - group[column]),
        "arrayminus": numbers(group[column] - group[low]),
        "thickness": 1.5,
        "width": 5,
        "color": theme.color(index),
        "visible": center != RIBBONS,
    }
    trace = go.Scatter(
        x=numbers(group["x"]),
        y=numbers(group[column]),
        error_y=error,
        name=f"{arm}, {word}",
        mode="lines+markers",
        line={"color": theme.color(index), "width": 3, "dash": dash(index)},
        marker={"color": theme.color(index), "size": 9, "symbol": symbol(index)},
        text=group["n"].cast(pl.String).to_list(),
        hovertemplate=arm + f": {word} " + "%{y:.4g}, n = %{text}<extra></extra>",
    )
    figure.add_trace(trace, row=1, col=1)
