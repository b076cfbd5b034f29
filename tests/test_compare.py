"""Change by visit, arm and method of missing follow-up: the hepatitis trial's three answers, the thesis' five patients."""

import json
import math

import polars as pl
import pytest

from analytics.change import select_pairs
from analytics.compare import adjust_columns, compare_between, compare_within, derive_log, describe_smallest_p
from analytics.dropout import select_based
from analytics.models import CARRIED, OBSERVED, REPEATED, compare_missing, fit_trend, tabulate_trend
from analytics.several import compare_several
from tests.conftest import SIMULATED

TREATED, PLACEBO = "Methylprednisolone", "Placebo"


def pairs_of(panels, read_study, study: str, paramcd: str) -> pl.DataFrame:
    """The pairs of a parameter with their arm."""
    arms = read_study(study).subjects.select("usubjid", "arm")
    return select_pairs(panels[study], paramcd).join(arms, on="usubjid")


@pytest.fixture(scope="session")
def three_answers(panels, read_study) -> pl.DataFrame:
    """Bilirubin of the hepatitis trial on the log scale by three methods."""
    study = read_study("ahd")
    pairs = pairs_of(panels, read_study, "ahd", "bilirubin")
    based = panels["ahd"].filter(pl.col("base").is_not_null()).unique("usubjid").select("usubjid", "base")
    based = based.join(study.subjects.select("usubjid", "arm"), on="usubjid").with_columns(pl.col("base").log())
    return compare_missing(derive_log(pairs), study.visits, based, PLACEBO, TREATED)


def test_the_three_answers_of_the_hepatitis_trial(three_answers, r_reference):
    ancova, mmrm = (r_reference[entry]["result"] for entry in ("ahd_ancova_week4", "ahd_mmrm"))
    last = {row["method"]: row for row in three_answers.filter(pl.col("avisit") == "Week 4").iter_rows(named=True)}
    for method, name in ((OBSERVED, "observed_cases"), (CARRIED, "last_observation_carried_forward")):
        ours, theirs = last[method], ancova[name]
        assert ours["n"] == theirs["n"]
        assert [ours[part] for part in ("estimate", "se", "p", "lower", "upper")] == pytest.approx(
            [theirs[part] for part in ("estimate_log", "se", "p", "lower", "upper")], rel=1e-8
        )
        ratios = [math.exp(ours[part]) for part in ("estimate", "lower", "upper")]
        assert ratios == pytest.approx([theirs[part] for part in ("ratio", "ratio_lower", "ratio_upper")], rel=1e-8)
    contrast = mmrm["contrast_treated_minus_placebo"]
    for place, visit in enumerate(contrast["visit"]):
        ours = three_answers.filter(pl.col("avisit") == f"Week {visit}", pl.col("method") == REPEATED).row(
            0, named=True
        )
        assert (ours["n"], ours["structure"]) == (mmrm["n_subjects"], "unstructured")
        for part in ("estimate", "se", "lower", "upper"):
            assert ours[part] == pytest.approx(contrast[part][place], rel=1e-4), (visit, part)
    assert (round(last[OBSERVED]["p"], 2), round(last[CARRIED]["p"], 2)) == (0.20, 0.03)
    assert (round(last[REPEATED]["estimate"], 2), round(last[REPEATED]["se"], 2)) == (-0.41, 0.19)


def test_missing_values_by_week_are_those_of_r(panels, read_study, r_reference):
    theirs = r_reference["ahd_ancova_week4"]["result"]["n_missing_by_week"]
    pairs = pairs_of(panels, read_study, "ahd", "bilirubin")
    sizes = dict(read_study("ahd").subjects.group_by("arm").len().rows())
    for arm, name in ((PLACEBO, "placebo"), (TREATED, "treated")):
        known = dict(pairs.filter(pl.col("arm") == arm).group_by("avisit").len().rows())
        assert [sizes[arm] - known[f"Week {week}"] for week in (1, 2, 3, 4)] == theirs[name][1:]
        assert theirs[name][0] == 0


def test_the_five_patients_of_the_thesis_have_exact_p_values_only(panels, read_study):
    pairs = pairs_of(panels, read_study, "kim-abmi", "fibrosis_index")
    row = compare_within(pairs, read_study("kim-abmi").visits).row(0, named=True)
    assert (row["n"], row["n_zero"], row["v"]) == (5, 1, 1.0)
    assert (row["p_sign_flip"], row["p_signed_rank"], row["smallest_p"]) == (0.25, 0.25, 0.125)
    assert row["sign_flip_exact"] is True
    assert [row[name] for name in ("t", "df", "p_t", "lower", "upper")] == [None] * 5
    assert describe_smallest_p(row["n"], row["n_zero"]) == (
        "one of five changes is zero, so no p below 0.125 is reachable (0.0625 with five non-zero changes)."
    )


def test_the_smallest_p_is_said_for_every_small_group():
    assert describe_smallest_p(0, 0) == describe_smallest_p(10, 3) == ""
    assert describe_smallest_p(3, 3) == "no change differs from 0, so no test can tell anything."
    assert describe_smallest_p(6, 0) == "with six changes no p below 0.0312 is reachable."
    assert describe_smallest_p(1, 0) == "with one change no p below 1 is reachable."


def test_p_values_are_adjusted_column_by_column_as_r_does(r_reference):
    entry = r_reference["p_adjust"]
    given = entry["inputs"]["p"]
    table = pl.DataFrame({"p_t": [None, *given], "welch_p": [*given, None], "smallest_p": [0.5] * 11, "n": [9] * 11})
    for method, theirs in entry["result"].items():
        ours = adjust_columns(table, method)
        assert ours["p_t"].to_list()[1:] == pytest.approx(theirs)
        assert ours["welch_p"].to_list()[:-1] == pytest.approx(theirs)
        assert ours.select("smallest_p", "n").equals(table.select("smallest_p", "n"))


