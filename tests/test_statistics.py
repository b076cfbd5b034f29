"""Every statistic of change, response and baseline against R (tests/reference/r_reference.json), and their laws."""

import itertools

import numpy as np
import polars as pl
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from analytics.statistics.correlation import check_normal, correlate
from analytics.statistics.interval import t_test
from analytics.statistics.linear import compare_adjusted
from analytics.statistics.mixed import fit_mixed
from analytics.statistics.mmrm import STRUCTURES, fit_repeated
from analytics.statistics.multiplicity import METHODS, adjust
from analytics.statistics.proportions import (
    LIMITS,
    compare_counts,
    compare_exactly,
    compare_shares,
    estimate_share,
    find_binomial_p,
)
from analytics.statistics.rates import compare_rates, estimate_rate
from analytics.statistics.several_groups import (
    compare_kruskal,
    compare_means,
    compare_pairs,
    compare_variances,
    compare_welch,
)
from analytics.statistics.signed import (
    compare_sign_flips,
    compare_signed_ranks,
    compare_signs,
    count_draws,
    estimate_hodges_lehmann,
    find_smallest_p,
)
from analytics.statistics.two_groups import Summary, compare_ranks, compare_summaries, summarize
from tests.conftest import REFERENCE
from tests.test_architecture import ROOT

TOPICS = (
    "change_from_baseline", "ancova", "mixed_model", "mmrm", "anova_lsd", "anova_from_summary", "t_from_summary",
    "paired_small_sample", "two_sample", "proportion", "contingency", "rates", "correlation", "multiplicity",
    "baseline_table", "meta_analysis",
)  # fmt: skip
# Where each entry of these topics is compared: a test of this file, or of the file named.
COVERED = {
    "change_bili": "test_mayo_changes_equal_r",
    "change_albumin": "test_mayo_changes_equal_r",
    "ahd_change_by_week": "test_hepatitis_changes_equal_r",
    "ahd_ancova_week4": "test_the_three_answers_of_the_hepatitis_trial (test_compare.py)",
    "ahd_mmrm": "test_the_three_answers_of_the_hepatitis_trial (test_compare.py)",
    "lmm_log_bili": "test_mixed_models_equal_r",
    "lmm_albumin": "test_mixed_models_equal_r",
    "mmrm_albumin": "test_repeated_measures_equal_r",
    "anova_albumin_stage": "test_analysis_of_variance_equals_r",
    "kim_table2_t_tests": "test_tests_from_published_means_equal_r",
    "kim_table2_anova_saline": "test_analysis_of_variance_from_published_means_equals_r",
    "kim_table4_paired": "test_five_patients_by_exact_methods_equal_r",
    "proportion_ci": "test_limits_of_a_share_equal_r",
    "two_by_two": "test_two_shares_equal_r",
    "incidence_rates": "test_rates_equal_r",
    "corr_albumin_logbili": "test_correlations_equal_r",
    "two_sample_bili_trt": "test_two_samples_equal_r",
    "baseline_pbc": "test_tests_of_the_baseline_table_equal_r; its numbers in test_baseline.py",
    "p_adjust": "test_adjusted_p_values_equal_r",
    "meta_beta_blockers": "test_pooled_odds_ratios_equal_metafor (test_evidence.py)",
}
CLOSED = {"rel": 1e-8, "abs": 1e-12}


def test_every_entry_of_these_topics_is_compared(r_reference):
    entries = {name for name, entry in r_reference.items() if entry["topic"] in TOPICS}
    assert entries == set(COVERED), "an entry is left out without a reason"
    for where in COVERED.values():
        name, file = where.split(" ")[0].rstrip(";"), ROOT / "tests" / "test_statistics.py"
        if "(" in where:
            file = ROOT / "tests" / where.split("(")[1].rstrip(")")
        assert f"def {name}(" in file.read_text(encoding="utf-8"), where


def read_mayo() -> pl.DataFrame:
    """The Mayo trial at baseline, randomised or not."""
    return pl.read_csv(REFERENCE / "mayo_pbc.csv", null_values=["NA", ""])


def column(rows: pl.DataFrame, name: str) -> np.ndarray:
    """A column without missing values."""
    return rows[name].drop_nulls().cast(pl.Float64).to_numpy()


