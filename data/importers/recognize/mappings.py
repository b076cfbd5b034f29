"""A reading to the mappings that the importer reads by; what is still open stays a question."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from analytics.catalog import PARAMETERS
from data.importers.recognize.roles import (
    EVENT_DATE,
    FOLLOW_UP,
    HASHED,
    STATUS,
    TIMES,
    UNSURE,
    VALUE,
    Guess,
)
from data.importers.recognize.table import Reading
from data.importers.study_file import Column, FileMapping, ValueColumn

DAY_0 = "subjects.time_zero_date"
ROW_PREFIX, ROW_WIDTH = "ROW-", 4


@dataclass(frozen=True)
class Question:
    """What only a person can say about a column or the table; ``kind``: role, unit, codes, order or day_0."""

    column: str
    kind: str
    text: str
    choices: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


class OpenQuestions(ValueError):
    """A table that cannot be read before its questions are answered; the message lists them."""


def give_day_0(readings: Iterable[Reading]) -> bool:
    """Whether one of these tables gives the dates of day 0."""
    return any(reading.has(DAY_0) or reading.first_date for reading in readings)


def list_questions(reading: Reading, has_dates: bool = True) -> list[Question]:
    """Every question of a reading. ``has_dates``: the study's subjects have a date of day 0 already."""
    asked = [question for guess in reading.guesses if guess.confidence == UNSURE for question in ask_about(guess)]
    if reading.two_ways and not reading.date_order:
        text = "Dates such as 03/04/2024: is the day first or the month?"
        asked.append(Question("", "order", text, ("day first", "month first")))
    dated = reading.has("date", "events.date", EVENT_DATE, "medications.start_date", "treatments.date")
    if dated and reading.first_date is None and not (has_dates or reading.has(DAY_0, "day", "cdisc_day")):
        text = "The file gives dates, and the study has no date of day 0 yet. Is day 0 each subject's earliest date?"
        asked.append(Question("", "day_0", text, ("yes", "no: I will import the dates of day 0 first")))
    return asked


def ask_about(guess: Guess) -> list[Question]:
    """The questions about one column."""
    if guess.codes and None in guess.codes.values():
        codes = tuple(code for code, meaning in guess.codes.items() if meaning is None)
        return [Question(guess.column, "codes", f"{guess.column}: what do its codes stand for?", codes=codes)]
    if guess.role == "subjects.arm" and guess.codes:
        return [Question(guess.column, "codes", f"{guess.column}: what are its arms called?", codes=tuple(guess.codes))]
    if guess.role == VALUE and guess.choices and guess.choices[0] not in PARAMETERS:
        label = PARAMETERS[guess.paramcd].label
        return [
            Question(guess.column, "unit", f"{guess.column}: in which unit is {label}? {guess.reason}", guess.choices)
        ]
    return [Question(guess.column, "role", f"{guess.column}: what is it? {guess.reason}", guess.choices)]


def write_mappings(reading: Reading, path: str, sheet: str = "", own_subjects: bool = True) -> list[FileMapping]:
    """The mappings of a reading without open questions, one a table that its columns fill.

    ``own_subjects``: subjects are made of this file even where it says nothing but their identifiers.
    Raises OpenQuestions.
    """
    if not reading.says_something:
        return []
    asked = list_questions(reading)
    if asked:
        raise OpenQuestions("; ".join(question.text for question in asked))
    whole: dict[str, Any] = {"path": path, "sheet": sheet, "date_order": reading.date_order}
    cdisc = reading.has("cdisc_day") or reading.standard.startswith(("SDTM", "ADaM"))
    whole |= {"where": reading.where, "day_numbering": "cdisc" if cdisc else "day 0"}
    found = [
        write_subjects(reading, own_subjects),
        write_values(reading),
        write_list(reading),
        write_status(reading),
        write_event_dates(reading),
        *(write_records(reading, shape) for shape in ("events", "treatments", "medications")),
    ]
    return [FileMapping(**{**whole, **mapping}) for mapping in found if mapping]


def write_subject(reading: Reading) -> dict[str, Column]:
    """The column, or the number of the row, that is the subject's identifier."""
    if reading.row_ids:
        return {"usubjid": Column(row_number=True, prefix=ROW_PREFIX, width=ROW_WIDTH)}
    subject = next(guess for guess in reading.guesses if guess.role in ("usubjid", HASHED))
    return {"usubjid": Column(subject.column, hashed=subject.role == HASHED)}


