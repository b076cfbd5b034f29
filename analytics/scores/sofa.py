"""SOFA: six organs, 0 to 4 points each."""

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.bands import add_up, count_below, count_passed, count_reached, exact
from analytics.scores.definition import Alternative, Input, Output, Score, needs

DOSE = "ug/kg/min"


def respiration_points(ratio: pl.Expr, support: pl.Expr) -> pl.Expr:
    """Points for PaO2/FiO2; below 200 mmHg 3 and 4 points need respiratory support."""
    value = exact(ratio)
    return (
        pl.when((value < 100) & support)
        .then(4)
        .when((value < 200) & support)
        .then(3)
        .when(value < 300)
        .then(2)
        .when(value < 400)
        .then(1)
        .when(value >= 400)
        .then(0)
    )


def cardiovascular_points(pressure: pl.Expr, doses: dict[str, pl.Expr]) -> pl.Expr:
    """Points for vasopressor doses, else for the mean arterial pressure."""
    dopamine, epinephrine, norepinephrine = (
        exact(doses[name]) for name in ("dopamine", "epinephrine", "norepinephrine")
    )
    return (
        pl.when((dopamine > 15) | (epinephrine > 0.1) | (norepinephrine > 0.1))
        .then(4)
        .when((dopamine > 5) | (epinephrine > 0) | (norepinephrine > 0))
        .then(3)
        .when((dopamine > 0) | (doses["dobutamine"] > 0))
        .then(2)
        .when(exact(pressure) < 70)
        .then(1)
        .when(exact(pressure) >= 70)
        .then(0)
    )


def renal_points(creatinine: pl.Expr, urine: pl.Expr, open_top: bool = False) -> pl.Expr:
    """The worse of creatinine and urine output; either alone suffices."""
    value = exact(urine)
    by_urine = pl.when(value < 200).then(4).when(value < 500).then(3).when(value >= 500).then(0)
    return pl.max_horizontal(top_edge(creatinine, (1.2, 2.0, 3.5), 5.0, open_top), by_urine.cast(pl.Int64))


def top_edge(value: pl.Expr, edges: tuple[float, ...], top: float, open_top: bool) -> pl.Expr:
    """Points by reached edges; the highest edge must be passed where ``open_top``."""
    return count_reached(value, *edges) + (count_passed(value, top) if open_top else count_reached(value, top))


def sofa(open_top: bool = False, /, *, bilirubin: pl.Expr, platelets: pl.Expr, **others: pl.Expr) -> dict[str, pl.Expr]:
    """Points of the six organs and their ``total``; known parts are given where others are missing."""
    parts = {
        "liver": top_edge(bilirubin, (1.2, 2.0, 6.0), 12.0, open_top),
        "coagulation": count_below(platelets, 150, 100, 50, 20),
        "renal": renal_points(others["creatinine"], others["urine_output"], open_top),
        "cns": count_below(others["gcs"], 15, 13, 10, 6),
        "respiration": respiration_points(others["pao2_fio2"], others["respiratory_support"]),
        "cardiovascular": cardiovascular_points(others["map"], others),
    }
    return {**parts, "total": add_up(parts)}


def open_sofa(**inputs: pl.Expr) -> dict[str, pl.Expr]:
    """SOFA with "> 12.0" and "> 5.0" as the highest bands."""
    return sofa(True, **inputs)


def dose(name: str) -> Input:
    """The dose of a vasopressor; absent counts as none."""
    return Input(name, unit=DOSE, if_missing=0.0, worse="higher")


MAP_NEED = "mean arterial pressure or a vasopressor"
RENAL_NEED = "creatinine or urine output"
POINTS = (0, 4)

SOFA = Score(
    parameter=Parameter("sofa", "SOFA", unit="points", better="lower", decimals=0),
    version="Vincent 1996",
    inputs=(
        Input("bilirubin", unit="mg/dL", worse="higher"),
        Input("platelets", unit="10*9/L", worse="lower"),
        Input("creatinine", unit="mg/dL", worse="higher"),
        Input("urine_output", unit="mL/d", label="urine output", worse="lower"),
        Input("gcs", unit="{score}", label="Glasgow coma scale", worse="lower"),
        Input("pao2_fio2", unit="mm[Hg]", label="PaO2/FiO2", worse="lower"),
        Input("respiratory_support", kind="flag", if_missing=False, label="respiratory support", worse="higher"),
        Input("map", unit="mm[Hg]", label="mean arterial pressure", worse="lower"),
        *(dose(name) for name in ("dopamine", "dobutamine", "epinephrine", "norepinephrine")),
    ),
    outputs=(
        Output("liver", needs=("bilirubin",), of="bilirubin", bounds=POINTS),
        Output("coagulation", needs=("platelets",), of="platelets", bounds=POINTS),
        Output("renal", needs=(RENAL_NEED,), of=RENAL_NEED, bounds=POINTS),
        Output("cns", needs=("gcs",), of="gcs", bounds=POINTS),
        Output("respiration", needs=("pao2_fio2",), of="pao2_fio2", bounds=POINTS),
        Output("cardiovascular", needs=(MAP_NEED,), of=MAP_NEED, bounds=POINTS),
        Output("total", bounds=(0, 24)),
    ),
    formula=sofa,
    value="total",
    needs={
        **needs("bilirubin", "platelets"),
        RENAL_NEED: ("creatinine", "urine_output"),
        **needs("gcs", "pao2_fio2"),
        MAP_NEED: ("map", "dopamine", "dobutamine", "epinephrine", "norepinephrine"),
    },
    if_missing=(
        "Renal: creatinine or urine output suffices; of both the worse counts.",
        "Vasopressor doses that are absent count as 0; mean arterial pressure is needed only when none runs.",
    ),
    alternatives=(
        Alternative(10, "bilirubin of exactly 12.0 and creatinine of exactly 5.0 give 3 points (paper)", open_sofa),
    ),
    disagreements=((10, "The printed bands leave gaps (1.2-1.9, 2.0-5.9): half-open bands are used."),),
    reading=(
        "0 to 4 points each. Bilirubin mg/dL from 1.2, 2.0, 6.0, 12.0. Platelets below 150, 100, 50, 20. Creatinine "
        "mg/dL from 1.2, 2.0, 3.5, 5.0, or urine below 500 (3) and 200 mL/d (4). Glasgow coma scale 13-14, 10-12, 6-9, "
        "3-5. PaO2/FiO2 below 400, 300, and with support below 200, 100 mmHg. Mean arterial pressure below 70 (1); "
        "dopamine to 5 or dobutamine (2); dopamine above 5, or epinephrine or norepinephrine to 0.1 (3); dopamine "
        "above 15, or one of the two above 0.1 ug/kg/min (4). Total 0-24 only where all six are known."
    ),
    source="Vincent JL et al. Intensive Care Med 1996;22:707 (CDISC clinical classification SOFA01)",
)
