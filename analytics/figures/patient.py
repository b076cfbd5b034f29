"""One patient: a timeline and strips on one time axis, with what happened as lines through all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from analytics.catalog import Parameter
from analytics.figures.strip import RANGE, Strip
from analytics.figures.theme import Theme, choose_time_unit, lay_out, numbers
from analytics.figures.timeline import LANE, add_timeline, list_lanes

STRIP, GAP, PART, HEAD, FOOT = 92, 26, 17, 64, 52  # heights in pixels
SPLIT = [0.8, 0.2]
CLOSEST = 0.035  # of the axis: between two numbers of components
NO_RIBBON = dict.fromkeys(("q1", "q3"), pl.Float64)


@dataclass(frozen=True)
class Axis:
    """The time axis: what day 0 is, and the study's visits in order, for values without a day."""

    origin: str
    visits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Behind:
    """What stands around the values: the timeline, the cohort, the slope before day 0, components, what is selected.

    ``timeline`` comes from ``derive_timeline``; ``ribbons`` (paramcd, day, p5, q1, median, q3, p95) and
    ``slopes`` (paramcd, first, slope, intercept) from ``ribbons.py``; ``components`` maps a score to its
    parts (day, part, value); ``latest`` maps a parameter to what is written beside its strip; ``day`` is the
    selected one; ``by`` is what colors the markers; ``extent`` are the days that the axis must hold,
    ``scales`` the values that a strip must hold, ``strip`` is the height of one in pixels.
    """

    timeline: pl.DataFrame | None = None
    ribbons: pl.DataFrame | None = None
    slopes: pl.DataFrame | None = None
    components: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    latest: Mapping[str, str] = field(default_factory=dict)
    day: int | None = None
    by: str = RANGE
    extent: tuple[int, int] | None = None
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    strip: int = STRIP
    legend: bool = True


@dataclass(frozen=True)
class Layout:
    """Which rows and columns the figure has: the timeline, a row a strip, one a score with components."""

    dated: bool
    visits: tuple[str, ...]
    lanes: int
    heights: tuple[int, ...]

    @property
    def columns(self) -> int:
        """How many columns the strips have."""
        return max(1, int(self.dated) + bool(self.visits))

    @property
    def height(self) -> int:
        """The height of the figure."""
        return HEAD + FOOT + sum(self.heights) + GAP * (len(self.heights) - 1)


def plot_patient(
    points: pl.DataFrame, parameters: list[Parameter], behind: Behind, axis: Axis, theme: Theme
) -> go.Figure:
    """A strip a parameter under a timeline; values without a day in a column of their own, by visit.

    ``points`` has of one patient paramcd, avisit, day, aval, low, high, standing, grade, limit, side, key, hover.
    """
    shown = points.filter(pl.col("paramcd").is_in([item.paramcd for item in parameters]))
    layout = arrange(shown, parameters, behind, axis)
    figure = make_rows(layout)
    first, last = find_extent(shown, behind)
    unit = choose_time_unit(float(last))
    if layout.lanes and behind.timeline is not None:
        add_timeline(figure, behind.timeline, unit.days, theme)
    drawn = Drawn(figure, shown, layout, behind, (first, last), unit.days)
    shapes, words = draw_strips(drawn, parameters, theme)
    finish_axes(figure, layout, axis, (first / unit.days, last / unit.days), unit.name)
    lay_out(figure, layout.height, legend=behind.legend and layout.lanes > 0)
    lines = draw_lines(behind, unit.days, theme) if layout.dated else []
    return figure.update_layout(
        shapes=[*shapes, *lines],  # all at once: one after the other each is checked against all that are there
        annotations=words,
        barmode="overlay",
        margin={"t": HEAD, "b": FOOT, "r": 96 if behind.latest else 16, "l": 96 if layout.lanes else 64},
        legend={"y": 1 + 8 / max(1, layout.height - HEAD - FOOT)},
    )


