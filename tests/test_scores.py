"""Scores against the worked examples of the score document, at every cut-off, and on what people send."""

import hashlib
import json
import time

import pytest

from analytics.catalog import PARAMETERS
from analytics.scores import SCORES, list_series
from analytics.scores.examples import FILE, list_examples
from analytics.scores.exchange import score_records
from tests.conftest import score_record

PATIENT_IN_B = {
    "bilirubin": {"value": 2.2, "unit": "mg/dL"},
    "albumin": {"value": 3.1, "unit": "g/dL"},
    "inr": {"value": 1.4, "unit": "1"},
    "ascites": {"value": "slight"},
    "encephalopathy": {"value": "none"},
}
# The 35 ids of the score document.
IDS = [
    "ascites_points", "he_points", "child_pugh", "meld", "meld_na", "meld3", "albi", "ez_albi", "palbi", "fib4",
    "apri", "baveno", "lsm_change", "maddrey_df", "lille", "mayo_pbc", "globe", "sofa", "clif_c_of", "clif_c_aclf",
    "clif_c_ad", "aarc", "ukeld", "aki", "fibrosis_index_delta", "fibrosis_index_summary", "liver_volume_pct",
    "ctcae5", "hys_law", "edish_point", "dili_action", "response", "decompensation", "recompensation", "convert",
]  # fmt: skip


def check(example: dict, outputs: dict) -> None:
    """Every expected output, within the example's own tolerance, and of the same type."""
    for name, expected in example["expected"].items():
        tolerance = example["tolerance"].get(name, 0)
        if isinstance(expected, float | int) and not isinstance(expected, bool):
            assert outputs[name] == pytest.approx(expected, abs=tolerance + 1e-12), (example["id"], name)
        else:
            assert outputs[name] == expected, (example["id"], name)
            assert type(outputs[name]) is type(expected), (example["id"], name)


def test_the_examples_are_the_document_s_own_byte_for_byte():
    digest = "50de49300762d83c4441cdfd3265b710e6dcaeb4f9e90de82b58cddda4646762"
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() == digest


def test_all_35_ids_of_the_document_are_defined_and_each_has_examples():
    assert len(IDS) == 35
    assert set(IDS) <= set(SCORES)
    assert all(list_examples(score_id) for score_id in IDS)


def test_every_worked_example_passes_through_the_terminal(run, score_examples, tmp_path):
    assert len(score_examples) == 116
    (tmp_path / "examples.json").write_text(json.dumps(score_examples))
    result = run("score", tmp_path / "examples.json")
    assert result.exit_code == 0
    for example, answer in zip(score_examples, json.loads(result.stdout), strict=True):
        assert answer["id"] == example["id"]
        check(example, answer["outputs"])


def test_every_worked_example_passes_alone(score_examples):
    for example in score_examples:
        check(example, score_record(example)["outputs"])


def test_10000_mixed_vectors_are_scored_in_seconds(run, score_examples, tmp_path):
    records = [score_examples[place % 116] | {"id": place} for place in range(10_000)]
    (tmp_path / "many.json").write_text(json.dumps(records))
    start = time.perf_counter()
    answers = json.loads(run("score", tmp_path / "many.json").stdout)
    assert time.perf_counter() - start < 20  # measured: 1 s; a busy machine is no fault
    assert [answer["id"] for answer in answers] == list(range(10_000))
    for place in range(0, 10_000, 97):
        check(score_examples[place % 116], answers[place]["outputs"])


