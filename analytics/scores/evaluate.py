"""One definition, any number of rows: a frame of inputs gets the outputs of a score."""

import polars as pl

from analytics.scores.definition import Input, Score

TEXT_INPUTS = frozenset({"sex", "coagulation_basis"})
DEFAULT_GRADE_2_POINTS = 3  # FDA/CDISC wording: grade 2 is "moderate"; a study may set 2


def input_dtype(item: Input) -> pl.DataType:
    """The type of an input's column."""
    if item.flag:
        return pl.Boolean()
    return pl.String() if item.name in TEXT_INPUTS else pl.Float64()


def complete_inputs(frame: pl.DataFrame, score: Score) -> pl.DataFrame:
    """The frame with a column for every input of the score; a column that was absent is all missing."""
    present = [
        pl.col(item.name).cast(input_dtype(item))
        if item.name in frame.columns
        else pl.lit(None, dtype=input_dtype(item)).alias(item.name)
        for item in score.inputs
    ]
    return frame.with_columns(present)


def prepare_input(item: Input) -> pl.Expr:
    """The input as the formula reads it: in its unit, clamped; an absent flag is false."""
    column = pl.col(item.name)
    if item.flag:
        return column.fill_null(False)
    if item.name == "ascites_grade_2_points":
        return column.fill_null(DEFAULT_GRADE_2_POINTS)
    if item.name in TEXT_INPUTS:
        return column
    value = column.fill_nan(None)
    if item.parameter and item.unit not in ("", item.parameter.unit):
        value = value / item.parameter.factor(item.unit)
    return value if item.floor is None and item.cap is None else value.clip(item.floor, item.cap)


def is_unknown(item: Input) -> pl.Expr:
    """Whether an input is not known; a flag is known only where it is true: false replaces no value."""
    if item.flag:
        return ~pl.col(item.name).fill_null(False)
    column = pl.col(item.name)
    return column.is_null() if item.name in TEXT_INPUTS else column.fill_nan(None).is_null()


def is_unmet(score: Score, need: str) -> pl.Expr:
    """Whether nothing is known that would meet a need of the score."""
    if need in score.decided_by:
        return pl.col("outputs").struct.field(score.decided_by[need]).is_null()
    return pl.all_horizontal(is_unknown(item) for item in score.inputs if item.name in score.needs[need])


def name_missing(score: Score) -> pl.Expr:
    """The list of needs of the score that are not met, in the order of its definition."""
    named = [pl.when(is_unmet(score, need)).then(pl.lit(need)) for need in score.needs]
    return pl.concat_list(named).list.drop_nulls()


def name_assumed(score: Score) -> pl.Expr:
    """The list of flags that were absent and count as false."""
    flags = [item.name for item in score.inputs if item.flag]
    if not flags:
        return pl.lit([], dtype=pl.List(pl.String))
    return pl.concat_list(pl.when(pl.col(name).is_null()).then(pl.lit(name)) for name in flags).list.drop_nulls()


def derive_score(frame: pl.DataFrame, score: Score) -> pl.DataFrame:
    """Add ``outputs`` (a struct of every output of the score), ``missing`` and ``assumed``.

    Reads one column per input, in the catalog's unit (ascites as grade 0-3, encephalopathy as West
    Haven number, age in years, sex F or M); a column that is absent counts as missing. ``missing``
    lists the needs of the definition that are not met, ``assumed`` the flags that were absent and
    count as false. A missing need gives missing results, never a default. Rows keep their order.
    """
    complete = complete_inputs(frame, score)
    outputs = score.formula(**{item.name: prepare_input(item) for item in score.inputs})
    return (
        complete.with_columns(outputs=pl.struct(expression.alias(name) for name, expression in outputs.items()))
        .with_columns(missing=name_missing(score), assumed=name_assumed(score))
        .select(*frame.columns, "outputs", "missing", "assumed")
    )
