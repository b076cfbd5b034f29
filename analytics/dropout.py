"""Who has no value at a visit, and how ill they were at baseline against those who have one."""

import polars as pl

from analytics.change import select_pairs


def select_based(panel: pl.DataFrame, paramcd: str, log: bool = False) -> pl.DataFrame:
    """usubjid, arm and base of every subject with a baseline of the parameter; its logarithm, above 0, with ``log``."""
    own = panel.filter(pl.col("paramcd") == paramcd, pl.col("base").is_not_null())
    based = own.unique("usubjid", keep="first", maintain_order=True).select("usubjid", "arm", "base")
    return based.filter(pl.col("base") > 0).with_columns(pl.col("base").log()) if log else based


def select_status(panel: pl.DataFrame, paramcd: str) -> pl.DataFrame:
    """usubjid, arm, avisit, base and ``kept``: whether a subject with a baseline has a value at a visit."""
    pairs = select_pairs(panel, paramcd)
    grid = select_based(panel, paramcd).join(pairs.select("avisit").unique().drop_nulls(), how="cross")
    present = pairs.select("usubjid", "avisit", kept=pl.lit(True))
    return grid.join(present, on=["usubjid", "avisit"], how="left").with_columns(pl.col("kept").fill_null(False))


def summarize_dropout(
    panel: pl.DataFrame, paramcd: str, visits: pl.DataFrame, severity: str | None = None
) -> pl.DataFrame:
    """One row a visit and arm: how many have a value and how many not, with the baseline of both.

    ``kept_base`` and ``lost_base`` are mean baselines of the parameter, ``kept_severity`` and
    ``lost_severity`` those of the parameter ``severity``.
    """
    rows = select_status(panel, paramcd)
    rank = select_based(panel, severity).select("usubjid", severity="base") if severity else None
    rows = (
        rows.join(rank, on="usubjid", how="left")
        if rank is not None
        else rows.with_columns(severity=pl.lit(None, dtype=pl.Float64))
    )
    kept = pl.col("kept")
    summary = rows.group_by("avisit", "arm").agg(
        kept=kept.sum(),
        lost=(~kept).sum(),
        kept_base=pl.col("base").filter(kept).mean(),
        lost_base=pl.col("base").filter(~kept).mean(),
        kept_severity=pl.col("severity").filter(kept).mean(),
        lost_severity=pl.col("severity").filter(~kept).mean(),
    )
    ordered = summary.join(visits.select("avisit", "position"), on="avisit", how="left")
    return ordered.sort("position", "avisit", "arm", nulls_last=True).drop("position")
