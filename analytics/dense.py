"""Values of many subjects on a grid of subject and analysis visit: scores, changes and means without a join.

Subjects are numbered in the order of their identifiers and visits in the study's order, so a value's place is
its number. What the grid cannot hold as the rules want it (several values in a window, inputs of one visit on
several days, a value outside every window that may be carried into one) marks its subject as ``odd``:
such subjects are left to ``derive_scores``, and tests equate both.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl

from analytics.change import BASELINE_DAYS, add_interval
from analytics.inputs import CHOLESTATIC
from analytics.pairing import ScoreSettings
from analytics.scores.definition import Input, Score
from analytics.scores.evaluate import complete_inputs, prepare_inputs
from analytics.statistics.interval import Array, Index, Mask
from analytics.visits import place_days

NEVER = -32_768  # a day that stands for none
BLOCK, THREADS = 20_000, 2  # subjects that are scored at once, and how many such parts
SUMMARY: dict[str, type[pl.DataType]] = {"arm": pl.String, "avisit": pl.String, "n": pl.UInt32} | dict.fromkeys(
    ("mean", "sd", "median", "q1", "q3", "smallest", "largest", "p5", "p95"), pl.Float64
)
Facts = Mapping[str, pl.Series | object]  # of the subject a value each, of the study one for all
SUPPORTED = ("parameter", "subject", "event", "study")


@dataclass(frozen=True)
class Series:
    """Every dated value of one parameter that is not missing, by subject (its number) and day."""

    subject: Index
    day: Index
    aval: Array


@dataclass(frozen=True)
class Grid:
    """One parameter: ``value`` (NaN where missing) and ``day`` by subject and visit, and the ``odd`` subjects."""

    value: Array
    day: Index
    odd: Mask

    def take(self, part: slice) -> "Grid":
        """Some subjects."""
        return Grid(self.value[part], self.day[part], self.odd[part])

    def to_frame(self) -> pl.DataFrame:
        """A row a subject and visit, in their order: value, day; NaN and ``NEVER`` stay as they are."""
        return pl.DataFrame({"value": self.value.ravel(), "day": self.day.ravel()})

    @classmethod
    def read(cls, cells: pl.DataFrame, odd: pl.Series) -> "Grid":
        """The grid of such rows, and of whether each subject is odd."""
        value, day = cells["value"].to_numpy(), cells["day"].to_numpy()
        return cls(value.reshape(odd.len(), -1), day.reshape(odd.len(), -1), odd.to_numpy())


@dataclass(frozen=True)
class Visits:
    """The windows of a study: the number of the visit of each day from ``first`` on (-1: none), targets, names."""

    first: int
    numbers: Index
    targets: Index
    names: tuple[str, ...]

    @classmethod
    def read(cls, visits: pl.DataFrame) -> "Visits":
        """The visits that have a window, in the study's order."""
        known = visits.sort("position").drop_nulls(["first_day", "last_day"])
        names = known["avisit"].to_list()
        first = int(str(known["first_day"].min())) if names else 0
        last = int(str(known["last_day"].max())) if names else -1
        days = pl.Series("day", range(first, last + 1), dtype=pl.Int32)
        numbers = place_days(days, visits).replace_strict(names, range(len(names)), default=-1, return_dtype=pl.Int16)
        targets = known["target_day"].fill_null(0).to_numpy()
        return cls(first, numbers.fill_null(-1).to_numpy(), targets, tuple(names))

    def place(self, day: Index) -> Index:
        """The number of the visit of each day; -1 outside every window."""
        if not len(self.numbers):
            return np.full(len(day), -1)
        # One place before and one behind the windows stands for all other days.
        padded = np.concatenate([[-1], self.numbers, [-1]])
        return padded[np.clip(day - (self.first - 1), 0, len(padded) - 1)]


