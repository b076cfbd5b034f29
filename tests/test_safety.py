"""Safety: exact limits in words, grades by limit and by baseline, eDISH, decompensation, stopping rules."""

import csv
import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.cohort import select_subjects
from analytics.pairing import ScoreSettings
from analytics.panel import StudyData, derive_panel
from analytics.safety.adverse import derive_adverse, say_share, summarize_counts, summarize_published, summarize_terms
from analytics.safety.edish import derive_path, derive_points, derive_records, explain_absence
from analytics.safety.grades import derive_grades, derive_worst, tabulate_shift
from analytics.safety.liver_course import derive_liver_course
from analytics.safety.stages import derive_tumor_watch, derive_worst_stage, say_worst
from analytics.safety.stopping import find_problem, read_rule, read_rules, say_status, tabulate_stopping
from analytics.safety.tables import TABLES, Choice, Safety
from analytics.summary import NO_ARM
from data import queries
from data.database import open_reader
from tests.conftest import SIMULATED
from tests.test_architecture import ROOT
from tests.test_pages import open_page, texts

STUDIES = ("kim-abmi", "az-liver-safety", "mayo-pbc", SIMULATED)
LOOKS = (
    "Adverse events",
    "Laboratory grades",
    "Liver injury",
    "Kidney, organs, tumor",
    "Decompensation",
    "Stopping rules",
)
EVENT = {"kind": "adverse_event", "grade": 1, "serious": False, "related": False, "text": "fever"}


def make_study(values=(), events=(), medications=(), last=400, limits=True) -> Safety:
    """Two patients, A treated and B control, with these values (usubjid, paramcd, day, aval) and events."""
    high = {"alt": 40.0, "bilirubin": 1.2, "alp": 120.0, "creatinine": 1.2}
    rows = [
        {
            "usubjid": who,
            "paramcd": code,
            "day": day,
            "aval": value,
            "reported": str(value),
            "ref_high": high.get(code) if limits else None,
        }
        for who, code, day, value in values
    ]
    schema = {
        "usubjid": pl.String, "paramcd": pl.String, "avisit": pl.String, "day": pl.Int32, "aval": pl.Float64, "avalc": pl.String,
        "reported": pl.String, "reported_unit": pl.String, "ref_low": pl.Float64, "ref_high": pl.Float64,
        "file_name": pl.String, "line": pl.Int32, "batch": pl.Int32,
    }  # fmt: skip
    kinds = {
        "usubjid": pl.String, "kind": pl.String, "day": pl.Int32, "grade": pl.Int32, "serious": pl.Boolean, "related": pl.Boolean,
        "value": pl.Float64, "unit": pl.String, "text": pl.String,
    }  # fmt: skip
    subjects = pl.DataFrame(
        {"usubjid": ["A", "B"], "arm": ["Cells", "Control"], "age": [50.0, 60.0], "sex": ["M", "F"], "etiology": ["HBV", "HBV"],
         "last_contact_day": [last, last], "cut_day": [500, 500], "site": [None, None]}
    )  # fmt: skip
    drugs = {
        "usubjid": pl.String,
        "drug": pl.String,
        "start_day": pl.Int32,
        "end_day": pl.Int32,
        "daily_dose": pl.Float64,
        "unit": pl.String,
    }
    cells = {"usubjid": pl.String, "day": pl.Int32, "cells_e6": pl.Float64, "cells_e6_per_kg": pl.Float64}
    visits = {
        "avisit": pl.String,
        "position": pl.Int32,
        "target_day": pl.Int32,
        "first_day": pl.Int32,
        "last_day": pl.Int32,
        "tolerance": pl.Int64,
    }
    study = StudyData(
        subjects,
        pl.DataFrame(rows, schema=schema),
        pl.DataFrame([EVENT | event for event in events], schema=kinds),
        pl.DataFrame(schema=cells),
        pl.DataFrame(list(medications), schema=drugs, orient="row"),
        pl.DataFrame(schema=visits),
        ScoreSettings(coagulation_basis="inr"),
    )
    return Safety(study, select_subjects(derive_panel(study), subjects), subjects)


@pytest.fixture(scope="module")
def safety(store):
    """The frames of safety of a study of the shared store."""
    from analytics.panel import assemble_study

    connection = open_reader(store, store.current())

    def read(study: str) -> Safety:
        data = assemble_study(queries.fetch_frames(connection, study), queries.fetch_config(connection, study))
        subjects = data.subjects.with_columns(pl.col("arm").fill_null(NO_ARM))
        return Safety(data, select_subjects(derive_panel(data), subjects), subjects)

    return read


