"""Responders against others, rightly from a landmark, rightly as time goes on, and naively to show the bias."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from analytics.responding import derive_response_days, group_by_landmark
from analytics.rules import Rule
from analytics.survival.cox import Rows, fit_cox
from analytics.survival.landmark import derive_naive_groups, derive_switches, select_landmark
from analytics.survival.log_rank import LogRank, compare_log_rank

RATIOS = {
    "comparison": pl.String, "patients": pl.Int64, "ratio": pl.Float64, "lower": pl.Float64, "upper": pl.Float64,
    "p": pl.Float64,
}  # fmt: skip


SIDES = {False: "had not yet responded", True: "had responded"}
NAIVE = {True: "ever responded", False: "never responded"}


@dataclass(frozen=True)
class Comparison:
    """The landmark's rows (``group``: responded) and who is not in them, its test, the naive rows, all ratios."""

    rows: pl.DataFrame
    before: int
    unknown: int
    log_rank: LogRank | None
    naive: pl.DataFrame
    ratios: pl.DataFrame


def compare_responders(times: pl.DataFrame, panel: pl.DataFrame, rule: Rule, day: float) -> Comparison:
    """The hazard ratio of response from the landmark ``day``, time-varying, and naively from the start.

    Needs of ``times`` usubjid, time (from day 0) and event.
    """
    plain = times.drop_nulls(["time", "event"]).select("usubjid", "time", "event")
    responses = derive_response_days(panel, rule)
    landmark = select_landmark(plain, group_by_landmark(responses, panel, rule, day), day)
    naive = derive_naive_groups(plain, responses.select("usubjid", group=pl.col("response_day").is_not_null()))
    switches = derive_switches(plain, responses)
    answers = [
        (f"From day {day:.0f} (landmark)", landmark.rows.height, *fit_ratio(landmark.rows, "group")),
        ("Non-responder until the response (time-varying)", plain.height, *fit_ratio(switches, "responded")),
        ("From day 0, by later response (biased)", naive.height, *fit_ratio(naive, "group")),
    ]
    ratios = pl.DataFrame(answers, schema=RATIOS, orient="row")
    test = compare_log_rank(landmark.rows, "group")
    return Comparison(landmark.rows, landmark.before, landmark.unknown, test, naive, ratios)


def fit_ratio(rows: pl.DataFrame, column: str) -> tuple[float | None, float | None, float | None, float | None]:
    """The hazard ratio of a yes or no with limits and p; None where it is not estimable."""
    if rows.is_empty():
        return None, None, None, None
    x = rows[column].cast(pl.Float64).to_numpy()[:, None]
    start = rows["start"].to_numpy() if "start" in rows.columns else None
    fit = fit_cox(Rows(x, rows["time"].cast(pl.Float64).to_numpy(), rows["event"].to_numpy(), start), (column,))
    if not fit.known[0]:
        return None, None, None, None
    lower, upper = fit.limits
    return float(np.exp(fit.coef[0])), float(lower[0]), float(upper[0]), float(fit.p[0])
