"""Why a score is what it is: every input with its source, clamps, points or terms, cut-offs, other readings."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from analytics.input_lines import INPUTS, SIDES, TYPED, describe_line, list_spare, mark_spare, show_value
from analytics.inputs import Context, derive_inputs
from analytics.scores import Input, Score
from analytics.scores.evaluate import (
    complete_inputs,
    derive_outputs,
    derive_score,
    derive_terms,
    prepare_inputs,
)
from analytics.scoring import explain_missing, name_need, name_output, short_name

NUDGE = 1e-6  # of a value: enough to cross a cut-off that it lies on, too little to cross another


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
        or find_unusable(item, rows.row(0, named=True), measurements)
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
    return same.row(0, named=True) if same.height else known


def find_unusable(item: Input, place: dict[str, Any], measurements: pl.DataFrame) -> dict[str, Any]:
    """What was reported of a missing input at the place itself, as a limit ("<0.2") instead of a number."""
    same = measurements.filter(
        pl.col("paramcd") == item.code,
        pl.col("day").eq_missing(pl.lit(place["day"], pl.Int32)),
        pl.col("day").is_not_null() | pl.col("avisit").eq_missing(pl.lit(place["avisit"], pl.String)),
        pl.col("aval").is_null(),
    )
    return same.row(0, named=True) if same.height and item.moment == "visit" else {}


def explain_values(
    score: Score,
    values: pl.DataFrame,
    sources: dict[str, dict[str, Any]] | None = None,
    recorded: set[str] | None = None,
) -> Explanation:
    """The explanation of one row of inputs; ``sources`` says where each was measured, in a study.

    Values that were typed in have none: of them ``inputs`` has fewer columns.
    """
    names = [item.name for item in score.inputs]
    complete = complete_inputs(values, score)
    scored = derive_score(complete.select(names), score)
    notes = list_notes(score, scored, recorded or set())
    lines = [describe_line(item, complete, (sources or {}).get(item.name), values) for item in score.inputs]
    spare = list_spare(score, scored)
    table = pl.DataFrame([mark_spare(line, spare) for line in lines if line], schema=INPUTS)
    outputs = [(output.name, show_output(score, output.name, scored)) for output in score.outputs]
    return Explanation(
        result=describe_result(score, scored),
        inputs=table if sources is not None else table.select(TYPED),
        outputs=pl.DataFrame(outputs, schema=["Output", "Value"], orient="row"),
        parts=list_parts(score, complete, scored),
        borders=find_borders(score, complete.select(names)),
        readings=compare_readings(score, complete.select(names)),
        notes=notes,
    )


def show_output(score: Score, name: str, scored: pl.DataFrame) -> str:
    """An output as text, a number with six digits."""
    value = scored["outputs"].struct.field(name)
    if value.dtype.is_float() and value[0] is not None:
        return f"{value[0]:.6g}"
    return name_output(score, name, scored)[0] or "–"


def describe_result(score: Score, scored: pl.DataFrame) -> str:
    """The value of the score with its category, as text."""
    value = scored["outputs"].struct.field(score.value)
    text = score.parameter.format(value[0]) if value.dtype.is_numeric() else name_output(score, score.value, scored)[0]
    category = name_output(score, score.category, scored)[0] if score.category != score.value else None
    return f"{text or '–'}" + (f" ({category})" if category else "")


def list_notes(score: Score, scored: pl.DataFrame, recorded: set[str]) -> list[str]:
    """What is missing in words, what is assumed, which rule holds, and when the score applies."""
    row = scored.row(0, named=True)
    notes = [describe_gap(score, row, recorded)] if row["missing"] and None in row["outputs"].values() else []
    if score.variant and (basis := name_output(score, score.variant, scored)[0]):
        notes.append(f"{score.variant.replace('_', ' ')}: {basis}")
    assumed = [item.words for item in score.inputs if item.name in row["assumed"]]
    notes += [f"Assumed, because not recorded: no {', no '.join(assumed)}."] if assumed else []
    notes += [f"Version: {score.version}."] + ([score.note] if score.note else [])
    return notes


def describe_gap(score: Score, row: dict[str, Any], recorded: set[str]) -> str:
    """What is missing: for the score as a whole, or for some of its outputs only."""
    if row["outputs"][score.value] is None:
        return explain_missing(score, row["missing"], recorded)
    absent = ", ".join(name.replace("_", " ") for name, value in row["outputs"].items() if value is None)
    needs = ", ".join(name_need(score, need) for need in row["missing"])
    return f"Not known: {needs}. So these outputs are missing: {absent}."


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
    steps = {
        item.name: NUDGE * (abs(values[item.name][0]) or 1) for item in score.inputs if is_continuous(item, values)
    }
    if not steps or not judged:
        return []
    nudged = [values.with_columns(pl.col(name) + shift) for name, step in steps.items() for shift in (-step, 0.0, step)]
    results = derive_outputs(pl.concat(nudged), score)
    sentences = []
    for output in judged:
        named = name_output(score, output.name, results).to_list()
        for place, name in enumerate(steps):
            below, here, above = named[3 * place : 3 * place + 3]
            if below != above:
                item = next(item for item in score.inputs if item.name == name)
                sentences.append(
                    f"{item.words} {show_value(item, values[name][0])} lies exactly on a cut-off of {output.label}: "
                    f"a hair less gives {below}, a hair more {above}; here it gives {here}."
                )
    return sentences


def is_continuous(item: Input, values: pl.DataFrame) -> bool:
    """Whether an input is a known number between whose values others lie."""
    graded = item.choices or (item.parameter and item.parameter.levels)
    measured = item.kind == "number" and item.origin not in SIDES  # a limit moves only with its laboratory
    return measured and values[item.name][0] is not None and not graded


def compare_readings(score: Score, values: pl.DataFrame) -> pl.DataFrame:
    """What the score would be under each other reading of the rule; ``Differs`` says whether it changes."""
    schema = {"Other reading": pl.String, "Would give": pl.String, "Differs": pl.String, "Register": pl.String}
    if not score.alternatives:
        return pl.DataFrame(schema=schema)
    inputs, shown = prepare_inputs(score), {score.value, score.category} - {""}
    formulas = [score.formula, *(alternative.formula for alternative in score.alternatives)]
    # All readings in one frame, so that what they share is computed once.
    results = values.select(
        pl.struct(value.alias(name) for name, value in formula(**inputs).items() if name in shown).alias(str(place))
        for place, formula in enumerate(formulas)
    )
    here, *others = [
        describe_result(score, results.select(outputs=pl.col(str(place)))) for place in range(len(formulas))
    ]
    rows = [
        (alternative.rule, other, "yes" if other != here else "no", f"{alternative.entry}")
        for alternative, other in zip(score.alternatives, others, strict=True)
    ]
    return pl.DataFrame(rows, schema=schema, orient="row").sort("Differs", descending=True, maintain_order=True)