def check_change(theirs: dict, base, value) -> None:
    """The numbers of one group at one visit."""
    changes = value - base
    n = len(changes)
    paired = t_test(changes.mean(), changes.std(ddof=1) / n**0.5, n - 1)
    ranks = compare_signed_ranks(changes)
    ours = {
        "n": n, "change_mean": paired.estimate, "change_se": paired.se, "ci_lower": paired.lower,
        "ci_upper": paired.upper, "t": paired.t, "df": paired.df, "p_t": paired.p, "n_zero": (changes == 0).sum(),
        "wilcoxon_V": ranks.v, "p_wilcoxon_cc": ranks.p_corrected, "p_wilcoxon_nocc": ranks.p_uncorrected,
        "baseline_mean": base.mean(), "baseline_sd": base.std(ddof=1), "value_mean": value.mean(),
        "value_sd": value.std(ddof=1), "change_sd": changes.std(ddof=1), "change_median": np.median(changes),
        "change_q1": np.quantile(changes, 0.25), "change_q3": np.quantile(changes, 0.75),
        "pct_change_mean": (100 * changes / base).mean(), "cohens_dz": changes.mean() / changes.std(ddof=1),
    }  # fmt: skip
    assert set(theirs) == set(ours)
    for name, number in ours.items():
        assert number == pytest.approx(theirs[name], rel=1e-8, abs=1e-11), name


def check_between(theirs: dict, first: pl.DataFrame, second: pl.DataFrame) -> None:
    """First minus second arm."""
    one, two = column(first, "chg"), column(second, "chg")
    means = compare_summaries(summarize(one), summarize(two))
    for ours, name in ((means.welch, "welch"), (means.student, "student")):
        assert (ours.t, ours.df, ours.p, ours.lower, ours.upper) == pytest.approx(
            tuple(theirs[name][part] for part in ("t", "df", "p", "lower", "upper")), **CLOSED
        )
    assert means.welch.estimate == pytest.approx(theirs["welch"]["diff"], **CLOSED)
    ranks = compare_ranks(two, one)  # R's W is of the group that its formula names first, arm 0
    assert (ranks.w, ranks.p_corrected) == pytest.approx(
        (theirs["mann_whitney_W_group0"], theirs["mann_whitney_p_cc"]), **CLOSED
    )
    both = pl.concat([second, first])
    group = np.r_[np.zeros(len(two)), np.ones(len(one))]
    fit, expected = compare_adjusted(column(both, "chg"), column(both, "base"), group), theirs["ancova"]
    parts = ("estimate", "se", "t", "df", "p", "lower", "upper")
    assert [getattr(fit.difference, part) for part in parts] == pytest.approx(
        [expected[part] for part in parts], **CLOSED
    )
    assert [fit.n, fit.slope, fit.first.estimate, fit.second.estimate, fit.first.se, fit.second.se] == pytest.approx(
        [expected[name] for name in ("n", "base_coef", "ls_mean_arm0", "ls_mean_arm1", "ls_se_arm0", "ls_se_arm1")],
        **CLOSED,
    )


def select_mayo_pairs(panels, read_study, paramcd: str) -> pl.DataFrame:
    """Pairs of the Mayo trial with their arm as R numbers it."""
    arms = read_study("mayo-pbc").subjects.select("usubjid", "arm")
    own = panels["mayo-pbc"].filter(
        pl.col("paramcd") == paramcd, pl.col("analysis"), pl.col("post"), pl.col("chg").is_not_null()
    )
    return own.join(arms, on="usubjid").with_columns(trt=pl.when(pl.col("arm") == "Placebo").then(0).otherwise(1))


@pytest.mark.parametrize(("entry", "paramcd"), [("change_bili", "bilirubin"), ("change_albumin", "albumin")])
def test_mayo_changes_equal_r(panels, read_study, r_reference, entry, paramcd):
    pairs = select_mayo_pairs(panels, read_study, paramcd)
    result = r_reference[entry]["result"]
    assert len(result) == 6
    for visit, groups in result.items():
        here = pairs.filter(pl.col("avisit") == visit)
        for group, theirs in groups.items():
            own = here if group in ("all", "between") else here.filter(pl.col("trt") == int(group[-1]))
            if group == "between":
                check_between(theirs, here.filter(pl.col("trt") == 1), here.filter(pl.col("trt") == 0))
            else:
                check_change(theirs, column(own, "base"), column(own, "aval"))


def read_hepatitis() -> pl.DataFrame:
    """The hepatitis trial as its source has it, in umol/L."""
    file = ROOT / "data" / "studies" / "ahd" / "ahd_methylprednisolone.csv"
    return pl.read_csv(file, null_values=["NA", ""]).drop_nulls("sbvalue")


