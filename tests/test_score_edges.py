"""Every cut-off that the score document prints, with the value exactly on it, a little below and a little above.

Typed in from the document by hand: which band an edge belongs to is what calculators get wrong.
"""

import pytest

from analytics.scores import SCORES
from tests.conftest import score_record

HEALTHY = {
    "child_pugh": {"bilirubin": 1.0, "albumin": 4.0, "inr": 1.0, "ascites": 0, "encephalopathy": 0},
    "sofa": {"bilirubin": 1.0, "platelets": 200, "creatinine": 0.8, "gcs": 15, "pao2_fio2": 450, "map": 80},
    "clif_c_of": {"bilirubin": 1.0, "creatinine": 0.8, "encephalopathy": 0, "inr": 1.0, "map": 80, "pao2_fio2": 450},
    "aarc": {"bilirubin": 1.0, "creatinine": 0.5, "encephalopathy": 0, "inr": 1.0, "lactate": 1.0},
    "aki": {"creatinine_baseline": 1.0, "creatinine": 1.0},
    "baveno": {"lsm": 10, "platelets": 200},
    "fib4": {"age": 50, "ast": 26, "alt": 100, "platelets": 100},
    "apri": {"ast": 40, "ast_uln": 40, "platelets": 200},
    "maddrey_df": {"pt_sec": 12.0, "pt_control_sec": 12.0, "bilirubin": 1.0},
    "globe": {"age": 50, "bilirubin_xuln": 1.0, "alp_xuln": 1.0, "albumin_xlln": 1.0, "platelets": 200},
    "lsm_change": {"lsm_baseline": 40.0, "lsm_followup": 40.0},
    "hys_law": {"alt": 40, "alt_uln": 40, "bilirubin": 1.0, "bilirubin_uln": 1.0, "alp": 100, "alp_uln": 100},
    "dili_action": {"alt": 40, "alt_uln": 40, "bilirubin": 1.0, "bilirubin_uln": 1.0, "bilirubin_baseline": 1.0},
    "decompensation": {"ascites_grade": 0, "encephalopathy": 0, "variceal_bleeding": False},
    "recompensation": {
        "etiology_controlled": True, "months_ascites_free_off_diuretics": 12, "months_he_free_off_therapy": 12,
        "months_bleed_free": 12, "albumin": 3.6, "inr": 1.4, "bilirubin": 1.9,
    },
    "response": {"child_pugh_baseline": 7, "child_pugh_followup": 7, "meld_baseline": 15, "meld_followup": 15},
    "meld": {"bilirubin": 1.0, "inr": 1.0, "creatinine": 1.0},
    "meld_na": {"bilirubin": 3.4, "inr": 1.7, "creatinine": 1.4, "sodium": 137},
}  # fmt: skip
# Score, input, output, and (value, expected) pairs.
EDGES = [
    ("child_pugh", "bilirubin", "bilirubin_points", [(1.9, 1), (2.0, 2), (3.0, 2), (3.1, 3)]),
    ("child_pugh", "albumin", "albumin_points", [(3.6, 1), (3.5, 2), (2.8, 2), (2.7, 3)]),
    ("child_pugh", "inr", "coagulation_points", [(1.69, 1), (1.7, 2), (2.3, 2), (2.31, 3)]),
    ("child_pugh", "ascites", "ascites_points", [(0, 1), (1, 2), (2, 3), (3, 3)]),
    ("child_pugh", "encephalopathy", "encephalopathy_points", [(0, 1), (1, 2), (2, 2), (3, 3), (4, 3)]),
    ("sofa", "bilirubin", "liver", [(1.1, 0), (1.2, 1), (1.9, 1), (2.0, 2), (5.9, 2), (6.0, 3), (11.9, 3), (12.0, 4)]),
    ("sofa", "platelets", "coagulation", [(150, 0), (149, 1), (100, 1), (99, 2), (50, 2), (49, 3), (20, 3), (19, 4)]),
    ("sofa", "creatinine", "renal", [(1.1, 0), (1.2, 1), (2.0, 2), (3.4, 2), (3.5, 3), (4.9, 3), (5.0, 4)]),
    ("sofa", "urine_output", "renal", [(500, 0), (499, 3), (200, 3), (199, 4)]),
    ("sofa", "gcs", "cns", [(15, 0), (14, 1), (13, 1), (12, 2), (10, 2), (9, 3), (6, 3), (5, 4), (3, 4)]),
    ("sofa", "pao2_fio2", "respiration", [(400, 0), (399, 1), (300, 1), (299, 2), (199, 2), (99, 2)]),
    ("sofa", "map", "cardiovascular", [(70, 0), (69, 1)]),
    ("sofa", "dopamine", "cardiovascular", [(0, 0), (5, 2), (5.1, 3), (15, 3), (15.1, 4)]),
    ("sofa", "dobutamine", "cardiovascular", [(0.1, 2), (20, 2)]),
    ("sofa", "norepinephrine", "cardiovascular", [(0.1, 3), (0.11, 4)]),
    ("sofa", "epinephrine", "cardiovascular", [(0.1, 3), (0.11, 4)]),
    ("clif_c_of", "bilirubin", "liver", [(5.9, 1), (6.0, 2), (11.9, 2), (12.0, 3)]),
    ("clif_c_of", "creatinine", "kidney", [(1.9, 1), (2.0, 2), (3.4, 2), (3.5, 3)]),
    ("clif_c_of", "encephalopathy", "brain", [(0, 1), (1, 2), (2, 2), (3, 3), (4, 3)]),
    ("clif_c_of", "inr", "coagulation", [(1.9, 1), (2.0, 2), (2.4, 2), (2.5, 3)]),
    ("clif_c_of", "map", "circulation", [(70, 1), (69, 2)]),
    ("clif_c_of", "pao2_fio2", "respiration", [(301, 1), (300, 2), (201, 2), (200, 3)]),
    ("clif_c_of", "vasopressors", "circulation", [(True, 3)]),
    ("clif_c_of", "mechanical_ventilation", "respiration", [(True, 3)]),
    ("clif_c_of", "rrt", "kidney", [(True, 3)]),
    ("aarc", "bilirubin", "bilirubin_points", [(14.9, 1), (15, 2), (25, 2), (25.1, 3)]),
    ("aarc", "inr", "inr_points", [(1.7, 1), (1.8, 2), (2.5, 2), (2.6, 3)]),
    ("aarc", "lactate", "lactate_points", [(1.4, 1), (1.5, 2), (2.5, 2), (2.6, 3)]),
    ("aarc", "creatinine", "creatinine_points", [(0.6, 1), (0.7, 2), (1.5, 2), (1.6, 3)]),
    ("aki", "creatinine", "stage", [(1.4, "0"), (1.5, "1b"), (2.0, "1b"), (2.1, "2"), (3.0, "2"), (3.1, "3"), (4.0, "3")]),
    ("aki", "rise_within_48h", "stage", [(True, "1a"), (False, "0")]),
    ("baveno", "lsm", "csph", [(15, "ruled_out"), (15.1, "grey_zone"), (24.9, "grey_zone"), (25, "ruled_in")]),
    ("baveno", "lsm", "endoscopy_deferrable", [(19.9, True), (20, False)]),
    ("baveno", "platelets", "endoscopy_deferrable", [(150, False), (151, True)]),
    ("baveno", "platelets", "csph", [(149, "grey_zone"), (150, "ruled_out")]),
    ("fib4", "ast", "category", [(25, "low"), (26, "indeterminate"), (53.4, "indeterminate"), (53.5, "high")]),
    ("fib4", "ast", "category_viral", [(28, "low"), (29, "indeterminate"), (65, "indeterminate"), (66, "high")]),
    ("fib4", "age", "category", [(34, None), (35, "low"), (64, "indeterminate"), (65, "low")]),
    ("apri", "ast", "fibrosis", [(40, "low"), (41, "indeterminate"), (120, "indeterminate"), (121, "high")]),
    ("apri", "ast", "cirrhosis", [(80, "low"), (81, "indeterminate"), (160, "indeterminate"), (161, "high")]),
    ("maddrey_df", "bilirubin", "severe", [(31.9, False), (32, True)]),
    ("lsm_change", "lsm_followup", "clinically_significant_decrease", [(32, False), (20, False), (19.9, True), (9.9, True)]),
    ("hys_law", "alt", "quadrant", [(119, "normal"), (120, "temples_corollary")]),
    ("hys_law", "bilirubin", "quadrant", [(2.0, "normal"), (2.1, "hyperbilirubinemia")]),
    ("hys_law", "alt", "injury_pattern", [(40, None), (80, "cholestatic"), (81, "mixed"), (199, "mixed"), (200, "hepatocellular")]),
    ("dili_action", "alt", "action", [(199, "none"), (200, "observe"), (319, "observe"), (320, "interrupt")]),
    ("decompensation", "ascites_grade", "decompensated", [(1, False), (2, True)]),
    ("decompensation", "encephalopathy", "decompensated", [(1, False), (2, True)]),
    ("decompensation", "variceal_bleeding", "decompensated", [(False, False), (True, True), (None, None)]),
    ("recompensation", "albumin", "recompensated", [(3.5, False), (3.6, True)]),
    ("recompensation", "inr", "recompensated", [(1.5, False), (1.4, True)]),
    ("recompensation", "bilirubin", "recompensated", [(2.0, False), (1.9, True)]),
    ("recompensation", "months_bleed_free", "recompensated", [(11.9, False), (12, True), (None, None)]),
    ("recompensation", "etiology_controlled", "recompensated", [(False, False), (True, True), (None, None)]),
    ("response", "child_pugh_followup", "cp_improved_2", [(6, False), (5, True)]),
    ("response", "child_pugh_followup", "cp_worsened_2", [(8, False), (9, True)]),
    ("response", "child_pugh_followup", "cp_class_improved", [(7, False), (6, True)]),
    ("response", "meld_followup", "meld_improved_3", [(13, False), (12, True)]),
    ("response", "meld_followup", "meld_worsened_4", [(18, False), (19, True)]),
    ("meld", "bilirubin", "score", [(0.5, 6), (1.0, 6)]),
    # 9.57 ln 4 + 6.43 = 19.70; above 4.0 mg/dL creatinine counts as 4.0
    ("meld", "creatinine", "score", [(4.0, 20), (9.0, 20)]),
    # MELD 20: 20 + 1.32 x 12 - 0.033 x 20 x 12 = 27.92; sodium below 125 counts as 125, above 137 as 137
    ("meld_na", "sodium", "score", [(137, 20), (150, 20), (125, 28), (115, 28)]),
]  # fmt: skip


