"""Competing risks: cumulative incidence by Aalen and Johansen with exact ties, and Gray's test.

Written here because lifelines moves tied times by a random amount and has no test between groups.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import chdtrc

from analytics.statistics.interval import LEVEL, Array, Index
from analytics.survival.counting import count_leaving
from analytics.survival.door import UnusableStatus, open_rows
from analytics.survival.kaplan_meier import LOG_LOG, count_times, estimate_kaplan_meier, find_limits
from analytics.survival.log_rank import number_groups, solve_statistic


def open_causes(times: pl.DataFrame, columns: tuple[str, ...] = ()) -> pl.DataFrame:
    """Rows with a known time, and ``event`` true where a cause stands.

    ``cause`` is the name of the event that came first, missing where the subject was censored. Raises
    UnusableStatus for numbers: what 1 and 2 mean must be said by name.
    """
    kind = times.schema.get("cause")
    if kind not in (pl.String, pl.Null):
        raise UnusableStatus(f"cause must be the name of an event, missing where censored, not {kind}")
    return open_rows(times.with_columns(pl.col("cause").cast(pl.String), event=pl.col("cause").is_not_null()), columns)


def list_causes(times: pl.DataFrame) -> list[str]:
    """The causes that were observed, in alphabetical order."""
    return open_causes(times)["cause"].drop_nulls().unique().sort().to_list()


def estimate_incidence(times: pl.DataFrame, limits: str = LOG_LOG, level: float = LEVEL) -> pl.DataFrame:
    """The cumulative incidence of every cause: one row a cause and distinct time, and one for day 0.

    Needs ``time`` and ``cause``, takes ``entry``. Returns ``cause``, ``day``, ``at_risk``, ``events`` (of
    the cause), ``incidence``, ``se``, ``lower``, ``upper`` and ``event_free`` (of any cause). Tied events of
    several causes happen at once. The standard error is the infinitesimal jackknife. Empty without an event.

    Source: Aalen OO, Johansen S. Scand J Stat 1978;5:141; Klein JP, Moeschberger ML 2003, 4.7 (R: survfit).
    """
    known = open_causes(times)
    counts = count_times(known)
    at_risk = np.maximum(counts["at_risk"].to_numpy(), 1).astype(float)
    share = counts["events"].to_numpy() / at_risk
    after = np.cumprod(1 - share)
    before = np.append(1.0, after[:-1])[: len(after)]
    causes, deaths = count_deaths(known, counts["day"].to_numpy())
    frames = []
    for cause, dead in zip(causes, deaths.T, strict=True):
        incidence = np.cumsum(before * dead / at_risk)
        se = np.sqrt(vary(incidence, dead / at_risk, share, before, at_risk))
        lower, upper = find_limits(incidence, se, limits, level)
        if not counts["events"][0]:  # nobody has had an event when the observation begins: no uncertainty
            lower[0] = upper[0] = 0.0
        low, high = (pl.Series(limit).fill_nan(None) for limit in (lower, upper))
        frames.append(counts.select(
            cause=pl.lit(cause), day="day", at_risk="at_risk", events=pl.Series(dead), incidence=pl.Series(incidence),
            se=pl.Series(se), lower=low, upper=high, event_free=pl.Series(after),
        ))  # fmt: skip
    return pl.concat(frames) if frames else pl.DataFrame(schema=SCHEMA)


def count_deaths(known: pl.DataFrame, days: Array) -> tuple[list[str], Index]:
    """The causes in alphabetical order, and how many died of each on each of the days."""
    dead = known.drop_nulls("cause")
    causes, codes = number_groups(dead["cause"])
    times, cells = count_leaving(dead["time"].cast(pl.Float64).to_numpy(), codes, causes.len())
    placed = np.zeros((len(days), causes.len()), dtype=np.int64)
    placed[np.searchsorted(days, times)] = cells
    return causes.to_list(), placed


SCHEMA = {
    "cause": pl.String, "day": pl.Float64, "at_risk": pl.Int64, "events": pl.Int64, "incidence": pl.Float64,
    "se": pl.Float64, "lower": pl.Float64, "upper": pl.Float64, "event_free": pl.Float64,
}  # fmt: skip


def vary(incidence: Array, own: Array, share: Array, before: Array, at_risk: Array) -> Array:
    """The variance of the cumulative incidence at every time, by sums that run along with it.

    A step at u moves the incidence at t by S(u-) for its own cause, less what all later steps lose,
    (F(t) - F(u)) / (1 - share). The multinomial variance of the steps, multiplied out in F(t):
    """
    odds = np.where(share < 1, share / np.maximum(1 - share, 1e-300), 0.0)
    constant = (own * (1 - own) * before**2 + 2 * own * before * incidence + odds * incidence**2) / at_risk
    linear = (own * before + odds * incidence) / at_risk
    square = odds / at_risk
    total = np.cumsum(constant) - 2 * incidence * np.cumsum(linear) + incidence**2 * np.cumsum(square)
    return np.maximum(total, 0.0)


def overstate(times: pl.DataFrame, cause: str) -> pl.DataFrame:
    """The naive 1 - Kaplan-Meier with the other causes censored: ``day`` and ``incidence``.

    It overstates the incidence (patients who died cannot be transplanted): only to be shown beside it.
    """
    censored = open_causes(times).with_columns(event=(pl.col("cause") == cause).fill_null(False))
    return estimate_kaplan_meier(censored).select("day", incidence=1 - pl.col("survival"))


@dataclass(frozen=True)
class GrayTest:
    """Gray's test of one cause between groups; statistic and p are None where it cannot be computed."""

    cause: str
    statistic: float | None
    df: int
    p: float | None


