"""The log-rank family: weighted, stratified, for trend, by pairs; and its permutation form for small groups."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import polars as pl
from scipy.special import chdtrc

from analytics.catalog.constants import SMALL
from analytics.statistics.interval import Array, Index, Mask
from analytics.survival.counting import count_leaving
from analytics.survival.door import open_rows, read_times
from analytics.survival.permutation import permute
from analytics.survival.weights import weigh_times


@dataclass(frozen=True)
class LogRank:
    """The test of equal survival. ``p`` rests on the chi-square distribution.

    ``groups`` has the group, ``n``, ``observed`` and ``expected`` (weighted). ``p_permutation`` is given
    where a group has fewer than 10 subjects: ``exact`` says whether all arrangements were counted,
    ``smallest`` is the least p value that this design can reach.
    """

    statistic: float | None
    df: int
    p: float | None
    groups: pl.DataFrame
    covariance: Array
    p_permutation: float | None = None
    exact: bool = False
    smallest: float | None = None


def compare_log_rank(
    times: pl.DataFrame, by: str, weight: str = "logrank", strata: str | None = None
) -> LogRank | None:
    """Compare the survival of the groups in column ``by``; None for fewer than two groups.

    Needs ``time``, ``event`` and ``by``, takes ``entry``; rows with a missing one are left out, as are
    rows without a stratum. The statistic is missing without events. ``weight`` is a key of WEIGHTS.

    Source: Mantel N. Cancer Chemother Rep 1966;50:163 (R: survdiff); Gehan EA. Biometrika 1965;52:203;
    Tarone RE, Ware J. Biometrika 1977;64:156; Peto R, Peto J. J R Stat Soc A 1972;135:185; Harrington DP,
    Fleming TR. Biometrika 1982;69:553 (weights from the pooled curve of the stratum).
    """
    counted = count_log_rank(times, by, strata)
    return None if counted is None else weigh_log_rank(counted, weight)


@dataclass(frozen=True)
class Counted:
    """What every test of the family is made of: the rows, their groups and strata, and the counts.

    ``parts`` has for each stratum the events and the subjects at risk, a row an event time, a column a group.
    """

    known: pl.DataFrame
    by: str
    names: pl.Series
    codes: Index
    blocks: Index | None
    parts: tuple[tuple[Array, Array], ...]


def count_log_rank(times: pl.DataFrame, by: str, strata: str | None = None) -> Counted | None:
    """Count once for all weights; None for fewer than two groups."""
    known = open_rows(times, [by, *([strata] if strata else [])])
    names, codes = number_groups(known[by])
    if names.len() < 2:
        return None
    time, event, entry = read_times(known)
    if strata is None:
        return Counted(known, by, names, codes, None, (count_groups(time, event, entry, codes, names.len()),))
    blocks = number_groups(known[strata])[1]
    parts = []
    for block in range(int(blocks.max(initial=-1)) + 1):
        own = blocks == block
        late = None if entry is None else entry[own]
        parts.append(count_groups(time[own], event[own], late, codes[own], names.len()))
    return Counted(known, by, names, codes, blocks, tuple(parts))


def weigh_log_rank(counted: Counted, weight: str = "logrank") -> LogRank:
    """The test with this weight, by permutation too where a group is small."""
    weighed = [
        weigh_counts(dead, at_risk, weigh_times(dead.sum(axis=1), at_risk.sum(axis=1), weight))
        for dead, at_risk in counted.parts
    ]
    observed, expected, covariance = (np.sum([part[place] for part in weighed], axis=0) for place in range(3))
    df = counted.names.len() - 1
    statistic = solve_statistic((observed - expected)[:df], covariance[:df, :df])
    sizes = np.bincount(counted.codes)
    groups = pl.DataFrame({counted.by: counted.names, "n": sizes, "observed": observed, "expected": expected})
    result = LogRank(statistic, df, None if statistic is None else float(chdtrc(df, statistic)), groups, covariance)
    if sizes.min() >= SMALL or statistic is None:
        return result
    blocks = np.zeros(counted.known.height, dtype=np.int64) if counted.blocks is None else counted.blocks
    found = permute(*read_times(counted.known), counted.codes, blocks, weight)
    return replace(result, p_permutation=found.p, exact=found.exact, smallest=found.smallest)


def number_groups(groups: pl.Series) -> tuple[pl.Series, Index]:
    """The sorted names of groups, and each row's place among them."""
    names = groups.unique().sort()
    if groups.dtype in (pl.String, pl.Enum) and not groups.null_count():
        return names, groups.cast(pl.Enum(names.cast(pl.String))).to_physical().to_numpy().astype(np.int64)
    places = pl.DataFrame({"name": names, "place": range(names.len())}, schema_overrides={"place": pl.Int64})
    found = groups.to_frame("name").join(places, on="name", how="left", maintain_order="left")
    return names, found["place"].to_numpy()


