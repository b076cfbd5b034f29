"""Values that can be read and still need a look, and the fixes that are safe to offer.

A fix is offered only where one reading is left: the value is plausible in exactly one other unit
that fits the subject's other values, a number or a date can be meant in one way only.
"""

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from analytics.catalog import PARAMETERS
from analytics.catalog.parameter import is_within
from data.importers.cells import FIXES
from data.importers.fields import AMBIGUOUS_COMMA, AMBIGUOUS_POINT, FARTHEST_DAY, parse_date
from data.importers.outcome import Outcome
from data.importers.place import count_days
from data.importers.text import REJECTED

DOUBTS = {**REJECTED, "field": pl.String, "replacement": pl.String}
JUMP = 5.0  # times the subject's other values: more than between two visits is usual
NEAR = 1.4  # times, up to which a converted value fits the others
EARLIEST = 90  # days before day 0 that a baseline reaches back
DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Context:
    """What the study holds, the new rows too, and what new rows are compared with.

    ``history``: usubjid, paramcd, day, aval. ``subjects``: usubjid, age, time_zero_date. ``deaths``: usubjid,
    death_day. ``windows``: first and last day of every visit window; empty where the study has none.
    """

    history: pl.DataFrame
    subjects: pl.DataFrame
    deaths: pl.DataFrame
    windows: list[tuple[int, int]]


def find_doubts(rows: pl.DataFrame, context: Context, date_order: str = "") -> pl.DataFrame:
    """What to look at in accepted measurements, each with the fix that is offered, if any.

    ``rows``: usubjid, paramcd, day, aval, source, unit, date_text, line, column of the new values. Gives
    line, column, value, reason, field, replacement.
    """
    numbers = rows.filter(pl.col("aval").is_not_null())
    found = [
        find_jumps(numbers, context.history),
        find_direct_above_total(numbers, context.history),
        find_before_birth(numbers, context.subjects),
        find_after_death(numbers, context.deaths),
        find_swapped(rows, context, date_order),
    ]
    return pl.concat([as_doubts(part) for part in found])


def add_doubts(outcome: Outcome, rows: pl.DataFrame, context: Context, date_order: str = "") -> Outcome:
    """The outcome with what to look at in ``rows``, as for ``find_doubts``, and the fixes that are offered."""
    if outcome.refused is None:
        return outcome
    found = find_doubts(rows, context, date_order)
    unit = pl.format("{} read in {}", "value", "replacement")
    other = pl.format("{} read as {}", "value", "replacement")
    sentence = pl.when(pl.col("field") == "unit").then(unit).otherwise(other).alias("sentence")
    offered = found.filter(pl.col("field").is_not_null()).select("line", "column", "field", "replacement", sentence)
    fixes = pl.concat([offered, offer_fixes(outcome.refused, context.history)])
    return replace(outcome, warnings=pl.concat([outcome.warnings, found.select(list(REJECTED))]), proposals=fixes)


