"""Why a score is what it is: every input with its source, clamps, points or terms, cut-offs, other readings."""

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from analytics.catalog.parameter import DIMENSIONLESS
from analytics.inputs import Context, derive_inputs
from analytics.scores import Input, Score
from analytics.scores.definition import flatten
from analytics.scores.evaluate import complete_inputs, convert_input, derive_score, derive_terms, prepare_input
from analytics.scoring import explain_missing, name_output, short_name

NUDGE = 1e-6  # of a value: enough to cross a cut-off that it lies on, too little to cross another
SIDES = {"upper limit": "ref_high", "lower limit": "ref_low"}
INPUTS = {
    "Input": pl.String,
    "As reported": pl.String,
    "Value": pl.String,
    "Used as": pl.String,
    "Day": pl.String,
    "Age, days": pl.String,
    "Source": pl.String,
    "Remark": pl.String,
}


@dataclass(frozen=True)
class Explanation:
    """A score explained, as text: its result, inputs, points or terms, cut-offs and other readings.

    ``inputs`` has one row an input, ``parts`` one a component or term, ``readings`` one another reading
    of the rule with what it gives; ``borders`` and ``notes`` are sentences.
    """

    result: str
    inputs: pl.DataFrame
    outputs: pl.DataFrame
    parts: pl.DataFrame
    borders: list[str]
    readings: pl.DataFrame
    notes: list[str]


def explain_score(
    score: Score, context: Context, measurements: pl.DataFrame, place: dict[str, Any]
) -> Explanation | None:
    """The explanation of a patient's score at a place (``day``, and ``avisit`` where the day is missing).

    ``context`` holds this patient only; ``measurements`` has for each value what was reported, its file
    and line. None where no input of the score was measured there.
    """
    rows = derive_inputs(score, context).filter(
        pl.col("day").eq_missing(pl.lit(place["day"], pl.Int32)),
        pl.col("avisit").eq_missing(pl.lit(place["avisit"] if place["day"] is None else None, pl.String)),
    )
    if rows.is_empty():
        return None
    sources = {
        item.name: find_source_row(rows[f"{item.name}@row"][0], context, measurements)
        for item in score.inputs
        if f"{item.name}@row" in rows.columns
    }
    recorded = set(measurements["paramcd"])
    return explain_values(score, rows.head(1), sources, recorded)


def find_source_row(row: int | None, context: Context, measurements: pl.DataFrame) -> dict[str, Any]:
    """The measurement with this row number, with what was reported; of a derived value what is known."""
    if row is None:
        return {}
    known = context.places.values.row(row, named=True)
    same = measurements.filter(
        pl.col("paramcd") == known["paramcd"],
        pl.col("day").eq_missing(pl.lit(known["day"], pl.Int32)),
        pl.col("avisit").eq_missing(pl.lit(known["avisit"], pl.String)),
    )
    return same.row(0, named=True) if same.height else known | {"derived": True}


def explain_values(
    score: Score,
    values: pl.DataFrame,
    sources: dict[str, dict[str, Any]] | None = None,
    recorded: set[str] | None = None,
) -> Explanation:
    """The explanation of one row of inputs; ``sources`` says where each was measured, in a study."""
    names = [item.name for item in score.inputs]
    complete = complete_inputs(values, score)
    scored = derive_score(complete.select(names), score)
    notes = list_notes(score, scored, recorded or set())
    lines = [describe_line(item, complete, (sources or {}).get(item.name), values) for item in score.inputs]
    spare = list_spare(score, scored)
    outputs = [(output.name, name_output(score, output.name, scored)[0] or "–") for output in score.outputs]
    return Explanation(
        result=describe_result(score, scored),
        inputs=pl.DataFrame([mark_spare(line, spare) for line in lines if line], schema=INPUTS),
        outputs=pl.DataFrame(outputs, schema=["Output", "Value"], orient="row"),
        parts=list_parts(score, complete, scored),
        borders=find_borders(score, complete.select(names)),
        readings=compare_readings(score, complete.select(names)),
        notes=notes,
    )


