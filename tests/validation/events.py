"""R's competing risks, landmarks, time-varying models and recurrent events, and ours."""

import polars as pl

from analytics.survival.competing import compare_incidence, estimate_incidence, list_causes, overstate
from analytics.survival.counting_process import derive_intervals, estimate_mean_count
from analytics.survival.fine_gray import fit_fine_gray
from analytics.survival.kaplan_meier import LIMITS
from analytics.survival.landmark import select_landmark
from analytics.survival.log_rank import compare_log_rank
from analytics.survival.residuals import check_proportionality
from tests.validation import curves, frames
from tests.validation.compare import COX, FINE_GRAY, REFERENCE, Case, Entry, read_entries
from tests.validation.models import MAYO, record, record_zph

CMPRSK_VARIANCE = (
    "cmprsk prints another variance of the same estimate (causes taken as independent); the infinitesimal jackknife "
    "of survfit is the one shown, and is compared"
)


def record_incidence(entry: str, rows: pl.DataFrame, by: str = "") -> Entry:
    """The cumulative incidence of every cause and group, with three kinds of limits, and Gray's test."""
    theirs, result = read_entries()[entry]["result"], {}
    for group, expected in theirs["by_group"].items():
        own = rows.filter(pl.col(by).cast(pl.String) == group) if by else rows
        counts = {cause: int((own["cause"] == cause).sum()) for cause in expected["n_events"]}
        result[group] = {"n": own.height, "n_events": counts, "cmprsk_variance": {}, "one_minus_km_wrong": {}}
        for limits in LIMITS:
            result[group][limits] = {}
            for cause in list_causes(own):
                days = [float(time) for time in expected[limits][cause]["times"]]
                asked = pl.DataFrame({"day": days})
                at = asked.join_asof(estimate_incidence(own, limits).filter(pl.col("cause") == cause), on="day")
                names = {"cif": "incidence", "se": "se", "lower": "lower", "upper": "upper"}
                result[group][limits][cause] = {"times": days} | {k: at[v].to_list() for k, v in names.items()}
                result[group]["event_free"] = at["event_free"].to_list()
                naive = asked.join_asof(overstate(own, cause), on="day")["incidence"].to_list()
                result[group]["one_minus_km_wrong"][cause] = naive
                result[group]["cmprsk_variance"][cause] = {"times": days, "est": at["incidence"].to_list()}
    if not by:
        return {"by_group": result}
    tests = [compare_incidence(rows, by, cause) for cause in theirs["gray_test"]["event"]]
    found = [test for test in tests if test is not None]
    gray = {
        "event": [test.cause for test in found], "statistic": [test.statistic for test in found],
        "p": [test.p for test in found], "df": [test.df for test in found],
    }  # fmt: skip
    return {"by_group": result, "gray_test": gray}


def record_regression(entry: Entry) -> Entry:
    """Cause-specific Cox and Fine-Gray."""
    terms, rows = ["trt", "age", "log(bili)"], frames.randomized()
    x = rows.select(pl.col(terms).cast(pl.Float64)).to_numpy()
    result: Entry = {}
    for cause in ("transplant", "death"):
        own = rows.with_columns(event=(pl.col("cause") == cause).fill_null(False))
        event = own["event"].to_numpy()
        other = rows["cause"].is_not_null().to_numpy() & ~event
        fine = fit_fine_gray(x, rows["time"].to_numpy(), event, other, tuple(terms))
        result[cause] = {
            "cause_specific": record(frames.fit(own, terms, "efron"), residuals=False),
            "fine_gray_crr": {
                "terms": terms, "coef": fine.coef.tolist(), "se": fine.se.tolist(), "p": fine.p.tolist(),
                "loglik": fine.loglik,
            },
            "fine_gray_finegray_breslow_coef": fine.coef.tolist(),
        }  # fmt: skip
    return result


def read_intervals(covariates: list[str], endpoint: str = "death") -> pl.DataFrame:
    """The serial Mayo data as counting-process rows."""
    visits = frames.visits().with_columns(usubjid=pl.col("id"))
    times = visits.unique("id", maintain_order=True).select("usubjid", time="futime", event=pl.col("status") == 2)
    if endpoint != "death":
        last = visits.unique("id", maintain_order=True)
        times = last.select("usubjid", time="futime", event=pl.col("status") == 1)
    return derive_intervals(visits, times, covariates)


def record_layout(entry: Entry) -> Entry:
    """The rows that tmerge makes."""
    rows = read_intervals(["bili"])
    second = rows.filter(pl.col("usubjid") == 2)
    return {
        "n_rows": rows.height, "n_subjects": rows["usubjid"].n_unique(),
        "total_person_days": float((rows["time"] - rows["start"]).sum()), "deaths": int(rows["event"].sum()),
        "transplants": int(read_intervals(["bili"], "transplant")["event"].sum()),
        "rows_of_id_2": {
            "tstart": second["start"].to_list(), "tstop": second["time"].to_list(),
            "endpt": second["event"].cast(pl.Int64).to_list(), "bili": second["bili"].to_list(),
        },
    }  # fmt: skip


