"""Scores over the long frame: pairing, carrying forward, and what is missing in words."""

import math

import polars as pl
import pytest

from analytics.exposure import derive_doses, derive_infused_cells
from analytics.pairing import ScoreSettings
from analytics.patient import describe_remark, describe_scores
from analytics.scores import list_series
from analytics.scoring import derive_scores
from tests.conftest import SIMULATED

SUBJECTS = pl.DataFrame({"usubjid": ["S1"], "age": [52.0], "sex": ["F"], "etiology": ["HBV"]})
NO_EVENTS = pl.DataFrame(schema={"usubjid": pl.String, "kind": pl.String, "day": pl.Int32})
MELD = {"bilirubin": 3.4, "inr": 1.7, "creatinine": 1.4}


def measure(*rows) -> pl.DataFrame:
    """Rows of (day, parameter, value)."""
    schema = {"day": pl.Int32, "paramcd": pl.String, "aval": pl.Float64}
    frame = pl.DataFrame(list(rows), schema=schema, orient="row")
    return frame.with_columns(usubjid=pl.lit("S1"), avisit=pl.lit(None, dtype=pl.String))


def meld(measurements: pl.DataFrame, events: pl.DataFrame = NO_EVENTS, day: int = 10) -> dict:
    """The MELD row of a day."""
    scores = derive_scores(measurements, SUBJECTS, events, ScoreSettings())
    return scores.filter(pl.col("paramcd") == "meld", pl.col("day") == day).row(0, named=True)


def test_values_of_one_day_make_the_score_of_that_day():
    row = meld(measure(*((10, code, value) for code, value in MELD.items())))
    assert (row["aval"], row["missing"], row["carried"]) == (20.0, [], [])


@pytest.mark.parametrize(("age", "score"), [(7, 20.0), (8, None)])
def test_a_laboratory_value_is_carried_forward_7_days_and_flagged(age, score):
    row = meld(measure((10 - age, "inr", 1.7), (10, "bilirubin", 3.4), (10, "creatinine", 1.4)))
    assert row["aval"] == score
    if score:
        assert (row["carried"], row["carried_days"]) == (["inr"], 7)
    else:
        assert row["missing"] == ["inr"]


@pytest.mark.parametrize(("age", "points"), [(30, 6.0), (31, None)])
def test_ascites_is_carried_forward_30_days(age, points):
    labs = [(40, "bilirubin", 1.0), (40, "albumin", 4.0), (40, "inr", 1.1), (40, "he_grade", 0.0)]
    scores = derive_scores(measure((40 - age, "ascites_grade", 1.0), *labs), SUBJECTS, NO_EVENTS, ScoreSettings())
    row = scores.filter(pl.col("paramcd") == "child_pugh", pl.col("day") == 40).row(0, named=True)
    assert row["aval"] == points


def test_a_later_value_is_never_used():
    row = meld(measure((11, "inr", 1.7), (10, "bilirubin", 3.4), (10, "creatinine", 1.4)))
    assert row["aval"] is None


def test_two_dialysis_sessions_within_7_days_set_creatinine_to_its_cap():
    labs = measure(*((10, code, value) for code, value in MELD.items()))
    sessions = pl.DataFrame(
        {"usubjid": ["S1"] * 2, "kind": ["dialysis"] * 2, "day": [4, 8]}, schema_overrides={"day": pl.Int32}
    )
    # 10 x (0.957 ln 4 + 0.378 ln 3.4 + 1.120 ln 1.7 + 0.643) = 30.27
    assert meld(labs, sessions)["aval"] == 30
    assert meld(labs, sessions.head(1))["aval"] == 20


def test_a_study_may_give_ascites_grade_2_two_points():
    labs = measure(
        (0, "bilirubin", 1.0), (0, "albumin", 4.0), (0, "inr", 1.1), (0, "he_grade", 0.0), (0, "ascites_grade", 2.0)
    )
    by_default, by_study = (
        derive_scores(labs, SUBJECTS, NO_EVENTS, settings).filter(pl.col("paramcd") == "child_pugh")["aval"][0]
        for settings in (ScoreSettings(), ScoreSettings(ascites_grade_2_points=2))
    )
    assert (by_default, by_study) == (7, 6)


