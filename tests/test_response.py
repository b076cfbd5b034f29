"""Responders by a rule: thresholds, confirmation, credit, rates; shift, ascites against diuretics, associations."""

import json
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ascites import derive_ascites, tabulate_ascites
from analytics.association import correlate_changes, derive_quadrant, list_doses, pair_changes, pair_dose
from analytics.cohort import select_subjects
from analytics.courses import derive_multiple
from analytics.event_rates import summarize_event_rates
from analytics.noise import Variation, derive_beyond_noise, find_variation
from analytics.panel import StudyData, derive_panel
from analytics.published import tabulate_published
from analytics.response import (
    compare_all_arms,
    compare_response,
    derive_response,
    summarize_response,
    summarize_thresholds,
)
from analytics.rules import Rule
from analytics.scores import find_any_parameter
from analytics.shift import derive_classes, summarize_flow, tabulate_shift
from analytics.units import convert_panel, convert_parameter
from tests.conftest import SIMULATED

FALL = Rule("bilirubin", "fall", -1.0)


def trial(read_study, values: dict[str, list[float]], medications=(), events=()) -> tuple[StudyData, pl.DataFrame]:
    """A study with bilirubin at day 0, 30, 60 … of each subject, and its panel."""
    data = read_study("ahd")
    rows = [(who, "bilirubin", 30 * k, value) for who, own in values.items() for k, value in enumerate(own)]
    measurements = data.measurements.clear()
    given = pl.DataFrame(
        rows, schema={"usubjid": pl.String, "paramcd": pl.String, "day": pl.Int32, "aval": pl.Float64}, orient="row"
    )
    measurements = pl.concat(
        [measurements, given.with_columns(reported=pl.col("aval").cast(pl.String))], how="diagonal"
    )
    subjects = pl.DataFrame({"usubjid": list(values), "arm": ["A"] * len(values)})
    whole = pl.concat([data.subjects.clear(), subjects], how="diagonal")
    drugs = pl.DataFrame(
        list(medications),
        schema={
            name: data.medications.schema[name]
            for name in ("usubjid", "drug", "start_day", "end_day", "daily_dose", "unit")
        },
        orient="row",
    )
    kinds = pl.DataFrame(list(events), schema={"usubjid": pl.String, "kind": pl.String, "day": pl.Int32}, orient="row")
    visits = pl.DataFrame(
        {"avisit": [f"M{k}" for k in range(6)], "position": range(6), "target_day": [30 * k for k in range(6)],
         "first_day": [30 * k - 14 for k in range(6)], "last_day": [30 * k + 15 for k in range(6)], "tolerance": [None] * 6}
    )  # fmt: skip
    study = replace(data, subjects=whole, measurements=measurements, medications=drugs, visits=visits,
                    events=pl.concat([data.events.clear(), kinds], how="diagonal"))  # fmt: skip
    return study, select_subjects(derive_panel(study), whole)


def outcome(read_study, own: list[float], rule: Rule = FALL, **more) -> tuple[str, str | None]:
    """Outcome and reason of one patient."""
    study, panel = trial(read_study, {"P1": own}, **more)
    return derive_response(panel, study, study.subjects, rule).select("outcome", "reason").row(0)


def test_reaching_the_threshold_is_a_response_and_missing_it_by_a_hair_is_none(read_study):
    assert outcome(read_study, [3.0, 2.0]) == ("responder", None)
    assert outcome(read_study, [3.1, 2.1]) == ("responder", None)  # 3.1 - 2.1 is not exactly 1 in binary
    assert outcome(read_study, [3.0, 2.01]) == ("no response", None)
    assert outcome(read_study, [3.0]) == ("no value", None)


def test_last_best_and_a_visit_look_at_different_values(read_study):
    own = [3.0, 1.5, 2.9]
    assert outcome(read_study, own) == ("no response", None)
    assert outcome(read_study, own, replace(FALL, at="best")) == ("responder", None)
    assert outcome(read_study, own, replace(FALL, at="M1")) == ("responder", None)
    assert outcome(read_study, own, replace(FALL, at="M5")) == ("no value", None)


def test_a_response_that_the_next_value_does_not_confirm_is_named(read_study):
    rule = replace(FALL, at="M1", confirmed=True)
    assert outcome(read_study, [3.0, 1.5, 1.5], rule) == ("responder", None)
    assert outcome(read_study, [3.0, 1.5, 2.9], rule) == ("reached, not confirmed", "not reached at the later value")
    assert outcome(read_study, [3.0, 1.5], rule) == ("reached, not confirmed", "no later value")
    last = replace(FALL, confirmed=True)
    assert outcome(read_study, [3.0, 1.5, 1.4], last) == ("responder", None)
    assert outcome(read_study, [3.0, 2.9, 1.4], last) == ("reached, not confirmed", "not reached at the earlier value")


