"""Ascites read against diuretics: better on less drug is not the same as better on more."""

import polars as pl

from analytics.rules import LAST

DOSES = ("spironolactone_dose", "furosemide_dose")
BETTER, SAME, WORSE = "ascites better", "ascites unchanged", "ascites worse"
LESS, EQUAL, MORE, MIXED, NO_DOSE = (
    "on less drug",
    "on the same",
    "on more drug",
    "one more, one less",
    "dose not recorded",
)


def select_at(panel: pl.DataFrame, paramcd: str, at: str) -> pl.DataFrame:
    """One row a subject: its change of a parameter at a visit, or at the last value after baseline (``last``)."""
    own = panel.filter(pl.col("paramcd") == paramcd, pl.col("post"), pl.col("chg").is_not_null())
    if own["analysis"].any():
        own = own.filter(pl.col("analysis"))
    own = own if at == LAST else own.filter(pl.col("avisit") == at)
    return (
        own.sort("usubjid", "day", nulls_last=True, maintain_order=True).group_by("usubjid", maintain_order=True).last()
    )


def derive_ascites(panel: pl.DataFrame, at: str) -> pl.DataFrame:
    """One row a subject with ascites graded at baseline and later: ``ascites`` and ``drug`` in words.

    ``drug`` compares spironolactone and furosemide on the day of the later grade with the baseline
    dose of each. Subjects without ascites at both are left out.
    """
    graded = select_at(panel, "ascites_grade", at).filter((pl.col("base") > 0) | (pl.col("aval") > 0))
    rows = graded.select("usubjid", "arm", "day", "base", "aval", "chg")
    doses = panel.filter(pl.col("paramcd").is_in(DOSES), pl.col("chg").is_not_null()).select(
        "usubjid", "day", "paramcd", dose="chg"
    )
    moves = (
        doses.join(rows.select("usubjid", "day"), on=["usubjid", "day"])
        .group_by("usubjid")
        .agg(up=(pl.col("dose") > 0).any(), down=(pl.col("dose") < 0).any())
    )
    joined = rows.join(moves, on="usubjid", how="left", maintain_order="left")
    return joined.with_columns(ascites=name_ascites(), drug=name_drug()).drop("up", "down")


def name_ascites() -> pl.Expr:
    """Whether the grade fell, stayed or rose."""
    return (
        pl.when(pl.col("chg") < 0)
        .then(pl.lit(BETTER))
        .when(pl.col("chg") == 0)
        .then(pl.lit(SAME))
        .when(pl.col("chg") > 0)
        .then(pl.lit(WORSE))
    )


def name_drug() -> pl.Expr:
    """What became of the diuretics."""
    return (
        pl.when(pl.col("up").is_null()).then(pl.lit(NO_DOSE))
        .when(pl.col("up") & pl.col("down")).then(pl.lit(MIXED))
        .when(pl.col("up")).then(pl.lit(MORE))
        .when(pl.col("down")).then(pl.lit(LESS))
        .when(~pl.col("up") & ~pl.col("down")).then(pl.lit(EQUAL))
    )  # fmt: skip


def tabulate_ascites(rows: pl.DataFrame) -> pl.DataFrame:
    """Counts: a row each of better, unchanged, worse; a column each of what became of the diuretics."""
    counts = {(ascites, drug): n for ascites, drug, n in rows.group_by("ascites", "drug").len().rows()}
    drugs = [name for name in (LESS, EQUAL, MORE, MIXED, NO_DOSE) if name in set(rows["drug"])]
    table = [
        {"ascites": name} | {drug: counts.get((name, drug), 0) for drug in drugs} for name in (BETTER, SAME, WORSE)
    ]
    return pl.DataFrame(table, schema={"ascites": pl.String} | dict.fromkeys(drugs, pl.Int64))
