"""Scores of cholestatic disease: the Mayo natural history model of PBC, and GLOBE."""

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.bands import add_up, exact, ln
from analytics.scores.definition import Input, Output, Score, needs

PBC = r"(?i)\bpbc\b|primary biliary"
# Dickson 1989: survival of a patient with the mean risk 5.07 after 1 to 7 years.
BASELINE_SURVIVAL = (0.970, 0.941, 0.883, 0.833, 0.774, 0.721, 0.651)


def mayo_pbc_terms(
    *, age: pl.Expr, bilirubin: pl.Expr, albumin: pl.Expr, pt_sec: pl.Expr, edema: pl.Expr
) -> dict[str, pl.Expr]:
    """The summands of the risk."""
    return {
        "age": 0.039 * age,
        "bilirubin": 0.871 * bilirubin.log(),
        "albumin": -2.53 * albumin.log(),
        "prothrombin time": 2.38 * pt_sec.log(),
        "edema": 0.859 * edema,
    }


def mayo_pbc(**inputs: pl.Expr) -> dict[str, pl.Expr]:
    """``risk``, and the survival predicted after 1 to 7 years."""
    risk = add_up(mayo_pbc_terms(**inputs))
    return {"risk": risk, **{f"survival_{year}y": share for year, share in mayo_survival(risk).items()}}


def mayo_survival(risk: pl.Expr) -> dict[int, pl.Expr]:
    """The survival predicted after 1 to 7 years, by year."""
    relative = (risk - 5.07).exp()
    return {year: pl.lit(s0).pow(relative) for year, s0 in enumerate(BASELINE_SURVIVAL, start=1)}


def globe_terms(
    *, age: pl.Expr, bilirubin_xuln: pl.Expr, alp_xuln: pl.Expr, albumin_xlln: pl.Expr, platelets: pl.Expr
) -> dict[str, pl.Expr]:
    """The summands of GLOBE."""
    return {
        "age": 0.044378 * age,
        "bilirubin": 0.93982 * ln(bilirubin_xuln),
        "alkaline phosphatase": 0.335648 * ln(alp_xuln),
        "albumin": -2.266708 * albumin_xlln,
        "platelets": -0.002581 * platelets,
        "constant": pl.lit(1.216865),
    }


def globe(**inputs: pl.Expr) -> dict[str, pl.Expr]:
    """``value``, and whether the patient does not respond to UDCA."""
    value = add_up(globe_terms(**inputs))
    return {"value": value, "nonresponder": exact(value) > 0.30}


MAYO_PBC = Score(
    parameter=Parameter("mayo_pbc", "Mayo PBC risk score", unit="{score}", better="lower", decimals=2),
    version="Dickson 1989",
    inputs=(
        Input("age", unit="years", origin="subject", bounds=(0, 120), worse="higher"),
        Input("bilirubin", unit="mg/dL", worse="higher"),
        Input("albumin", unit="g/dL", worse="lower"),
        Input("pt_sec", unit="s", label="prothrombin time", worse="higher"),
        Input("edema", worse="higher"),
    ),
    outputs=(Output("risk"), *(Output(f"survival_{year}y", bounds=(0, 1)) for year in range(1, 8))),
    formula=mayo_pbc,
    terms=mayo_pbc_terms,
    terms_of="risk",
    value="risk",
    needs=needs("age", "bilirubin", "albumin", "pt_sec", "edema"),
    etiology=PBC,
    note="For primary biliary cholangitis.",
    reading=(
        "0.039 age + 0.871 ln(bilirubin, mg/dL) - 2.53 ln(albumin, g/dL) + 2.38 ln(prothrombin time, s) + 0.859 edema. "
        "Survival at t years: S0(t) to the power exp(risk - 5.07), S0 = 0.970, 0.941, 0.883, 0.833, 0.774, 0.721, "
        "0.651 for 1 to 7 years. Age is the age on the day of the visit."
    ),
    source="Dickson ER et al. Hepatology 1989;10:1",
)

GLOBE = Score(
    parameter=Parameter("globe", "GLOBE score", unit="{score}", better="lower", decimals=2),
    version="Lammers 2015",
    inputs=(
        Input(
            "age",
            unit="years",
            label="age at the start",
            origin="subject",
            moment="baseline",
            bounds=(0, 120),
            worse="higher",
        ),
        Input(
            "bilirubin_xuln",
            unit="1",
            label="bilirubin as multiple of its upper limit",
            origin="times upper limit",
            paramcd="bilirubin",
            bounds=(0, None),
            worse="higher",
        ),
        Input(
            "alp_xuln",
            unit="1",
            label="alkaline phosphatase as multiple of its upper limit",
            origin="times upper limit",
            paramcd="alp",
            bounds=(0, None),
            worse="higher",
        ),
        Input(
            "albumin_xlln",
            unit="1",
            label="albumin as multiple of its lower limit",
            origin="times lower limit",
            paramcd="albumin",
            bounds=(0, None),
            worse="lower",
        ),
        Input("platelets", unit="10*9/L", worse="lower"),
    ),
    outputs=(Output("value"), Output("nonresponder", words=("responder", "nonresponder"))),
    formula=globe,
    terms=globe_terms,
    terms_of="value",
    value="value",
    category="nonresponder",
    needs=needs("age", "bilirubin_xuln", "alp_xuln", "albumin_xlln", "platelets"),
    days=(365, None),
    etiology=PBC,
    note="After one year of UDCA, for PBC; in a study it is computed from day 365 on, day 0 being the start of UDCA.",
    reading=(
        "0.044378 age + 0.93982 ln(bilirubin x ULN) + 0.335648 ln(alkaline phosphatase x ULN) - 2.266708 (albumin x "
        "LLN) - 0.002581 platelets + 1.216865. No response above 0.30. Age is the age at the start."
    ),
    source="Lammers WJ et al. Gastroenterology 2015;149:1804",
)
