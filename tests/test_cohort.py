"""The cohort: filters, Table 1 against R, planned visits, eligibility, drop-out."""

import numpy as np
import polars as pl
import pytest

from analytics.baseline_table import (
    ALL,
    derive_characteristics,
    describe_difference,
    distance,
    present_baseline,
    select_members,
    summarize_characteristics,
)
from analytics.catalog import find_parameter
from analytics.cohort import (
    BadRange,
    Bounds,
    Cohort,
    derive_traits,
    list_choices,
    list_events,
    list_extremes,
    select_cohort,
    select_subjects,
)
from analytics.documents.baseline_table import render_baseline
from analytics.dropout import summarize_dropout
from analytics.eligibility import check_eligibility, summarize_eligibility
from analytics.event_rates import summarize_event_rates
from analytics.present import present_event_rates
from analytics.schedule import derive_assessments, summarize_assessments
from analytics.scores import find_any_parameter
from data.importers.plan import BadStudyFile, check_plan
from tests.conftest import REFERENCE, SIMULATED

NAMES = {"bili": "bilirubin", "albumin": "albumin", "platelet": "platelets", "protime": "pt_sec", "chol": "cholesterol"}


def read_traits(read_study, panels, study: str) -> pl.DataFrame:
    """The subjects of a study with what filters need."""
    data = read_study(study)
    subjects = data.subjects.with_columns(pl.col("arm").fill_null("no arm recorded"))
    return derive_traits(subjects, panels[study], list_events(data.events, data.treatments))


def count(read_study, panels, study: str, *ranges: str, **choices: list[str]) -> int:
    """How many subjects pass these filters."""
    cohort = Cohort.of(study, choices, [Bounds.read(text) for text in ranges])
    return select_cohort(read_traits(read_study, panels, study), panels[study], cohort).height


def test_table_1_equals_r(r_reference):
    rows = pl.read_csv(REFERENCE / "mayo_pbc.csv", null_values=["NA", ""]).drop_nulls("trt")
    who = rows.select(
        usubjid=pl.col("id").cast(pl.String).str.zfill(3), arm=pl.col("trt").cast(pl.String), age="age", sex="sex",
        site=pl.lit(None, dtype=pl.String), etiology=pl.lit(None, dtype=pl.String),
    )  # fmt: skip
    long = pl.concat(
        rows.select(
            usubjid=pl.col("id").cast(pl.String).str.zfill(3), paramcd=pl.lit(code), base=pl.col(name).cast(pl.Float64)
        )
        for name, code in NAMES.items()
    ).filter(pl.col("base").is_not_null())
    panel = long.with_columns(day=0, base_day=0, post=False, aval="base", avalc=pl.lit(None, dtype=pl.String))
    parts = derive_characteristics(who, panel, [find_parameter(code) for code in NAMES.values()])
    summary = summarize_characteristics(parts)
    compared = 0
    for name, theirs in r_reference["baseline_pbc"]["result"].items():
        own = summary.filter(pl.col("variable") == NAMES.get(name, name))
        if "mean" in theirs:
            numbers = own.filter(pl.col("kind") == "number")
            for place, arm in enumerate(("1", "2")):
                row = numbers.filter(pl.col("arm") == arm).row(0, named=True)
                for part in ("mean", "sd", "median", "q1", "q3"):
                    assert row[part] == pytest.approx(theirs[part][place], rel=1e-9), (name, part)
                assert row["n"] == (158, 154)[place] - theirs["missing"][place]
                compared += 1
            assert numbers.filter(pl.col("arm") == ALL)["smd"][0] == pytest.approx(theirs["smd"], rel=1e-9)
        elif name == "sex":
            for level, counts, percents in zip(theirs["levels"], theirs["counts"], theirs["column_pct"], strict=True):
                for place, arm in enumerate(("1", "2")):
                    row = own.filter(pl.col("category") == level, pl.col("arm") == arm).row(0, named=True)
                    assert (row["n"], row["percent"]) == (counts[place], pytest.approx(percents[place]))
                    compared += 1
    assert compared == 6 * 2 + 4


