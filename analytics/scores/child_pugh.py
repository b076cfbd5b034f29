"""Child-Pugh points and class, three coagulation bases, cholestatic variant; and its points for words."""

from collections.abc import Mapping
from functools import partial

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.bands import HAIR, add_up, name_band, points_falling, points_rising
from analytics.scores.definition import Alternative, Input, Output, Score, needs

Bands = Mapping[str, tuple[float, float]]

COAGULATION = ("inr", "pt_prolongation_sec", "pt_activity")
COAGULATION_TEST = "a coagulation test (INR, PT seconds above control or PT activity)"
BASIS_NAMES = {"inr": "inr", "pt_prolongation_sec": "pt_sec", "pt_activity": "pt_activity"}
# The middle band of each component, both ends included (FDA 2003).
BANDS: Bands = {
    "bilirubin": (2.0, 3.0),
    "bilirubin, cholestatic": (4.0, 10.0),
    "albumin": (2.8, 3.5),
    "inr": (1.7, 2.3),
    "pt_prolongation_sec": (4, 6),
    "pt_activity": (40, 70),
    "encephalopathy": (1, 2),
}


def bilirubin_points(bilirubin: pl.Expr, cholestatic: pl.Expr, bands: Bands) -> pl.Expr:
    """Points for bilirubin in mg/dL; the wider bands hold for PBC and PSC (Pugh 1973)."""
    standard = points_rising(bilirubin, *bands["bilirubin"])
    wide = points_rising(bilirubin, *bands["bilirubin, cholestatic"])
    return pl.when(cholestatic).then(wide).when(~cholestatic).then(standard)


def ascites_points(ascites: pl.Expr, grade_2_points: pl.Expr | int) -> pl.Expr:
    """Points for the ascites grade 0-3; grade 2 has no agreed place, so the study names it."""
    return (
        pl.when(ascites == 0)
        .then(1)
        .when(ascites == 1)
        .then(2)
        .when(ascites == 2)
        .then(grade_2_points)
        .when(ascites == 3)
        .then(3)
        .cast(pl.Int64)
    )


def is_in_use(name: str, wanted: pl.Expr) -> pl.Expr:
    """Whether a coagulation test may be used: the study names it, or none."""
    return wanted.is_null() | (wanted == BASIS_NAMES[name])


def select_basis(tests: dict[str, pl.Expr], wanted: pl.Expr) -> pl.Expr:
    """The name of the test in use: of those that may be used the first that is known."""
    known = {name: test.is_not_null() & is_in_use(name, wanted) for name, test in tests.items()}
    return pl.coalesce(pl.when(there).then(pl.lit(BASIS_NAMES[name])) for name, there in known.items())


def coagulation_points(tests: dict[str, pl.Expr], wanted: pl.Expr, bands: Bands) -> pl.Expr:
    """Points for the coagulation test in use."""
    rules = {"inr": points_rising, "pt_prolongation_sec": points_rising, "pt_activity": points_falling}
    return pl.coalesce(
        pl.when(is_in_use(name, wanted)).then(rules[name](test, *bands[name])) for name, test in tests.items()
    )


def child_pugh(
    bands: Bands = BANDS, grade_2: int | None = None, /, *, ascites: pl.Expr, **inputs: pl.Expr
) -> dict[str, pl.Expr]:
    """Points of the five components, their sum and the class; null where a component is missing."""
    tests = {name: inputs[name] for name in COAGULATION}
    wanted = inputs["coagulation_basis"]
    points = {
        "bilirubin_points": bilirubin_points(inputs["bilirubin"], inputs["cholestatic"], bands),
        "albumin_points": points_falling(inputs["albumin"], *bands["albumin"]),
        "coagulation_points": coagulation_points(tests, wanted, bands),
        "ascites_points": ascites_points(ascites, inputs["ascites_grade_2_points"] if grade_2 is None else grade_2),
        "encephalopathy_points": points_rising(inputs["encephalopathy"], *bands["encephalopathy"]),
    }
    total = add_up(points)
    return {
        **points,
        "coagulation_basis": select_basis(tests, wanted),
        "points": total,
        "class": name_band(total, ("A", "B", "C"), 6, 9),
    }


