"""Every survival entry of R's results and how it is computed here."""

from tests.validation import curves, events, models

TOPICS = (
    "kaplan_meier", "kaplan_meier_left_truncated", "kaplan_meier_edge", "nelson_aalen", "logrank", "rmst",
    "reverse_km_followup", "cox", "cox_time_dependent", "counting_process_layout", "cumulative_incidence",
    "competing_risk_regression", "landmark", "mean_cumulative_function",
)  # fmt: skip
CASES = curves.CASES | models.CASES | events.CASES
# What a reader of a row must know.
REMARKS = {
    "mcf_nafld_heart_failure": "what the file calls se_robust is the root of the sum of d / n^2 (no patient has two "
    "such events), and is compared with our `se`; the error by patient is checked by hand (below)",
    "km_nafld_age_scale_men": "on a day on which nobody leaves, the number at risk counts those who enter on it, as R "
    "prints it",
}
# What R's file does not hold: against what it is checked, and the test that does it.
ELSEWHERE = [
    ("Firth's penalised Cox model", "two patients by hand (log 3), four by hand (0), Cox where events are many",
     "test_firth_of_two_patients_is_the_logarithm_of_three"),
    ("Permutation log-rank", "all 20 arrangements of 3 against 3 by hand (p = 0.1)",
     "test_three_against_three_can_reach_no_smaller_p_than_one_in_ten"),
    ("Permutation log-rank, error of the first kind", "400 simulated trials without a difference",
     "test_the_permutation_test_keeps_its_level_in_small_trials"),
    ("One-sample log-rank", "hand-worked; Poisson limits of 2 events, 0.2422 to 7.2247 (Garwood 1936)",
     "test_two_deaths_where_one_was_expected"),
    ("Expected survival of the Mayo model", "a patient's own score, year by year",
     "test_expected_hazard_follows_the_published_years"),
    ("Landmark super-model", "coverage of the 95 % limits in 100 simulated cohorts of known hazard",
     "test_limits_of_the_super_model_cover_the_truth"),
    ("Landmark super-model, calibration", "Mayo trial, patients predicted by models fitted without them",
     "test_predictions_of_the_mayo_trial_are_calibrated"),
    ("Difference at a fixed time", "the formula written out from R's curves",
     "test_a_difference_at_five_years_follows_from_the_curves_of_r"),
    ("Mean cumulative count, robust error", "three patients by hand",
     "test_the_robust_error_of_recurrent_events_by_hand"),
    ("Parametric curves", "the exponential by hand: events over time observed",
     "test_the_exponential_is_events_over_time"),
    ("Aalen-Johansen variance", "the sum over all patients of their influence, one by one",
     "test_the_variance_of_incidence_is_the_sum_of_influences"),
    ("Trend of a time-varying response", "Cox by rows against the same model of lifelines",
     "test_a_time_varying_response_equals_lifelines"),
]  # fmt: skip
