"""How classes flow from visit to visit."""

from typing import Any

import plotly.graph_objects as go
import polars as pl

from analytics.figures.theme import Theme, lay_out

GRADES = (("#009E73", "#56B4E9", "#E69F00", "#D55E00"), ("#2BBF94", "#56B4E9", "#F0C24B", "#FF7F50"))
ENDS = {
    "died": ("#111827", "#D1D5DB"),
    "transplanted": ("#6A3D9A", "#B79CE0"),
    "no value": ("#9CA3AF", "#6B7280"),
    "no baseline": ("#D1D5DB", "#4B5563"),
}


def color_class(name: str, classes: list[str], theme: Theme) -> str:
    """The color of a class: from good to bad in their order; deaths, transplants and gaps have their own."""
    if name in ENDS:
        return ENDS[name][theme.dark]
    colors = GRADES[theme.dark]
    place = classes.index(name)
    return colors[round(place * (len(colors) - 1) / max(1, len(classes) - 1))]


def see_through(color: str, alpha: float) -> str:
    """The color, see-through."""
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def plot_flow(flow: pl.DataFrame, stages: list[str], theme: Theme) -> go.Figure:
    """A Sankey diagram of step, source, target, n over ``stages`` (baseline first)."""
    classes = sorted({name for name in [*flow["source"], *flow["target"]] if name not in ENDS})
    order = [*classes, *ENDS]
    ends = {(row["step"], row["source"]) for row in flow.iter_rows(named=True)}
    ends |= {(row["step"] + 1, row["target"]) for row in flow.iter_rows(named=True)}
    nodes = sorted(ends, key=lambda node: (node[0], order.index(node[1])))
    last = max(1, len(stages) - 1)
    node = {
        "label": [name for _, name in nodes],
        "color": [color_class(name, classes, theme) for _, name in nodes],
        "x": [min(0.999, max(0.001, step / last)) for step, _ in nodes],
        "y": place_nodes(nodes, flow),
        "pad": 14,
        "thickness": 16,
    }
    ink = {"color": theme.ink, "shadow": "none"}
    figure = go.Figure(
        go.Sankey(arrangement="snap", node=node, link=make_links(flow, nodes, classes, theme), textfont=ink)
    )
    for step, stage in enumerate(stages):
        anchor = "left" if step == 0 else "right" if step == last else "center"
        at = {"x": step / last, "y": 1.08, "xref": "paper", "yref": "paper", "xanchor": anchor}
        figure.add_annotation(text=f"<b>{stage}</b>", showarrow=False, **at)
    return lay_out(figure, 420, legend=False).update_layout(margin={"l": 16, "r": 16, "t": 44, "b": 16})


def make_links(flow: pl.DataFrame, nodes: list[tuple[int, str]], classes: list[str], theme: Theme) -> dict[str, Any]:
    """The bands between the nodes, in the color of where they come from."""
    index = {node: place for place, node in enumerate(nodes)}
    rows = list(flow.iter_rows(named=True))
    return {
        "source": [index[row["step"], row["source"]] for row in rows],
        "target": [index[row["step"] + 1, row["target"]] for row in rows],
        "value": [row["n"] for row in rows],
        "color": [see_through(color_class(row["source"], classes, theme), 0.35) for row in rows],
        "hovertemplate": "%{source.label} → %{target.label}: %{value} patients<extra></extra>",
    }


def place_nodes(nodes: list[tuple[int, str]], flow: pl.DataFrame) -> list[float]:
    """Heights that keep the classes in their order from top to bottom, by how many pass through each."""
    sizes: dict[tuple[int, str], int] = {}
    for row in flow.iter_rows(named=True):
        if row["step"] == 0:
            sizes[0, row["source"]] = sizes.get((0, row["source"]), 0) + row["n"]
        key = (row["step"] + 1, row["target"])
        sizes[key] = sizes.get(key, 0) + row["n"]
    total = sum(size for (step, _), size in sizes.items() if step == 0) or 1
    heights, used = [], {}
    for step, name in nodes:
        own = sizes.get((step, name), 0) / total
        above = used.get(step, 0.0)
        heights.append(min(0.999, max(0.001, above + own / 2)))
        used[step] = above + own
    return heights
