"""Endpoints as data: when the clock starts, what counts, what ends the observation; and how they are written."""

import numpy as np
import polars as pl
import pytest

from analytics.catalog.endpoints import BIRTH, BUILT, CUT, ENDPOINTS, LANDMARK, Endpoint
from analytics.regression import Specification, fit_model
from analytics.responding import add_response_events, derive_response_days, group_by_landmark
from analytics.rules import FALL, Rule
from analytics.survival.cox import Rows, fit_cox
from analytics.survival.describe import summarize_survival, warn_of_truncation
from analytics.survival.estimate import estimate_survival
from analytics.survival.follow_up import derive_time_to_event
from analytics.survival.tables import tabulate_contrasts
from data.importers.run import import_paths
from tests.conftest import SIMULATED

SUBJECTS = pl.DataFrame(
    {
        "usubjid": ["a", "b", "c", "d"],
        "last_contact_day": [400, 300, 90, 500],
        "cut_day": [600, 600, 600, 600],
        "age": [40.0, 50.0, None, 60.0],
    }
)
EVENTS = pl.DataFrame(
    {
        "usubjid": ["a", "a", "b", "c", "d", "d"],
        "kind": ["infusion", "death", "hcc", "death", "diagnosis", "ascites"],
        "day": [30, 400, 200, 90, -700, 100],
    }
)


def build(events=("death",), competing=(), **parts) -> Endpoint:
    """An endpoint put together on screen."""
    return Endpoint(BUILT, "built", events, competing, **parts)


def times_of(endpoint: Endpoint) -> list[tuple]:
    """Time, event, cause, entry of the four subjects."""
    return derive_time_to_event(SUBJECTS, EVENTS, endpoint).select("time", "event", "cause", "entry").rows()


def test_from_day_0_to_the_last_contact():
    assert times_of(build()) == [
        (400, True, "death", None),
        (300, False, None, None),
        (90, True, "death", None),
        (500, False, None, None),
    ]


def test_a_competing_event_ends_the_observation_under_its_own_name():
    assert times_of(build(competing=("hcc", "ascites")))[1::2] == [
        (200, False, "hcc", None),
        (100, False, "ascites", None),
    ]


def test_who_never_had_the_starting_event_has_no_time():
    assert times_of(build(start="infusion")) == [(370, True, "death", None), *[(None, None, None, None)] * 3]


def test_from_a_diagnosis_before_day_0_a_patient_is_at_risk_from_day_0_only():
    assert times_of(build(start="diagnosis"))[3] == (1200, False, None, 700)


def test_at_a_landmark_only_those_count_who_are_event_free_and_still_there():
    rows = times_of(build(start=LANDMARK, landmark_day=90))
    assert rows == [(310, True, "death", None), (210, False, None, None), (None,) * 4, (410, False, None, None)]
    assert times_of(build(start=LANDMARK, landmark_day=300))[1] == (None,) * 4  # last seen on the landmark day


def test_on_the_age_scale_patients_enter_at_their_age_on_day_0():
    rows = times_of(build(start=BIRTH))
    assert rows[0] == (14610 + 400, True, "death", 14610)
    assert rows[2] == (None,) * 4  # age unknown


def test_the_data_cut_and_a_longest_follow_up_end_the_observation():
    assert times_of(build(censoring=CUT))[1] == (600, False, None, None)
    assert times_of(build(until=365))[0] == (365, False, None, None)
    assert times_of(build(until=400))[0] == (400, True, "death", None)  # on the last day it still counts


def test_of_two_kinds_on_one_day_the_event_counts_before_the_competing_one():
    same = pl.DataFrame({"usubjid": ["a", "a"], "kind": ["transplant", "death"], "day": [50, 50]})
    rows = derive_time_to_event(SUBJECTS, same, ENDPOINTS["overall"])
    assert rows.select("time", "event", "cause").row(0) == (50, True, "death")


@pytest.mark.parametrize(
    "endpoint",
    [build(), build(("death", "hcc"), ("transplant",), start="infusion", until=730),
     build(start=LANDMARK, landmark_day=90, censoring=CUT)],
)  # fmt: skip
def test_an_endpoint_survives_the_address_and_the_store(endpoint):
    found = Endpoint.find(endpoint.text, endpoint.label)
    assert found == endpoint
    assert Endpoint.from_json(endpoint.to_json()) == endpoint
    assert endpoint.words.startswith("Event: death")


