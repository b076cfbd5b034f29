"""Laws that hold for every definition, whatever its numbers: drawn inputs, no examples."""

import inspect
import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.catalog import PARAMETERS
from analytics.scores import SCORES, list_series
from analytics.scores.definition import flatten
from analytics.scores.evaluate import derive_score, derive_terms, input_dtype
from analytics.shapley import attribute_change, is_attributable, list_players
from tests.conftest import score_record

# Every definition once, those of single analytes included.
ALL = {
    f"{score.id}{f' {code}' if code else ''}": item
    for score in SCORES.values()
    for code, item in (score.variants or {"": score}).items()
    if score.id != "convert" or code in ("bilirubin", "creatinine", "platelets", "ast")
}
FEW = settings(max_examples=15)
OTHER_BOUNDS = {"clif_c_of": (6, 18), "age": (18, 90), "window_days": (0, 60), "day": (-10, 60), "uln": (1, 200), "value": (0.1, 500),
                "lln": (1, 200), "baseline": (0.1, 500)}  # fmt: skip


def draw_input(item) -> st.SearchStrategy:
    """A plausible value of one input in the catalog's unit."""
    if item.kind == "records":
        return st.lists(
            st.fixed_dictionaries({part.name: draw_input(part) for part in item.fields}), min_size=2, max_size=8
        )
    if item.kind == "flag":
        return st.booleans()
    if item.kind == "word" or item.choices:
        return st.sampled_from(item.choices)
    if item.parameter and item.parameter.levels:
        return st.sampled_from(sorted(item.parameter.levels))
    low, high = OTHER_BOUNDS.get(item.code, item.parameter.soft if item.parameter else item.bounds)
    low = 0.01 if low is None else low
    return st.floats(max(low, 0.01) if low >= 0 else low, 50.0 if high is None else high)


def draw_patient(score) -> st.SearchStrategy:
    """All inputs of a score."""
    return st.fixed_dictionaries({item.name: draw_input(item) for item in score.inputs})


def evaluate(score, *patients: dict) -> pl.DataFrame:
    """The rows of ``derive_score``."""
    schema = {item.name: input_dtype(item) for item in score.inputs}
    return derive_score(pl.DataFrame(list(patients), schema=schema), score)


def number(score, value) -> float:
    """An output as a number: a word by its place."""
    words = score.output(score.value).words
    return float(words.index(value)) if isinstance(value, str) else float(value)


@pytest.mark.parametrize("score", ALL.values(), ids=ALL)
def test_a_definition_declares_the_outputs_that_its_formula_gives(score):
    names = [item.name for item in score.inputs if item.kind != "records"] + [
        part.name for item in score.inputs for part in item.fields
    ]
    outputs = score.formula(**{name: pl.col(name) for name in names})
    assert list(outputs) == [output.name for output in score.outputs]
    assert score.value in outputs
    assert {name for need in score.needs.values() for name in flatten(need)} <= {item.name for item in score.inputs}
    assert score.source
    assert score.version
    exceptions = [need for need, ways in score.needs.items() if len(ways) > 1]
    exceptions += [
        output.name for output in score.outputs if set(output.sometimes) & set(score.needs) and not score.records
    ]
    assert score.if_missing or not exceptions  # every exception is said in words, on the page Definitions too


@pytest.mark.parametrize("score", ALL.values(), ids=ALL)
@FEW
@given(data=st.data())
def test_a_missing_input_gives_missing_results_in_exactly_the_outputs_that_need_it(score, data):
    patient = data.draw(draw_patient(score))
    patient = patient | {item.name: False for item in score.inputs if item.kind == "flag" and item.if_missing is False}
    patient |= {item.name: 0.0 for item in score.inputs if item.if_missing == 0.0 and item.kind == "number"}
    need = data.draw(st.sampled_from(list(score.needs)))
    gone = set(flatten(score.needs[need]))
    full, lacking = evaluate(score, patient, patient | dict.fromkeys(gone)).to_dicts()
    unmet = {name for name, ways in score.needs.items() if all(gone & set(flatten((way,))) for way in ways)}
    assert set(lacking["missing"]) == unmet | set(full["missing"])
    for output in score.outputs:
        needed = set(score.needs) if output.needs is None else set(output.needs)
        if needed & unmet:
            assert lacking["outputs"][output.name] is None, output.name
        elif not set(output.sometimes) & unmet and score.records is None:
            assert lacking["outputs"][output.name] == full["outputs"][output.name], output.name


