"""Figures of safety: all patients' events, the eDISH plots, shifts of grades, stages over the visits."""

from collections.abc import Sequence
from math import log10

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from analytics.figures.theme import Theme, TimeUnit, choose_time_unit, cover_cells, lay_out, numbers, symbol

LANE, MOST_LANES = 15, 120  # pixels a patient; with more, those with the gravest events are drawn
EDGES = (3.0, 2.0)
NO_GRADE = "no grade"


def plot_event_timeline(lanes: pl.DataFrame, events: pl.DataFrame, origin: str, theme: Theme) -> go.Figure:
    """A lane a patient from day 0 to the last contact with the patient's events; ``lanes`` in order, top first.

    ``lanes`` has usubjid, arm, last (day, may be missing); ``events`` usubjid, day, term, kind, grade, hover. Events
    without a day are not drawn. Draws no lanes as empty axes.
    """
    ids = lanes["usubjid"].to_list()
    place = {usubjid: len(ids) - 1 - row for row, usubjid in enumerate(ids)}
    longest = max([*lanes["last"].drop_nulls(), *events["day"].drop_nulls(), 1])
    unit = choose_time_unit(longest)
    figure = go.Figure()
    add_lanes(figure, lanes, place, unit, theme)
    dated = events.filter(pl.col("day").is_not_null(), pl.col("usubjid").is_in(ids))
    for term in dated.group_by("term").len().sort("len", "term", descending=[True, False])["term"]:
        add_events(figure, dated.filter(pl.col("term") == term), place, unit, theme)
    named = {"tickvals": list(place.values()), "ticktext": list(place), "tickfont": {"size": 10}}
    figure.update_yaxes(**named, range=[-0.7, len(ids) - 0.3], showgrid=False, zeroline=False)
    figure.update_xaxes(title=f"{unit.name} from {origin}", rangemode="tozero")
    return lay_out(figure, 150 + LANE * max(4, len(ids)))


def add_lanes(figure: go.Figure, lanes: pl.DataFrame, place: dict[str, int], unit: TimeUnit, theme: Theme) -> None:
    """The time under observation, a line a patient in the color of the arm; one trace an arm."""
    for index, arm in enumerate(lanes["arm"].unique().sort()):
        own = lanes.filter(pl.col("arm") == arm, pl.col("last").is_not_null())
        x = [value for last in own["last"] for value in (0, last / unit.days, None)]
        y = [value for usubjid in own["usubjid"] for value in (place[usubjid], place[usubjid], None)]
        line = {"color": theme.faint(index, 0.45), "width": 5}
        figure.add_trace(go.Scatter(x=x, y=y, mode="lines", line=line, name=f"{arm}: observed", hoverinfo="skip"))


def add_events(figure: go.Figure, rows: pl.DataFrame, place: dict[str, int], unit: TimeUnit, theme: Theme) -> None:
    """The events of one term."""
    kind = rows["kind"][0]
    figure.add_trace(
        go.Scatter(
            x=numbers(rows["day"] / unit.days),
            y=[place[usubjid] for usubjid in rows["usubjid"]],
            mode="markers",
            name=rows["term"][0],
            marker={"symbol": theme.event_symbol(kind), "color": theme.event(kind), "size": 9, "line": {"width": 1}},
            customdata=rows.select("usubjid", "hover").rows(),
            hovertemplate="%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
        )
    )


def plot_edish(
    points: pl.DataFrame, path: pl.DataFrame, words: tuple[str, ...], chosen: str, theme: Theme
) -> go.Figure:
    """One eDISH plot: peak aminotransferase against bilirubin, both logarithmic, the reference lines at 3 and 2.

    ``points`` has usubjid, arm, at_x, tbl_x, hover; ``path`` day, at_x, tbl_x, words of the ``chosen`` patient.
    ``words``: the titles of the axes, then what lies upper right, lower right and upper left. Draws no points as empty
    axes with the lines.
    """
    figure = go.Figure()
    known = points.filter(pl.col("at_x") > 0, pl.col("tbl_x") > 0)
    for index, arm in enumerate(known["arm"].unique().sort()):
        own = known.filter(pl.col("arm") == arm)
        figure.add_trace(
            go.Scatter(
                x=numbers(own["at_x"]),
                y=numbers(own["tbl_x"]),
                mode="markers",
                name=arm,
                marker={"color": theme.color(index), "symbol": symbol(index), "size": 8, "opacity": 0.75},
                customdata=own.select("usubjid", "hover").rows(),
                hovertemplate="%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
            )
        )
    add_path(figure, path, chosen, theme)
    ticks = {"type": "log", "tickvals": [0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 50], "minor": {"showgrid": False}}
    figure.update_xaxes(title=words[0], **ticks, range=spread(known["at_x"], EDGES[0]))
    figure.update_yaxes(title=words[1], **ticks, range=spread(known["tbl_x"], EDGES[1]))
    return lay_out(add_quadrants(figure, words[2:], theme), 460)


def add_quadrants(figure: go.Figure, words: Sequence[str], theme: Theme) -> go.Figure:
    """The reference lines, and what lies upper right, lower right and upper left."""
    line = {"color": theme.ink, "width": 1, "dash": "dash"}
    figure.add_vline(x=EDGES[0], line=line).add_hline(y=EDGES[1], line=line)
    for (x, y), said in zip(((0.99, 0.99), (0.99, 0.01), (0.01, 0.99)), words, strict=True):
        figure.add_annotation(
            text=said,
            x=x,
            y=y,
            xref="paper",
            yref="paper",
            xanchor="right" if x > 0.5 else "left",
            yanchor="top" if y > 0.5 else "bottom",
            showarrow=False,
            font={"size": 11, "color": theme.neutral},
        )
    return figure