def test_hepatitis_changes_equal_r(r_reference):
    rows, compared = read_hepatitis(), 0
    for week, groups in r_reference["ahd_change_by_week"]["result"].items():
        for arm, theirs in groups.items():
            own = rows.filter(pl.col("week") == int(week[-1]), pl.col("treatment") == arm)
            check_change(theirs, column(own, "baseline"), column(own, "sbvalue"))
            compared += 1
    assert compared == 8


@pytest.mark.parametrize(("entry", "logarithm"), [("lmm_log_bili", True), ("lmm_albumin", False)])
@pytest.mark.parametrize("method", ["reml", "ml"])
def test_mixed_models_equal_r(panels, read_study, r_reference, entry, logarithm, method):
    arms = read_study("mayo-pbc").subjects.select("usubjid", "arm")
    paramcd = "bilirubin" if logarithm else "albumin"
    rows = (
        panels["mayo-pbc"].filter(pl.col("paramcd") == paramcd, pl.col("aval").is_not_null()).join(arms, on="usubjid")
    )
    y, time = column(rows, "aval"), column(rows, "day") / 365.25
    y, treated = np.log(y) if logarithm else y, (rows["arm"] != "Placebo").cast(pl.Float64).to_numpy()
    x = np.column_stack([np.ones(len(y)), time, treated, time * treated])
    subject = rows["usubjid"].rank("dense").to_numpy().astype(int) - 1
    fit = fit_mixed(y, x, x[:, :2], subject, reml=method == "reml")
    theirs = r_reference[entry]["result"][method]
    assert (fit.n, fit.subjects) == (1945, 312)
    assert [term.se for term in fit.terms] == pytest.approx(theirs["se_lmer"], rel=1e-4)
    assert [term.df for term in fit.terms] == pytest.approx(theirs["df_satterthwaite"], rel=1e-4)
    assert fit.log_likelihood == pytest.approx(theirs["loglik_lmer"], abs=1e-5)
    assert fit.log_likelihood >= theirs["loglik_lmer"] - 1e-7  # no worse than R's own maximum
    assert [fit.aic, fit.bic] == pytest.approx([theirs["aic_lmer"], theirs["bic_lmer"]], rel=1e-8)
    for term, estimate, p in zip(fit.terms, theirs["coef_lmer"], theirs["p_satterthwaite"], strict=True):
        assert term.estimate == pytest.approx(estimate, rel=1e-4, abs=1e-4 * term.se)
        assert term.p == pytest.approx(p, rel=5e-3, abs=1e-6)
    variances = [fit.random[0, 0], fit.random[1, 1], fit.residual]
    names = ["var_intercept_lmer", "var_slope_lmer", "var_resid_lmer"]
    assert variances == pytest.approx([theirs[name] for name in names], rel=3e-4)
    assert fit.random[0, 1] == pytest.approx(theirs["cov_lmer"], rel=1e-3, abs=3e-6)
    # lme of the same data stops a little elsewhere: standard errors agree to 1e-3, estimates within that.
    assert [term.estimate for term in fit.terms] == pytest.approx(theirs["coef_lme"], rel=1e-3, abs=1e-4)
    assert [term.se for term in fit.terms] == pytest.approx(theirs["se_lme"], rel=1.5e-3)
    assert fit.log_likelihood == pytest.approx(theirs["loglik_lme"], abs=1e-5)
    assert fit.random[0, 0] ** 0.5 == pytest.approx(theirs["sd_intercept_lme"], rel=1e-3)
    assert fit.random[1, 1] ** 0.5 == pytest.approx(theirs["sd_slope_lme"], rel=1e-3)
    assert fit.residual**0.5 == pytest.approx(theirs["sd_resid_lme"], rel=1e-4)
    if method == "reml":
        simple, expected = fit_mixed(y, x, x[:, :1], subject), r_reference[entry]["result"]["random_intercept_reml"]
        assert [term.estimate for term in simple.terms] == pytest.approx(expected["coef"], rel=1e-5)
        assert [term.se for term in simple.terms] == pytest.approx(expected["se"], rel=1e-5)
        assert simple.log_likelihood == pytest.approx(expected["loglik"], abs=1e-6)
        if "sd_intercept" in expected:
            assert simple.random[0, 0] ** 0.5 == pytest.approx(expected["sd_intercept"], rel=1e-5)
            assert simple.residual**0.5 == pytest.approx(expected["sd_resid"], rel=1e-5)


