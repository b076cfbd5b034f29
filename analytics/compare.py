"""Is a change more than noise? Tests of paired changes by visit, and of groups at a visit.

All take the pairs of ``select_pairs``: one row a subject and visit with ``arm``, ``avisit``, ``base``,
``aval`` and ``chg``. In a group of fewer than 10 only exact methods give a p value.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from analytics.catalog.constants import SMALL
from analytics.change import summarize_values
from analytics.statistics.correlation import check_normal
from analytics.statistics.interval import Array, t_test
from analytics.statistics.linear import compare_adjusted
from analytics.statistics.multiplicity import adjust
from analytics.statistics.signed import (
    HodgesLehmann,
    SignedRank,
    SignFlip,
    compare_sign_flips,
    compare_signed_ranks,
    compare_signs,
    estimate_hodges_lehmann,
    find_smallest_p,
)
from analytics.statistics.two_groups import compare_ranks, compare_summaries, summarize
from analytics.visits import order_visits

MOST_NORMAL = 5_000  # beyond, the approximation of Shapiro and Wilk's p is not known
MEAN = {"t": "t", "df": "df", "p_t": "p"}


def derive_log(pairs: pl.DataFrame) -> pl.DataFrame:
    """Base, value and change on the logarithmic scale, where a change is the logarithm of a ratio.

    Rows whose value or baseline is not above 0 have no logarithm and are left out.
    """
    positive = pairs.filter(pl.col("aval") > 0, pl.col("base") > 0)
    logs = positive.with_columns(pl.col("aval", "base").log())
    return logs.with_columns(chg=pl.col("aval") - pl.col("base"), pchg=pl.lit(None, dtype=pl.Float64))


def split(pairs: pl.DataFrame, visits: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Every visit with its pairs."""
    for visit in order_visits(pairs["avisit"], visits):
        yield visit, pairs.filter(pl.col("avisit") == visit)


def numbers(rows: pl.DataFrame, column: str) -> Array:
    """A column as an array."""
    return rows[column].cast(pl.Float64).to_numpy()


