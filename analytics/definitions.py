"""The definitions in words: the catalog, the scores and the endpoints as tables and as a document."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from analytics.catalog import PARAMETERS, Parameter
from analytics.catalog.endpoints import ENDPOINTS
from analytics.scores import SCORES, Input, Output, Score, list_series
from analytics.scores.examples import Example, list_examples

MOST_CHOICES = 12
ORIGINS = {
    "upper limit": "the upper limit of normal beside the value, else of the study's laboratory",
    "lower limit": "the lower limit of normal beside the value, else of the study's laboratory",
    "times upper limit": "the value divided by its upper limit of normal",
    "times lower limit": "the value divided by its lower limit of normal",
    "score": "as computed here",
    "event": "from the events",
    "course": "from the values of earlier days",
    "study": "from the study file",
}
NONE_ENTERED = "no published value entered"


def tabulate_parameters() -> pl.DataFrame:
    """One row a parameter of the catalog, as text."""
    return pl.DataFrame([describe_parameter(parameter) for parameter in PARAMETERS.values()])


def describe_parameter(parameter: Parameter) -> dict[str, str]:
    """One row of ``tabulate_parameters``."""
    return {
        "Code": parameter.paramcd,
        "Parameter": parameter.label,
        "Category": parameter.category,
        "Unit": parameter.unit,
        "Also accepted": ", ".join(f"{unit} (× {factor:.6g})" for unit, factor in parameter.accepted.items()),
        "Reference range": describe_bounds(parameter.reference, NONE_ENTERED),
        "Plausible": describe_bounds(parameter.soft, ""),
        "Possible": describe_bounds(parameter.hard, ""),
        "Benefit": parameter.benefit or "none named",
        "Grades": "; ".join(f"{grade:g} {words[0]}" for grade, words in parameter.levels.items()),
        "LOINC": parameter.loinc,
        "SDTM": parameter.sdtm,
        "Synonyms": ", ".join(parameter.synonyms),
        "Note": parameter.note,
    }


def describe_bounds(bounds: tuple[float | None, float | None], none: str) -> str:
    """A range as text."""
    low, high = bounds
    if low is None and high is None:
        return none
    return f"{'' if low is None else f'{low:g}'}–{'' if high is None else f'{high:g}'}"


def search_parameters(table: pl.DataFrame, wanted: str) -> pl.DataFrame:
    """The rows in which any cell holds the words, in any case."""
    if not wanted.strip():
        return table
    return table.filter(
        pl.any_horizontal(pl.all().str.to_lowercase().str.contains(wanted.strip().lower(), literal=True))
    )


def tabulate_endpoints() -> pl.DataFrame:
    """One row a time-to-event endpoint."""
    return pl.DataFrame(
        [{"Code": item.code, "Endpoint": item.label, "Reading": item.reading} for item in ENDPOINTS.values()]
    )


def tabulate_scores() -> pl.DataFrame:
    """One row a score: what it is called, its version, inputs and source."""
    return pl.DataFrame(
        [
            {
                "Score": f"{score.parameter.label} ({score.id})",
                "Version": score.version,
                "Inputs": ", ".join(item.words for item in score.inputs),
                "Source": score.source,
            }
            for score in SCORES.values()
        ]
    )


def find_note(paramcd: str) -> str:
    """What a reader of a score must know; empty for a measured parameter."""
    score = list_series().get(paramcd)
    return score.note if score else ""


def describe_score(score: Score) -> str:
    """A score as Markdown: formula, inputs, outputs, exceptions, source, other readings, examples."""
    benefit = f", {score.parameter.benefit}" if score.parameter.benefit else ""
    parts = {
        "": f"{score.reading}\n\n**Version** {score.version}{benefit}",
        "**Note**": score.note,
        "**In a study**": describe_scope(score),
        "**Inputs**": list_lines(describe_input(item) for item in score.inputs),
        "**Outputs**": list_lines(describe_output(score, output) for output in score.outputs),
        "**What may be missing**": list_lines(score.if_missing),
        "**Source**": score.source,
        "**Where sources disagree**": list_lines(describe_disagreements(score)),
        "**Worked examples**": list_lines(describe_example(example) for example in list_examples(score.id)),
    }
    return "\n\n".join(f"{title}\n\n{text}".strip() for title, text in parts.items() if text) + "\n"


def describe_scope(score: Score) -> str:
    """On which days and for whom a study has the score; empty where that is always and for all."""
    first, last = score.days
    parts = ["typed in only, no series"] if not score.series else []
    parts += [f"day {first}" if first == last else f"from day {first} on"] if first > 0 else []
    parts += ["after baseline"] if score.post else []
    parts += [f"subjects whose etiology matches `{score.etiology}` or is not recorded"] if score.etiology else []
    return "; ".join(parts)


def list_lines(lines: Iterable[str]) -> str:
    """Lines as a Markdown list."""
    return "\n".join(f"- {line}" for line in lines)


def describe_input(item: Input) -> str:
    """An input with its unit, clamps, where it comes from and how far it may be carried forward."""
    parts = [item.words + (f", {item.unit}" if item.unit not in ("", "1") else "")]
    parts += [f"below {item.floor:g} counts as {item.floor:g}"] if item.floor is not None else []
    parts += [f"above {item.cap:g} counts as {item.cap:g}"] if item.cap is not None else []
    parts += (
        [f"one of {', '.join(map(str, item.choices))}"] if item.choices and len(item.choices) <= MOST_CHOICES else []
    )
    parts += [f"in a study {ORIGINS[item.origin]}"] if item.origin in ORIGINS else []
    carried = item.origin == "parameter" and item.moment == "visit" and item.max_age
    parts += [f"carried forward at most {item.max_age} days"] if carried else []
    parts += [f"if true, {item.effect}"] if item.effect else []
    parts += [describe_assumption(item)] if item.if_missing is not None else []
    parts += ["each with " + ", ".join(part.name for part in item.fields)] if item.fields else []
    return "; ".join(parts)


def describe_assumption(item: Input) -> str:
    """What an absent input counts as."""
    assumed = (
        {False: "no", True: "yes"}.get(item.if_missing) if isinstance(item.if_missing, bool) else f"{item.if_missing:g}"
    )
    return f"absent counts as {assumed}" + ("" if item.origin == "study" else ", and is flagged as assumed")


def describe_output(score: Score, output: Output) -> str:
    """An output with its range or words, and what it needs where that is not everything."""
    parts = [f"`{output.name}`"]
    parts += [f"one of {', '.join(output.words)}"] if output.words else []
    parts += [f"range {describe_bounds(output.bounds, '')}"] if output.bounds != (None, None) else []
    if output.needs is not None and set(output.needs) != set(score.needs):
        needs = [*output.needs, *(f"{name} in some states" for name in output.sometimes)]
        parts += [f"needs {', '.join(needs)}"] if needs else []
    return "; ".join(parts)


def describe_disagreements(score: Score) -> list[str]:
    """Other readings of the rule, with their number in the register of disagreements; those computed here first."""
    computed = [f"{item.rule} (register, {item.entry})" for item in score.alternatives]
    return computed + [f"{text} (register, {entry})" if entry else text for entry, text in score.disagreements]


def describe_value(value: Mapping[str, Any]) -> str:
    """A value of an example with its unit."""
    given = value["value"]
    if isinstance(given, list):
        return f"a list of {len(given)}"
    return f"{given} {value.get('unit', '')}".removesuffix(" 1").strip()


def describe_example(example: Example) -> str:
    """A worked example in one line."""
    given = ", ".join(f"{name} {describe_value(value)}" for name, value in example.inputs.items())
    expected = ", ".join(f"{name} {describe_expected(value)}" for name, value in example.expected.items())
    return f"{example.id}: {given} → {expected}{f' ({example.note})' if example.note else ''}"


def describe_expected(value: Any) -> str:
    """An expected output as text."""
    if value is None:
        return "missing"
    return f"{value:g}" if isinstance(value, float) else str(value)


def write_document() -> str:
    """All definitions as one Markdown document."""
    scores = "\n".join(f"### {score.parameter.label}\n\n{describe_score(score)}" for score in SCORES.values())
    endpoints = "\n".join(f"- **{item.label}** (`{item.code}`): {item.reading}" for item in ENDPOINTS.values())
    parts = {
        "# Definitions": "Generated by `python cli.py definitions`; do not edit.",
        "## Scores": scores,
        "## Time-to-event endpoints": endpoints,
        "## Parameters": write_table(tabulate_parameters()),
    }
    return "\n\n".join(f"{title}\n\n{text.strip()}" for title, text in parts.items()) + "\n"


def write_table(table: pl.DataFrame) -> str:
    """A table as Markdown."""
    head = [f"| {' | '.join(table.columns)} |", f"|{'---|' * table.width}"]
    rows = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in table.rows()]
    return "\n".join([*head, *rows, ""])
