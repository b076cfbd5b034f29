"""Do changes go together? Pairs of changes, what patients feel against what is measured, dose against change."""

import polars as pl

from analytics.ascites import select_at
from analytics.statistics.correlation import Correlation, correlate

DOSES = {
    "cells_e6": "Cells infused, 10⁶",
    "cells_e6_per_kg": "Cells infused, 10⁶/kg",
    "viability_pct": "Viability, %",
    "volume_ml": "Volume, mL",
    "recovery_pct": "Recovery, %",
    "cd34_e6": "CD34⁺ cells, 10⁶",
    "cd45_e6": "CD45⁺ cells, 10⁶",
    "cd117_e6": "CD117⁺ cells, 10⁶",
    "cd133_e6": "CD133⁺ cells, 10⁶",
}
SUMMED = tuple(name for name in DOSES if name not in ("viability_pct", "recovery_pct"))
BOTH, FELT, MEASURED, NEITHER = "better in both", "feels better only", "measured better only", "better in neither"


def pair_changes(panel: pl.DataFrame, first: str, second: str, at: str) -> pl.DataFrame:
    """usubjid, arm, x and y: the change of two parameters of every subject that has both, at ``last`` or a visit."""
    x, y = (select_at(panel, code, at).select("usubjid", "arm", "chg") for code in (first, second))
    both = x.rename({"chg": "x"}).join(y.drop("arm").rename({"chg": "y"}), on="usubjid", maintain_order="left")
    return both.sort("usubjid")


def correlate_pair(pairs: pl.DataFrame) -> Correlation:
    """The correlations of x and y."""
    return correlate(pairs["x"].to_numpy(), pairs["y"].to_numpy())


def correlate_changes(panel: pl.DataFrame, codes: list[str], at: str) -> pl.DataFrame:
    """One row a pair of parameters: first, second, n, spearman, spearman_p; missing below 4 pairs."""
    rows = []
    for place, first in enumerate(codes):
        for second in codes[place + 1 :]:
            found = correlate_pair(pair_changes(panel, first, second, at))
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "n": found.n,
                    "spearman": found.spearman,
                    "spearman_p": found.spearman_p,
                }
            )
    schema = {"first": pl.String, "second": pl.String, "n": pl.Int64, "spearman": pl.Float64, "spearman_p": pl.Float64}
    return pl.DataFrame(rows, schema=schema)


def derive_quadrant(pairs: pl.DataFrame, better_x: str, better_y: str) -> pl.DataFrame:
    """Add ``quadrant``: x is what is measured, y what is felt; no change is not better."""
    gain = {"lower": -1, "higher": 1}
    measured = pl.col("x") * gain.get(better_x, 1) > 0
    felt = pl.col("y") * gain.get(better_y, 1) > 0
    words = (
        pl.when(measured & felt).then(pl.lit(BOTH))
        .when(felt).then(pl.lit(FELT))
        .when(measured).then(pl.lit(MEASURED))
        .otherwise(pl.lit(NEITHER))
    )  # fmt: skip
    return pairs.with_columns(quadrant=words)


def list_doses(treatments: pl.DataFrame) -> dict[str, str]:
    """The quantities of the infusions that are recorded and differ between patients."""
    return {name: label for name, label in DOSES.items() if treatments[name].drop_nulls().n_unique() > 1}


def pair_dose(panel: pl.DataFrame, treatments: pl.DataFrame, dose: str, paramcd: str, at: str) -> pl.DataFrame:
    """usubjid, arm, x (the dose of all infusions up to the value: cells are summed, shares averaged), y (change)."""
    changes = select_at(panel, paramcd, at).select("usubjid", "arm", "chg", "day")
    given = treatments.filter(pl.col(dose).is_not_null()).select("usubjid", infused="day", amount=dose)
    before = given.join(changes, on="usubjid").filter(
        pl.col("infused").is_null() | pl.col("day").is_null() | (pl.col("infused") <= pl.col("day"))
    )
    total = pl.col("amount").sum() if dose in SUMMED else pl.col("amount").mean()
    summed = before.group_by("usubjid").agg(x=total)
    return changes.join(summed, on="usubjid").select("usubjid", "arm", "x", y="chg").sort("usubjid")
