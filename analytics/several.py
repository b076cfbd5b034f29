"""Several groups at one visit: the tests of all, and of every pair."""

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from analytics.catalog.constants import SMALL
from analytics.compare import numbers, split_arms
from analytics.statistics.interval import Array
from analytics.statistics.several_groups import (
    FTest,
    Kruskal,
    compare_kruskal,
    compare_means,
    compare_pairs,
    compare_variances,
    compare_welch,
)
from analytics.statistics.two_groups import Summary, summarize

DRAWS, BLOCKS, SEED = 20_000, 100, 1
PERMUTED = "Permutation of the group means"
TESTS = {"test": pl.String, "statistic": pl.Float64, "df1": pl.Float64, "df2": pl.Float64, "p": pl.Float64}
PAIRS = {
    "first": pl.String,
    "second": pl.String,
    **dict.fromkeys(("difference", "lower", "upper", "p_lsd", "p_holm", "p_tukey"), pl.Float64),
}


def compare_several(values: pl.DataFrame, column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two or more groups of ``values`` (arm and ``column``): the tests of all, and of every pair.

    Groups of one are left out. Where a group has fewer than 10 the one p is that of 20,000 random
    exchanges of patients between the groups (fixed seed). Pairs: Fisher's LSD (``p_lsd``, to be read only
    where the analysis of variance is significant), Holm's and Tukey's p.
    """
    groups = {arm: numbers(rows, column) for arm, rows in split_arms(values.drop_nulls(column)) if rows.height > 1}
    arrays = list(groups.values())
    if len(groups) < 2:
        return pl.DataFrame(schema=TESTS), pl.DataFrame(schema=PAIRS)
    summaries = [summarize(array) for array in arrays]
    if min(map(len, arrays)) < SMALL or any(not group.sd for group in summaries):
        permuted = {"test": PERMUTED, "p": permute_means(arrays)}
        return pl.DataFrame([permuted], schema=TESTS), pl.DataFrame(schema=PAIRS)
    tests = [
        describe("One-way analysis of variance", compare_means(summaries)),
        describe("Welch's analysis of variance (unequal variances)", compare_welch(summaries)),
        describe("Kruskal-Wallis (ranks)", compare_kruskal(arrays)),
    ]
    unequal = {"test": "Equal variances (Brown-Forsythe)", "p": compare_variances(arrays)["brown_forsythe"]}
    return pl.DataFrame([*tests, unequal], schema=TESTS), tabulate_pairs(list(groups), summaries)


def describe(name: str, result: FTest | Kruskal) -> dict[str, Any]:
    """One test as a row."""
    if isinstance(result, Kruskal):
        return {"test": name, "statistic": result.h, "df1": result.df, "p": result.p}
    return {"test": name, "statistic": result.f, "df1": result.df1, "df2": result.df2, "p": result.p}


def tabulate_pairs(names: list[str], summaries: list[Summary]) -> pl.DataFrame:
    """Every pair of groups, first minus second."""
    rows = [
        {
            "first": names[pair.first],
            "second": names[pair.second],
            "difference": pair.lsd.estimate,
            "lower": pair.lsd.lower,
            "upper": pair.lsd.upper,
            "p_lsd": pair.lsd.p,
            "p_holm": pair.p_holm,
            "p_tukey": pair.tukey_p,
        }
        for pair in compare_pairs(summaries)
    ]
    return pl.DataFrame(rows, schema=PAIRS)


def permute_means(groups: list[Array]) -> float:
    """The p of the spread of group means when patients are exchanged between groups at random (fixed seed)."""
    rng, whole = np.random.default_rng(SEED), np.concatenate(groups)
    edges = np.r_[0, np.cumsum([len(group) for group in groups])]

    def spread(rows: Array) -> Array:
        parts = [rows[:, one:two].sum(axis=1) ** 2 / (two - one) for one, two in pairwise(edges.tolist())]
        return np.sum(parts, axis=0)

    observed = spread(whole[None, :])[0]
    block = np.tile(whole, (DRAWS // BLOCKS, 1))
    drawn = np.concatenate([spread(rng.permuted(block, axis=1)) for _ in range(BLOCKS)])
    return float((1 + (drawn >= observed - 1e-9 * abs(observed)).sum()) / (DRAWS + 1))
