"""Hepatrace's own exports: their columns carry the names of our tables."""

from data.importers.recognize.roles import FOLLOW_UP, NOT_READ, ROLES, SURE, Guess
from data.importers.recognize.table import Reading
from data.importers.record_types import RECORDS
from data.importers.text import TextTable

OWN = {"usubjid": "usubjid", "last_contact_day": FOLLOW_UP}
MEASUREMENTS = {"usubjid", "day", "avisit", "paramcd", "aval", "unit", "ref_low", "ref_high"}


def read_own(table: TextTable) -> Reading | None:
    """The reading of a table that has the columns of one of ours and no other; None for another table."""
    header = set(table.columns)
    if {"usubjid", "paramcd", "aval"} <= header <= MEASUREMENTS:
        return describe(table, {name: name for name in header})
    for shape in ("subjects", "events", "treatments", "medications"):
        record = RECORDS[shape]
        if set(record.required) < header <= set(record.fields):
            return describe(table, {name: f"{shape}.{name}" for name in header} | OWN)
    return None


def describe(table: TextTable, roles: dict[str, str]) -> Reading:
    """The reading of a table of our own."""
    guesses = [
        Guess(column, roles[column] if roles[column] in ROLES else NOT_READ, SURE, "a column of Hepatrace's own export")
        for column in table.columns
    ]
    subject = table.rows["usubjid"]
    return Reading(tuple(guesses), repeated=subject.n_unique() < subject.len(), standard="Hepatrace")
