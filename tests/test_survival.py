"""Survival against R, on Mayo data that came through the importer, and on R's own edge cases."""

import json

import lifelines
import lifelines.statistics
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.catalog.endpoints import ENDPOINTS
from analytics.survival.describe import describe_log_rank, describe_median, summarize_survival
from analytics.survival.estimate import estimate_survival
from analytics.survival.follow_up import derive_time_to_event
from analytics.survival.kaplan_meier import Quantile, estimate_kaplan_meier, estimate_quantile, select_days
from analytics.survival.log_rank import compare_log_rank
from analytics.survival.restricted_mean import estimate_rmst
from data import queries
from data.database import open_reader
from data.importers.run import import_paths
from tests.conftest import REFERENCE

EDGES = [
    "km_edge_ties_event_and_censor",
    "km_edge_last_is_event",
    "km_edge_all_censored",
    "km_edge_all_events_same_time",
    "km_edge_median_exactly_half",
    "km_edge_event_at_zero",
    "km_edge_one_subject",
]
COLUMNS = {"n_risk": "at_risk", "cum_events": "events", "cum_censored": "censored", "surv": "survival",
           "lower": "lower", "upper": "upper"}  # fmt: skip
STUDY_TOML = """
study = "mayo-pbc-1986"
title = "Mayo PBC trial, follow-up to 1986"
time_zero = "randomization"
[[files]]
path = "mayo_pbc.csv"
shape = "subjects"
[files.columns]
usubjid = "id"
arm = { column = "trt", codes = { "1" = "1", "2" = "2" } }
last_contact_day = "time"
[[files]]
path = "mayo_pbc.csv"
shape = "events"
[files.columns]
usubjid = "id"
kind = { column = "status", codes = { "0" = "", "1" = "transplant", "2" = "death" } }
day = "time"
"""
TIMES = st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=60)


def frame(rows) -> pl.DataFrame:
    """Times and events."""
    return pl.DataFrame({"time": [row[0] for row in rows], "event": [row[1] for row in rows]})


@pytest.fixture(scope="module")
def pbc(tmp_path_factory):
    """mayo_pbc.csv through the importer: time, event and arm of overall survival."""
    folder = tmp_path_factory.mktemp("pbc")
    (folder / "study").mkdir()
    (folder / "study" / "study.toml").write_text(STUDY_TOML)
    (folder / "study" / "mayo_pbc.csv").write_bytes((REFERENCE / "mayo_pbc.csv").read_bytes())
    from data.home import Home

    home = Home(folder / "home")
    report = import_paths(home, [folder / "study"])
    assert report.rejected == 0
    connection = open_reader(home, home.current())
    subjects = queries.fetch_subjects(connection, "mayo-pbc-1986")
    events = queries.fetch_events(connection, "mayo-pbc-1986")
    return derive_time_to_event(subjects, events, ENDPOINTS["overall"])


def check_curve(curve: pl.DataFrame, expected: dict) -> None:
    """Every number that R gives of a curve."""
    at = select_days(curve, [float(time) for time in expected["times"]])
    for name, column in COLUMNS.items():
        for ours, theirs in zip(at[column], expected[name], strict=True):
            assert ours == (None if theirs is None else pytest.approx(theirs, rel=1e-9)), name
    for place, share in enumerate(expected["quantile_prob"]):
        ours = estimate_quantile(curve, share)
        assert ours.day == expected["quantile"][place]
        assert ours.lower == expected["quantile_lower"][place]
        assert ours.upper == expected["quantile_upper"][place]


def test_overall_survival_of_418_patients_equals_r(pbc, r_reference):
    assert pbc.height == 418
    check_curve(estimate_kaplan_meier(pbc), r_reference["km_pbc_os_all"]["result"]["log-log"]["all"])


@pytest.mark.parametrize("arm", ["1", "2"])
def test_overall_survival_by_arm_equals_r(pbc, r_reference, arm):
    randomized = pbc.filter(pl.col("arm") == arm)
    check_curve(estimate_kaplan_meier(randomized), r_reference["km_pbc_os_trt"]["result"]["log-log"][arm])


def test_log_rank_by_arm_equals_r(pbc, r_reference):
    expected = r_reference["lr_pbc_trt"]["result"]["logrank"]
    result = compare_log_rank(pbc, "arm")
    assert result.statistic == pytest.approx(expected["chisq"], rel=1e-9)
    assert (result.df, result.p) == (expected["df"], pytest.approx(expected["p"], rel=1e-9))
    assert result.groups["observed"].to_list() == expected["observed"]
    assert result.groups["expected"].to_list() == pytest.approx(expected["expected"], rel=1e-9)
    assert result.p_permutation is None


@pytest.mark.parametrize("arm", ["1", "2"])
def test_restricted_mean_and_its_standard_error_equal_r(pbc, r_reference, arm):
    expected = r_reference["rmst_pbc_trt_3650"]["result"]["by_group"][arm]
    curve = estimate_kaplan_meier(pbc.filter(pl.col("arm") == arm))
    assert estimate_rmst(curve, 3650) == (
        pytest.approx(expected["rmst"], rel=1e-9),
        pytest.approx(expected["se"], rel=1e-9),
    )


@pytest.mark.parametrize("edge", EDGES)
def test_edge_cases_equal_r(r_reference, edge):
    inputs = r_reference[edge]["inputs"]
    times, status = (value if isinstance(value, list) else [value] for value in (inputs["time"], inputs["status"]))
    curve = estimate_kaplan_meier(frame(list(zip(times, [bool(item) for item in status], strict=True))))
    check_curve(curve, r_reference[edge]["result"]["log-log"])