@pytest.mark.parametrize("score", ALL.values(), ids=ALL)
@FEW
@given(data=st.data())
def test_an_input_that_may_be_missing_counts_as_its_definition_says_and_is_named(score, data):
    patient = data.draw(draw_patient(score))
    for item in score.inputs:
        if item.if_missing is None:
            continue
        said, absent = evaluate(score, patient | {item.name: item.if_missing}, patient | {item.name: None}).to_dicts()
        assert said["outputs"] == absent["outputs"]
        assert (item.name in absent["assumed"]) == (item.origin != "study")
        assert item.name not in said["assumed"]


@pytest.mark.parametrize("score", ALL.values(), ids=ALL)
@FEW
@given(data=st.data())
def test_every_output_lies_in_its_range_or_among_its_words(score, data):
    outputs = evaluate(score, data.draw(draw_patient(score)))["outputs"][0]
    for output in score.outputs:
        value = outputs[output.name]
        if value is None or isinstance(value, bool | list):
            continue
        if isinstance(value, str):
            assert value in output.words, output.name
            continue
        assert math.isfinite(value), output.name
        low, high = output.bounds
        assert (float("-inf") if low is None else low) <= value <= (float("inf") if high is None else high), output.name


NUMERIC = {name: score for name, score in ALL.items() if any(item.kind == "number" for item in score.inputs)}


@pytest.mark.parametrize("score", NUMERIC.values(), ids=NUMERIC)
@FEW
@given(data=st.data())
def test_not_a_number_is_missing(score, data):
    patient = data.draw(draw_patient(score))
    names = [item.name for item in score.inputs if item.kind == "number"]
    rows = evaluate(score, *(patient | {name: value} for name in names for value in (float("nan"), None))).to_dicts()
    assert [row["outputs"] for row in rows[::2]] == [row["outputs"] for row in rows[1::2]]


CONVERTIBLE = {
    name: score
    for name, score in ALL.items()
    if any(i.parameter and i.parameter.accepted for i in score.inputs) and score.id in SCORES
}


@pytest.mark.parametrize("score", CONVERTIBLE.values(), ids=CONVERTIBLE)
@FEW
@given(data=st.data())
def test_the_unit_of_entry_is_irrelevant(score, data):
    if score.records:
        return  # records have no units of their own
    patient = data.draw(draw_patient(score))
    entered: list[dict] = [{}, {}]
    for item in score.inputs:
        value = patient[item.name]
        parameter = item.parameter
        if parameter is None or parameter.levels or item.kind == "flag":
            entered = [inputs | {item.name: {"value": value}} for inputs in entered]
            continue
        value = round(value, 3) or 1.0
        unit = data.draw(st.sampled_from(parameter.units))
        entered[0] |= {item.name: {"value": value, "unit": parameter.unit}}
        entered[1] |= {item.name: {"value": value / parameter.factor(unit), "unit": unit}}
    variant = {score.id: next((name.split()[1] for name, item in ALL.items() if item is score and " " in name), None)}
    term = {"analyte": {"value": variant[score.id]}} if variant[score.id] else {}
    first, second = (
        score_record({"id": 1, "score": score.id, "inputs": term | inputs})["outputs"] for inputs in entered
    )
    for name, value in first.items():
        close = isinstance(value, float)
        assert second[name] == (pytest.approx(value, rel=1e-7, abs=1e-7) if close else value), name


def make_worse(score, item, value, data):
    """A value further in the direction that is worse; None where there is none."""
    if item.kind == "flag":
        return True
    if item.parameter and item.parameter.levels:
        return data.draw(st.sampled_from([level for level in item.parameter.levels if level >= value]))
    return value * data.draw(st.floats(1, 3)) if item.worse == "higher" else value * data.draw(st.floats(0.3, 1))