def test_albumin_since_day_0_takes_the_credit_and_before_it_does_not(read_study):
    rule = replace(FALL, albumin=True)
    for start, end, expected in (
        (5, 7, "reached, not credited"),
        (-20, -10, "responder"),
        (40, 42, "responder"),
        (None, None, "reached, not credited"),
    ):
        drugs = [("P1", "Albumin", start, end, 20.0, "g/d")]
        assert outcome(read_study, [3.0, 1.5], rule, medications=drugs)[0] == expected, (start, end)
    assert outcome(read_study, [3.0, 1.5], FALL, medications=[("P1", "albumin", 5, 7, 20.0, "g/d")])[0] == "responder"


def test_raised_diuretics_take_the_credit_in_words(read_study):
    drugs = [("P1", "furosemide", -10, 20, 40.0, "mg/d"), ("P1", "furosemide", 21, 90, 80.0, "mg/d")]
    rule = replace(FALL, diuretics=True)
    assert outcome(read_study, [3.0, 1.5], rule, medications=drugs) == (
        "reached, not credited",
        "furosemide raised by 40 mg/d",
    )
    lower = [("P1", "furosemide", -10, 20, 80.0, "mg/d"), ("P1", "furosemide", 21, 90, 40.0, "mg/d")]
    assert outcome(read_study, [3.0, 1.5], rule, medications=lower)[0] == "responder"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"medications": [("P1", "Entecavir", 10, None, 0.5, "mg/d")]}, "Entecavir (antiviral) on day 10"),
        ({"events": [("P1", "tips", 12)]}, "TIPS on day 12"),
        ({"events": [("P1", "abstinence", 3)]}, "abstinence on day 3"),
        ({"medications": [("P1", "entecavir", -100, None, 0.5, "mg/d")]}, None),
        ({"medications": [("P1", "entecavir", 60, None, 0.5, "mg/d")]}, None),
    ],
)
def test_a_response_is_never_silent_about_causal_therapy_that_began(read_study, more, reason):
    expected = ("responder, causal therapy began", reason) if reason else ("responder", None)
    assert outcome(read_study, [3.0, 1.5], **more) == expected


def test_causal_therapy_begun_shortly_before_day_0_counts_where_the_rule_says_so(read_study):
    drugs = [("P1", "entecavir", -100, None, 0.5, "mg/d")]
    assert outcome(read_study, [3.0, 1.5], replace(FALL, causal_days=180), medications=drugs)[0].endswith("began")


def test_rates_count_those_without_a_value_as_asked(read_study):
    study, panel = trial(read_study, {"P1": [3.0, 1.0], "P2": [3.0, 3.0], "P3": [3.0], "P4": [3.0, 1.5]})
    rates = summarize_response(derive_response(panel, study, study.subjects, FALL))
    row = rates.filter(pl.col("arm") == "All").row(0, named=True)
    assert (row["patients"], row["with_value"], row["responders"]) == (4, 3, 2)
    assert (row["share"], row["share_all"]) == (pytest.approx(200 / 3), 50.0)
    # Clopper-Pearson of 2/3: 0.0943 to 0.9916 (Clopper and Pearson 1934, by the beta quantiles).
    assert (row["lower"], row["upper"]) == (pytest.approx(9.43, abs=0.01), pytest.approx(99.16, abs=0.01))


def test_rates_of_two_arms_are_compared_as_r_does(read_study, r_reference):
    # 3 of 5 against 1 of 6, the small table of two_by_two.
    values = {f"T{k}": [3.0, 1.0 if k < 3 else 3.0] for k in range(5)} | {
        f"C{k}": [3.0, 1.0 if k < 1 else 3.0] for k in range(6)
    }
    study, panel = trial(read_study, values)
    arms = pl.when(pl.col("usubjid").str.starts_with("T")).then(pl.lit("Treated")).otherwise(pl.lit("Control"))
    responses = derive_response(panel, study, study.subjects.with_columns(arm=arms), FALL)
    row = compare_response(responses, "Control").row(0, named=True)
    theirs = r_reference["two_by_two"]["result"][1]
    assert (row["arm"], row["against"]) == ("Treated", "Control")
    assert [row["difference"], row["lower"], row["upper"]] == pytest.approx(
        [100 * number for number in (theirs["risk_difference"], *theirs["rd_newcombe"])]
    )
    assert [row["odds_ratio"], row["or_lower"], row["or_upper"]] == pytest.approx(
        [theirs["odds_ratio"], *theirs["or_ci_log"]]
    )
    assert row["p_fisher"] == pytest.approx(theirs["fisher_p"])
    assert compare_all_arms(responses) == pytest.approx(theirs["fisher_p"])
    assert compare_response(responses.head(5), "Control").is_empty()


