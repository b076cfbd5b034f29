"""Scores against the worked examples of the score document, and against laws that need no example."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.scores import SCORES
from analytics.scores.evaluate import derive_score
from analytics.scores.exchange import score_record

SIX = ("child_pugh", "meld", "meld_na", "meld3", "albi", "mayo_pbc")
LABS = {
    "bilirubin": st.floats(0.1, 50),
    "albumin": st.floats(1.2, 5.8),
    "inr": st.floats(0.7, 8),
    "creatinine": st.floats(0.2, 15),
    "sodium": st.floats(115, 155),
    "pt_sec": st.floats(8, 60),
    "ascites": st.sampled_from([0.0, 1.0, 2.0, 3.0]),
    "encephalopathy": st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0]),
    "edema": st.sampled_from([0.0, 0.5, 1.0]),
    "age": st.floats(18, 90),
    "sex": st.sampled_from(["F", "M"]),
}
PATIENT = st.fixed_dictionaries(LABS)
RISING_IS_WORSE = {
    "child_pugh": ("bilirubin", "inr", "ascites", "encephalopathy"),
    "meld": ("bilirubin", "inr", "creatinine"),
    "meld_na": ("bilirubin", "inr", "creatinine"),
    "albi": ("bilirubin",),
    "mayo_pbc": ("bilirubin", "pt_sec", "age", "edema"),
}


def value_of(score: str, patient: dict) -> float | None:
    """The value of a score for inputs in the catalog's units."""
    definition = SCORES[score]
    row = derive_score(pl.DataFrame({name: [value] for name, value in patient.items()}), definition)
    return row["outputs"].struct.field(definition.value)[0]


def check(example: dict, outputs: dict) -> None:
    """Every expected output, within the example's own tolerance."""
    for name, expected in example["expected"].items():
        tolerance = example.get("tolerance", {}).get(name, 0)
        if isinstance(expected, float | int) and not isinstance(expected, bool):
            assert outputs[name] == pytest.approx(expected, abs=tolerance + 1e-12), (example["id"], name)
        else:
            assert outputs[name] == expected, (example["id"], name)


def test_every_worked_example_of_the_six_scores_passes_through_the_terminal(run, score_examples, tmp_path):
    examples = [example for example in score_examples if example["score"] in SIX]
    assert len(examples) == 21
    (tmp_path / "examples.json").write_text(json.dumps(examples))
    result = run("score", tmp_path / "examples.json")
    assert result.exit_code == 0
    for example, answer in zip(examples, json.loads(result.stdout), strict=True):
        assert answer["id"] == example["id"]
        check(example, answer["outputs"])


@pytest.mark.parametrize("score", SCORES.values(), ids=lambda score: score.id)
def test_the_examples_in_a_definition_are_those_of_the_document(score, score_examples):
    document = {example["id"]: example for example in score_examples}
    assert score.examples
    for example in score.examples:
        printed = document[example.id]["inputs"]
        assert set(printed) == set(example.inputs)
        for name, given_value in example.inputs.items():
            bare = given_value[0] if isinstance(given_value, tuple) else given_value
            assert printed[name]["value"] == bare
        for name, printed_value in example.expected.items():  # scores.md prints four decimals
            exact = document[example.id]["expected"][name]
            assert printed_value == (exact if isinstance(exact, str) else pytest.approx(exact, abs=5e-5))


@given(patient=PATIENT, data=st.data())
def test_a_missing_input_gives_a_missing_score_and_names_it(patient, data):
    score = SCORES[data.draw(st.sampled_from(SIX))]
    needed = [name for need in score.needs for name in score.needs[need] if name in patient]
    gone = data.draw(st.sampled_from(needed))
    row = derive_score(pl.DataFrame({name: [value] for name, value in (patient | {gone: None}).items()}), score)
    assert row["outputs"].struct.field(score.value)[0] is None
    assert len(row["missing"][0]) == 1


@given(patient=PATIENT, data=st.data())
def test_no_score_improves_when_an_input_gets_worse(patient, data):
    score = data.draw(st.sampled_from(sorted(RISING_IS_WORSE)))
    name = data.draw(st.sampled_from(RISING_IS_WORSE[score]))
    worse = {"ascites": 3.0, "encephalopathy": 4.0, "edema": 1.0}.get(name, patient[name] * 1.5)
    assert value_of(score, patient | {name: worse}) >= value_of(score, patient) - 1e-9


