"""The continuous scores against their formulas written out once more in plain Python, from the document's text.

The worked examples of the document are given with a tolerance; here random inputs must agree to nine digits.
"""

import math
import random

import pytest

from analytics.scores.exchange import score_records

UNITS = {
    "bilirubin": "umol/L", "albumin": "g/L", "creatinine": "umol/L", "platelets": "10*4/uL", "inr": "1", "sodium": "mmol/L",
    "pt_sec": "s", "pt_control_sec": "s", "ast": "ukat/L", "alt": "U/L", "ast_uln": "U/L", "wbc": "10*9/L", "age": "years",
    "bilirubin_day0": "umol/L", "bilirubin_day7": "mg/dL", "lsm_baseline": "kPa", "lsm_followup": "kPa",
}  # fmt: skip
RANGES = {
    "bilirubin": (5, 700), "albumin": (15, 55), "creatinine": (30, 600), "platelets": (2, 40), "inr": (0.8, 6),
    "sodium": (118, 150), "pt_sec": (9, 50), "pt_control_sec": (10, 15), "ast": (0.3, 8), "alt": (10, 900), "ast_uln": (30, 50),
    "wbc": (1, 40), "age": (19, 88), "bilirubin_day0": (40, 600), "bilirubin_day7": (1, 40), "clif_c_of": (6, 18),
    "edema": (0, 1), "bilirubin_xuln": (0.3, 20), "alp_xuln": (0.5, 12), "albumin_xlln": (0.5, 1.4), "sex": None, "dialysis": None,
    "lsm_baseline": (5, 70), "lsm_followup": (5, 70),
}  # fmt: skip
NEEDS = {
    "meld": "bilirubin inr creatinine dialysis", "meld_na": "bilirubin inr creatinine sodium dialysis",
    "meld3": "sex bilirubin inr creatinine sodium albumin dialysis", "ukeld": "inr bilirubin creatinine sodium",
    "albi": "bilirubin albumin", "ez_albi": "bilirubin albumin", "palbi": "bilirubin albumin platelets",
    "fib4": "age ast alt platelets", "apri": "ast ast_uln platelets", "maddrey_df": "pt_sec pt_control_sec bilirubin",
    "lille": "age albumin creatinine bilirubin_day0 bilirubin_day7 pt_sec", "mayo_pbc": "age bilirubin albumin pt_sec edema",
    "globe": "age bilirubin_xuln alp_xuln albumin_xlln platelets", "clif_c_aclf": "clif_c_of age wbc",
    "clif_c_ad": "age creatinine inr wbc sodium", "lsm_change": "lsm_baseline lsm_followup",
}  # fmt: skip


def draw(chance: random.Random, name: str):
    """One plausible value, in the unit of ``UNITS``."""
    if name == "sex":
        return chance.choice(["F", "male"])
    if name == "dialysis":
        return chance.random() < 0.2
    if name in ("clif_c_of", "edema"):
        return chance.choice([0, 0.5, 1]) if name == "edema" else chance.randint(6, 18)
    low, high = RANGES[name]
    return round(chance.uniform(low, high), 3)


def half_up(value: float) -> int:
    """The nearest integer, halves upwards."""
    return math.floor(round(value, 9) + 0.5)


def conventional(x: dict) -> dict:
    """Bilirubin and creatinine in mg/dL, albumin in g/dL, platelets in 10*9/L, AST in U/L."""
    factors = {"bilirubin": 1 / 17.1, "creatinine": 1 / 88.4, "albumin": 0.1, "platelets": 10, "ast": 60}
    return x | {name: x[name] * factor for name, factor in factors.items() if name in x}


def meld_raw(x: dict) -> float:
    """Section 4.1."""
    creatinine = 4.0 if x["dialysis"] else min(max(x["creatinine"], 1), 4)
    logs = 0.957 * math.log(creatinine) + 0.378 * math.log(max(x["bilirubin"], 1)) + 1.120 * math.log(max(x["inr"], 1))
    return 10 * (logs + 0.643)


def meld(x: dict) -> dict:
    return {"raw": meld_raw(x), "score": min(max(half_up(meld_raw(x)), 6), 40)}


def meld_na(x: dict) -> dict:
    """Section 4.2."""
    first, sodium = min(half_up(meld_raw(x)), 40), min(max(x["sodium"], 125), 137)
    score = first + 1.32 * (137 - sodium) - 0.033 * first * (137 - sodium) if first > 11 else first
    return {"meld_i": first, "score": min(max(half_up(score), 6), 40)}


def meld3(x: dict) -> dict:
    """Section 4.3."""
    b, i = math.log(max(x["bilirubin"], 1)), math.log(max(x["inr"], 1))
    c = math.log(3.0 if x["dialysis"] else min(max(x["creatinine"], 1), 3))
    na, al = 137 - min(max(x["sodium"], 125), 137), 3.5 - min(max(x["albumin"], 1.5), 3.5)
    raw = (
        1.33 * (x["sex"] == "F")
        + 4.56 * b
        + 0.82 * na
        - 0.24 * na * b
        + 9.09 * i
        + 11.14 * c
        + 1.85 * al
        - 1.83 * al * c
        + 6
    )
    return {"raw": raw, "score": min(max(half_up(raw), 6), 40)}


