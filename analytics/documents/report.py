"""A report in the five kinds of files, and its recipe read back from any of them."""

import json
import re
import zipfile
import zlib
from collections.abc import Callable
from html import unescape
from io import BytesIO
from typing import Any

from analytics.documents.book import write_book
from analytics.documents.letter import write_letter
from analytics.documents.model import RECIPE, Document
from analytics.documents.paper import write_paper
from analytics.documents.pictures import has_browser
from analytics.documents.slides import write_slides
from analytics.documents.web import write_web
from analytics.report.problems import NoRecipe

Writer = Callable[[Document, Callable[[str], None]], bytes]
WRITERS: dict[str, Writer] = {
    "html": lambda document, _: write_web(document),
    "pdf": write_paper,
    "pptx": write_slides,
    "docx": write_letter,
    "xlsx": lambda document, _: write_book(document),
}
MIMES = {
    "html": "text/html",
    "pdf": "application/pdf",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
WITHOUT_BROWSER = ("html", "xlsx")
NO_BROWSER = (
    "No Chrome, Edge or Chromium was found to draw figures on paper: the report can be made as HTML and XLSX, and from "
    "the HTML any browser prints a PDF."
)
STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


def list_kinds() -> list[str]:
    """The kinds of files that can be made here."""
    return list(WRITERS) if has_browser() else list(WITHOUT_BROWSER)


def write_report(document: Document, kind: str, tell: Callable[[str], None] = lambda _: None) -> bytes:
    """The report as a file of this kind; ``tell`` is told what is being made."""
    return WRITERS[kind](document, tell)


def read_recipe(data: bytes) -> dict[str, Any]:
    """The recipe inside a report of any kind, or in a JSON file. Raises NoRecipe."""
    for text in list_texts(data):
        # The last one counts: a comment that looks like a recipe stands before it.
        for place in reversed([match.start() for match in re.finditer(re.escape(f'{{"{RECIPE}"'), text)]):
            if found := parse(text[place:]):
                return found
    raise NoRecipe("the file holds no recipe of a report made by Hepatrace")


def parse(text: str) -> dict[str, Any] | None:
    """The recipe at the beginning of a text; None for anything else."""
    decoder = json.JSONDecoder()
    try:
        found, _ = decoder.raw_decode(text)
    except ValueError:  # what follows the word is no object: the next text may hold it
        return None
    return found if isinstance(found, dict) and RECIPE in found else None


def list_texts(data: bytes) -> list[str]:
    """The texts of a file that may hold a recipe: of a zip its XML, of a PDF what is attached, else all of it."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if name.endswith(".xml")]
            return [unescape(re.sub(r"<[^>]+>", "", archive.read(name).decode("utf-8", "replace"))) for name in names]
    if data.startswith(b"%PDF"):
        return [unpack(match[1]) for match in STREAM.finditer(data)]
    return [data.decode("utf-8", "replace")]


def unpack(stream: bytes) -> str:
    """A stream of a PDF as text; one that cannot be unpacked as it is."""
    try:
        return zlib.decompress(stream).decode("utf-8", "replace")
    except zlib.error:  # it was not packed
        return stream.decode("utf-8", "replace")
