"""Survival methods that R's file does not hold, the laws of all, and what they do with degenerate data."""

import math

import lifelines
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from analytics.catalog.constants import YEAR
from analytics.survival.competing import compare_incidence, estimate_incidence, overstate
from analytics.survival.concordance import estimate_concordance
from analytics.survival.counting_process import derive_intervals, estimate_mean_count
from analytics.survival.cox import Rows, fit_cox
from analytics.survival.door import UnusableStatus, UnusableTime
from analytics.survival.estimate import compare_at_day, estimate_survival
from analytics.survival.fine_gray import fit_fine_gray
from analytics.survival.firth import fit_firth
from analytics.survival.kaplan_meier import estimate_kaplan_meier, estimate_nelson_aalen
from analytics.survival.landmark import derive_switches, select_landmark
from analytics.survival.log_rank import compare_log_rank, compare_trend
from analytics.survival.one_sample import compare_expected, derive_expected
from analytics.survival.parametric import fit_parametric
from analytics.survival.prediction import calibrate, fit_super_model, predict, stack_landmarks
from analytics.survival.residuals import TRANSFORMS, check_proportionality, derive_martingale
from analytics.survival.restricted_mean import compare_rmst
from tests.validation import frames

CAUSES = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from([None, "death", "transplant"]), st.sampled_from("ab")),
    min_size=4,
    max_size=50,
)


def with_causes(rows) -> pl.DataFrame:
    """Times, causes and groups."""
    return pl.DataFrame(
        {"time": [row[0] for row in rows], "cause": [row[1] for row in rows], "group": [row[2] for row in rows]},
        schema={"time": pl.Float64, "cause": pl.String, "group": pl.String},
    )


def make_rows(x, stop, event, **more) -> Rows:
    """Rows of a model from lists."""
    return Rows(np.array(x, dtype=float), np.array(stop, dtype=float), np.array(event, dtype=bool), **more)


def test_firth_of_two_patients_is_the_logarithm_of_three():
    # log L = b - log(1 + e^b), I = e^b / (1 + e^b)^2; the top of log L + log(I) / 2 is where e^b / (1 + e^b) = 3/4.
    fit = fit_firth(make_rows([[1], [0]], [1, 2], [True, True]), ("x",))
    assert fit.coef[0] == pytest.approx(math.log(3), rel=1e-6)
    assert fit.lower[0] < 0 < fit.upper[0]


def test_firth_sees_no_difference_where_there_is_none():
    fit = fit_firth(make_rows([[1], [0], [0], [1]], [1, 1, 2, 2], [True] * 4), ("x",))
    assert fit.coef[0] == pytest.approx(0, abs=1e-8)
    assert fit.p[0] == pytest.approx(1, abs=1e-6)


def test_firth_stays_finite_where_cox_runs_away_and_meets_it_where_events_are_many():
    x, stop = [[1], [1], [1], [0], [0], [0]], [1, 2, 3, 4, 5, 6]
    separated = make_rows(x, stop, [True, True, True, False, False, False])
    assert fit_cox(separated, ("x",)).infinite[0]
    assert np.isfinite(fit_firth(separated, ("x",)).coef[0])
    rows = frames.randomized()
    many = make_rows(rows.select("age", "log(bili)").to_numpy(), rows["time"], rows["event"])
    cox, firth = fit_cox(many, ("age", "bili"), "breslow"), fit_firth(many, ("age", "bili"))
    assert firth.coef == pytest.approx(cox.coef, abs=0.1 * cox.se.max())


def test_the_permutation_test_keeps_its_level_in_small_trials():
    rng = np.random.default_rng(7)
    reached = 0
    for _ in range(400):
        time, ends = rng.exponential(10, 10), rng.exponential(20, 10)
        rows = pl.DataFrame({"time": np.minimum(time, ends), "event": time <= ends, "group": list("aaaaabbbbb")})
        test = compare_log_rank(rows, "group")
        reached += test.p_permutation is not None and test.p_permutation <= 0.05
    assert 0.01 < reached / 400 < 0.075  # 5 % or a little less: only 252 arrangements


