"""Stages over time: acute kidney injury, ACLF, DILI action levels; tumor markers."""

import polars as pl

from analytics.panel import StudyData
from analytics.scores import find_score
from analytics.scoring import explain_missing

STAGED = {  # the score of each stage, and its stages from best to worst
    "aki": ("0", "1a", "1b", "2", "3"),
    "clif_c_of": ("0", "1", "2", "3"),
    "dili_action": ("none", "observe", "interrupt"),
}
NOTHING = {"aki": "no acute kidney injury", "clif_c_of": "no ACLF", "dili_action": "no action"}
WORD = {"aki": "stage", "clif_c_of": "grade", "dili_action": "to"}
LABELS = {
    "aki": "Acute kidney injury (ICA stage)",
    "clif_c_of": "ACLF grade (CLIF-C organ failures)",
    "dili_action": "DILI action level (by the own baseline)",
}
MARKERS = ("afp", "afp_l3", "pivka_ii")
# Marrero JA et al. Hepatology 2018;68:723-750 (AASLD guidance): in surveillance AFP from 20 ng/mL calls for imaging.
AFP_CALL = 20.0
AFP_SOURCE = "Marrero JA et al. Hepatology 2018;68:723-750 (AASLD guidance)"
TUMOR = "hcc"


def select_stages(panel: pl.DataFrame, code: str) -> pl.DataFrame:
    """The known stages after baseline: usubjid, arm, avisit, day, analysis, ``stage`` and its ``rank``."""
    order = {stage: place for place, stage in enumerate(STAGED[code])}
    rank = pl.col("stage").replace_strict(order, default=None, return_dtype=pl.Int64)
    own = panel.filter(pl.col("paramcd") == code, pl.col("post"), pl.col("avalc").is_not_null())
    named = own.select("usubjid", "arm", "avisit", "day", "analysis", stage=pl.col("avalc"))
    return named.with_columns(rank=rank).filter(pl.col("rank").is_not_null())


def summarize_stages(panel: pl.DataFrame, code: str, visits: pl.DataFrame) -> pl.DataFrame:
    """How many patients have which stage at every visit: arm, avisit, stage, n, in the order of visits and stages."""
    counted = select_stages(panel, code).filter(pl.col("analysis"), pl.col("avisit").is_not_null())
    table = counted.group_by("arm", "avisit", "stage", "rank").len("n")
    placed = table.join(visits.select("avisit", "position"), on="avisit", how="inner")
    return placed.sort("arm", "position", "rank").select("arm", "avisit", "stage", "n")


def derive_worst_stage(panel: pl.DataFrame, code: str) -> pl.DataFrame:
    """One row a patient with a stage: usubjid, arm, worst ``stage``, ``rank``, first ``day``, ``last`` stage."""
    known = select_stages(panel, code).sort("day", maintain_order=True)
    worst = pl.col("rank") == pl.col("rank").max()
    return (
        known.group_by("usubjid", "arm", maintain_order=True)
        .agg(
            stage=pl.col("stage").filter(worst).first(),
            rank=pl.col("rank").max(),
            day=pl.col("day").filter(worst).first(),
            last=pl.col("stage").last(),
        )
        .sort("rank", "day", "usubjid", descending=[True, False, False])
    )


def say_worst(worst: pl.DataFrame, code: str, arm: str) -> str:
    """How many patients of an arm reached which worst stage, in a sentence; ``worst`` from ``derive_worst_stage``."""
    own = worst.filter(pl.col("arm") == arm)
    counts = own.group_by("rank", "stage").len().sort("rank", descending=True)
    said = [f"{n} {f'{WORD[code]} {stage}' if rank else NOTHING[code]}" for rank, stage, n in counts.rows()]
    return f"{arm}, worst after baseline: {', '.join(said) or 'nobody can be staged'} (of {own.height} staged)."


def explain_stage(panel: pl.DataFrame, code: str) -> str:
    """Why nobody has a stage, in words; empty where somebody has."""
    if select_stages(panel, code).height:
        return ""
    rows = panel.filter(pl.col("paramcd") == code, pl.col("post"))
    recorded = panel.filter(pl.col("reported").is_not_null())["paramcd"].unique().to_list()
    score = find_score(code)
    counted = rows["missing"].explode().drop_nulls().value_counts().filter(pl.col("count") == rows.height)
    missing = [need for need in score.needs if need in set(counted["missing"])]  # at every visit
    return explain_missing(score, missing or list(score.needs), recorded) + "."


def derive_tumor_watch(panel: pl.DataFrame, study: StudyData) -> pl.DataFrame:
    """One row a patient with a tumor marker after baseline or a tumor: usubjid, arm, paramcd, base, highest, its day,
    latest, ``fold`` (highest over baseline), ``call`` (first day with AFP from 20 ng/mL), ``hcc_day``.

    ``panel`` is in the catalog's units. Tumors and the largest rise come first; a tumor without any marker
    stands there too.
    """
    own = panel.filter(pl.col("paramcd").is_in(MARKERS), pl.col("aval").is_not_null(), pl.col("post"))
    ordered = own.sort("day", maintain_order=True)
    high = pl.col("aval") == pl.col("aval").max()
    called = (pl.col("paramcd") == "afp") & (pl.col("aval") >= AFP_CALL)
    markers = ordered.group_by("usubjid", "arm", "paramcd", maintain_order=True).agg(
        base=pl.col("base").first(),
        highest=pl.col("aval").max(),
        highest_day=pl.col("day").filter(high).first(),
        latest=pl.col("aval").last(),
        call=pl.col("day").filter(called).first(),
        called=called.any(),
    )
    arms = panel.select("usubjid", "arm").unique()
    tumors = (
        study.events.filter(pl.col("kind") == TUMOR)
        .group_by("usubjid")
        .agg(hcc_day=pl.col("day").min(), hcc=pl.lit(True).first())
    )
    found = markers.join(tumors.join(arms, on="usubjid"), on=["usubjid", "arm"], how="full", coalesce=True)
    fold = pl.when(pl.col("base") > 0).then(pl.col("highest") / pl.col("base"))
    whole = found.with_columns(fold=fold, hcc=pl.col("hcc").fill_null(False), called=pl.col("called").fill_null(False))
    return whole.sort("hcc", "fold", "usubjid", descending=[True, True, False], nulls_last=True)
