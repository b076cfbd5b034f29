"""Alcohol-related hepatitis: Maddrey's discriminant function and the Lille score."""

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.bands import add_up, exact
from analytics.scores.definition import Input, Output, Score, needs

ALCOHOL = r"(?i)alcohol|\bald\b"
RENAL = 1.3  # mg/dL, or 115 umol/L: above it the kidney counts in the Lille score


def maddrey_terms(*, pt_sec: pl.Expr, pt_control_sec: pl.Expr, bilirubin: pl.Expr) -> dict[str, pl.Expr]:
    """The summands of the discriminant function; a negative difference is kept."""
    return {"prothrombin time": 4.6 * (pt_sec - pt_control_sec), "bilirubin": bilirubin}


def maddrey(**inputs: pl.Expr) -> dict[str, pl.Expr]:
    """``value``, and whether the hepatitis is severe."""
    value = add_up(maddrey_terms(**inputs))
    return {"value": value, "severe": exact(value) >= 32}


def lille_terms(
    *, age: pl.Expr, albumin: pl.Expr, creatinine: pl.Expr, bilirubin_day0: pl.Expr, **others: pl.Expr
) -> dict[str, pl.Expr]:
    """The summands of R (Louvet 2007): albumin in g/L, bilirubin in umol/L, creatinine in mg/dL."""
    return {
        "age": -0.101 * age,
        "albumin": 0.147 * albumin,
        "fall of bilirubin": 0.0165 * (bilirubin_day0 - others["bilirubin_day7"]),
        "kidney": -0.206 * (exact(creatinine) > RENAL).cast(pl.Int64),
        "bilirubin on day 0": -0.0065 * bilirubin_day0,
        "prothrombin time": -0.0096 * others["pt_sec"],
        "constant": pl.lit(3.19),
    }


def lille(**inputs: pl.Expr) -> dict[str, pl.Expr]:
    """``score``, a probability, and whether the patient does not respond to steroids."""
    risk = (-add_up(lille_terms(**inputs))).exp()
    score = risk / (1 + risk)
    return {"score": score, "nonresponder": exact(score) >= 0.45}


MADDREY = Score(
    parameter=Parameter(
        "maddrey_df", "Maddrey discriminant function", short="Maddrey DF", unit="{score}", better="lower"
    ),
    version="Carithers 1989",
    inputs=(
        Input("pt_sec", unit="s", label="prothrombin time", worse="higher"),
        Input("pt_control_sec", unit="s", label="prothrombin time of the control", worse="lower"),
        Input("bilirubin", unit="mg/dL", worse="higher"),
    ),
    outputs=(Output("value"), Output("severe", words=("not severe", "severe"))),
    formula=maddrey,
    terms=maddrey_terms,
    terms_of="value",
    value="value",
    category="severe",
    needs=needs("pt_sec", "pt_control_sec", "bilirubin"),
    etiology=ALCOHOL,
    note="For alcohol-related hepatitis.",
    reading="4.6 x (prothrombin time - control, s) + bilirubin, mg/dL. Severe from 32.",
    source="Maddrey WC et al. Gastroenterology 1978;75:193. Carithers RL et al. Ann Intern Med 1989;110:685",
)

LILLE = Score(
    parameter=Parameter("lille", "Lille score", unit="{score}", better="lower", decimals=2),
    version="Louvet 2007",
    inputs=(
        Input("age", unit="years", origin="subject", moment="baseline", bounds=(0, 120), worse="higher"),
        Input("albumin", unit="g/L", label="albumin on day 0", moment="baseline", worse="lower"),
        Input("creatinine", unit="mg/dL", label="creatinine on day 0", moment="baseline", worse="higher"),
        Input("bilirubin_day0", unit="umol/L", label="bilirubin on day 0", paramcd="bilirubin", moment="baseline"),
        Input(
            "bilirubin_day7", unit="umol/L", label="bilirubin on day 7", paramcd="bilirubin", max_age=0, worse="higher"
        ),
        Input("pt_sec", unit="s", label="prothrombin time on day 0", moment="baseline", worse="higher"),
    ),
    outputs=(Output("score", bounds=(0, 1)), Output("nonresponder", words=("responder", "nonresponder"))),
    formula=lille,
    terms=lille_terms,
    value="score",
    category="nonresponder",
    needs=needs("age", "albumin", "creatinine", "bilirubin_day0", "bilirubin_day7", "pt_sec"),
    days=(7, 7),
    etiology=ALCOHOL,
    disagreements=((16, "nobra_calculator reverses the sign of the bilirubin term."),),
    note="For alcohol-related hepatitis on steroids since day 0; in a study it is computed on day 7 only.",
    reading=(
        "R = 3.19 - 0.101 age + 0.147 albumin, g/L + 0.0165 (bilirubin day 0 - day 7, umol/L) - 0.206 (creatinine "
        "above 1.3 mg/dL) - 0.0065 bilirubin day 0, umol/L - 0.0096 prothrombin time, s. Score = exp(-R) / (1 + "
        "exp(-R)); no response from 0.45. A fall of bilirubin lowers the score."
    ),
    source="Louvet A et al. Hepatology 2007;45:1348",
)
