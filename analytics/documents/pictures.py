"""A figure as a page that works offline, or as a picture drawn by an installed browser."""

from collections.abc import Callable, Sequence

import kaleido
import plotly.graph_objects as go
from choreographer.browsers.chromium import Chromium
from kaleido import PageGenerator

SCALE = {"png": 2, "svg": 1}


def has_browser() -> bool:
    """Whether Chrome, Edge or Chromium is installed: pictures need one."""
    return Chromium.find_browser(skip_local=False) is not None


def render_figures(figures: Sequence[go.Figure], kind: str, tell: Callable[[int], None]) -> list[bytes]:
    """Several figures as ``svg`` or ``png`` by one browser; ``tell`` is told how many are done."""
    pictures = []
    kaleido.start_sync_server(page_generator=PageGenerator(mathjax=False), silence_warnings=True)
    try:
        for done, figure in enumerate(figures, start=1):
            layout = figure.layout
            size = {"width": layout.width or 1100, "height": layout.height or 500, "scale": SCALE[kind]}
            pictures.append(kaleido.calc_fig_sync(figure, {"format": kind, **size}))
            tell(done)
    finally:
        kaleido.stop_sync_server(silence_warnings=True)
    return pictures


def render_figure(figure: go.Figure, kind: str) -> bytes:
    """The figure as ``html`` (its script inside), ``svg`` or ``png`` (twice its size on screen)."""
    if kind == "html":
        return figure.to_html(include_plotlyjs=True).encode()
    layout = figure.layout
    options = {"format": kind, "width": layout.width or 1100, "height": layout.height or 500, "scale": SCALE[kind]}
    # Without this the page would ask another machine for MathJax.
    offline = {"page_generator": PageGenerator(mathjax=False)}
    return kaleido.calc_fig_sync(figure, options, kopts=offline)