def test_no_serious_event_in_five_patients_leaves_room_for_52_percent(store):
    # Exact upper 95 % limit of 0 of 5: 1 - 0.025^(1/5) = 0.5218
    connection = open_reader(store, store.current())
    said = summarize_published(queries.fetch_statements(connection, "kim-abmi")).to_dicts()
    assert [(row["text"].split(";")[0], row["n"], row["of_n"]) for row in said] == [
        ("serious adverse events", 0, 5),
        ("pain at the puncture site", 2, 5),
    ]
    assert said[0]["upper"] == pytest.approx(1 - 0.025 ** (1 / 5))
    # binom.test(2, 5)$conf.int in R: 0.05274495 0.85336720
    assert (said[1]["lower"], said[1]["upper"]) == (pytest.approx(0.05274495), pytest.approx(0.85336720))
    assert "0 of 5 patients; a true share of up to 52 %" in say_share(0, 5, "Serious adverse events")


def test_a_study_without_adverse_events_claims_no_zero(safety):
    assert TABLES["counts"](safety("kim-abmi"), Choice()).is_empty()
    # In the Mayo trial no event says whether the drug caused it.
    counts = TABLES["counts"](safety("mayo-pbc"), Choice())
    assert counts.filter(pl.col("what") == "related")["patients"].null_count() == 2
    assert counts.filter(pl.col("what") == "fatal")["patients"].to_list() == [71, 69]


def test_an_event_counts_once_a_patient_and_procedures_do_not_count():
    events = [
        {"usubjid": "A", "day": 3},
        {"usubjid": "A", "day": 9, "grade": 3},
        {"usubjid": "A", "day": 9, "kind": "paracentesis"},
        {"usubjid": "A", "day": -5, "text": "before"},
        {"usubjid": "A", "day": None, "text": "rash", "related": True},
        {"usubjid": "B", "day": 20, "kind": "death", "serious": None, "grade": None},
    ]
    data = make_study(events=events)
    terms = {(row["term"], row["arm"]): row for row in summarize_terms(data.adverse, data.subjects).to_dicts()}
    assert set(terms) == {(term, arm) for term in ("fever", "rash", "death") for arm in ("Cells", "Control")}
    fever = terms["fever", "Cells"]
    assert (fever["patients"], fever["n"], fever["events"], fever["grade_3"], fever["grade_1"]) == (1, 1, 2, 1, 0)
    assert terms["rash", "Cells"]["related"] == 1
    counts = {
        (row["what"], row["arm"]): row["patients"] for row in summarize_counts(data.adverse, data.subjects).to_dicts()
    }
    assert counts["serious", "Control"] == counts["fatal", "Control"] == 1  # a death is serious by definition (ICH E2A)
    assert counts["serious", "Cells"] == 0


def test_as_many_events_as_a_registry_has_are_counted():
    """From 65,536 rows on, Polars parts a frame, and cannot part a filter that is one word for all rows."""
    events = pl.DataFrame({"usubjid": ["P1", "P2"] * 50_000, "kind": "adverse_event", "day": 3, "text": "fever"})
    fields = {"serious": pl.lit(True), "related": pl.lit(False), "grade": pl.lit(2)}
    subjects = pl.DataFrame({"usubjid": ["P1", "P2", "P3"], "arm": "A"})
    counts = summarize_counts(derive_adverse(events.with_columns(**fields)), subjects)
    found = {row["what"]: (row["patients"], row["events"]) for row in counts.to_dicts()}
    assert found["any"] == found["serious"] == (2, 100_000)
    assert found["severe"] == (0, 0)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("AB"), st.integers(-5, 300), st.sampled_from(["fever", "rash", "death"]), st.booleans()
        )
    )
)
def test_pooled_counts_are_the_sum_of_the_arms_and_shares_lie_within_their_limits(drawn):
    events = [
        {
            "usubjid": who,
            "day": day,
            "kind": "death" if what == "death" else "adverse_event",
            "text": what,
            "serious": serious,
        }
        for who, day, what, serious in drawn
    ]
    data = make_study(events=events)
    both, pooled = (summarize_counts(item.adverse, item.subjects) for item in (data, data.blind()))
    for what in pooled["what"].unique():
        own = [frame.filter(pl.col("what") == what) for frame in (both, pooled)]
        assert own[0]["patients"].sum() == own[1]["patients"].sum()
        assert own[0]["n"].sum() == own[1]["n"].sum()
    known = both.drop_nulls("share")
    assert (known["lower"] <= known["share"]).all()
    assert (known["share"] <= known["upper"]).all()


