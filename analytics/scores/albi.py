"""The ALBI family: ALBI with grade and modified grade, EZ-ALBI, PALBI."""

from functools import partial

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.bands import HAIR, add_up, name_band
from analytics.scores.definition import Alternative, Input, Output, Score, needs


def albi_terms(slope: float = -0.085, /, *, bilirubin: pl.Expr, albumin: pl.Expr) -> dict[str, pl.Expr]:
    """The summands of ALBI from bilirubin in umol/L and albumin in g/L."""
    return {"bilirubin": 0.66 * bilirubin.log10(), "albumin": slope * albumin}


def albi(slope: float = -0.085, /, **inputs: pl.Expr) -> dict[str, pl.Expr]:
    """``score``, ``grade`` and ``mgrade`` as text."""
    score = add_up(albi_terms(slope, **inputs))
    return {
        "score": score,
        "grade": name_band(score, ("1", "2", "3"), -2.60, -1.39),
        # -2.27 itself is 2b, so the edge lies a hair below it.
        "mgrade": name_band(score, ("1", "2a", "2b", "3"), -2.60, -2.27 - HAIR, -1.39),
    }


def ez_albi_terms(*, bilirubin: pl.Expr, albumin: pl.Expr) -> dict[str, pl.Expr]:
    """The summands of EZ-ALBI from bilirubin in mg/dL and albumin in g/dL."""
    return {"bilirubin": bilirubin, "albumin": -9 * albumin}


def palbi_terms(*, bilirubin: pl.Expr, albumin: pl.Expr, platelets: pl.Expr) -> dict[str, pl.Expr]:
    """The summands of PALBI from bilirubin in umol/L, albumin in g/L, platelets in 10*9/L."""
    b, p = bilirubin.log10(), platelets.log10()
    return {"bilirubin": 2.02 * b - 0.37 * b**2, "albumin": -0.04 * albumin, "platelets": -3.48 * p + 1.01 * p**2}


def palbi(**inputs: pl.Expr) -> dict[str, pl.Expr]:
    """``score`` and ``grade`` as text."""
    score = add_up(palbi_terms(**inputs))
    return {"score": score, "grade": name_band(score, ("1", "2", "3"), -2.53, -2.09)}


ALBI = Score(
    parameter=Parameter("albi", "ALBI score", unit="{score}", better="lower", decimals=2),
    version="Johnson 2015",
    inputs=(Input("bilirubin", unit="umol/L", worse="higher"), Input("albumin", unit="g/L", worse="lower")),
    outputs=(Output("score"), Output("grade", words=("1", "2", "3")), Output("mgrade", words=("1", "2a", "2b", "3"))),
    formula=albi,
    terms=albi_terms,
    terms_of="score",
    value="score",
    category="mgrade",
    needs=needs("bilirubin", "albumin"),
    alternatives=(Alternative(9, "coefficient -0.0852 for albumin (some reviews)", partial(albi, -0.0852)),),
    reading=(
        "0.66 log10(bilirubin, umol/L) - 0.085 x albumin, g/L. Grade 1: -2.60 or less, 2: to -1.39, 3: above; "
        "modified grade 2a: below -2.27, 2b: from -2.27."
    ),
    source="Johnson PJ et al. J Clin Oncol 2015;33:550. Hiraoka A et al. Liver Cancer 2017;6:325 (modified grade)",
)

EZ_ALBI = Score(
    parameter=Parameter("ez_albi", "EZ-ALBI score", unit="{score}", better="lower", decimals=1),
    version="Kariyama 2020",
    inputs=(Input("bilirubin", unit="mg/dL", worse="higher"), Input("albumin", unit="g/dL", worse="lower")),
    outputs=(Output("score"),),
    formula=lambda **inputs: {"score": add_up(ez_albi_terms(**inputs))},
    terms=ez_albi_terms,
    terms_of="score",
    value="score",
    needs=needs("bilirubin", "albumin"),
    reading="Bilirubin, mg/dL - 9 x albumin, g/dL. No grade: the published borders could not be confirmed.",
    source="Kariyama K et al. Liver Cancer 2020;9:734",
)

PALBI = Score(
    parameter=Parameter("palbi", "PALBI score", unit="{score}", better="lower", decimals=2),
    version="Roayaie 2015",
    # Neither bilirubin nor platelets are monotone here: both have a square in the formula.
    inputs=(
        Input("bilirubin", unit="umol/L"),
        Input("albumin", unit="g/L", worse="lower"),
        Input("platelets", unit="10*9/L"),
    ),
    outputs=(Output("score"), Output("grade", words=("1", "2", "3"))),
    formula=palbi,
    terms=palbi_terms,
    terms_of="score",
    value="score",
    category="grade",
    needs=needs("bilirubin", "albumin", "platelets"),
    reading=(
        "2.02 b - 0.37 b^2 - 0.04 x albumin, g/L - 3.48 p + 1.01 p^2, with b = log10(bilirubin, umol/L) and "
        "p = log10(platelets, 10*9/L). Grade 1: -2.53 or less, 2: to -2.09, 3: above."
    ),
    source="Roayaie S et al. Hepatology 2015;62(Suppl):631A. Liu PH et al. J Gastroenterol Hepatol 2017;32:879",
)