def record_changing(name: str, terms: list[str]) -> Entry:
    """A model of changing values beside the one of their first values."""
    raw = ["age", "edema", "bili", "albumin", "protime"]
    logs = {f"log({name})": pl.col(name).log() for name in ("bili", "albumin", "protime")}
    rows = read_intervals(raw).with_columns(**logs)
    first = (
        frames.visits()
        .sort("id", "day")
        .unique("id", keep="first", maintain_order=True)
        .with_columns(time="futime", event=pl.col("status") == 2, **logs)
    )
    fits = {ties: frames.fit(rows, terms, ties, start="start") for ties in ("efron", "breslow")}
    result = {ties: record(fit, residuals=False) for ties, fit in fits.items()}
    result["baseline_only"] = record(frames.fit(first, terms, "efron"), residuals=False)
    return result | {"zph_km": record_zph(check_proportionality(fits["efron"]))}


def record_landmark(name: str, day: int, window: tuple[int, int], column: str, target: int) -> Entry:
    """Responders and others from the end of a visit window on."""
    visits = frames.visits()
    base = visits.sort("id", "day").unique("id", keep="first").select("id", base=pl.col(column))
    within = visits.filter(pl.col("day") > window[0], pl.col("day") <= window[1])
    closest = within.sort("id", (pl.col("day") - target).abs(), "day").unique("id", keep="first", maintain_order=True)
    responded = pl.col(column) < pl.col("base") if column == "bili" else pl.col(column) >= 3.5
    responses = closest.join(base, on="id").select(usubjid="id", group=responded)
    died = (pl.col("status") == 2) if column == "bili" else (pl.col("status") >= 1)
    people = visits.unique("id", keep="first", maintain_order=True).select(
        "age", usubjid="id", time="futime", event=died
    )
    found = select_landmark(people, responses, day)
    rows = found.rows.with_columns(resp=pl.col("group").cast(pl.Float64), group=pl.col("group").cast(pl.Int64))
    test = compare_log_rank(rows, "group")
    assert test is not None
    theirs = read_entries()[name]["result"]["km_by_response"]
    groups = {
        group: curves.record_curve(rows.filter(pl.col("group") == int(group)), expected, "log-log")
        for group, expected in theirs.items()
    }
    return {
        "n_subjects": rows.height, "n_before_landmark_lost": found.before, "n_alive_without_visit": found.unknown,
        "n_responders": int(rows["group"].sum()), "km_by_response": groups, "logrank_chisq": test.statistic,
        "logrank_p": test.p, "cox": record(frames.fit(rows, ["resp", "age"], "efron"), residuals=False),
    }  # fmt: skip


def record_counts(entry: Entry) -> Entry:
    """Heart failures of patients with fatty liver and of their controls.

    R's "se_robust" is the root of the sum of d / n^2 (no patient has two such events): our ``se``.
    """
    events = pl.read_parquet(REFERENCE / "nafld3.parquet").filter(pl.col("event") == "heart failure")
    hits = events.select(usubjid="id", day="days")
    result: Entry = {}
    for group in ("case", "control"):
        own = frames.matched().filter(pl.col("group") == group).select(usubjid="id", time="futime")
        curve = estimate_mean_count(own, hits.join(own.select("usubjid"), on="usubjid", how="semi"))
        days = [365.0, 1826.0, 3652.0]
        at = pl.DataFrame({"day": days}).join_asof(curve, on="day")
        result[f"grp={group}"] = {
            "times": days, "mcf": at["mean_count"].to_list(), "se_robust": at["se"].to_list(),
            "n_risk": [int((own["time"] >= day).sum()) for day in days],
        }  # fmt: skip
    return result


def waiting() -> pl.DataFrame:
    """The waiting list with its causes."""
    rows = frames.read("mayo_transplant_waitlist.csv")
    return rows.with_columns(
        time=pl.col("futime"), cause=pl.when(pl.col("event") != "censored").then(pl.col("event"))
    ).drop("event")


CASES = {
    "cox_td_bili_protime_death": Case(
        lambda _: record_changing("cox_td_bili_protime_death", ["log(bili)", "log(protime)"]), COX
    ),
    "cox_td_mayo_death": Case(lambda _: record_changing("cox_td_mayo_death", MAYO), COX),
    "tdc_layout_check": Case(record_layout),
    "cif_pbc_trt": Case(
        lambda _: record_incidence("cif_pbc_trt", frames.randomized(), "trt"), left={"var_delta": CMPRSK_VARIANCE}
    ),
    "cif_transplant_all": Case(
        lambda _: record_incidence("cif_transplant_all", waiting()), left={"var_delta": CMPRSK_VARIANCE}
    ),
    "crreg_pbc": Case(record_regression, FINE_GRAY),
    "landmark_365_bili_fall": Case(lambda _: record_landmark("landmark_365_bili_fall", 456, (274, 456), "bili", 365)),
    "landmark_730_albumin": Case(lambda _: record_landmark("landmark_730_albumin", 912, (548, 912), "albumin", 730)),
    "mcf_nafld_heart_failure": Case(record_counts),
}
