"""How scores round and compare: at nine decimals, every edge in one band, missing staying missing."""

from collections.abc import Mapping, Sequence

import polars as pl

HAIR = 1e-9  # the smallest step that a comparison notices: it moves an edge out of a band


def exact(value: pl.Expr) -> pl.Expr:
    """The value as it is compared with cut-offs: at nine decimals, so that 34.2 umol/L is 2.0 mg/dL."""
    return value.round(9)


def round_half_up(value: pl.Expr) -> pl.Expr:
    """The nearest integer, halves upwards, decided at nine decimals (scores.md, "Rounding")."""
    return (exact(value) + 0.5).floor().cast(pl.Int64)


def points_rising(value: pl.Expr, low: float, high: float) -> pl.Expr:
    """1, 2, 3 points for a value below, within (both ends included) and above the middle band."""
    rounded = exact(value)
    return pl.when(rounded < low).then(1).when(rounded <= high).then(2).when(rounded > high).then(3)


def points_falling(value: pl.Expr, low: float, high: float) -> pl.Expr:
    """1, 2, 3 points for a value above, within (both ends included) and below the middle band."""
    rounded = exact(value)
    return pl.when(rounded > high).then(1).when(rounded >= low).then(2).when(rounded < low).then(3)


def count_reached(value: pl.Expr, *edges: float) -> pl.Expr:
    """How many of the edges a value reaches; an edge itself is reached."""
    return pl.sum_horizontal([(exact(value) >= edge).cast(pl.Int64) for edge in edges], ignore_nulls=False)


def count_passed(value: pl.Expr, *edges: float) -> pl.Expr:
    """How many of the edges a value passes; an edge itself is not passed."""
    return pl.sum_horizontal([(exact(value) > edge).cast(pl.Int64) for edge in edges], ignore_nulls=False)


def count_below(value: pl.Expr, *edges: float) -> pl.Expr:
    """How many of the edges a value lies below; an edge itself is not below."""
    return pl.sum_horizontal([(exact(value) < edge).cast(pl.Int64) for edge in edges], ignore_nulls=False)


def ln(value: pl.Expr) -> pl.Expr:
    """The natural logarithm of a value above 0; missing otherwise."""
    return pl.when(value > 0).then(value.log())


def add_up(terms: Mapping[str, pl.Expr]) -> pl.Expr:
    """The sum of the terms; missing where one of them is."""
    return pl.sum_horizontal(list(terms.values()), ignore_nulls=False)


def choose_first(chain: Mapping[str, pl.Expr], last: str) -> pl.Expr:
    """The word of the first condition that holds, ``last`` where all are known not to hold.

    Missing where a condition that would decide is not known.
    """
    # Places instead of words, so that every condition stands in the expression only twice.
    words = [*chain, last]
    decided = [
        pl.when(condition.is_null()).then(-1).when(condition).then(place)
        for place, condition in enumerate(chain.values())
    ]
    return name_place(pl.coalesce([*decided, pl.lit(len(chain))]), words)


def name_place(place: pl.Expr, words: Sequence[str]) -> pl.Expr:
    """The word at a place; missing for any other number."""
    return place.replace_strict(dict(enumerate(words)), default=None, return_dtype=pl.String)


def name_band(value: pl.Expr, words: tuple[str, ...], *edges: float) -> pl.Expr:
    """The word of the band in which a value lies; an edge belongs to the band below it."""
    return name_place(count_passed(value, *edges), words)


def female(sex: pl.Expr) -> pl.Expr:
    """1 for F, 0 for M, missing otherwise."""
    return pl.when(sex == "F").then(1).when(sex == "M").then(0)
