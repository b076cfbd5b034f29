"""Why a score changed, for a patient and for a cohort: pairs of visits, shares of the inputs, and a sentence."""

from collections.abc import Mapping

import polars as pl

from analytics.change import select_pairs
from analytics.input_lines import with_unit
from analytics.inputs import Context, derive_inputs
from analytics.panel import StudyData, prepare_study
from analytics.places import key_place
from analytics.scores import Input, Score
from analytics.scores.evaluate import complete_inputs, convert_input
from analytics.scoring import name_need, short_name
from analytics.shapley import attribute_change, list_players

SYSTEMS = {
    "the liver": (
        "bilirubin",
        "albumin",
        "inr",
        "pt_sec",
        "pt_activity",
        "pt_prolongation_sec",
        "bilirubin_xuln",
        "albumin_xlln",
    ),
    "the kidney": ("creatinine", "dialysis", "rrt", "urine_output"),
    "sodium": ("sodium",),
    "ascites": ("ascites", "ascites_grade"),
    "the brain": ("encephalopathy", "gcs"),
    "platelets": ("platelets",),
    "the liver enzymes": ("alt", "ast"),
    "the circulation": ("map", "vasopressors", "dopamine", "dobutamine", "epinephrine", "norepinephrine"),
    "the lung": ("pao2_fio2", "spo2_fio2", "mechanical_ventilation", "respiratory_support"),
    "leukocytes": ("wbc",),
    "lactate": ("lactate",),
    "edema": ("edema",),
    "age": ("age",),
}


NAMED = ("bilirubin", "inr", "creatinine", "albumin")  # named in the sentence also where they did nothing


def attribute_visit(score: Score, context: Context, panel: pl.DataFrame, avisit: str) -> pl.DataFrame:
    """The share of every part in each subject's change from baseline to a visit.

    Returns ``usubjid``, ``chg``, ``part``, ``label``, ``share``, one row a subject and part; only subjects
    that have the score at both. The shares of a subject add up to ``chg``.
    """
    pairs = select_pairs(panel, score.id).filter(pl.col("avisit") == avisit)
    baseline = pl.lit(context.settings.baseline_visit, dtype=pl.String)
    keyed = pairs.select(
        "usubjid", "chg", later=key_place(), earlier=pl.coalesce(pl.format("day {}", pl.col("base_day")), baseline)
    )
    shares = attribute_change(score, *select_ends(score, context, keyed))
    labels = {part: short_name(score, part) for part in list_players(score)}
    named = shares.with_columns(label=pl.col("part").replace_strict(labels, return_dtype=pl.String))
    return keyed.with_row_index("pair").join(named, on="pair").select("usubjid", "chg", "part", "label", "share")


def attribute_study(score: Score, study: StudyData, panel: pl.DataFrame, avisit: str) -> pl.DataFrame:
    """``attribute_visit`` of the subjects of ``panel``, from the frames of their study."""
    return attribute_visit(score, prepare_study(score, study, study.measurements), panel, avisit)


def select_moved(summary: pl.DataFrame, shares: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The parts that have a share in anybody's change, and the shares of single subjects in these."""
    moved = summary.filter((pl.col("smallest") != 0) | (pl.col("largest") != 0))
    return moved, shares.join(moved.select("part"), on="part", maintain_order="left")


def select_ends(score: Score, context: Context, pairs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The inputs of the score at both ends of each pair."""
    rows = derive_inputs(score, context).with_columns(place=key_place())
    before, after = (
        pairs.select("usubjid", place=end).join(rows, on=["usubjid", "place"], how="left", maintain_order="left")
        for end in ("earlier", "later")
    )
    return before, after


def summarize_attribution(shares: pl.DataFrame) -> pl.DataFrame:
    """The mean share of every part: ``part``, ``label``, ``n``, ``smallest``, ``largest``, ``share``.

    The mean shares add up to the mean change.
    """
    return (
        shares.filter(pl.col("share").is_not_null())
        .group_by("part", "label", maintain_order=True)
        .agg(
            n=pl.len(),
            smallest=pl.col("share").min(),
            largest=pl.col("share").max(),
            share=pl.col("share").mean(),
        )
    )


def tabulate_pair(score: Score, context: Context, pairs: pl.DataFrame) -> pl.DataFrame:
    """The attribution of one pair as a table: ``part``, ``label``, ``earlier``, ``later`` (as text), ``share``."""
    ends = [complete_inputs(frame, score) for frame in select_ends(score, context, pairs)]
    shares = attribute_change(score, *ends)
    texts = {part: [show_inputs(score, names, frame) for frame in ends] for part, names in list_players(score).items()}
    rows = [
        (part, short_name(score, part), *texts[part], share) for part, share in shares.select("part", "share").rows()
    ]
    schema = {"part": pl.String, "label": pl.String, "earlier": pl.String, "later": pl.String, "share": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def show_inputs(score: Score, names: list[str], frame: pl.DataFrame) -> str:
    """The known inputs of a part, in the unit of the formula."""
    items = [item for item in score.inputs if item.name in names]
    values = [(item, frame.select(convert_input(item)).item(0, 0)) for item in items]
    texts = [show_input(item, value) for item, value in values if value is not None and value is not False]
    return ", ".join(texts) or "–"


def show_input(item: Input, value: object) -> str:
    """One input with its unit."""
    return item.words if value is True else with_unit(value, item.unit, 4) if isinstance(value, float) else str(value)


def find_system(score: Score, part: str) -> str:
    """The organ or quantity that a part of a score stands for."""
    names = list_players(score)[part]
    codes = {item.code for item in score.inputs if item.name in names} | set(names)
    return next((system for system, members in SYSTEMS.items() if codes & set(members)), name_need(score, part))


def describe_attribution(score: Score, shares: Mapping[str, float], mean: bool = False) -> str:
    """The change in one sentence: "MELD −4 = creatinine −3.0, INR −1.0, bilirubin 0: the kidney, not the liver".

    The system that carries more than half of the change is named; where none does, the change is shared.
    A ``mean`` has one decimal more than a single change.
    """
    total = sum(shares.values())
    decimals = max(1, score.parameter.decimals) + mean
    players = list_players(score)
    listed = ", ".join(
        f"{short_name(score, part)} {sign(share, decimals)}"
        for part, share in sorted(shares.items(), key=lambda item: -abs(item[1]))
        if round(share, decimals) or players[part][0] in NAMED
    )
    head = f"{score.parameter.name} {sign(total, decimals if mean else score.parameter.decimals)}"
    if not round(total, 9):
        return f"{head} = {listed}" if any(shares.values()) else f"{head}: no input changed"
    return f"{head} = {listed}: {name_lead(score, shares, total)}"


def name_lead(score: Score, shares: Mapping[str, float], total: float) -> str:
    """Which system carries the change."""
    systems: dict[str, float] = {}
    for part, share in shares.items():
        system = find_system(score, part)
        systems[system] = systems.get(system, 0.0) + share
    lead = max(systems, key=lambda system: systems[system] * (1 if total > 0 else -1))
    if systems[lead] / total <= 1 / 2:
        both = [system for system in systems if systems[system] * total > 0]
        return f"shared by {', '.join(sorted(both, key=lambda system: -abs(systems[system])))}"
    return lead if lead == "the liver" or "the liver" not in systems else f"{lead}, not the liver"


def sign(value: float, decimals: int) -> str:
    """A change with its sign; 0 without one."""
    text = f"{value:+.{decimals}f}"
    return "0" if not float(text) else text.replace("-", "−")