def test_an_abnormal_baseline_is_graded_by_itself():
    # NCI CTCAE v5.0, blood bilirubin increased: baseline 3.0 mg/dL is above the limit of 1.2; 3.6 is 1.2 x baseline: grade 1.
    # By the limit alone 3.6 is exactly 3.0 x, which is grade 2 (grade 3 begins above 3.0 x), as at baseline (2.5 x).
    data = make_study(
        [
            ("A", "bilirubin", 0, 3.0),
            ("A", "bilirubin", 30, 3.6),
            ("B", "bilirubin", 0, 0.8),
            ("B", "bilirubin", 30, 1.5),
        ]
    )
    worst = {
        (row["usubjid"], row["reading"]): row for row in derive_worst(derive_grades(data.panel, data.study)).to_dicts()
    }
    assert (worst["A", "limit"]["base_grade"], worst["A", "limit"]["worst_grade"]) == (2, 2)
    assert worst["A", "baseline"]["worst_grade"] == 1
    assert worst["B", "limit"]["worst_grade"] == worst["B", "baseline"]["worst_grade"] == 1
    assert worst["A", "limit"]["day"] == 30
    shift = tabulate_shift(data.worst, "bilirubin", "limit")
    assert shift.rows() == [("Cells", "grade 2", "grade 2", 1), ("Control", "grade 0", "grade 1", 1)]


@pytest.mark.parametrize("study", STUDIES)
def test_a_shift_table_holds_every_patient_with_a_value_once(study, safety):
    data = safety(study)
    for code in data.worst["paramcd"].unique():
        ids = data.panel.filter(pl.col("paramcd") == code, pl.col("aval").is_not_null())["usubjid"].n_unique()
        for reading in ("limit", "baseline"):
            assert tabulate_shift(data.worst, code, reading)["n"].sum() <= ids
            assert (
                tabulate_shift(data.worst, code, reading)["n"].sum()
                == data.worst.filter(pl.col("paramcd") == code)["usubjid"].n_unique()
            )


LIVER = [
    ("A", "alt", 0, 80.0), ("A", "alt", 30, 200.0), ("A", "alt", 60, 90.0), ("A", "alp", 30, 60.0),
    ("A", "bilirubin", 0, 1.0), ("A", "bilirubin", 30, 1.8), ("A", "bilirubin", 42, 3.0), ("A", "bilirubin", 200, 4.8),
    ("B", "alt", 0, 20.0), ("B", "alt", 30, 30.0), ("B", "bilirubin", 30, 1.0),
]  # fmt: skip


def test_the_point_of_the_edish_plot_is_the_peak_and_the_highest_bilirubin_within_the_window():
    # By hand: ALT 200/40 = 5 on day 30; bilirubin within 30 days 3.0/1.2 = 2.5 on day 42; ALP 60/120 = 0.5, R = 5/0.5 = 10.
    points = {
        row["usubjid"]: row
        for row in derive_points(
            derive_records(make_study(LIVER).panel, make_study(LIVER).study), "uln", "alt", 30
        ).to_dicts()
    }
    a = points["A"]
    assert (a["at_x"], a["at_day"], a["tbl_x"], a["tbl_day"], a["offset_days"]) == (5.0, 30, 2.5, 42, 12)
    assert (a["r_ratio"], a["quadrant"]) == (10.0, "both")
    assert points["B"]["quadrant"] == "neither"
    data = make_study(LIVER)
    whole = derive_points(data.records, "uln", "alt").filter(pl.col("usubjid") == "A").row(0, named=True)
    assert (whole["tbl_x"], whole["tbl_day"]) == (4.0, 200)


def test_by_the_own_baseline_the_same_patient_lies_elsewhere():
    # ALT 200/80 = 2.5 x own baseline: below 3. Bilirubin 4.8/1.0 = 4.8 x. B has no bilirubin at baseline: no point.
    points = {row["usubjid"]: row for row in derive_points(make_study(LIVER).records, "baseline", "alt").to_dicts()}
    assert (points["A"]["at_x"], points["A"]["tbl_x"], points["A"]["quadrant"]) == (2.5, 4.8, "bilirubin")
    assert points["B"]["quadrant"] is None
    path = derive_path(make_study(LIVER).records, "A", "uln", "alt")
    assert path.select("day", "at_x", "tbl_x").rows() == [(0, 2.0, 1.0 / 1.2), (30, 5.0, 1.5)]


