"""Bars of the share that each input has in the change of a score."""

import plotly.graph_objects as go
import polars as pl

from analytics.catalog import Parameter
from analytics.figures.theme import Theme, lay_out, numbers

WORSE, BETTER = 1, 2  # places among the colors: vermilion and green, told apart by side and sign as well
ROW = 44
LARGEST = 24  # of a point, in pixels
WHOLE = "whole change"


def plot_shares(
    shares: pl.DataFrame, parameter: Parameter, theme: Theme, points: pl.DataFrame | None = None
) -> go.Figure:
    """One bar a part and one for the whole change; below the axis better or worse, by the direction of benefit.

    ``shares`` has ``label`` and ``share``, in the order of the bars; ``points`` (``label``, ``share``) are the
    shares of single subjects, drawn on the bar of their mean, which then has one decimal more.
    """
    whole = pl.DataFrame({"label": [WHOLE], "share": [shares["share"].sum()]})
    rows = pl.concat([shares.select("label", "share"), whole])
    names = name_bars(rows, max(1, parameter.decimals) + (points is not None))
    figure = go.Figure(
        go.Bar(
            x=numbers(rows["share"]),
            y=list(names.values()),
            orientation="h",
            marker={"color": [choose_color(value, parameter, theme) for value in rows["share"]]},
            hovertemplate="%{y}<extra></extra>",
            showlegend=False,
        )
    )
    if points is not None:
        known = points.filter(pl.col("share").is_not_null())
        add_points(figure, known.with_columns(pl.col("label").replace_strict(names)), theme)
    figure.add_vline(x=0, line={"color": theme.neutral, "width": 1})
    figure.update_xaxes(title=describe_direction(parameter), zeroline=False)
    figure.update_yaxes(autorange="reversed", automargin=True)
    return lay_out(figure, 112 + ROW * rows.height, legend=False).update_layout(bargap=0.45)


def name_bars(rows: pl.DataFrame, decimals: int) -> dict[str, str]:
    """The label of each bar with its number: beside the bar it would be cut off, or covered by points."""
    return {label: f"{label}  <b>{describe_share(share, decimals)}</b>" for label, share in rows.rows()}


def add_points(figure: go.Figure, points: pl.DataFrame, theme: Theme) -> None:
    """The shares of single subjects; equal ones are one point, the larger the more there are."""
    counted = points.group_by("label", pl.col("share").round(2), maintain_order=True).len("n")
    figure.add_trace(
        go.Scatter(
            x=numbers(counted["share"]),
            y=counted["label"].to_numpy(),
            mode="markers",
            marker={
                "size": numbers((4 + 3 * counted["n"].sqrt()).clip(upper_bound=LARGEST)),
                "color": theme.neutral,
                "opacity": 0.5,
            },
            customdata=counted["n"].to_numpy(),
            hovertemplate="%{x:+.2f}: %{customdata} patients<extra></extra>",
            showlegend=False,
        )
    )


def describe_share(value: float | None, decimals: int) -> str:
    """A share with its sign."""
    text = "–" if value is None else f"{value:+.{decimals}f}"
    return text if text.strip("+-0.") else "0"


def choose_color(value: float | None, parameter: Parameter, theme: Theme) -> str:
    """The color of better, of worse, or of what is not judged."""
    benefit = {"lower": -1, "higher": 1, "none": 0}[parameter.better] * (value or 0)
    return theme.color(BETTER) if benefit > 0 else theme.color(WORSE) if benefit < 0 else theme.neutral


def describe_direction(parameter: Parameter) -> str:
    """The axis title: whose change, in which unit, and which side is better."""
    side = {"lower": "← better · worse →", "higher": "← worse · better →", "none": ""}[parameter.better]
    unit = f", {parameter.unit_label}" if parameter.unit_label else ""
    return f"Share in the change of {parameter.name}{unit}" + (f"<br>{side}" if side else "")
