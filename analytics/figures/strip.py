"""One strip of a patient's figure: values with their standing, the range of normal, the cohort, the slope before."""

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import polars as pl

from analytics.catalog import Parameter
from analytics.catalog.constants import ABOVE, BELOW, WITHIN
from analytics.figures.theme import Theme, numbers

MARKERS = {WITHIN: "circle", "": "circle", ABOVE: "triangle-up", BELOW: "triangle-down"}
GRADE_MARKERS = ("circle", "square", "diamond", "cross", "x", "star")
LIMIT_MARKERS = {"<": "triangle-down-open", "≤": "triangle-down-open", ">": "triangle-up-open", "≥": "triangle-up-open"}
RANGE, GRADE = "Reference range", "CTCAE grade"
PAD = 0.12
DENSE = 60  # values: beyond, large markers hide each other


@dataclass(frozen=True)
class Strip:
    """The place of one parameter in the figure."""

    figure: go.Figure
    parameter: Parameter
    row: int
    theme: Theme
    by: str = RANGE

    def add_values(self, values: pl.DataFrame, x: object, column: int) -> None:
        """Put values at places x into a column; each carries its place, its code and what it says."""
        trace = go.Scatter(
            x=x,
            y=numbers(values["aval"]),
            mode="lines+markers",
            showlegend=False,
            name=self.parameter.name,
            line={"color": self.theme.color(0), "width": 1.5, "shape": "hv" if self.parameter.levels else "linear"},
            marker={"size": 8 if values.height <= DENSE else 5, **self.mark(values)},
            customdata=values.select("key", "paramcd", "hover").rows(),
            hovertemplate="%{customdata[2]}<extra></extra>",
        )
        self.figure.add_trace(trace, row=self.row, col=column)

    def mark(self, values: pl.DataFrame) -> dict[str, Any]:
        """Color and shape of each marker: by the range of normal, or by the CTCAE grade of the day."""
        if self.by == GRADE:
            grades = values["grade"].to_list()
            colors = [self.theme.neutral if grade is None else self.theme.grade(grade) for grade in grades]
            return {"color": colors, "symbol": ["circle-open" if g is None else GRADE_MARKERS[g] for g in grades]}
        colors = {name: self.theme.color(1 if name in (ABOVE, BELOW) else 0) for name in MARKERS}
        standing = values["standing"].to_list()
        return {"color": [colors[name] for name in standing], "symbol": [MARKERS[name] for name in standing]}

    def add_limits(self, values: pl.DataFrame, x: object, column: int) -> None:
        """Values known only as below or above a limit, hollow at that limit."""
        if values.is_empty():
            return
        trace = go.Scatter(
            x=x,
            y=numbers(values["limit"]),
            mode="markers+text",
            text=values["side"].to_list(),
            textposition="middle right",
            showlegend=False,
            marker={
                "size": 10,
                "color": self.theme.color(1),
                "symbol": [LIMIT_MARKERS[side] for side in values["side"]],
            },
            customdata=values.select("key", "paramcd", "hover").rows(),
            hovertemplate="%{customdata[2]}<extra></extra>",
        )
        self.figure.add_trace(trace, row=self.row, col=column)

    def add_ribbon(self, ribbon: pl.DataFrame, days: float) -> None:
        """The cohort behind: middle 90 % and middle half as areas, the median as a thin line."""
        if ribbon.is_empty():
            return
        x = numbers(ribbon["day"] / days).tolist()
        for low, high, alpha in (("p5", "p95", 0.16), ("q1", "q3", 0.24)):
            y = [*numbers(ribbon[low]).tolist(), *numbers(ribbon[high]).tolist()[::-1]]
            area = go.Scatter(
                x=[*x, *x[::-1]],
                y=y,
                fill="toself",
                fillcolor=self.theme.veil(alpha),
                line={"width": 0},
                mode="lines",
                showlegend=False,
                hoverinfo="skip",
            )
            self.figure.add_trace(area, row=self.row, col=1)
        middle = {"color": self.theme.neutral, "width": 1}
        line = go.Scatter(
            x=x, y=numbers(ribbon["median"]), mode="lines", line=middle, showlegend=False, hoverinfo="skip"
        )
        self.figure.add_trace(line, row=self.row, col=1)

    def add_slope(self, slope: dict[str, Any], end: float, days: float) -> None:
        """The line through the values before day 0, extended."""
        ends = [slope["first"], end]
        trace = go.Scatter(
            x=[day / days for day in ends],
            y=[slope["intercept"] + slope["slope"] * day for day in ends],
            mode="lines",
            line={"color": self.theme.color(3), "width": 1.5, "dash": "dot"},
            showlegend=False,
            hoverinfo="skip",
        )
        self.figure.add_trace(trace, row=self.row, col=1)

    def scale(self, values: pl.DataFrame, more: list[float]) -> None:
        """A scale on which the patient's values can be read: theirs and ``more`` decide, not the range of normal."""
        if self.parameter.levels:
            grades = list(self.parameter.levels)
            scale = {"tickvals": grades, "range": [min(grades) - 0.4, max(grades) + 0.4]}
            self.figure.update_yaxes(**scale, row=self.row)
            return
        seen = [*values["aval"].drop_nulls(), *values["limit"].drop_nulls(), *more]
        low, high = (min(seen), max(seen)) if seen else (0.0, 1.0)
        step = 10.0**-self.parameter.decimals
        room = max(PAD * (high - low), 4 * step if low == high else step)
        scale = {"range": [low - room, high + room], "nticks": 3, "tickformat": f".{self.parameter.decimals}f"}
        self.figure.update_yaxes(**scale, row=self.row)

    def add_range(self, values: pl.DataFrame, days: float) -> list[dict[str, Any]]:
        """The range of normal behind the values, as long as one laboratory's limits hold; a line for a lone limit."""
        spans = list_spans(values)
        x, y = self.name_axes(1)
        shapes = []
        for start, end, low, high in spans:
            throughout = start is None or end is None
            ends = (0.0, 1.0) if throughout else (start / days, end / days)
            place = {"xref": f"{x} domain" if throughout else x, "yref": y, "x0": ends[0], "x1": ends[1]}
            edge = {"color": self.theme.neutral, "width": 1, "dash": "dot"}
            if low is None or high is None:
                bound = low if high is None else high
                shapes.append({"type": "line", "layer": "below", "y0": bound, "y1": bound, "line": edge, **place})
            else:
                fill = {"fillcolor": self.theme.band, "line": {"width": 0}}
                shapes.append({"type": "rect", "layer": "below", "y0": low, "y1": high, **fill, **place})
        return shapes

    def write(self, latest: str, columns: int) -> list[dict[str, Any]]:
        """The title above the strip, and the latest value at its right, as annotations."""
        left = {"text": describe_strip(self.parameter), "x": 0, "y": 1, "yanchor": "bottom", "font": {"size": 13}}
        right = {"text": latest, "x": 1, "y": 0.5, "yanchor": "middle", "align": "left", "xshift": 8}
        placed = [(left, 1), ({**right, "font": {"size": 12}}, columns)] if latest else [(left, 1)]
        return [{**said, "xanchor": "left", "showarrow": False, **self.refer(column)} for said, column in placed]

    def refer(self, column: int) -> dict[str, str]:
        """The whole of the strip in a column, as shapes and annotations name it."""
        x, y = self.name_axes(column)
        return {"xref": f"{x} domain", "yref": f"{y} domain"}

    def name_axes(self, column: int) -> tuple[str, str]:
        """The axes of the strip in a column, as traces and shapes name them."""
        subplot = self.figure.get_subplot(self.row, column)
        x, y = (axis.plotly_name.replace("axis", "") for axis in (subplot.xaxis, subplot.yaxis))
        return x, y


def list_spans(values: pl.DataFrame) -> list[tuple[Any, ...]]:
    """For how long which limits hold: start, end (days; both missing where one pair holds throughout), low, high.

    Between two values with different limits the change is drawn in the middle; values without a day have no
    length, so their limits are drawn only where they are all the same.
    """
    known = values.filter(pl.col("low").is_not_null() | pl.col("high").is_not_null()).sort("day")
    pairs = known.select("low", "high").unique(maintain_order=True)
    if pairs.height <= 1:
        return [(None, None, *pair) for pair in pairs.rows()]
    rows = known.filter(pl.col("day").is_not_null()).select("day", "low", "high").rows()
    if not rows:
        return []
    changes = [place for place in range(1, len(rows)) if rows[place][1:] != rows[place - 1][1:]]
    edges = [rows[0][0], *((rows[place - 1][0] + rows[place][0]) / 2 for place in changes), rows[-1][0]]
    starts = [0, *changes]
    return [(edges[n], edges[n + 1], *rows[start][1:]) for n, start in enumerate(starts)]


def describe_strip(parameter: Parameter) -> str:
    """The title of a strip: label, unit, direction of benefit."""
    return f"<b>{parameter.title}</b>" + (f" ({parameter.benefit})" if parameter.benefit else "")
