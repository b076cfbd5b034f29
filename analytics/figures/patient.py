"""One patient: parameters as small multiples on one time axis."""

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from analytics.catalog import Parameter
from analytics.figures.theme import Theme, choose_time_unit, lay_out, numbers

STRIP = 128  # height of one strip, in pixels


@dataclass(frozen=True)
class Layout:
    """Whether there are values with a day, without one, and the visits of the latter in order."""

    dated: bool
    visits: tuple[str, ...]

    @property
    def columns(self) -> int:
        """How many columns the strips have."""
        return int(self.dated) + bool(self.visits)

    @property
    def undated_column(self) -> int:
        """The column of values without a day."""
        return self.columns


@dataclass(frozen=True)
class Axis:
    """The time axis: what day 0 is, and the study's visits in order, for values without a day."""

    origin: str
    visits: tuple[str, ...] = ()


def plot_patient(
    panel: pl.DataFrame, parameters: list[Parameter], marks: pl.DataFrame, axis: Axis, theme: Theme
) -> go.Figure:
    """A strip a parameter: the patient's values, the reference range behind, infusions and events as lines.

    ``panel`` has paramcd, avisit, day, aval, where it comes from, and remark of one patient;
    ``marks`` kind and day. Values without a day stand in a column of their own, under the visit that the source names.
    """
    shown = panel.filter(pl.col("paramcd").is_in([item.paramcd for item in parameters]), pl.col("aval").is_not_null())
    layout, rows = arrange(shown, axis), max(1, len(parameters))
    figure = make_strips(rows, layout)
    days = pl.concat([shown["day"].drop_nulls(), marks["day"].drop_nulls().cast(pl.Int32)])
    unit = choose_time_unit(float(str(days.max() or 0)))
    for row, parameter in enumerate(parameters, start=1):
        own = shown.filter(pl.col("paramcd") == parameter.paramcd)
        fill_strip(Strip(figure, parameter, row, theme), own, layout, unit.days)
    if layout.dated:
        add_marks(figure, marks, rows, unit.days, theme)
        figure.update_xaxes(title=f"{unit.name} since {axis.origin}", row=rows, col=1)
    if layout.visits:
        figure.update_xaxes(title="Visit, day not reported", row=rows, col=layout.undated_column)
    height = 110 + STRIP * rows
    lay_out(figure, height, legend=layout.dated and not marks.is_empty())
    return figure.update_layout(margin={"t": 72}, legend={"y": 1 + 30 / (height - 120)})


def arrange(shown: pl.DataFrame, axis: Axis) -> Layout:
    """Which columns the values need; visits in the study's order, others behind them."""
    seen = set(shown.filter(pl.col("day").is_null())["avisit"].drop_nulls())
    order = (*axis.visits, *sorted(seen - set(axis.visits)))
    return Layout(shown["day"].count() > 0, tuple(visit for visit in order if visit in seen))


def make_strips(rows: int, layout: Layout) -> go.Figure:
    """The empty strips, one time axis under all."""
    return make_subplots(
        rows=rows,
        cols=max(1, layout.columns),
        shared_xaxes="columns",
        vertical_spacing=min(0.12, 0.36 / rows),
        horizontal_spacing=0.04,
        column_widths=[0.76, 0.24] if layout.columns == 2 else None,
    )