def test_repeated_measures_equal_r(panels, read_study, r_reference):
    visits = ["M6", "Y1", "Y2"]
    pairs = select_mayo_pairs(panels, read_study, "albumin").filter(pl.col("avisit").is_in(visits))
    order = dict(zip(visits, range(3), strict=True))
    rows = pairs.with_columns(visit=pl.col("avisit").replace_strict(order)).sort("usubjid", "visit")
    visit = rows["visit"].to_numpy()
    at, base, treated = np.eye(3)[visit], column(rows, "base")[:, None], column(rows, "trt")[:, None]
    subject = rows["usubjid"].rank("dense").to_numpy().astype(int) - 1
    fit = fit_repeated(column(rows, "chg"), np.column_stack([at, at * base, at * treated]), subject, visit)
    theirs = r_reference["mmrm_albumin"]["result"]
    assert (fit.n, fit.subjects, fit.structure, fit.failed) == (726, 285, "unstructured", ())
    assert fit.log_likelihood == pytest.approx(theirs["loglik_reml"], abs=1e-6)
    contrast = theirs["contrast_arm1_minus_arm0"]
    se = np.sqrt(np.diag(fit.covariance))
    assert fit.coefficients[6:] == pytest.approx(np.array(contrast["estimate"]), rel=1e-4, abs=1e-6)
    assert se[6:] == pytest.approx(np.array(contrast["se"]), rel=1e-4)
    for place, edge in ((-1.96, "lower"), (1.96, "upper")):
        exact = place / 1.96 * 1.959963984540054
        assert fit.coefficients[6:] + exact * se[6:] == pytest.approx(np.array(contrast[edge]), rel=1e-4, abs=1e-6)
    spread = np.sqrt(np.diag(fit.between))
    assert spread == pytest.approx(np.array(theirs["residual_sd"]), rel=1e-4)
    correlation = fit.between / np.outer(spread, spread)
    assert correlation == pytest.approx(np.array(theirs["residual_correlation"]), abs=1e-4)
    check_coefficients(fit, theirs["coef"])
    means, middle = theirs["ls_means"], float(base.mean())
    for place, (arm, name) in enumerate(zip(means["arm"], means["visit"], strict=True)):
        weights = np.zeros(9)
        weights[order[name]], weights[3 + order[name]], weights[6 + order[name]] = 1, middle, float(arm)
        assert weights @ fit.coefficients == pytest.approx(means["emmean"][place], rel=1e-4)
        assert (weights @ fit.covariance @ weights) ** 0.5 == pytest.approx(means["se"][place], rel=1e-4)


def check_coefficients(fit, theirs: dict) -> None:
    """R's treatment contrasts from one coefficient a visit."""
    intercept, slope, arm = fit.coefficients[:3], fit.coefficients[3:6], fit.coefficients[6:]
    ours = {
        "(Intercept)": intercept[0], "base": slope[0], "arm1": arm[0],
        **{f"visit{name}": intercept[k] - intercept[0] for k, name in ((1, "Y1"), (2, "Y2"))},
        **{f"base:visit{name}": slope[k] - slope[0] for k, name in ((1, "Y1"), (2, "Y2"))},
        **{f"visit{name}:arm1": arm[k] - arm[0] for k, name in ((1, "Y1"), (2, "Y2"))},
    }  # fmt: skip
    assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)