@given(patient=PATIENT)
def test_albumin_never_makes_child_pugh_or_albi_worse(patient):
    better = patient | {"albumin": patient["albumin"] + 0.5}
    assert value_of("child_pugh", better) <= value_of("child_pugh", patient)
    assert value_of("albi", better) < value_of("albi", patient)


@given(patient=PATIENT)
def test_the_meld_family_stays_between_6_and_40(patient):
    assert all(6 <= value_of(score, patient) <= 40 for score in ("meld", "meld_na", "meld3"))


BOUNDARIES = [("bilirubin", "umol/L", 17.1, (2.0, 3.0)), ("albumin", "g/L", 10, (2.8, 3.5))]


@pytest.mark.parametrize(("name", "unit", "factor", "cuts"), BOUNDARIES)
@pytest.mark.parametrize("step", [-0.001, 0, 0.001])
def test_child_pugh_points_are_the_same_in_si_and_conventional_units_at_every_cut(name, unit, factor, cuts, step):
    own = PATIENT_IN_B["bilirubin" if name == "bilirubin" else "albumin"]
    for cut in cuts:
        value = cut + step
        points = {
            given_unit: score_record(
                {
                    "id": 1,
                    "score": "child_pugh",
                    "inputs": PATIENT_IN_B | {name: {"value": given_value, "unit": given_unit}},
                }
            )["outputs"][f"{name}_points"]
            for given_value, given_unit in ((value, own["unit"]), (round(value * factor, 9), unit))
        }
        assert len(set(points.values())) == 1, points


PATIENT_IN_B = {
    "bilirubin": {"value": 2.2, "unit": "mg/dL"},
    "albumin": {"value": 3.1, "unit": "g/dL"},
    "inr": {"value": 1.4, "unit": "1"},
    "ascites": {"value": "slight"},
    "encephalopathy": {"value": "none"},
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"bilirubin": {"value": 212, "unit": "mg/dL"}},
            "Bilirubin, total 212 mg/dL is impossible: outside 0.05 to 100",
        ),
        ({"albumin": {"value": 38, "unit": "g/dL"}}, "impossible"),
        ({"inr": {"value": 1.4, "unit": "mg/dL"}}, "was given in 'mg/dL'"),
        ({"ascites": {"value": "soup"}}, "'soup' is not one of its words"),
        ({"encephalopathy": {"value": "minimal"}}, "'minimal' is not one of its words"),
        ({"encephalopathy": {"value": 2.5}}, "has no grade 2.5"),
        ({"albumin": {"value": "3.1", "unit": "g/dL"}}, "must be a number"),
        ({"albumin": {"value": float("nan"), "unit": "g/dL"}}, "must be a number"),
    ],
)
def test_an_unusable_input_counts_as_missing_and_is_told(change, sentence):
    answer = score_record({"id": 1, "score": "child_pugh", "inputs": PATIENT_IN_B | change})
    assert answer["outputs"]["points"] is None
    assert answer["outputs"]["class"] is None
    assert sentence in answer["issues"][0]


def test_one_coagulation_basis_per_study_even_when_another_test_is_known():
    inputs = PATIENT_IN_B | {"coagulation_basis": {"value": "pt_activity"}}
    answer = score_record({"id": 1, "score": "child_pugh", "inputs": inputs})
    assert answer["outputs"]["coagulation_points"] is None
    assert answer["missing"] == ["a coagulation test (INR, PT seconds above control or PT activity)"]


def test_prothrombin_seconds_above_control_score_4_to_6_in_the_middle():
    points = []
    for seconds in (3.9, 4, 6, 6.1):
        inputs = PATIENT_IN_B | {"pt_prolongation_sec": {"value": seconds, "unit": "s"}, "inr": {"value": None}}
        points.append(score_record({"id": 1, "score": "child_pugh", "inputs": inputs})["outputs"]["coagulation_points"])
    assert points == [1, 2, 2, 3]


@pytest.mark.parametrize(("record"), [3, {}, {"score": "soup"}, {"score": ["meld"]}, {"score": "meld", "inputs": [1]}])
def test_a_record_that_is_none_gets_issues_and_no_traceback(record):
    assert score_record(record)["issues"]