def fill_grid(series: Series, visits: Visits, subjects: int) -> Grid:
    """The value that counts at each visit: of several in a window the closest to the target, then the earlier.

    Source: design, "Analysis visit".
    """
    width, visit = len(visits.names), visits.place(series.day)
    value, day = np.full(subjects * width, np.nan), np.full(subjects * width, NEVER, dtype=np.int16)
    odd = np.zeros(subjects, dtype=bool)
    kept = np.flatnonzero(visit >= 0)
    if len(kept) < len(visit):
        odd[series.subject[visit < 0]] = True
        series, visit = Series(series.subject[kept], series.day[kept], series.aval[kept]), visit[kept]
    cell, days, values = series.subject.astype(np.int64) * width + visit, series.day, series.aval
    again = np.append(False, np.diff(cell) == 0)
    if again.any():
        odd[cell[again] // width] = True
        # The one that counts is written last.
        order = np.lexsort((-days, -np.abs(days - visits.targets[visit]), cell))
        cell, days, values = cell[order], days[order], values[order]
    value[cell], day[cell] = values, days
    return Grid(value.reshape(subjects, width), day.reshape(subjects, width), odd)


@dataclass(frozen=True)
class Bases:
    """The baseline of every subject, NaN without one, and its day."""

    value: Array
    day: Index

    def to_frame(self, odd: Mask) -> pl.DataFrame:
        """A row a subject: base, base_day, odd."""
        return pl.DataFrame({"base": self.value, "base_day": self.day, "odd": odd})

    @classmethod
    def read(cls, rows: pl.DataFrame) -> "Bases":
        """The baselines of such rows."""
        return cls(rows["base"].to_numpy(), rows["base_day"].to_numpy())


def find_bases(series: Series, subjects: int) -> Bases:
    """The last value with day <= 0, within 90 days. Source: design, "Baseline"."""
    value, day = np.full(subjects, np.nan), np.full(subjects, NEVER, dtype=np.int16)
    early = (series.day <= 0) & (series.day >= -BASELINE_DAYS)
    own = series.subject[early]
    value[own], day[own] = series.aval[early], series.day[early]  # by day: the last one stays
    return Bases(value, day)


def find_grid_bases(grid: Grid) -> Bases:
    """The same of a grid that has no odd subject: the last known cell of these days."""
    known = (grid.day <= 0) & (grid.day >= -BASELINE_DAYS) & ~np.isnan(grid.value)
    last = known.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    row, found = np.arange(len(last)), known.any(axis=1)
    day = np.where(found, grid.day[row, last], NEVER).astype(np.int16)
    return Bases(np.where(found, grid.value[row, last], np.nan), day)


def measure_grid(grid: Grid, bases: Bases, column: str) -> Array:
    """What a figure shows of a grid: ``aval``, ``chg`` or ``pchg``, as ``place_courses`` does: from baseline on."""
    if column == "aval":
        return grid.value
    base = bases.value[:, None]
    change = grid.value - base
    change[(grid.day <= 0) & (grid.day != bases.day[:, None])] = np.nan
    if column == "chg":
        return change
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(base != 0, 100 * change / np.abs(base), np.nan)


def summarize_grid(values: Array, groups: Mapping[str, Index], visits: tuple[str, ...]) -> pl.DataFrame:
    """The columns of ``summarize_values`` by ``arm`` (the group's name) and ``avisit``.

    Visits without a value are left out. ``groups`` are the numbers of the subjects of every group.
    """
    rows = []
    for name, places in groups.items():
        own = values[places]
        for visit, label in enumerate(visits):
            known = own[:, visit][~np.isnan(own[:, visit])]
            if len(known):
                rows.append((name, label, len(known), *describe(known)))
    return add_interval(pl.DataFrame(rows, schema=SUMMARY, orient="row"))


def describe(known: Array) -> tuple[float | None, ...]:
    """Mean, standard deviation (missing of one), median, quartiles, ends, 5 and 95 % of values."""
    q1, median, q3, p5, p95 = map(float, np.quantile(known, (0.25, 0.5, 0.75, 0.05, 0.95)))
    spread = float(known.std(ddof=1)) if len(known) > 1 else None
    return float(known.mean()), spread, median, q1, q3, float(known.min()), float(known.max()), p5, p95


def list_later(grid: Grid, ids: pl.Series) -> pl.DataFrame:
    """The values of a grid after day 0 as rows: usubjid, day, aval."""
    rows, visits = np.nonzero((grid.day > 0) & ~np.isnan(grid.value))
    found = {"day": grid.day[rows, visits].astype(np.int32), "aval": grid.value[rows, visits]}
    return pl.DataFrame({"usubjid": ids.gather(rows), **found})


def derive_grid_score(score: Score, grids: Mapping[str, Grid], subjects: pl.DataFrame, settings: ScoreSettings) -> Grid:
    """A score at every visit at which one of its inputs was measured, inputs carried as far as allowed.

    ``grids`` by parameter; a parameter that is not there is missing. ``subjects`` are in the order of their
    numbers. Raises ValueError for a score that needs other scores, limits or events on this grid.
    """
    if any(item.origin not in SUPPORTED or item.moment != "visit" for item in score.inputs):
        raise ValueError(f"{score.id} cannot be computed on a grid")
    own = {item.name: grids[item.code] for item in score.inputs if item.origin == "parameter" and item.code in grids}
    shape = next(iter(own.values())).value.shape
    facts = read_facts(score, subjects, settings)
    whole = Grid(np.full(shape, np.nan), np.full(shape, NEVER, dtype=np.int16), np.zeros(shape[0], dtype=bool))

    def work(begin: int) -> None:
        """Some subjects: few enough for the processor's cache."""
        part = slice(begin, begin + BLOCK)
        found = score_block(score, {name: grid.take(part) for name, grid in own.items()}, facts, begin)
        whole.value[part], whole.day[part], whole.odd[part] = found.value, found.day, found.odd

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(0, shape[0], BLOCK)))
    return whole