def test_analysis_of_variance_equals_r(r_reference):
    theirs = r_reference["anova_albumin_stage"]["result"]
    rows = read_mayo().drop_nulls("stage")
    groups = [column(rows.filter(pl.col("stage") == int(stage)), "albumin") for stage in theirs["groups"]]
    summaries = [summarize(group) for group in groups]
    assert [group.n for group in summaries] == theirs["n"]
    assert [group.mean for group in summaries] == pytest.approx(theirs["mean"], **CLOSED)
    assert [group.sd for group in summaries] == pytest.approx(theirs["sd"], **CLOSED)
    whole = compare_means(summaries)
    assert [whole.f, whole.df1, whole.df2, whole.p, whole.mse, whole.eta_squared] == pytest.approx(
        [theirs[name] for name in ("F", "df1", "df2", "p", "mse", "eta_squared")], **CLOSED
    )
    pairs = compare_pairs(summaries)
    lsd = theirs["lsd"]
    # R gives group 2 minus group 1 in both tables.
    assert [-pair.lsd.estimate for pair in pairs] == pytest.approx(lsd["diff"], **CLOSED)
    assert [pair.lsd.se for pair in pairs] == pytest.approx(lsd["se"], **CLOSED)
    assert [-pair.lsd.upper for pair in pairs] == pytest.approx(lsd["lower"], **CLOSED)
    assert [-pair.lsd.lower for pair in pairs] == pytest.approx(lsd["upper"], **CLOSED)
    assert [pair.lsd.p for pair in pairs] == pytest.approx(lsd["p"], **CLOSED)
    assert [pair.p_holm for pair in pairs] == pytest.approx(lsd["p_holm"], **CLOSED)
    assert [pair.p_bonferroni for pair in pairs] == pytest.approx(lsd["p_bonferroni"], **CLOSED)
    # The studentized range is integrated numerically in both programs.
    assert [-pair.tukey_upper for pair in pairs] == pytest.approx(theirs["tukey"]["lower"], rel=1e-6)
    assert [-pair.tukey_lower for pair in pairs] == pytest.approx(theirs["tukey"]["upper"], rel=1e-6)
    assert [pair.tukey_p for pair in pairs] == pytest.approx(theirs["tukey"]["p"], rel=1e-5, abs=1e-9)
    welch, kruskal, variances = compare_welch(summaries), compare_kruskal(groups), compare_variances(groups)
    assert [welch.f, welch.df1, welch.df2, welch.p] == pytest.approx(
        [theirs["welch_anova"][name] for name in ("F", "df1", "df2", "p")], **CLOSED
    )
    assert [kruskal.h, kruskal.df, kruskal.p] == pytest.approx(
        [theirs["kruskal"][name] for name in ("H", "df", "p")], **CLOSED
    )
    assert variances == pytest.approx(
        {"bartlett": theirs["bartlett_p"], "levene": theirs["levene_mean"]["p"],
         "brown_forsythe": theirs["brown_forsythe_median"]["p"]}, **CLOSED
    )  # fmt: skip


def read_mice() -> dict[tuple[int, str], tuple[float, float]]:
    """Mean and SD of the thesis' Table 2."""
    rows = pl.read_csv(REFERENCE / "kim_mouse_fibrosis.csv")
    return {
        (row["week_after_infusion"], row["arm"]): (row["mean_fibrosis_area_pixels"], row["sd_pixels"])
        for row in rows.iter_rows(named=True)
    }


def test_tests_from_published_means_equal_r(r_reference):
    mice, compared = read_mice(), 0
    for week, cases in r_reference["kim_table2_t_tests"]["result"].items():
        for case in (value for name, value in cases.items() if name != "p_printed"):
            first, second = (
                Summary(*mice[int(week[-1]), arm], case[size]) for arm, size in (("BMC", "n1"), ("saline", "n2"))
            )
            ours = compare_summaries(first, second)
            assert ours.student.estimate == pytest.approx(case["diff"], **CLOSED)
            for test, name in ((ours.student, "student"), (ours.welch, "welch")):
                assert [test.t, test.df, test.p, test.lower, test.upper] == pytest.approx(
                    [case[name][part] for part in ("t", "df", "p", "lower", "upper")], **CLOSED
                )
            assert [ours.cohens_d, ours.hedges_g] == pytest.approx([case["cohens_d"], case["hedges_g"]], **CLOSED)
            compared += 1
    assert compared == 12


def test_analysis_of_variance_from_published_means_equals_r(r_reference):
    mice, theirs = read_mice(), r_reference["kim_table2_anova_saline"]["result"]
    ours = compare_means([Summary(*mice[week, "saline"], 6) for week in (1, 2, 3, 4)])
    assert [ours.f, ours.df1, ours.df2, ours.p, ours.mse] == pytest.approx(
        [theirs[name] for name in ("F", "df1", "df2", "p", "mse")], **CLOSED
    )


def test_five_patients_by_exact_methods_equal_r(r_reference):
    theirs = r_reference["kim_table4_paired"]["result"]
    before, after = np.array([20, 18.2, 19, 12, 10]), np.array([5.3, 14.14, 5, 12, 13])
    check_change(theirs["paired_t"], before, after)
    ranks = compare_signed_ranks(after - before)
    assert (ranks.v, ranks.p_corrected) == pytest.approx((theirs["wilcox_default"]["V"], theirs["wilcox_default"]["p"]))
    assert ranks.p_exact == pytest.approx(theirs["wilcox_exact_zero_dropped"]["p"])
    assert ranks.p_exact == pytest.approx(theirs["coin_exact_zero_dropped_p"])
    # Pratt ranks the zero too and then drops it: with one zero the ranks move by one and p stays.
    assert ranks.p_exact == pytest.approx(theirs["coin_exact_pratt_p"])
    assert compare_signs(after - before) == pytest.approx(theirs["sign_test_3_of_4_p"])
    flips = compare_sign_flips(after - before)
    assert (flips.p, flips.exact) == (0.25, True)
    assert (find_smallest_p(4), find_smallest_p(5)) == (0.125, 0.0625)


