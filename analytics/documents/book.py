"""All numbers of a report as a workbook: a sheet a table or figure, the comments, the recipe."""

from io import BytesIO

import polars as pl
import xlsxwriter

from analytics.documents.model import RECIPE, Document, Picture, Table, Words
from analytics.documents.workbook import LONGEST, SAFE

FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
FIRST = 3  # rows above a table: its title, the stamp, an empty one


def write_book(document: Document) -> bytes:
    """The report as XLSX; every sheet carries the stamp, on screen and at the foot of its printed pages."""
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, SAFE) as book:
        facts = {"Report": document.title, **document.facts, "On every page": document.stamp}
        add_sheet(book, document, "About", "About", pl.DataFrame({"What": list(facts), "Says": list(facts.values())}))
        used = {"about", "words", "recipe"}
        add_sheet(book, document, "Words", "Words", collect_words(document))
        for section in document.sections:
            for block in section.blocks:
                if isinstance(block, Table | Picture):
                    name = name_sheet(block.title, used)
                    frame = block.numbers if block.numbers is not None else block.frame
                    add_sheet(book, document, name, f"{section.title}: {block.title}", frame)
        add_sheet(book, document, "Recipe", RECIPE, pl.DataFrame({"recipe": [document.recipe_text]}))
    return buffer.getvalue()


def add_sheet(book: xlsxwriter.Workbook, document: Document, name: str, title: str, frame: pl.DataFrame) -> None:
    """One sheet: title, stamp, the table; columns that are lists become text."""
    sheet = book.add_worksheet(name)
    lists = [column for column, kind in frame.schema.items() if kind == pl.List]
    flat = frame.with_columns(pl.col(column).cast(pl.List(pl.String)).list.join(", ") for column in lists)
    flat.write_excel(book, sheet, position=(FIRST, 0), autofit=True, table_style="Table Style Light 1")
    # After the table: its columns are as wide as what they hold, not as the stamp.
    sheet.write_string(0, 0, title, book.add_format({"bold": True}))
    sheet.write_string(1, 0, document.stamp, book.add_format({"italic": True, "font_color": "#4B5563"}))
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L&8{document.stamp.replace('&', '&&')}"[:250] + "&R&8P / &N")


def name_sheet(title: str, used: set[str]) -> str:
    """A name that a spreadsheet accepts and no other sheet has."""
    clean = title.translate(FORBIDDEN).strip() or "Table"
    name, number = clean[:LONGEST], 2
    while name.lower() in used:
        end = f" {number}"
        name, number = clean[: LONGEST - len(end)] + end, number + 1
    used.add(name.lower())
    return name


def name_words(block: Words) -> str:
    """What kind of paragraph it is."""
    return "comment" if block.comment else "note" if block.note else "text"


def collect_words(document: Document) -> pl.DataFrame:
    """Every paragraph with its section."""
    rows = [
        {"section": section.title, "kind": name_words(block), "text": block.text}
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Words)
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(("section", "kind", "text"), pl.String))
