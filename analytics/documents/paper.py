"""A report as PDF, set by typst; its recipe is attached to the file."""

from collections.abc import Callable
from typing import Any

from analytics.documents.model import Block, Document, Picture, Table, Words, table_cells
from analytics.documents.pictures import render_figures
from analytics.documents.printed import set_page
from analytics.figures.theme import stamp_figure

WIDTH, PAPER = 900, 178  # of a figure in pixels, and of the text in millimetres


def draw_pictures(document: Document, kind: str, tell: Callable[[str], None]) -> dict[str, bytes]:
    """Every figure of a document by its key, on white."""
    pictures = document.pictures
    figures = [stamp_figure(item.figure, "", dark=False).update_layout(width=WIDTH) for item in pictures]
    made = render_figures(figures, kind, lambda done: tell(f"Figure {done} of {len(pictures)}")) if figures else []
    return {item.key: picture for item, picture in zip(pictures, made, strict=True)}


def write_paper(document: Document, tell: Callable[[str], None]) -> bytes:
    """The report as PDF. A browser must be installed that can draw its figures."""
    made = draw_pictures(document, "svg", tell)
    files = {f"{place}.svg": picture for place, picture in enumerate(made.values())}
    names = {key: f"{place}.svg" for place, key in enumerate(made)}
    tell("Setting the pages")
    data = {
        "title": document.title,
        "stamp": document.stamp,
        "simulated": document.simulated,
        "facts": document.facts,
        "recipe": document.recipe_text,
        "sections": [
            {"title": section.title, "blocks": [describe_block(block, names) for block in section.blocks]}
            for section in document.sections
        ],
    }
    return set_page("report.typ", data, files)


def describe_block(block: Block, names: dict[str, str]) -> dict[str, Any]:
    """A block as the template reads it."""
    if isinstance(block, Words):
        return {"kind": "words", "text": block.text, "note": block.note, "comment": block.comment}
    if isinstance(block, Picture):
        height = (block.figure.layout.height or 450) + 56
        tall = round(PAPER * height / WIDTH)
        return {"kind": "picture", "title": block.title, "alt": block.alt, "file": names[block.key], "height": tall}
    return describe_table(block)


def describe_table(block: Table) -> dict[str, Any]:
    """A table as the template reads it."""
    return {"kind": "table", "title": block.title, "head": block.frame.columns, "rows": table_cells(block.frame)}