@pytest.mark.parametrize(("score_id", "name", "output", "pairs"), EDGES)
def test_an_edge_belongs_to_the_band_that_the_document_names(score_id, name, output, pairs):
    units = {item.name: item.unit for item in SCORES[score_id].inputs}
    for value, expected in pairs:
        given = HEALTHY[score_id] | {name: value}
        inputs = {key: {"value": number, "unit": units[key]} for key, number in given.items()}
        answer = score_record({"id": 1, "score": score_id, "inputs": inputs})
        assert answer["outputs"][output] == expected, (value, answer.get("issues"))


@pytest.mark.parametrize(("ratio", "points"), [(200, 2), (199, 3), (100, 3), (99, 4)])
def test_low_oxygenation_with_support_has_3_and_4_points(ratio, points):
    inputs = {"pao2_fio2": {"value": ratio, "unit": "mm[Hg]"}, "respiratory_support": {"value": True}}
    assert score_record({"id": 1, "score": "sofa", "inputs": inputs})["outputs"]["respiration"] == points


@pytest.mark.parametrize(("ratio", "points"), [(358, 1), (357, 2), (215, 2), (214, 3)])
def test_oximetry_stands_in_for_arterial_oxygen(ratio, points):
    inputs = {"spo2_fio2": {"value": ratio, "unit": "1"}}
    assert score_record({"id": 1, "score": "clif_c_of", "inputs": inputs})["outputs"]["respiration"] == points