def test_limits_of_a_share_equal_r(r_reference):
    for case in r_reference["proportion_ci"]["result"]:
        for method in LIMITS:
            ours = estimate_share(case["x"], case["n"], method)
            assert ours.estimate == pytest.approx(case["estimate"], **CLOSED)
            assert [ours.lower, ours.upper] == pytest.approx(case[method], **CLOSED)


def test_two_shares_equal_r(r_reference):
    compared = 0
    for case in r_reference["two_by_two"]["result"]:
        ours = compare_shares(case["events1"], case["n1"], case["events2"], case["n2"])
        pairs = [
            (ours.difference, "risk_difference", "rd_newcombe"), (ours.difference_wald, "risk_difference", "rd_wald"),
            (ours.risk_ratio, "risk_ratio", "rr_ci_log"), (ours.odds_ratio, "odds_ratio", "or_ci_log"),
            (ours.conditional_odds_ratio, "fisher_conditional_or", "fisher_or_ci"),
        ]  # fmt: skip
        for interval, name, limits in pairs:
            # R searches the conditional odds ratio, above 1 its reciprocal, with a tolerance of 1.2e-4.
            searched = "fisher" in name
            close = {"abs": 1.3e-4} if searched else CLOSED
            assert interval.estimate == pytest.approx(case[name], rel=1e-4 if searched else 1e-8, abs=1e-12), name
            for ours_limit, theirs_limit in zip((interval.lower, interval.upper), case[limits], strict=True):
                assert (ours_limit is None) == (theirs_limit is None), limits
                power = -1 if searched and ours_limit and ours_limit > 1 else 1
                if ours_limit is not None:
                    assert ours_limit**power == pytest.approx(theirs_limit**power, **close), limits
                compared += 1
        assert [ours.fisher_p, ours.chi_squared, ours.chi_squared_p, ours.yates, ours.yates_p] == pytest.approx(
            [case[name] for name in ("fisher_p", "chisq", "chisq_p", "chisq_yates", "chisq_yates_p")], **CLOSED
        )
    assert compared == 30


def test_rates_equal_r(r_reference):
    theirs = r_reference["incidence_rates"]["result"]
    rows = read_mayo().drop_nulls("trt")
    for group in ("1", "2"):
        own, case = rows.filter(pl.col("trt") == int(group)), theirs[f"trt_{group}"]
        events, time = int((own["status"] == 2).sum()), own["time"].sum() / 365.25
        assert (events, time) == pytest.approx((case["events"], case["person_time"]))
        ours = estimate_rate(events, time)
        assert [ours.estimate, ours.lower, ours.upper] == pytest.approx([case["rate"], *case["exact_ci"]], **CLOSED)
    none = theirs["zero_events"]
    ours = estimate_rate(none["events"], none["person_time"])
    assert [ours.lower, ours.upper] == pytest.approx(none["exact_ci"], **CLOSED)
    ratio = theirs["ratio_1_vs_2"]
    compared = compare_rates(ratio["e1"], ratio["t1"], ratio["e2"], ratio["t2"])
    assert [compared.ratio.estimate, compared.ratio.lower, compared.ratio.upper, compared.p] == pytest.approx(
        [ratio["ratio"], *ratio["ci"], ratio["p"]], **CLOSED
    )


def test_correlations_equal_r(r_reference):
    theirs, rows = r_reference["corr_albumin_logbili"]["result"], read_mayo()
    ours = correlate(column(rows, "albumin"), np.log(column(rows, "bili")))
    names = ("n", "pearson", "pearson_p", "spearman", "spearman_p", "kendall_p")
    assert [getattr(ours, name) for name in names] == pytest.approx([theirs[name] for name in names], **CLOSED)
    assert [ours.kendall, ours.lower, ours.upper] == pytest.approx(
        [theirs["kendall_tau_b"], *theirs["pearson_ci"]], **CLOSED
    )
    assert check_normal(column(rows, "albumin")) == pytest.approx((theirs["shapiro_W"], theirs["shapiro_p"]), rel=1e-6)


