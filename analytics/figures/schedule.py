"""The planned visits of every patient, colored by what became of them."""

import plotly.graph_objects as go
import polars as pl

from analytics.figures.theme import STATUS_COLORS, Theme, cover_cells, lay_out

MOST_ROWS = 300  # of more patients an evenly spaced sample is drawn
MOST_NAMED = 70
MARKS = {"done": "", "early": "E", "late": "L", "missed": "✕", "not due": "", "not known": "?"}
TAKEN = ("done", "early", "late")


def plot_assessments(rows: pl.DataFrame, theme: Theme) -> go.Figure:
    """Patients down, planned visits across; ``rows`` are those of ``derive_assessments``."""
    subjects = rows.select("arm", "usubjid").unique().sort("arm", "usubjid")["usubjid"]
    drawn = subjects.gather_every(-(-max(1, subjects.len()) // MOST_ROWS))
    cells = rows.filter(pl.col("usubjid").is_in(drawn.implode())).sort("arm", "usubjid", "position")
    visits = cells["avisit"].unique(maintain_order=True).to_list()
    shape = (drawn.len(), len(visits))
    names = list(STATUS_COLORS)
    named = drawn.len() <= MOST_NAMED
    figure = go.Figure(draw_states(cells, shape, names, theme)).update_traces(x=visits)
    if named:
        marks = cells["status"].replace_strict(MARKS, return_dtype=pl.String).to_numpy().reshape(shape)
        figure.update_traces(text=marks, texttemplate="%{text}", ygap=1, hoverinfo="skip")
        figure.add_trace(cover_grid(cells, drawn))
    else:
        said = cells.select(describe_shortly()).to_series().to_numpy().reshape(shape)
        figure.update_traces(y=drawn.to_list(), text=said, hovertemplate="%{y}, %{x}: %{text}<extra></extra>")
    add_key(figure, names, theme)
    name_rows(figure, drawn.to_list(), named, subjects.len())
    return lay_out(figure, min(900, max(240, 130 + 16 * drawn.len()))).update_xaxes(showgrid=False, type="category")


def draw_states(cells: pl.DataFrame, shape: tuple[int, int], names: list[str], theme: Theme) -> go.Heatmap:
    """The states of patients by visit as colors."""
    return go.Heatmap(
        z=cells["status"].replace_strict(names, range(len(names)), return_dtype=pl.Int8).to_numpy().reshape(shape),
        zmin=-0.5,
        zmax=len(names) - 0.5,
        colorscale=make_steps([theme.status(name) for name in names]),
        showscale=False,
        xgap=2,
    )


def name_rows(figure: go.Figure, drawn: list[str], named: bool, total: int) -> None:
    """The patients' names, or how many there are."""
    ticks = {"tickvals": list(range(len(drawn))), "ticktext": drawn}
    unnamed = {"tickvals": [], "title": f"{len(drawn)} of {total} patients, hover for the name"}
    figure.update_yaxes(**(ticks if named else unnamed), autorange="reversed", showgrid=False, zeroline=False)


def cover_grid(cells: pl.DataFrame, drawn: pl.Series) -> go.Scatter:
    """Marks over the cells that lead to their patients."""
    place = {usubjid: y for y, usubjid in enumerate(drawn)}
    said = cells.select("usubjid", describe_day()).rows()
    y = [place[usubjid] for usubjid in cells["usubjid"]]
    return cover_cells(cells["avisit"].to_list(), y, said, "%{customdata[0]}, %{x}: %{customdata[1]}")


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


def describe_day() -> pl.Expr:
    """The status of a cell with its day and target."""
    day = pl.coalesce(pl.format("day {}", "day"), pl.lit("day not reported"))
    taken = pl.format("{}, {} (target {})", "status", day, "target_day")
    other = pl.format("{} (target day {})", "status", "target_day")
    return pl.when(pl.col("status").is_in(TAKEN)).then(taken).otherwise(other)


def describe_shortly() -> pl.Expr:
    """The same in few letters, for figures with many cells: a visit that is done is said by its day."""
    day = pl.coalesce(pl.format("day {}", "day"), pl.lit("day not reported"))
    done, off = pl.col("status") == "done", pl.col("status").is_in(TAKEN)
    return pl.when(done).then(day).when(off).then(pl.format("{}, {}", "status", day)).otherwise("status")