def test_the_astrazeneca_trial_stands_on_the_own_baseline_and_says_why_not_on_limits(safety):
    data = safety("az-liver-safety")
    points = TABLES["edish"](data, Choice(norm="baseline", enzyme="alt"))
    with (ROOT / "data" / "studies" / "az-liver-safety" / "az_liver_safety.csv").open(encoding="utf-8") as file:
        rows = [
            {key: float(value) for key, value in row.items() if key != "dose"} | {"dose": row["dose"]}
            for row in csv.DictReader(file)
        ]
    expected = [(round(row["ALT.M"] / row["ALT.B"], 6), round(row["TBL.M"] / row["TBL.B"], 6)) for row in rows]
    assert [(round(x, 6), round(y, 6)) for x, y in points.select("at_x", "tbl_x").rows()] == expected
    raised = sum(row["dose"] == "D" and row["ALT.M"] / row["ALT.B"] >= 3 for row in rows)
    counted = TABLES["quadrants"](data, Choice(norm="baseline", enzyme="alt"))
    assert (
        counted.filter(pl.col("arm") == "Dose D", pl.col("quadrant").is_in(["transferase", "both"]))["n"].sum()
        == raised
        == 11
    )
    assert points["at_day"].null_count() == 606  # the source names no day
    assert "reports none" in explain_absence(data.records, "uln", "alt")
    assert explain_absence(data.records, "baseline", "alt") == ""


def test_kidney_injury_is_staged_and_said_by_arm():
    # Angeli 2015: creatinine 1.0 to 2.1 within 3 months is a ratio of 2.1: stage 2.
    data = make_study(
        [
            ("A", "creatinine", 0, 1.0),
            ("A", "creatinine", 20, 2.1),
            ("B", "creatinine", 0, 1.0),
            ("B", "creatinine", 20, 1.0),
        ]
    )
    worst = derive_worst_stage(data.panel, "aki")
    assert worst.select("usubjid", "stage", "day").rows() == [("A", "2", 20), ("B", "0", 20)]
    assert say_worst(worst, "aki", "Cells") == "Cells, worst after baseline: 1 stage 2 (of 1 staged)."
    assert "1 no acute kidney injury" in say_worst(worst, "aki", "Control")


def test_a_tumor_and_a_rising_marker_stand_first():
    values = [("A", "afp", 0, 5.0), ("A", "afp", 90, 25.0), ("A", "afp", 180, 12.0)]
    data = make_study(values, events=[{"usubjid": "B", "kind": "hcc", "day": 77}])
    rows = derive_tumor_watch(data.panel, data.study).to_dicts()
    assert rows[0]["usubjid"] == "A"
    assert (rows[0]["highest"], rows[0]["call"], rows[0]["fold"], rows[0]["latest"]) == (25.0, 90, 5.0, 12.0)
    data = make_study(
        [*values, ("B", "afp", 0, 3.0), ("B", "afp", 90, 3.3)], events=[{"usubjid": "B", "kind": "hcc", "day": 77}]
    )
    assert derive_tumor_watch(data.panel, data.study)["usubjid"].to_list() == ["B", "A"]


GOOD = [("A", "albumin", 700, 4.0), ("A", "inr", 700, 1.1), ("A", "bilirubin", 700, 1.0)]
BLEED = {"usubjid": "A", "kind": "variceal_bleeding", "day": 20}
GRADES = [("A", code, day, 0.0) for code in ("ascites_grade", "he_grade") for day in (0, 350, 700)]
DRUG = ("A", "spironolactone", 0, 300, 100.0, "mg/d")


def course(values, medications=(DRUG,), last=700, events=(BLEED,)) -> dict:
    data = make_study([*GRADES, *values], events=events, medications=medications, last=last)
    return (
        derive_liver_course(data.panel, data.study, data.subjects).filter(pl.col("usubjid") == "A").row(0, named=True)
    )


