"""One definition, any number of rows: a frame of inputs gets the outputs of a score."""

import polars as pl

from analytics.scores.definition import Input, Need, Score, flatten


def input_dtype(item: Input) -> pl.DataType:
    """The type of an input's column."""
    if item.kind == "records":
        return pl.List(pl.Struct({part.name: input_dtype(part) for part in item.fields}))
    return {"number": pl.Float64(), "flag": pl.Boolean(), "word": pl.String()}[item.kind]


def complete_inputs(frame: pl.DataFrame, score: Score) -> pl.DataFrame:
    """The frame with a column for every input of the score; a column that was absent is all missing."""
    return frame.with_columns(
        pl.col(item.name).cast(input_dtype(item))
        if item.name in frame.columns
        else pl.lit(None, dtype=input_dtype(item)).alias(item.name)
        for item in score.inputs
    )


def read_column(item: Input) -> pl.Expr:
    """The input's column; what is not a number is missing, and what is absent counts as ``if_missing`` says."""
    column = pl.col(item.name)
    column = column.fill_nan(None) if item.kind == "number" else column
    return column if item.if_missing is None else column.fill_null(item.if_missing)


def convert_input(item: Input) -> pl.Expr:
    """The input in the unit of the formula."""
    column, parameter = read_column(item), item.parameter
    if item.kind != "number" or parameter is None or item.unit in ("", parameter.unit):
        return column
    return column / parameter.factor(item.unit)


def prepare_input(item: Input) -> pl.Expr:
    """The input as the formula reads it: in its unit, clamped."""
    value = convert_input(item)
    return value if item.floor is None and item.cap is None else value.clip(item.floor, item.cap)


def prepare_inputs(score: Score) -> dict[str, pl.Expr]:
    """Every input of the score as its formula reads it; of records their fields."""
    single = {item.name: prepare_input(item) for item in score.inputs if item.kind != "records"}
    parts = score.records.fields if score.records else ()
    return single | {part.name: prepare_input(part) for part in parts}


def is_known(item: Input) -> pl.Expr:
    """Whether an input is known; a flag or dose that may be absent is known only where it is true, or above 0."""
    column = pl.col(item.name)
    if item.kind == "records":
        return column.list.len().fill_null(0) > 0
    if item.if_missing is None or item.kind == "word":
        return column.fill_nan(None).is_not_null() if item.kind == "number" else column.is_not_null()
    return (column.fill_nan(None) > 0).fill_null(False) if item.kind == "number" else column.fill_null(False)


def is_met(score: Score, need: str) -> pl.Expr:
    """Whether enough is known to meet a need of the score."""
    if need in score.decided_by:
        return pl.col("outputs").struct.field(score.decided_by[need]).is_not_null()
    known = {item.name: is_known(item) for item in score.inputs}

    def suffices(alternative: Need) -> pl.Expr:
        """Whether all inputs of one alternative are known."""
        return pl.all_horizontal(known[name] for name in flatten((alternative,)))

    return pl.any_horizontal(suffices(alternative) for alternative in score.needs[need])


def find_missing(score: Score) -> dict[str, pl.Expr]:
    """Whether each need of the score is not met, in the order of its definition."""
    return {need: ~is_met(score, need) for need in score.needs}


def find_assumed(score: Score) -> dict[str, pl.Expr]:
    """Whether each input is absent that then counts as what its definition says."""
    absent = [item.name for item in score.inputs if item.if_missing is not None and item.origin != "study"]
    return {name: pl.col(name).is_null() for name in absent}


def list_names(frame: pl.DataFrame, conditions: dict[str, pl.Expr]) -> pl.Series:
    """The list of the names whose condition holds, of every row."""
    # One number a row says which conditions hold; few of these numbers differ, so few lists are made. No Python
    # function stands within an expression: Polars' threads would wait for an interpreter that may wait for them.
    bits = [holds.fill_null(False).cast(pl.Int64) * (1 << place) for place, holds in enumerate(conditions.values())]
    held = frame.select(held=pl.sum_horizontal(pl.repeat(0, pl.len(), dtype=pl.Int64), *bits))["held"]
    return name_bits(list(conditions), held)


def name_bits(names: list[str], held: pl.Series) -> pl.Series:
    """The list of names for each number, whose bits say which of them it has."""
    known = held.unique()
    listed = [[name for place, name in enumerate(names) if bits >> place & 1] for bits in known]
    lists = pl.DataFrame({"held": known, "names": pl.Series(listed, dtype=pl.List(pl.String))})
    return held.rename("held").to_frame().join(lists, on="held", how="left", maintain_order="left")["names"]


def derive_score(frame: pl.DataFrame, score: Score) -> pl.DataFrame:
    """Add ``outputs`` (a struct of every output of the score), ``missing`` and ``assumed``.

    Reads one column per input, in the catalog's unit (ascites as grade 0-3, encephalopathy as West
    Haven number, age in years, sex F or M, a list as structs); a column that is absent counts as
    missing. ``missing`` lists the needs of the definition that are not met, ``assumed`` the inputs that
    were absent and count as what the definition says. A missing need gives missing results, never a
    default. Rows keep their order.
    """
    complete = derive_outputs(complete_inputs(frame, score), score)
    missing, assumed = (list_names(complete, conditions) for conditions in (find_missing(score), find_assumed(score)))
    return complete.with_columns(missing=missing, assumed=assumed).select(
        *frame.columns, "outputs", "missing", "assumed"
    )


def derive_outputs(complete: pl.DataFrame, score: Score) -> pl.DataFrame:
    """Add ``outputs`` to rows that have a column for every input."""
    outputs = score.formula(**prepare_inputs(score))
    if score.records is None:
        return complete.with_columns(outputs=pl.struct(value.alias(name) for name, value in outputs.items()))
    name = score.records.name
    rows = complete.with_row_index("place")
    filled = pl.when(pl.col(name).list.len() > 0).then(pl.col(name))  # an empty list becomes one empty record
    parts = rows.with_columns(filled.alias(name)).explode(name).with_columns(pl.col(name).struct.unnest())
    results = parts.group_by("place", maintain_order=True).agg(**outputs)
    packed = results.select("place", outputs=pl.struct(*outputs))
    return rows.join(packed, on="place", how="left", maintain_order="left").drop("place")


def derive_terms(frame: pl.DataFrame, score: Score) -> pl.DataFrame:
    """One column a term of the score's sum, for the same rows; no column for a score without terms."""
    terms = score.terms(**prepare_inputs(score)) if score.terms else {}
    return complete_inputs(frame, score).select(value.alias(name) for name, value in terms.items())
