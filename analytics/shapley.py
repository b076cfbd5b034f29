"""A score's change attributed to its inputs, exactly, for one pair of visits or for many.

Each input's share is its Shapley value: the change that it makes, averaged over all orders in which the
inputs could have moved from the earlier to the later visit. The shares add up to the change. For a sum of
points, such as Child-Pugh, they are the changes of the points.

Source: Shapley LS. A value for n-person games. Contributions to the Theory of Games 1953;2:307.
"""

from collections.abc import Mapping
from math import factorial

import polars as pl

from analytics.scores import Score
from analytics.scores.definition import flatten
from analytics.scores.evaluate import complete_inputs, derive_outputs


def is_attributable(score: Score) -> bool:
    """Whether the score is a number at every visit, no grade, so that its change can be attributed."""
    graded = score.parameter.levels or score.output(score.value).words
    return score.series and not score.post and not graded and len(score.inputs) > 1


def list_players(score: Score) -> dict[str, list[str]]:
    """The parts to which a change is attributed: inputs that stand in for each other count as one."""
    players: dict[str, list[str]] = {}
    taken: set[str] = set()
    for need, alternatives in score.needs.items():
        own = [name for name in dict.fromkeys(flatten(alternatives)) if name not in taken]
        if own:
            players[need] = own
            taken |= set(own)
    others = [item.name for item in score.inputs if item.name not in taken and item.origin != "study"]
    return players | {name: [name] for name in others}


def attribute_change(score: Score, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The share of every part in the change of each pair: ``pair`` (its row), ``part``, ``share``.

    ``before`` and ``after`` have the inputs of the score as columns, a pair in the same row of both.
    ``share`` is in the unit of the score and missing where the score is at either end.
    """
    names = [item.name for item in score.inputs]
    ends = [complete_inputs(frame, score).select(names).with_row_index("pair") for frame in (before, after)]
    players = list_players(score)
    # A part that moved nowhere has no share, and would only double the work.
    moved = {part: own for part, own in players.items() if not ends[0].select(own).equals(ends[1].select(own))}
    values = evaluate_subsets(score, ends, moved)
    weighed = [weigh(place, len(moved)).alias(part) for place, part in enumerate(moved)]
    still = [pl.lit(0.0).alias(part) for part in players if part not in moved]
    known = pl.col("value").is_not_null().all().alias("known")
    wide = values.group_by("pair", maintain_order=True).agg(known, *weighed, *still)
    shares = wide.unpivot(index=["pair", "known"], on=list(players), variable_name="part", value_name="share")
    share = pl.when("known").then(pl.col("share").round(12) + 0.0)  # sums of thirds leave a dust of 1e-16, and -0
    return shares.select("pair", "part", share=share).sort("pair", maintain_order=True)


def evaluate_subsets(score: Score, ends: list[pl.DataFrame], moved: Mapping[str, list[str]]) -> pl.DataFrame:
    """The value of the score for every pair and every subset of the parts that have already moved."""
    before, after = ends
    masks = pl.DataFrame({"mask": range(2 ** len(moved))}, schema={"mask": pl.UInt32})
    later = after.rename({name: f"{name}@after" for name in after.columns if name != "pair"})
    rows = before.join(later, on="pair", maintain_order="left").join(masks, how="cross")
    mixed = [
        pl.when((pl.col("mask") // 2**place) % 2 == 1).then(pl.col(f"{name}@after")).otherwise(pl.col(name)).alias(name)
        for place, inputs in enumerate(moved.values())
        for name in inputs
    ]
    scored = derive_outputs(rows.with_columns(mixed), score)
    return scored.select("pair", "mask", value=pl.col("outputs").struct.field(score.value).cast(pl.Float64))


def weigh(place: int, count: int) -> pl.Expr:
    """The Shapley value of one part from the values of all subsets, in the order of their masks."""
    weights = []
    for mask in range(2**count):
        size, inside = mask.bit_count(), mask >> place & 1
        others = size - inside
        weight = factorial(others) * factorial(count - others - 1) / factorial(count)
        weights.append(weight if inside else -weight)
    return (pl.col("value") * pl.Series(weights, dtype=pl.Float64)).sum()