def test_between_arms_small_groups_have_exact_p_values_only():
    visits = pl.DataFrame({"avisit": ["M1"], "position": [0]})
    rows = [("A", 1.0), ("A", 2.0), ("A", 3.0), ("B", 4.0), ("B", 5.0), ("B", 6.0)]
    pairs = pl.DataFrame(
        {"usubjid": list("abcdef"), "avisit": ["M1"] * 6, "arm": [arm for arm, _ in rows], "base": [0.5] * 6,
         "aval": [value for _, value in rows], "chg": [value for _, value in rows], "pchg": [None] * 6}
    )  # fmt: skip
    row = compare_between(pairs, visits, "A").row(0, named=True)
    assert (row["arm"], row["against"], row["difference"]) == ("B", "A", 3.0)
    assert row["p_ranks"] == pytest.approx(2 / 20)  # 6 choose 3 orders, the most extreme on either side
    assert row["ranks_exact"]
    assert [row[name] for name in ("welch_p", "student_p", "ancova_p")] == [None] * 3
    tests, several = compare_several(pairs, "chg")
    assert tests["test"].to_list() == ["Permutation of the group means"]
    assert several.is_empty()
    assert tests["p"][0] == pytest.approx(2 / 20, abs=0.01)


def test_a_trend_that_converges_is_the_same_as_r_s(panels, read_study, r_reference):
    arms = read_study("mayo-pbc").subjects.select("usubjid", "arm")
    values = panels["mayo-pbc"].filter(pl.col("paramcd") == "albumin").join(arms, on="usubjid")
    trend = fit_trend(values, "Placebo")
    theirs = r_reference["lmm_albumin"]["result"]["reml"]
    assert trend.effects == "random intercept and slope"
    table = tabulate_trend(trend)
    assert table["term"].to_list()[1:3] == ["Slope a year, Placebo", "Difference at day 0, D-penicillamine"]
    assert table["df"].to_list() == pytest.approx(theirs["df_satterthwaite"], rel=1e-4)
    assert table["p"][3] == pytest.approx(theirs["p_satterthwaite"][3], rel=1e-3)


def test_where_slopes_do_not_vary_the_model_is_named_or_absent():
    few = pl.DataFrame({"usubjid": ["a", "b"], "arm": ["A", "A"], "day": [0, 1], "aval": [1.0, 2.0]})
    assert fit_trend(few, None).fit is None
    assert tabulate_trend(fit_trend(few, None)).is_empty()


def test_a_last_visit_that_hardly_anybody_reached_does_not_take_the_model_away(panels, read_study):
    study = read_study(SIMULATED)
    pairs = pairs_of(panels, read_study, SIMULATED, "bilirubin")
    based = select_based(panels[SIMULATED].join(study.subjects.select("usubjid", "arm"), on="usubjid"), "bilirubin")
    table = compare_missing(pairs, study.visits, based, "Control", "ABMi").filter(pl.col("method") == REPEATED)
    known = dict(table.select("avisit", pl.col("p").is_not_null()).rows())
    assert known["Month 6"]
    assert not known["Month 24"]  # one patient
    sizes = pairs.group_by("avisit").agg(least=pl.col("arm").value_counts(sort=True).struct.field("count").last())
    assert {visit for visit, there in known.items() if there} == set(sizes.filter(pl.col("least") >= 10)["avisit"])
    assert table["structure"].drop_nulls().unique().to_list() == ["unstructured"]


def test_no_model_is_fitted_to_five_patients(panels, read_study):
    pairs = pairs_of(panels, read_study, "kim-abmi", "fibrosis_index")
    based = pairs.select("usubjid", "arm", "base")
    half = pl.col("usubjid").is_in(["KIM-1", "KIM-2"])
    two = [frame.with_columns(arm=pl.when(half).then(pl.lit("A")).otherwise(pl.lit("B"))) for frame in (pairs, based)]
    table = compare_missing(two[0], read_study("kim-abmi").visits, two[1], "A", "B")
    assert table["p"].null_count() == table.height > 0


def test_the_terminal_prints_the_same_three_answers(run, tmp_path, three_answers):
    from data.home import Home
    from data.importers.run import import_paths
    from tests.test_architecture import ROOT

    import_paths(Home(tmp_path / "home"), [ROOT / "data" / "studies" / "ahd"])
    options = ("--study", "ahd", "--parameter", "bilirubin", "--by", "arm", "--log", "--table", "missing", "--json")
    rows = json.loads(run("change", *options).output)
    ours = {(row["avisit"], row["method"]): row["estimate"] for row in rows}
    for row in three_answers.iter_rows(named=True):
        assert ours[row["avisit"], row["method"]] == pytest.approx(row["estimate"], rel=1e-9)
    plain, adjusted = (
        json.loads(run("change", "--study", "ahd", "--parameter", "bilirubin", *more, "--json").output)
        for more in ((), ("--adjust", "bonferroni"))
    )
    assert [row["p_t"] for row in adjusted] == pytest.approx([min(1, 4 * row["p_t"]) for row in plain])
    for table in ("within", "between", "several", "missing", "dropout", "slope"):
        told = run("change", "--study", "ahd", "--parameter", "bilirubin", "--by", "arm", "--table", table)
        assert (told.exit_code, told.output.count("|") > 10) == (0, True), table