def test_a_patient_who_meets_every_criterion_is_recompensated():
    found = course([*GOOD, ("A", "etiology_controlled", 700, 1.0)])
    assert (found["state"], found["first"], found["first_day"]) == ("recompensated", "variceal bleeding", 20)
    assert found["unmet"] == found["unknown"] == []


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        ({"values": GOOD}, "not known", "control of the cause not recorded"),
        ({"values": [*GOOD, ("A", "etiology_controlled", 700, 0.0)]}, "not recompensated", "cause not controlled"),
        ({"values": [*GOOD[1:], ("A", "albumin", 700, 3.5)]}, "not recompensated", "albumin 3.5 g/dL (needs > 3.5 g/dL)"),
        ({"values": GOOD, "medications": [("A", "Spironolactone", 0, None, 100.0, "mg/d")]}, "not recompensated", "0 months since diuretics (day 700)"),
        ({"values": [*GOOD, ("A", "ascites_grade", 500, 2.0)]}, "not recompensated", "7 months since ascites (day 500)"),
        ({"values": GOOD, "medications": []}, "not known", "months without ascites: medication not recorded"),
    ],
)  # fmt: skip
def test_the_criterion_that_is_not_met_is_named(change, state, words):
    found = course(change["values"], change.get("medications", (DRUG,)))
    assert found["state"] == state
    assert words in [*found["unmet"], *found["unknown"]]


def test_three_paracenteses_within_a_year_are_further_decompensation():
    taps = [{"usubjid": "A", "kind": "paracentesis", "day": day} for day in (100, 150, 220, 600)]
    found = course(GOOD, events=[{"usubjid": "A", "kind": "ascites", "day": 90}, *taps])
    assert (found["first"], found["further"], found["further_day"]) == ("ascites", "3 paracenteses within a year", 220)


DEATHS = [{"usubjid": who, "kind": "death", "day": day} for who, day in (("A", 40), ("B", 300))]
RULE = {"name": "Deaths", "finding": "death", "count": 2}


def status(content, data) -> dict:
    return tabulate_stopping([read_rule(content)], data.study, data.panel, data.subjects).row(0, named=True)


def test_a_rule_names_the_day_on_which_it_was_crossed_and_by_whom():
    data = make_study(events=DEATHS).blind()
    found = status(RULE, data)
    assert (found["state"], found["found"], found["n"], found["day"], found["who"]) == (
        "crossed",
        2,
        2,
        300,
        ["A", "B"],
    )
    assert say_status(found) == "Deaths (all arms): CROSSED on day 300; 2 of 2 patients, the rule stops at 2."
    assert status(RULE | {"window": 299}, data)["state"] == "not crossed"
    assert status(RULE | {"count": 1, "of": 1}, data)["who"] == ["A"]


def test_a_rule_of_values_reads_them_by_limit_and_by_baseline():
    data = make_study([("A", "bilirubin", 0, 2.0), ("A", "bilirubin", 10, 3.9), ("A", "bilirubin", 50, 4.0)])
    rule = {"name": "Bilirubin", "paramcd": "bilirubin", "threshold": 2, "scale": "x own baseline", "count": 1}
    assert status(rule, data)["day"] == 50
    assert status(rule | {"scale": "x upper limit"}, data)["day"] == 10
    assert status(rule | {"scale": "value", "side": "at most", "threshold": 3.95}, data)["day"] == 10
    bare = make_study([("A", "bilirubin", 0, 2.0), ("A", "bilirubin", 10, 3.9)], limits=False)
    assert status(rule | {"scale": "x upper limit"}, bare)["state"] == "no data"
    assert "nothing that this rule could rest on" in say_status(status(rule | {"scale": "x upper limit"}, bare))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"finding": "death", "count": 1}, "needs a name"),
        ({"name": "x", "finding": "death"}, "count must be a whole number"),
        ({"name": "x", "finding": "death", "count": "3"}, "count must be a whole number"),
        ({"name": "x", "count": 1}, "either a finding (an event) or a parameter"),
        ({"name": "x", "count": 5, "of": 3, "finding": "death"}, "can never be reached"),
        ({"name": "x", "count": 1, "paramcd": "soup", "threshold": 1}, "no parameter and no score has the code 'soup'"),
        ({"name": "x", "count": 1, "paramcd": "alt"}, "needs a threshold"),
        ({"name": "x", "count": 1, "finding": "death", "colour": "red"}, "has no colour"),
    ],
)
def test_a_rule_that_cannot_be_read_says_what_would_be_right(content, words):
    assert words in find_problem(content)
    rules, problems = read_rules({"stopping": [content, RULE]}, [json.dumps(content)])
    assert [rule.name for rule in rules] == ["Deaths"]
    assert len(problems) == 2