def test_events_per_patient_year_are_those_of_r(r_reference):
    theirs = r_reference["incidence_rates"]["result"]
    frames, events = [], []
    for arm, name in (("1", "trt_1"), ("2", "trt_2")):
        days = theirs[name]["person_time"] * 365.25
        ids = [f"{arm}-{k:03d}" for k in range(theirs[name]["events"])]
        frames.append(pl.DataFrame({"usubjid": ids, "arm": arm, "last_contact_day": [days / len(ids)] * len(ids)}))
        events += [(who, "death", 10) for who in ids]
    subjects = pl.concat(frames)
    deaths = pl.DataFrame(events, schema={"usubjid": pl.String, "kind": pl.String, "day": pl.Int64}, orient="row")
    table = summarize_event_rates(subjects, deaths, "2")
    for row in table.iter_rows(named=True):
        own = theirs[f"trt_{row['arm']}"]
        assert (row["events"], row["patients"]) == (own["events"], own["events"])
        assert [row["rate"], row["lower"], row["upper"]] == pytest.approx([own["rate"], *own["exact_ci"]])
    ratio = table.filter(pl.col("arm") == "1").row(0, named=True)
    expected = theirs["ratio_1_vs_2"]
    assert [ratio["ratio"], ratio["ratio_lower"], ratio["ratio_upper"], ratio["p"]] == pytest.approx(
        [expected["ratio"], *expected["ci"], expected["p"]]
    )
    assert summarize_event_rates(subjects, deaths.clear(), "2").is_empty()


def test_events_count_from_day_1_to_the_last_contact_and_infusions_are_none():
    subjects = pl.DataFrame({"usubjid": ["P1", "P2"], "arm": ["A", "A"], "last_contact_day": [365, None]})
    rows = [
        ("P1", "ascites", 0),
        ("P1", "ascites", 5),
        ("P1", "ascites", 9),
        ("P1", "ascites", 400),
        ("P1", "infusion", 3),
        ("P2", "ascites", 5),
    ]
    events = pl.DataFrame(rows, schema={"usubjid": pl.String, "kind": pl.String, "day": pl.Int64}, orient="row")
    row = summarize_event_rates(subjects, events, "A").row(0, named=True)
    assert (row["kind"], row["events"], row["patients"], row["years"]) == ("ascites", 2, 1, pytest.approx(365 / 365.25))
    assert row["ratio"] is None


def test_the_strip_agrees_with_the_rate_at_every_threshold(read_study, panels):
    study = read_study(SIMULATED)
    panel = select_subjects(panels[SIMULATED], study.subjects)
    rule = Rule("meld", "fall", -1)
    responses = derive_response(panel, study, study.subjects, rule)
    strip = summarize_thresholds(responses, rule)
    for row in strip.iter_rows(named=True):
        again = derive_response(panel, study, study.subjects, replace(rule, threshold=row["threshold"]))
        rates = summarize_response(again).filter(pl.col("arm") == row["arm"]).row(0, named=True)
        assert (rates["responders"], rates["with_value"]) == (row["responders"], row["n"])
    shares = strip.filter(pl.col("arm") == "ABMi").sort("threshold")["share"]
    assert shares.is_sorted()
    assert shares[-1] == 100


def test_nothing_is_lost_and_every_patient_has_one_outcome(read_study, panels):
    study = read_study(SIMULATED)
    panel = select_subjects(panels[SIMULATED], study.subjects)
    for rule in (
        FALL,
        Rule("albumin", "rise", 5, "pchg", "best", True, True, True, 180),
        Rule("child_pugh", "fall", 7, "aval"),
    ):
        responses = derive_response(panel, study, study.subjects, rule)
        assert responses["usubjid"].to_list() == study.subjects["usubjid"].to_list()
        assert responses["outcome"].null_count() == 0


@given(st.lists(st.floats(0.1, 30), min_size=1, max_size=5), st.floats(-10, 10))
def test_a_rule_survives_being_saved(values, threshold):
    rule = Rule("bilirubin", "rise", threshold, "pchg", "best", True, False, True, len(values))
    assert Rule.from_json(rule.to_json()) == rule


