"""Classes and grades before and after: shift tables, and the flow of classes over the visits."""

from itertools import pairwise

import polars as pl

from analytics.catalog import Parameter
from analytics.groups import CLASSES, select_baseline

DEAD, TRANSPLANTED, ABSENT = "died", "transplanted", "no value"
NO_BASELINE = "no baseline"


def is_classed(parameter: Parameter) -> bool:
    """Whether a parameter has classes or grades."""
    return parameter.paramcd in CLASSES or bool(parameter.levels)


def name_class(parameter: Parameter) -> pl.Expr:
    """The class or grade of a row, in words."""
    if parameter.paramcd in CLASSES:
        return pl.col("avalc")
    return pl.col("aval").replace_strict(parameter.grades, default=None, return_dtype=pl.String)


def derive_classes(
    panel: pl.DataFrame, parameter: Parameter, subjects: pl.DataFrame, events: pl.DataFrame, visits: pl.DataFrame
) -> pl.DataFrame:
    """One row a subject and visit after baseline: ``before`` and ``after``, the class or what came instead.

    Instead of a class stand "died" or "transplanted" (by the end of the visit's window), or "no value".
    Visits are those that have a class.
    """
    own = panel.filter(pl.col("paramcd") == parameter.paramcd, pl.col("aval").is_not_null())
    later = own.filter(pl.col("analysis"), pl.col("post")).select("usubjid", "avisit", after=name_class(parameter))
    graded = select_baseline(panel, parameter.paramcd).rename({"base": "aval", "base_class": "avalc"})
    before = graded.select("usubjid", before=name_class(parameter))
    seen = set(later["avisit"])
    planned = visits.filter(pl.col("avisit").is_in(list(seen))).select("avisit", "position", "target_day", "last_day")
    grid = subjects.select("usubjid", "arm").join(planned, how="cross")
    rows = grid.join(before, on="usubjid", how="left").join(later, on=["usubjid", "avisit"], how="left")
    for kind in ("death", "transplant"):
        first = events.filter(pl.col("kind") == kind).group_by("usubjid").agg(pl.col("day").min().alias(kind))
        rows = rows.join(first, on="usubjid", how="left")
    ends = pl.coalesce("last_day", "target_day")
    instead = (
        pl.when(pl.col("death") <= ends)
        .then(pl.lit(DEAD))
        .when(pl.col("transplant") <= ends)
        .then(pl.lit(TRANSPLANTED))
    )
    whole = rows.with_columns(
        before=pl.col("before").fill_null(NO_BASELINE), after=pl.coalesce("after", instead, pl.lit(ABSENT))
    )
    return whole.sort("position", "usubjid").select("usubjid", "arm", "avisit", "position", "before", "after")


def list_classes(rows: pl.DataFrame) -> list[str]:
    """Every class in its order, what came instead last."""
    last = (DEAD, TRANSPLANTED, ABSENT, NO_BASELINE)
    names = set(rows["before"]) | set(rows["after"])
    return [*sorted(names - set(last)), *(name for name in last if name in names)]


def tabulate_shift(rows: pl.DataFrame, visit: str) -> pl.DataFrame:
    """The shift table of one visit: a row each class ``before``, a column each class after, counts."""
    here = rows.filter(pl.col("avisit") == visit)
    order = list_classes(here)
    counts = {(before, after): n for before, after, n in here.group_by("before", "after").len().rows()}
    befores = [name for name in order if name in set(here["before"])]
    afters = [name for name in order if name in set(here["after"])]
    table = [{"before": before} | {after: counts.get((before, after), 0) for after in afters} for before in befores]
    return pl.DataFrame(table, schema={"before": pl.String} | dict.fromkeys(afters, pl.Int64))


def summarize_flow(rows: pl.DataFrame, visits: list[str]) -> pl.DataFrame:
    """How many subjects go from which class to which, from baseline over these visits: step, source, target, n.

    ``step`` 0 is from baseline to the first visit.
    """
    wide = rows.filter(pl.col("avisit").is_in(visits)).pivot(on="avisit", index=["usubjid", "before"], values="after")
    stages = ["before", *(visit for visit in visits if visit in wide.columns)]
    frames = [
        wide.group_by(source=pl.col(one), target=pl.col(two)).len("n").with_columns(step=pl.lit(step))
        for step, (one, two) in enumerate(pairwise(stages))
    ]
    schema = {"source": pl.String, "target": pl.String, "n": pl.UInt32, "step": pl.Int32}
    return pl.concat(frames).sort("step", "source", "target") if frames else pl.DataFrame(schema=schema)
