"""Scores over the long frame: inputs of one day brought together, carried forward only as far as allowed."""

from collections.abc import Collection, Iterable
from dataclasses import replace

import polars as pl

from analytics.frames import MEASUREMENTS
from analytics.inputs import Context, derive_inputs, select_places
from analytics.pairing import ScoreSettings, add_scores, index_places
from analytics.scores import Score, list_series
from analytics.scores.definition import flatten
from analytics.scores.evaluate import derive_score

SCORED: dict[str, type[pl.DataType] | pl.DataType] = {
    **MEASUREMENTS,
    "missing": pl.List(pl.String),
    "assumed": pl.List(pl.String),
    "carried_days": pl.Int32,
    "carried": pl.List(pl.String),
    "variant": pl.String,
}


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

    Needs of ``measurements`` usubjid, paramcd, avisit, day, aval (ref_low and ref_high where known); of
    ``subjects`` usubjid, age (at time zero), sex, etiology; of ``events`` usubjid, kind, day. Returns one
    row a subject, score and day: ``aval`` and ``avalc`` (class) are missing where an input is, and
    ``missing`` then names it; ``carried`` lists inputs taken from an earlier day and ``carried_days`` the
    age of the oldest; ``variant`` is the rule in use where a score has several. Days on which a score was
    reported are left to what was reported.

    Source: scores.md, "Times" and "Missing data".
    """
    base = prepare_measurements(measurements)
    context = Context(index_places(base), subjects, events, settings)
    first, later = stage_scores()
    frames = [derive_one(score, context) for score in first]
    wanted = {item.code for score in later for item in score.inputs if item.origin == "score"}
    found = pl.concat([frame for score, frame in zip(first, frames, strict=True) if score.id in wanted])
    context = replace(context, places=add_scores(context.places, found))
    derived = pl.concat([*frames, *(derive_one(score, context) for score in later)])
    return leave_reported(derived, base)


def leave_reported(derived: pl.DataFrame, measurements: pl.DataFrame) -> pl.DataFrame:
    """The derived rows without those for which the study reports a value of the same code."""
    reported = measurements.filter(pl.col("paramcd").is_in(list(list_series())))
    if reported.is_empty():
        return derived
    keys = reported.select("usubjid", "paramcd", "day", avisit=pl.when(pl.col("day").is_null()).then("avisit"))
    return derived.join(keys, on=keys.columns, how="anti", nulls_equal=True)


def prepare_context(
    score: Score, measurements: pl.DataFrame, subjects: pl.DataFrame, events: pl.DataFrame, settings: ScoreSettings
) -> Context:
    """What one score is computed from, other scores that it needs included."""
    base = prepare_measurements(measurements)
    context = Context(index_places(base), subjects, events, settings)
    wanted = {item.code for item in score.inputs if item.origin == "score"}
    if not wanted:
        return context
    series = list_series()
    found = pl.concat([derive_one(series[code], context) for code in sorted(wanted)])
    return replace(context, places=add_scores(context.places, found))


def prepare_measurements(measurements: pl.DataFrame) -> pl.DataFrame:
    """What scores read of the measurements, with the prolongation of prothrombin time."""
    known = [column for column in ("ref_low", "ref_high") if column in measurements.columns]
    return derive_prolongation(measurements.select("usubjid", "paramcd", "avisit", "day", "aval", *known))


def stage_scores() -> tuple[list[Score], list[Score]]:
    """The scores of observed values, then those that need other scores."""
    series = list_series().values()
    later = [score for score in series if any(item.origin == "score" for item in score.inputs)]
    return [score for score in series if score not in later], later


def derive_one(score: Score, context: Context) -> pl.DataFrame:
    """One score in the columns of ``derive_scores``; of places that it has none of, nothing is computed."""
    places = select_places(score, context)
    if places.rows.is_empty():
        return pl.DataFrame(schema=SCORED)
    scored = derive_score(derive_inputs(score, context, places), score)
    value = pl.col("outputs").struct.field(score.value)
    known = value.is_not_null()
    return scored.with_columns(
        paramcd=pl.lit(score.id),
        aval=number_output(score, scored),
        avalc=name_output(score, score.category, scored),
        variant=name_output(score, score.variant, scored),
        missing=pl.when(known).then(pl.lit([], dtype=pl.List(pl.String))).when(~known).then(name_needed(score)),
    ).select(list(SCORED))


def number_output(score: Score, scored: pl.DataFrame) -> pl.Series:
    """The value as a number: a word by its place among the words of the definition."""
    value = scored["outputs"].struct.field(score.value)
    if value.dtype != pl.String:
        return value.cast(pl.Float64)
    places = {word: float(place) for place, word in enumerate(score.output(score.value).words)}
    return value.replace_strict(places, default=None, return_dtype=pl.Float64)


def name_output(score: Score, name: str, scored: pl.DataFrame) -> pl.Series:
    """An output as text; of one that is true or false the word of the definition."""
    if not name:
        return pl.Series([None] * scored.height, dtype=pl.String)
    value = scored["outputs"].struct.field(name)
    words = score.output(name).words
    if value.dtype == pl.Boolean and words:
        return value.replace_strict({False: words[0], True: words[1]}, default=None, return_dtype=pl.String)
    return value.list.join(", ") if value.dtype == pl.List else value.cast(pl.String)


def name_needed(score: Score) -> pl.Expr:
    """Of the unmet needs those that the value of the score has."""
    output = score.output(score.value)
    own = list(score.needs) if output.needs is None else [*output.needs, *output.sometimes]
    return pl.col("missing").list.set_intersection(pl.lit(own, dtype=pl.List(pl.String)))


def explain_missing(score: Score, missing: Iterable[str], recorded: Collection[str]) -> str:
    """The sentence that says whether a score is computable, what is missing and what is recorded instead.

    ``missing`` are needs of the score, ``recorded`` the parameters that the subject or study has.
    """
    needs = list(missing)
    if not needs:
        return f"{score.parameter.name}: computable"
    words = [name_need(score, need) for need in needs]
    listed = f"{', '.join(words[:-1])} and {words[-1]} are" if len(words) > 1 else f"{words[0]} is"
    lacking = {name for need in needs for name in flatten(score.needs[need])}
    resembling = [item.recorded_instead for item in score.inputs if item.name in lacking]
    hints = [hint for similar in resembling for code, hint in similar.items() if code in recorded]
    reason = f" ({'; '.join(hints)})" if hints else ""
    return f"{score.parameter.name}: not computable, {listed} missing{reason}"


def name_need(score: Score, need: str) -> str:
    """How a sentence names a need."""
    return item.words if (item := score.find(need)) else need


def short_name(score: Score, need: str) -> str:
    """A need without its explanation in brackets, for tables and figures."""
    item = score.find(need)
    return item.words if item else need.split(" (", maxsplit=1)[0].removeprefix("a ")