def test_the_terminal_gives_the_rate_of_the_page(run, read_study, panels):
    from tests.test_architecture import ROOT

    assert run("import", ROOT / "data" / "studies" / "kim-abmi").exit_code == 0
    options = ("response", "--study", "kim-abmi", "--parameter", "fibrosis_index", "--fall", "-1", "--json")
    row = json.loads(run(*options).output)[-1]
    assert (row["arm"], row["responders"], row["with_value"]) == ("All", 3, 5)  # the thesis: fell in three of five
    assert (row["lower"], row["upper"]) == (pytest.approx(14.66, abs=0.01), pytest.approx(94.73, abs=0.01))
    assert run("response", "--study", "kim-abmi", "--parameter", "fibrosis_index").exit_code == 2
    assert run("response", "--study", "kim-abmi", "--parameter", "soup", "--fall", "1").exit_code == 1
    listed = json.loads(run(*options, "--table", "patients").output)
    assert [row["outcome"] for row in listed] == ["responder"] * 3 + ["no response"] * 2


def test_table_4_of_the_thesis_stands_beside_its_exact_mean(read_study, panels):
    study = read_study("kim-abmi")
    own = panels["kim-abmi"].filter(pl.col("paramcd") == "fibrosis_index", pl.col("post"))
    table = tabulate_published(own, study.config["published"]["fibrosis_index"])
    assert table["printed"].to_list() == [-14.7, -4.1, -14.0, 0.0, 3.0, -5.96]
    assert table["chg"].to_list() == pytest.approx([-14.7, -4.06, -14.0, 0.0, 3.0, -5.952])


def test_shift_tables_and_flows_count_every_patient_once_at_every_visit(read_study, panels):
    study = read_study(SIMULATED)
    rows = derive_classes(
        panels[SIMULATED], find_any_parameter("child_pugh"), study.subjects, study.events, study.visits
    )
    visits = rows["avisit"].unique(maintain_order=True).to_list()
    for visit in visits:
        assert tabulate_shift(rows, visit).drop("before").sum_horizontal().sum() == 60
    flow = summarize_flow(rows, visits)
    assert flow.group_by("step").agg(pl.col("n").sum())["n"].unique().to_list() == [60]
    died = study.events.filter(pl.col("kind") == "death")["usubjid"]
    dead = rows.filter(pl.col("after") == "died")["usubjid"].unique()
    assert set(dead) <= set(died)
    assert summarize_flow(rows, []).is_empty()


def test_a_death_is_shown_from_the_visit_whose_window_it_precedes(read_study):
    study, panel = trial(read_study, {"P1": [3.0, 2.0, 2.0]}, events=[("P1", "death", 70)])
    albi = find_any_parameter("ascites_grade")
    graded = panel.with_columns(paramcd=pl.lit("ascites_grade"), base=pl.lit(3.0))
    rows = derive_classes(graded, albi, study.subjects, study.events, study.visits)
    assert rows.select("avisit", "after").rows() == [("M1", "2 (moderate)"), ("M2", "2 (moderate)")]


def test_ascites_better_on_less_drug_is_parted_from_better_on_more(read_study):
    rows = []
    moves = {
        "P1": (3, 1, 100, 50),
        "P2": (3, 1, 50, 100),
        "P3": (2, 2, 50, 50),
        "P4": (0, 0, 0, 0),
        "P5": (1, 2, 50, 100),
    }
    for who, (before, after, first, second) in moves.items():
        for day, grade, dose in ((0, before, first), (30, after, second)):
            base, chg = (before, grade - before), (first, dose - first)
            rows.append((who, "A", "ascites_grade", day, float(grade), float(base[0]), float(base[1]), day > 0, True))
            rows.append(
                (who, "A", "spironolactone_dose", day, float(dose), float(chg[0]), float(chg[1]), day > 0, True)
            )
    names = ["usubjid", "arm", "paramcd", "day", "aval", "base", "chg", "post", "analysis"]
    panel = pl.DataFrame(rows, schema=names, orient="row")
    found = derive_ascites(panel, "last")
    assert dict(found.select("usubjid", pl.col("ascites") + " " + pl.col("drug")).rows()) == {
        "P1": "ascites better on less drug", "P2": "ascites better on more drug", "P3": "ascites unchanged on the same",
        "P5": "ascites worse on more drug",
    }  # fmt: skip
    table = tabulate_ascites(found)
    assert table.drop("ascites").sum_horizontal().sum() == 4


