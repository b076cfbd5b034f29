"""How every figure looks: colors, dashes, axes. Okabe-Ito colors, told apart by dash as well."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import polars as pl

from analytics.catalog.constants import MONTH, YEAR

# Okabe M, Ito K. Color Universal Design, 2008. The order keeps neighbours apart on light and on dark.
LIGHT = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DARK = ("#56B4E9", "#E69F00", "#2BBF94", "#E29AC2", "#F0E442", "#FF7F50")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x")
EVENT_COLORS = {
    "death": ("#B00020", "#FF6B7A"),
    "transplant": ("#6A3D9A", "#B79CE0"),
    "infusion": ("#009E73", "#2BBF94"),
    "ascites": ("#0072B2", "#56B4E9"),
    "variceal_bleeding": ("#D55E00", "#FF9A5C"),
    "encephalopathy": ("#B8860B", "#F0E442"),
    "hcc": ("#4B3621", "#C8A27A"),
}
EVENT_SYMBOLS = {
    "infusion": "circle",
    "death": "x",
    "transplant": "star",
    "ascites": "square",
    "variceal_bleeding": "triangle-up",
    "encephalopathy": "diamond",
    "hcc": "hexagon",
    "paracentesis": "triangle-down",
    "adverse_event": "diamond-open",
    "tips": "cross",
    "imaging": "circle-open",
    "histology": "square-open",
}
OTHER_SYMBOL = "pentagon-open"
NEUTRAL = ("#6B7280", "#9CA3AF")
CARPET = (("#F6D5B8", "#F3F0E3", "#A9D3EC"), ("#7A4414", "#3D3D3D", "#14517A"))  # nothing there, half, all
BETTER_WORSE = (("#009E73", "#2BBF94"), ("#D55E00", "#FF9A5C"))
STATUS_COLORS = {
    "done": ("#009E73", "#2BBF94"),
    "early": ("#56B4E9", "#56B4E9"),
    "late": ("#E69F00", "#F0C24B"),
    "missed": ("#D55E00", "#FF7F50"),
    "not due": ("#E5E7EB", "#30343C"),
    "not known": ("#B6BCC6", "#5B6270"),
}
GRADES = (  # CTCAE 0 to 5: Okabe-Ito, each grade with a marker of its own
    ("#0072B2", "#E69F00", "#D55E00", "#B00020", "#4B0A14", "#000000"),
    ("#56B4E9", "#F0E442", "#E69F00", "#FF7F50", "#FF6B7A", "#F3F4F6"),
)
INK = ("#1F2937", "#F3F4F6")
ON_BRIGHT = "#111827"
BAND = ("rgba(0,158,115,0.10)", "rgba(43,191,148,0.14)")


@dataclass(frozen=True)
class Theme:
    """Light or dark."""

    dark: bool = False

    def color(self, index: int) -> str:
        """The color of the group with this number."""
        colors = DARK if self.dark else LIGHT
        return colors[index % len(colors)]

    def faint(self, index: int, alpha: float) -> str:
        """The same color, see-through."""
        red, green, blue = (int(self.color(index)[place : place + 2], 16) for place in (1, 3, 5))
        return f"rgba({red},{green},{blue},{alpha})"

    def event(self, kind: str) -> str:
        """The color of a kind of event."""
        return EVENT_COLORS.get(kind, NEUTRAL)[self.dark]

    @property
    def better(self) -> str:
        """The color of a change for the better."""
        return BETTER_WORSE[0][self.dark]

    @property
    def worse(self) -> str:
        """The color of a change for the worse."""
        return BETTER_WORSE[1][self.dark]

    def status(self, name: str) -> str:
        """The color of a planned visit's status."""
        return STATUS_COLORS[name][self.dark]

    @staticmethod
    def event_symbol(kind: str) -> str:
        """The marker of a kind of event, the same for every patient."""
        return EVENT_SYMBOLS.get(kind, OTHER_SYMBOL)

    def grade(self, grade: int) -> str:
        """The color of a CTCAE grade."""
        return GRADES[self.dark][grade]

    def veil(self, alpha: float) -> str:
        """A see-through gray, for what stands behind."""
        return f"rgba({'156,163,175' if self.dark else '107,114,128'},{alpha})"

    @property
    def neutral(self) -> str:
        """The color of what belongs to no group."""
        return NEUTRAL[self.dark]

    @property
    def carpet(self) -> list[list[float | str]]:
        """The color scale from nothing there to all there; ``ink`` is legible on all of it."""
        return [[place, color] for place, color in zip((0, 0.5, 1), CARPET[self.dark], strict=True)]

    @property
    def ink(self) -> str:
        """The color of text on the color scale."""
        return INK[self.dark]

    @property
    def on_bright(self) -> str:
        """The color of a sign on a bright cell, in either theme."""
        return ON_BRIGHT

    @property
    def band(self) -> str:
        """The color of a reference range."""
        return BAND[self.dark]


