"""What reading a file gave: accepted rows, rejected rows with their reasons, warnings."""

from dataclasses import dataclass

import polars as pl

from data.importers.text import REJECTED

# What changed, old to new: of which subject, parameter or field, day and visit, by what and why.
CHANGES = {
    "usubjid": pl.String,
    "item": pl.String,
    "day": pl.Int32,
    "avisit": pl.String,
    "before": pl.String,
    "after": pl.String,
    "cause": pl.String,
    "reason": pl.String,
    "line": pl.Int32,
}
UPDATE, FIX, CORRECTION = "update", "fix", "correction"


@dataclass(frozen=True)
class Outcome:
    """``accepted`` has the columns of the table; ``rejected`` and ``warnings`` line, column, value, reason.

    ``read`` counts the rows of the file, or its cells where a row holds several values.
    ``empty`` counts cells of measurements without text, ``not_done`` holds those that say that nothing was
    measured, ``source`` and ``refused`` where each accepted or refused measurement stands in the file.
    ``unchanged`` counts rows that the store has already, ``replaced`` holds the keys of stored rows that an
    accepted row takes the place of, ``changes`` what changes by that, old → new, and ``proposals`` the
    fixes that are offered for rejected or doubtful cells. ``bulk`` counts rows that are in the store already.
    """

    accepted: pl.DataFrame
    rejected: pl.DataFrame
    warnings: pl.DataFrame
    read: int
    unchanged: int = 0
    replaced: pl.DataFrame | None = None
    empty: int = 0
    not_done: pl.DataFrame | None = None
    source: pl.DataFrame | None = None
    refused: pl.DataFrame | None = None
    changes: pl.DataFrame | None = None
    proposals: pl.DataFrame | None = None
    bulk: int = 0

    @property
    def taken(self) -> int:
        """How many rows or cells are accepted: values, and those that say that nothing was measured."""
        return self.bulk + self.accepted.height + (0 if self.not_done is None else self.not_done.height)


def part_rows(
    rows: pl.DataFrame, reason: pl.Expr, column: pl.Expr | None = None, value: pl.Expr | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows without a reason against them, and the others as line, column, value, reason, usubjid.

    Needs ``line``, and ``column`` and ``value`` where no expression is given for them. The subject is named
    only where the study knows it (``known``). Every row is in exactly one of the two.
    """
    judged = rows.with_columns(__reason=reason.cast(pl.String))
    kept = judged.filter(pl.col("__reason").is_null()).drop("__reason")
    rejected = judged.filter(pl.col("__reason").is_not_null()).select(
        "line",
        (pl.col("column") if column is None else column).fill_null("").alias("column"),
        (pl.col("value") if value is None else value).alias("value"),
        pl.col("__reason").alias("reason"),
        usubjid=pl.when("known").then("usubjid") if {"known", "usubjid"} <= set(rows.columns) else pl.lit(None),
    )
    return kept, rejected.cast(dict(REJECTED))


def warn(rows: pl.DataFrame, reason: pl.Expr) -> pl.DataFrame:
    """The rows to which a reason applies, as line, column, value, reason."""
    return part_rows(rows, reason)[1]


def note(reason: str, column: str = "") -> pl.DataFrame:
    """A warning about the whole file, as line 0."""
    return pl.DataFrame([{"line": 0, "column": column, "value": "", "reason": reason}], schema=REJECTED)


def explain_repeats(key: list[str], said: pl.Expr) -> pl.Expr:
    """The reason for every row but the first with the same key; missing for the first.

    ``said`` is what the row says, to tell a repetition from a contradiction.
    """
    first_line, first_said = pl.col("line").first().over(key), said.first().over(key)
    return (
        pl.when(pl.int_range(pl.len()).over(key) == 0)
        .then(pl.lit(None, dtype=pl.String))
        .when(said.eq_missing(first_said))
        .then(pl.format("the row repeats line {}", first_line))
        .otherwise(pl.format("line {} already says {} for the same subject and day", first_line, first_said))
    )