@dataclass(frozen=True)
class Strip:
    """The place of one parameter in the figure."""

    figure: go.Figure
    parameter: Parameter
    row: int
    theme: Theme

    def add_values(self, values: pl.DataFrame, x: object, column: int) -> None:
        """Put values at places x into a column."""
        color, unit = self.theme.color(0), self.parameter.unit_label
        trace = go.Scatter(
            x=x,
            y=numbers(values["aval"]),
            mode="lines+markers",
            showlegend=False,
            name=self.parameter.name,
            line={"color": color, "width": 2},
            marker={"size": 7, "color": color},
            customdata=describe_sources(values),
            hovertemplate="%{y:.4g} " + unit + "<br>%{customdata}<extra></extra>",
        )
        self.figure.add_trace(trace, row=self.row, col=column)

    def widen(self, values: pl.DataFrame) -> None:
        """Give values that are all the same a scale on which they can be read, where no range gives one."""
        bare = self.parameter.reference == (None, None) and not self.parameter.levels
        if bare and values["aval"].n_unique() == 1:
            value, step = values["aval"][0], 2 * 10.0**-self.parameter.decimals
            self.figure.update_yaxes(range=[value - 2 * step, value + 2 * step], row=self.row)

    def finish(self) -> None:
        """Title, scale and reference range."""
        place = {"x": 0, "y": 1, "xref": "x domain", "yref": "y domain", "xanchor": "left", "yanchor": "bottom"}
        text = describe_strip(self.parameter)
        self.figure.add_annotation(text=text, showarrow=False, font_size=13, **place, row=self.row, col=1)
        low, high = self.parameter.reference
        if self.parameter.levels:
            grades = list(self.parameter.levels)
            scale = {"tickvals": grades, "range": [min(grades) - 0.4, max(grades) + 0.4]}
            self.figure.update_yaxes(**scale, row=self.row)
            return
        self.figure.update_yaxes(nticks=4, tickformat=f".{self.parameter.decimals}f", row=self.row)
        if low is not None and high is not None and low < high:
            band = {"y0": low, "y1": high, "fillcolor": self.theme.band, "line_width": 0, "layer": "below"}
            self.figure.add_hrect(**band, row=self.row, col="all")


def fill_strip(strip: Strip, values: pl.DataFrame, layout: Layout, days: float) -> None:
    """One parameter: its dated values as a line, its undated ones beside, its reference range behind."""
    if layout.dated:
        dated = values.filter(pl.col("day").is_not_null()).sort("day")
        strip.add_values(dated, numbers(dated["day"] / days), 1)
    if layout.visits:
        order = {visit: position for position, visit in enumerate(layout.visits)}
        position = pl.col("avisit").replace_strict(order, default=None, return_dtype=pl.Int64)
        undated = values.filter(pl.col("day").is_null()).sort(position)
        column = layout.undated_column
        strip.add_values(undated, undated["avisit"].to_list(), column)
        axis = {"type": "category", "categoryorder": "array", "categoryarray": list(layout.visits)}
        strip.figure.update_xaxes(**axis, range=[-0.5, len(order) - 0.5], row=strip.row, col=column)
    strip.widen(values)
    strip.finish()


def describe_sources(values: pl.DataFrame) -> list[str]:
    """Where each value comes from, for its hover: as reported with file and line, or derived with its remark."""
    return [f"{describe_day(row)}; {describe_source(row)}" for row in values.iter_rows(named=True)]


def describe_day(row: dict[str, Any]) -> str:
    """The day of a value, or its visit."""
    return f"{row['avisit']}, day not reported" if row["day"] is None else f"day {row['day']}"


def describe_source(row: dict[str, Any]) -> str:
    """What the source says, and where."""
    if row["reported"] is None:
        return f"computed{': ' if row['remark'] else ''}{row['remark']}"
    return f"reported {row['reported']} {row['reported_unit'] or ''}; {row['file_name']}, line {row['line']}"


def add_marks(figure: go.Figure, marks: pl.DataFrame, rows: int, days: float, theme: Theme) -> None:
    """Infusions and events as lines through all strips, each kind once in the legend."""
    lines = []
    for kind in marks["kind"].unique(maintain_order=True).to_list():
        style = "solid" if kind in ("infusion", "death", "transplant") else "dot"
        line = {"color": theme.event(kind), "width": 1.5, "dash": style}
        places = [day / days for day in marks.filter(pl.col("kind") == kind)["day"].drop_nulls()]
        lines += [
            {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "line": line, **name_axes(figure, row)}
            for x in places
            for row in range(1, rows + 1)
        ]
        figure.add_trace(
            go.Scatter(x=[None], y=[None], mode="lines", name=kind.replace("_", " "), line=line), row=1, col=1
        )
    # All lines at once: one after the other each is checked against all that are there.
    figure.update_layout(shapes=[*figure.layout.shapes, *lines])


def name_axes(figure: go.Figure, row: int) -> dict[str, str]:
    """The axes of a strip's first column as shapes name them, from the strip's foot to its top."""
    strip = figure.get_subplot(row, 1)
    x, y = (axis.plotly_name.replace("axis", "") for axis in (strip.xaxis, strip.yaxis))
    return {"xref": x, "yref": f"{y} domain"}


def describe_strip(parameter: Parameter) -> str:
    """The title of a strip: label, unit, direction of benefit."""
    return f"<b>{parameter.title}</b>" + (f" ({parameter.benefit})" if parameter.benefit else "")
