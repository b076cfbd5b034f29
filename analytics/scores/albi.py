"""ALBI score with its grade and modified grade."""

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.definition import Example, Input, Score, needs


def albi(*, bilirubin: pl.Expr, albumin: pl.Expr) -> dict[str, pl.Expr]:
    """``score`` from bilirubin in umol/L and albumin in g/L, ``grade`` and ``mgrade`` as text."""
    score = 0.66 * bilirubin.log10() - 0.085 * albumin
    cut = score.round(9)
    return {
        "score": score,
        "grade": pl.when(cut <= -2.60)
        .then(pl.lit("1"))
        .when(cut <= -1.39)
        .then(pl.lit("2"))
        .when(cut > -1.39)
        .then(pl.lit("3")),
        "mgrade": pl.when(cut <= -2.60)
        .then(pl.lit("1"))
        .when(cut < -2.27)
        .then(pl.lit("2a"))
        .when(cut <= -1.39)
        .then(pl.lit("2b"))
        .when(cut > -1.39)
        .then(pl.lit("3")),
    }


ALBI = Score(
    parameter=Parameter("albi", "ALBI score", unit="{score}", better="lower", decimals=2),
    version="Johnson 2015",
    inputs=(Input("bilirubin", unit="umol/L"), Input("albumin", unit="g/L")),
    formula=albi,
    value="score",
    category="mgrade",
    needs=needs("bilirubin", "albumin"),
    reading=(
        "0.66 log10(bilirubin, umol/L) - 0.085 x albumin, g/L. Grade 1: -2.60 or less, 2: to -1.39, 3: above; "
        "modified grade 2a: below -2.27, 2b: from -2.27."
    ),
    source="Johnson PJ et al. J Clin Oncol 2015;33:550. Hiraoka A et al. Liver Cancer 2017;6:325 (modified grade)",
    examples=(
        Example(
            "EX-AL-1",
            {"bilirubin": (20, "umol/L"), "albumin": (36, "g/L")},
            {"score": -2.2013, "grade": "2", "mgrade": "2b"},
        ),
    ),
)