def test_two_samples_equal_r(r_reference):
    theirs, rows = r_reference["two_sample_bili_trt"]["result"], read_mayo()
    first, second = (column(rows.filter(pl.col("trt") == int(group)), "bili") for group in theirs["groups"])
    ours = compare_summaries(summarize(first), summarize(second))
    for test, name, limits in (
        (ours.welch, "welch", "ci_first_minus_second"), (ours.student, "student", "ci"),
    ):  # fmt: skip
        assert [test.t, test.df, test.p] == pytest.approx([theirs[name][part] for part in ("t", "df", "p")], **CLOSED)
        assert [test.lower, test.upper] == pytest.approx(theirs[name][limits], **CLOSED)
    assert [len(first), len(second)] == theirs["n"]
    assert [first.mean(), second.mean()] == pytest.approx(theirs["mean"], **CLOSED)
    assert [first.std(ddof=1), second.std(ddof=1)] == pytest.approx(theirs["sd"], **CLOSED)
    assert [np.median(first), np.median(second)] == pytest.approx(theirs["median"], **CLOSED)
    ranks, expected = compare_ranks(first, second), theirs["mann_whitney"]
    assert (ranks.w, ranks.p_corrected) == pytest.approx((expected["W_first"], expected["p_cc"]), **CLOSED)
    # R searches the shift with a tolerance of 1e-4: its -5.3e-05 is the 0 that the differences have.
    assert [ranks.shift, ranks.lower, ranks.upper] == pytest.approx(
        [expected["hodges_lehmann"], *expected["hl_ci"]], abs=1e-4
    )


def test_tests_of_the_baseline_table_equal_r(r_reference):
    rows = read_mayo().drop_nulls("trt")
    compared = 0
    for name, theirs in r_reference["baseline_pbc"]["result"].items():
        if "levels" not in theirs:
            continue
        counts = np.array(theirs["counts"])
        ours = [
            [rows.filter(pl.col(name).cast(pl.String).is_in([level, f"{level}.0"]), pl.col("trt") == trt).height
             for trt in (1, 2)]
            for level in theirs["levels"]
        ]  # fmt: skip
        assert ours == counts.tolist(), name
        assert compare_counts(counts, yates=False)[1] == pytest.approx(theirs["chisq_p"], **CLOSED), name
        assert compare_exactly(counts) == pytest.approx(theirs["fisher_p"], **CLOSED), name
        compared += 1
    assert compared == 4


def test_adjusted_p_values_equal_r(r_reference):
    given_p = r_reference["p_adjust"]["inputs"]["p"]
    theirs = r_reference["p_adjust"]["result"]
    assert set(theirs) == set(METHODS)
    for method in METHODS:
        assert adjust(given_p, method) == pytest.approx(theirs[method], **CLOSED), method
        assert adjust(given_p[::-1], method) == pytest.approx(theirs[method][::-1], **CLOSED), method


def test_drawn_sign_patterns_agree_with_counting_them_all():
    rng = np.random.default_rng(5)
    for shift in (0.0, 0.2, 0.4):
        changes = rng.normal(shift, 1, 20)
        exact = compare_sign_flips(changes)
        drawn = (count_draws(changes, abs(changes.sum())) + 1) / 100_001
        assert exact.exact
        assert drawn == pytest.approx(exact.p, abs=5 * (exact.p * (1 - exact.p) / 100_000) ** 0.5 + 1e-4)
    assert not compare_sign_flips(rng.normal(0, 1, 21)).exact


SMALL_CHANGES = st.lists(st.integers(-5, 5), min_size=1, max_size=8)


@given(SMALL_CHANGES)
def test_exact_tests_equal_counting_every_sign_pattern(changes):
    values = np.array(changes, float)
    moved = values[values != 0]
    ranks, flips = compare_signed_ranks(values), compare_sign_flips(values)
    if not len(moved):
        assert (ranks.p_exact, flips, find_smallest_p(0)) == (None, None, None)
        return
    patterns = np.array(list(itertools.product((-1, 1), repeat=len(moved))))
    sums = patterns @ np.abs(moved)
    assert flips.p == pytest.approx((np.abs(sums) >= abs(moved.sum()) - 1e-9).mean())
    order = np.array([np.mean(np.flatnonzero(np.sort(np.abs(moved)) == size) + 1) for size in np.abs(moved)])
    positive = (patterns > 0) @ order
    middle = order.sum() / 2
    assert ranks.p_exact == pytest.approx((np.abs(positive - middle) >= abs(ranks.v - middle) - 1e-9).mean())
    assert min(flips.p, ranks.p_exact) >= find_smallest_p(len(moved)) - 1e-12