def test_quadrants_follow_the_direction_of_benefit():
    pairs = pl.DataFrame({"x": [-1.0, -1.0, 1.0, 0.0], "y": [1.0, -1.0, 1.0, 0.0]})
    words = derive_quadrant(pairs, "lower", "higher")["quadrant"].to_list()
    assert words == ["better in both", "measured better only", "feels better only", "better in neither"]


def test_dose_and_change_of_the_five_patients_are_those_of_the_thesis(read_study, panels):
    study = read_study("kim-abmi")
    panel = select_subjects(panels["kim-abmi"], study.subjects)
    assert {"cells_e6", "cd34_e6", "recovery_pct"} <= set(list_doses(study.treatments))
    assert "cells_e6_per_kg" not in list_doses(study.treatments)  # body weight is not printed
    pairs = pair_dose(panel, study.treatments, "cells_e6", "fibrosis_index", "last")
    assert pairs["x"][:2].to_list() == [9800.0, 4200.0]
    assert pairs["y"].to_list() == pytest.approx([-14.7, -4.06, -14.0, 0.0, 3.0])


def test_changes_of_one_parameter_go_together_with_themselves(read_study, panels):
    study = read_study(SIMULATED)
    panel = select_subjects(panels[SIMULATED], study.subjects)
    table = correlate_changes(panel, ["meld", "meld", "albumin"], "last")
    assert table["spearman"][0] == pytest.approx(1)
    assert table["spearman"][1] < 0
    assert pair_changes(panel, "meld", "albumin", "Month 6").height <= 60


def test_the_reference_change_value_is_that_of_the_formula():
    # Fokkema 2006: sigma = sqrt(ln(CV^2 + 1)), limits exp(+-1.96 sqrt2 sigma) - 1. CV 20 %: 73.1 % up, 42.2 % down.
    noise = Variation(0, 20, "a study")
    assert noise.rise == pytest.approx(73.14, abs=0.05)
    assert noise.fall == pytest.approx(42.24, abs=0.05)
    rows = pl.DataFrame({"base": [1.0, 1.0, 1.0, 1.0, 0.0], "aval": [1.7, 1.8, 0.6, 0.57, 1.0]})
    assert derive_beyond_noise(rows, noise)["beyond"].to_list() == [False, True, False, True, None]


def test_without_both_variations_there_is_no_reference_change_value(read_study):
    assert find_variation(read_study("mayo-pbc").config, {}, "bilirubin") is None
    assert find_variation(read_study(SIMULATED).config, {}, "bilirubin").within == 12
    own = {"bilirubin": {"analytical": 1, "within": 2, "source": "mine"}}
    assert find_variation(read_study(SIMULATED).config, own, "bilirubin").source == "mine"


def test_si_units_change_the_unit_and_nothing_else(read_study, panels):
    panel = select_subjects(panels["ahd"], read_study("ahd").subjects)
    shown = convert_panel(panel, "SI").filter(pl.col("paramcd") == "bilirubin", pl.col("reported").is_not_null())
    # The source is in umol/L, so what is shown is what was reported.
    assert shown["aval"].to_list() == pytest.approx(shown["reported"].cast(pl.Float64).to_list(), rel=1e-9)
    assert (
        shown["pchg"] - panel.filter(pl.col("paramcd") == "bilirubin", pl.col("reported").is_not_null())["pchg"]
    ).abs().sum() == 0
    parameter = convert_parameter(find_any_parameter("bilirubin"), "SI")
    assert (parameter.unit, parameter.decimals) == ("umol/L", 0)
    assert parameter.reference[1] == pytest.approx(1.2 * 17.1, rel=1e-3)
    assert convert_parameter(find_any_parameter("meld"), "SI").unit == find_any_parameter("meld").unit


def test_a_multiple_uses_the_limit_of_the_row_and_else_that_of_the_laboratory():
    panel = pl.DataFrame(
        {
            "paramcd": ["alt", "alt", "alt", "ast"],
            "aval": [80.0, 80.0, None, 80.0],
            "ref_high": [40.0, None, 40.0, 40.0],
        }
    )
    assert derive_multiple(panel, "alt", 50.0)["multiple"].to_list() == [2.0, 1.6, None, None]
    assert derive_multiple(panel, "alt", None)["multiple"].to_list() == [2.0, None, None, None]
    assert derive_multiple(panel, "alt", 0.0)["multiple"].to_list() == [2.0, None, None, None]
