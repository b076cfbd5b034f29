"""The MELD family: MELD (2002), MELD-Na (2016), MELD 3.0, UKELD. One series must stay in one version."""

from functools import partial

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.bands import add_up, female, round_half_up
from analytics.scores.definition import Alternative, Input, Output, Score, needs

BILIRUBIN = Input("bilirubin", unit="mg/dL", floor=1.0, worse="higher")
INR = Input("inr", unit="1", floor=1.0, label="INR", worse="higher")
SODIUM = Input("sodium", unit="mmol/L", floor=125, cap=137)
OPTN = "OPTN policy 9"
CLAMPS = "Bilirubin, INR and creatinine below 1.0 count as 1.0"
DIALYSED = "Creatinine may be missing on dialysis, which replaces it by its cap."
LIMITS = (6, 40)


def on_dialysis(cap: float) -> Input:
    """Dialysis twice, or 24 h of haemodialysis, in the 7 days before creatinine."""
    return Input(
        "dialysis",
        kind="flag",
        origin="event",
        if_missing=False,
        label="dialysis twice within 7 days",
        worse="higher",
        effect=f"creatinine counts as {cap:.1f} mg/dL",
    )


def replace_on_dialysis(creatinine: pl.Expr, dialysis: pl.Expr, cap: float) -> pl.Expr:
    """Creatinine, or its cap on dialysis, also where creatinine itself is missing."""
    return pl.when(dialysis).then(pl.lit(cap)).when(~dialysis).then(creatinine)


def meld_terms(
    *, bilirubin: pl.Expr, inr: pl.Expr, creatinine: pl.Expr, dialysis: pl.Expr, **_: pl.Expr
) -> dict[str, pl.Expr]:
    """The summands of MELD, from clamped inputs in mg/dL (Malinchoc 2000; Kamath 2001)."""
    used = replace_on_dialysis(creatinine, dialysis, cap=4.0)
    return {
        "creatinine": 9.57 * used.log(),
        "bilirubin": 3.78 * bilirubin.log(),
        "INR": 11.20 * inr.log(),
        "constant": pl.lit(6.43),
    }


def meld(**inputs: pl.Expr) -> dict[str, pl.Expr]:
    """``raw`` and the rounded ``score``, 6 to 40."""
    raw = add_up(meld_terms(**inputs))
    return {"raw": raw, "score": round_half_up(raw).clip(*LIMITS)}


def meld_na(
    policy: bool = True, need_sodium: bool = True, /, *, sodium: pl.Expr, **inputs: pl.Expr
) -> dict[str, pl.Expr]:
    """``meld_i``, which is MELD as an integer, and ``score``; by the policy the integer enters the sodium term."""
    raw = add_up(meld_terms(**inputs))
    meld_i = round_half_up(raw).clip(upper_bound=40)
    first = meld_i if policy else raw.clip(upper_bound=40)
    deficit = 137 - sodium
    adjusted = first + 1.32 * deficit - 0.033 * first * deficit
    # A missing sodium leaves the score missing, also where its value would not matter.
    without = pl.when(sodium.is_not_null() | pl.lit(not need_sodium)).then(first)
    score = pl.when(meld_i > 11).then(adjusted).when(meld_i <= 11).then(without)
    return {"meld_i": meld_i, "score": round_half_up(score).clip(*LIMITS)}


def meld3_terms(
    cap: float = 3.0, /, *, sex: pl.Expr, bilirubin: pl.Expr, inr: pl.Expr, creatinine: pl.Expr, **others: pl.Expr
) -> dict[str, pl.Expr]:
    """The summands of MELD 3.0 (Kim 2021)."""
    ln_creatinine = replace_on_dialysis(creatinine, others["dialysis"], cap).log()
    deficit, lack = 137 - others["sodium"], 3.5 - others["albumin"]
    return {
        "female sex": 1.33 * female(sex),
        "bilirubin": 4.56 * bilirubin.log(),
        "sodium": 0.82 * deficit,
        "sodium x bilirubin": -0.24 * deficit * bilirubin.log(),
        "INR": 9.09 * inr.log(),
        "creatinine": 11.14 * ln_creatinine,
        "albumin": 1.85 * lack,
        "albumin x creatinine": -1.83 * lack * ln_creatinine,
        "constant": pl.lit(6.0),
    }


def meld3(cap: float = 3.0, most: int = 40, /, **inputs: pl.Expr) -> dict[str, pl.Expr]:
    """``raw``, uncapped, and the rounded ``score``, 6 to 40."""
    raw = add_up(meld3_terms(cap, **inputs))
    return {"raw": raw, "score": round_half_up(raw).clip(6, most)}


def ukeld_terms(*, inr: pl.Expr, creatinine: pl.Expr, bilirubin: pl.Expr, sodium: pl.Expr) -> dict[str, pl.Expr]:
    """The summands of UKELD, creatinine and bilirubin in umol/L (Barber 2011)."""
    return {
        "INR": 5.395 * inr.log(),
        "creatinine": 1.485 * creatinine.log(),
        "bilirubin": 3.13 * bilirubin.log(),
        "sodium": -81.565 * sodium.log(),
        "constant": pl.lit(435.0),
    }


def ukeld(**inputs: pl.Expr) -> dict[str, pl.Expr]:
    """``raw`` and the rounded ``score``, without limits."""
    raw = add_up(ukeld_terms(**inputs))
    return {"raw": raw, "score": round_half_up(raw)}


