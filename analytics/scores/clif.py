"""The CLIF consortium's scores: organ failure and ACLF grade, CLIF-C ACLF, CLIF-C AD."""

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.bands import add_up, count_reached, exact, points_rising
from analytics.scores.definition import Alternative, Input, Output, Score, needs

# CI and beta of Jalan 2014, by months.
MORTALITY = {1: (0.0022, 0.0995), 3: (0.0079, 0.0869), 6: (0.0115, 0.0824), 12: (0.0231, 0.0731)}
LUNG = "PaO2/FiO2, SpO2/FiO2 or mechanical ventilation"
PRESSURE = "mean arterial pressure or vasopressors"
KIDNEY = "creatinine or renal replacement therapy"


def respiration(pao2: pl.Expr, spo2: pl.Expr, ventilated: pl.Expr) -> pl.Expr:
    """Points for the lung; PaO2/FiO2 wins where both ratios exist."""
    arterial, oximetry = exact(pao2), exact(spo2)
    by_arterial = pl.when(arterial > 300).then(1).when(arterial > 200).then(2).when(arterial <= 200).then(3)
    by_oximetry = pl.when(oximetry > 357).then(1).when(oximetry > 214).then(2).when(oximetry <= 214).then(3)
    return pl.when(ventilated).then(3).when(~ventilated).then(pl.coalesce(by_arterial, by_oximetry))


def organ_points(
    closed: bool, bilirubin: pl.Expr, creatinine: pl.Expr, others: dict[str, pl.Expr]
) -> dict[str, pl.Expr]:
    """1 to 3 points of the six organs; ``closed``: exactly 12 mg/dL of bilirubin is 3 points."""
    kidney, rrt = count_reached(creatinine, 2.0, 3.5) + 1, others["rrt"]
    pressure, supported = exact(others["map"]), others["vasopressors"]
    liver = points_rising(bilirubin, 6.0, 12.0)
    return {
        "liver": count_reached(bilirubin, 6.0, 12.0) + 1 if closed else liver.cast(pl.Int64),
        "kidney": pl.when(rrt).then(3).when(~rrt).then(kidney),
        "brain": points_rising(others["encephalopathy"], 1, 2),
        "coagulation": count_reached(others["inr"], 2.0, 2.5) + 1,
        "circulation": pl.when(supported).then(3).when(pressure < 70).then(2).when(pressure >= 70).then(1),
        "respiration": respiration(others["pao2_fio2"], others["spo2_fio2"], others["mechanical_ventilation"]),
    }


def grade_aclf(failures: pl.Expr, points: dict[str, pl.Expr], creatinine: pl.Expr) -> pl.Expr:
    """ACLF grade 0-3 (Moreau 2013)."""
    renal, brain = points["kidney"] >= 2, points["brain"] == 3
    impaired = exact(creatinine) >= 1.5
    # A single failure of another organ is ACLF only with a kidney that is not normal, or with encephalopathy 1-2.
    alone = pl.when(renal | impaired | (~brain & (points["brain"] == 2))).then(1).when(~impaired).then(0)
    return (
        pl.when(failures == 0)
        .then(0)
        .when(failures == 1)
        .then(alone)
        .when(failures == 2)
        .then(2)
        .when(failures >= 3)
        .then(3)
    )


def clif_c_of(
    closed: bool = True, /, *, bilirubin: pl.Expr, creatinine: pl.Expr, **others: pl.Expr
) -> dict[str, pl.Expr]:
    """Points of the six organs, ``score``, number of failures and ACLF grade."""
    points = organ_points(closed, bilirubin, creatinine, others)
    failed = [points[organ] >= (2 if organ == "kidney" else 3) for organ in points]
    failures = pl.sum_horizontal([item.cast(pl.Int64) for item in failed], ignore_nulls=False)
    grade = grade_aclf(failures, points, creatinine)
    return {**points, "score": add_up(points), "organ_failures": failures, "aclf_grade": grade}


def open_clif_c_of(**inputs: pl.Expr) -> dict[str, pl.Expr]:
    """CLIF-C OF with bilirubin of exactly 12 mg/dL in the middle band."""
    return clif_c_of(False, **inputs)


