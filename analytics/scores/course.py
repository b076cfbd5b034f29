"""The course of the disease: response conventions, decompensation, recompensation."""

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.bands import exact
from analytics.scores.definition import Input, Output, Score, needs

BAVENO = "Baveno VII: de Franchis R et al. J Hepatol 2022;76:959"
PUGH_PAIR = "Child-Pugh at baseline and now"
MELD_PAIR = "MELD at baseline and now"
MONTHS_FREE = 12


def rank_class(points: pl.Expr) -> pl.Expr:
    """Child-Pugh class as 1, 2, 3 for A, B, C."""
    return 1 + (points > 6).cast(pl.Int64) + (points > 9).cast(pl.Int64)


def response(
    *, child_pugh_baseline: pl.Expr, child_pugh_followup: pl.Expr, meld_baseline: pl.Expr, meld_followup: pl.Expr
) -> dict[str, pl.Expr]:
    """Changes of Child-Pugh and MELD, and what trials called a response."""
    points, meld = child_pugh_followup - child_pugh_baseline, meld_followup - meld_baseline
    return {
        "cp_delta": points,
        "cp_improved_1": points <= -1,
        "cp_improved_2": points <= -2,
        "cp_worsened_2": points >= 2,
        "cp_class_improved": rank_class(child_pugh_followup) < rank_class(child_pugh_baseline),
        "meld_delta": meld,
        "meld_improved_3": meld <= -3,
        "meld_worsened_4": meld >= 4,
    }


def decompensation(
    *, ascites_grade: pl.Expr, encephalopathy: pl.Expr, variceal_bleeding: pl.Expr
) -> dict[str, pl.Expr]:
    """Whether decompensated, and the sorted list of events."""
    found = {
        "ascites": ascites_grade >= 2,
        "encephalopathy": encephalopathy >= 2,
        "variceal_bleeding": variceal_bleeding,
    }
    named = [pl.when(holds).then(pl.lit(name)) for name, holds in found.items()]
    return {
        "decompensated": pl.any_horizontal(list(found.values())),
        "events": pl.concat_list(named).list.drop_nulls(),
    }


def recompensation(*, etiology_controlled: pl.Expr, **others: pl.Expr) -> dict[str, pl.Expr]:
    """The liver function criterion (Wang 2022) and whether recompensated (Baveno VII)."""
    names = ("months_ascites_free_off_diuretics", "months_he_free_off_therapy", "months_bleed_free")
    free = [exact(others[name]) >= MONTHS_FREE for name in names]
    albumin, inr, bilirubin = (exact(others[name]) for name in ("albumin", "inr", "bilirubin"))
    known = albumin.is_not_null() & inr.is_not_null() & bilirubin.is_not_null()
    function = pl.when(known).then((albumin > 3.5) & (inr < 1.5) & (bilirubin < 2.0))
    return {
        "liver_function_criterion": function,
        "recompensated": pl.all_horizontal([etiology_controlled, *free, function]),
    }


def months(name: str, label: str) -> Input:
    """A time in months without a complication, as the investigator enters it."""
    return Input(name, unit="1", label=label)


RESPONSE = Score(
    parameter=Parameter("response", "Response: change of Child-Pugh", unit="points", better="lower", decimals=0),
    version="conventions of trials",
    inputs=(
        Input(
            "child_pugh_baseline",
            origin="score",
            paramcd="child_pugh",
            moment="baseline",
            bounds=(5, 15),
            label="Child-Pugh at baseline",
        ),
        Input(
            "child_pugh_followup",
            origin="score",
            paramcd="child_pugh",
            bounds=(5, 15),
            label="Child-Pugh",
            max_age=0,
            worse="higher",
        ),
        Input(
            "meld_baseline", origin="score", paramcd="meld", moment="baseline", bounds=(6, 40), label="MELD at baseline"
        ),
        Input("meld_followup", origin="score", paramcd="meld", bounds=(6, 40), label="MELD", max_age=0),
    ),
    outputs=(
        *(
            Output(name, needs=(PUGH_PAIR,))
            for name in ("cp_delta", "cp_improved_1", "cp_improved_2", "cp_worsened_2", "cp_class_improved")
        ),
        *(Output(name, needs=(MELD_PAIR,)) for name in ("meld_delta", "meld_improved_3", "meld_worsened_4")),
    ),
    formula=response,
    value="cp_delta",
    needs={
        PUGH_PAIR: (("child_pugh_baseline", "child_pugh_followup"),),
        MELD_PAIR: (("meld_baseline", "meld_followup"),),
    },
    if_missing=(
        "A pair that is incomplete leaves the outputs of that pair missing; the other pair is still evaluated.",
    ),
    post=True,
    note="Response conventions of trials: none is a validated minimal important difference.",
    reading=(
        "Follow-up - baseline. Child-Pugh improved from -1 and from -2 points, worsened from +2, class improved; MELD "
        "(one version) improved from -3, worsened from +4 points. MELD from -3 at 3 months: primary endpoint of Spahr "
        "2013."
    ),
    source="Spahr L et al. PLoS One 2013;8:e53719. Brennan PN et al. Nat Med 2025;31:979",
)