# Score, input, its conventional unit, and every cut-off that the document prints for it.
CUTS = [
    ("child_pugh", "bilirubin", "mg/dL", "umol/L", (2.0, 3.0)),
    ("child_pugh cholestatic", "bilirubin", "mg/dL", "umol/L", (4.0, 10.0)),
    ("child_pugh", "albumin", "g/dL", "g/L", (2.8, 3.5)),
    ("meld", "creatinine", "mg/dL", "umol/L", (1.0, 4.0)),
    ("meld", "bilirubin", "mg/dL", "umol/L", (1.0,)),
    ("meld3", "creatinine", "mg/dL", "umol/L", (1.0, 3.0)),
    ("meld3", "albumin", "g/dL", "g/L", (1.5, 3.5)),
    ("fib4", "platelets", "10*9/L", "10*4/uL", (100, 150)),
    ("baveno", "platelets", "10*9/L", "/uL", (110, 150)),
    ("lille", "creatinine", "mg/dL", "umol/L", (1.3,)),
    ("sofa", "bilirubin", "mg/dL", "umol/L", (1.2, 2.0, 6.0, 12.0)),
    ("sofa", "creatinine", "mg/dL", "umol/L", (1.2, 2.0, 3.5, 5.0)),
    ("sofa", "platelets", "10*9/L", "10*4/uL", (20, 50, 100, 150)),
    ("sofa", "urine_output", "mL/d", "L/d", (200, 500)),
    ("sofa", "pao2_fio2", "mm[Hg]", "kPa", (100, 200, 300, 400)),
    ("sofa", "map", "mm[Hg]", "kPa", (70,)),
    ("clif_c_of", "bilirubin", "mg/dL", "umol/L", (6.0, 12.0)),
    ("clif_c_of", "creatinine", "mg/dL", "umol/L", (1.5, 2.0, 3.5)),
    ("clif_c_of", "map", "mm[Hg]", "kPa", (70,)),
    ("clif_c_of", "pao2_fio2", "mm[Hg]", "kPa", (200, 300)),
    ("aarc", "bilirubin", "mg/dL", "umol/L", (15, 25)),
    ("aarc", "creatinine", "mg/dL", "umol/L", (0.7, 1.5)),
    ("aarc", "lactate", "mmol/L", "mg/dL", (1.5, 2.5)),
    ("aki", "creatinine", "mg/dL", "umol/L", (1.5, 2.0, 3.0, 4.0)),
    ("recompensation", "bilirubin", "mg/dL", "umol/L", (2.0,)),
    ("recompensation", "albumin", "g/dL", "g/L", (3.5,)),
    ("ctcae5 platelets", "value", "10*9/L", "10*4/uL", (25, 50, 75, 150)),
    ("ctcae5 albumin", "value", "g/dL", "g/L", (2, 3, 3.5)),
    ("ctcae5 hemoglobin", "value", "g/dL", "g/L", (8, 10, 12)),
    ("ctcae5 bilirubin", "value", "mg/dL", "umol/L", (1.2, 1.8, 3.6, 12.0)),
    ("ctcae5 creatinine", "value", "mg/dL", "umol/L", (1.2, 1.8, 3.6, 7.2)),
    ("ctcae5 alt", "value", "U/L", "ukat/L", (40, 120, 200, 800)),
    ("hys_law", "bilirubin", "mg/dL", "umol/L", (2.4,)),
    ("hys_law", "alt", "U/L", "ukat/L", (120,)),
    ("dili_action", "alt", "U/L", "ukat/L", (120, 200, 320)),
    ("dili_action", "bilirubin", "mg/dL", "umol/L", (2.4,)),
    ("maddrey_df", "bilirubin", "mg/dL", "umol/L", (9.0,)),
]
LIMITS = {"alp": {"uln": 120}, "alt": {"uln": 40}, "bilirubin": {"uln": 1.2}, "creatinine": {"uln": 1.2}, "platelets": {"lln": 150},
          "albumin": {"lln": 3.5}, "hemoglobin": {"lln": 12}}  # fmt: skip
BACKGROUND = {
    "child_pugh": PATIENT_IN_B,
    "child_pugh cholestatic": PATIENT_IN_B | {"cholestatic": {"value": True}},
    "clif_c_of": {"bilirubin": 5.0, "creatinine": 1.1, "inr": 2.7, "encephalopathy": 0, "map": 78, "pao2_fio2": 380},
    "sofa": {"bilirubin": 4.4, "platelets": 62, "gcs": 14, "creatinine": 0.5, "map": 80, "pao2_fio2": 280,
             "respiratory_support": True, "urine_output": 900},
    "aki": {"creatinine_baseline": 1.0},
    "baveno": {"lsm": 18},
    "dili_action": {"alt": 120, "alt_uln": 40, "bilirubin": 2.4, "bilirubin_uln": 1.2},
    "hys_law": {"alt": 120, "alt_uln": 40, "alp": 90, "alp_uln": 120, "bilirubin": 3.0, "bilirubin_uln": 1.2},
    "maddrey_df": {"pt_sec": 17.5, "pt_control_sec": 12.5},
}  # fmt: skip


