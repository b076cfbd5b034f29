"""The planned visits of every patient, colored by what became of them."""

from typing import Any

import plotly.graph_objects as go
import polars as pl

from analytics.figures.theme import STATUS_COLORS, Theme, cover_cells, lay_out

MOST_ROWS = 400  # of more patients an evenly spaced sample is drawn
MOST_NAMED = 70
MARKS = {"done": "", "early": "E", "late": "L", "missed": "✕", "not due": "", "not known": "?"}


def plot_assessments(rows: pl.DataFrame, theme: Theme) -> go.Figure:
    """Patients down, planned visits across; ``rows`` are those of ``derive_assessments``."""
    subjects = rows.select("arm", "usubjid").unique().sort("arm", "usubjid")["usubjid"]
    drawn = subjects.gather_every(-(-max(1, subjects.len()) // MOST_ROWS)).to_list()
    visits = rows.sort("position")["avisit"].unique(maintain_order=True).to_list()
    cells = {(row["usubjid"], row["avisit"]): row for row in rows.iter_rows(named=True)}
    names = list(STATUS_COLORS)
    grid = [[cells[usubjid, visit] for visit in visits] for usubjid in drawn]
    named = len(drawn) <= MOST_NAMED
    heat = go.Heatmap(
        z=[[names.index(cell["status"]) for cell in row] for row in grid],
        text=[[MARKS[cell["status"]] if named else "" for cell in row] for row in grid],
        customdata=[[[cell["usubjid"], describe_day(cell)] for cell in row] for row in grid],
        x=visits,
        y=list(range(len(drawn))),
        texttemplate="%{text}",
        colorscale=make_steps([theme.status(name) for name in names]),
        showscale=False,
        hovertemplate="%{customdata[0]}, %{x}: %{customdata[1]}<extra></extra>",
    )
    figure = go.Figure(heat).update_traces(zmin=-0.5, zmax=len(names) - 0.5, xgap=2, ygap=1 if named else 0)
    if named:
        figure.add_trace(cover_grid(grid))
    add_key(figure, names, theme)
    name_rows(figure, drawn, named, subjects.len())
    return lay_out(figure, min(900, max(240, 130 + 16 * len(drawn)))).update_xaxes(showgrid=False, type="category")


def name_rows(figure: go.Figure, drawn: list[str], named: bool, total: int) -> None:
    """The patients' names, or how many there are."""
    ticks = {"tickvals": list(range(len(drawn))), "ticktext": drawn}
    unnamed = {"tickvals": [], "title": f"{len(drawn)} of {total} patients, hover for the name"}
    figure.update_yaxes(**(ticks if named else unnamed), autorange="reversed", showgrid=False, zeroline=False)


def cover_grid(grid: list[list[dict[str, Any]]]) -> go.Scatter:
    """Marks over the cells that lead to their patients."""
    cells = [(y, cell) for y, row in enumerate(grid) for cell in row]
    said = [[cell["usubjid"], describe_day(cell)] for _, cell in cells]
    x, y = [cell["avisit"] for _, cell in cells], [y for y, _ in cells]
    return cover_cells(x, y, said, "%{customdata[0]}, %{x}: %{customdata[1]}")


def add_key(figure: go.Figure, names: list[str], theme: Theme) -> None:
    """What the colors mean."""
    for name in names:
        mark = {"color": theme.status(name), "symbol": "square", "size": 11}
        label = f"{name} {MARKS[name]}".strip()
        figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", marker=mark, name=label))


def make_steps(colors: list[str]) -> list[list[float | str]]:
    """A color scale of steps."""
    share = 1 / len(colors)
    return [[place, color] for step, color in enumerate(colors) for place in (step * share, (step + 1) * share)]


def describe_day(cell: dict[str, Any]) -> str:
    """The status with its day and target."""
    if cell["status"] in ("done", "early", "late"):
        day = "day not reported" if cell["day"] is None else f"day {cell['day']}"
        return f"{cell['status']}, {day} (target {cell['target_day']})"
    return f"{cell['status']} (target day {cell['target_day']})"