def compare_within(pairs: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """One row a visit and arm: n, mean, SD, interval, and tests of the change against 0.

    ``t``, ``df``, ``p_t``: paired t test, missing below 10. ``v``, ``p_signed_rank``: Wilcoxon, exact up to
    1,000 changes, beyond normal; zeros (``n_zero``) are dropped. ``p_sign_flip``: permutation of the mean,
    exact where ``sign_flip_exact``, none above 1,000. ``hl``, ``hl_lower``, ``hl_upper``: Hodges-Lehmann with
    an interval of level ``hl_level``. ``smallest_p``: what the exact tests could reach at best. ``p_normal``:
    Shapiro and Wilk's test that the changes are normal, from 10 to 5,000 of them.
    """
    summary = summarize_values(pairs, ["avisit", "arm"], "chg")
    rows = [
        {"avisit": visit, "arm": arm} | describe_change(own)
        for visit, there in split(pairs, visits)
        for arm, own in split_arms(there)
    ]
    if not rows:
        return summary
    tested = pl.DataFrame(rows, infer_schema_length=None)
    joined = tested.join(summary, on=["avisit", "arm"], how="left", validate="1:1", maintain_order="left")
    return joined.select(
        "avisit", "arm", "n", "mean", "sd", "se", "lower", "upper", pl.exclude(*summary.columns), "median", "q1", "q3"
    )


def split_arms(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Every arm with its rows, by name."""
    for arm in rows["arm"].drop_nulls().unique().sort():
        yield arm, rows.filter(pl.col("arm") == arm)


def describe_change(rows: pl.DataFrame) -> dict[str, Any]:
    """Means of the pairs and every test of their change against 0."""
    changes = numbers(rows, "chg")
    n = len(changes)
    ranks, flips, shift = compare_with_none(changes.tobytes())
    sd = float(changes.std(ddof=1)) if n > 1 else None
    paired = t_test(float(changes.mean()), sd / n**0.5, n - 1) if n >= SMALL and sd else None
    zeros = int((changes == 0).sum())
    return {
        "n_zero": zeros,
        "base_mean": rows["base"].mean(),
        "base_sd": rows["base"].std(),
        "value_mean": rows["aval"].mean(),
        "pchg_mean": rows["pchg"].mean(),
        "dz": float(changes.mean()) / sd if sd else None,
        **{name: getattr(paired, field) if paired else None for name, field in MEAN.items()},
        "v": ranks.v,
        "p_signed_rank": ranks.p_corrected if ranks.p_exact is None else ranks.p_exact,
        "p_sign_flip": flips.p if flips else None,
        "sign_flip_exact": flips.exact if flips else None,
        "p_sign": compare_signs(changes),
        "smallest_p": find_smallest_p(n - zeros),
        "p_normal": check_normal(changes)[1] if SMALL <= n <= MOST_NORMAL and sd else None,
        **{f"hl{end}": getattr(shift, field) if shift else None for end, field in HL.items()},
    }


@lru_cache(maxsize=2_000)
def compare_with_none(changes: bytes) -> tuple[SignedRank, SignFlip | None, HodgesLehmann | None]:
    """The exact tests of changes against 0, once for the same changes: every session asks for them at every rerun."""
    known = np.frombuffer(changes)
    return compare_signed_ranks(known), compare_sign_flips(known), estimate_hodges_lehmann(known)


HL = {"": "estimate", "_lower": "lower", "_upper": "upper", "_level": "level"}


def describe_smallest_p(n: int, zeros: int) -> str:
    """What the exact tests of so few changes can reach at best, in words; empty from 10 changes on."""
    moved = n - zeros
    if n >= SMALL or n == 0:
        return ""
    if moved == 0:
        return "no change differs from 0, so no test can tell anything."
    least = find_smallest_p(moved)
    if not zeros:
        return f"with {count(n)} change{'s' if n > 1 else ''} no p below {least:.3g} is reachable."
    best = find_smallest_p(n)
    said = f"{count(zeros)} of {count(n)} changes {'is' if zeros == 1 else 'are'} zero"
    return f"{said}, so no p below {least:.3g} is reachable ({best:.3g} with {count(n)} non-zero changes)."


def count(number: int) -> str:
    """A number below ten in letters."""
    return ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")[number]


def compare_between(pairs: pl.DataFrame, visits: pl.DataFrame, reference: str) -> pl.DataFrame:
    """One row a visit and arm that is not ``reference``: its change minus the reference's.

    Welch and Student t tests, analysis of covariance on baseline (``ancova_…``; the three need at least 10
    a group), Mann-Whitney (``w``, ``p_ranks``: exact with up to 60 subjects, else normal) and the
    Hodges-Lehmann shift.
    """
    rows = []
    for visit, there in split(pairs, visits):
        groups = dict(split_arms(there))
        first = groups.pop(reference, None)
        rows += [
            {"avisit": visit, "arm": arm, "against": reference} | describe_difference(first, own)
            for arm, own in groups.items()
            if first is not None
        ]
    return pl.DataFrame(rows, infer_schema_length=None)


def describe_difference(reference: pl.DataFrame, own: pl.DataFrame) -> dict[str, Any]:
    """The change of one group minus that of the reference."""
    theirs, ours = numbers(reference, "chg"), numbers(own, "chg")
    ranks = compare_ranks(ours, theirs)
    enough = min(len(theirs), len(ours)) >= SMALL
    means = compare_summaries(summarize(ours), summarize(theirs)) if enough else None
    both = pl.concat([reference.select("aval", "base", "chg"), own.select("aval", "base", "chg")])
    second = np.r_[np.zeros(len(theirs)), np.ones(len(ours))]
    adjusted = compare_adjusted(numbers(both, "chg"), numbers(both, "base"), second) if enough else None
    return {
        "n": len(ours),
        "n_against": len(theirs),
        "difference": float(ours.mean() - theirs.mean()),
        **take("welch_", means and means.welch),
        **take("student_", means and means.student),
        **take("ancova_", adjusted and adjusted.difference, ("estimate", *PARTS)),
        "ls_mean": adjusted.second.estimate if adjusted else None,
        "ls_mean_against": adjusted.first.estimate if adjusted else None,
        "w": ranks.w,
        "p_ranks": ranks.p_corrected if ranks.p_exact is None and enough else ranks.p_exact,
        "ranks_exact": ranks.p_exact is not None,
        "shift": ranks.shift,
    }


PARTS = ("lower", "upper", "t", "df", "p")


def take(prefix: str, result: Any, parts: tuple[str, ...] = PARTS) -> dict[str, Any]:
    """The parts of a result as columns; missing without a result."""
    return {prefix + part: getattr(result, part) if result else None for part in parts}


def adjust_columns(table: pl.DataFrame, method: str) -> pl.DataFrame:
    """Every column of p values adjusted for the number of rows, each for itself; what p can reach and normality stay.

    ``method`` is one of ``analytics.statistics.multiplicity.METHODS``. Missing p values count nowhere.
    """
    columns = [name for name in table.columns if (name.startswith("p_") or name.endswith("_p")) and name not in KEPT]
    adjusted = []
    for name in columns:
        known = iter(adjust(table[name].drop_nulls().to_list(), method))
        adjusted.append(pl.Series(name, [None if p is None else next(known) for p in table[name]], dtype=pl.Float64))
    return table.with_columns(adjusted)


KEPT = ("smallest_p", "p_normal")