@dataclass(frozen=True)
class TimeUnit:
    """The unit of a time axis and how many days it has."""

    name: str
    days: float


def choose_time_unit(longest: float) -> TimeUnit:
    """Years, months or days, by the longest time in days that the axis shows."""
    if longest > 3.5 * YEAR:
        return TimeUnit("Years", YEAR)
    return TimeUnit("Months", MONTH) if longest > 100 else TimeUnit("Days", 1.0)


def dash(index: int) -> str:
    """The dash of the group with this number."""
    return DASHES[index % len(DASHES)]


def symbol(index: int) -> str:
    """The marker of the group with this number."""
    return SYMBOLS[index % len(SYMBOLS)]


def lay_out(figure: go.Figure, height: int, legend: bool = True) -> go.Figure:
    """Margins, legend and hover that all figures share."""
    return figure.update_layout(
        height=height,
        margin={"l": 64, "r": 16, "t": 40 if legend else 16, "b": 48},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "title": None, "traceorder": "normal"},
        showlegend=legend,
        hovermode="closest",
        dragmode=False,
    )


def cover_cells(
    x: Sequence[str | float], y: Sequence[Any], customdata: Sequence[Sequence[Any]], said: str
) -> go.Scatter:
    """Marks that nobody sees over the cells of a heat map, which has no points to click; ``said`` is the hover text."""
    return go.Scatter(
        x=list(x),
        y=list(y),
        mode="markers",
        marker={"color": "rgba(0,0,0,0)", "symbol": "square", "size": 15},
        customdata=customdata,
        hovertemplate=f"{said}<extra></extra>",
        showlegend=False,
    )


def part_with_gaps(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """The rows with an empty one after each subject, so that one trace draws many courses."""
    gaps = rows.select(by).unique(maintain_order=True).with_columns(__gap=pl.lit(1))
    marked = rows.with_columns(__gap=pl.lit(0), __order=pl.int_range(pl.len()))
    return (
        pl.concat([marked, gaps], how="diagonal")
        .sort(by, "__gap", "__order", maintain_order=True)
        .drop("__gap", "__order")
    )


def numbers(column: pl.Series) -> Any:
    """A column as Plotly takes it fastest: a typed array, missing as NaN."""
    return column.cast(pl.Float32).to_numpy()


class ReadyFigure(go.Figure):
    """A figure as it is sent to the browser, put together once: it looks empty, and cannot be changed."""

    def __init__(self, figure: go.Figure) -> None:
        """What is sent of a figure that nobody changes any more."""
        super().__init__()
        self._sent = figure.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Traces and layout with their arrays as they are sent; the same object at every call."""
        return self._sent


def stamp_figure(figure: go.Figure, note: str, dark: bool) -> go.Figure:
    """A copy for a document: colors of its own instead of the page's, and what it shows written below it."""
    stamped = go.Figure(figure)
    margin = stamped.layout.margin.to_plotly_json()
    paper, ink = ("#0E1117", "#F3F4F6") if dark else ("#FFFFFF", "#1F2937")
    stamped.add_annotation(
        text=note,
        xref="paper",
        yref="paper",
        x=0,
        y=0,
        yshift=-(margin.get("b") or 48) - 24,
        xanchor="left",
        showarrow=False,
        font={"size": 11},
    )
    return stamped.update_layout(
        template="plotly_dark" if dark else "plotly_white",
        paper_bgcolor=paper,
        plot_bgcolor=paper,
        font_color=ink,
        margin={**margin, "b": (margin.get("b") or 48) + 56},
        height=(figure.layout.height or 450) + 56,
    )