def test_an_address_that_is_no_endpoint_is_none():
    assert Endpoint.find("nonsense", "x") is None
    assert Endpoint.find("|||||", "x") is None


def test_options_of_the_terminal_say_the_same_endpoint():
    assert ENDPOINTS["overall"].options == "--endpoint overall"
    built = build(("death", "transplant"), start="infusion", until=365)
    assert built.options == "--event-kind death --event-kind transplant --start infusion --until 365"


def test_a_curve_that_falls_to_nothing_before_others_enter_is_called_useless():
    rows = pl.DataFrame({"time": [50.0, 90.0, 95.0], "event": [True, False, True], "entry": [40.0, 60.0, 60.0]})
    assert "Nothing can be read" in warn_of_truncation(estimate_survival(rows))
    useless = rows.with_columns(group=pl.lit("m"))
    both = pl.concat([useless, useless.with_columns(pl.lit("f").alias("group"), event=pl.lit(False))])
    survival = estimate_survival(both, "group", tau=90)
    assert tabulate_contrasts(survival, "f", 70)["p"].to_list() == [None] * 3
    assert summarize_survival(survival)["Median, days"].to_list() == ["not reached", "not estimable"]
    assert warn_of_truncation(estimate_survival(rows, start=55.0)) == ""


def test_the_first_value_that_meets_the_rule_is_the_response(panels, read_study):
    study, rule = read_study("ahd"), Rule("bilirubin", FALL, -2.0)
    responses = derive_response_days(panels["ahd"], rule)
    own = panels["ahd"].filter(pl.col("paramcd") == "bilirubin", pl.col("chg") <= -2, pl.col("post"))
    first = dict(own.group_by("usubjid").agg(pl.col("day").min()).iter_rows())
    assert {row["usubjid"]: row["response_day"] for row in responses.drop_nulls().iter_rows(named=True)} == first
    subjects, events = add_response_events(study.subjects, study.events, responses)
    times = derive_time_to_event(subjects, events, ENDPOINTS["response"])
    assert times["event"].sum() == len(first)
    assert times["time"].max() == 28


def test_a_confirmed_response_needs_the_next_value_too():
    panel = pl.DataFrame(
        {"usubjid": ["a"] * 3, "paramcd": ["bilirubin"] * 3, "avisit": ["v1", "v2", "v3"], "day": [7, 14, 21],
         "aval": [1.0, 2.0, 1.0], "chg": [-2.0, 0.0, -2.0], "pchg": [-50.0, 0.0, -50.0], "post": [True] * 3,
         "analysis": [True] * 3}
    )  # fmt: skip
    assert derive_response_days(panel, Rule("bilirubin", FALL, -1.0))["response_day"].to_list() == [7]
    assert derive_response_days(panel, Rule("bilirubin", FALL, -1.0, confirmed=True))["response_day"].to_list() == [
        None
    ]


def test_at_a_landmark_a_patient_without_a_value_is_neither_responder_nor_other(panels):
    rule = Rule("bilirubin", FALL, -2.0)
    responses = derive_response_days(panels["mayo-pbc"], rule)
    groups = group_by_landmark(responses, panels["mayo-pbc"], rule, 200)
    seen = panels["mayo-pbc"].filter(pl.col("paramcd") == "bilirubin", pl.col("post"), pl.col("chg").is_not_null())
    assert set(groups["usubjid"]) == set(seen.filter(pl.col("day") <= 200, pl.col("analysis"))["usubjid"])