@dataclass(frozen=True)
class Drawn:
    """What strips are drawn into and from: the figure, the points, the layout, the days of the axis and its unit."""

    figure: go.Figure
    points: pl.DataFrame
    layout: Layout
    behind: Behind
    extent: tuple[int, int]
    days: float


def draw_strips(
    drawn: Drawn, parameters: list[Parameter], theme: Theme
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Every strip with the components of its score below; the shapes and the words that belong to them."""
    row, shapes, words = (2 if drawn.layout.lanes else 1), [], []
    first, last = drawn.extent
    for item in parameters:
        strip = Strip(drawn.figure, item, row, theme, drawn.behind.by)
        ranges, written = fill_strip(strip, drawn)
        shapes, words = [*shapes, *ranges], [*words, *written]
        parts = drawn.behind.components.get(item.paramcd)
        if parts is not None and parts.height:
            row += 1
            add_components(drawn.figure, parts, row, (drawn.days, CLOSEST * (last - first)), theme)
        row += 1
    return shapes, words


def arrange(shown: pl.DataFrame, parameters: list[Parameter], behind: Behind, axis: Axis) -> Layout:
    """Which rows and columns are needed; visits in the study's order, others behind them."""
    undated = shown.filter(pl.col("day").is_null())["avisit"].drop_nulls()
    seen = set(undated)
    order = (*axis.visits, *sorted(seen - set(axis.visits)))
    dated = shown["day"].count() > 0
    lanes = len(list_lanes(behind.timeline)) if dated and behind.timeline is not None else 0
    heights = [LANE * lanes] if lanes else []
    for item in parameters:
        heights.append(behind.strip)
        parts = behind.components.get(item.paramcd)
        if parts is not None and parts.height:
            heights.append(PART * parts["part"].n_unique() + 4)
    return Layout(dated, tuple(visit for visit in order if visit in seen), lanes, tuple(heights or [STRIP]))


def make_rows(layout: Layout) -> go.Figure:
    """The empty rows, one time axis under all."""
    inner = sum(layout.heights) + GAP * (len(layout.heights) - 1)
    return make_subplots(
        rows=len(layout.heights),
        cols=layout.columns,
        shared_xaxes="columns",
        vertical_spacing=GAP / inner,
        horizontal_spacing=0.04,
        row_heights=list(layout.heights),
        column_widths=SPLIT if layout.columns == 2 else None,
    )


def find_extent(shown: pl.DataFrame, behind: Behind) -> tuple[int, int]:
    """The first and last day on the axis."""
    days = [*shown["day"].drop_nulls(), *(behind.extent or ())]
    if behind.timeline is not None:
        days += [*behind.timeline["start"], *behind.timeline["end"].drop_nulls()]
    first, last = (min(days), max(days)) if days else (0, 1)
    room = max(1, round(0.02 * (last - first)))
    return first - room, last + room


def fill_strip(strip: Strip, drawn: Drawn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One parameter: the cohort, the slope, its values and limits; the shapes of its range, and what is written."""
    layout, behind, days = drawn.layout, drawn.behind, drawn.days
    code, shapes = strip.parameter.paramcd, []
    values = drawn.points.filter(pl.col("paramcd") == code)
    ribbon = select_own(behind.ribbons, code, NO_RIBBON) if layout.dated else pl.DataFrame(schema=NO_RIBBON)
    if layout.dated:
        dated = values.filter(pl.col("day").is_not_null()).sort("day")
        shapes = strip.add_range(dated, days)
        strip.add_ribbon(ribbon, days)
        for slope in select_own(behind.slopes, code, {}).iter_rows(named=True):
            strip.add_slope(slope, drawn.extent[1], days)
        put(strip, dated, 1, lambda rows: numbers(rows["day"] / days))
    if layout.visits:
        order = {visit: position for position, visit in enumerate(layout.visits)}
        position = pl.col("avisit").replace_strict(order, default=None, return_dtype=pl.Int64)
        undated = values.filter(pl.col("day").is_null()).sort(position)
        shapes = shapes if layout.dated else strip.add_range(undated, days)
        put(strip, undated, layout.columns, lambda rows: rows["avisit"].to_list())
    strip.scale(values, [*ribbon["q1"], *ribbon["q3"], *behind.scales.get(code, ())])
    return shapes, strip.write(behind.latest.get(code, ""), layout.columns)


def put(strip: Strip, rows: pl.DataFrame, column: int, place: Any) -> None:
    """Values and limits into one column, at the places that ``place`` gives."""
    known, limits = (rows.filter(pl.col(name).is_not_null()) for name in ("aval", "limit"))
    strip.add_values(known, place(known), column)
    strip.add_limits(limits, place(limits), column)


def select_own(frame: pl.DataFrame | None, code: str, schema: Mapping[str, Any]) -> pl.DataFrame:
    """The rows of one parameter; none without a frame."""
    return pl.DataFrame(schema=schema) if frame is None else frame.filter(pl.col("paramcd") == code)


def thin(days: list[int], least: float) -> list[int]:
    """The days that lie at least so far apart, the latest among them."""
    kept: list[int] = []
    for day in reversed(days):
        if not kept or kept[-1] - day >= least:
            kept.append(day)
    return kept


def add_components(figure: go.Figure, parts: pl.DataFrame, row: int, axis: tuple[float, float], theme: Theme) -> None:
    """The parts of a score, a line each, with the number of every day that has room for one."""
    days, least = axis
    dated = parts.filter(pl.col("day").is_in(thin(parts["day"].drop_nulls().unique().sort().to_list(), least)))
    names = parts["part"].unique(maintain_order=True).to_list()
    place = {name: len(names) - 1 - position for position, name in enumerate(names)}
    whole = bool((parts["value"] == parts["value"].round(0)).all())
    trace = go.Scatter(
        x=numbers(dated["day"] / days),
        y=numbers(dated["part"].replace_strict(place, return_dtype=pl.Float64)),
        mode="text",
        text=[f"{value:.0f}" if whole else f"{value:.1f}" for value in dated["value"]],
        textfont={"size": 11, "color": theme.ink},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_trace(trace, row=row, col=1)
    scale = {"tickvals": list(place.values()), "ticktext": names, "range": [-0.6, len(names) - 0.4]}
    figure.update_yaxes(**scale, tickfont={"size": 10}, row=row, col=1)


def finish_axes(figure: go.Figure, layout: Layout, axis: Axis, ends: tuple[float, float], unit: str) -> None:
    """One range and one title for all strips."""
    rows = len(layout.heights)
    if layout.dated:
        figure.update_xaxes(range=list(ends), col=1)
        figure.update_xaxes(title=f"{unit} since {axis.origin}", row=rows, col=1)
    if layout.visits:
        category = {"type": "category", "categoryorder": "array", "categoryarray": list(layout.visits)}
        figure.update_xaxes(**category, range=[-0.5, len(layout.visits) - 0.5], col=layout.columns)
        figure.update_xaxes(title="Visit, day not reported", row=rows, col=layout.columns)


def draw_lines(behind: Behind, days: float, theme: Theme) -> list[dict[str, Any]]:
    """Infusions and events as lines through all strips, the selected day as a broad one."""
    lines = []
    if behind.timeline is not None:
        marks = behind.timeline.filter(pl.col("lane").is_in(["Infusions", "Events"]))
        for kind, day in marks.select("kind", "start").unique(maintain_order=True).rows():
            style = "solid" if kind in ("infusion", "death", "transplant") else "dot"
            lines.append(draw_line(day / days, {"color": theme.event(kind), "width": 1.5, "dash": style}))
    if behind.day is not None:
        lines.append(draw_line(behind.day / days, {"color": theme.veil(0.3), "width": 8}))
    return lines


def draw_line(x: float, line: dict[str, Any]) -> dict[str, Any]:
    """A vertical line through the whole figure."""
    place = {"xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1}
    return {"type": "line", "layer": "below", "line": line, **place}
