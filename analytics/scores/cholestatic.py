"""Scores of cholestatic disease: the Mayo natural history model of primary biliary cholangitis."""

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.definition import Example, Input, Score, needs

# Dickson 1989: survival of a patient with the mean risk 5.07 after 1 to 7 years.
BASELINE_SURVIVAL = (0.970, 0.941, 0.883, 0.833, 0.774, 0.721, 0.651)


def mayo_pbc(
    *, age: pl.Expr, bilirubin: pl.Expr, albumin: pl.Expr, pt_sec: pl.Expr, edema: pl.Expr
) -> dict[str, pl.Expr]:
    """``risk``, and the survival predicted after 1 to 7 years."""
    risk = 0.039 * age + 0.871 * bilirubin.log() - 2.53 * albumin.log() + 2.38 * pt_sec.log() + 0.859 * edema
    relative = (risk - 5.07).exp()
    survival = {f"survival_{year}y": pl.lit(s0).pow(relative) for year, s0 in enumerate(BASELINE_SURVIVAL, start=1)}
    return {"risk": risk, **survival}


MAYO_PBC = Score(
    parameter=Parameter("mayo_pbc", "Mayo PBC risk score", unit="{score}", better="lower", decimals=2),
    version="Dickson 1989",
    inputs=(
        Input("age", origin="subject", label="age"),
        Input("bilirubin", unit="mg/dL"),
        Input("albumin", unit="g/dL"),
        Input("pt_sec", unit="s", label="prothrombin time"),
        Input("edema"),
    ),
    formula=mayo_pbc,
    value="risk",
    needs=needs("age", "bilirubin", "albumin", "pt_sec", "edema"),
    reading=(
        "0.039 age + 0.871 ln(bilirubin, mg/dL) - 2.53 ln(albumin, g/dL) + 2.38 ln(prothrombin time, s) + 0.859 edema. "
        "Survival at t years: S0(t) to the power exp(risk - 5.07), S0 = 0.970, 0.941, 0.883, 0.833, 0.774, 0.721, "
        "0.651 for 1 to 7 years. Age is the age on the day of the visit."
    ),
    source="Dickson ER et al. Hepatology 1989;10:1",
    examples=(
        Example(
            "EX-MP-1",
            {
                "age": (52, "years"),
                "edema": 0,
                "bilirubin": (1.8, "mg/dL"),
                "albumin": (3.6, "g/dL"),
                "pt_sec": (10.9, "s"),
            },
            {"risk": 4.9845, "survival_1y": 0.9724, "survival_5y": 0.7904, "survival_7y": 0.6743},
        ),
    ),
)