MELD = Score(
    parameter=Parameter("meld", "MELD", unit="points", better="lower", decimals=0),
    version="UNOS/OPTN 2002",
    inputs=(BILIRUBIN, INR, Input("creatinine", unit="mg/dL", floor=1.0, cap=4.0, worse="higher"), on_dialysis(4.0)),
    outputs=(Output("raw"), Output("score", bounds=LIMITS)),
    formula=meld,
    terms=meld_terms,
    terms_of="raw",
    value="score",
    needs={**needs("bilirubin", "inr"), "creatinine": ("creatinine", "dialysis")},
    if_missing=(DIALYSED,),
    reading=(
        "10 x (0.957 ln creatinine + 0.378 ln bilirubin + 1.120 ln INR + 0.643), rounded half up, 6 to 40. "
        f"{CLAMPS}; creatinine above 4.0, or dialysis, counts as 4.0. No term for etiology (the Mayo version of 2000 "
        "had one)."
    ),
    source=f"Malinchoc M et al. Hepatology 2000;31:864. Kamath PS et al. Hepatology 2001;33:464. {OPTN} (2002)",
)

MELD_NA = Score(
    parameter=Parameter("meld_na", "MELD-Na", unit="points", better="lower", decimals=0),
    version="OPTN 2016",
    inputs=(*MELD.inputs, Input("sodium", unit="mmol/L", floor=125, cap=137, worse="lower")),
    outputs=(Output("meld_i", needs=tuple(MELD.needs), bounds=(None, 40)), Output("score", bounds=LIMITS)),
    formula=meld_na,
    value="score",
    needs={**MELD.needs, **needs("sodium")},
    if_missing=(DIALYSED,),
    alternatives=(
        Alternative(5, "MELD enters the sodium term unrounded (ameld)", partial(meld_na, False)),
        Alternative(7, "given without sodium where MELD is 11 or less (some code)", partial(meld_na, True, False)),
    ),
    disagreements=(
        (6, "Kim 2008 (sodium 125-140, factor 0.025) or 1.59 x (135 - Na) is computed under the same name."),
    ),
    reading=(
        "MELD as an integer; if above 11: MELD + 1.32 x (137 - Na) - 0.033 x MELD x (137 - Na), with sodium "
        "limited to 125-137; rounded half up, 6 to 40. Missing without sodium, also where it would not matter."
    ),
    source=f"{OPTN}.1.D (January 2016). Kim WR et al. N Engl J Med 2008;359:1018",
)

MELD3 = Score(
    parameter=Parameter("meld3", "MELD 3.0", unit="points", better="lower", decimals=0),
    version="Kim 2021 / OPTN 2023",
    inputs=(
        Input("sex", kind="word", origin="subject", choices=("F", "M")),
        BILIRUBIN,
        INR,
        Input("creatinine", unit="mg/dL", floor=1.0, cap=3.0, worse="higher"),
        SODIUM,
        Input("albumin", unit="g/dL", floor=1.5, cap=3.5),
        on_dialysis(3.0),
    ),
    outputs=(Output("raw"), Output("score", bounds=LIMITS)),
    formula=meld3,
    terms=meld3_terms,
    terms_of="raw",
    value="score",
    needs={**needs("bilirubin", "inr"), "creatinine": ("creatinine", "dialysis"), **needs("sodium", "albumin", "sex")},
    if_missing=(DIALYSED,),
    alternatives=(
        Alternative(8, "without the cap of 40 (Kim 2021)", partial(meld3, 3.0, 10**6)),
        Alternative(8, "dialysis counts as creatinine 4.0 (some web pages)", partial(meld3, 4.0)),
    ),
    reading=(
        "1.33 if female + 4.56 ln bilirubin + 0.82 (137 - Na) - 0.24 (137 - Na) ln bilirubin + 9.09 ln INR "
        "+ 11.14 ln creatinine + 1.85 (3.5 - albumin) - 1.83 (3.5 - albumin) ln creatinine + 6, rounded half up, "
        f"6 to 40. {CLAMPS}; creatinine above 3.0, or dialysis, counts as 3.0; sodium 125-137; albumin 1.5-3.5 g/dL. "
        "Adults only."
    ),
    source=f"Kim WR et al. Gastroenterology 2021;161:1887. {OPTN} (2023)",
)

UKELD = Score(
    parameter=Parameter("ukeld", "UKELD", unit="points", better="lower", decimals=0),
    version="Barber 2011",
    inputs=(
        Input("inr", unit="1", label="INR", worse="higher"),
        Input("bilirubin", unit="umol/L", worse="higher"),
        Input("creatinine", unit="umol/L", worse="higher"),
        Input("sodium", unit="mmol/L", worse="lower"),
    ),
    outputs=(Output("raw"), Output("score")),
    formula=ukeld,
    terms=ukeld_terms,
    terms_of="raw",
    value="score",
    needs=needs("inr", "bilirubin", "creatinine", "sodium"),
    disagreements=(
        (16, 'transplantr\'s ukeld(units = "US") divides by the conversion factors instead of multiplying.'),
    ),
    reading=(
        "5.395 ln INR + 1.485 ln(creatinine, umol/L) + 3.13 ln(bilirubin, umol/L) - 81.565 ln sodium + 435, rounded "
        "half up. No clamps. Elective listing in the UK from 49."
    ),
    source="Neuberger J et al. Gut 2008;57:252. Barber K et al. Transplantation 2011;92:469",
)
