"""The timeline above a patient's strips: a lane a kind, bars for what lasts, marks for what happens on a day."""

import plotly.graph_objects as go
import polars as pl

from analytics.figures.theme import Theme

LANE = 19  # pixels
FULL, LEAST = 0.82, 0.18  # of a lane: the highest dose, and what can still be seen
UNKNOWN = 0.5  # a dose that is not recorded


def list_lanes(timeline: pl.DataFrame) -> list[str]:
    """The lanes from top to bottom."""
    return timeline["lane"].unique(maintain_order=True).to_list()


def add_timeline(figure: go.Figure, timeline: pl.DataFrame, days: float, theme: Theme) -> None:
    """Draw the lanes into the first row: bars as high as the dose, marks with a shape a kind."""
    lanes = list_lanes(timeline)
    floor = {lane: len(lanes) - 1 - place for place, lane in enumerate(lanes)}
    base = pl.col("lane").replace_strict(floor, return_dtype=pl.Float64)
    height = LEAST + (FULL - LEAST) * pl.col("size").fill_null(UNKNOWN)
    rows = timeline.with_columns(base=base, height=height, key=pl.format("day {}", "start"))
    add_bars(figure, rows.filter(pl.col("end").is_not_null()), days, theme)
    marks = rows.filter(pl.col("end").is_null())
    for kind in marks["kind"].unique(maintain_order=True):
        add_marks(figure, marks.filter(pl.col("kind") == kind), days, theme)
    axis = {"tickvals": [value + 0.4 for value in floor.values()], "ticktext": lanes, "range": [-0.1, len(lanes)]}
    figure.update_yaxes(**axis, showgrid=False, zeroline=False, tickfont={"size": 11}, row=1, col=1)


def add_bars(figure: go.Figure, rows: pl.DataFrame, days: float, theme: Theme) -> None:
    """What lasts: medication as high as its dose, hospital stays."""
    if rows.is_empty():
        return
    stays = rows["kind"] == "hospitalization"
    colors = [theme.color(1) if stay else theme.color(0) for stay in stays]
    trace = go.Bar(
        x=(rows["start"] / days).to_list(),
        width=((rows["end"] - rows["start"]) / days).to_list(),
        offset=0,
        base=rows["base"].to_list(),
        y=rows["height"].to_list(),
        marker={"color": colors, "opacity": 0.75, "line": {"width": 0}},
        customdata=rows.select("key", "kind", "hover").rows(),
        hovertemplate="%{customdata[2]}<extra></extra>",
        showlegend=False,
    )
    figure.add_trace(trace, row=1, col=1)


def add_marks(figure: go.Figure, rows: pl.DataFrame, days: float, theme: Theme) -> None:
    """What happens on a day, each kind once in the legend; a paracentesis is as large as its volume."""
    kind = rows["kind"][0]
    sizes = [12 if size is None else 7 + 8 * size for size in rows["size"]]
    trace = go.Scatter(
        x=(rows["start"] / days).to_list(),
        y=(rows["base"] + FULL / 2).to_list(),
        mode="markers",
        name=kind.replace("_", " "),
        marker={"size": sizes, "symbol": theme.event_symbol(kind), "color": theme.event(kind), "line": {"width": 1}},
        customdata=rows.select("key", "kind", "hover").rows(),
        hovertemplate="%{customdata[2]}<extra></extra>",
    )
    figure.add_trace(trace, row=1, col=1)