def test_two_deaths_where_one_was_expected():
    rows = pl.DataFrame({"time": [1.0, 2.0, 7.0], "event": [True, True, False], "hazard": [0.1, 0.2, 0.7]})
    found = compare_expected(rows)
    assert (found.observed, found.expected, found.ratio) == (2, pytest.approx(1.0), pytest.approx(2.0))
    assert (found.lower, found.upper) == (pytest.approx(0.2422, abs=1e-4), pytest.approx(7.2247, abs=1e-4))
    assert found.p == pytest.approx(2 * (1 - 2 / math.e))  # P(X >= 2) of Poisson(1)
    assert found.p_normal == pytest.approx(2 * ndtr(-1.0))


def test_expected_hazard_follows_the_published_years():
    times = pl.DataFrame({"usubjid": ["a", "b", "c"], "time": [365.25, 182.625, 900.0], "event": [True, False, True]})
    survival = pl.DataFrame(
        {"usubjid": ["a", "a", "b", "b"], "day": [365.25, 730.5] * 2, "expected": [0.9, 0.8, 0.5, 0.25]}
    )
    cut, curve = derive_expected(times, survival)
    assert cut["hazard"].to_list()[:2] == pytest.approx([-math.log(0.9), -math.log(0.5) / 2])
    assert cut["hazard"][2] is None  # no reference for this patient: not counted, not guessed
    assert cut.row(2)[1:3] == (730.5, False)  # the comparison ends with the reference
    assert curve["survival"].to_list() == pytest.approx([1.0, 0.7, 0.525])
    assert compare_expected(cut).n == 2


