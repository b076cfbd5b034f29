"""What a score is made of at every day of one patient: points of its components, or the terms of its sum."""

import polars as pl

from analytics.inputs import Context, derive_inputs
from analytics.scores import Score
from analytics.scores.evaluate import complete_inputs, derive_score, derive_terms
from analytics.scoring import short_name

COLUMNS: dict[str, type[pl.DataType]] = {"day": pl.Int32, "avisit": pl.String, "part": pl.String, "value": pl.Float64}


def derive_components(score: Score, context: Context) -> pl.DataFrame:
    """One row a day and component: day, avisit (of undated visits), part, value.

    ``context`` holds one patient. A score without components or terms, and a day on which one is
    missing, has no row of it.
    """
    rows = derive_inputs(score, context)
    complete = complete_inputs(rows, score)
    wide = derive_terms(complete, score) if score.terms else derive_points(score, complete)
    if not wide.columns or rows.is_empty():
        return pl.DataFrame(schema=COLUMNS)
    joined = rows.select("day", "avisit").hstack(wide.cast(pl.Float64))
    long = joined.unpivot(index=["day", "avisit"], variable_name="part", value_name="value")
    return long.filter(pl.col("value").is_not_null()).select(pl.col(name).cast(kind) for name, kind in COLUMNS.items())


def derive_points(score: Score, complete: pl.DataFrame) -> pl.DataFrame:
    """A column a component with its points."""
    names = [item.name for item in score.inputs]
    outputs = derive_score(complete.select(names), score)["outputs"].struct
    return pl.DataFrame(
        {short_name(score, item.of): outputs.field(item.name) for item in score.outputs if item.of and not item.words}
    )