def score_block(score: Score, own: Mapping[str, Grid], facts: Facts, begin: int) -> Grid:
    """The score of some subjects, the first of whom has the number ``begin``."""
    measured = np.stack([grid.day for grid in own.values()])
    latest = measured.max(axis=0)
    there = latest != NEVER
    # A day that is not there stands for none: only days before the latest make a place of several days.
    odd = (there & ((measured != latest) & (measured != NEVER)).any(axis=0)).any(axis=1)
    for grid in own.values():
        odd |= grid.odd
    ages = {item.name: item.max_age for item in score.inputs}
    carried = {name: carry(grid, latest, ages[name])[there] for name, grid in own.items()}
    value = np.full(latest.shape, np.nan)
    value[there] = evaluate(score, carried, np.nonzero(there)[0] + begin, facts)
    return Grid(value, latest, odd)


def carry(grid: Grid, now: Index, most: int) -> Array:
    """The value in use at every cell: measured there, or at an earlier visit at most so many days before."""
    value, day = grid.value.copy(), grid.day.astype(np.int32)
    for visit in range(1, value.shape[1]):
        gap = np.flatnonzero(day[:, visit] == NEVER)
        value[gap, visit], day[gap, visit] = value[gap, visit - 1], day[gap, visit - 1]
    value[now - day > most] = np.nan
    return value


def read_facts(score: Score, subjects: pl.DataFrame, settings: ScoreSettings) -> Facts:
    """What a score needs of the subject (a value each) and of the study (one for all)."""
    return {item.name: read_fact(item, subjects, settings) for item in score.inputs if item.origin != "parameter"}


def read_fact(item: Input, subjects: pl.DataFrame, settings: ScoreSettings) -> pl.Series | object:
    """One input that is no measurement."""
    if item.origin == "study":
        return getattr(settings, item.name)
    if item.origin == "event":  # subjects with such events are not left to the grid
        return None
    if item.name == "cholestatic":
        return subjects["etiology"].str.to_lowercase().is_in(CHOLESTATIC)
    return subjects[item.name]


def evaluate(score: Score, inputs: Mapping[str, Array], row: Index, facts: Facts) -> Array:
    """The value of the score in every cell by the formula of its definition; ``row`` is the subject of a cell."""
    known = {name: fact.gather(row) for name, fact in facts.items() if isinstance(fact, pl.Series)}
    single = [pl.lit(fact).alias(name) for name, fact in facts.items() if not isinstance(fact, pl.Series)]
    frame = complete_inputs(pl.DataFrame({**inputs, **known}).with_columns(single), score)
    formula = score.formula(**prepare_inputs(score))[score.value].cast(pl.Float64)
    return frame.select(value=formula).to_series().fill_null(float("nan")).to_numpy()


def place_series(rows: pl.DataFrame, numbers: pl.Series) -> Series:
    """One parameter as arrays, from rows with ``subject`` (a number), ``day`` and ``aval``.

    ``numbers`` are those of the subjects in their order: the place of a number there is the subject's.
    """
    known = numbers.to_numpy()
    places = np.zeros(1 + known.max(initial=0), dtype=np.int32)
    places[known] = np.arange(len(known), dtype=np.int32)
    subject = places[rows["subject"].to_numpy()]
    day, aval = rows["day"].to_numpy(), rows["aval"].to_numpy()
    further, same = subject[1:] > subject[:-1], subject[1:] == subject[:-1]
    if not (further | same & (day[1:] > day[:-1])).all():
        order = np.lexsort((day, subject))
        subject, day, aval = subject[order], day[order], aval[order]
    return Series(subject, day, aval)