def simulate_cohort(rng, n: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Times with the constant hazard 0.0005 exp(0.8 x), and the value x at day 0."""
    x = rng.normal(0, 1, n)
    time, ends = rng.exponential(1 / (0.0005 * np.exp(0.8 * x))), rng.uniform(500, 3000, n)
    names = [f"p{place:03}" for place in range(n)]
    times = pl.DataFrame({"usubjid": names, "time": np.minimum(time, ends), "event": time <= ends})
    return times, pl.DataFrame({"usubjid": names, "day": [0] * n, "x": x})


def test_limits_of_the_super_model_cover_the_truth():
    rng = np.random.default_rng(11)
    covered, truth = 0, math.exp(-0.0005 * math.exp(0.8 * 0.5) * 365)
    for _ in range(100):
        stacked = stack_landmarks(*simulate_cohort(rng, 200), [0, 180, 360], 365, ["x"])
        found = predict(fit_super_model(stacked, 365, ["x"]), 200, np.array([0.5]))
        assert found.landmark == 180
        covered += found.lower <= truth <= found.upper
    assert 88 <= covered <= 100


def mayo_landmarks() -> tuple[pl.DataFrame, list[str]]:
    """Transplant-free survival of the Mayo trial at landmarks every half year."""
    visits = frames.visits().with_columns(usubjid=pl.col("id").cast(pl.String), bili=pl.col("bili").log())
    ends = visits.unique("id", maintain_order=True).select("usubjid", time="futime", event=pl.col("status") > 0)
    covariates = ["age", "bili", "albumin"]
    return stack_landmarks(ends, visits, [YEAR / 2 * step for step in range(12)], 2 * YEAR, covariates), covariates


def test_predictions_of_the_mayo_trial_are_calibrated():
    table = calibrate(mayo_landmarks()[0], 2 * YEAR, mayo_landmarks()[1])
    assert table.height == 4
    assert (table["predicted"] - table["observed"]).abs().max() < 0.05


def test_a_patient_beyond_the_landmarks_gets_no_prediction():
    stacked, covariates = mayo_landmarks()
    model = fit_super_model(stacked, 2 * YEAR, covariates)
    assert predict(model, -5, np.array([50, 0.5, 3.5])) is None
    assert predict(model, 20 * YEAR, np.array([50, 0.5, 3.5])) is None
    few = stacked.filter(pl.col("usubjid").is_in([str(number) for number in range(25)]))
    assert fit_super_model(few, 2 * YEAR, covariates) is None


def test_a_difference_at_five_years_follows_from_the_curves_of_r(r_reference):
    groups = r_reference["km_pbc_os_trt"]["result"]["log-log"]
    at = {name: groups[name]["times"].index(1825) for name in groups}
    one, two = (groups[name]["surv"][at[name]] for name in ("1", "2"))
    errors = [groups[name]["se_greenwood"][at[name]] for name in ("1", "2")]
    survival = estimate_survival(frames.randomized(), "trt")
    found = compare_at_day(*survival.groups, 1825)
    assert found.estimate == pytest.approx(two - one, rel=1e-9)
    assert found.se == pytest.approx(math.hypot(*errors), rel=1e-9)
    logs = math.log(-math.log(two)) - math.log(-math.log(one))
    z = logs / math.hypot(*(se / (s * math.log(s)) for se, s in zip(errors, (one, two), strict=True)))
    assert found.p == pytest.approx(2 * ndtr(-abs(z)), rel=1e-9)


def test_the_robust_error_of_recurrent_events_by_hand():
    # Three at risk throughout; one has both events: (4/9)^2 + 2 (2/9)^2 = 24/81 against 2/9 if independent.
    ends = pl.DataFrame({"usubjid": ["a", "b", "c"], "time": [5, 5, 5]})
    hits = pl.DataFrame({"usubjid": ["a", "a", "a", "a"], "day": [1, 2, 2, 9]})
    last = estimate_mean_count(ends, hits).row(-1, named=True)
    assert (last["day"], last["mean_count"]) == (2, pytest.approx(2 / 3))
    assert last["se"] ** 2 == pytest.approx(2 / 9)
    assert last["se_robust"] ** 2 == pytest.approx(24 / 81)


def test_the_exponential_is_events_over_time():
    rows = frames.pbc()
    fit = next(item for item in fit_parametric(rows, 5000) if item.family == "exponential")
    rate = rows["event"].sum() / rows["time"].sum()
    assert fit.median == pytest.approx(math.log(2) / rate, rel=1e-4)
    assert fit.curve["survival"][-1] == pytest.approx(math.exp(-rate * 5000), rel=1e-4)
    assert fit_parametric(rows.head(3), 5000) == []


@settings(max_examples=25)
@given(rows=CAUSES)
def test_the_variance_of_incidence_is_the_sum_of_influences(rows):
    times = with_causes(rows)
    table = estimate_incidence(times).filter(pl.col("cause") == "death")
    if table.is_empty() or table["se"][-1] == 0:
        return
    n, step = times.height, 1e-6
    time, causes = times["time"].to_numpy(), times["cause"].fill_null("").to_numpy()
    days, dead, any_ = np.unique(time), causes == "death", causes != ""

    def weighted(weights):
        survival, total = 1.0, 0.0
        for day in days:
            here, risk = time == day, weights[time >= day].sum()
            total += survival * weights[here & dead].sum() / risk
            survival *= 1 - weights[here & any_].sum() / risk
        return total

    base = np.ones(n)
    moved = [
        (weighted(base + step * np.eye(n)[place]) - weighted(base - step * np.eye(n)[place])) / (2 * step)
        for place in range(n)
    ]
    assert table["incidence"][-1] == pytest.approx(weighted(base), abs=1e-12)
    if table["event_free"].min() > 0:  # at 0 the derivative has a corner
        assert table["se"][-1] == pytest.approx(math.sqrt(sum(item**2 for item in moved)), rel=1e-4, abs=1e-7)


def test_a_time_varying_response_equals_lifelines():
    rng = np.random.default_rng(3)
    n = 80
    time = rng.integers(5, 200, n).astype(float)
    times = pl.DataFrame({"usubjid": range(n), "time": time, "event": rng.random(n) < 0.6})
    days = [
        int(day) if there else None for day, there in zip(rng.integers(1, 150, n), rng.random(n) < 0.6, strict=True)
    ]
    rows = derive_switches(times, pl.DataFrame({"usubjid": range(n), "response_day": days}))
    x = rows["responded"].cast(pl.Float64).to_numpy()[:, None]
    fit = fit_cox(Rows(x, rows["time"].to_numpy(), rows["event"].to_numpy(), rows["start"].to_numpy()), ("responded",))
    other = lifelines.CoxTimeVaryingFitter().fit(
        rows.with_columns(pl.col("responded").cast(pl.Float64), pl.col("event").cast(pl.Int64)).to_pandas(),
        id_col="usubjid", start_col="start", stop_col="time", event_col="event", fit_options={"precision": 1e-10},
    )  # fmt: skip
    assert fit.coef[0] == pytest.approx(other.params_["responded"], rel=1e-5)
    assert fit.events == times["event"].sum()


@settings(max_examples=40)
@given(rows=CAUSES)
def test_incidences_and_event_free_survival_add_up_to_one(rows):
    times = with_causes(rows)
    table = estimate_incidence(times)
    if table.is_empty():
        return
    total = table.group_by("day").agg(pl.col("incidence").sum() + pl.col("event_free").first())
    assert total["incidence"].to_list() == pytest.approx([1.0] * total.height)
    naive = overstate(times, table["cause"][0])
    own = table.filter(pl.col("cause") == table["cause"][0])
    assert (naive["incidence"] >= own["incidence"] - 1e-12).all()  # 1 - KM never lies below
    alone = times.with_columns(
        event=pl.col("cause").is_not_null(), cause=pl.when(pl.col("cause").is_not_null()).then(pl.lit("any"))
    )
    one, curve = estimate_incidence(alone), estimate_kaplan_meier(alone)
    assert one["incidence"].to_list() == pytest.approx((1 - curve["survival"]).to_list())


@settings(max_examples=40)
@given(rows=CAUSES)
def test_results_are_the_same_whenever_asked_and_in_any_order(rows):
    times = with_causes(rows)
    shuffled = times.sample(fraction=1.0, shuffle=True, seed=5)
    assert estimate_incidence(times).equals(estimate_incidence(times))
    assert estimate_incidence(times).equals(estimate_incidence(shuffled))
    first, second = compare_incidence(times, "group", "death"), compare_incidence(shuffled, "group", "death")
    assert (first is None) == (second is None)
    if first is not None and first.statistic is not None:
        assert first.statistic == pytest.approx(second.statistic, rel=1e-9)
        assert 0 <= first.p <= 1


@settings(max_examples=40)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(1, 40), st.booleans(), st.floats(-2, 2).map(lambda value: round(value, 3)), st.booleans()
        ),
        min_size=8,
        max_size=40,
    )
)
def test_cox_depends_on_the_order_of_times_only_and_its_score_test_is_the_trend_test(rows):
    x = np.array([[row[2], row[3]] for row in rows], dtype=float)
    stop, event = np.array([row[0] for row in rows], dtype=float), np.array([row[1] for row in rows])
    fit, squeezed = (fit_cox(Rows(x, times, event), ("a", "b")) for times in (stop, np.log(stop)))
    assert (fit.known == squeezed.known).all()
    assert fit.coef[fit.known] == pytest.approx(squeezed.coef[fit.known], rel=1e-6, abs=1e-8)
    single = fit_cox(Rows(x[:, 1:], stop, event), ("b",), "breslow")
    times = pl.DataFrame({"time": stop, "event": event, "group": x[:, 1]})
    chisq, _ = compare_trend(times, "group")
    if single.score.statistic is not None and chisq is not None:
        assert single.score.statistic == pytest.approx(chisq, rel=1e-6, abs=1e-9)
    if fit.known.all():
        assert derive_martingale(fit).sum() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("status", [[0, 1, 2, 1], [1.0, 0.0, 1.0, 2.0], ["1", "0", "2", "1"]])
def test_no_estimator_takes_a_status_code_for_an_event(status):
    times = pl.DataFrame({"time": [1.0, 2.0, 3.0, 4.0], "event": status, "group": list("aabb"), "hazard": [0.1] * 4})
    named = times.with_columns(usubjid=pl.Series(list("abcd")), x=pl.lit(1.0), day=pl.lit(0))
    doors = [
        lambda: estimate_kaplan_meier(times),
        lambda: estimate_nelson_aalen(times),
        lambda: estimate_survival(times, "group"),
        lambda: compare_log_rank(times, "group"),
        lambda: compare_trend(times, "group"),
        lambda: compare_expected(times),
        lambda: fit_parametric(times, 10),
        lambda: select_landmark(named, named.select("usubjid", group=pl.lit(True)), 1),
        lambda: derive_intervals(named, named, ["x"]),
        lambda: stack_landmarks(named, named, [0], 10, ["x"]),
        lambda: estimate_incidence(times.with_columns(cause=pl.Series(range(4)))),
        lambda: compare_incidence(times.with_columns(cause=pl.Series(range(4))), "group", "death"),
        lambda: fit_cox(Rows(np.ones((4, 1)), np.arange(4.0), np.array(status)), ("x",)),
        lambda: fit_firth(Rows(np.ones((4, 1)), np.arange(4.0), np.array(status)), ("x",)),
        lambda: fit_fine_gray(np.ones((4, 1)), np.arange(4.0), np.array(status), np.zeros(4, dtype=bool), ("x",)),
    ]
    for door in doors:
        with pytest.raises(UnusableStatus, match=r"map status codes first|name of an event"):
            door()


def test_a_time_before_zero_is_refused():
    with pytest.raises(UnusableTime):
        estimate_kaplan_meier(pl.DataFrame({"time": [-1.0], "event": [True]}))


@pytest.mark.parametrize(
    ("time", "event"),
    [([], []), ([5.0], [True]), ([5.0], [False]), ([3.0, 3.0, 3.0], [True] * 3), ([0.0, 0.0], [True, False]),
     ([1.0, 2.0], [False, False]), ([0.0], [True])],
)  # fmt: skip
def test_degenerate_data_give_no_exception_and_no_false_certainty(time, event):
    rows = pl.DataFrame({"time": time, "event": event}, schema={"time": pl.Float64, "event": pl.Boolean})
    rows = rows.with_columns(group=pl.lit("a"), cause=pl.when(pl.col("event")).then(pl.lit("death")))
    estimate_kaplan_meier(rows)
    estimate_nelson_aalen(rows)
    estimate_survival(rows, "group")
    estimate_survival(rows)
    estimate_incidence(rows)
    assert compare_log_rank(rows, "group") is None
    assert compare_incidence(rows, "group", "death") is None
    assert fit_parametric(rows, 100) == []
    given = Rows(np.zeros((len(time), 1)), rows["time"].to_numpy(), rows["event"].to_numpy())
    fit = fit_cox(given, ("x",))
    assert not fit.known.any()
    assert fit.likelihood_ratio.p is None
    assert np.isnan(fit_firth(given, ("x",)).coef).all()
    fine = fit_fine_gray(given.x, given.stop, given.event, np.zeros(len(time), dtype=bool), ("x",))
    assert np.isnan(fine.coef).all()
    assert estimate_concordance(fit).estimate in (None, 0.5)


def test_separation_is_named_and_takes_nothing_from_the_other_terms():
    rng = np.random.default_rng(2)
    arm = np.repeat([0.0, 1.0], 20)
    other = rng.normal(0, 1, 40)
    stop = np.arange(1.0, 41.0)
    event = arm == 0
    fit = fit_cox(Rows(np.column_stack([arm, other]), stop, event), ("arm", "other"))
    assert fit.infinite.tolist() == [True, False]
    assert fit.known.tolist() == [False, True]
    assert check_proportionality(fit).terms == ("other", "GLOBAL")


def test_an_event_on_day_0_has_a_place_on_every_time_scale():
    rows = make_rows([[0], [1], [0], [1], [1], [0]], [0, 1, 2, 3, 5, 8], [True, True, False, True, True, True])
    fit = fit_cox(rows, ("x",))
    for transform in TRANSFORMS:
        assert np.isfinite(check_proportionality(fit, transform).statistic).all()


def test_restricted_means_that_were_not_observed_are_not_compared():
    short = estimate_kaplan_meier(pl.DataFrame({"time": [10.0, 20.0], "event": [True, False]}))
    difference, ratio = compare_rmst(short, short, 100)
    assert (difference.estimate, ratio.estimate) == (None, None)
    same, _ = compare_rmst(short, short, 20)
    assert (same.estimate, same.p) == (0.0, 1.0)