def describe_result(score: Score, scored: pl.DataFrame) -> str:
    """The value of the score with its category, as text."""
    value = scored["outputs"].struct.field(score.value)
    text = score.parameter.format(value[0]) if value.dtype.is_numeric() else name_output(score, score.value, scored)[0]
    category = name_output(score, score.category, scored)[0] if score.category != score.value else None
    return f"{text or '–'}" + (f" ({category})" if category else "")


def list_notes(score: Score, scored: pl.DataFrame, recorded: set[str]) -> list[str]:
    """What is missing in words, what is assumed, which rule holds, and when the score applies."""
    row = scored.row(0, named=True)
    notes = [explain_missing(score, row["missing"], recorded)] if row["missing"] else []
    if score.variant and (basis := name_output(score, score.variant, scored)[0]):
        notes.append(f"{score.variant.replace('_', ' ')}: {basis}")
    assumed = [item.words for item in score.inputs if item.name in row["assumed"]]
    notes += [f"Assumed, because not recorded: no {', no '.join(assumed)}."] if assumed else []
    notes += [f"Version: {score.version}."] + ([score.note] if score.note else [])
    return notes


def list_spare(score: Score, scored: pl.DataFrame) -> list[str]:
    """The inputs whose need is met, so that one of them that is missing is not missed."""
    unmet = set(scored["missing"][0])
    met = {name for need, alternatives in score.needs.items() if need not in unmet for name in flatten(alternatives)}
    return [item.words for item in score.inputs if item.name in met]


def mark_spare(line: dict[str, str], spare: list[str]) -> dict[str, str]:
    """The row of a missing input that is not missed, with the words for that."""
    if line["Value"] != "missing" or line["Input"] not in spare:
        return line
    return line | {"Value": "–", "Remark": "not needed: another one suffices"}


def describe_line(
    item: Input, complete: pl.DataFrame, source: dict[str, Any] | None, values: pl.DataFrame
) -> dict[str, str] | None:
    """One row of ``inputs``; None for an input that was neither given nor can be missed."""
    given = complete[item.name][0]
    if item.kind == "records" or (given is None and item.origin == "given"):
        return None
    source = source or {}
    converted = complete.select(convert_input(item)).item()
    used = complete.select(prepare_input(item)).item()
    age = find_age(item, values, source)
    return {
        "Input": item.words,
        "As reported": "–" if item.origin in SIDES else show_reported(source),
        "Value": "not recorded" if given is None and item.if_missing is not None else show_value(item, given),
        "Used as": show_used(item, used),
        "Day": str(source["day"]) if source.get("day") is not None else source.get("avisit") or "–",
        "Age, days": str(age) if age is not None else "–",
        "Source": describe_source(item, source),
        "Remark": describe_treatment(item, given, converted, used, age),
    }


def find_age(item: Input, values: pl.DataFrame, source: dict[str, Any]) -> int | None:
    """How many days before the visit a value of the visit was measured; None where that has no meaning."""
    if item.moment != "visit" or "day" not in values.columns or source.get("day") is None:
        return None
    return values["day"][0] - source["day"]


def show_reported(source: dict[str, Any]) -> str:
    """A value with its unit as the source has them."""
    unit = source.get("reported_unit") or ""
    return f"{source.get('reported', '')} {'' if unit in DIMENSIONLESS else unit}".strip() or "–"


def show_value(item: Input, value: Any) -> str:
    """A value in the catalog's unit."""
    if value is None or isinstance(value, bool | str):
        return (
            {None: "missing", True: "yes", False: "no"}.get(value, str(value)) if not isinstance(value, str) else value
        )
    unit = item.parameter.unit_label if item.parameter else item.unit
    return f"{value:.6g} {'' if unit in DIMENSIONLESS else unit}".strip()