DECOMPENSATION = Score(
    parameter=Parameter(
        "decompensation",
        "Decompensation",
        unit="{grade}",
        better="lower",
        decimals=0,
        levels={0: ("not decompensated",), 1: ("decompensated",)},
    ),
    version="Baveno VII 2022",
    inputs=(
        Input("ascites_grade", label="ascites grade", max_age=30, worse="higher"),
        Input("encephalopathy", paramcd="he_grade", label="encephalopathy grade", max_age=30, worse="higher"),
        Input(
            "variceal_bleeding",
            kind="flag",
            origin="event",
            label="variceal bleeding within 30 days",
            worse="higher",
        ),
    ),
    outputs=(
        Output(
            "decompensated",
            words=("not decompensated", "decompensated"),
            needs=(),
            sometimes=("ascites_grade", "encephalopathy", "variceal_bleeding"),
        ),
        Output("events", needs=(), sometimes=("ascites_grade", "encephalopathy", "variceal_bleeding")),
    ),
    formula=decompensation,
    value="decompensated",
    category="decompensated",
    needs=needs("ascites_grade", "encephalopathy", "variceal_bleeding"),
    if_missing=("One finding that holds decides; without one all three must be known.",),
    note=(
        "The state at a visit. Absent bleeding is unknown, not no: in a study it counts as no only where the study "
        "records such events. The time to decompensation is an endpoint on the page Survival."
    ),
    reading=(
        "Ascites grade 2 or more, overt encephalopathy (West Haven 2 or more) or variceal bleeding. Grade 1 ascites, "
        "covert encephalopathy and occult bleeding are none by themselves."
    ),
    source=f"{BAVENO}. D'Amico G et al. J Hepatol 2018;68:563",
)

RECOMPENSATION = Score(
    parameter=Parameter(
        "recompensation",
        "Recompensation",
        unit="{grade}",
        better="higher",
        decimals=0,
        levels={0: ("not recompensated",), 1: ("recompensated",)},
    ),
    version="Baveno VII 2022 / Wang 2022",
    inputs=(
        Input("etiology_controlled", kind="flag", label="cause removed, suppressed or cured"),
        months("months_ascites_free_off_diuretics", "months without ascites off diuretics"),
        months("months_he_free_off_therapy", "months without encephalopathy off lactulose and rifaximin"),
        months("months_bleed_free", "months without variceal bleeding"),
        Input("albumin", unit="g/dL", worse="lower"),
        Input("inr", unit="1", label="INR", worse="higher"),
        Input("bilirubin", unit="mg/dL", worse="higher"),
    ),
    outputs=(
        Output("liver_function_criterion", needs=("albumin", "inr", "bilirubin")),
        Output(
            "recompensated",
            words=("not recompensated", "recompensated"),
            needs=(),
            sometimes=(
                "etiology_controlled",
                "months_ascites_free_off_diuretics",
                "months_he_free_off_therapy",
                "months_bleed_free",
                "albumin",
                "inr",
                "bilirubin",
            ),
        ),
    ),
    formula=recompensation,
    value="recompensated",
    category="recompensated",
    needs=needs(
        "etiology_controlled",
        "months_ascites_free_off_diuretics",
        "months_he_free_off_therapy",
        "months_bleed_free",
        "albumin",
        "inr",
        "bilirubin",
    ),
    if_missing=("One part that is known to fail decides against it; without one all parts must be known.",),
    disagreements=(
        (0, "MELD below 10 is an accepted alternative to the liver function criterion in the same paper."),
        (0, "The expanded proposal (2025) that tolerates low-dose diuretics or lactulose is not used."),
    ),
    reading=(
        "All of: cause removed, suppressed or cured; 12 months without ascites off diuretics, without encephalopathy "
        "off lactulose and rifaximin, without variceal bleeding; liver function: albumin above 3.5 g/dL, INR below "
        "1.5, bilirubin below 2.0 mg/dL."
    ),
    source=f"{BAVENO}. Wang Q et al. J Hepatol 2022;77:1564 (cut-offs)",
)
