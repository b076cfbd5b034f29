"""Scores over the long frame: inputs of one day brought together, carried forward only as far as allowed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import polars as pl

from analytics.catalog.constants import YEAR
from analytics.scores import SCORES, Input, Score
from analytics.scores.evaluate import derive_score

CHOLESTATIC = (
    "pbc",
    "psc",
    "primary biliary cholangitis",
    "primary biliary cirrhosis",
    "primary sclerosing cholangitis",
)
DIALYSIS_DAYS = 7
DIALYSIS_SESSIONS = 2
SCORE_COLUMNS = [
    "usubjid",
    "paramcd",
    "avisit",
    "day",
    "aval",
    "avalc",
    "missing",
    "assumed",
    "carried_days",
    "carried",
    "variant",
]


@dataclass(frozen=True)
class ScoreSettings:
    """What a study fixes for its scores: one coagulation basis over time, and the points of ascites grade 2."""

    coagulation_basis: str | None = None
    ascites_grade_2_points: int = 3


def derive_prolongation(measurements: pl.DataFrame) -> pl.DataFrame:
    """Add rows of ``pt_prolongation_sec`` = patient minus control of the same day, where not reported.

    Source: scores.md, "Coagulation basis".
    """
    place = ["usubjid", "day", "avisit"]
    rows = {
        code: measurements.filter(pl.col("paramcd") == code)
        for code in ("pt_sec", "pt_control_sec", "pt_prolongation_sec")
    }
    control = rows["pt_control_sec"].select(*place, control=pl.col("aval"))
    derived = (
        rows["pt_sec"]
        .join(control, on=place, nulls_equal=True)
        .join(rows["pt_prolongation_sec"], on=place, how="anti", nulls_equal=True)
        .with_columns(aval=pl.col("aval") - pl.col("control"), paramcd=pl.lit("pt_prolongation_sec"))
        .select(measurements.columns)
    )
    return pl.concat([measurements, derived])


def derive_scores(
    measurements: pl.DataFrame, subjects: pl.DataFrame, events: pl.DataFrame, settings: ScoreSettings
) -> pl.DataFrame:
    """Every score at every day, and undated visit, on which one of its inputs was measured.

    Needs of ``measurements`` usubjid, paramcd, avisit, day, aval; of ``subjects`` usubjid, age (at
    time zero), sex, etiology; of ``events`` usubjid, kind, day. Returns one row a subject, score and
    day: ``aval`` and ``avalc`` (class) are missing where an input is, and ``missing`` then names it;
    ``carried`` lists inputs taken from an earlier day and ``carried_days`` the age of the oldest;
    ``variant`` is the rule in use where a score has several (the coagulation basis of Child-Pugh).

    Source: scores.md, "Times" and "Missing data".
    """
    complete = derive_prolongation(measurements.select("usubjid", "paramcd", "avisit", "day", "aval"))
    frames = [derive_one(score, complete, subjects, events, settings) for score in SCORES.values()]
    return pl.concat(frames)


def derive_one(
    score: Score, measurements: pl.DataFrame, subjects: pl.DataFrame, events: pl.DataFrame, settings: ScoreSettings
) -> pl.DataFrame:
    """One score in the columns of ``derive_scores``."""
    inputs = pair_inputs(score, measurements)
    person = subjects.select(
        "usubjid", "sex", base_age=pl.col("age"), cholestatic=pl.col("etiology").str.to_lowercase().is_in(CHOLESTATIC)
    )
    complete = inputs.join(person, on="usubjid", how="left", validate="m:1", maintain_order="left").with_columns(
        age=pl.col("base_age") + pl.col("day").fill_null(0) / YEAR,
        coagulation_basis=pl.lit(settings.coagulation_basis, dtype=pl.String),
        ascites_grade_2_points=pl.lit(settings.ascites_grade_2_points),
    )
    if score.find("dialysis"):
        complete = derive_dialysis(complete, events)
    scored = derive_score(complete, score)
    outputs = pl.col("outputs").struct
    category, variant = (outputs.field(name) if name else pl.lit(None) for name in (score.category, score.variant))
    return scored.with_columns(
        paramcd=pl.lit(score.id),
        aval=outputs.field(score.value).cast(pl.Float64),
        avalc=category.cast(pl.String),
        variant=variant.cast(pl.String),
    ).select(SCORE_COLUMNS)


def measured_inputs(score: Score) -> list[Input]:
    """The inputs that are parameters of the catalog."""
    return [item for item in score.inputs if item.parameter]


def pair_inputs(score: Score, measurements: pl.DataFrame) -> pl.DataFrame:
    """One row a day on which an input was measured: a column per input, ``carried`` and ``carried_days``.

    An input that is missing that day is the latest earlier value within its limit of days, never a
    later one. Values without a day are paired under the same visit only, and nothing is carried.
    """
    codes = {item.paramcd or item.name: item.name for item in measured_inputs(score)}
    own = measurements.filter(pl.col("paramcd").is_in(list(codes)), pl.col("aval").is_not_null())
    named = own.with_columns(name=pl.col("paramcd").replace_strict(codes, return_dtype=pl.String))
    return pl.concat([pair_dated(score, named), pair_undated(score, named)])


def pair_dated(score: Score, values: pl.DataFrame) -> pl.DataFrame:
    """The pairing by day."""
    dated = values.filter(pl.col("day").is_not_null()).sort("day", "usubjid")
    rows = (
        dated.select("usubjid", "day")
        .unique()
        .sort("day", "usubjid")
        .with_columns(avisit=pl.lit(None, dtype=pl.String))
    )
    for item in measured_inputs(score):
        series = dated.filter(pl.col("name") == item.name).select(
            "usubjid", "day", pl.col("day").alias(f"{item.name}_day"), pl.col("aval").alias(item.name)
        )
        rows = rows.join_asof(
            series, on="day", by="usubjid", strategy="backward", tolerance=item.max_age, check_sortedness=False
        )
    ages = {item.name: pl.col("day") - pl.col(f"{item.name}_day") for item in measured_inputs(score)}
    carried = [pl.when(age > 0).then(pl.lit(name)) for name, age in ages.items()]
    return rows.with_columns(
        carried=pl.concat_list(carried).list.drop_nulls(), carried_days=pl.max_horizontal(ages.values())
    ).select(shape(score))


def pair_undated(score: Score, values: pl.DataFrame) -> pl.DataFrame:
    """The pairing by the visit that the source names."""
    undated = values.filter(pl.col("day").is_null(), pl.col("avisit").is_not_null())
    names = [item.name for item in measured_inputs(score)]
    wide = undated.group_by("usubjid", "avisit", maintain_order=True).agg(
        pl.col("aval").filter(pl.col("name") == name).first().alias(name) for name in names
    )
    return wide.with_columns(
        day=pl.lit(None, dtype=pl.Int32),
        carried=pl.lit([], dtype=pl.List(pl.String)),
        carried_days=pl.lit(None, dtype=pl.Int32),
    ).select(shape(score))


def shape(score: Score) -> list[str]:
    """The columns of paired inputs."""
    return ["usubjid", "avisit", "day", *(item.name for item in measured_inputs(score)), "carried", "carried_days"]


def derive_dialysis(rows: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Add ``dialysis``: two sessions within the 7 days up to the row's day; missing where no session is recorded.

    Source: scores.md, "MELD family".
    """
    sessions = events.filter(pl.col("kind") == "dialysis", pl.col("day").is_not_null()).select("usubjid", session="day")
    near = (
        rows.select("usubjid", "day")
        .unique()
        .join(sessions, on="usubjid")
        .filter((pl.col("day") - pl.col("session")).is_between(0, DIALYSIS_DAYS))
    )
    counted = near.group_by("usubjid", "day").agg(dialysis=pl.len() >= DIALYSIS_SESSIONS)
    return rows.join(counted, on=["usubjid", "day"], how="left", nulls_equal=True, maintain_order="left")


def explain_missing(score: Score, missing: Iterable[str], recorded: Collection[str]) -> str:
    """The sentence that says whether a score is computable, what is missing and what is recorded instead.

    ``missing`` are needs of the score, ``recorded`` the parameters that the subject or study has.
    """
    needs = list(missing)
    if not needs:
        return f"{score.parameter.label}: computable"
    words = [item.words if (item := score.find(need)) else need for need in needs]
    listed = f"{', '.join(words[:-1])} and {words[-1]} are" if len(words) > 1 else f"{words[0]} is"
    lacking = {name for need in needs for name in score.needs[need]}
    resembling = [item.recorded_instead for item in score.inputs if item.name in lacking]
    hints = [hint for similar in resembling for code, hint in similar.items() if code in recorded]
    reason = f" ({'; '.join(hints)})" if hints else ""
    return f"{score.parameter.label}: not computable, {listed} missing{reason}"