def count_groups(time: Array, event: Mask, entry: Array | None, codes: Index, groups: int) -> tuple[Array, Array]:
    """Events and subjects at risk at every distinct event time, a column a group."""
    every, cells = count_leaving(time, codes * 2 + event, 2 * groups)
    leaving, dead = (cells[:, 0::2] + cells[:, 1::2]).astype(float), cells[:, 1::2].astype(float)
    at_risk = leaving[::-1].cumsum(axis=0)[::-1]
    if entry is not None:
        for group in range(groups):
            late = np.sort(entry[codes == group])
            at_risk[:, group] -= len(late) - np.searchsorted(late, every)
    some = dead.sum(axis=1) > 0
    return dead[some], at_risk[some]


def weigh_counts(dead: Array, at_risk: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Weighted observed and expected events a group, and the covariance of their differences."""
    d, n = dead.sum(axis=1), at_risk.sum(axis=1)
    share = at_risk / np.maximum(n, 1)[:, None]
    # One subject at risk leaves no variance: its factor is 0 / 0.
    factor = weight**2 * d * np.where(n > 1, (n - d) / np.maximum(n - 1, 1), 0)
    spread = factor[:, None] * share
    covariance = np.diag(spread.sum(axis=0)) - spread.T @ share
    return (weight[:, None] * dead).sum(axis=0), ((weight * d)[:, None] * share).sum(axis=0), covariance


def solve_statistic(difference: Array, covariance: Array) -> float | None:
    """The chi-square statistic; None where the variance is zero, as without events."""
    if not len(covariance) or np.linalg.matrix_rank(covariance) < len(covariance):
        return None
    return float(difference @ np.linalg.solve(covariance, difference))


def compare_trend(times: pl.DataFrame, by: str, strata: str | None = None) -> tuple[float | None, float | None]:
    """Chi-square (1 df) and p of a trend over the groups numbered 1, 2, … in sorted order.

    The Breslow score test of the group's number. None for fewer than two groups, and without events.

    Source: Tarone RE. Biometrika 1975;62:679 (R: the score test of coxph, ties = "breslow").
    """
    known = open_rows(times, [by, *([strata] if strata else [])]).sort(by)
    names, codes = number_groups(known[by])
    if names.len() < 2:
        return None, None
    time, event, entry = read_times(known)
    blocks = number_groups(known[strata])[1] if strata else np.zeros(len(time), dtype=np.int64)
    numbers = np.arange(names.len())
    score = variance = 0.0
    for block in np.unique(blocks):
        own = blocks == block
        late = None if entry is None else entry[own]
        dead, at_risk = count_groups(time[own], event[own], late, codes[own], names.len())
        share, d = at_risk / at_risk.sum(axis=1, keepdims=True), dead.sum(axis=1)
        mean = share @ numbers
        score += float((dead @ numbers - d * mean).sum())
        variance += float((d * (share @ numbers**2 - mean**2)).sum())
    if not variance > 0:
        return None, None
    return score**2 / variance, float(chdtrc(1, score**2 / variance))


def compare_pairs(
    times: pl.DataFrame, by: str, weight: str = "logrank", strata: str | None = None
) -> list[tuple[str, str, LogRank]]:
    """The test of every pair of groups, each of those two alone."""
    names = [str(name) for name in open_rows(times, [by])[by].unique().sort()]
    tests = []
    for first, second in combinations(names, 2):
        both = times.filter(pl.col(by).cast(pl.String).is_in([first, second]))
        test = compare_log_rank(both, by, weight, strata)
        if test is not None:
            tests.append((first, second, test))
    return tests