def read_bands(**other: tuple[float, float]) -> partial[dict[str, pl.Expr]]:
    """Child-Pugh with other middle bands for the named components."""
    return partial(child_pugh, {**BANDS, **other})


READINGS = (
    Alternative(1, "INR 1.7-2.2 in the middle band (several US tables)", read_bands(inr=(1.7, 2.2))),
    Alternative(1, "INR 1.71-2.20 in the middle band (several US tables)", read_bands(inr=(1.71, 2.20))),
    Alternative(1, "INR 1.8-2.3 in the middle band (older reviews)", read_bands(inr=(1.8, 2.3))),
    Alternative(2, "albumin 3.0-3.5 g/dL in the middle band (Harrison-type tables)", read_bands(albumin=(3.0, 3.5))),
    *(
        Alternative(
            2,
            f"bilirubin {low}-{high} umol/L in the middle band (SI tables)",
            read_bands(bilirubin=(low / 17.1, high / 17.1)),
        )
        for low, high in ((34, 50), (34, 51), (35, 50))
    ),
    Alternative(
        2,
        "cholestatic disease: bilirubin of exactly 4.0 mg/dL gives 1 point (printed as 1-4, 4-10, > 10)",
        read_bands(**{"bilirubin, cholestatic": (4.0 + HAIR, 10.0)}),
    ),
    Alternative(3, "PT activity of exactly 70 % gives 1 point (>= 70)", read_bands(pt_activity=(40, 70 - HAIR))),
    Alternative(3, "PT activity of exactly 40 % gives 3 points", read_bands(pt_activity=(40 + HAIR, 70))),
    Alternative(3, "PT activity 40-50 % in the middle band (France)", read_bands(pt_activity=(40, 50))),
    Alternative(3, "PT activity 50-80 % in the middle band (one Japanese page)", read_bands(pt_activity=(50, 80))),
    Alternative(4, "ascites grade 2 (moderate) gives 2 points (US, German tables)", partial(child_pugh, BANDS, 2)),
    Alternative(4, "ascites grade 2 (moderate) gives 3 points (FDA/CDISC)", partial(child_pugh, BANDS, 3)),
)
POINTS = (1, 3)
ASCITES = Input(
    "ascites",
    paramcd="ascites_grade",
    label="ascites grade",
    max_age=30,
    worse="higher",
    recorded_instead={"ascites_present": "ascites is recorded as yes or no, without a grade"},
)
ENCEPHALOPATHY = Input("encephalopathy", paramcd="he_grade", label="encephalopathy grade", max_age=30, worse="higher")
# FDA/CDISC wording: grade 2 is "moderate" and scores 3; a study may set 2.
GRADE_2 = Input(
    "ascites_grade_2_points", origin="study", label="points for ascites grade 2", choices=(2, 3), if_missing=3.0
)
WORDS = "none 1; minimal, slight, mild, grade 1, controlled 2; moderate, large, severe, tense, grade 3 3"