def compare_incidence(times: pl.DataFrame, by: str, cause: str) -> GrayTest | None:
    """Gray's test of equal cumulative incidence of ``cause`` in the groups of ``by``; None for one group.

    Needs ``time``, ``cause`` and ``by``. Time to the other causes may differ between the groups.

    Source: Gray RJ. Ann Stat 1988;16:1141, with rho = 0 (R: cmprsk::cuminc).
    """
    known = open_causes(times, (by,)).sort(by)
    names, codes = number_groups(known[by])
    if names.len() < 2:
        return None
    kinds = known.select(own=pl.col("cause") == cause, other=pl.col("event") & (pl.col("cause") != cause))
    state = GrayState(names.len())
    for at_risk, own, other in count_causes(known["time"].to_numpy(), codes, kinds.fill_null(False)):
        state.step(at_risk, own, other)
    df = names.len() - 1
    statistic = None if state.ended else solve_statistic(state.score[:df], state.covariance[:df, :df])
    return GrayTest(cause, statistic, df, None if statistic is None else float(chdtrc(df, statistic)))


def count_causes(time: Array, codes: Index, kinds: pl.DataFrame) -> list[tuple[Array, Array, Array]]:
    """At every event time and for every group: at risk, events of the cause, events of the others."""
    groups = int(codes.max()) + 1
    own, other = (kinds[name].to_numpy() for name in ("own", "other"))
    distinct = np.unique(time[own | other])
    rows = np.zeros((3, len(distinct), groups))
    for group in range(groups):
        mine = codes == group
        rows[0, :, group] = mine.sum() - np.searchsorted(np.sort(time[mine]), distinct)
        for place, dead in ((1, own & mine), (2, other & mine)):
            rows[place, :, group] = np.bincount(np.searchsorted(distinct, time[dead]), minlength=len(distinct))
    return list(zip(*rows, strict=True))


class GrayState:
    """What Gray's test gathers from one event time to the next."""

    def __init__(self, groups: int) -> None:
        """Nothing has happened yet; ``ended``: the pooled incidence is 1, and yet an event follows."""
        self.ended = False
        self.survival, self.incidence, self.pooled = np.ones(groups), np.zeros(groups), 0.0
        self.score = np.zeros(groups)
        self.drift = np.zeros((groups, groups))
        self.single, self.mixed, self.spread = np.zeros((groups, groups)), np.zeros((groups, groups)), np.zeros(groups)

    def step(self, at_risk: Array, own: Array, other: Array) -> None:
        """One event time: its part of the score and of the variance."""
        there = at_risk > 0
        ratio = np.where(there, at_risk / np.where(self.survival > 0, self.survival, 1.0), 0.0)
        left = ratio * (1 - self.incidence)
        dead = own.sum()
        self.ended |= bool(dead) and self.pooled > 1 - 1e-12
        if self.ended:
            return
        after = self.survival * (1 - (own + other) / np.maximum(at_risk, 1))
        grown = self.incidence + self.survival * own / np.maximum(at_risk, 1)
        pooled = self.pooled + dead / ratio.sum()
        project = np.diag(ratio) - np.outer(ratio, ratio) / ratio.sum()
        self.drift += project * dead / (ratio.sum() * (1 - self.pooled)) if dead else 0.0
        lost = np.divide(1 - pooled, after, out=np.zeros_like(after), where=after > 0)
        if dead:
            self.score += own - dead * left / left.sum()
            scale = thin(dead, ratio.sum() * self.survival)
            weight = scale * self.survival * dead / (ratio.sum() * np.maximum(at_risk, 1)) * there
            self.add(project - (1 - lost) * self.drift, 1 - lost, weight)
        seen = (other > 0) & (after > 0)
        weight = np.where(seen, thin(other, at_risk) * self.survival**2 * other / np.maximum(at_risk, 1) ** 2, 0.0)
        self.add(lost * self.drift, -lost, weight)
        self.survival, self.incidence, self.pooled = after, grown, pooled

    def add(self, pull: Array, push: Array, weight: Array) -> None:
        """Add the variance of one kind of events."""
        self.single += (pull * weight) @ pull.T
        self.mixed += pull * push * weight
        self.spread += push**2 * weight

    @property
    def covariance(self) -> Array:
        """The covariance of the scores."""
        cross = self.drift @ self.mixed.T
        return self.single + (self.drift * self.spread) @ self.drift.T + cross + cross.T


def thin(dead: Array | float, at_risk: Array) -> Array:
    """The finite-population factor of tied events."""
    many = np.asarray(dead) > 1
    return np.where(many, 1 - (np.asarray(dead) - 1) / np.where(at_risk > 1, at_risk - 1, 1.0), 1.0)