def prepare(case: str) -> dict:
    """The other inputs of a case, in the exchange shape: those of its worked example, or the ones above."""
    score_id, _, term = case.partition(" ")
    if score_id == "ctcae5":
        return {"term": {"value": term}} | {
            side: {"value": limit, "unit": PARAMETERS[term].unit} for side, limit in LIMITS[term].items()
        }
    plain = BACKGROUND.get(case)
    if plain is None:
        return dict(list_examples(score_id)[0].inputs)
    units = {item.name: item.unit for item in SCORES[score_id].inputs}
    return {
        name: value if isinstance(value, dict) else {"value": value, "unit": units[name]}
        for name, value in plain.items()
    }


@pytest.mark.parametrize(
    ("case", "name", "unit", "other", "cuts"), CUTS, ids=lambda item: str(item) if isinstance(item, str) else ""
)
def test_si_and_conventional_units_give_the_same_categories_at_every_boundary(case, name, unit, other, cuts):
    score_id = case.split(" ")[0]
    code = case.split(" ")[1] if score_id == "ctcae5" else name
    factor = PARAMETERS[code].factor(other)
    seen = set()
    for cut in cuts:
        for value in (cut * (1 - 1e-6), cut, cut * (1 + 1e-6)):
            both = [
                score_record(
                    {"id": 1, "score": score_id, "inputs": prepare(case) | {name: {"value": given, "unit": given_unit}}}
                )
                for given, given_unit in ((value, unit), (round(value / factor, 12), other))
            ]
            assert not any("was given in" in issue for answer in both for issue in answer.get("issues", []))
            first, second = (answer["outputs"] for answer in both)
            for output, expected in first.items():
                continuous = isinstance(expected, float)
                assert second[output] == (pytest.approx(expected, rel=1e-6) if continuous else expected), (
                    output,
                    value,
                )
            seen.add(json.dumps({key: value for key, value in first.items() if not isinstance(value, float)}))
    if any(isinstance(value, str | int) for value in first.values()) and case not in ("fib4", "lille", "meld", "meld3"):
        assert len(seen) > len(cuts) / 2  # the values are real boundaries: what is given changes there


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


MALFORMED = [
    "soup",
    -5,
    float("nan"),
    float("inf"),
    10**400,
    {"value": "soup"},
    {"value": -1, "unit": "mg/dL"},
    {"value": 1, "unit": "parsec"},
    {"value": [1, 2]},
    {"value": {}, "unit": []},
]


@pytest.mark.parametrize("score_id", IDS)
@pytest.mark.parametrize("bad", MALFORMED, ids=lambda bad: str(bad)[:24])
def test_a_malformed_input_gives_an_issue_and_null_outputs_that_need_it_and_never_a_traceback(score_id, bad):
    example = list_examples(score_id)[0]
    names = [name for name in example.inputs if (name, bad) != ("baseline_day", -5)]  # a day may lie before day 0
    records = [{"id": name, "score": score_id, "inputs": {**example.inputs, name: bad}} for name in names]
    for record, answer in zip(records, score_records(records), strict=True):
        json.dumps(answer, allow_nan=False)
        issues = answer.get("issues", [])
        assert issues, record["id"]
        score = SCORES[score_id]
        if score.id not in score.needs.get(record["id"], ()) and record["id"] in score.needs and not score.if_missing:
            assert answer["outputs"][score.value] is None


@pytest.mark.parametrize("score_id", IDS)
def test_a_missing_key_is_named(score_id):
    score = SCORES[score_id]
    answer = score_record({"id": 1, "score": score_id, "inputs": {}})
    assert answer["outputs"][score.value] is None
    assert set(answer["outputs"]) == {output.name for output in score.outputs}
    assert answer.get("missing") or answer.get("issues")


@pytest.mark.parametrize(("record"), [3, {}, None, [], {"score": "soup"}, {"score": ["meld"]}, {"score": "meld", "inputs": [1]},
                                      {"score": "ctcae5", "inputs": {"term": {"value": "soup"}}}])  # fmt: skip
def test_a_record_that_is_none_gets_issues_and_no_traceback(record):
    assert score_record(record)["issues"]


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


def test_an_assumed_flag_is_named():
    answer = score_record(SCORES_EXAMPLE)
    assert answer["assumed"] == ["dialysis"]
    told = score_record(SCORES_EXAMPLE | {"inputs": SCORES_EXAMPLE["inputs"] | {"dialysis": {"value": False}}})
    assert "assumed" not in told


SCORES_EXAMPLE = {"id": 1, "score": "meld", "inputs": dict(list_examples("meld")[0].inputs)}