@pytest.mark.parametrize(
    ("lsm", "platelets", "csph"),
    [
        (20, 149, "probable"),
        (20, 150, "grey_zone"),
        (19.9, 109, "probable"),
        (15, 109, "probable"),
        (19.9, 110, "grey_zone"),
        (14.9, 109, "grey_zone"),
    ],
)
def test_portal_hypertension_is_probable_from_15_and_from_20_kpa(lsm, platelets, csph):
    inputs = {"lsm": {"value": lsm, "unit": "kPa"}, "platelets": {"value": platelets, "unit": "10*9/L"}}
    assert score_record({"id": 1, "score": "baveno", "inputs": inputs})["outputs"]["csph"] == csph


@pytest.mark.parametrize(
    ("alt", "bilirubin", "baseline", "action"),
    [
        (199, 0.9, 0.8, "none"), (299, 0.9, 0.8, "none"), (300, 0.9, 0.8, "observe"), (499, 0.9, 0.8, "observe"),
        (500, 0.9, 0.8, "interrupt"), (200, 2.4, 0.8, "interrupt"), (200, 2.4, 1.3, "none"), (200, 2.6, 1.3, "interrupt"),
        (200, 2.4, None, None), (500, 2.4, None, "interrupt"), (199, 2.4, None, "none"),
    ],
)  # fmt: skip
def test_a_raised_baseline_of_alt_is_read_by_multiples_of_itself(alt, bilirubin, baseline, action):
    given = {"alt": (alt, "U/L"), "alt_uln": (40, "U/L"), "alt_baseline": (100, "U/L"), "bilirubin": (bilirubin, "mg/dL"),
             "bilirubin_uln": (1.2, "mg/dL"), "bilirubin_baseline": (baseline, "mg/dL")}  # fmt: skip
    inputs = {name: {"value": value, "unit": unit} for name, (value, unit) in given.items()}
    answer = score_record({"id": 1, "score": "dili_action", "inputs": inputs})
    assert answer["outputs"] == {"action": action, "reference": "baseline"}


def test_a_potential_case_of_hy_s_law_needs_alkaline_phosphatase_below_twice_its_limit():
    given = {"alt": (120, "U/L"), "alt_uln": (40, "U/L"), "bilirubin": (2.5, "mg/dL"), "bilirubin_uln": (1.2, "mg/dL"),
             "alp_uln": (120, "U/L")}  # fmt: skip
    calls = []
    for alp in (239, 240, None):
        inputs = {
            name: {"value": value, "unit": unit} for name, (value, unit) in (given | {"alp": (alp, "U/L")}).items()
        }
        calls.append(score_record({"id": 1, "score": "hys_law", "inputs": inputs})["outputs"]["potential_hys_law"])
    assert calls == [True, False, None]
