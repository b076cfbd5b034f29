"""The waterfall of responses, and how the share of responders depends on the threshold."""

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from analytics.catalog import Parameter
from analytics.figures.theme import Theme, dash, lay_out, numbers

MOST_BARS = 400  # of more patients an evenly spaced sample is drawn
FEW = 40  # bars that are named
PATTERNS = {"responder, causal therapy began": "x", "reached, not confirmed": "/", "reached, not credited": "."}


def order_bars(rows: pl.DataFrame, better: str) -> pl.DataFrame:
    """Every arm's patients from worst to best with their place ``x``; of more than 400 an even sample."""
    known = rows.filter(pl.col("y").is_not_null())
    ordered = known.sort("arm", "y", "usubjid", descending=[False, better != "higher", False])
    thinned = ordered.gather_every(-(-max(1, ordered.height) // MOST_BARS))
    return thinned.with_columns(x=pl.int_range(pl.len()).over("arm"))


def plot_waterfall(rows: pl.DataFrame, title: str, better: str, threshold: float, theme: Theme) -> go.Figure:
    """One bar a patient, a panel an arm, worst on the left; color by direction of benefit, pattern by credit.

    ``rows`` has usubjid, arm, y, outcome, reason. Where the catalog names no direction of benefit all
    bars have one color. Draws no rows as empty axes.
    """
    placed = order_bars(rows, better)
    arms = placed["arm"].unique().sort().to_list()
    sizes = [max(1, placed.filter(pl.col("arm") == arm).height) for arm in arms] or [1]
    figure = make_subplots(
        rows=1,
        cols=max(1, len(arms)),
        shared_yaxes=True,
        column_widths=sizes,
        horizontal_spacing=0.02,
        subplot_titles=arms,
    )
    for column, arm in enumerate(arms, start=1):
        own = placed.filter(pl.col("arm") == arm)
        add_bars(figure, own, column, better, theme)
        total = rows.filter(pl.col("arm") == arm, pl.col("y").is_not_null()).height
        name_bars(figure, own, total, column)
    figure.add_hline(y=threshold, line={"color": theme.ink, "width": 1.5, "dash": "dash"})
    figure.update_yaxes(zeroline=True, zerolinecolor=theme.neutral, zerolinewidth=1)
    figure.update_yaxes(title=title, col=1)
    figure.update_xaxes(showgrid=False, zeroline=False)
    return lay_out(figure, 440, legend=False).update_layout(
        bargap=0.08, margin={"t": 36, "b": 84 if placed.height <= FEW else 40}
    )


def add_bars(figure: go.Figure, rows: pl.DataFrame, column: int, better: str, theme: Theme) -> None:
    """The bars of one arm."""
    gain = {"lower": -1, "higher": 1}.get(better, 0)
    moves = [0.0 if value is None else value * gain for value in rows["y"]]
    colors = [theme.better if move > 0 else theme.worse if move < 0 else theme.neutral for move in moves]
    words = pl.concat_str("outcome", "reason", separator=": ", ignore_nulls=True)
    pattern = {"shape": [PATTERNS.get(outcome, "") for outcome in rows["outcome"]], "fgcolor": theme.ink, "size": 6}
    bars = go.Bar(
        x=rows["x"].to_numpy(),
        y=numbers(rows["y"]),
        marker={"color": colors, "pattern": pattern},
        customdata=rows.select("usubjid", words).rows(),
        hovertemplate="%{customdata[0]}: %{y:.4g}<br>%{customdata[1]}<extra></extra>",
    )
    figure.add_trace(bars, row=1, col=column)
    add_still(figure, rows.filter(pl.col("y") == 0), column, theme)


def name_bars(figure: go.Figure, rows: pl.DataFrame, total: int, column: int) -> None:
    """The patients' names below their bars, or how many there are and how many are drawn."""
    if rows.height <= FEW:
        names = {"tickvals": rows["x"].to_list(), "ticktext": rows["usubjid"].to_list(), "tickangle": -90}
        figure.update_xaxes(**names, row=1, col=column)
        return
    drawn = "" if rows.height == total else f", every {round(total / rows.height)}th drawn"
    figure.update_xaxes(tickvals=[], title=f"{total} patients{drawn}", row=1, col=column)


def add_still(figure: go.Figure, rows: pl.DataFrame, column: int, theme: Theme) -> None:
    """A mark for each patient without change: a bar of height 0 could neither be seen nor clicked."""
    if rows.is_empty():
        return
    mark = {"size": 9, "symbol": "line-ew", "line": {"width": 3, "color": theme.neutral}}
    marks = go.Scatter(
        x=rows["x"].to_numpy(),
        y=numbers(rows["y"]),
        mode="markers",
        marker=mark,
        customdata=rows.select("usubjid").rows(),
        hovertemplate="%{customdata[0]}: no change<extra></extra>",
    )
    figure.add_trace(marks, row=1, col=column)


def plot_thresholds(table: pl.DataFrame, parameter: str, threshold: float, theme: Theme) -> go.Figure:
    """The share that reaches every threshold, by arm with exact limits; the rule's own threshold is marked.

    ``table`` has arm, threshold, share, lower, upper, in percent.
    """
    figure = go.Figure()
    for index, arm in enumerate(table["arm"].unique().sort().to_list()):
        own = table.filter(pl.col("arm") == arm).sort("threshold")
        # At a threshold that counts values below it the share holds up to the next one, else from the one before.
        shape = "hv" if own["share"].to_list() == sorted(own["share"]) else "vh"
        line = {"color": theme.color(index), "width": 2.5, "dash": dash(index), "shape": shape}
        ends = {"mode": "lines", "line": {"width": 0, "shape": shape}, "hoverinfo": "skip", "showlegend": False}
        shade = {"fill": "tonexty", "fillcolor": theme.faint(index, 0.14)}
        for edge, filled in (("lower", {}), ("upper", shade)):
            figure.add_trace(go.Scatter(x=numbers(own["threshold"]), y=numbers(own[edge]), **filled, **ends))
        said = arm + " at %{x:.4g}: %{y:.0f} % (%{customdata[0]} of %{customdata[1]})<extra></extra>"
        counts = own.select("responders", "n").rows()
        x, y = numbers(own["threshold"]), numbers(own["share"])
        figure.add_trace(go.Scatter(x=x, y=y, name=arm, mode="lines", line=line, customdata=counts, hovertemplate=said))
    figure.add_vline(x=threshold, line={"color": theme.ink, "width": 1.5, "dash": "dash"})
    figure.update_xaxes(title=f"Threshold: {parameter}")
    figure.update_yaxes(title="Patients who reach it, %", range=[0, 100])
    return lay_out(figure, 320)


def describe_title(parameter: Parameter, measure: str) -> str:
    """The title of the axis: what is measured, its unit, the direction of benefit."""
    words = {"chg": f"{parameter.name}, change", "pchg": f"{parameter.name}, change", "aval": parameter.name}[measure]
    unit = "%" if measure == "pchg" else parameter.unit_label
    return words + (f", {unit}" if unit else "") + (f" ({parameter.benefit})" if parameter.benefit else "")
