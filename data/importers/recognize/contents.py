"""What the cells of a column look like: numbers, dates, few words, and the units in which they are possible."""

from dataclasses import dataclass

import polars as pl

from analytics.catalog import Parameter
from data.importers.fields import (
    TWO_WAYS,
    find_decimal_mark,
    is_no_value,
    is_not_done,
    parse_date,
    parse_number,
)

LIMIT = r"^\s*[<>≤≥]=?\s*"
MOST_CODES = 12
ENOUGH = 0.9  # of the filled cells
POSSIBLE = 0.98
FEW = 5


@dataclass(frozen=True)
class Contents:
    """A column: its filled cells, as numbers and dates where they are such, and its different words.

    ``undone`` counts cells that say that nothing was measured; they are not among the filled ones.
    """

    filled: int
    numbers: pl.Series
    dates: int
    words: tuple[str, ...]
    two_ways: int
    undone: int = 0

    @property
    def is_numeric(self) -> bool:
        """Whether most cells are numbers."""
        return self.filled > 0 and self.numbers.len() >= ENOUGH * self.filled

    @property
    def is_whole(self) -> bool:
        """Whether all cells are whole numbers."""
        return self.is_numeric and bool((self.numbers == self.numbers.round(0)).all())

    @property
    def is_date(self) -> bool:
        """Whether most cells are dates."""
        return self.filled > 0 and self.dates + self.two_ways >= ENOUGH * self.filled and not self.is_numeric

    @property
    def is_coded(self) -> bool:
        """Whether the column holds few different words or codes."""
        return 0 < len(self.words) <= MOST_CODES

    @property
    def examples(self) -> str:
        """The first different cells, for the eye."""
        return ", ".join(word[:24] for word in self.words[:4]) + (" …" if len(self.words) > 4 else "")


def look_at(cells: pl.Series) -> Contents:
    """What a column of text looks like."""
    text = cells.rename("text").to_frame().filter(~is_no_value(pl.col("text")) & ~is_not_done(pl.col("text")))["text"]
    bare = text.str.replace(LIMIT, "").str.replace(r"\s*%$", "")
    mark = find_decimal_mark(bare)
    frame = pl.DataFrame({"text": text, "bare": bare}).with_columns(
        number=parse_number(pl.col("bare"), mark),
        date=parse_date(pl.col("text")),
        two_ways=pl.col("text").str.contains(TWO_WAYS),
    )
    both = frame.filter(pl.col("two_ways") & pl.col("date").is_null()).height
    words = text.unique(maintain_order=True).head(MOST_CODES + 1)
    undone = int(cells.rename("text").to_frame().select(is_not_done(pl.col("text")).sum()).item() or 0)
    numbers = frame["number"].drop_nulls()
    return Contents(text.len(), numbers, frame["date"].count(), tuple(words.to_list()), both, undone)


def find_units(parameter: Parameter, numbers: pl.Series) -> list[str]:
    """The units in which the numbers of a column are possible, the one in which they are most usual first.

    Units with one factor (U/L, IU/L) count as one.
    """
    if numbers.is_empty():
        return []
    by_factor: dict[float, str] = {}
    for unit in parameter.units:
        by_factor.setdefault(parameter.factor(unit), unit)
    fits = {unit: measure_fit(parameter, numbers * factor) for factor, unit in by_factor.items()}
    # One number in five or more may be a slip; a unit is possible where the others are.
    least = min(POSSIBLE, 1 - 1 / numbers.len()) if numbers.len() >= FEW else POSSIBLE
    possible = [unit for unit, (hard, _, _) in fits.items() if hard >= least]
    return sorted(possible, key=lambda unit: fits[unit][1:], reverse=True)


def measure_fit(parameter: Parameter, numbers: pl.Series) -> tuple[float, float, float]:
    """Shares of numbers that are possible, plausible, and within three times the limits of normal."""
    low, high = parameter.reference
    near = (low / 3 if low else None, high * 3 if high else None)
    return share(numbers, parameter.hard), share(numbers, parameter.soft), share(numbers, near)


def share(numbers: pl.Series, bounds: tuple[float | None, float | None]) -> float:
    """The share of numbers within bounds, a missing bound holding nothing back."""
    low, high = bounds
    above = numbers >= (float("-inf") if low is None else low)
    within = above & (numbers <= (float("inf") if high is None else high))
    return float(within.mean() or 0.0)  # ty: ignore[invalid-argument-type]


def is_settled(parameter: Parameter, numbers: pl.Series, units: list[str]) -> bool:
    """Whether the numbers leave one unit only: the others are impossible, or hardly plausible."""
    if len(units) == 1:
        return True
    first, second = (measure_fit(parameter, numbers * parameter.factor(unit)) for unit in units[:2])
    return first[1] >= 0.95 and second[1] <= 0.6


def fits_levels(parameter: Parameter, contents: Contents) -> bool:
    """Whether every word of a column is a grade of the parameter."""
    if not parameter.levels:
        return True
    grades = {float(grade) for grade in parameter.levels}
    own = all(
        parameter.level(word) is not None or (is_float(word) and float(word) in grades) for word in contents.words
    )
    return own and len(contents.words) <= MOST_CODES


def is_float(text: str) -> bool:
    """Whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
