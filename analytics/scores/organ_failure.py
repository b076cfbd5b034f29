"""AARC score of acute-on-chronic liver failure, and acute kidney injury in cirrhosis."""

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.bands import add_up, choose_first, exact, name_band, points_rising
from analytics.scores.definition import Input, Output, Score, needs

# The middle band of each component, both ends included.
AARC_BANDS = {
    "bilirubin": (15, 25),
    "encephalopathy": (1, 2),
    "inr": (1.8, 2.5),
    "lactate": (1.5, 2.5),
    "creatinine": (0.7, 1.5),
}
STAGES = ("0", "1a", "1b", "2", "3")


def aarc(**inputs: pl.Expr) -> dict[str, pl.Expr]:
    """Points of the five components, ``score`` 5-15 and ``grade`` 1-3 (Choudhury 2017)."""
    points = {f"{name}_points": points_rising(inputs[name], *band) for name, band in AARC_BANDS.items()}
    score = add_up(points).cast(pl.Int64)
    return {**points, "score": score, "grade": name_band(score, ("1", "2", "3"), 7, 10).cast(pl.Int64)}


def aki(
    *, creatinine_baseline: pl.Expr, creatinine: pl.Expr, rise_within_48h: pl.Expr, rrt: pl.Expr
) -> dict[str, pl.Expr]:
    """``stage`` by the International Club of Ascites, as text."""
    ratio, value = exact(creatinine / creatinine_baseline), exact(creatinine)
    acute = rise_within_48h | (ratio >= 1.5)
    first = (ratio >= 1.5) | rise_within_48h
    chain = {
        "3": (ratio > 3) | ((value >= 4.0) & acute),
        "2": ratio > 2,
        "1b": first & (value >= 1.5),
        "1a": first,
    }
    # Without a baseline there is no stage, whatever the other inputs would say.
    known = ratio.is_not_null()
    return {"stage": pl.when(rrt).then(pl.lit("3")).when(known).then(choose_first(chain, "0"))}


AARC = Score(
    parameter=Parameter("aarc", "AARC score", short="AARC", unit="points", better="lower", decimals=0),
    version="Choudhury 2017",
    inputs=(
        Input("bilirubin", unit="mg/dL", worse="higher"),
        Input("creatinine", unit="mg/dL", worse="higher"),
        Input("encephalopathy", paramcd="he_grade", label="encephalopathy grade", max_age=30, worse="higher"),
        Input("inr", unit="1", label="INR", worse="higher"),
        Input("lactate", unit="mmol/L", worse="higher"),
    ),
    outputs=(
        *(Output(f"{name}_points", needs=(name,), of=name, bounds=(1, 3)) for name in AARC_BANDS),
        Output("score", bounds=(5, 15)),
        Output("grade", bounds=(1, 3)),
    ),
    formula=aarc,
    value="score",
    category="grade",
    needs=needs("bilirubin", "creatinine", "encephalopathy", "inr", "lactate"),
    note="For acute-on-chronic liver failure by the APASL definition.",
    reading=(
        "1, 2 or 3 points each, both ends in the middle band. Bilirubin 15-25 mg/dL, West Haven 1-2, INR 1.8-2.5, "
        "lactate 1.5-2.5 mmol/L, creatinine 0.7-1.5 mg/dL. Grade 1: 5-7, 2: 8-10, 3: 11-15."
    ),
    source="Choudhury A et al. Hepatol Int 2017;11:461",
)

AKI = Score(
    parameter=Parameter(
        "aki",
        "Acute kidney injury in cirrhosis, ICA stage",
        short="AKI stage",
        unit="{stage}",
        better="lower",
        decimals=0,
        levels={place: (f"stage {stage}",) for place, stage in enumerate(STAGES)},
    ),
    version="ICA 2015",
    inputs=(
        Input(
            "creatinine_baseline",
            unit="mg/dL",
            label="creatinine of an earlier day within 3 months",
            paramcd="creatinine",
            moment="earlier",
            max_age=91,
            worse="lower",
        ),
        Input("creatinine", unit="mg/dL", worse="higher", max_age=0),
        Input(
            "rise_within_48h",
            kind="flag",
            origin="course",
            if_missing=False,
            label="rise of creatinine by 0.3 mg/dL within 48 h",
            worse="higher",
            effect="stage 1 at least",
        ),
        Input(
            "rrt",
            kind="flag",
            origin="event",
            if_missing=False,
            label="renal replacement therapy",
            worse="higher",
            effect="stage 3",
        ),
    ),
    outputs=(Output("stage", words=STAGES),),
    formula=aki,
    value="stage",
    category="stage",
    needs={"creatinine_baseline": ("creatinine_baseline", "rrt"), "creatinine": ("creatinine", "rrt")},
    if_missing=("On renal replacement therapy both creatinine values may be missing: stage 3.",),
    reading=(
        "Ratio of creatinine to its latest earlier value within 3 months. 3: renal replacement, ratio above 3, or "
        "creatinine from 4.0 mg/dL with an acute rise; 2: ratio above 2; 1: ratio from 1.5, or a rise by 0.3 mg/dL "
        "within 48 h, 1a with creatinine below 1.5 and 1b from 1.5 mg/dL; 0 otherwise."
    ),
    source="Angeli P et al. J Hepatol 2015;62:968. EASL decompensated cirrhosis guideline. J Hepatol 2018;69:406",
)
