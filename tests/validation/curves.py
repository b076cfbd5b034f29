"""R's survival curves, tests and restricted means, and ours."""

import numpy as np
import polars as pl

from analytics.statistics.multiplicity import adjust
from analytics.survival.kaplan_meier import (
    LIMITS,
    estimate_kaplan_meier,
    estimate_nelson_aalen,
    estimate_quantile,
    select_days,
)
from analytics.survival.log_rank import LogRank, compare_log_rank, compare_pairs, compare_trend
from analytics.survival.restricted_mean import Contrast, compare_rmst, estimate_rmst
from tests.validation import frames
from tests.validation.compare import Case, Entry, read_entries

FAMILY = {"logrank": "logrank", "gehan": "gehan", "tarone_ware": "tarone_ware", "peto_peto": "peto",
          "fh_1_0": "fh_1_0", "fh_0_1": "fh_0_1", "fh_1_1": "fh_1_1"}  # fmt: skip
YEAR = 365.25


def record_curve(rows: pl.DataFrame, theirs: Entry, limits: str) -> Entry:
    """A curve at R's times, with its quantiles."""
    curve = estimate_kaplan_meier(rows, limits)
    at = select_days(curve, [float(time) for time in theirs["times"]])
    se = pl.DataFrame({"day": [float(time) for time in theirs["times"]]}).join_asof(curve, on="day")["se"]
    quantiles = [estimate_quantile(curve, share) for share in theirs["quantile_prob"]]
    return {
        "n": rows.height, "events": int(rows["event"].sum()), "censored": int((~rows["event"]).sum()),
        "max_time": rows["time"].max(), "times": theirs["times"], "n_risk": at["at_risk"].to_list(),
        "cum_events": at["events"].to_list(), "cum_censored": at["censored"].to_list(),
        "surv": at["survival"].to_list(), "lower": at["lower"].to_list(), "upper": at["upper"].to_list(),
        "se_greenwood": se.to_list(), "quantile_prob": theirs["quantile_prob"],
        "quantile": [item.day for item in quantiles], "quantile_lower": [item.lower for item in quantiles],
        "quantile_upper": [item.upper for item in quantiles],
    }  # fmt: skip


def record_curves(entry: str, rows: pl.DataFrame, by: str = "") -> Entry:
    """The curves of every group with all three kinds of limits."""
    theirs = read_entries()[entry]["result"]
    return {
        limits: {
            group: record_curve(rows.filter(pl.col(by).cast(pl.String) == group) if by else rows, expected, limits)
            for group, expected in theirs[limits].items()
        }
        for limits in LIMITS
    }


def record_edge(entry: str) -> Entry:
    """R's edge cases hold one group without a name."""
    inputs, theirs = read_entries()[entry]["inputs"], read_entries()[entry]["result"]
    times, status = (value if isinstance(value, list) else [value] for value in (inputs["time"], inputs["status"]))
    rows = pl.DataFrame({"time": [float(time) for time in times], "event": [bool(item) for item in status]})
    return {limits: record_curve(rows, theirs[limits], limits) for limits in LIMITS}


def record_truncated(entry: Entry) -> Entry:
    """Men on the age scale, under observation from the age at their index date, conditional on 40 years."""
    days = pl.col("age") * YEAR
    men = frames.nafld().filter(pl.col("male") == 1).with_columns(entry=days, time=days + pl.col("futime"))
    curve = estimate_kaplan_meier(men, start=40 * YEAR)
    ages = read_entries()["km_nafld_age_scale_men"]["result"]["age_years"]
    at = select_days(curve, [age * YEAR for age in ages])
    se = pl.DataFrame({"day": [age * YEAR for age in ages]}).join_asof(curve, on="day")["se"]
    return {
        "age_years": ages, "n_risk": at["at_risk"].to_list(), "surv": at["survival"].to_list(), "se": se.to_list(),
        "lower": at["lower"].to_list(), "upper": at["upper"].to_list(),
    }  # fmt: skip


def record_hazard(entry: Entry) -> Entry:
    """The cumulative hazard of the Mayo trial, ties at once and one after the other."""
    times = pl.DataFrame({"day": [365.0, 1095.0, 1825.0, 3650.0]})
    result: Entry = {"times": times["day"].to_list()}
    for ties, name in ((False, "nelson_aalen"), (True, "fh")):
        at = times.join_asof(estimate_nelson_aalen(frames.pbc(), ties), on="day")
        result[f"cumhaz_{name}"], result[f"se_{name}"] = at["hazard"].to_list(), at["se"].to_list()
    return result


def record_test(test: LogRank, rho: int) -> Entry:
    """A test in the shape of survdiff."""
    by, n = test.groups.columns[0], test.groups["n"].to_list()
    return {
        "rho": rho, "groups": [str(name) for name in test.groups[by]], "n": n,
        "observed": test.groups["observed"].to_list(), "expected": test.groups["expected"].to_list(),
        "var": test.covariance.tolist(), "chisq": test.statistic, "df": test.df, "p": test.p,
    }  # fmt: skip


