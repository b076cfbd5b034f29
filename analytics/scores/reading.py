"""From what people send to one value per input, in the catalog's unit, with what could not be used."""

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.catalog import UnknownUnit
from analytics.catalog.constants import OLDEST
from analytics.catalog.parameter import Parameter, describe_range, is_within
from analytics.catalog.unit import normalize_unit
from analytics.scores.definition import Input, Score

SEXES = {"f": "F", "female": "F", "m": "M", "male": "M"}
# Both ends of these ranges score alike in every definition that reads words.
GRADE_RANGES = {"grade 1-2": 1.0, "grade 3-4": 3.0}
LARGEST = 1e300  # beyond it, and with NaN, nothing can be computed
Values = dict[str, Any]


class Unusable(ValueError):
    """An input that cannot be used; the message says why."""


def read_inputs(score: Score, inputs: Any) -> tuple[Values, list[str]]:
    """One value per input of the score in the catalog's unit, and what could not be used."""
    given = inputs if isinstance(inputs, Mapping) else {}
    issues = [] if isinstance(inputs, Mapping) else ["inputs must be an object of named values"]
    issues += [f"{score.id} has no input {name!r}" for name in given if score.find(str(name)) is None]
    values: Values = {}
    for item in score.inputs:
        values[item.name], found = read_safely(item, given.get(item.name))
        issues += found
    return values, issues


def read_safely(item: Input, entry: Any) -> tuple[Any, list[str]]:
    """One input, missing where it cannot be used, and the sentences about it."""
    try:
        return read_input(item, entry)
    except (Unusable, UnknownUnit) as error:
        return None, [str(error)]


def read_input(item: Input, entry: Any) -> tuple[Any, list[str]]:
    """One input in the catalog's unit and warnings. Raises Unusable, UnknownUnit."""
    value, unit = (entry.get("value"), entry.get("unit")) if isinstance(entry, Mapping) else (entry, "")
    if value is None or value == "":
        return None, []
    if item.kind == "records":
        return read_records(item, value)
    if item.kind == "flag":
        return read_flag(item, value), []
    if item.kind == "word":
        return read_choice(item, value), []
    if item.parameter is None:
        return read_bounded(item, value, str(unit or "")), []
    return read_measured(item, item.parameter, value, str(unit or ""))


def read_records(item: Input, value: Any) -> tuple[list[Values], list[str]]:
    """The records of a list; an unusable cell counts as missing. Raises Unusable."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(row, Mapping) for row in value):
        raise Unusable(f"{item.words} must be a list of objects with {', '.join(part.name for part in item.fields)}")
    rows, issues = [], []
    for place, row in enumerate(value, start=1):
        cells = {part.name: read_safely(part, row.get(part.name)) for part in item.fields}
        rows.append({name: cell for name, (cell, _) in cells.items()})
        issues += [f"{item.name}, entry {place}: {sentence}" for _, found in cells.values() for sentence in found]
    return rows, issues


def read_flag(item: Input, value: Any) -> bool:
    """True or false. Raises Unusable."""
    if not isinstance(value, bool):
        raise Unusable(f"{item.words} must be true or false, not {value!r}")
    return value


def read_choice(item: Input, value: Any) -> str:
    """A sex, a unit or one of the words that the definition allows. Raises Unusable."""
    if item.name == "sex":
        return read_sex(value)
    word = normalize_unit(value) if item.name == "to" and isinstance(value, str) else value
    if word not in item.choices:
        raise Unusable(f"{item.words} must be one of {describe_choices(item)}, not {value!r}")
    return str(word)


def describe_choices(item: Input) -> str:
    """The choices of an input in words."""
    most = 12
    shown = ", ".join(map(str, item.choices[:most]))
    return shown if len(item.choices) <= most else f"{shown} and {len(item.choices) - most} more"


def read_sex(value: Any) -> str:
    """F or M. Raises Unusable."""
    if str(value).strip().casefold() not in SEXES:
        raise Unusable(f"sex must be F, M, female or male, not {value!r}")
    return SEXES[str(value).strip().casefold()]


def read_number(item: Input, value: Any) -> float:
    """A finite number. Raises Unusable."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -LARGEST < value < LARGEST:
        raise Unusable(f"{item.words} must be a number, not {value!r}")
    return float(value)


def read_bounded(item: Input, value: Any, unit: str) -> float:
    """A number that no parameter of the catalog supplies. Raises Unusable."""
    number = read_number(item, value)
    if item.choices and number not in item.choices:
        raise Unusable(f"{item.words} must be one of {describe_choices(item)}, not {value!r}")
    known = {normalize_unit(item.unit), "", "1"} | ({"a", "year"} if item.unit == "years" else set())
    if normalize_unit(unit) not in known:
        raise Unusable(f"{item.words} was given in {unit!r}; it is known in {item.unit or 'no unit'}")
    bounds = (0, OLDEST) if item.name == "age" else item.bounds
    if not is_within(number, bounds):
        raise Unusable(f"{item.words} {number:g} is impossible: outside {describe_range(bounds)}")
    return number


def read_measured(item: Input, parameter: Parameter, value: Any, unit: str) -> tuple[float, list[str]]:
    """A value of a parameter in the catalog's unit, and a warning where it is unusual. Raises Unusable, UnknownUnit."""
    if isinstance(value, str) and parameter.levels:
        return read_word(parameter, value), []
    number = read_number(item, value) * parameter.factor(unit)
    if impossible := parameter.describe_impossible(number):
        raise Unusable(impossible)
    unusual = parameter.describe_unusual(number)
    return number, [unusual] if unusual else []


def read_word(parameter: Parameter, word: str) -> float:
    """The grade that a word stands for. Raises Unusable."""
    grade = parameter.level(word)
    grade = GRADE_RANGES.get(word.strip().casefold()) if grade is None and parameter.paramcd == "he_grade" else grade
    if grade is None:
        known = ", ".join(words[0] for words in parameter.levels.values())
        raise Unusable(f"{parameter.label}: {word!r} is not one of its words ({known}, …)")
    return grade
