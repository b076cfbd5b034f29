"""An empty Excel file for a study, made from the catalog and the study's plan; it imports without questions."""

import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from analytics.catalog import PARAMETERS, Parameter

ROWS = 2_000  # to which the lists of choices reach
HELP = (
    "Subjects: one row a patient. Visits: one row a patient and visit. The others: one row an event, infusion or drug.",
    "Subject ID: a pseudonym. No names, no birth dates, no record numbers.",
    "Dates as 2026-03-31. Leave empty what is not known; write n.d. where something was not done.",
    "Values in the unit of the heading. A value below a limit: <0.2. Words of a grade or its number: moderate, or 2.",
)
SUBJECTS = ("Subject ID", "Arm", "Site", "Sex", "Age (years)", "Etiology", "Day 0 date", "Last contact date")
EVENTS = ("Subject ID", "Event term", "Date", "Grade", "Serious", "Related", "Description")
INFUSIONS = ("Subject ID", "Product", "Route", "Date", "Cells (10^6)", "Volume (mL)", "Viability (%)")
MEDICATION = ("Subject ID", "Drug", "Start", "Stop", "Daily dose", "Unit")
KINDS = ("death", "transplant", "ascites", "variceal_bleeding", "encephalopathy", "hcc", "hospitalization")


def write_template(config: dict[str, Any], paramcds: Sequence[str]) -> bytes:
    """The workbook for a study's plan (arms, visits) and the parameters that it measures."""
    file = io.BytesIO()
    arms = [str(arm) for arm in config.get("arms", [])]
    visits = [str(visit["avisit"]) for visit in config.get("visits", [])]
    values = [head_column(PARAMETERS[code]) for code in paramcds]
    with xlsxwriter.Workbook(file) as book:
        add_sheet(book, "Subjects", SUBJECTS, {"Arm": arms, "Sex": ["F", "M"]})
        add_sheet(book, "Visits", ("Subject ID", "Visit", "Date", *values), {"Visit": visits} | list_levels(paramcds))
        add_sheet(book, "Events", EVENTS, {"Event term": KINDS, "Serious": ["yes", "no"], "Related": ["yes", "no"]})
        add_sheet(book, "Infusions", INFUSIONS, {})
        add_sheet(book, "Medication", MEDICATION, {})
        note = book.add_worksheet("How to fill in")
        note.set_column(0, 0, 120)
        note.write_column(0, 0, [str(config.get("title", "")), *HELP])
    return file.getvalue()


def head_column(parameter: Parameter) -> str:
    """The heading of a parameter's column: its label and unit."""
    return f"{parameter.label} ({parameter.unit})" if parameter.unit_label and not parameter.levels else parameter.label


def list_levels(paramcds: Sequence[str]) -> dict[str, Sequence[str]]:
    """The words to choose from in the column of every graded parameter."""
    graded = [PARAMETERS[code] for code in paramcds if PARAMETERS[code].levels]
    return {head_column(item): [words[0] for words in item.levels.values()] for item in graded}


def add_sheet(book: xlsxwriter.Workbook, name: str, heads: Sequence[str], choices: dict[str, Sequence[str]]) -> None:
    """A sheet with its headings, and lists to choose from where there are few answers."""
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 1)
    sheet.write_row(0, 0, heads, book.add_format({"bold": True, "text_wrap": True, "bottom": 1}))
    sheet.set_column(0, len(heads) - 1, 16)
    for at, head in enumerate(heads):
        listed = list(choices.get(head, ()))
        if listed and len(",".join(listed)) <= 255:  # the most that Excel takes
            sheet.data_validation(1, at, ROWS, at, {"validate": "list", "source": listed, "ignore_blank": True})