def test_a_series_whose_coagulation_basis_changes_is_flagged():
    signs = [(day, code, 0.0) for day in (0, 30) for code in ("ascites_grade", "he_grade")]
    labs = [(day, code, value) for day in (0, 30) for code, value in (("bilirubin", 1.0), ("albumin", 4.0))]
    mixed = measure(*signs, *labs, (0, "inr", 1.1), (30, "pt_activity", 80.0))
    scores = derive_scores(mixed, SUBJECTS, NO_EVENTS, ScoreSettings()).filter(pl.col("paramcd") == "child_pugh")
    remarks = (
        scores.with_columns(reported=pl.lit(None, dtype=pl.String)).sort("day").select(describe_remark()).to_series()
    )
    assert "by inr, while other days of this series rest on another test" in remarks[0]
    assert "by pt_activity" in remarks[1]
    fixed = derive_scores(mixed, SUBJECTS, NO_EVENTS, ScoreSettings("inr")).filter(pl.col("paramcd") == "child_pugh")
    assert fixed.sort("day")["aval"].to_list() == [5, None]


def test_prothrombin_seconds_need_a_control_of_the_same_day():
    labs = [
        (0, "bilirubin", 1.0),
        (0, "albumin", 4.0),
        (0, "he_grade", 0.0),
        (0, "ascites_grade", 0.0),
        (0, "pt_sec", 17.0),
    ]
    alone, with_control = (
        derive_scores(measure(*labs, *more), SUBJECTS, NO_EVENTS, ScoreSettings()).filter(
            pl.col("paramcd") == "child_pugh"
        )["aval"][0]
        for more in ([], [(0, "pt_control_sec", 12.0)])
    )
    assert (alone, with_control) == (None, 6)


def test_mayo_patients_have_albi_and_the_mayo_score_at_every_visit(panels):
    panel = panels["mayo-pbc"]
    for score in ("albi", "mayo_pbc"):
        own = panel.filter(pl.col("paramcd") == score)
        assert own.height == 1945  # every visit of the source has bilirubin, albumin, prothrombin time and edema
        assert own["aval"].null_count() == 0


def test_the_mayo_score_equals_the_formula_written_out_for_one_visit(panels):
    # Patient 5, day 0: age 38.1054, bilirubin 3.4, albumin 3.53, prothrombin time 10.9, edema 0.
    # 0.039 x 38.1054 + 0.871 ln 3.4 - 2.53 ln 3.53 + 2.38 ln 10.9 + 0 = 5.0466
    own = panels["mayo-pbc"].filter(pl.col("paramcd") == "mayo_pbc", pl.col("usubjid") == "PBC-005", pl.col("day") == 0)
    assert own["aval"][0] == pytest.approx(5.0466, abs=5e-4)


def test_mayo_says_why_child_pugh_and_meld_cannot_be_computed(panels):
    sentences = describe_scores(panels["mayo-pbc"].filter(pl.col("usubjid") == "PBC-002"))
    assert sentences[0] == (
        "Child-Pugh: not computable, a coagulation test (INR, PT seconds above control or PT activity), ascites grade and "
        "encephalopathy grade are missing (prothrombin time is recorded in seconds without a control value; ascites is "
        "recorded as yes or no, without a grade)"
    )
    assert sentences[1] == "MELD: not computable, INR and creatinine are missing"


def test_kim_says_why_meld_cannot_be_computed(panels):
    sentences = describe_scores(panels["kim-abmi"].filter(pl.col("usubjid") == "KIM-3"))
    assert "MELD: not computable, INR and creatinine are missing" in sentences


def test_the_simulated_trial_has_every_score_whose_inputs_it_records(panels):
    counts = dict(panels[SIMULATED].group_by("paramcd").agg(pl.col("aval").count()).rows())
    # What needs elastography, lactate, oxygenation, prothrombin seconds or another disease is not there.
    never = {"mayo_pbc", "baveno", "lsm_change", "maddrey_df", "lille", "globe", "sofa", "clif_c_of", "clif_c_aclf", "aarc",
             "ctcae5_neutrophils"}  # fmt: skip
    assert {score for score in list_series() if counts.get(score, 0) == 0} == never
    assert all(
        counts[score] > 300 for score in ("child_pugh", "meld", "meld_na", "meld3", "albi", "fib4", "apri", "hys_law")
    )


