"""One patient: parameters as small multiples on one time axis."""

from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from analytics.catalog import Parameter
from analytics.figures.theme import Theme, choose_time_unit, lay_out, numbers

STRIP = 118  # height of one strip, in pixels
MARKED = ("death", "transplant", "infusion", "ascites", "variceal_bleeding", "encephalopathy", "hcc")


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


def plot_patient(panel: pl.DataFrame, parameters: list[Parameter], marks: pl.DataFrame, origin: str, theme: Theme) -> go.Figure:
    """A strip a parameter: the patient's values, the reference range behind, infusions and events as lines.

    ``panel`` has paramcd, avisit, day, aval, reported of one patient; ``marks`` kind and day. Values
    without a day stand in a column of their own, under the visit that the source names.
    """
    shown = panel.filter(pl.col("paramcd").is_in([item.paramcd for item in parameters]), pl.col("aval").is_not_null())
    undated = shown.filter(pl.col("day").is_null())
    layout = Layout(shown["day"].count() > 0, tuple(undated["avisit"].drop_nulls().unique(maintain_order=True)))
    rows, columns = max(1, len(parameters)), max(1, layout.columns)
    figure = make_subplots(
        rows=rows, cols=columns, shared_xaxes="columns", vertical_spacing=min(0.05, 0.3 / rows), horizontal_spacing=0.04,
        column_widths=[0.76, 0.24] if columns == 2 else None, subplot_titles=None,
    )  # fmt: skip
    days = pl.concat([shown["day"].drop_nulls(), marks["day"].drop_nulls().cast(pl.Int32)])
    unit = choose_time_unit(float(str(days.max() or 0)))
    for row, parameter in enumerate(parameters, start=1):
        add_strip(figure, shown.filter(pl.col("paramcd") == parameter.paramcd), parameter, row, layout, unit.days, theme)
    if layout.dated:
        add_marks(figure, marks, rows, unit.days, theme)
        figure.update_xaxes(title=f"{unit.name} since {origin}", row=rows, col=1)
    if layout.visits:
        figure.update_xaxes(title="Visit, day not reported", row=rows, col=layout.undated_column)
    return lay_out(figure, 90 + STRIP * rows, legend=layout.dated and not marks.is_empty())


def add_strip(
    figure: go.Figure, values: pl.DataFrame, parameter: Parameter, row: int, layout: Layout, days: float, theme: Theme
) -> None:
    """One parameter: its reference range, its dated values as a line, its undated ones beside."""
    if layout.dated:
        dated = values.filter(pl.col("day").is_not_null()).sort("day")
        add_values(figure, dated, numbers(dated["day"] / days), parameter, row, 1, theme)
    if layout.visits:
        undated = values.filter(pl.col("day").is_null())
        order = {visit: position for position, visit in enumerate(layout.visits)}
        sorted_rows = undated.sort(pl.col("avisit").replace_strict(order, default=None, return_dtype=pl.Int64))
        add_values(figure, sorted_rows, sorted_rows["avisit"].to_list(), parameter, row, layout.undated_column, theme)
        figure.update_xaxes(categoryorder="array", categoryarray=list(layout.visits), type="category",
                            range=[-0.5, len(layout.visits) - 0.5], row=row, col=layout.undated_column)  # fmt: skip
    figure.update_yaxes(title={"text": wrap(parameter), "font": {"size": 11}}, nticks=4, row=row, col=1)
    low, high = parameter.reference
    if low is not None and high is not None and low < high and not parameter.levels:
        figure.add_hrect(y0=low, y1=high, fillcolor=theme.band, line_width=0, layer="below", row=row, col="all")


def add_values(
    figure: go.Figure, values: pl.DataFrame, x: object, parameter: Parameter, row: int, column: int, theme: Theme
) -> None:
    """The values of one strip in one column."""
    figure.add_trace(
        go.Scatter(
            x=x, y=numbers(values["aval"]), mode="lines+markers", showlegend=False, name=parameter.label,
            line={"color": theme.color(0), "width": 2}, marker={"size": 7, "color": theme.color(0)},
            customdata=describe_sources(values), hovertemplate="%{y:.4g} " + parameter.unit_label + "<br>%{customdata}<extra></extra>",
        ), row=row, col=column,
    )  # fmt: skip


def describe_sources(values: pl.DataFrame) -> list[str]:
    """Where each value comes from, for its hover: as reported, file and line, or derived."""
    return [
        f"day {'not reported' if row['day'] is None else row['day']}; "
        + (f"reported {row['reported']} {row['reported_unit'] or ''}; {row['file_name']}, line {row['line']}" if row["reported"] else "derived")
        for row in values.iter_rows(named=True)
    ]


def add_marks(figure: go.Figure, marks: pl.DataFrame, rows: int, days: float, theme: Theme) -> None:
    """Infusions and events as lines through all strips, each kind once in the legend."""
    for kind in marks["kind"].unique(maintain_order=True).to_list():
        color = theme.event(kind)
        style = "solid" if kind in ("infusion", "death", "transplant") else "dot"
        for day in marks.filter(pl.col("kind") == kind)["day"].drop_nulls():
            for row in range(1, rows + 1):
                figure.add_vline(x=day / days, line={"color": color, "width": 1.5, "dash": style}, row=row, col=1)
        figure.add_trace(
            go.Scatter(x=[None], y=[None], mode="lines", name=kind.replace("_", " "), line={"color": color, "dash": style}), row=1, col=1
        )


def wrap(parameter: Parameter) -> str:
    """The title of a strip in short lines: label, unit, direction of benefit."""
    label = parameter.label.split(" (")[0]
    arrow = {"lower": "↓ better", "higher": "↑ better", "none": ""}[parameter.better]
    middle = label.find(" ", 14)
    label = f"{label[:middle]}<br>{label[middle + 1 :]}" if middle > 0 else label
    return "<br>".join(part for part in (label, " ".join(word for word in (parameter.unit_label, arrow) if word)) if part)
