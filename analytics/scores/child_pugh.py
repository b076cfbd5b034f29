"""Child-Pugh points and class, three coagulation bases, cholestatic variant."""

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.definition import Example, Input, Score, needs, points_falling, points_rising

COAGULATION = ("inr", "pt_prolongation_sec", "pt_activity")
COAGULATION_TEST = "a coagulation test (INR, PT seconds above control or PT activity)"
BASIS_NAMES = {"inr": "inr", "pt_prolongation_sec": "pt_sec", "pt_activity": "pt_activity"}


def bilirubin_points(bilirubin: pl.Expr, cholestatic: pl.Expr) -> pl.Expr:
    """Points for bilirubin in mg/dL; the wider bands hold for PBC and PSC (Pugh 1973)."""
    standard, wide = points_rising(bilirubin, 2.0, 3.0), points_rising(bilirubin, 4.0, 10.0)
    return pl.when(cholestatic).then(wide).when(~cholestatic).then(standard)


def ascites_points(ascites: pl.Expr, grade_2_points: pl.Expr) -> pl.Expr:
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
    )


def select_basis(tests: dict[str, pl.Expr], wanted: pl.Expr) -> pl.Expr:
    """The coagulation test in use: the one that the study names, else the first that is known."""
    known = [pl.when(test.is_not_null()).then(pl.lit(BASIS_NAMES[name])) for name, test in tests.items()]
    named = [
        pl.when((wanted == BASIS_NAMES[name]) & test.is_not_null()).then(pl.lit(BASIS_NAMES[name]))
        for name, test in tests.items()
    ]
    return pl.when(wanted.is_null()).then(pl.coalesce(known)).when(wanted.is_not_null()).then(pl.coalesce(named))


def child_pugh(
    *, bilirubin: pl.Expr, albumin: pl.Expr, ascites: pl.Expr, encephalopathy: pl.Expr, **others: pl.Expr
) -> dict[str, pl.Expr]:
    """Points of the five components, their sum and the class; null where a component is missing."""
    basis = select_basis({name: others[name] for name in COAGULATION}, others["coagulation_basis"])
    points = {
        "bilirubin_points": bilirubin_points(bilirubin, others["cholestatic"]),
        "albumin_points": points_falling(albumin, 2.8, 3.5),
        "coagulation_points": pl.when(basis == "inr")
        .then(points_rising(others["inr"], 1.7, 2.3))
        .when(basis == "pt_sec")
        .then(points_rising(others["pt_prolongation_sec"], 4, 6))
        .when(basis == "pt_activity")
        .then(points_falling(others["pt_activity"], 40, 70)),
        "ascites_points": ascites_points(ascites, others["ascites_grade_2_points"]),
        "encephalopathy_points": points_rising(encephalopathy, 1, 2),
    }
    total = pl.sum_horizontal(points.values(), ignore_nulls=False)
    grade = pl.when(total <= 6).then(pl.lit("A")).when(total <= 9).then(pl.lit("B")).when(total >= 10).then(pl.lit("C"))
    return {**points, "coagulation_basis": basis, "points": total, "class": grade}


CHILD_PUGH = Score(
    parameter=Parameter("child_pugh", "Child-Pugh", unit="points", better="lower", decimals=0),
    version="FDA 2003",
    inputs=(
        Input("bilirubin", unit="mg/dL"),
        Input("albumin", unit="g/dL"),
        Input("inr", unit="1", label="INR"),
        Input(
            "pt_prolongation_sec",
            unit="s",
            label="PT seconds above control",
            recorded_instead={"pt_sec": "prothrombin time is recorded in seconds without a control value"},
        ),
        Input("pt_activity", unit="%", label="PT activity"),
        Input(
            "ascites",
            paramcd="ascites_grade",
            label="ascites grade",
            max_age=30,
            recorded_instead={"ascites_present": "ascites is recorded as yes or no, without a grade"},
        ),
        Input("encephalopathy", paramcd="he_grade", label="encephalopathy grade", max_age=30),
        Input("cholestatic", origin="subject", flag=True, label="cholestatic disease (PBC, PSC)"),
        Input("coagulation_basis", origin="study", label="coagulation basis", choices=tuple(BASIS_NAMES.values())),
        Input("ascites_grade_2_points", origin="study", label="points for ascites grade 2", choices=(2, 3)),
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
    examples=(
        Example(
            "EX-CP-1",
            {
                "bilirubin": (2.2, "mg/dL"),
                "albumin": (3.1, "g/dL"),
                "inr": (1.4, "1"),
                "ascites": "slight",
                "encephalopathy": "none",
            },
            {"points": 8, "class": "B"},
        ),
        Example(
            "EX-CP-2",
            {
                "bilirubin": (62, "umol/L"),
                "albumin": (26, "g/L"),
                "pt_activity": (38, "%"),
                "ascites": "Large",
                "encephalopathy": 1,
            },
            {"points": 14, "class": "C"},
        ),
        Example(
            "EX-CP-3",
            {
                "bilirubin": (6.0, "mg/dL"),
                "albumin": (3.7, "g/dL"),
                "inr": (1.1, "1"),
                "ascites": "None",
                "encephalopathy": "None",
                "cholestatic": True,
            },
            {"points": 6, "class": "A"},
        ),
    ),
)
