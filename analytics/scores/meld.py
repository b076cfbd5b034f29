"""The MELD family: MELD (2002), MELD-Na (2016) and MELD 3.0. One series must stay in one version."""

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.definition import Example, Input, Score, needs, round_half_up

BILIRUBIN = Input("bilirubin", unit="mg/dL", floor=1.0)
INR = Input("inr", unit="1", floor=1.0, label="INR")
SODIUM = Input("sodium", unit="mmol/L", floor=125, cap=137)
DIALYSIS = Input("dialysis", origin="event", flag=True, label="dialysis twice within 7 days")
OPTN = "OPTN policy 9"


def replace_on_dialysis(creatinine: pl.Expr, dialysis: pl.Expr, cap: float) -> pl.Expr:
    """Creatinine, or its cap on dialysis, also where creatinine itself is missing."""
    return pl.when(dialysis).then(pl.lit(cap)).when(~dialysis).then(creatinine)


def raw_meld(bilirubin: pl.Expr, inr: pl.Expr, creatinine: pl.Expr, dialysis: pl.Expr) -> pl.Expr:
    """MELD before rounding and limits, from clamped inputs in mg/dL (Malinchoc 2000; Kamath 2001)."""
    used = replace_on_dialysis(creatinine, dialysis, cap=4.0)
    return 10 * (0.957 * used.log() + 0.378 * bilirubin.log() + 1.120 * inr.log() + 0.643)


def meld(*, bilirubin: pl.Expr, inr: pl.Expr, creatinine: pl.Expr, dialysis: pl.Expr) -> dict[str, pl.Expr]:
    """``raw`` and the rounded ``score``, 6 to 40."""
    raw = raw_meld(bilirubin, inr, creatinine, dialysis)
    return {"raw": raw, "score": round_half_up(raw).clip(6, 40)}


def meld_na(*, sodium: pl.Expr, **inputs: pl.Expr) -> dict[str, pl.Expr]:
    """``meld_i``, which is MELD as an integer, and ``score``; the integer enters the sodium term."""
    meld_i = round_half_up(raw_meld(**inputs)).clip(upper_bound=40)
    deficit = 137 - sodium
    adjusted = meld_i + 1.32 * deficit - 0.033 * meld_i * deficit
    # A missing sodium leaves the score missing, also where its value would not matter.
    score = pl.when(sodium.is_not_null() & (meld_i > 11)).then(adjusted).when(sodium.is_not_null()).then(meld_i)
    return {"meld_i": meld_i, "score": round_half_up(score).clip(6, 40)}


def meld3(
    *, sex: pl.Expr, bilirubin: pl.Expr, inr: pl.Expr, creatinine: pl.Expr, **others: pl.Expr
) -> dict[str, pl.Expr]:
    """``raw``, uncapped, and the rounded ``score``, 6 to 40."""
    female = pl.when(sex == "F").then(1).when(sex == "M").then(0)
    ln_creatinine = replace_on_dialysis(creatinine, others["dialysis"], cap=3.0).log()
    deficit, lack = 137 - others["sodium"], 3.5 - others["albumin"]
    raw = (
        1.33 * female
        + 4.56 * bilirubin.log()
        + 0.82 * deficit
        - 0.24 * deficit * bilirubin.log()
        + 9.09 * inr.log()
        + 11.14 * ln_creatinine
        + 1.85 * lack
        - 1.83 * lack * ln_creatinine
        + 6
    )
    return {"raw": raw, "score": round_half_up(raw).clip(6, 40)}


LABS = {"bilirubin": (3.4, "mg/dL"), "inr": (1.7, "1"), "creatinine": (1.4, "mg/dL")}
CLAMPS = "Bilirubin, INR and creatinine below 1.0 count as 1.0"

MELD = Score(
    parameter=Parameter("meld", "MELD", unit="points", better="lower", decimals=0),
    version="UNOS/OPTN 2002",
    inputs=(BILIRUBIN, INR, Input("creatinine", unit="mg/dL", floor=1.0, cap=4.0), DIALYSIS),
    formula=meld,
    value="score",
    needs={**needs("bilirubin", "inr"), "creatinine": ("creatinine", "dialysis")},
    reading=(
        "10 x (0.957 ln creatinine + 0.378 ln bilirubin + 1.120 ln INR + 0.643), rounded half up, 6 to 40. "
        f"{CLAMPS}; creatinine above 4.0, or dialysis, counts as 4.0."
    ),
    source=f"Malinchoc M et al. Hepatology 2000;31:864. Kamath PS et al. Hepatology 2001;33:464. {OPTN} (2002)",
    examples=(
        Example("EX-ME-1", LABS, {"raw": 20.2189, "score": 20}),
        Example(
            "EX-ME-3",
            {"bilirubin": (120, "umol/L"), "inr": (1.9, "1"), "creatinine": (210, "umol/L"), "dialysis": True},
            {"raw": 34.2506, "score": 34},
        ),
    ),
)

MELD_NA = Score(
    parameter=Parameter("meld_na", "MELD-Na", unit="points", better="lower", decimals=0),
    version="OPTN 2016",
    inputs=(*MELD.inputs, SODIUM),
    formula=meld_na,
    value="score",
    needs={**MELD.needs, **needs("sodium")},
    reading=(
        "MELD as an integer; if above 11: MELD + 1.32 x (137 - Na) - 0.033 x MELD x (137 - Na), with sodium "
        "limited to 125-137; rounded half up, 6 to 40. Missing without sodium, also where it would not matter."
    ),
    source=f"{OPTN}.1.D (January 2016). Kim WR et al. N Engl J Med 2008;359:1018",
    examples=(
        Example("EX-MN-1", {**LABS, "sodium": (129, "mmol/L")}, {"meld_i": 20, "score": 25}),
        Example(
            "EX-MN-4",
            {"bilirubin": (2.0, "mg/dL"), "inr": (1.5, "1"), "creatinine": (1.5, "mg/dL"), "sodium": (130, "mmol/L")},
            {"meld_i": 17, "score": 22},
        ),
    ),
)

MELD3 = Score(
    parameter=Parameter("meld3", "MELD 3.0", unit="points", better="lower", decimals=0),
    version="Kim 2021 / OPTN 2023",
    inputs=(
        Input("sex", origin="subject"),
        BILIRUBIN,
        INR,
        Input("creatinine", unit="mg/dL", floor=1.0, cap=3.0),
        SODIUM,
        Input("albumin", unit="g/dL", floor=1.5, cap=3.5),
        DIALYSIS,
    ),
    formula=meld3,
    value="score",
    needs={**MELD.needs, **needs("sodium", "albumin", "sex")},
    reading=(
        "1.33 if female + 4.56 ln bilirubin + 0.82 (137 - Na) - 0.24 (137 - Na) ln bilirubin + 9.09 ln INR "
        "+ 11.14 ln creatinine + 1.85 (3.5 - albumin) - 1.83 (3.5 - albumin) ln creatinine + 6, rounded half up, "
        f"6 to 40. {CLAMPS}; creatinine above 3.0, or dialysis, counts as 3.0; sodium 125-137; albumin 1.5-3.5 g/dL."
    ),
    source=f"Kim WR et al. Gastroenterology 2021;161:1887. {OPTN} (2023)",
    examples=(
        Example(
            "EX-M3-1",
            {**LABS, "sex": "female", "sodium": (129, "mmol/L"), "albumin": (2.7, "g/dL")},
            {"raw": 26.6799, "score": 27},
        ),
    ),
)
