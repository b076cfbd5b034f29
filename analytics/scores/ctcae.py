"""CTCAE v5.0 grades of laboratory values: one score an analyte, and ``ctcae5``, which chooses by ``term``."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from analytics.catalog import PARAMETERS, Parameter
from analytics.scores.bands import HAIR, count_below, count_passed, exact
from analytics.scores.definition import Alternative, Formula, Input, Need, Output, Score, needs

NCI = "NCI CTCAE v5.0, 27 Nov 2017"
LIMIT = "its upper limit"
LOWER = "its lower limit"
Grading = Callable[[dict[str, pl.Expr]], pl.Expr]


def passes(condition: pl.Expr) -> pl.Expr:
    """1 where a condition holds, 0 where it does not."""
    return condition.cast(pl.Int64)


def by_multiple(first: float, edges: tuple[float, ...]) -> Grading:
    """Multiples of the upper limit, or of a baseline above it; ``first`` is the lowest multiple of such a baseline.

    A missing baseline counts as normal.
    """

    def grade(inputs: dict[str, pl.Expr]) -> pl.Expr:
        value, uln, baseline = inputs["value"], inputs["uln"], inputs["baseline"]
        raised = (exact(baseline) > exact(uln)).fill_null(False)
        own, limit = value / baseline, value / uln
        abnormal = passes(exact(own) >= first) + count_passed(own, *edges)
        normal = count_passed(limit, 1.0, *edges)
        known = uln.is_not_null()
        return pl.when(known & raised).then(abnormal).when(known & ~raised).then(normal)

    return grade


def creatinine_grade(inputs: dict[str, pl.Expr]) -> pl.Expr:
    """The higher of multiples of the upper limit and of the baseline, which alone gives grades 2 and 3."""
    by_limit = count_passed(inputs["value"] / inputs["uln"], 1.0, 1.5, 3.0, 6.0)
    ratio = inputs["value"] / inputs["baseline"]
    by_baseline = 2 * passes(exact(ratio) > 1.5) + passes(exact(ratio) > 3)
    known = by_limit.is_not_null() | (by_baseline >= 2)
    return pl.when(known).then(pl.max_horizontal(by_limit, by_baseline))


def by_fall(*edges: float) -> Grading:
    """Below the lower limit 1, below each edge one more; without the limit only grades of 2 and more."""

    def grade(inputs: dict[str, pl.Expr]) -> pl.Expr:
        below = count_below(inputs["value"], *edges)
        first = passes(exact(inputs["value"]) < exact(inputs["lln"]))
        return pl.when(below > 0).then(below + 1).when(below == 0).then(first)

    return grade


def inr_grade(inputs: dict[str, pl.Expr]) -> pl.Expr:
    """By absolute values; multiples of baseline under anticoagulation are not derived."""
    return count_passed(inputs["value"], 1.2, 1.5, 2.5)


@dataclass(frozen=True)
class Term:
    """How one analyte is graded: which limit it needs, in words what the grades are, other readings."""

    grade: Grading
    reading: str
    uses: tuple[str, ...]
    worse: str
    needs: dict[str, tuple[Need, ...]]
    sometimes: tuple[str, ...] = ()
    note: str = ""
    most: int = 4
    others: tuple[tuple[int, str, Grading], ...] = ()


def rising(first: float, edges: tuple[float, ...], low: str) -> Term:
    """An analyte graded by multiples of its upper limit or of a raised baseline."""
    listed = " / ".join(f"{edge:g}" for edge in edges)
    reading = f"Above 1 / {listed} x ULN; with a baseline above ULN multiples of the baseline, grade 1 {low}."
    strict = () if first == 1 + HAIR else (by_multiple(first + HAIR, edges),)
    others = tuple((12, f"exactly {first:g} x a raised baseline is grade 0 (other graders)", item) for item in strict)
    return Term(by_multiple(first, edges), reading, ("uln", "baseline"), "higher", needs("value", "uln"), others=others)


def falling(edges: tuple[float, ...], unit: str) -> Term:
    """An analyte graded by its fall below the lower limit and below fixed values."""
    listed = " / ".join(f"{edge:g}" for edge in edges)
    reading = (
        f"Grade 1 below the lower limit, then below {listed} {unit}; without the limit grades of 2 and more are given."
    )
    note = "Without the lower limit only grades of 2 and more are known: means over such values mislead."
    return Term(by_fall(*edges), reading, ("lln",), "lower", needs("value"), ("lln",), note, most=len(edges) + 1)


ENZYMES = (3.0, 5.0, 20.0)
DUCTS = (2.5, 5.0, 20.0)
TERMS = {
    "alt": rising(1.5, ENZYMES, "from 1.5 x"),
    "ast": rising(1.5, ENZYMES, "from 1.5 x"),
    "alp": rising(2.0, DUCTS, "from 2.0 x"),
    "ggt": rising(2.0, DUCTS, "from 2.0 x"),
    "bilirubin": rising(1 + HAIR, (1.5, 3.0, 10.0), "above 1 x"),
    "creatinine": Term(
        creatinine_grade,
        "Above 1 / 1.5 / 3 / 6 x ULN; above 1.5 x baseline 2, above 3 x baseline 3; the higher counts.",
        ("uln", "baseline"),
        "higher",
        needs("value"),
        ("uln",),
        "Without the upper limit only grades 2 and 3 are known, from the baseline.",
    ),
    "platelets": falling((75, 50, 25), "10*9/L"),
    "albumin": falling((3, 2), "g/dL"),
    "hemoglobin": falling((10, 8), "g/dL"),
    "inr": Term(inr_grade, "Above 1.2 / 1.5 / 2.5.", (), "higher", needs("value"), most=3),
    "wbc": falling((3, 2, 1), "10*9/L"),
    "neutrophils": falling((1.5, 1.0, 0.5), "10*9/L"),
}
SIDE = {
    "uln": Input("uln", label=LIMIT, origin="upper limit"),
    "lln": Input("lln", label=LOWER, origin="lower limit"),
    "baseline": Input("baseline", label="its baseline", moment="baseline"),
}


def as_formula(grade: Grading) -> Formula:
    """A grading as the formula of a score."""
    return lambda **inputs: {"grade": grade(inputs)}


def name_grade(parameter: Parameter, most: int) -> Parameter:
    """The grade of an analyte as a parameter, 0 to ``most``."""
    return Parameter(
        f"ctcae5_{parameter.paramcd}",
        f"CTCAE grade, {parameter.name}",
        unit="{grade}",
        better="lower",
        decimals=0,
        levels={grade: (f"grade {grade}",) for grade in range(most + 1)},
    )


def define_term(code: str, term: Term) -> Score:
    """The score of one analyte; limits that its rules do not use may be given, and change nothing."""
    parameter = PARAMETERS[code]
    value = Input("value", label=parameter.name, worse="higher" if term.worse == "higher" else "lower")
    ignored = [name for name in SIDE if name not in term.uses]
    inputs = [replace(item, paramcd=code, unit=parameter.unit) for item in (value, *map(SIDE.get, term.uses)) if item]
    unused = [Input(name, label=SIDE[name].label, origin="given", unit=parameter.unit) for name in ignored]
    assumed = ("A missing baseline counts as normal.",) if "baseline" in term.uses else ()
    return Score(
        parameter=name_grade(parameter, term.most),
        version="NCI v5.0, 2017",
        inputs=(*inputs, *unused),
        outputs=(Output("grade", needs=tuple(term.needs), sometimes=term.sometimes, bounds=(0, term.most)),),
        formula=as_formula(term.grade),
        value="grade",
        needs=term.needs,
        if_missing=(*assumed, *((term.note,) if term.note else ())),
        alternatives=tuple(Alternative(entry, rule, as_formula(other)) for entry, rule, other in term.others),
        note=term.note,
        reading=term.reading,
        source=NCI,
    )


CTCAE5 = Score(
    parameter=Parameter("ctcae5", "CTCAE grade", unit="{grade}", better="lower", decimals=0),
    version="NCI v5.0, 2017",
    inputs=(
        Input("term", kind="word", origin="given", choices=tuple(TERMS), label="analyte"),
        Input("value", origin="given"),
        *(replace(item, origin="given") for item in SIDE.values()),
    ),
    outputs=(Output("grade", bounds=(0, 4)),),
    formula=as_formula(inr_grade),
    value="grade",
    needs=needs("term", "value"),
    if_missing=(
        "A missing baseline counts as normal.",
        "Of creatinine, grades 2 and 3 come from the baseline where the upper limit is missing.",
        "Of falling values, grades of 2 and more are given where the lower limit is missing.",
    ),
    disagreements=(
        (12, "Public code is not uniform for 2.0 x a raised baseline of GGT and ALP; used: contained in grade 1."),
        (0, "CTCAE v6.0 changes several cut-offs: grades name their version."),
    ),
    note="Grade 5, grades that need symptoms and the anticoagulation clause of INR are not derived.",
    reading="\n".join(
        f"- {', '.join(PARAMETERS[code].name for code in TERMS if TERMS[code].reading == reading)}: {reading}"
        for reading in dict.fromkeys(term.reading for term in TERMS.values())
    ),
    source=NCI,
    term="term",
    variants={code: define_term(code, term) for code, term in TERMS.items()},
)