def spread(values: pl.Series, edge: float) -> list[float]:
    """The range of a logarithmic axis on which all values and the reference line can be seen."""
    lowest, highest = min([*values, 0.5]), max([*values, edge * 1.6])
    return [log10(lowest) - 0.1, log10(highest) + 0.1]


def add_path(figure: go.Figure, path: pl.DataFrame, chosen: str, theme: Theme) -> None:
    """The course of one patient, from baseline on."""
    if path.is_empty():
        return
    figure.add_trace(
        go.Scatter(
            x=numbers(path["at_x"]),
            y=numbers(path["tbl_x"]),
            mode="lines+markers+text",
            name=f"course of {chosen}",
            text=["baseline" if day == 0 else "" for day in path["day"]],
            textposition="top center",
            textfont={"color": theme.ink, "size": 11},
            line={"color": theme.ink, "width": 1.5},
            marker={"color": theme.ink, "size": 5},
            customdata=path.select("words").rows(),
            hovertemplate="%{customdata[0]}: %{x:.2f}, %{y:.2f}<extra></extra>",
        )
    )


def plot_shift(rows: pl.DataFrame, arms: Sequence[str], title: str, theme: Theme) -> go.Figure:
    """Grade at baseline against the worst grade after it, a panel an arm; the number of patients in every cell.

    ``rows`` has arm, before, after, n. Above the diagonal line patients got worse. Draws no rows as empty axes.
    """
    found = {*rows["before"], *rows["after"]}
    names = [*sorted(found - {NO_GRADE}), *sorted(found & {NO_GRADE})]
    panels = {"rows": 1, "cols": max(1, len(arms)), "subplot_titles": list(arms)}
    figure = make_subplots(**panels, shared_yaxes=True, horizontal_spacing=0.04)
    for column, arm in enumerate(arms, start=1):
        add_cells(figure, rows.filter(pl.col("arm") == arm), names, column, theme)
    figure.update_xaxes(title="at baseline", showgrid=False)
    figure.update_yaxes(showgrid=False)
    figure.update_yaxes(title=title, col=1)
    return lay_out(figure, 170 + 44 * max(3, len(names)), legend=False).update_layout(margin={"t": 36})


def add_cells(figure: go.Figure, rows: pl.DataFrame, names: list[str], column: int, theme: Theme) -> None:
    """The cells of one arm, colored by their share of its patients, and what a click gives: "arm|before|after"."""
    counts = {(before, after): n for before, after, n in rows.select("before", "after", "n").rows()}
    total = max(1, sum(counts.values()))
    grid = [[counts.get((before, after)) for before in names] for after in names]
    heat = go.Heatmap(
        x=names,
        y=names,
        z=[[None if n is None else n / total for n in line] for line in grid],
        text=[["" if n is None else str(n) for n in line] for line in grid],
        texttemplate="%{text}",
        textfont={"color": theme.ink, "size": 13},
        colorscale=theme.carpet,
        zmin=0,
        zmax=1,
        showscale=False,
        hoverinfo="skip",
        xgap=2,
        ygap=2,
    )
    figure.add_trace(heat, row=1, col=column)
    custom = [
        [f"{arm}|{before}|{after}", n] for arm, before, after, n in rows.select("arm", "before", "after", "n").rows()
    ]
    said = "%{customdata[1]} patients: %{x} → %{y}"
    figure.add_trace(cover_cells(rows["before"].to_list(), rows["after"].to_list(), custom, said), row=1, col=column)


def plot_stages(table: pl.DataFrame, stages: Sequence[str], visits: Sequence[str], theme: Theme) -> go.Figure:
    """How many patients have which stage at every visit, stacked, a panel an arm.

    ``table`` has arm, avisit, stage, n. Stages go from best to worst. Draws no rows as empty axes.
    """
    arms = table["arm"].unique().sort().to_list()
    panels = {"rows": 1, "cols": max(1, len(arms)), "subplot_titles": arms}
    figure = make_subplots(**panels, shared_yaxes=True, horizontal_spacing=0.04)
    for rank, stage in enumerate(stages):
        for column, arm in enumerate(arms, start=1):
            own = table.filter(pl.col("arm") == arm, pl.col("stage") == stage)
            figure.add_trace(stack_stage(dict(own.select("avisit", "n").rows()), visits, stage, rank, theme), 1, column)
            figure.data[-1].showlegend = column == 1
    figure.update_yaxes(title="Patients", col=1)
    return lay_out(figure, 340).update_layout(barmode="stack", margin={"t": 72}, legend={"y": 1.12})


def stack_stage(counts: dict[str, int], visits: Sequence[str], stage: str, rank: int, theme: Theme) -> go.Bar:
    """The bars of one stage in one arm."""
    return go.Bar(
        x=list(visits),
        y=[counts.get(visit, 0) for visit in visits],
        name=stage,
        legendgroup=stage,
        marker={"color": theme.veil(0.35) if rank == 0 else theme.grade(rank)},
        hovertemplate=f"{stage}: %{{y}} patients at %{{x}}<extra></extra>",
    )
