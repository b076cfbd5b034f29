"""The exchange shape of a score: named inputs with units in, named outputs and issues out.

An unusable value counts as missing and is told in ``issues``; it is never repaired by guessing. Records
of one score are evaluated together, as one frame.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import polars as pl

from analytics.scores import SCORES, Score
from analytics.scores.evaluate import derive_score, input_dtype
from analytics.scores.reading import Values, read_inputs, read_safely


@dataclass(frozen=True)
class Reading:
    """One record as it was read: the score that applies, under a ``name`` of its own, its values and issues."""

    record_id: Any = None
    outputs: tuple[str, ...] = ()
    name: str = ""
    score: Score | None = None
    values: Values = field(default_factory=dict)
    issues: tuple[str, ...] = ()


def score_records(records: Sequence[Any]) -> list[dict[str, Any]]:
    """The outputs of records ``{"id", "score", "inputs"}``, in their order.

    Each answer is ``{"id", "outputs"}`` with every output of the score, missing ones as None, plus
    ``issues`` where a value could not be used or lies outside its plausible range, ``missing`` where
    a need is not met and ``assumed`` for inputs that were absent and count as the definition says.
    """
    readings = [read_record(record) for record in records]
    places = sorted(range(len(readings)), key=lambda place: readings[place].name)
    answers: dict[int, dict[str, Any]] = {}
    for _, group in groupby(places, key=lambda place: readings[place].name):
        batch = list(group)
        answers |= dict(zip(batch, evaluate_together([readings[place] for place in batch]), strict=True))
    return [answers[place] for place in range(len(readings))]


def read_record(record: Any) -> Reading:
    """One record: its score, or that of its analyte, and one value per input."""
    if not isinstance(record, Mapping):
        return Reading(issues=("a record must be an object with id, score and inputs",))
    score = SCORES.get(str(record.get("score")))
    if score is None:
        known = f"no score is called {record.get('score')!r}; known: {', '.join(SCORES)}"
        return Reading(record.get("id"), issues=(known,))
    inputs = record.get("inputs")
    names = tuple(output.name for output in score.outputs)
    chosen, name = score, score.id
    if score.term and isinstance(inputs, Mapping):
        term = next(item for item in score.inputs if item.name == score.term)
        code, issues = read_safely(term, inputs.get(score.term))
        if code is None:
            return Reading(record.get("id"), names, issues=tuple(issues or [f"{score.term} is missing"]))
        chosen, name = score.variants[code], f"{score.id} {code}"
        inputs = {key: value for key, value in inputs.items() if key != score.term}
    values, found = read_inputs(chosen, inputs)
    return Reading(record.get("id"), names, name, chosen, values, tuple(found))


def evaluate_together(readings: list[Reading]) -> list[dict[str, Any]]:
    """The answers to records of one score; of records without a score every output is missing."""
    score = readings[0].score
    if score is None:
        return [describe(reading, {"outputs": dict.fromkeys(reading.outputs)}) for reading in readings]
    schema = {item.name: input_dtype(item) for item in score.inputs}
    frame = pl.DataFrame([reading.values for reading in readings], schema=schema)
    rows = derive_score(frame, score).select("outputs", "missing", "assumed").to_dicts()
    return [describe(reading, row) for reading, row in zip(readings, rows, strict=True)]


def describe(reading: Reading, row: dict[str, Any]) -> dict[str, Any]:
    """One answer; what is empty is left out."""
    details = {"issues": list(reading.issues), "missing": row.get("missing"), "assumed": row.get("assumed")}
    return {"id": reading.record_id, "outputs": row["outputs"]} | {
        key: value for key, value in details.items() if value
    }
