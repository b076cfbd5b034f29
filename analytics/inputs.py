"""The inputs of a score at every place of a study: measured, carried forward, or known of the subject."""

from dataclasses import dataclass, replace

import polars as pl

from analytics.catalog.constants import YEAR
from analytics.pairing import (
    DIALYSIS_SESSIONS,
    PLACE,
    Places,
    ScoreSettings,
    find_acute_rise,
    find_baseline,
    find_bleeding,
    find_dialysis,
    find_earlier,
    find_mean_before,
    spread,
)
from analytics.scores import Input, Score
from analytics.scores.evaluate import input_dtype, list_names

CHOLESTATIC = (
    "pbc",
    "psc",
    "primary biliary cholangitis",
    "primary biliary cirrhosis",
    "primary sclerosing cholangitis",
)
PAIRED = ("parameter", "score", "times upper limit", "times lower limit")


@dataclass(frozen=True)
class Source:
    """Where an input comes from: its ``values`` at every place, and the row numbers of the measurements behind them."""

    values: pl.Series
    rows: pl.Series | None = None


@dataclass(frozen=True)
class Context:
    """What scores are computed from: places, subjects, events, and the study's settings."""

    places: Places
    subjects: pl.DataFrame
    events: pl.DataFrame
    settings: ScoreSettings


def derive_inputs(score: Score, context: Context, places: Places | None = None) -> pl.DataFrame:
    """One row a place at which an input of the score was measured, with a column per input.

    An input that is missing that day is the latest earlier value within its limit of days, never a
    later one. Adds ``carried`` (the inputs of an earlier day), ``carried_days`` (the age of the oldest),
    and ``<input>@row``, the number of the measurement behind it. ``places`` are those of ``select_places``.
    """
    places = select_places(score, context) if places is None else places
    here = replace(context, places=places)
    sources = {item.name: find_source(item, here) for item in score.inputs}
    columns = [
        source.values.cast(input_dtype(item)).alias(item.name)
        for item, source in zip(score.inputs, sources.values(), strict=True)
    ]
    rows = [source.rows.alias(f"{name}@row") for name, source in sources.items() if source.rows is not None]
    paired = [item.name for item in score.inputs if item.origin in PAIRED and item.moment == "visit"]
    ages = [
        places.age(source.rows).alias(f"{name}@age")
        for name, source in sources.items()
        if name in paired and source.rows is not None
    ]
    frame = places.rows.select(PLACE).hstack([*columns, *rows, *ages])
    late = {name: pl.col(f"{name}@age") > 0 for name in paired}
    oldest = pl.max_horizontal(f"{name}@age" for name in paired)
    return frame.with_columns(carried=list_names(frame, late), carried_days=oldest).drop(age.name for age in ages)


def select_places(score: Score, context: Context) -> Places:
    """The places at which an input of the score was measured, within the days on which it is defined."""
    places = context.places
    codes = {item.code for item in score.inputs if item.origin in PAIRED and item.moment == "visit"}
    measured = [places.is_measured(code) for code in sorted(codes)]
    first, last = score.days
    day, undated = pl.col("day"), pl.col("day").is_null()
    later = (day > 0) | (undated & pl.col("avisit").ne_missing(pl.lit(context.settings.baseline_visit, pl.String)))
    within = (day >= first) | (undated & (first <= 0))
    conditions = [pl.any_horizontal(*measured), within, later if score.post else pl.lit(True)]
    conditions += [day <= last] if last is not None else []
    if score.etiology:
        other = context.subjects.filter(~pl.col("etiology").str.contains(score.etiology))
        conditions.append(~pl.col("usubjid").is_in(other["usubjid"].to_list()))
    return places.select(places.rows.select(pl.all_horizontal(conditions)).to_series())


def find_source(item: Input, context: Context) -> Source:
    """The values of one input at every place."""
    if item.origin == "subject":
        return Source(read_subject(item, context))
    if item.origin in ("event", "course"):
        return Source(read_event(item, context))
    if item.origin in ("study", "given"):
        value = getattr(context.settings, item.name) if item.origin == "study" else None
        return Source(pl.Series([value] * context.places.rows.height, dtype=input_dtype(item)))
    return read_measured(item, context)


def read_measured(item: Input, context: Context) -> Source:
    """An input that rests on a measurement: its value, its limit of normal, or the value as a multiple of that."""
    places = context.places
    if item.moment == "mean before":
        return Source(find_mean_before(places, item.code))
    rows = {
        "visit": lambda: places.in_use(item.code, item.max_age),
        "baseline": lambda: find_baseline(places, item.code, context.settings.baseline_visit),
        "earlier": lambda: find_earlier(places, item.code, item.max_age),
    }[item.moment]()
    value = places.take("aval", rows)
    if item.origin in ("parameter", "score"):
        return Source(value == 1 if item.kind == "flag" else value, rows)
    side = 0 if "lower" in item.origin else 1
    own = places.take(("ref_low", "ref_high")[side], rows)
    laboratory = context.settings.find_limits(item.code)[side]
    limit = pl.select(pl.when(own.is_null() & rows.is_not_null()).then(laboratory).otherwise(own)).to_series()
    limit = pl.select(pl.when(limit > 0).then(limit)).to_series()  # a limit of 0 is none
    if item.origin.startswith("times"):
        return Source(value / limit, rows)
    return Source(limit, rows)


def read_subject(item: Input, context: Context) -> pl.Series:
    """Sex, age at time zero or at the visit, cholestatic disease."""
    if item.name == "cholestatic":
        etiology = pl.col("etiology").str.to_lowercase().is_in(CHOLESTATIC)
        return spread(context.places, context.subjects.select("usubjid", value=etiology), "value")
    known = spread(context.places, context.subjects.select("usubjid", value=item.name), "value")
    if item.name == "age" and item.moment == "visit":
        return known + context.places.rows["day"].fill_null(0) / YEAR
    return known


def read_event(item: Input, context: Context) -> pl.Series:
    """What happened up to the day, by the events or by the course of the values."""
    places, events = context.places, context.events
    return {
        "dialysis": lambda: find_dialysis(places, events, DIALYSIS_SESSIONS),
        "rrt": lambda: find_dialysis(places, events, sessions=1),
        "variceal_bleeding": lambda: find_bleeding(places, events),
        "rise_within_48h": lambda: find_acute_rise(places),
    }[item.name]()
