"""A report as one page that works offline: tables, figures that can be hovered, print rules, the recipe."""

from html import escape

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from analytics.documents.model import RECIPE, Block, Document, Picture, Section, Table, Words, table_cells
from analytics.figures.theme import stamp_figure

SIMULATED = "SIMULATED data: no patient stands behind these numbers."
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1f2937; max-width: 1100px; margin: 0 auto; padding: 24px; }
h1 { margin-bottom: 4px; } h2 { border-bottom: 2px solid #d1d5db; padding-bottom: 4px; margin-top: 40px; }
.stamp { color: #4b5563; font-size: 12px; } .note { color: #4b5563; font-size: 13px; }
.comment { border-left: 4px solid #0072b2; padding: 4px 12px; background: #f3f7fb; white-space: pre-wrap; }
.simulated { background: #fff4cc; color: #7a4a00; font-weight: 700; padding: 6px 12px; margin: 8px 0; }
table { border-collapse: collapse; font-size: 13px; margin: 8px 0 16px; }
caption { text-align: left; font-weight: 600; }
th, td { border-bottom: 1px solid #e5e7eb; padding: 3px 10px 3px 0; text-align: left; vertical-align: top; }
th { border-bottom: 2px solid #9ca3af; } .wide { overflow-x: auto; } figure { margin: 16px 0; }
nav a { margin-right: 14px; }
@media print { nav { display: none; } h2 { break-before: page; } figure, tr { break-inside: avoid; }
  .foot { position: fixed; bottom: 0; } }
"""


def write_web(document: Document) -> bytes:
    """The report as HTML with its script, styles and recipe inside; nothing is asked of another machine."""
    links = "".join(f'<a href="#{item.code}">{escape(item.title)}</a>' for item in document.sections)
    facts = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in document.facts.items())
    recipe = document.recipe_text.replace("<", "\\u003c")
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(document.title)}</title>',
        f"<style>{STYLE}</style><script>{get_plotlyjs()}</script></head><body>",
        f"<h1>{escape(document.title)}</h1>{mark(document)}<table>{facts}</table><nav>{links}</nav>",
        *(write_section(document, section) for section in document.sections),
        f'<p class="stamp foot">{escape(document.stamp)}</p>',
        f'<script type="application/json" id="{RECIPE}">{recipe}</script></body></html>',
    ]
    return "\n".join(parts).encode()


def mark(document: Document) -> str:
    """The word SIMULATED where it applies, and the stamp."""
    word = f'<p class="simulated">{SIMULATED}</p>' if document.simulated else ""
    return f'{word}<p class="stamp">{escape(document.stamp)}</p>'


def write_section(document: Document, section: Section) -> str:
    """One section with its mark and its blocks."""
    blocks = "\n".join(write_block(block) for block in section.blocks)
    return f'<section id="{section.code}"><h2>{escape(section.title)}</h2>{mark(document)}\n{blocks}</section>'


def write_block(block: Block) -> str:
    """A paragraph, a table or a figure."""
    if isinstance(block, Words):
        kind = "comment" if block.comment else "note" if block.note else ""
        return f'<p class="{kind}">{escape(block.text)}</p>'
    if isinstance(block, Table):
        return write_table(block)
    title = f"<figcaption><b>{escape(block.title)}</b></figcaption>"
    return f'<figure role="img" aria-label="{escape(block.alt, quote=True)}">{title}{draw(block)}</figure>'


def draw(block: Picture) -> str:
    """The figure in light colors, its script being in the head."""
    figure: go.Figure = stamp_figure(block.figure, "", dark=False)
    return figure.to_html(full_html=False, include_plotlyjs=False, config={"displaylogo": False})


def write_table(block: Table) -> str:
    """A table with its title."""
    head = "".join(f"<th>{escape(name)}</th>" for name in block.frame.columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table_cells(block.frame)
    )
    caption = f"<caption>{escape(block.title)}</caption>"
    return f'<div class="wide"><table>{caption}<thead><tr>{head}</tr></thead>{rows}</table></div>'