def clif_c_aclf_terms(*, clif_c_of: pl.Expr, age: pl.Expr, wbc: pl.Expr) -> dict[str, pl.Expr]:
    """The summands of CLIF-C ACLF (Jalan 2014)."""
    return {"CLIF-C OF": 3.3 * clif_c_of, "age": 0.4 * age, "leukocytes": 6.3 * wbc.log(), "constant": pl.lit(-20.0)}


def clif_c_aclf(**inputs: pl.Expr) -> dict[str, pl.Expr]:
    """``score``, 0 to 100 and unrounded, and the mortality predicted at 1, 3, 6 and 12 months."""
    score = add_up(clif_c_aclf_terms(**inputs)).clip(0, 100)
    risks = {f"mortality_{months}m": 1 - (-ci * (beta * score).exp()).exp() for months, (ci, beta) in MORTALITY.items()}
    return {"score": score, **risks}


def clif_c_ad_terms(
    *, age: pl.Expr, creatinine: pl.Expr, inr: pl.Expr, wbc: pl.Expr, sodium: pl.Expr
) -> dict[str, pl.Expr]:
    """The summands of CLIF-C AD (Jalan 2015)."""
    return {
        "age": 0.3 * age,
        "creatinine": 6.6 * creatinine.log(),
        "INR": 17.1 * inr.log(),
        "leukocytes": 8.8 * wbc.log(),
        "sodium": -0.5 * sodium,
        "constant": pl.lit(80.0),
    }


def clif_c_ad(**inputs: pl.Expr) -> dict[str, pl.Expr]:
    """``score`` and its risk ``group``."""
    score = add_up(clif_c_ad_terms(**inputs))
    cut = exact(score)
    low, middle, high = (pl.lit(word) for word in GROUPS)
    return {
        "score": score,
        "group": pl.when(cut <= 45).then(low).when(cut < 60).then(middle).when(cut >= 60).then(high),
    }


GROUPS = ("low", "intermediate", "high")
POINTS = (1, 3)
AGE = Input("age", unit="years", origin="subject", bounds=(0, 120), worse="higher")

CLIF_C_OF = Score(
    parameter=Parameter(
        "clif_c_of", "CLIF-C organ failure", short="CLIF-C OF", unit="points", better="lower", decimals=0
    ),
    version="Jalan 2014",
    inputs=(
        Input("bilirubin", unit="mg/dL", worse="higher"),
        Input("creatinine", unit="mg/dL", worse="higher"),
        Input(
            "rrt",
            kind="flag",
            origin="event",
            if_missing=False,
            label="renal replacement therapy",
            worse="higher",
            effect="the kidney has 3 points",
        ),
        Input("encephalopathy", paramcd="he_grade", label="encephalopathy grade", max_age=30, worse="higher"),
        Input("inr", unit="1", label="INR", worse="higher"),
        Input("map", unit="mm[Hg]", label="mean arterial pressure", worse="lower"),
        Input("vasopressors", kind="flag", if_missing=False, worse="higher", effect="the circulation has 3 points"),
        Input("pao2_fio2", unit="mm[Hg]", label="PaO2/FiO2", worse="lower"),
        Input("spo2_fio2", unit="1", label="SpO2/FiO2", worse="lower"),
        Input(
            "mechanical_ventilation",
            kind="flag",
            if_missing=False,
            label="mechanical ventilation",
            worse="higher",
            effect="the lung has 3 points",
        ),
    ),
    outputs=(
        Output("liver", needs=("bilirubin",), of="bilirubin", bounds=POINTS),
        Output("kidney", needs=(KIDNEY,), of=KIDNEY, bounds=POINTS),
        Output("brain", needs=("encephalopathy",), of="encephalopathy", bounds=POINTS),
        Output("coagulation", needs=("inr",), of="inr", bounds=POINTS),
        Output("circulation", needs=(PRESSURE,), of=PRESSURE, bounds=POINTS),
        Output("respiration", needs=(LUNG,), of=LUNG, bounds=POINTS),
        Output("score", bounds=(6, 18)),
        Output("organ_failures", bounds=(0, 6)),
        Output("aclf_grade", bounds=(0, 3)),
    ),
    formula=clif_c_of,
    value="score",
    category="aclf_grade",
    needs={
        "bilirubin": ("bilirubin",),
        KIDNEY: ("creatinine", "rrt"),
        **needs("encephalopathy", "inr"),
        PRESSURE: ("map", "vasopressors"),
        LUNG: ("pao2_fio2", "spo2_fio2", "mechanical_ventilation"),
    },
    if_missing=(
        "Creatinine may be missing on renal replacement therapy.",
        "Mean arterial pressure may be missing on vasopressors.",
        "One ratio of oxygenation suffices, PaO2/FiO2 wins; both may be missing on mechanical ventilation.",
    ),
    alternatives=(
        Alternative(11, "bilirubin of exactly 12 mg/dL gives 2 points (tables of the paper)", open_clif_c_of),
    ),
    reading=(
        "1, 2 or 3 points each. Bilirubin mg/dL: < 6, 6 to < 12, from 12. Creatinine mg/dL: < 2, 2 to < 3.5, from 3.5 "
        "or renal replacement. West Haven: 0, 1-2, 3-4. INR: < 2.0, 2.0 to < 2.5, from 2.5. Mean arterial pressure: "
        "from 70, below 70, vasopressors. PaO2/FiO2 (SpO2/FiO2): > 300 (> 357), > 200 (> 214), to 200 (to 214) or "
        "ventilated. Failure: 3 points, of the kidney already 2. ACLF 0: none, or one that is not the kidney with "
        "creatinine < 1.5 and no encephalopathy 1-2; 1: the kidney, or one with creatinine 1.5 to < 2.0 or "
        "encephalopathy 1-2; 2: two; 3: three or more."
    ),
    source="Moreau R et al. Gastroenterology 2013;144:1426. Jalan R et al. J Hepatol 2014;61:1038",
)

