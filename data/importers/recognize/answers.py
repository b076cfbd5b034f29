"""What a person says to a reading: answers to its questions, and columns read otherwise than proposed."""

from dataclasses import replace

from analytics.catalog import PARAMETERS, UnknownUnit
from data.importers.recognize.mappings import Question
from data.importers.recognize.roles import HASHED, NOT_READ, SURE, VALUE, WHEN, Guess
from data.importers.recognize.table import Reading

SAID = "you said so"
YES = "yes"


class BadAnswer(ValueError):
    """An answer that cannot be used; the message says why."""


def answer(reading: Reading, question: Question, said: str, codes: dict[str, str] | None = None) -> Reading:
    """The reading with one question answered: a parameter, a unit, an order of dates, or the meaning of codes.

    An empty answer about a column leaves the column out. Raises BadAnswer.
    """
    if question.kind == "order":
        return replace(reading, date_order=said)
    if question.kind == "day_0":
        return replace(reading, first_date=said == YES)
    guess = next(item for item in reading.guesses if item.column == question.column)
    if question.kind == "codes":
        changed = replace(guess, codes={**guess.codes, **(codes or {})}, confidence=SURE, reason=SAID)
    elif question.kind == "unit":
        changed = give_unit(guess, said)
    else:
        changed = give_role(guess, said)
    return put(reading, changed)


def put(reading: Reading, changed: Guess) -> Reading:
    """The reading with one guess replaced; what holds for the whole table follows from it."""
    guesses = tuple(changed if item.column == changed.column else item for item in reading.guesses)
    new = replace(reading, guesses=guesses)
    known = new.has("usubjid", HASHED)
    return replace(new, row_ids=not known, repeated=known, at_day_0=reading.at_day_0 and not new.has(*WHEN))


def give_unit(guess: Guess, unit: str) -> Guess:
    """The guess with a unit. Raises BadAnswer for one that the parameter does not have."""
    if not unit:
        return Guess(guess.column, NOT_READ, SURE, SAID, examples=guess.examples)
    try:
        PARAMETERS[guess.paramcd].factor(unit)
    except UnknownUnit as error:
        raise BadAnswer(f"{guess.column}: {error}") from error
    return replace(guess, unit=unit, confidence=SURE, reason=SAID, choices=())


def give_role(guess: Guess, said: str) -> Guess:
    """The guess with a parameter of the catalog; not read where the answer is empty."""
    if not said:
        return Guess(guess.column, NOT_READ, SURE, SAID, examples=guess.examples)
    unit = guess.unit if guess.unit in PARAMETERS[said].units else PARAMETERS[said].unit
    unit = "" if PARAMETERS[said].levels else unit
    return replace(guess, role=VALUE, paramcd=said, unit=unit, confidence=SURE, reason=SAID, choices=(), codes={})


def edit(reading: Reading, column: str, role: str, paramcd: str = "", unit: str = "", name: str = "") -> Reading:
    """The reading with a column read as a person says. ``name`` is the visit of a value, or the kind of an event.

    Raises BadAnswer for a value without parameter, or a unit that its parameter does not have.
    """
    guess = next(item for item in reading.guesses if item.column == column)
    if role != VALUE:
        kept = guess.codes if role == guess.role else {}
        return put(reading, Guess(column, role, SURE, SAID, kind=name, codes=kept, examples=guess.examples))
    if paramcd not in PARAMETERS:
        raise BadAnswer(f"{column}: choose the parameter that its values belong to")
    kept = guess.codes if paramcd == guess.paramcd else {}
    changed = replace(
        guess, role=VALUE, paramcd=paramcd, avisit=name, codes=kept, confidence=SURE, reason=SAID, choices=()
    )
    return put(
        reading, give_unit(changed, unit or PARAMETERS[paramcd].unit) if not PARAMETERS[paramcd].levels else changed
    )
