"""Tables as one workbook for a spreadsheet program."""

from collections.abc import Mapping
from io import BytesIO

import polars as pl
import xlsxwriter

# Text that people sent stays text: no formula, no link.
SAFE = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
LONGEST = 31  # characters of a sheet's name


def write_workbook(sheets: Mapping[str, pl.DataFrame], about: Mapping[str, str]) -> bytes:
    """A workbook with a first sheet ``About`` and one sheet a table; a table without a row keeps its header."""
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, SAFE) as book:
        facts = pl.DataFrame({"What": list(about), "Says": list(about.values())})
        for name, table in {"About": facts, **sheets}.items():
            table.write_excel(book, name[:LONGEST], autofit=True, table_style="Table Style Light 1")
    return buffer.getvalue()