CHILD_PUGH = Score(
    parameter=Parameter("child_pugh", "Child-Pugh", unit="points", better="lower", decimals=0),
    version="FDA 2003",
    inputs=(
        Input("bilirubin", unit="mg/dL", worse="higher"),
        Input("albumin", unit="g/dL", worse="lower"),
        Input("inr", unit="1", label="INR", worse="higher"),
        Input(
            "pt_prolongation_sec",
            unit="s",
            label="PT seconds above control",
            worse="higher",
            recorded_instead={"pt_sec": "prothrombin time is recorded in seconds without a control value"},
        ),
        Input("pt_activity", unit="%", label="PT activity", worse="lower"),
        ASCITES,
        ENCEPHALOPATHY,
        Input(
            "cholestatic",
            kind="flag",
            origin="subject",
            if_missing=False,
            label="cholestatic disease (PBC, PSC)",
            effect="the wider bands for bilirubin hold",
        ),
        Input(
            "coagulation_basis",
            kind="word",
            origin="study",
            label="coagulation basis",
            choices=tuple(BASIS_NAMES.values()),
        ),
        GRADE_2,
    ),
    outputs=(
        Output("bilirubin_points", needs=("bilirubin",), of="bilirubin", bounds=POINTS),
        Output("albumin_points", needs=("albumin",), of="albumin", bounds=POINTS),
        Output("coagulation_points", needs=(COAGULATION_TEST,), of=COAGULATION_TEST, bounds=POINTS),
        Output("ascites_points", needs=("ascites",), of="ascites", bounds=POINTS),
        Output("encephalopathy_points", needs=("encephalopathy",), of="encephalopathy", bounds=POINTS),
        Output("coagulation_basis", needs=(COAGULATION_TEST,), words=tuple(BASIS_NAMES.values())),
        Output("points", bounds=(5, 15)),
        Output("class", words=("A", "B", "C")),
    ),
    formula=child_pugh,
    value="points",
    category="class",
    variant="coagulation_basis",
    needs={
        **needs("bilirubin", "albumin"),
        COAGULATION_TEST: COAGULATION,
        **needs("ascites", "encephalopathy"),
    },
    decided_by={COAGULATION_TEST: "coagulation_points"},
    if_missing=("One coagulation test suffices: INR, else PT seconds, else PT activity, unless the study names one.",),
    alternatives=READINGS,
    reading=(
        "1, 2 or 3 points each. Bilirubin mg/dL: < 2, 2-3, > 3 (PBC, PSC: < 4, 4-10, > 10). "
        "Albumin g/dL: > 3.5, 2.8-3.5, < 2.8. INR: < 1.7, 1.7-2.3, > 2.3; or PT seconds above control: < 4, 4-6, > 6; "
        "or PT activity %: > 70, 40-70, < 40. Ascites: none, slight, moderate or more. "
        "Encephalopathy (West Haven): 0, 1-2, 3-4. Both ends belong to the middle band. "
        "Class A 5-6, B 7-9, C 10-15."
    ),
    source=(
        "Pugh RNH et al. Br J Surg 1973;60:646. FDA guidance, Impaired hepatic function, 2003 (bands). "
        "PT activity 70/40: Japanese practice rules, German Quick tables"
    ),
)

ASCITES_POINTS = Score(
    parameter=Parameter("ascites_points", "Child-Pugh points for ascites", unit="points", better="lower", decimals=0),
    version="FDA 2003",
    inputs=(ASCITES, GRADE_2),
    outputs=(Output("points", bounds=POINTS),),
    formula=lambda *, ascites, ascites_grade_2_points: {"points": ascites_points(ascites, ascites_grade_2_points)},
    value="points",
    needs=needs("ascites"),
    alternatives=(
        Alternative(
            4,
            "ascites grade 2 (moderate) gives 2 points (US, German tables)",
            lambda *, ascites, **_: {"points": ascites_points(ascites, 2)},
        ),
    ),
    reading=f"Points by word or grade: {WORDS}; grade 2 as the study sets, 3 by default.",
    source="FDA guidance, Impaired hepatic function, 2003. Moore KP et al. Hepatology 2003;38:258 (grades)",
    note="Part of Child-Pugh, where a study has it.",
    series=False,
)

HE_POINTS = Score(
    parameter=Parameter("he_points", "Child-Pugh points for encephalopathy", unit="points", better="lower", decimals=0),
    version="FDA 2003",
    inputs=(ENCEPHALOPATHY,),
    outputs=(Output("points", bounds=POINTS),),
    formula=lambda *, encephalopathy: {"points": points_rising(encephalopathy, *BANDS["encephalopathy"])},
    value="points",
    needs=needs("encephalopathy"),
    reading=(
        "The points that Child-Pugh gives for the West Haven grade: 0 gives 1; 1 and 2 give 2; 3, 4 and coma give 3. "
        "Minimal or covert encephalopathy needs a grade."
    ),
    source="FDA guidance, Impaired hepatic function, 2003. Vilstrup H et al. Hepatology 2014;60:715 (West Haven)",
    note="Part of Child-Pugh, where a study has it.",
    series=False,
)