def as_doubts(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with a reason, in the columns of doubts."""
    missing = [pl.lit(None, pl.String).alias(name) for name in ("field", "replacement") if name not in rows.columns]
    return rows.with_columns(missing).select(*DOUBTS).cast(dict(DOUBTS))


def find_jumps(rows: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Values that lie far from the subject's others; the only unit in which one would fit them is offered."""
    positive = history.filter(pl.col("aval") > 0).group_by("usubjid", "paramcd")
    counted = positive.agg(middle=pl.col("aval").median(), others=pl.len() - 1)
    known = rows.filter(pl.col("aval") > 0).join(counted, on=["usubjid", "paramcd"], how="left")
    others = known.with_columns(times=pl.col("aval") / pl.col("middle"))
    far = others.filter((pl.col("others") >= 2) & ~pl.col("times").is_between(1 / JUMP, JUMP))
    listed = far.to_dicts()
    offered = [offer_unit(row) for row in listed]
    reasons = [describe_jump(row, unit) for row, unit in zip(listed, offered, strict=True)]
    return far.with_columns(
        value="source",
        reason=pl.Series(reasons, dtype=pl.String),
        field=pl.Series(["unit" if unit else None for unit in offered], dtype=pl.String),
        replacement=pl.Series(offered, dtype=pl.String),
    )


def describe_jump(row: dict[str, Any], unit: str | None) -> str:
    """The sentence for a value that lies far from the subject's others."""
    parameter, times = PARAMETERS[row["paramcd"]], f"{row['times']:.2g} times the median of this subject"
    fits = f"; read in {unit} it would fit" if unit else ""
    return f"{parameter.label} {row['aval']:g} {parameter.unit_label} is {times} ({row['middle']:g}){fits}"


def offer_unit(row: dict[str, Any]) -> str | None:
    """The only other unit in which a value is plausible and fits the subject's median; None where there is none."""
    parameter = PARAMETERS[row["paramcd"]]
    if parameter.levels:
        return None
    number = row["aval"] / parameter.factor(row["unit"] or "")
    return find_other_unit(row["paramcd"], number, row["unit"] or "", row["middle"])


def find_other_unit(paramcd: str, number: float, said: str, middle: float | None) -> str | None:
    """The only unit of a parameter, but the one that was said, in which a number is plausible and near a value."""
    parameter = PARAMETERS[paramcd]
    try:
        now = parameter.factor(said)
    except ValueError:
        now = None
    by_factor = {}
    for unit in parameter.units:
        factor = parameter.factor(unit)
        plausible = is_within(number * factor, parameter.soft)
        near = middle is None or (middle > 0 and 1 / NEAR <= number * factor / middle <= NEAR)
        if factor != now and plausible and near:
            by_factor.setdefault(factor, unit)
    return next(iter(by_factor.values())) if len(by_factor) == 1 else None


def find_direct_above_total(rows: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Direct bilirubin above the total of the same subject and day."""
    total = history.filter(pl.col("paramcd") == "bilirubin").select("usubjid", "day", total="aval")
    direct = history.filter(pl.col("paramcd") == "bilirubin_direct").select("usubjid", "day", direct="aval")
    both = direct.join(total.drop_nulls(), on=["usubjid", "day"], how="inner").filter(
        pl.col("direct") > pl.col("total")
    )
    new = rows.filter(pl.col("paramcd").is_in(["bilirubin", "bilirubin_direct"]))
    pairs = new.join(both.unique(["usubjid", "day"]), on=["usubjid", "day"], how="inner")
    said = pl.format("direct bilirubin {} is above the total {} of the same day", "direct", "total")
    return pairs.with_columns(value="source", reason=said)


def find_before_birth(rows: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Values of a day before the subject was born."""
    aged = rows.join(subjects.select("usubjid", "age"), on="usubjid", how="left")
    unborn = aged.filter(pl.col("day") < -(pl.col("age") + 1) * DAYS_A_YEAR)
    said = pl.format("day {} lies before the birth of this subject, who was {} at day 0", "day", "age")
    return unborn.with_columns(value="source", reason=said)


def find_after_death(rows: pl.DataFrame, deaths: pl.DataFrame) -> pl.DataFrame:
    """Values of a day after the subject's death."""
    dead = rows.join(deaths, on="usubjid", how="inner").filter(pl.col("day") > pl.col("death_day"))
    said = pl.format("measured on day {}, and the subject died on day {}", "day", "death_day")
    return dead.with_columns(value="source", reason=said)


def find_swapped(rows: pl.DataFrame, context: Context, order: str) -> pl.DataFrame:
    """Dates outside every visit window that fall into one when day and month change places, which is offered."""
    dated = rows.filter(pl.col("date_text").is_not_null()).join(
        context.subjects.select("usubjid", "time_zero_date"), on="usubjid", how="left"
    )
    read = dated.with_columns(date=parse_date(pl.col("date_text"), order))
    turned = pl.format("{}-{}-{}", pl.col("date").dt.year(), two("date", "day"), two("date", "month"))
    both = read.with_columns(replacement=turned).with_columns(swapped=pl.col("replacement").str.to_date(strict=False))
    days = both.with_columns(swapped_day=count_days(pl.col("swapped"), pl.col("time_zero_date")))
    odd = days.filter(~is_expected(pl.col("day"), context.windows), is_expected(pl.col("swapped_day"), context.windows))
    text = "{} is day {}, outside every visit; with day and month exchanged it is day {}"
    said = pl.format(text, "date_text", "day", "swapped_day")
    return odd.with_columns(value="date_text", reason=said, field=pl.lit("date"))


def two(column: str, part: str) -> pl.Expr:
    """A part of a date as two digits."""
    number = pl.col(column).dt.day() if part == "day" else pl.col(column).dt.month()
    return number.cast(pl.String).str.zfill(2)


def is_expected(day: pl.Expr, windows: list[tuple[int, int]]) -> pl.Expr:
    """Whether a day lies in a visit window; without windows, not long before day 0. A missing day does not."""
    known = windows or [(-EARLIEST, FARTHEST_DAY)]
    return pl.any_horizontal(day.is_between(first, last) for first, last in known).fill_null(False)


def offer_fixes(rejected: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Fixes for rejected cells, where one reading is left.

    ``rejected``: line, column, value (as text), reason, usubjid, paramcd, unit; ``history`` as in Context.
    """
    middles = history.filter(pl.col("aval") > 0).group_by("usubjid", "paramcd").agg(middle=pl.col("aval").median())
    named = rejected.filter(pl.col("paramcd").is_in(list(PARAMETERS)))
    known = named.join(middles, on=["usubjid", "paramcd"], how="left")
    offered = [fix for row in known.iter_rows(named=True) for fix in offer_for(row)]
    return pl.DataFrame(offered, schema=FIXES)


def offer_for(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The fixes of one rejected cell: another reading of its number, another unit, the parameter it belongs to."""
    text, key = row["value"] or "", {"line": row["line"], "column": row["column"]}
    number = read_slip(row["paramcd"], text)
    if number:
        said = f"{text} read as {float(number):g}: the other reading is not plausible"
        return [{**key, "field": "value", "replacement": number, "sentence": said}]
    try:
        plain = float(text.replace(",", "."))
    except ValueError:
        return []
    if row["paramcd"] == "inr" and "impossible" in row["reason"] and is_within(plain, PARAMETERS["pt_activity"].soft):
        said = f"{text} in a column of INR read as prothrombin activity in percent"
        fix = {**key, "sentence": said}
        return [fix | {"field": "parameter", "replacement": "pt_activity"}, fix | {"field": "unit", "replacement": "%"}]
    unit = find_other_unit(row["paramcd"], plain, row["unit"] or "", row["middle"])
    if not unit:
        return []
    said = f"{text} {row['unit'] or 'without a unit'} read as {text} {unit}"
    return [{**key, "field": "unit", "replacement": unit, "sentence": said}]


def read_slip(paramcd: str, text: str) -> str:
    """The only plausible number of a text that can be read in two ways; empty where both are, or none."""
    parameter = PARAMETERS[paramcd]
    bare = pl.Series([text])
    if not (bare.str.contains(AMBIGUOUS_COMMA)[0] or bare.str.contains(AMBIGUOUS_POINT)[0]):
        return ""
    # With a fourth decimal there is one way to read it.
    readings = (text.replace(",", ".") + "0", text.replace(",", "").replace(".", ""))
    plausible = [item for item in readings if is_within(float(item), parameter.soft)]
    return plausible[0] if len(plausible) == 1 else ""
