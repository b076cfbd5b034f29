"""The cohort at a glance: follow-up of each subject, and which values are there."""

import plotly.graph_objects as go
import polars as pl

from analytics.figures.theme import Theme, choose_time_unit, cover_cells, lay_out, numbers

MOST_BARS = 400  # of more subjects an evenly spaced sample is drawn
MOST_NAMED = 70  # more subjects than this: their names would overlap
EVENT_SYMBOLS = {
    "death": "x",
    "transplant": "star",
    "infusion": "triangle-down",
    "ascites": "circle",
    "variceal_bleeding": "diamond",
    "encephalopathy": "square",
    "hcc": "cross",
}


BY_ARM, BY_LENGTH, BY_EVENT, BY_NAME = "Arm, then length", "Length", "First event", "Patient"
ORDERS = (BY_ARM, BY_LENGTH, BY_EVENT, BY_NAME)


def order_subjects(known: pl.DataFrame, events: pl.DataFrame, order: str) -> pl.DataFrame:
    """The subjects in the order of their bars, first on top; without an event they come last by first event."""
    if order == BY_NAME:
        return known.sort("usubjid")
    if order == BY_LENGTH:
        return known.sort("last_contact_day", "usubjid", descending=[True, False])
    if order == BY_EVENT:
        first = events.filter(pl.col("kind") != "infusion").group_by("usubjid").agg(first=pl.col("day").min())
        joined = known.join(first, on="usubjid", how="left", maintain_order="left")
        return joined.sort("first", "usubjid", nulls_last=True).drop("first")
    return known.sort("arm", "last_contact_day", descending=[False, True])


def plot_follow_up(
    subjects: pl.DataFrame, events: pl.DataFrame, origin: str, theme: Theme, order: str = BY_ARM
) -> go.Figure:
    """One bar a subject from day 0 to the last contact, with infusions and events, in one of ``ORDERS``.

    ``subjects`` has usubjid, arm, last_contact_day; ``events`` usubjid, kind, day. Subjects without
    a last contact are left out; of more than 400 an evenly spaced sample is drawn.
    """
    known = subjects.filter(pl.col("last_contact_day").is_not_null())
    ordered = order_subjects(known, events, order)
    placed = ordered.gather_every(-(-max(1, ordered.height) // MOST_BARS)).with_columns(y=pl.int_range(pl.len()))
    unit = choose_time_unit(float(str(placed["last_contact_day"].max() or 0)))
    figure = go.Figure()
    for index, arm in enumerate(placed["arm"].unique().sort().to_list()):
        add_bars(figure, placed.filter(pl.col("arm") == arm), unit.days, theme.faint(index, 0.6))
    for kind in events["kind"].unique().sort().to_list():
        add_events(figure, placed, events.filter(pl.col("kind") == kind), kind, unit.days, theme)
    figure.update_xaxes(title=f"{unit.name} since {origin}")
    if placed.height <= MOST_NAMED:
        figure.update_yaxes(tickvals=placed["y"].to_list(), ticktext=placed["usubjid"].to_list(), autorange="reversed")
    else:
        figure.update_yaxes(
            tickvals=[], title=f"{placed.height} of {ordered.height} subjects, hover for the name", autorange="reversed"
        )
    height = min(900, max(260, 130 + 15 * placed.height))
    return lay_out(figure, height).update_layout(barmode="overlay", bargap=0.25)


def add_bars(figure: go.Figure, group: pl.DataFrame, days: float, color: str) -> None:
    """The bars of one arm."""
    trace = go.Bar(
        y=numbers(group["y"]),
        x=numbers(group["last_contact_day"] / days),
        orientation="h",
        name=group["arm"][0],
        marker={"color": color},
        customdata=group.select("usubjid").rows(),
        hovertemplate="%{customdata[0]}: last contact %{x:.1f}<extra></extra>",
    )
    figure.add_trace(trace)


def add_events(
    figure: go.Figure, placed: pl.DataFrame, events: pl.DataFrame, kind: str, days: float, theme: Theme
) -> None:
    """The events of one kind on the bars of their subjects."""
    marks = events.join(placed.select("usubjid", "y"), on="usubjid").filter(pl.col("day").is_not_null())
    if marks.is_empty():
        return
    figure.add_trace(
        go.Scatter(
            x=numbers(marks["day"] / days),
            y=numbers(marks["y"]),
            mode="markers",
            name=kind.replace("_", " "),
            marker={"symbol": EVENT_SYMBOLS.get(kind, "circle-open"), "size": 8, "color": theme.event(kind)},
            customdata=marks.select("usubjid").rows(),
            hovertemplate="%{customdata[0]}: " + kind.replace("_", " ") + " %{x:.1f}<extra></extra>",
        )
    )


def plot_completeness(table: pl.DataFrame, labels: dict[str, str], theme: Theme) -> go.Figure:
    """Which share of the expected subjects has a value: parameters down, visits across.

    ``table`` has paramcd, avisit, position, n, expected, share; ``labels`` the parameters in order.
    """
    visits = table.sort("position")["avisit"].unique(maintain_order=True).to_list()
    codes = [code for code in labels if code in set(table["paramcd"])]
    cells = {(row["paramcd"], row["avisit"]): row for row in table.iter_rows(named=True)}
    empty = {"n": 0, "expected": None, "share": None}
    rows = [[cells.get((code, visit), empty) for visit in visits] for code in codes]
    heat = go.Heatmap(
        z=[[None if cell["share"] is None else 100 * cell["share"] for cell in row] for row in rows],
        text=[[str(cell["n"]) if cell["n"] else "" for cell in row] for row in rows],
        x=visits,
        y=[labels[code] for code in codes],
        texttemplate="%{text}",
        colorscale=theme.carpet,
        textfont={"color": theme.ink},
        colorbar={"title": "% of expected", "thickness": 12},
        hoverinfo="skip",
    )
    figure = go.Figure(heat).update_traces(zmin=0, zmax=100, xgap=2, ygap=2)
    known = [cells[code, visit] for code in codes for visit in visits if (code, visit) in cells]
    counts = [[f"{cell['paramcd']}|{cell['avisit']}", cell["n"], cell["expected"] or 0] for cell in known]
    x, y = [cell["avisit"] for cell in known], [labels[cell["paramcd"]] for cell in known]
    figure.add_trace(cover_cells(x, y, counts, "%{y}, %{x}: %{customdata[1]} of %{customdata[2]} expected"))
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(side="top")
    return lay_out(figure, max(240, 100 + 26 * len(codes)), legend=False).update_layout(margin={"t": 56, "b": 16})