# By hand from section 10.1 of the score document: analyte, value, upper limit, baseline, grade.
GRADES = [
    ("alt", 40, 40, 30, 0), ("alt", 41, 40, 30, 1), ("alt", 120, 40, 30, 1), ("alt", 121, 40, 30, 2), ("alt", 801, 40, 30, 4),
    ("alt", 104, 40, 70, 0), ("alt", 105, 40, 70, 1), ("alt", 211, 40, 70, 2), ("alp", 200, 120, 100, 1), ("alp", 301, 120, 100, 2),
    ("alp", 289, 120, 145, 0), ("alp", 290, 120, 145, 1), ("ggt", 601, 60, None, 3), ("bilirubin", 1.3, 1.2, 0.8, 1),
    ("bilirubin", 2.0, 1.2, 2.0, 0), ("bilirubin", 2.1, 1.2, 2.0, 1), ("bilirubin", 12.1, 1.2, 0.8, 4), ("creatinine", 1.3, 1.2, None, 1),
    ("creatinine", 7.3, 1.2, 0.8, 4), ("creatinine", 1.3, None, 0.8, 2), ("creatinine", 2.5, None, 0.8, 3), ("creatinine", 0.9, None, 0.8, None),
    ("inr", 1.2, None, None, 0), ("inr", 1.3, None, None, 1), ("inr", 2.6, None, None, 3),
]  # fmt: skip


@pytest.mark.parametrize(("term", "value", "uln", "baseline", "grade"), GRADES)
def test_ctcae_grades_written_out_by_hand(term, value, uln, baseline, grade):
    unit = PARAMETERS[term].unit
    given = {"value": value, "uln": uln, "baseline": baseline}
    inputs = {"term": {"value": term}} | {
        name: {"value": number, "unit": unit} for name, number in given.items() if number
    }
    assert score_record({"id": 1, "score": "ctcae5", "inputs": inputs})["outputs"]["grade"] == grade


@pytest.mark.parametrize(
    ("value", "lln", "grade"),
    [(150, 150, 0), (149, 150, 1), (75, 150, 1), (74, 150, 2), (24, 150, 4), (74, None, 2), (80, None, None)],
)
def test_platelets_without_a_lower_limit_have_grades_of_2_and_more(value, lln, grade):
    inputs = {
        "term": {"value": "platelets"},
        "value": {"value": value, "unit": "10*9/L"},
        "lln": {"value": lln, "unit": "10*9/L"},
    }
    assert score_record({"id": 1, "score": "ctcae5", "inputs": inputs})["outputs"]["grade"] == grade


# By hand from section 8.2: what differs from a healthy patient, and the grade.
ACLF = [
    ({}, 0), ({"creatinine": 2.0}, 1), ({"bilirubin": 12}, 0), ({"bilirubin": 12, "creatinine": 1.5}, 1),
    ({"bilirubin": 12, "encephalopathy": 1}, 1), ({"encephalopathy": 3}, 0), ({"encephalopathy": 3, "creatinine": 1.5}, 1),
    ({"encephalopathy": 3, "inr": 2.5}, 2), ({"vasopressors": True}, 0), ({"mechanical_ventilation": True, "rrt": True}, 2),
    ({"bilirubin": 12, "inr": 2.5, "creatinine": 2.0}, 3), ({"rrt": True, "creatinine": None}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("change", "grade"), ACLF)
def test_aclf_grades_written_out_by_hand(change, grade):
    healthy = {"bilirubin": 1.0, "creatinine": 0.9, "inr": 1.0, "encephalopathy": 0, "map": 90, "pao2_fio2": 400}
    units = {item.name: item.unit for item in SCORES["clif_c_of"].inputs}
    inputs = {name: {"value": value, "unit": units[name]} for name, value in (healthy | change).items()}
    assert score_record({"id": 1, "score": "clif_c_of", "inputs": inputs})["outputs"]["aclf_grade"] == grade


def test_the_series_of_a_study_are_all_scores_that_are_not_lists_or_words():
    without = {"ascites_points", "he_points", "convert", "fibrosis_index_summary", "edish_point", "ctcae5"}
    assert set(SCORES) - set(list_series()) == without
    assert {code for code in list_series() if code.startswith("ctcae5_")} == {
        f"ctcae5_{term}" for term in SCORES["ctcae5"].variants
    }