@given(rows=TIMES)
def test_survival_equals_lifelines_never_rises_and_loses_nobody(rows):
    curve = estimate_kaplan_meier(frame(rows))
    fitter = lifelines.KaplanMeierFitter().fit([row[0] for row in rows], [row[1] for row in rows])
    theirs = fitter.survival_function_at_times(curve["day"].to_numpy()).to_numpy()
    assert np.allclose(curve["survival"].to_numpy(), theirs, atol=1e-12)
    assert (curve["survival"].diff().drop_nulls() <= 0).all()
    assert curve["events"].sum() + curve["censored"].sum() == len(rows)
    known = curve.drop_nulls("lower")
    assert ((known["lower"] <= known["survival"] + 1e-12) & (known["survival"] <= known["upper"] + 1e-12)).all()


@given(rows=st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.sampled_from("abc")), min_size=3, max_size=60))
def test_log_rank_equals_lifelines_and_does_not_depend_on_the_order(rows):
    times = frame(rows).with_columns(group=pl.Series([row[2] for row in rows]))
    result = compare_log_rank(times, "group")
    if result is None:
        assert times["group"].n_unique() == 1
        return
    shuffled = compare_log_rank(times.reverse(), "group")
    assert (result.statistic is None) == (shuffled.statistic is None)
    if result.statistic is None:
        return
    theirs = lifelines.statistics.multivariate_logrank_test(times["time"], times["group"], times["event"])
    assert result.statistic == pytest.approx(theirs.test_statistic, rel=1e-6, abs=1e-9)
    assert result.statistic == pytest.approx(shuffled.statistic, rel=1e-9, abs=1e-12)
    assert result.p_permutation == shuffled.p_permutation


def test_three_against_three_can_reach_no_smaller_p_than_one_in_ten():
    # 20 arrangements; the most extreme split and its mirror image: 2 / 20.
    times = frame([(1, True), (2, True), (3, True), (4, True), (5, True), (6, True)])
    result = compare_log_rank(times.with_columns(group=pl.Series(list("aaabbb"))), "group")
    assert result.p_permutation == pytest.approx(0.1)
    assert result.smallest == pytest.approx(0.1)
    assert "p = 0.100" in describe_log_rank(result)
    assert "χ²" not in describe_log_rank(result)


def test_nobody_has_an_event_so_nothing_is_compared():
    times = frame([(5, False), (6, False)]).with_columns(group=pl.Series(["a", "b"]))
    result = estimate_survival(times, "group")
    assert result.log_rank.statistic is None
    assert "not estimable" in describe_log_rank(result.log_rank)
    assert summarize_survival(result)["Median, days"].to_list() == ["not reached", "not reached"]


def test_nobody_whose_group_is_known_is_no_group_at_all():
    times = frame([(5, True), (6, False)]).with_columns(group=pl.lit(None, dtype=pl.String))
    assert estimate_survival(times, "group").groups == ()


def test_a_median_without_upper_limit_is_told_in_words():
    assert describe_median(Quantile(100.0, 50.0, None)) == "100 (50 to not reached)"


SUBJECTS = pl.DataFrame({"usubjid": ["a", "b", "c", "d"], "last_contact_day": [100, 200, None, 50]})
EVENTS = pl.DataFrame(
    {"usubjid": ["a", "a", "b", "d"], "kind": ["transplant", "death", "death", "ascites"], "day": [40, 100, 150, -5]}
)


def test_transplant_ends_the_observation_of_overall_survival():
    times = derive_time_to_event(SUBJECTS, EVENTS, ENDPOINTS["overall"])
    assert times.select("time", "event").rows() == [(40, False), (150, True), (None, None), (50, False)]


def test_transplant_is_an_event_of_transplant_free_survival():
    times = derive_time_to_event(SUBJECTS, EVENTS, ENDPOINTS["transplant_free"])
    assert times.select("time", "event").rows() == [(40, True), (150, True), (None, None), (50, False)]


def test_a_decompensation_before_day_0_is_no_event_after_it():
    times = derive_time_to_event(SUBJECTS, EVENTS, ENDPOINTS["decompensation_free"])
    assert times.row(3, named=True)["event"] is False


def test_the_terminal_gives_survival_in_its_fixed_form(run, store, monkeypatch):
    monkeypatch.setenv("HEPATRACE_HOME", str(store.folder))
    result = run(
        "survival",
        "--study",
        "mayo-pbc",
        "--endpoint",
        "overall",
        "--by",
        "arm",
        "--at",
        "365,9999",
        "--tau",
        "3650",
        "--json",
    )
    record = json.loads(result.stdout)
    assert [group["group"] for group in record["groups"]] == ["D-penicillamine", "Placebo"]
    assert set(record["groups"][0]) == {
        "group",
        "n",
        "events",
        "median",
        "median_lower",
        "median_upper",
        "rmst",
        "rmst_se",
        "at",
    }
    assert set(record["groups"][0]["at"][0]) == {"day", "survival", "lower", "upper", "at_risk", "events", "censored"}
    assert record["groups"][0]["at"][1]["at_risk"] == 0
    assert set(record["logrank"]) == {"statistic", "df", "p"}
    placebo = json.loads(
        run("survival", "--study", "mayo-pbc", "--endpoint", "overall", "--arm", "Placebo", "--json").stdout
    )
    assert placebo["groups"][0]["n"] == 154
    assert placebo["groups"][0]["median"] == record["groups"][1]["median"]
    alone = json.loads(run("survival", "--study", "mayo-pbc", "--endpoint", "overall", "--json").stdout)
    assert [group["group"] for group in alone["groups"]] == ["all"]
    assert alone["logrank"]["p"] is None
