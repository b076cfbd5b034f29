"""The exchange shape of a score: named inputs with units in, named outputs and issues out.

An unusable value counts as missing and is told in ``issues``; it is never repaired by guessing.
"""

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from analytics.catalog import Parameter, UnknownUnit
from analytics.catalog.constants import OLDEST
from analytics.scores import SCORES, Input, Score
from analytics.scores.evaluate import derive_score

SEXES = {"f": "F", "female": "F", "m": "M", "male": "M"}
# Both ends of these ranges score alike in every definition that reads words.
GRADE_RANGES = {"grade 1-2": 1.0, "grade 3-4": 3.0}


class Unusable(ValueError):
    """An input that cannot be used; the message says why."""


def score_record(record: Any) -> dict[str, Any]:
    """The outputs of one record ``{"id", "score", "inputs"}``.

    Returns ``{"id", "outputs"}`` with every output of the score, missing ones as None, plus
    ``issues`` where a value could not be used or lies outside its plausible range, ``missing`` where
    a need is not met and ``assumed`` for flags that were absent and count as false.
    """
    if not isinstance(record, Mapping):
        return {"id": None, "outputs": {}, "issues": ["a record must be an object with id, score and inputs"]}
    answer: dict[str, Any] = {"id": record.get("id"), "outputs": {}}
    score = SCORES.get(str(record.get("score")))
    if score is None:
        return answer | {"issues": [f"no score is called {record.get('score')!r}; known: {', '.join(SCORES)}"]}
    values, issues = read_inputs(score, record.get("inputs"))
    outcome = derive_score(pl.DataFrame({name: [value] for name, value in values.items()}), score).row(0, named=True)
    details = {"issues": issues, "missing": outcome["missing"], "assumed": outcome["assumed"]}
    return answer | {"outputs": outcome["outputs"]} | {key: value for key, value in details.items() if value}


def read_inputs(score: Score, inputs: Any) -> tuple[dict[str, Any], list[str]]:
    """One value per input of the score in the catalog's unit, and what could not be used."""
    given = inputs if isinstance(inputs, Mapping) else {}
    issues = [] if isinstance(inputs, Mapping) else ["inputs must be an object of named values"]
    issues += [f"{score.id} has no input {name!r}" for name in given if score.find(name) is None]
    values: dict[str, Any] = {}
    for item in score.inputs:
        try:
            values[item.name], warning = read_input(item, given.get(item.name))
        except (Unusable, UnknownUnit) as error:
            values[item.name], warning = None, str(error)
        issues += [warning] if warning else []
    return values, issues


def read_input(item: Input, entry: Any) -> tuple[Any, str]:
    """One input in the catalog's unit and a warning, empty if there is none. Raises Unusable, UnknownUnit."""
    value, unit = (entry.get("value"), entry.get("unit") or "") if isinstance(entry, Mapping) else (entry, "")
    if value is None or value == "":
        return None, ""
    if item.flag or item.name == "sex" or item.origin == "study":
        return read_choice(item, value), ""
    if item.parameter is None:
        return check_age(read_number(item, value)), ""
    if isinstance(value, str) and item.parameter.levels:
        return read_word(item.parameter, value), ""
    number = read_number(item, value) * item.parameter.factor(str(unit))
    if impossible := item.parameter.describe_impossible(number):
        raise Unusable(impossible)
    return number, item.parameter.describe_unusual(number)


def read_choice(item: Input, value: Any) -> Any:
    """A flag, a sex or a study's setting. Raises Unusable."""
    if item.flag:
        return read_flag(item, value)
    return read_sex(value) if item.name == "sex" else read_setting(item, value)


def read_setting(item: Input, value: Any) -> Any:
    """One of the choices that the definition allows. Raises Unusable."""
    if value not in item.choices:
        raise Unusable(f"{item.words} must be one of {', '.join(map(str, item.choices))}, not {value!r}")
    return value


def read_flag(item: Input, value: Any) -> bool:
    """True or false. Raises Unusable."""
    if not isinstance(value, bool):
        raise Unusable(f"{item.words} must be true or false, not {value!r}")
    return value


def read_sex(value: Any) -> str:
    """F or M. Raises Unusable."""
    if str(value).strip().casefold() not in SEXES:
        raise Unusable(f"sex must be F, M, female or male, not {value!r}")
    return SEXES[str(value).strip().casefold()]


def read_word(parameter: Parameter, word: str) -> float:
    """The grade that a word stands for. Raises Unusable."""
    grade = parameter.level(word)
    grade = GRADE_RANGES.get(word.strip().casefold()) if grade is None and parameter.paramcd == "he_grade" else grade
    if grade is None:
        known = ", ".join(words[0] for words in parameter.levels.values())
        raise Unusable(f"{parameter.label}: {word!r} is not one of its words ({known}, …)")
    return grade


def read_number(item: Input, value: Any) -> float:
    """A finite number. Raises Unusable."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unusable(f"{item.words} must be a number, not {value!r}")
    return float(value)


def check_age(age: float) -> float:
    """The age if it can be one. Raises Unusable."""
    if not 0 <= age <= OLDEST:
        raise Unusable(f"age {age:g} is outside 0 to {OLDEST} years")
    return age