def show_used(item: Input, value: Any) -> str:
    """A value as the formula reads it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    unit = "" if item.unit in DIMENSIONLESS else item.unit
    return value if isinstance(value, str) else f"{value:.6g} {unit.replace('[', '').replace(']', '')}".strip()


def describe_source(item: Input, source: dict[str, Any]) -> str:
    """The file and line of a value, or where else it is known from."""
    if item.origin in SIDES and source.get(SIDES[item.origin]) is None:
        return "study file (laboratory)" if source else "–"
    if source.get("file_name"):
        return f"{source['file_name']}, line {source['line']}"
    if source:
        return "computed here"
    return {"subject": "list of subjects", "event": "events", "study": "study file"}.get(item.origin, "–")


def describe_treatment(item: Input, given: Any, converted: Any, used: Any, age: int | None) -> str:
    """What happened to a value on its way into the formula."""
    parts = [f"carried forward {age} days"] if age else []
    if given is None and item.if_missing is not None:
        parts.append("not recorded: counts as " + show_used(item, item.if_missing))
    if isinstance(used, float) and isinstance(converted, float) and used != converted:
        parts.append(f"{'below' if converted < used else 'above'} {used:g} counts as {used:g}")
    if given is True and item.effect:
        parts.append(item.effect)
    return "; ".join(parts)


def list_parts(score: Score, complete: pl.DataFrame, scored: pl.DataFrame) -> pl.DataFrame:
    """Points of each component, or the terms of the sum with their total."""
    if score.terms:
        terms = derive_terms(complete, score).row(0, named=True)
        rows = [(name, show_number(value)) for name, value in terms.items()]
        known = all(value is not None for value in terms.values())
        rows.append(("sum", show_number(sum(terms.values())) if known else "–"))
        return pl.DataFrame(rows, schema=["Term", "Value"], orient="row")
    outputs = scored["outputs"][0]
    rows = [
        (short_name(score, item.of), str(outputs[item.name] if outputs[item.name] is not None else "–"))
        for item in score.outputs
        if item.of
    ]
    return pl.DataFrame(rows, schema={"Component": pl.String, "Points": pl.String}, orient="row")


def show_number(value: float | None) -> str:
    """A term with three decimals."""
    return "–" if value is None else f"{value:+.3f}"


def find_borders(score: Score, values: pl.DataFrame) -> list[str]:
    """A sentence for every value that lies exactly on a cut-off: a hair less and a hair more count differently.

    Found by computing the score with the value a millionth smaller and larger; only points and
    categories are compared, not rounded sums.
    """
    judged = [output for output in score.outputs if output.of or output.words]
    sentences = []
    for item in score.inputs:
        value = values[item.name][0]
        if item.kind != "number" or value is None or item.choices or (item.parameter and item.parameter.levels):
            continue
        step = NUDGE * (abs(value) or 1)
        nudged = pl.concat([values.with_columns(pl.lit(value + shift).alias(item.name)) for shift in (-step, 0, step)])
        results = derive_score(nudged, score)
        for output in judged:
            below, here, above = name_output(score, output.name, results)
            if below != above:
                sentences.append(
                    f"{item.words} {show_value(item, value)} lies exactly on a cut-off of {output.label}: "
                    f"a hair less gives {below}, a hair more {above}; here it gives {here}."
                )
    return sentences


def compare_readings(score: Score, values: pl.DataFrame) -> pl.DataFrame:
    """What the score would be under each other reading of the rule; ``Differs`` says whether it changes."""
    here = describe_result(score, derive_score(values, score))
    rows = []
    for alternative in score.alternatives:
        other = describe_result(score, derive_score(values, replace(score, formula=alternative.formula)))
        rows.append((alternative.rule, other, "yes" if other != here else "no", f"{alternative.entry}"))
    schema = {"Other reading": pl.String, "Would give": pl.String, "Differs": pl.String, "Register": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("Differs", descending=True, maintain_order=True)
