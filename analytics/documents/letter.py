"""A report as a text document (DOCX): headings, native tables, pictures, the stamp in header and footer."""

from collections.abc import Callable
from io import BytesIO

import docx
from docx.document import Document as Docx
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import Table as DocxTable

from analytics.documents.model import RECIPE, Block, Document, Table, Words, table_cells
from analytics.documents.paper import draw_pictures

WIDTH, TALLEST = Cm(25.7), Cm(12.2)  # of the text on a landscape page
KEPT = 3  # rows of a table that stay together, so that no head stands alone at the foot of a page
GRAY = RGBColor(0x4B, 0x55, 0x63)


def write_letter(document: Document, tell: Callable[[str], None]) -> bytes:
    """The report as DOCX. A browser must be installed that can draw its figures."""
    made = draw_pictures(document, "png", tell)
    file = docx.Document()
    set_up_page(file, document)
    file.add_heading(document.title, level=0)
    add_table(file, list(document.facts.items()), None)
    for section in document.sections:
        file.add_page_break()
        file.add_heading(section.title, level=1)
        for block in section.blocks:
            add_block(file, block, made)
    file.add_page_break()
    file.add_heading("Recipe", level=1)
    add_words(file, f"{RECIPE}: {document.recipe_text}", Pt(6), GRAY)
    buffer = BytesIO()
    file.save(buffer)
    return buffer.getvalue()


def set_up_page(file: Docx, document: Document) -> None:
    """A landscape page with the stamp below and SIMULATED above."""
    page = file.sections[0]
    page.orientation = WD_ORIENT.LANDSCAPE
    page.page_width, page.page_height = Cm(29.7), Cm(21)
    page.left_margin = page.right_margin = Cm(2)
    page.top_margin = page.bottom_margin = Cm(1.8)
    file.styles["Normal"].font.size = Pt(10)
    if document.simulated:
        run = page.header.paragraphs[0].add_run("SIMULATED data: no patient stands behind these numbers")
        run.bold = True
    run = page.footer.paragraphs[0].add_run(document.stamp)
    run.font.size = Pt(7)


def add_block(file: Docx, block: Block, made: dict[str, bytes]) -> None:
    """A paragraph, a table or a picture."""
    if isinstance(block, Words):
        text = f"Comment: {block.text}" if block.comment else block.text
        add_words(file, text, Pt(8) if block.note else Pt(10), GRAY if block.note else None)
        return
    file.add_heading(block.title, level=3)
    if isinstance(block, Table):
        add_table(file, table_cells(block.frame), block.frame.columns)
        return
    picture = file.add_picture(BytesIO(made[block.key]), width=WIDTH)
    if picture.height > TALLEST:
        picture.width, picture.height = int(picture.width * TALLEST / picture.height), TALLEST
    picture._inline.docPr.set("descr", block.alt)  # the library has no other way to say it


def add_words(file: Docx, text: str, size: Pt, color: RGBColor | None) -> None:
    """A paragraph in one size."""
    run = file.add_paragraph().add_run(text)
    run.font.size = size
    if color is not None:
        run.font.color.rgb = color


def add_table(file: Docx, rows: list, head: list[str] | None) -> None:
    """A native table; its head is repeated on every page."""
    width = len(head) if head else len(rows[0]) if rows else 1
    table = file.add_table(rows=0, cols=width)
    table.style = "Light List Accent 1" if head else "Table Grid"
    size = Pt(9 if width <= 6 else 7 if width <= 10 else 6)
    lines = [*([head] if head else []), *rows]
    for line, row in enumerate(lines):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(0)
            paragraph.paragraph_format.keep_with_next = line < min(KEPT, len(lines) - 1)
            paragraph.add_run(str(text)).font.size = size
    if head:
        repeat_head(table)


def repeat_head(table: DocxTable) -> None:
    """Repeat the first row at the top of every page."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(mark)  # the library has no other way to say it