CLIF_C_ACLF = Score(
    parameter=Parameter("clif_c_aclf", "CLIF-C ACLF", unit="{score}", better="lower", decimals=1),
    version="Jalan 2014",
    inputs=(
        Input("clif_c_of", label="CLIF-C OF", origin="score", bounds=(6, 18), worse="higher", max_age=0),
        AGE,
        Input("wbc", unit="10*9/L", label="leukocytes", worse="higher"),
    ),
    outputs=(
        Output("score", bounds=(0, 100)),
        *(Output(f"mortality_{months}m", bounds=(0, 1)) for months in MORTALITY),
    ),
    formula=clif_c_aclf,
    terms=clif_c_aclf_terms,
    value="score",
    needs=needs("clif_c_of", "age", "wbc"),
    note="Meaningful only with ACLF.",
    reading=(
        "10 x (0.33 CLIF-C OF + 0.04 age + 0.63 ln(leukocytes, 10*9/L) - 2), 0 to 100. Mortality at t months: "
        "1 - exp(-CI x exp(beta x score)), CI and beta 0.0022, 0.0995 (1); 0.0079, 0.0869 (3); 0.0115, 0.0824 (6); "
        "0.0231, 0.0731 (12)."
    ),
    source="Jalan R et al. J Hepatol 2014;61:1038",
)

CLIF_C_AD = Score(
    parameter=Parameter("clif_c_ad", "CLIF-C AD", unit="{score}", better="lower", decimals=1),
    version="Jalan 2015",
    inputs=(
        AGE,
        Input("creatinine", unit="mg/dL", worse="higher"),
        Input("inr", unit="1", label="INR", worse="higher"),
        Input("wbc", unit="10*9/L", label="leukocytes", worse="higher"),
        Input("sodium", unit="mmol/L", worse="lower"),
    ),
    outputs=(Output("score"), Output("group", words=GROUPS)),
    formula=clif_c_ad,
    terms=clif_c_ad_terms,
    terms_of="score",
    value="score",
    category="group",
    needs=needs("age", "creatinine", "inr", "wbc", "sodium"),
    note="For acute decompensation without ACLF.",
    reading=(
        "10 x (0.03 age + 0.66 ln(creatinine, mg/dL) + 1.71 ln INR + 0.88 ln(leukocytes, 10*9/L) - 0.05 sodium + 8). "
        "No clamps. Low to 45, high from 60; printed as 46-59, between is intermediate."
    ),
    source="Jalan R et al. J Hepatol 2015;62:831",
)