def record_tests(rows: pl.DataFrame, by: str, strata: str | None = None) -> Entry:
    """The whole family, the trend and the pairs."""
    tests = {name: compare_log_rank(rows, by, weight, strata) for name, weight in FAMILY.items()}
    found = {name: test for name, test in tests.items() if test is not None}
    family = {
        name: {
            "U": (test.groups["observed"] - test.groups["expected"]).to_list(),
            "chisq": test.statistic, "df": test.df, "p": test.p,
        }
        for name, test in found.items()
    }  # fmt: skip
    chisq, p = compare_trend(rows, by, strata)
    pairs = compare_pairs(rows, by)
    raw = [test.p or 0.0 for _, _, test in pairs]
    return {
        "logrank": record_test(found["logrank"], 0),
        "peto_peto_rho1": record_test(found["fh_1_0"], 1),
        "weighted_family": family,
        "trend_score": {"scores": "1..k in sorted order", "chisq": chisq, "df": 1, "p": p},
        "pairwise": {
            "group1": [int(first) for first, _, _ in pairs], "group2": [int(second) for _, second, _ in pairs],
            "p": raw, "p_holm": adjust(raw, "holm"), "p_bonferroni": adjust(raw, "bonferroni"),
            "p_bh": adjust(raw, "BH"),
        },
    }  # fmt: skip


def record_means(rows: pl.DataFrame, by: str, tau: float) -> Entry:
    """Restricted means by group, their difference and ratio."""
    names = rows[by].unique().sort().to_list()
    curves = {str(name): estimate_kaplan_meier(rows.filter(pl.col(by) == name)) for name in names}
    groups = {}
    for name, curve in curves.items():
        mean, se = estimate_rmst(curve, tau)
        assert mean is not None
        assert se is not None
        groups[name] = {
            "n": rows.filter(pl.col(by).cast(pl.String) == name).height, "rmst": mean, "se": se,
            "lower": mean - 1.959963984540054 * se, "upper": mean + 1.959963984540054 * se, "rmst_survmean": mean,
            "se_survmean": se, "rmtl": tau - mean,
        }  # fmt: skip
    difference, ratio = compare_rmst(*curves.values(), tau)
    return {
        "by_group": groups, "contrast": f"{names[1]} minus {names[0]}", **shown(difference, "difference", ""),
        "ratio": ratio.estimate, "ratio_lower": ratio.lower, "ratio_upper": ratio.upper, "ratio_p": ratio.p,
    }  # fmt: skip


def shown(found: Contrast, name: str, prefix: str) -> Entry:
    """A contrast under R's names."""
    return {name: found.estimate, "se": found.se, "lower": found.lower, "upper": found.upper, "p": found.p}


def record_follow_up(rows: pl.DataFrame, by: str = "") -> Entry:
    """Reverse Kaplan-Meier: the median time under observation, censoring being the event."""
    turned = rows.with_columns(event=~pl.col("event"))
    parts = {str(name): turned.filter(pl.col(by) == name) for name in turned[by].unique().sort()} if by else {}
    result: Entry = {}
    for name, part in (parts or {"all": turned}).items():
        result[name] = {"n": part.height, "naive_median_time": float(np.median(part["time"].to_numpy()))}
        for limits in LIMITS:
            median = estimate_quantile(estimate_kaplan_meier(part, limits))
            result[name][limits] = {"median": median.day, "lower": median.lower, "upper": median.upper}
    return result


EDGES = [
    "km_edge_ties_event_and_censor", "km_edge_last_is_event", "km_edge_all_censored", "km_edge_all_events_same_time",
    "km_edge_median_exactly_half", "km_edge_event_at_zero", "km_edge_one_subject",
]  # fmt: skip
CASES = {
    "km_pbc_os_all": Case(lambda _: record_curves("km_pbc_os_all", frames.pbc())),
    "km_pbc_os_trt": Case(lambda _: record_curves("km_pbc_os_trt", frames.randomized(), "trt")),
    "km_lung_sex": Case(lambda _: record_curves("km_lung_sex", frames.lung(), "sex")),
    "km_nafld_case": Case(lambda _: record_curves("km_nafld_case", frames.matched(), "group")),
    "km_hcc_os_cirrhosis": Case(lambda _: record_curves("km_hcc_os_cirrhosis", frames.hcc(), "Cirrhosis")),
    "km_nafld_age_scale_men": Case(record_truncated),
    **{name: Case(lambda _, name=name: record_edge(name)) for name in EDGES},
    "na_pbc_os": Case(record_hazard),
    "lr_pbc_trt": Case(lambda _: record_tests(frames.randomized(), "trt")),
    "lr_pbc_trt_by_stage": Case(lambda _: record_tests(frames.randomized(), "trt", "stage")),
    "lr_lung_sex": Case(lambda _: record_tests(frames.lung(), "sex")),
    "lr_lung_ecog": Case(lambda _: record_tests(frames.lung().drop_nulls("ph.ecog"), "ph.ecog")),
    "lr_hcc_tnm": Case(lambda _: record_tests(frames.hcc(), "TNM")),
    "rmst_pbc_trt_3650": Case(lambda _: record_means(frames.randomized(), "trt", 3650)),
    "rmst_lung_sex_600": Case(lambda _: record_means(frames.lung(), "sex", 600)),
    "rmst_nafld_case_3652": Case(lambda _: record_means(frames.matched(), "group", 3652)),
    "followup_pbc_os": Case(lambda _: record_follow_up(frames.randomized(), "trt")),
    "followup_lung": Case(lambda _: record_follow_up(frames.lung())),
}
