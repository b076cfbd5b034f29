"""Which score can be computed at which visit, and what stops the others."""

import polars as pl

from analytics.scores import Score, list_series
from analytics.scoring import name_need

ANY = "Any day"
UNUSED = "no value that it uses, or not its days or disease"


def summarize_computability(panel: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """One row a score and visit: ``n`` subjects with the score, ``expected``, ``share``, and ``stops``.

    Of a subject's days within a visit the one that lacks least counts. ``stops`` names what the other
    subjects lack, with their number; a subject none of whose values the score could use lacks all.
    ``Any day`` stands first: whether a subject has the score at all. ``expected`` are the subjects who
    have any value at the visit.
    """
    places = visits.select("avisit", "position")
    rows = panel.with_columns(whole=pl.lit(ANY))
    by_visit = rows.filter(pl.col("avisit").is_in(places["avisit"].to_list()))
    parts = [count_visit(rows, "whole"), count_visit(by_visit, "avisit")]
    order = pl.concat([pl.DataFrame({"avisit": [ANY], "position": [-1]}, schema=places.schema), places])
    return pl.concat(parts).join(order, on="avisit", how="left").sort("position", "order", maintain_order=True)


def count_visit(rows: pl.DataFrame, visit: str) -> pl.DataFrame:
    """The counts of every score by one column of visits."""
    expected = rows.filter(pl.col("aval").is_not_null()).group_by(visit).agg(expected=pl.col("usubjid").n_unique())
    frames = [
        expected.join(count_score(rows, score, visit), on=visit, how="left").with_columns(
            paramcd=pl.lit(score.id), order=pl.lit(order)
        )
        for order, score in enumerate(list_series().values())
    ]
    joined = pl.concat(frames).with_columns(pl.col("n", "seen").fill_null(0))
    stops = [list_stops(row) for row in joined.select("paramcd", "lacking", "expected", "seen").iter_rows(named=True)]
    return joined.select(
        "paramcd",
        "order",
        pl.col("n").cast(pl.Int64),
        pl.col("expected").cast(pl.Int64),
        avisit=pl.col(visit),
        share=pl.when(pl.col("expected") > 0).then(pl.col("n") / pl.col("expected")),
        stops=pl.Series(stops, dtype=pl.String),
    )


def count_score(rows: pl.DataFrame, score: Score, visit: str) -> pl.DataFrame:
    """The counts of one score: ``n`` with it, ``seen`` with any row, and what the others lack."""
    own = rows.filter(pl.col("paramcd") == score.id)
    ordered = own.sort(pl.col("aval").is_null(), pl.col("missing").list.len(), maintain_order=True)
    best = ordered.unique(["usubjid", visit], keep="first", maintain_order=True)
    return best.group_by(visit).agg(
        n=pl.col("aval").is_not_null().sum(), seen=pl.len(), lacking=pl.col("missing").filter(pl.col("aval").is_null())
    )


def list_stops(row: dict) -> str:
    """What stops a score, the commonest first."""
    score = list_series()[row["paramcd"]]
    counts: dict[str, int] = {}
    for missing in row["lacking"] or []:
        for need in missing:
            counts[need] = counts.get(need, 0) + 1
    unseen = row["expected"] - row["seen"]
    if unseen:
        counts[UNUSED] = unseen
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name_need(score, need)} ({count})" for need, count in ranked)


def name_scores(codes: list[str]) -> dict[str, str]:
    """The names of scores by code, for axes."""
    series: dict[str, Score] = list_series()
    return {code: series[code].parameter.name for code in codes if code in series}
