"""Covariates of a survival model: what is known at baseline as columns of numbers, with a label for each term."""

from dataclasses import dataclass

import polars as pl

from analytics.catalog import Parameter
from analytics.groups import SUBJECT_GROUPS, select_baseline
from analytics.models import choose_reference
from analytics.scores import find_any_parameter
from analytics.units import CONVENTIONAL, convert_parameter

AGE, LOG = "age", "log:"


@dataclass(frozen=True)
class Term:
    """A column of numbers, its label, and the code of the covariate that it belongs to."""

    column: str
    label: str
    code: str


def find_covariate(code: str) -> Parameter:
    """The parameter of a code such as bilirubin or log:bilirubin. Raises UnknownParameter."""
    return find_any_parameter(code.removeprefix(LOG))


def label_covariate(code: str) -> str:
    """A covariate's name for a choice."""
    if code in SUBJECT_GROUPS:
        return SUBJECT_GROUPS[code]
    if code == AGE:
        return "Age"
    name = find_covariate(code).name
    return f"log {name}" if code.startswith(LOG) else name


def describe_term(code: str, system: str = CONVENTIONAL) -> str:
    """The label of a number's term: what one step of it is, in a unit system."""
    if code == AGE:
        return "Age, per year"
    parameter = convert_parameter(find_covariate(code), system)
    if code.startswith(LOG):
        return f"log {parameter.name}, per doubling"
    return f"{parameter.name}, per {'1 ' + parameter.unit_label if parameter.unit_label else 'step'}"


def derive_covariates(
    subjects: pl.DataFrame,
    panel: pl.DataFrame,
    codes: tuple[str, ...],
    reference_arm: str | None = None,
    system: str = CONVENTIONAL,
) -> tuple[pl.DataFrame, list[Term]]:
    """Add one column a term to the subjects: missing where the covariate is not known at baseline.

    Arm, sex, site and etiology become one column a level against the reference (of arms the study's
    control, of others the first); logarithms are to base 2, so that a term is the effect of a doubling.
    ``system`` is the unit system of the panel. Rows are neither dropped nor reordered.
    """
    terms: list[Term] = []
    for code in codes:
        if code in SUBJECT_GROUPS:
            subjects, added = add_levels(subjects, code, reference_arm)
            terms += added
        else:
            own = subjects.select("usubjid", value=pl.col("age")) if code == AGE else read_baseline(panel, code)
            named = own.select("usubjid", pl.col("value").alias(f"term_{code}"))
            subjects = subjects.join(named, on="usubjid", how="left", validate="m:1", maintain_order="left")
            terms.append(Term(f"term_{code}", describe_term(code, system), code))
    return subjects, terms


def add_levels(subjects: pl.DataFrame, code: str, reference_arm: str | None) -> tuple[pl.DataFrame, list[Term]]:
    """One column a level of a category but the reference."""
    levels = subjects[code].drop_nulls().unique().sort().to_list()
    base = choose_reference(levels, reference_arm) if code == "arm" else next(iter(levels), "")
    terms = [
        Term(f"term_{code}_{level}", f"{SUBJECT_GROUPS[code]}: {level} vs {base}", code)
        for level in levels
        if level != base
    ]
    columns = [
        (pl.col(code) == level).cast(pl.Float64).alias(term.column)
        for term, level in zip(terms, (level for level in levels if level != base), strict=True)
    ]
    return subjects.with_columns(columns), terms


def read_baseline(panel: pl.DataFrame, code: str) -> pl.DataFrame:
    """``value``, the baseline of a parameter, on the logarithmic scale where the code says so."""
    own = select_baseline(panel, code.removeprefix(LOG)).select("usubjid", value=pl.col("base"))
    return own.with_columns(transform(code)) if code.startswith(LOG) else own


def transform(code: str, column: str = "value") -> pl.Expr:
    """Values on the scale of their covariate; the logarithm of 0 or less is missing."""
    value = pl.col(column)
    return (pl.when(value > 0).then(value.log(2)) if code.startswith(LOG) else value).alias(column)


def spread_values(panel: pl.DataFrame, codes: tuple[str, ...]) -> pl.DataFrame:
    """One row a subject and day with a value of any of these covariates: usubjid, day, a column a term.

    Rows without a day are left out; of two values of one day the last counts.
    """
    frames = []
    for code in codes:
        own = panel.filter(
            pl.col("paramcd") == code.removeprefix(LOG), pl.col("aval").is_not_null(), pl.col("day").is_not_null()
        )
        last = own.unique(["usubjid", "day"], keep="last", maintain_order=True)
        frames.append(
            last.select("usubjid", "day", aval="aval")
            .with_columns(transform(code, "aval"))
            .rename({"aval": f"term_{code}"})
        )
    if not frames:
        return panel.select("usubjid", "day").clear()
    wide = frames[0]
    for frame in frames[1:]:
        wide = wide.join(frame, on=["usubjid", "day"], how="full", coalesce=True)
    return wide.sort("usubjid", "day")
