"""A REDCap export, longitudinal and with repeating instruments, read with its data dictionary.

The dictionary gives labels, the words behind codes, units in field notes, the form a field belongs to,
and which fields identify a person. Source: REDCap data dictionary, columns A to R.
"""

import re
from dataclasses import dataclass, field, replace

import polars as pl

from data.importers.privacy import is_private
from data.importers.recognize.headers import is_unit
from data.importers.recognize.roles import NOT_READ, SURE, VALUE, Guess
from data.importers.recognize.table import Reading
from data.importers.text import TextTable

NAME, FORM, TYPE, LABEL = "Variable / Field Name", "Form Name", "Field Type", "Field Label"
CHOICES, NOTE, IDENTIFIER = "Choices, Calculations, OR Slider Labels", "Field Note", "Identifier?"
CHECK = "Text Validation Type OR Show Slider Number"
EVENT, INSTRUMENT, INSTANCE = "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"
OWN = (INSTRUMENT, INSTANCE, "redcap_data_access_group", "redcap_survey_identifier")
ARM = re.compile(r"_arm_\d+$")


@dataclass(frozen=True)
class Dictionary:
    """What the data dictionary says: by field its label, form, choices; the date of every form; private fields."""

    labels: dict[str, str] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)
    choices: dict[str, dict[str, str]] = field(default_factory=dict)
    dates: dict[str, str] = field(default_factory=dict)
    private: frozenset[str] = frozenset()


def is_dictionary(table: TextTable) -> bool:
    """Whether a table is a REDCap data dictionary."""
    return {NAME, TYPE, LABEL} <= set(table.columns)


def is_redcap(table: TextTable) -> bool:
    """Whether a table is a REDCap export."""
    return EVENT in table.columns or INSTRUMENT in table.columns


def read_dictionary(table: TextTable) -> Dictionary:
    """The content of a data dictionary."""
    labels, forms, choices, dates, private = {}, {}, {}, {}, set()
    for row in table.rows.iter_rows(named=True):
        name, form = row[NAME], row.get(FORM, "")
        note = row.get(NOTE, "").strip("()[] ")
        label = re.sub(r"<[^>]+>", " ", row[LABEL]).strip()
        labels[name] = f"{label} ({note})" if is_unit(note) and note not in label else label
        forms[name] = form
        if row[TYPE] in ("radio", "dropdown", "checkbox", "yesno", "truefalse"):
            choices[name] = read_choices(row.get(CHOICES, "")) or {"0": "no", "1": "yes"}
        if row.get(CHECK, "").startswith("date"):
            dates.setdefault(form, name)
        if row.get(IDENTIFIER, "").lower().startswith("y") or is_private(label):
            private.add(name)
    return Dictionary(labels, forms, choices, dates, frozenset(private))


def read_choices(text: str) -> dict[str, str]:
    """The words behind codes, written as ``1, none | 2, moderate``."""
    pairs = [part.split(",", 1) for part in text.split("|") if "," in part]
    return {code.strip(): word.strip() for code, word in pairs}


def prepare_redcap(table: TextTable, dictionary: Dictionary) -> TextTable:
    """The export with words in the place of codes, visits without their arm, and without private fields."""
    rows = table.rows.drop([name for name in dictionary.private if name in table.columns])
    coded = {name: words for name, words in dictionary.choices.items() if name in rows.columns}
    rows = rows.with_columns(pl.col(name).replace(words) for name, words in coded.items())
    if EVENT in rows.columns:
        visit = pl.col(EVENT).str.replace(ARM.pattern, "").str.replace_all("_", " ")
        rows = rows.with_columns(visit.alias(EVENT))
    gone = sorted(dictionary.private & set(table.columns))
    notes = (f"{', '.join(gone)}: marked as identifying in the data dictionary, not read",) if gone else ()
    return replace(table, rows=rows, labels=dictionary.labels, notes=(*table.notes, *notes), standard="REDCap")


def settle_redcap(reading: Reading, dictionary: Dictionary) -> Reading:
    """The reading where values have the date of their form, and REDCap's own columns are named."""
    return replace(reading, guesses=tuple(settle_guess(guess, reading, dictionary) for guess in reading.guesses))


def settle_guess(guess: Guess, reading: Reading, dictionary: Dictionary) -> Guess:
    """One column of a REDCap export."""
    if guess.column in OWN:
        return Guess(guess.column, NOT_READ, SURE, "a column of REDCap's own", examples=guess.examples)
    if guess.role != VALUE:
        return guess
    date = dictionary.dates.get(dictionary.forms.get(guess.column, ""), "")
    known = {item.column for item in reading.guesses if item.role in ("date", NOT_READ, "event_date")}
    return replace(guess, date=date if date in known else "")