@given(SMALL_CHANGES)
def test_tests_do_not_care_about_the_direction(changes):
    values = np.array(changes, float)
    one, two = compare_signed_ranks(values), compare_signed_ranks(-values)
    assert (one.p_exact is None) == (two.p_exact is None)
    assert one.p_exact is None or one.p_exact == pytest.approx(two.p_exact)
    first, second = estimate_hodges_lehmann(values), estimate_hodges_lehmann(-values)
    assert (first.estimate, first.lower, first.upper) == pytest.approx((-second.estimate, -second.upper, -second.lower))
    assert first.lower <= first.estimate <= first.upper


def test_five_patients_cannot_have_a_95_percent_interval_and_six_can():
    assert estimate_hodges_lehmann(np.array([1.0, 2, 3, 4, 5])).level == pytest.approx(0.9375)
    assert estimate_hodges_lehmann(np.array([1.0, 2, 3, 4, 5, 6])).level == pytest.approx(1 - 2 / 64)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_exact_rank_sums_equal_counting_every_choice(first, second):
    ours = compare_ranks(np.array(first, float), np.array(second, float)).p_exact
    whole = np.array(first + second, float)
    ranks = np.array([np.mean(np.flatnonzero(np.sort(whole) == value) + 1) for value in whole])
    sums = np.array([ranks[list(some)].sum() for some in itertools.combinations(range(len(whole)), len(first))])
    middle = ranks.mean() * len(first)
    observed = abs(ranks[: len(first)].sum() - middle)
    assert ours == pytest.approx((np.abs(sums - middle) >= observed - 1e-9).mean())


@given(st.integers(0, 30), st.integers(1, 30))
def test_exact_limits_hold_the_share(events, n):
    events = min(events, n)
    ours = estimate_share(events, n)
    assert 0 <= ours.lower <= ours.estimate <= ours.upper <= 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_an_adjusted_p_is_never_smaller_and_keeps_the_order(p):
    for method in METHODS:
        adjusted = adjust(p, method)
        assert all(more >= less - 1e-12 for less, more in zip(p, adjusted, strict=True))
        ranked = [value for _, value in sorted(zip(p, adjusted, strict=True))]
        assert all(one <= two + 1e-9 for one, two in itertools.pairwise(ranked))


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda item: item.name)
def test_the_slope_of_the_likelihood_is_its_derivative(structure):
    from analytics.statistics.mmrm import chain, collect_patterns, evaluate

    rng = np.random.default_rng(3)
    subject = np.repeat(np.arange(40), 3)
    visit = np.tile(np.arange(3), 40)
    keep = rng.random(120) > 0.2
    y, x = rng.normal(size=120)[keep], np.eye(3)[visit][keep]
    patterns = collect_patterns(y, x, subject[keep], visit[keep])
    theta = structure.start(np.array([1.0, 1.3, 0.8])) + 0.1
    slope = chain(structure, theta, 3, evaluate(structure.matrix(theta, 3), patterns)[1])
    for place in range(len(theta)):
        step = np.zeros(len(theta))
        step[place] = 1e-5
        up, down = (evaluate(structure.matrix(theta + sign * step, 3), patterns)[0] for sign in (1, -1))
        assert slope[place] == pytest.approx((up - down) / 2e-5, rel=1e-5, abs=1e-5)


def test_a_model_that_cannot_be_estimated_gives_nothing():
    ones = np.ones((6, 1))
    subject = np.arange(6)
    assert fit_mixed(np.arange(6.0), ones, ones, subject) is None  # one row a subject
    assert fit_mixed(np.zeros(6), ones, ones, subject // 2) is None  # nothing varies
    twice = np.ones((6, 2))
    assert fit_mixed(np.arange(6.0), twice, ones, subject // 2) is None  # dependent columns
    assert fit_repeated(np.arange(6.0), twice, subject // 2, subject % 2) is None
    assert fit_repeated(np.zeros(6), ones, subject // 2, subject % 2) is None


@given(st.integers(1, 300), st.floats(0.001, 0.999), st.data())
def test_exact_binomial_p_equals_scipy(n: int, share: float, data: st.DataObject) -> None:
    """Ours needs no half a second to load."""
    hits = data.draw(st.integers(0, n))
    assert find_binomial_p(hits, n, share) == pytest.approx(scipy.stats.binomtest(hits, n, share).pvalue, rel=1e-8)
