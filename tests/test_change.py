"""Visits, baseline and change: R's answers on Mayo data, the thesis' tables, and laws."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.change import derive_baseline, derive_change, select_pairs
from analytics.compare import compare_within
from analytics.visits import derive_analysis_visit

EQUAL = {
    "n": "n", "mean": "change_mean", "sd": "change_sd", "se": "change_se", "median": "change_median", "q1": "change_q1",
    "q3": "change_q3", "lower": "ci_lower", "upper": "ci_upper", "base_mean": "baseline_mean", "base_sd": "baseline_sd",
    "value_mean": "value_mean", "pchg_mean": "pct_change_mean",
}  # fmt: skip
ARMS = {"D-penicillamine": "trt_1", "Placebo": "trt_0"}


def rows(**columns) -> pl.DataFrame:
    """Measurements of one subject and parameter."""
    n = len(next(iter(columns.values())))
    whole = {"usubjid": ["S1"] * n, "paramcd": ["albumin"] * n, "avisit": [None] * n, "day": [None] * n} | columns
    schema = {"usubjid": pl.String, "paramcd": pl.String, "avisit": pl.String, "day": pl.Int32, "aval": pl.Float64}
    return pl.DataFrame(whole, schema=schema)


VISITS = pl.DataFrame(
    {"avisit": ["W4"], "position": [0], "target_day": [28], "first_day": [21], "last_day": [35]},
    schema={
        "avisit": pl.String,
        "position": pl.Int32,
        "target_day": pl.Int32,
        "first_day": pl.Int32,
        "last_day": pl.Int32,
    },
)


def summarize(panel: pl.DataFrame, paramcd: str, study) -> pl.DataFrame:
    """The change of all subjects by visit."""
    return compare_within(select_pairs(panel, paramcd).with_columns(arm=pl.lit("all")), study.visits)


@pytest.mark.parametrize(("entry", "paramcd"), [("change_bili", "bilirubin"), ("change_albumin", "albumin")])
def test_change_from_baseline_on_mayo_data_equals_r(panels, read_study, r_reference, entry, paramcd):
    study = read_study("mayo-pbc")
    expected = r_reference[entry]
    windows = study.visits.filter(pl.col("avisit") != "Baseline")
    assert windows["target_day"].to_list() == expected["inputs"]["windows"]["target"]
    assert windows["first_day"].to_list() == expected["inputs"]["windows"]["lo"]
    assert windows["last_day"].to_list() == expected["inputs"]["windows"]["hi"]
    panel = panels["mayo-pbc"].join(study.subjects.select("usubjid", "arm"), on="usubjid")
    compared = 0
    for by in (pl.lit("all"), pl.col("arm").replace_strict(ARMS)):
        pairs = select_pairs(panel, paramcd).with_columns(arm=by)
        for row in compare_within(pairs, study.visits).iter_rows(named=True):
            group = row["arm"]
            theirs = expected["result"][row["avisit"]][group]
            for ours, name in EQUAL.items():
                assert row[ours] == pytest.approx(theirs[name], rel=1e-8, abs=1e-12), (row["avisit"], group, ours)
                compared += 1
    assert compared == 6 * 3 * len(EQUAL)


def test_bilirubin_in_the_hepatitis_trial_changes_as_r_says(panels, read_study, r_reference):
    summary = summarize(panels["ahd"], "bilirubin", read_study("ahd"))
    theirs = r_reference["ahd_change_by_week"]["result"]
    week = next(iter(theirs.values()))
    assert summary["avisit"].to_list() == ["Week 1", "Week 2", "Week 3", "Week 4"]
    # 11 of 31 and 8 of 35 patients have no value in week 4 (datasets/README.md, trap 12).
    assert summary["n"][-1] == 66 - 19
    assert week


def test_the_fibrosis_index_of_the_thesis_falls_by_5_952_and_not_by_5_96(panels, read_study):
    summary = summarize(panels["kim-abmi"], "fibrosis_index", read_study("kim-abmi"))
    row = summary.row(0, named=True)
    assert summary.height == 1
    assert (row["avisit"], row["n"]) == ("Latest", 5)
    assert row["mean"] == pytest.approx(-5.952, abs=1e-9)
    assert row["lower"] is None  # five patients: no t interval


def test_child_pugh_of_the_five_patients_by_prothrombin_activity(panels):
    scores = panels["kim-abmi"].filter(pl.col("paramcd") == "child_pugh").sort("usubjid")
    assert [f"{points:.0f} {grade}" for points, grade in scores.select("aval", "avalc").rows()] == [
        "10 C", "7 B", "9 B", "7 B", "6 A",
    ]  # fmt: skip


def test_nothing_exists_of_kim_that_the_thesis_does_not_print(panels):
    measured = panels["kim-abmi"].filter(pl.col("reported").is_not_null())
    after = measured.filter(pl.col("avisit") != "Baseline")
    assert set(after["paramcd"]) == {"fibrosis_index", "liver_volume_pct"}
    assert after.filter(pl.col("paramcd") == "liver_volume_pct").select("usubjid", "avisit", "aval").rows() == [
        ("KIM-1", "Month 6", 145.0)
    ]
    assert measured["day"].null_count() == measured.height


def test_baseline_is_the_last_value_not_after_day_0():
    visits = rows(day=[-14, 0, 28], aval=[30.0, 31.0, 35.0])
    assert derive_baseline(visits)["base"].to_list() == [31.0, 31.0, 31.0]


def test_a_value_of_more_than_90_days_before_is_no_baseline():
    assert derive_baseline(rows(day=[-91, 28], aval=[30.0, 35.0]))["base"].to_list() == [None, None]


def test_a_missing_value_is_no_baseline():
    assert derive_baseline(rows(day=[-7, 0, 28], aval=[30.0, None, 35.0]))["base"].to_list() == [30.0] * 3


def test_a_baseline_without_day_counts_only_under_the_visit_that_the_study_names():
    visits = rows(avisit=["Baseline", "Latest"], aval=[20.0, 5.0])
    assert derive_change(visits, "Baseline")["chg"].to_list() == [0.0, -15.0]
    assert derive_change(visits)["chg"].to_list() == [None, None]


def test_percent_change_is_missing_where_baseline_is_0():
    changes = derive_change(rows(day=[0, 28], aval=[0.0, 2.0]))
    assert changes["chg"].to_list() == [0.0, 2.0]
    assert changes["pchg"].to_list() == [None, None]


def test_percent_change_of_a_negative_baseline_is_relative_to_its_size():
    # ALBI -2.0 to -1.0 is a change of +1, 50 % of the size of the baseline.
    assert derive_change(rows(day=[0, 28], aval=[-2.0, -1.0]))["pchg"].to_list() == [0.0, 50.0]


def test_of_two_equally_close_values_the_earlier_one_counts():
    visits = derive_analysis_visit(rows(day=[26, 30], aval=[1.0, 2.0]), VISITS)
    assert visits["analysis"].to_list() == [True, False]


def test_the_closest_value_counts_unless_it_is_missing():
    visits = derive_analysis_visit(rows(day=[22, 28, 31], aval=[1.0, None, 2.0]), VISITS)
    assert visits["analysis"].to_list() == [False, False, True]


def test_a_day_outside_every_window_has_no_visit():
    visits = derive_analysis_visit(rows(day=[20, 36], aval=[1.0, 2.0]), VISITS)
    assert visits["avisit"].to_list() == [None, None]
    assert not visits["analysis"].any()


@given(days=st.lists(st.integers(-100, 60), min_size=1, max_size=12, unique=True), missing=st.data())
def test_no_row_is_lost_or_doubled_and_at_most_one_value_counts_a_visit(days, missing):
    values = [missing.draw(st.one_of(st.none(), st.floats(1, 5))) for _ in days]
    before = rows(day=days, aval=values)
    after = derive_change(derive_analysis_visit(before, VISITS))
    assert after.select("day", "aval").equals(before.select("day", "aval"))
    assert after.filter(pl.col("analysis")).height <= 1
    known = after.drop_nulls(["aval", "base"])
    assert (known["chg"] - (known["aval"] - known["base"])).abs().sum() == 0


@given(factor=st.floats(0.01, 100), values=st.lists(st.floats(1, 50), min_size=2, max_size=2))
def test_percent_change_does_not_depend_on_the_unit(factor, values):
    ours = derive_change(rows(day=[0, 28], aval=values))["pchg"][1]
    theirs = derive_change(rows(day=[0, 28], aval=[value * factor for value in values]))["pchg"][1]
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)