def test_a_standardised_difference_of_two_categories_is_the_difference_of_shares_by_the_pooled_spread():
    arms = ["A"] * 10 + ["B"] * 10
    sex = ["F"] * 3 + ["M"] * 7 + ["F"] * 6 + ["M"] * 4
    rows = pl.DataFrame({"usubjid": [f"{k:02d}" for k in range(20)], "arm": arms, "variable": "sex", "characteristic": "Sex",
                         "decimals": 1, "value": [None] * 20, "category": sex},
                        schema_overrides={"value": pl.Float64})  # fmt: skip
    found = summarize_characteristics(rows).filter(pl.col("smd").is_not_null())["smd"].to_list()
    assert found == [pytest.approx(0.3 / ((0.3 * 0.7 + 0.6 * 0.4) / 2) ** 0.5)]


def test_arms_that_share_no_category_are_infinitely_far_apart_and_equal_ones_not_at_all():
    assert distance(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == float("inf")
    assert distance(np.array([0.5, 0.0, 0.5]), np.array([0.5, 0.0, 0.5])) == 0
    assert describe_difference(float("inf")) == "∞"


def test_every_cell_of_table_1_leads_to_as_many_patients_as_it_counts(read_study, panels):
    data = read_study(SIMULATED)
    rows = derive_characteristics(
        data.subjects, panels[SIMULATED], [find_any_parameter(code) for code in ("child_pugh", "ascites_grade", "inr")]
    )
    summary = summarize_characteristics(rows)
    sizes = dict(data.subjects.group_by("arm").len().sort("arm").rows()) | {ALL: 60}
    table = present_baseline(summary, sizes)
    for row in summary.iter_rows(named=True):
        assert len(select_members(rows, row, row["arm"])) == row["n"], row
    assert table["characteristic"][0] == "Patients"
    assert table.filter(pl.col("characteristic") == "Child-Pugh, points: missing").select("ABMi", "Control").row(0) == (
        "1",
        "2",
    )
    html = render_baseline(table, "Baseline", "SIMULATED")
    assert "Child-Pugh class: B" in html
    assert "SIMULATED" in html


def test_an_empty_cohort_has_an_empty_table_1(read_study, panels):
    nobody = read_study(SIMULATED).subjects.clear()
    rows = derive_characteristics(nobody, panels[SIMULATED], [find_any_parameter("bilirubin")])
    assert summarize_characteristics(rows).is_empty()


def test_filters_by_class_event_and_baseline_range_select_who_has_them(read_study, panels):
    subjects = read_traits(read_study, panels, SIMULATED)
    assert count(read_study, panels, SIMULATED) == 60
    by_class = [count(read_study, panels, SIMULATED, child_pugh=[grade]) for grade in "ABC"]
    assert by_class == [24, 20, 13]  # Table 1 of the Cohort page; three have no class
    assert count(read_study, panels, SIMULATED, child_pugh=["A", "B"]) == 44
    assert count(read_study, panels, SIMULATED, event=["death"]) == 9
    assert count(read_study, panels, SIMULATED, event=["infusion"], arm=["Control"]) == 0
    base = panels[SIMULATED].filter(pl.col("paramcd") == "albumin").unique("usubjid")
    within = base.filter(pl.col("base").is_between(2.8, 3.5)).height
    assert count(read_study, panels, SIMULATED, "albumin:2.8:3.5") == within
    older = subjects.filter(pl.col("age") >= 60).height
    assert count(read_study, panels, SIMULATED, "age:60:120", "albumin:0:9") <= older
    assert count(read_study, panels, SIMULATED, "nothing:0:1") == 0


def test_choices_count_every_subject_once(read_study, panels):
    choices = list_choices(read_traits(read_study, panels, SIMULATED))
    assert sum(choices["arm"].values()) == sum(choices["sex"].values()) == 60
    assert choices["child_pugh"] == {"A": 24, "B": 20, "C": 13}
    assert "etiology" not in list_choices(read_traits(read_study, panels, "ahd"))  # all alcohol: nothing to choose
    low, high = list_extremes(read_study(SIMULATED).subjects, panels[SIMULATED])["bilirubin"]
    assert low < high


def test_a_cohort_is_saved_and_told_as_it_is():
    cohort = Cohort.of("mayo-pbc", {"arm": ["Placebo"], "child_pugh": ["B"]}, [Bounds("albumin", 2.8, 3.5)])
    assert Cohort.from_json(cohort.to_json()) == cohort
    assert cohort.options == "--study mayo-pbc --arm Placebo --child-pugh B --range albumin:2.8:3.5"
    assert cohort.words == "arm Placebo; Child-Pugh class B; baseline albumin 2.8 to 3.5 g/dL"
    assert not Cohort("mayo-pbc").is_filtered


@pytest.mark.parametrize(
    "text", ["albumin", "albumin:2", "albumin:2:x", "albumin:1:2:3", "albumin:9:8", ":1:2", "'; DROP:1:2"]
)
def test_a_range_that_is_none_is_told_as_such(text):
    with pytest.raises(BadRange, match=r"written as albumin:2.8:3.5"):
        Bounds.read(text)


VISITS = pl.DataFrame(
    {"avisit": ["Base", "W4", "W8", "Last"], "position": [0, 1, 2, 3], "target_day": [0, 28, 56, None],
     "first_day": [-10, 15, 43, None], "last_day": [0, 42, 70, None], "tolerance": [3, 3, None, None]},
    schema_overrides={"target_day": pl.Int32, "last_day": pl.Int32, "tolerance": pl.Int64},
)  # fmt: skip


def assess(values: list[tuple[str, str | None, int | None]], contact: dict[str, int | None]) -> dict:
    """Status by subject and visit of values given as (subject, visit, day)."""
    panel = pl.DataFrame(
        {"usubjid": [row[0] for row in values], "avisit": [row[1] for row in values], "day": [row[2] for row in values],
         "paramcd": ["albumin"] * len(values), "aval": [3.0] * len(values), "reported": ["3.0"] * len(values)},
        schema_overrides={"avisit": pl.String, "day": pl.Int32},
    )  # fmt: skip
    subjects = pl.DataFrame(
        {"usubjid": list(contact), "arm": ["A"] * len(contact), "last_contact_day": list(contact.values())},
        schema_overrides={"last_contact_day": pl.Int32},
    )
    rows = derive_assessments(panel, subjects, VISITS)
    assert rows.height == 3 * len(contact)  # the visit without a target is not planned
    return {(row["usubjid"], row["avisit"]): row["status"] for row in rows.iter_rows(named=True)}


def test_a_planned_visit_is_done_early_late_missed_or_not_due():
    found = assess(
        [("P1", "Base", 0), ("P1", "W4", 24), ("P1", "W8", 68), ("P2", "W4", 32), ("P2", "W4", 40), ("P3", "W8", 56)],
        {"P1": 100, "P2": 50, "P3": None, "P4": None},
    )
    assert [found["P1", visit] for visit in ("Base", "W4", "W8")] == ["done", "early", "done"]  # W8 has no tolerance
    assert [found["P2", visit] for visit in ("Base", "W4", "W8")] == ["missed", "late", "not due"]
    assert [found["P3", visit] for visit in ("Base", "W4", "W8")] == ["missed", "missed", "done"]  # seen later on
    assert {found["P4", visit] for visit in ("Base", "W4", "W8")} == {"not known"}


def test_a_value_without_a_day_says_nothing_of_the_visits_before_it():
    # The thesis prints patient 1's volume at month 6 and no visit between: they may well have taken place.
    assert assess([("P1", "W8", None)], {"P1": None})["P1", "W4"] == "not known"


def test_a_value_without_a_day_is_done_under_its_visit():
    assert assess([("P1", "W4", None)], {"P1": None})["P1", "W4"] == "done"


def test_counts_of_planned_visits_add_up_to_the_patients(read_study, panels):
    data = read_study(SIMULATED)
    table = summarize_assessments(derive_assessments(panels[SIMULATED], data.subjects, data.visits))
    assert table.drop("avisit").sum_horizontal().to_list() == [60] * 12
    assert table["early"].sum() > 0
    assert table["late"].sum() > 0


def test_the_fifth_patient_of_the_thesis_fails_the_class_that_it_asks_for(read_study, panels):
    data = read_study("kim-abmi")
    checked = check_eligibility(data.config["eligibility"], data.subjects, panels["kim-abmi"])
    failing = checked.filter(pl.col("status") == "not met").select("usubjid", "criterion", "found", "required").rows()
    assert failing == [("KIM-5", "Child-Pugh class", "class A", "class B or C")]
    counts = {row["criterion"]: (row["met"], row["not met"], row["not known"])
              for row in summarize_eligibility(checked).iter_rows(named=True)}  # fmt: skip
    assert counts["Age"] == (5, 0, 0)
    assert counts["Platelet count"] == (0, 0, 5)  # the thesis prints none
    assert counts["Uncontrolled malignancy"] == (0, 0, 5)


def test_a_limit_counts_in_the_unit_of_the_criterion_and_itself_is_met():
    subjects = pl.DataFrame({"usubjid": ["P1", "P2"], "age": [75.0, 76.0]})
    panel = pl.DataFrame(
        {"usubjid": ["P1", "P2"], "paramcd": ["platelets"] * 2, "base": [50.0, 49.9], "aval": [50.0, 49.9], "day": [0, 0],
         "base_day": [0, 0], "post": [False] * 2, "avalc": pl.Series([None, None], dtype=pl.String)}
    )  # fmt: skip
    criteria = [{"item": "Platelets", "paramcd": "platelets", "low": 50000, "unit": "/uL"},
                {"item": "Age", "paramcd": "age", "high": 75}, {"item": "Soup", "paramcd": "soup", "low": 1}]  # fmt: skip
    checked = check_eligibility(criteria, subjects, panel)
    assert checked["status"].to_list() == ["met", "not met", "met", "not met", "not known", "not known"]
    assert checked["found"][1] == "49900 /uL"
    assert checked["required"].to_list()[::2] == ["at least 50000 /uL", "at most 75 years", ""]
    assert check_eligibility([], subjects, panel).is_empty()


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"reference_arm": 3}, "reference_arm is the name of an arm"),
        ({"eligibility": {"item": "x"}}, "a table of its own"),
        ({"eligibility": [{"low": 3}]}, "a criterion needs 'item'"),
        ({"eligibility": [{"item": "Age", "paramcd": "age", "low": "old"}]}, "low and high are numbers"),
        ({"eligibility": [{"item": "Class", "paramcd": "child_pugh", "classes": "B"}]}, "classes is a list"),
        ({"eligibility": [{"item": "Age", "paramcd": "age"}]}, "give low, high or classes of age"),
        ({"variation": {"alt": {"analytical": 3, "within": 10}}}, "and their source"),
        ({"variation": {"alt": 10}}, "holds a table for each parameter"),
        ({"published": {"alt": {"changes": {"P1": "much"}, "source": "x"}}}, "changes by subject as numbers"),
    ],
)
def test_a_plan_that_cannot_be_read_is_told_in_a_sentence(plan, words):
    with pytest.raises(BadStudyFile, match=words):
        check_plan("study.toml", plan)


def test_who_dropped_out_of_the_hepatitis_trial_is_counted_by_arm(read_study, panels):
    data = read_study("ahd")
    panel = select_subjects(panels["ahd"], data.subjects)
    table = summarize_dropout(panel, "bilirubin", data.visits)
    last = {
        row["arm"]: (row["kept"], row["lost"])
        for row in table.filter(pl.col("avisit") == "Week 4").iter_rows(named=True)
    }
    assert last == {"Placebo": (20, 11), "Methylprednisolone": (27, 8)}
    assert table.height == 8


def test_a_rate_is_printed_with_both_limits_as_numbers():
    # 12 deaths in 100 patient-years; exact Poisson limits 6.2 to 21.0 (R: poisson.test(12)$conf.int 6.200575 20.961585).
    subjects = pl.DataFrame({"usubjid": ["A", "B"], "arm": ["X", "X"], "last_contact_day": [18262, 18263]})
    events = pl.DataFrame({"usubjid": ["A"] * 12, "kind": ["death"] * 12, "day": list(range(1, 13))})
    shown = present_event_rates(summarize_event_rates(subjects, events, "X"))
    assert shown["Per 100 patient-years (95 % CI)"].to_list() == ["12.0 (6.2 to 21.0)"]
