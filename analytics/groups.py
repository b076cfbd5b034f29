"""Groups known at baseline: by arm, sex, site, etiology, or a baseline value."""

import polars as pl

from analytics.catalog import Parameter

SUBJECT_GROUPS = {"arm": "Arm", "sex": "Sex", "site": "Site", "etiology": "Etiology"}
ALL = "all"  # everybody as one group
UNCODED = (*SUBJECT_GROUPS, "age", ALL)  # groups that rest on no parameter
CLASSES = {"child_pugh": "Child-Pugh class", "albi": "Modified ALBI grade"}


def list_varied(subjects: pl.DataFrame) -> list[str]:
    """The columns of the subjects in which those whose value is known differ."""
    return [code for code in SUBJECT_GROUPS if subjects[code].drop_nulls().n_unique() > 1]


def list_groups(rows: pl.DataFrame) -> list[str]:
    """The names of the groups that rows have, in order."""
    return rows["group"].drop_nulls().unique().sort().to_list()


def derive_group(
    subjects: pl.DataFrame, panel: pl.DataFrame, variable: str, parameter: Parameter | None = None
) -> pl.DataFrame:
    """Add ``group``, the subject's group by a variable that is known at baseline.

    ``variable`` is a column of the subjects, ``age``, the code of ``parameter``, or ``all`` for one group.
    Numbers are parted at their median: the lower group holds it. Scores with classes are grouped by their
    class at baseline, grades by grade. Missing where the variable is not known for the subject.
    """
    if variable == ALL:
        return subjects.with_columns(group=pl.lit(ALL))
    if variable in SUBJECT_GROUPS:
        return subjects.with_columns(group=pl.col(variable))
    if variable == "age":
        return part_at_median(subjects.with_columns(base=pl.col("age")), "Age", 0)
    if parameter is None:
        raise ValueError(f"{variable!r} is no column of the subjects: its parameter is needed")
    based = subjects.join(
        select_baseline(panel, variable), on="usubjid", how="left", validate="m:1", maintain_order="left"
    )
    if variable in CLASSES:
        return based.with_columns(group=pl.col("base_class")).drop("base", "base_class")
    if parameter.levels:
        return based.with_columns(
            group=pl.col("base").replace_strict(parameter.grades, default=None, return_dtype=pl.String)
        ).drop("base", "base_class")
    return part_at_median(based, parameter.name, parameter.decimals).drop("base_class")


def label_group(variable: str, group: str, parameter: Parameter | None = None) -> str:
    """A group's name for a legend: classes and grades need what they are a class of."""
    if variable in CLASSES:
        return f"{CLASSES[variable]} {group}"
    return f"{parameter.name} {group}" if parameter and parameter.levels else group


def select_baseline(panel: pl.DataFrame, paramcd: str) -> pl.DataFrame:
    """``base`` and ``base_class`` of one parameter, one row a subject that has a baseline."""
    own = panel.filter(pl.col("paramcd") == paramcd, pl.col("base").is_not_null())
    at_base = own.filter(
        pl.col("day").eq_missing(pl.col("base_day")), ~pl.col("post"), pl.col("aval") == pl.col("base")
    )
    return at_base.unique("usubjid", keep="first", maintain_order=True).select("usubjid", "base", base_class="avalc")


def part_at_median(subjects: pl.DataFrame, label: str, decimals: int) -> pl.DataFrame:
    """``group`` by the median of ``base``, which is dropped."""
    middle = subjects["base"].median()
    if not isinstance(middle, int | float):
        return subjects.with_columns(group=pl.lit(None, dtype=pl.String)).drop("base")
    low, high = f"{label} ≤ {middle:.{decimals}f}", f"{label} > {middle:.{decimals}f}"
    return subjects.with_columns(
        group=pl.when(pl.col("base") <= middle).then(pl.lit(low)).when(pl.col("base") > middle).then(pl.lit(high))
    ).drop("base")
