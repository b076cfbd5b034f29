"""Which letters the bytes of a text file mean."""

import re
from importlib import import_module

from analytics.catalog import match_parameter
from data.importers.text import UnreadableFile

EAST = {"shift_jis": "Shift-JIS", "gb18030": "GB18030", "cp949": "Korean (CP949)", "big5": "Big5"}
WINDOWS = {"cp1252": "Windows-1252", "cp1250": "Windows-1250", "cp1251": "Windows-1251", "cp1256": "Windows-1256"}
ENCODINGS = {"utf-8": "UTF-8", "utf-16": "UTF-16"} | WINDOWS | EAST
SAMPLE = 100_000  # bytes that decide
CELL = re.compile(r"[,;\t|\n\r\"()]+")


def decode(content: bytes, name: str, encoding: str = "") -> tuple[str, tuple[str, ...]]:
    """The text of a file, and a note where it is not UTF-8. Raises UnreadableFile.

    ``encoding`` is one of ENCODINGS where a person has said it; else it is found.
    """
    if encoding:
        return decode_as(content, encoding, name), (f"read as {ENCODINGS.get(encoding, encoding)}, as you said",)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decode_as(content, "utf-16", name), ("read as UTF-16",)
    if b"\x00" in content:
        raise UnreadableFile(f"{name} is not a text file: it holds zero bytes")
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        found = find_encoding(content, name)
    return decode_as(content, found, name), (f"read as {ENCODINGS[found]}, because it is not UTF-8",)


def decode_as(content: bytes, encoding: str, name: str) -> str:
    """The text in this encoding. Raises UnreadableFile."""
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise UnreadableFile(f"{name} is no text in {ENCODINGS.get(encoding, encoding)}; save it as UTF-8") from error


def find_encoding(content: bytes, name: str) -> str:
    """The encoding in which most header cells are names of the catalog, else the likeliest one."""
    sample = content[: content.rfind(b"\n", 0, SAMPLE) + 1] or content
    possible = {code: sample.decode(code) for code in (*EAST, "cp1252") if can_decode(content, code)}
    if not possible:
        raise UnreadableFile(f"{name} is neither UTF-8, UTF-16 nor Windows-1252 text; save it as UTF-8")
    known = {code: count_known(text) for code, text in possible.items()}
    plain = count_known(sample.decode("ascii", "ignore"))
    best = max(known, key=lambda code: known[code])
    if known[best] > plain:
        return best
    # It takes longer to load than a file takes to read, and most files are UTF-8.
    likeliest = import_module("charset_normalizer").from_bytes(sample, cp_isolation=list(possible)).best()
    found = "" if likeliest is None else likeliest.encoding
    return found if found in EAST else "cp1252" if "cp1252" in possible else best


def can_decode(content: bytes, encoding: str) -> bool:
    """Whether every byte means something in this encoding."""
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def count_known(text: str) -> int:
    """How many different cells of the first lines are names of the catalog."""
    cells = {cell.strip() for line in text.splitlines()[:4] for cell in CELL.split(line)}
    return sum(1 for cell in cells if cell and match_parameter(cell))