def test_changing_values_follow_the_clock_of_the_endpoint(panels, read_study):
    study, panel = read_study("mayo-pbc"), panels["mayo-pbc"]
    fits = {}
    for name, endpoint in {
        "day 0": build(),
        "landmark": build(start=LANDMARK, landmark_day=400),
        "age": build(start=BIRTH),
    }.items():
        times = derive_time_to_event(study.subjects, study.events, endpoint)
        model = fit_model(times, panel, Specification(("log:bilirubin",), changing=True))
        fits[name] = model.fit
        # No row begins before the patient came under observation, and the last one ends at the patient's time.
        ends = model.rows.group_by("usubjid").agg(pl.col("time").max(), pl.col("entry").min())
        both = ends.join(times.select("usubjid", end="time", begin=pl.col("entry").fill_null(0)), on="usubjid")
        assert (both["time"] == both["end"]).all()
        assert (both["entry"] >= both["begin"]).all()
    assert fits["day 0"].events == 140
    assert fits["age"].events == 140
    assert fits["landmark"].events < 140
    # From the landmark on the same values meet the same deaths: the day-0 model without its early part.
    day_0 = fits["day 0"]
    late = day_0.design.stop > 400
    order = np.flatnonzero(late)
    part = Rows(
        (day_0.design.x + day_0.center)[order], day_0.design.stop[order], day_0.design.event[order],
        np.maximum(day_0.design.start[order], 400),
    )  # fmt: skip
    assert fits["landmark"].coef[0] == pytest.approx(fit_cox(part, ("x",)).coef[0], rel=1e-6)


STATUS = """
study = "codes"
title = "Status codes"
time_zero = "infusion"
[[files]]
path = "subjects.csv"
shape = "subjects"
[files.columns]
usubjid = "id"
last_contact_day = "time"
[[files]]
path = "subjects.csv"
shape = "events"
[files.columns]
usubjid = "id"
kind = "status"
day = "time"
"""


def test_status_codes_without_names_are_rejected_at_the_import(home, tmp_path):
    folder = tmp_path / "codes"
    folder.mkdir()
    (folder / "study.toml").write_text(STATUS)
    (folder / "subjects.csv").write_text("id,time,status\nP1,100,0\nP2,200,1\nP3,300,2\n")
    report = import_paths(home, [folder])
    assert report.rejected == 3
    reasons = [reason for batch in report.batches for reason in batch.outcome.rejected["reason"]]
    assert reasons[2] == "kind is the code “2”; name in study.toml what it stands for, with codes"


TABLES = [
    (["--table", "tests", "--by", "arm"], "Log-rank"),
    (["--table", "pairs", "--by", "arm"], "p_adjusted"),
    (["--table", "contrasts", "--by", "arm", "--tau", "365"], "difference of restricted means"),
    (["--table", "incidence", "--by", "arm"], "Gray's test"),
    (["--table", "model", "--covariate", "age", "--covariate", "log:bilirubin"], "Concordance"),
    (["--table", "model", "--covariate", "age", "--covariate", "albumin", "--changing"], "Concordance"),
    (["--table", "model", "--covariate", "age", "--method", "firth"], "Age, per year"),
    (["--table", "proportionality", "--covariate", "age"], "All together"),
    (["--table", "causes", "--covariate", "age"], "Subdistribution"),
    (["--table", "landmark", "--day", "90", "--parameter", "bilirubin", "--fall", "-0.2"], "biased"),
    (["--table", "expected"], "deaths observed"),
    (["--table", "extrapolation"], "EXTRAPOLATED"),
    (["--table", "recurrent", "--recurrent", "ascites", "--by", "arm"], "mean_count"),
]


@pytest.mark.parametrize(("options", "said"), TABLES)
def test_every_view_of_the_page_has_its_table_in_the_terminal(run, store, monkeypatch, options, said):
    monkeypatch.setenv("HEPATRACE_HOME", str(store.folder))
    result = run("survival", "--study", SIMULATED, "--endpoint", "overall", *options)
    assert result.exit_code == 0, result.output
    assert said in result.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "give --endpoint, or one --event-kind"),
        (["--endpoint", "response"], "needs a rule"),
        (["--endpoint", "overall", "--table", "tests"], "only one group"),
        (["--endpoint", "overall", "--table", "model"], "at least one covariate"),
        (["--endpoint", "overall", "--table", "landmark"], "needs --day"),
        (["--endpoint", "overall", "--table", "expected", "--reference", "mayo_pbc"], "can be held against"),
        (["--endpoint", "overall", "--table", "recurrent"], "--recurrent"),
        (["--endpoint", "overall", "--table", "model", "--covariate", "nonsense"], "nonsense"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_in_a_sentence(run, store, monkeypatch, options, said):
    monkeypatch.setenv("HEPATRACE_HOME", str(store.folder))
    result = run("survival", "--study", SIMULATED, *options)
    assert result.exit_code in (1, 2)
    assert said in result.output
    assert "Traceback" not in result.output