def ukeld(x: dict) -> dict:
    """Section 8.6, SI units."""
    logs = (
        5.395 * math.log(x["inr"]) + 1.485 * math.log(x["creatinine"] * 88.4) + 3.13 * math.log(x["bilirubin"] * 17.1)
    )
    raw = logs - 81.565 * math.log(x["sodium"]) + 435
    return {"raw": raw, "score": half_up(raw)}


def palbi(x: dict) -> dict:
    """Section 5.3."""
    b, p = math.log10(x["bilirubin"] * 17.1), math.log10(x["platelets"])
    return {"score": 2.02 * b - 0.37 * b * b - 0.04 * x["albumin"] * 10 - 3.48 * p + 1.01 * p * p}


def lille(x: dict) -> dict:
    """Section 7.2."""
    fall, renal = x["bilirubin_day0"] - x["bilirubin_day7"] * 17.1, x["creatinine"] > 1.3
    r = (
        3.19
        - 0.101 * x["age"]
        + 0.147 * x["albumin"] * 10
        + 0.0165 * fall
        - 0.206 * renal
        - 0.0065 * x["bilirubin_day0"]
    )
    r -= 0.0096 * x["pt_sec"]
    return {"score": math.exp(-r) / (1 + math.exp(-r)), "nonresponder": math.exp(-r) / (1 + math.exp(-r)) >= 0.45}


def mayo_pbc(x: dict) -> dict:
    """Section 7.3."""
    logs = 0.871 * math.log(x["bilirubin"]) - 2.53 * math.log(x["albumin"]) + 2.38 * math.log(x["pt_sec"])
    risk = 0.039 * x["age"] + logs + 0.859 * x["edema"]
    base = (0.970, 0.941, 0.883, 0.833, 0.774, 0.721, 0.651)
    return {"risk": risk} | {f"survival_{year}y": s ** math.exp(risk - 5.07) for year, s in enumerate(base, start=1)}


def globe(x: dict) -> dict:
    """Section 7.4."""
    logs = 0.93982 * math.log(x["bilirubin_xuln"]) + 0.335648 * math.log(x["alp_xuln"])
    value = 0.044378 * x["age"] + logs - 2.266708 * x["albumin_xlln"] - 0.002581 * x["platelets"] + 1.216865
    return {"value": value, "nonresponder": value > 0.30}


def clif_c_aclf(x: dict) -> dict:
    """Section 8.3."""
    score = 10 * (0.33 * x["clif_c_of"] + 0.04 * x["age"] + 0.63 * math.log(x["wbc"]) - 2)
    rates = {1: (0.0022, 0.0995), 3: (0.0079, 0.0869), 6: (0.0115, 0.0824), 12: (0.0231, 0.0731)}
    return {"score": score} | {
        f"mortality_{t}m": 1 - math.exp(-ci * math.exp(beta * score)) for t, (ci, beta) in rates.items()
    }


def clif_c_ad(x: dict) -> dict:
    """Section 8.4."""
    logs = 0.66 * math.log(x["creatinine"]) + 1.71 * math.log(x["inr"]) + 0.88 * math.log(x["wbc"])
    return {"score": 10 * (0.03 * x["age"] + logs - 0.05 * x["sodium"] + 8)}


FORMULAS = {
    "meld": meld, "meld_na": meld_na, "meld3": meld3, "ukeld": ukeld, "palbi": palbi, "lille": lille, "mayo_pbc": mayo_pbc,
    "globe": globe, "clif_c_aclf": clif_c_aclf, "clif_c_ad": clif_c_ad,
    "albi": lambda x: {"score": 0.66 * math.log10(x["bilirubin"] * 17.1) - 0.085 * x["albumin"] * 10},
    "ez_albi": lambda x: {"score": x["bilirubin"] - 9 * x["albumin"]},
    "fib4": lambda x: {"value": x["age"] * x["ast"] / (x["platelets"] * math.sqrt(x["alt"]))},
    "apri": lambda x: {"value": x["ast"] / x["ast_uln"] * 100 / x["platelets"]},
    "maddrey_df": lambda x: {"value": 4.6 * (x["pt_sec"] - x["pt_control_sec"]) + x["bilirubin"]},
    "lsm_change": lambda x: {"pct_change": 100 * (x["lsm_followup"] - x["lsm_baseline"]) / x["lsm_baseline"]},
}  # fmt: skip


@pytest.mark.parametrize("score_id", NEEDS)
def test_a_score_equals_its_formula_written_out_once_more(score_id):
    chance = random.Random(20_261_121)
    patients = [{name: draw(chance, name) for name in NEEDS[score_id].split()} for _ in range(300)]
    records = [
        {
            "id": place,
            "score": score_id,
            "inputs": {name: {"value": value, "unit": UNITS.get(name, "")} for name, value in patient.items()},
        }
        for place, patient in enumerate(patients)
    ]
    for patient, answer in zip(patients, score_records(records), strict=True):
        assert not [issue for issue in answer.get("issues", []) if "unusual" not in issue]
        for name, expected in FORMULAS[score_id](conventional(patient)).items():
            found = answer["outputs"][name]
            assert found == (
                pytest.approx(expected, rel=1e-9, abs=1e-9) if isinstance(expected, float) else expected
            ), (name, patient)