@settings(max_examples=30)
@given(st.integers(1, 6), st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 300)), min_size=1, max_size=12))
def test_one_more_event_never_opens_a_rule_that_was_crossed(count, drawn):
    def state(rows):
        data = make_study(events=[{"usubjid": who, "kind": "death", "day": day} for who, day in rows]).blind()
        return status({"name": "x", "finding": "death", "count": count}, data)

    before, after = state(drawn[:-1]), state(drawn)
    if before["state"] == "crossed":
        assert after["state"] == "crossed"
        assert after["day"] <= before["day"]


def test_a_simulated_arm_crosses_its_rule_on_the_day_of_the_third_death(safety):
    data = safety(SIMULATED)
    rules, problems = read_rules(data.study.config, [])
    assert problems == []
    table = TABLES["rules"](data, Choice(rules=tuple(rules)))
    crossed = table.filter(pl.col("rule") == "Deaths within a year", pl.col("arm") == "ABMi").row(0, named=True)
    ids = data.subjects.filter(pl.col("arm") == "ABMi")["usubjid"]
    deaths = data.study.events.filter(
        pl.col("kind") == "death", pl.col("usubjid").is_in(ids.to_list()), pl.col("day") <= 365
    )
    assert (crossed["state"], crossed["day"]) == ("crossed", sorted(deaths["day"])[2])


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("study", STUDIES)
def test_every_part_of_the_page_opens_on_every_study_open_and_blinded(look, study, store, monkeypatch):
    for view in ("open, by arm", "blinded, arms pooled") if study == SIMULATED else ("open, by arm",):
        open_look(look, study, view, store, monkeypatch)


def open_look(look, study, view, store, monkeypatch):
    """A part of the page, open or blinded."""
    app = open_page(store, monkeypatch, "trial/safety", study=study)
    app.button_group(key="blinding").set_value(view)
    app.button_group(key="safety").set_value(look).run()
    assert not app.exception
    said = texts(app)
    if study == SIMULATED:
        shown = "\n".join(item.value for item in app.error)
        assert "CROSSED on day" in shown
        assert ("(ABMi)" in shown) == (view == "open, by arm")
    if study == "kim-abmi":
        assert "0 of 5 patients; a true share of up to 52 %" in said


def test_a_rule_set_on_screen_counts_at_once_and_a_wrong_one_is_refused_in_words(run, home, monkeypatch):
    assert run("import", ROOT / "data" / "studies" / "mayo-pbc").exit_code == 0
    app = open_page(home, monkeypatch, "trial/safety", study="mayo-pbc")
    app.button_group(key="safety").set_value("Stopping rules").run()
    button = next(item for item in app.button if item.label == "Save the rule")
    button.click().run()
    assert "needs a name" in app.error[0].value
    app.text_input(key="stopping_name").set_value("Deaths by day 400")
    app.selectbox(key="stopping_finding").set_value("death")
    app.number_input(key="stopping_count").set_value(5)
    app.number_input(key="stopping_window").set_value(400)
    next(item for item in app.button if item.label == "Save the rule").click().run()
    assert not app.exception
    assert any("Deaths by day 400 (Placebo): CROSSED" in item.value for item in app.error)
    rows = json.loads(run("safety", "--study", "mayo-pbc", "--table", "rules", "--json").output)
    assert {row["rule"] for row in rows} == {"Deaths by day 400"}
    next(item for item in app.button if item.label == "Remove").click().run()
    assert json.loads(run("safety", "--study", "mayo-pbc", "--table", "rules", "--json").output) == []


@pytest.mark.parametrize("table", list(TABLES))
def test_the_terminal_prints_every_table(table, store, monkeypatch):
    from click.testing import CliRunner

    from cli import main

    monkeypatch.setenv("HEPATRACE_HOME", str(store.folder))
    answer = CliRunner().invoke(main, ["safety", "--study", SIMULATED, "--table", table, "--json"])
    assert answer.exit_code == 0
    assert json.loads(answer.output)
    assert CliRunner().invoke(main, ["safety", "--study", SIMULATED, "--table", table, "--blinded"]).exit_code == 0


def test_a_death_before_day_0_is_no_adverse_event():
    assert derive_adverse(make_study(events=[{"usubjid": "A", "kind": "death", "day": -1}]).study.events).is_empty()