def write_columns(reading: Reading, shape: str) -> dict[str, Column]:
    """The columns of one table of records, by field."""
    return {
        guess.role.split(".")[1]: Column(guess.column, codes=known_codes(guess))
        for guess in reading.guesses
        if guess.role.startswith(f"{shape}.")
    }


def known_codes(guess: Guess) -> dict[str, str]:
    """The codes of a column with their meaning."""
    return {code: meaning for code, meaning in guess.codes.items() if meaning is not None}


def write_when(reading: Reading) -> dict[str, Column]:
    """The columns that say when the values of a row were measured."""
    if reading.at_day_0:
        return {"day": Column(value="0")}
    found = {}
    for guess in reading.guesses:
        if guess.role in TIMES:
            found["day"] = Column(guess.column, times=TIMES[guess.role])
        elif guess.role in ("date", "avisit") and not guess.avisit:
            found[guess.role] = Column(guess.column, codes=known_codes(guess))
    return found


def write_subjects(reading: Reading, own_subjects: bool) -> dict[str, Any] | None:
    """The subjects that a table describes, or whose identifiers it holds."""
    facts = write_columns(reading, "subjects")
    for guess in reading.find(FOLLOW_UP):
        facts["last_contact_day"] = Column(guess.column)
    dates = [guess for guess in reading.find("date") if not guess.avisit]
    if reading.first_date and dates:
        facts["time_zero_date"] = Column(dates[0].column, first=True)
    if not facts and not own_subjects:
        return None
    return {"shape": "subjects", "columns": write_subject(reading) | facts, "repeated": not reading.row_ids}


def write_values(reading: Reading) -> dict[str, Any] | None:
    """The columns of measured values of a wide table."""
    values = tuple(
        ValueColumn(guess.column, guess.paramcd, guess.unit, guess.avisit, guess.date, known_codes(guess))
        for guess in reading.find(VALUE)
    )
    if not values or reading.has("paramcd"):
        return None
    columns = write_subject(reading) | write_when(reading)
    return {"shape": "measurements", "columns": columns, "values": values, "repeated": reading.at_day_0}


def write_list(reading: Reading) -> dict[str, Any] | None:
    """A long list of values: parameter, value, unit and limits in columns of their own."""
    if not reading.has("paramcd"):
        return None
    listed = ("paramcd", "aval", "unit", "ref_low", "ref_high")
    columns = {guess.role: Column(guess.column) for guess in reading.guesses if guess.role in listed}
    return {"shape": "measurements", "columns": write_subject(reading) | write_when(reading) | columns}


def write_status(reading: Reading) -> dict[str, Any] | None:
    """Events that a coded status tells, at the end of follow-up."""
    status = next(iter(reading.find(STATUS)), None)
    if status is None or reading.has("events.kind"):
        return None
    columns = write_subject(reading) | {"kind": Column(status.column, codes=known_codes(status))}
    for guess in reading.find(FOLLOW_UP):
        columns["day"] = Column(guess.column)
    for guess in reading.find("subjects.last_contact_date"):
        columns["date"] = Column(guess.column)
    return {"shape": "events", "columns": columns, "repeated": not reading.row_ids}


def write_event_dates(reading: Reading) -> dict[str, Any] | None:
    """Events that have a column of dates each."""
    values = tuple(ValueColumn(guess.column, guess.kind) for guess in reading.find(EVENT_DATE))
    return (
        {"shape": "events", "columns": write_subject(reading), "values": values, "repeated": True} if values else None
    )


def write_records(reading: Reading, shape: str) -> dict[str, Any] | None:
    """Events, infusions or medications, a row each."""
    columns = write_columns(reading, shape)
    if not columns or (shape == "events" and "kind" not in columns):
        return None
    when = write_when(reading) if shape != "medications" and not reading.at_day_0 else {}
    if not {"day", "date"} & columns.keys():
        columns |= {name: column for name, column in when.items() if name in ("day", "date")}
    where = dict(reading.where)
    for status in reading.find(STATUS) if shape == "events" else []:
        where[status.column] = next(code for code, meaning in known_codes(status).items() if meaning)
    # Several endpoints of ADTTE share one event.
    repeated = "ADTTE" in reading.standard
    return {"shape": shape, "columns": write_subject(reading) | columns, "where": where, "repeated": repeated}