WITH_DIRECTION = {
    name: score
    for name, score in ALL.items()
    if score.parameter.better != "none" and any(item.worse for item in score.inputs)
}


@pytest.mark.parametrize("score", WITH_DIRECTION.values(), ids=WITH_DIRECTION)
@settings(max_examples=40)
@given(data=st.data())
def test_no_score_improves_when_an_input_gets_worse(score, data):
    patient = data.draw(draw_patient(score))
    item = data.draw(st.sampled_from([item for item in score.inputs if item.worse]))
    worse = make_worse(score, item, patient[item.name], data)
    before, after = evaluate(score, patient, patient | {item.name: worse})["outputs"].struct.field(score.value)
    if before is None or after is None:
        assert before == after or score.id in ("recompensation", "decompensation")
        return
    step = number(score, after) - number(score, before)
    assert step >= -1e-9 if score.parameter.better == "lower" else step <= 1e-9, (item.name, patient[item.name], worse)


SUMMED = {name: score for name, score in ALL.items() if score.terms_of}


@pytest.mark.parametrize("score", SUMMED.values(), ids=SUMMED)
@FEW
@given(data=st.data())
def test_the_terms_add_up_to_the_value(score, data):
    patient = data.draw(draw_patient(score))
    rows = evaluate(score, patient)
    frame = pl.DataFrame([patient], schema={item.name: input_dtype(item) for item in score.inputs})
    total = sum(derive_terms(frame, score).row(0))
    assert rows["outputs"][0][score.terms_of] == pytest.approx(total, abs=1e-9)


ATTRIBUTABLE = {name: score for name, score in ALL.items() if is_attributable(score)}


@pytest.mark.parametrize("score", ATTRIBUTABLE.values(), ids=ATTRIBUTABLE)
@settings(max_examples=10)
@given(data=st.data())
def test_the_shares_of_an_attribution_add_up_to_the_change(score, data):
    study = {item.name: data.draw(draw_input(item)) for item in score.inputs if item.origin == "study"}
    patients = [data.draw(draw_patient(score)) | study for _ in range(4)]
    schema = {item.name: input_dtype(item) for item in score.inputs}
    ends = [pl.DataFrame(pair, schema=schema) for pair in (patients[:2], patients[2:])]
    shares = attribute_change(score, *ends)
    values = [derive_score(frame, score)["outputs"].struct.field(score.value).to_list() for frame in ends]
    for pair, (before, after) in enumerate(zip(*values, strict=True)):
        own = shares.filter(pl.col("pair") == pair)["share"]
        assert own.len() == len(list_players(score))
        assert own.null_count() == 0  # every mixture of the two visits is defined
        assert own.sum() == pytest.approx(after - before, abs=1e-8)


@pytest.mark.parametrize("score", ATTRIBUTABLE.values(), ids=ATTRIBUTABLE)
@FEW
@given(data=st.data())
def test_an_input_that_did_not_change_has_no_share(score, data):
    before = data.draw(draw_patient(score))
    item = data.draw(st.sampled_from([item for item in score.inputs if item.origin != "study"]))
    after = before | {item.name: data.draw(draw_input(item))}
    schema = {item.name: input_dtype(item) for item in score.inputs}
    shares = attribute_change(score, *(pl.DataFrame([patient], schema=schema) for patient in (before, after)))
    for part, share in shares.select("part", "share").rows():
        if item.name not in list_players(score)[part]:
            assert share in (0.0, None)


def test_terms_and_formulas_take_the_same_inputs():
    for name, score in ALL.items():
        if score.terms:
            wanted = {item.name for item in score.inputs}
            assert set(inspect.signature(score.terms).parameters) <= wanted | {
                "inputs",
                "others",
                "_",
                "slope",
                "cap",
            }, name


def test_every_series_has_a_parameter_of_its_own_that_no_measurement_takes():
    shared = {code for code in list_series() if code in PARAMETERS}
    assert shared == {"liver_volume_pct"}  # reported as percent by some, computed from volumes for others
