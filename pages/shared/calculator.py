"""The bedside calculator: any score from values that are typed in; nothing of it is stored."""

from typing import Any

import polars as pl
import streamlit as st

from analytics.explain import explain_values
from analytics.scores import SCORES, Input, Score
from analytics.scores.evaluate import input_dtype
from analytics.scores.examples import Example, list_examples
from analytics.scores.exchange import read_record
from pages.shared import controls, explanations

COLUMNS = 3
EMPTY = "empty"


def show_calculator() -> None:
    """Choose a score, type values in, read the result with its explanation."""
    left, right = st.columns(2)
    with left:
        names = {code: score.parameter.label for code, score in SCORES.items()}
        score = SCORES[controls.ask_detail("Score", names, "calculate", next(iter(names)))]
    examples = {example.id: example for example in list_examples(score.id)}
    with right:
        start = st.selectbox("Start from", [EMPTY, *examples], key=f"start_{score.id}")
    record = {"id": "", "score": score.id, "inputs": ask_inputs(score, examples.get(start))}
    show_result(record)


def ask_inputs(score: Score, example: Example | None) -> dict[str, Any]:
    """One control an input, three in a row; the unit beside the number."""
    given: dict[str, Any] = {}
    chosen = score
    for place, item in enumerate(score.inputs):
        if place % COLUMNS == 0:
            row = st.columns(COLUMNS)
        with row[place % COLUMNS]:
            key = f"{score.id}_{example.id if example else EMPTY}_{item.name}"
            own = chosen.find(item.name) or item
            given[item.name] = ask_input(own, dict(example.inputs.get(item.name, {})) if example else {}, key)
            if item.name == score.term:
                chosen = score.variants.get(given[item.name]["value"], score)
    return {name: entry for name, entry in given.items() if entry["value"] is not None}


def ask_input(item: Input, example: dict[str, Any], key: str) -> dict[str, Any]:
    """The control of one input, with what the example has in it."""
    value = example.get("value")
    if item.kind == "records":
        return {"value": ask_records(item, value, key)}
    if item.kind == "flag":
        names = {None: "not known", True: "yes", False: "no"}
        place = list(names).index(value)
        return {"value": st.selectbox(item.words, list(names), place, lambda choice: names[choice], key=key)}
    if item.choices or item.kind == "word":
        choices = ["F", "M"] if item.name == "sex" else list(item.choices)
        wanted = str(value)[:1].upper() if item.name == "sex" and value else value
        place = choices.index(wanted) if wanted in choices else None
        return {"value": st.selectbox(item.words, choices, place, key=key, placeholder="not known")}
    if item.parameter and item.parameter.levels:
        return {"value": ask_grade(item, value, key)}
    return ask_number(item, value, str(example.get("unit", "")), key)


def ask_grade(item: Input, value: Any, key: str) -> float | None:
    """A grade by its first word."""
    levels = item.parameter.levels if item.parameter else {}
    grade = item.parameter.level(value) if item.parameter and isinstance(value, str) else value
    names = {level: f"{level:g} ({words[0]})" for level, words in levels.items()}
    place = list(levels).index(grade) if grade is not None and grade in levels else None
    return st.selectbox(item.words, list(levels), place, lambda level: names[level], key=key, placeholder="not known")


def ask_number(item: Input, value: Any, unit: str, key: str) -> dict[str, Any]:
    """A number and, where there are several, its unit."""
    units = list(item.parameter.units) if item.parameter else [item.unit]
    label = item.words if len(units) > 1 or units[0] in ("", "1") else f"{item.words}, {units[0]}"
    if len(units) == 1:
        number = st.number_input(label, value=float(value) if value is not None else None, format="%g", key=key)
        return {"value": number, "unit": units[0]}
    left, right = st.columns([3, 2])
    number = left.number_input(label, value=float(value) if value is not None else None, format="%g", key=key)
    place = units.index(unit) if unit in units else units.index(item.unit) if item.unit in units else 0
    return {"value": number, "unit": right.selectbox("Unit", units, place, key=f"{key}_unit")}


def ask_records(item: Input, value: Any, key: str) -> list[dict[str, Any]] | None:
    """A table that can be filled in."""
    st.caption(item.words)
    schema = {part.name: input_dtype(part) for part in item.fields}
    table = st.data_editor(pl.DataFrame(value or [], schema=schema), num_rows="dynamic", key=key, hide_index=True)
    return table.to_dicts() or None


def show_result(record: dict[str, Any]) -> None:
    """What the score is, and why; or what is missing."""
    reading = read_record(record)
    for issue in reading.issues if record["inputs"] else ():
        st.warning(issue, icon=":material/error:")
    if not record["inputs"] or reading.score is None:
        st.info("Type values in, or start from a worked example.")
        return
    schema = {item.name: input_dtype(item) for item in reading.score.inputs}
    explanations.show_parts(reading.score, explain_values(reading.score, pl.DataFrame([reading.values], schema=schema)))
    st.caption("Nothing that is typed in here is stored. The same in the terminal: `python cli.py score FILE.json`.")
