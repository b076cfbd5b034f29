"""The points of one patient's strips: each value with its limits of normal, its standing against them, its grade."""

from collections.abc import Mapping

import polars as pl

from analytics.catalog import PARAMETERS, Parameter
from analytics.catalog.constants import ABOVE, BELOW, UNJUDGED, WITHIN
from analytics.catalog.parameter import Range

LIMIT = r"^\s*([<>≤≥])=?\s*([\d.,]+)\s*$"
REPORTED, LABORATORY, CATALOG = "reported with the value", "the study's laboratory", "the catalog"
GRADE = "ctcae5_"
PLACE = ["day", "avisit"]


def derive_points(panel: pl.DataFrame, parameters: list[Parameter], limits: Mapping[str, Range]) -> pl.DataFrame:
    """The values of these parameters with ``low``, ``high``, ``range_source``, ``standing``, ``grade``, ``limit``.

    ``panel`` is that of one patient; ``limits`` are those of the study's laboratory in the unit of
    ``aval``. The range is the one reported with the value, else the laboratory's, else the catalog's;
    ``standing`` is where the value lies against it (``below``, ``within``, ``above``; empty without a range and for
    grades). ``grade`` is the CTCAE grade of that day, ``limit`` the number of a value known only as "<3"
    (``side`` is its sign), in the unit of ``aval``; such a value has no ``aval``. Rows without either are left out.
    """
    codes = [item.paramcd for item in parameters]
    own = panel.filter(pl.col("paramcd").is_in(codes))
    ranged = own.join(tabulate_ranges(parameters, limits), on="paramcd", how="left", maintain_order="left")
    reported = pl.col("ref_low").is_not_null() | pl.col("ref_high").is_not_null()
    low, high = (pl.when(reported).then(f"ref_{side}").otherwise(f"other_{side}") for side in ("low", "high"))
    source = pl.when(reported).then(pl.lit(REPORTED)).otherwise("other_source")
    placed = ranged.with_columns(low=low, high=high, range_source=source).drop(
        "other_low", "other_high", "other_source"
    )
    judged = add_limits(placed.with_columns(standing=judge()), parameters)
    return add_grades(judged, panel).filter(pl.col("aval").is_not_null() | pl.col("limit").is_not_null())


def tabulate_ranges(parameters: list[Parameter], limits: Mapping[str, Range]) -> pl.DataFrame:
    """The limits of normal that hold where a value comes without its own; none for grades."""
    rows = []
    for item in parameters:
        own = limits.get(item.paramcd)
        low, high = own or item.reference
        known = not item.levels and (low is not None or high is not None)
        source = (LABORATORY if own else CATALOG) if known else None
        rows.append((item.paramcd, *((low, high) if known else (None, None)), source))
    schema = {"paramcd": pl.String, "other_low": pl.Float64, "other_high": pl.Float64, "other_source": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def judge() -> pl.Expr:
    """Where a value lies against its limits; a value on a limit is within."""
    known = pl.col("aval").is_not_null() & (pl.col("low").is_not_null() | pl.col("high").is_not_null())
    below = (pl.col("aval") < pl.col("low")).fill_null(False)
    above = (pl.col("aval") > pl.col("high")).fill_null(False)
    return (
        pl.when(known & below).then(pl.lit(BELOW))
        .when(known & above).then(pl.lit(ABOVE))
        .when(known).then(pl.lit(WITHIN))
        .otherwise(pl.lit(UNJUDGED))
    )  # fmt: skip


def add_limits(points: pl.DataFrame, parameters: list[Parameter]) -> pl.DataFrame:
    """Add ``limit`` and ``side`` of a value reported as "<3", in the unit of ``aval``."""
    text = pl.when(pl.col("aval").is_null()).then("reported")
    number = text.str.extract(LIMIT, 2).str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    read = points.with_columns(limit=number, side=text.str.extract(LIMIT, 1))
    units = {item.paramcd: item.unit for item in parameters}
    pairs = read.filter(pl.col("limit").is_not_null()).select("paramcd", "reported_unit").unique().rows()
    rows = [
        (code, unit, PARAMETERS[code].factor(unit or "") / PARAMETERS[code].factor(units[code])) for code, unit in pairs
    ]
    factors = pl.DataFrame(rows, {"paramcd": pl.String, "reported_unit": pl.String, "factor": pl.Float64}, orient="row")
    joined = read.join(factors, on=["paramcd", "reported_unit"], how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(limit=pl.col("limit") * pl.col("factor")).drop("factor")


def add_grades(points: pl.DataFrame, panel: pl.DataFrame) -> pl.DataFrame:
    """Add ``grade``, the CTCAE grade of the same day; missing where there is none."""
    grades = panel.filter(pl.col("paramcd").str.starts_with(GRADE), pl.col("aval").is_not_null()).select(
        *PLACE, paramcd=pl.col("paramcd").str.strip_prefix(GRADE), grade=pl.col("aval").cast(pl.Int64)
    )
    return points.join(
        grades, on=["paramcd", *PLACE], how="left", nulls_equal=True, validate="m:1", maintain_order="left"
    )