def test_doses_by_day_add_up_and_are_0_between_intervals():
    days = measure((0, "albumin", 3.0), (5, "albumin", 3.0), (9, "albumin", 3.0))
    columns = {"usubjid": "S1", "drug": "Spironolactone", "unit": "mg/d"}
    intervals = [
        {"start_day": 0, "end_day": 5, "daily_dose": 100.0},
        {"start_day": 5, "end_day": 8, "daily_dose": 50.0},
    ]
    doses = derive_doses(days, pl.DataFrame([columns | interval for interval in intervals]))
    assert doses.filter(pl.col("paramcd") == "spironolactone_dose").sort("day")["aval"].to_list() == [100.0, 150.0, 0.0]
    assert doses.filter(pl.col("paramcd") == "furosemide_dose")["aval"].to_list() == [0.0, 0.0, 0.0]


def test_infused_cells_stand_on_the_day_of_the_infusion(read_study):
    cells = derive_infused_cells(read_study("kim-abmi").treatments)
    assert cells.select("usubjid", "day", "aval").row(0) == ("KIM-1", 0, 9800.0)


def test_the_table_of_a_patient_says_what_a_score_carried_assumed_or_lacks():
    labs = measure((3, "inr", 1.7), (10, "bilirubin", 3.4), (10, "creatinine", 1.4))
    scores = derive_scores(labs, SUBJECTS, NO_EVENTS, ScoreSettings()).filter(pl.col("paramcd") == "meld")
    remarks = scores.with_columns(reported=pl.lit(None, dtype=pl.String)).sort("day").select(describe_remark())
    assert remarks.to_series().to_list() == [
        "not computable without bilirubin, creatinine",
        "inr carried forward, at most 7 days; assumed: no dialysis",
    ]


def read_reported(read_study) -> dict[tuple, dict[str, float]]:
    """The SIMULATED laboratory values of each subject and day, converted by hand, without the importer's values."""
    by_hand = {("bilirubin", "umol/L"): 1 / 17.1, ("albumin", "g/L"): 0.1, ("creatinine", "umol/L"): 1 / 88.4}
    values: dict[tuple, dict[str, float]] = {}
    numbers = read_study(SIMULATED).measurements.filter(~pl.col("reported").str.starts_with("<"))
    for row in numbers.iter_rows(named=True):
        factor = by_hand.get((row["paramcd"], row["reported_unit"]), 1.0)
        values.setdefault((row["usubjid"], row["day"]), {})[row["paramcd"]] = float(row["reported"]) * factor
    return values


def test_every_simulated_meld_and_albi_equals_the_formula_written_out_in_plain_python(panels, read_study):
    reported, compared = read_reported(read_study), 0
    for row in (
        panels[SIMULATED]
        .filter(pl.col("paramcd").is_in(["meld", "albi"]), pl.col("aval").is_not_null())
        .iter_rows(named=True)
    ):
        if row["carried"]:
            continue
        labs = reported[row["usubjid"], row["day"]]
        if row["paramcd"] == "meld":
            creatinine = min(max(labs["creatinine"], 1), 4)
            logs = (
                0.957 * math.log(creatinine)
                + 0.378 * math.log(max(labs["bilirubin"], 1))
                + 1.12 * math.log(max(labs["inr"], 1))
            )
            expected = min(max(math.floor(round(10 * (logs + 0.643), 9) + 0.5), 6), 40)
        else:
            expected = 0.66 * math.log10(labs["bilirubin"] * 17.1) - 0.085 * labs["albumin"] * 10
        assert row["aval"] == pytest.approx(expected, abs=1e-8)
        compared += 1
    assert compared > 600


def test_every_simulated_child_pugh_equals_the_table_written_out_in_plain_python(panels, read_study):
    reported, compared = read_reported(read_study), 0
    for row in (
        panels[SIMULATED].filter(pl.col("paramcd") == "child_pugh", pl.col("aval").is_not_null()).iter_rows(named=True)
    ):
        if row["carried"]:
            continue
        labs = {name: round(value, 9) for name, value in reported[row["usubjid"], row["day"]].items()}
        bilirubin, albumin, inr = labs["bilirubin"], labs["albumin"], labs["inr"]
        points = (
            1
            + (bilirubin >= 2)
            + (bilirubin > 3)
            + 1
            + (albumin <= 3.5)
            + (albumin < 2.8)
            + 1
            + (inr >= 1.7)
            + (inr > 2.3)
        )
        points += {0: 1, 1: 2, 2: 3, 3: 3}[int(labs["ascites_grade"])] + {0: 1, 1: 2, 2: 2, 3: 3, 4: 3}[
            int(labs["he_grade"])
        ]
        assert (row["aval"], row["avalc"]) == (points, "A" if points <= 6 else "B" if points <= 9 else "C")
        compared += 1
    assert compared > 300
