"""The cohort: which subjects of a study are looked at."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from analytics.catalog import PARAMETERS
from analytics.groups import SUBJECT_GROUPS, select_baseline

CLASS, EVENT, AGE = "child_pugh", "event", "age"
CHOICES = {**SUBJECT_GROUPS, CLASS: "Child-Pugh class at baseline", EVENT: "Had event"}
INFUSION = "infusion"
NUMBER = r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
WRITTEN = re.compile(rf"(\w+):{NUMBER}:{NUMBER}")


class BadRange(ValueError):
    """A range of baseline values that is not written as parameter:low:high."""


@dataclass(frozen=True)
class Bounds:
    """A range of a baseline value, in the catalog's unit, both ends included; ``age`` is in years."""

    paramcd: str
    low: float
    high: float

    @property
    def text(self) -> str:
        """As the address and the terminal write it."""
        return f"{self.paramcd}:{self.low:g}:{self.high:g}"

    @property
    def words(self) -> str:
        """The range in words, with the catalog's unit."""
        known = PARAMETERS.get(self.paramcd)
        unit = "years" if self.paramcd == AGE else known.unit_label if known else ""
        return f"baseline {self.paramcd.replace('_', ' ')} {self.low:g} to {self.high:g} {unit}".strip()

    @classmethod
    def find(cls, text: str) -> "Bounds | None":
        """The range of a text such as albumin:2.8:3.5; None for another text, or where the first end is the larger."""
        found = WRITTEN.fullmatch(text)
        bounds = cls(found[1], float(found[2]), float(found[3])) if found else None
        return bounds if bounds and bounds.low <= bounds.high else None

    @classmethod
    def read(cls, text: str) -> "Bounds":
        """The range of a text such as albumin:2.8:3.5. Raises BadRange."""
        bounds = cls.find(text)
        if bounds is None:
            raise BadRange(f"a range is written as albumin:2.8:3.5, not {text!r}")
        return bounds


@dataclass(frozen=True)
class Cohort:
    """A study and its filters; an empty filter lets everybody pass."""

    study: str
    choices: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ranges: tuple[Bounds, ...] = ()

    @classmethod
    def of(cls, study: str, filters: Mapping[str, Sequence[str]], ranges: Sequence[Bounds] = ()) -> "Cohort":
        """The cohort with filters named as in ``CHOICES``."""
        return cls(study, tuple((name, tuple(filters[name])) for name in CHOICES if filters.get(name)), tuple(ranges))

    @classmethod
    def from_json(cls, text: str) -> "Cohort":
        """The cohort that ``to_json`` wrote."""
        content = json.loads(text)
        return cls.of(content["study"], content["choices"], [Bounds.read(item) for item in content["ranges"]])

    def to_json(self) -> str:
        """The cohort as it is saved."""
        return json.dumps(
            {"study": self.study, "choices": self.filters, "ranges": [bounds.text for bounds in self.ranges]}
        )

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """The choices in force, by name."""
        return dict(self.choices)

    @property
    def options(self) -> str:
        """The study and the filters in force as options of the terminal."""
        chosen = [
            f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, values in self.choices for value in values
        ]
        chosen += [f"--range {shlex.quote(bounds.text)}" for bounds in self.ranges]
        return " ".join([f"--study {shlex.quote(self.study)}", *chosen])

    @property
    def words(self) -> str:
        """The filters in force, in words."""
        said = {CLASS: "Child-Pugh class", EVENT: "had"}
        chosen = [f"{said.get(name, name)} {' or '.join(wanted)}".replace("_", " ") for name, wanted in self.choices]
        chosen += [bounds.words for bounds in self.ranges]
        return "; ".join(chosen)

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is in force."""
        return bool(self.choices or self.ranges)


def derive_traits(subjects: pl.DataFrame, panel: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Add ``child_pugh``, the class at baseline, and ``event``, the list of kinds of events that a subject had."""
    classes = select_baseline(panel, CLASS).select("usubjid", pl.col("base_class").alias(CLASS))
    kinds = events.group_by("usubjid").agg(pl.col("kind").unique().sort().alias(EVENT))
    return subjects.join(classes, on="usubjid", how="left", validate="m:1", maintain_order="left").join(
        kinds, on="usubjid", how="left", validate="m:1", maintain_order="left"
    )


def list_choices(traits: pl.DataFrame) -> dict[str, dict[str, int]]:
    """For every filter its options with the number of subjects; filters that part nobody are left out.

    ``traits`` are subjects after ``derive_traits``.
    """
    options: dict[str, dict[str, int]] = {}
    for name in CHOICES:
        column = traits[name].explode() if name == EVENT else traits[name]
        counted = dict(column.drop_nulls().value_counts().sort(name).rows())
        if len(counted) > 1 or (name == EVENT and counted):
            options[name] = counted
    return options


def list_extremes(subjects: pl.DataFrame, panel: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """The smallest and largest baseline of age and of every parameter that is no grade and varies between subjects."""
    based = (
        panel.filter(pl.col("base").is_not_null())
        .group_by("paramcd")
        .agg(low=pl.col("base").min(), high=pl.col("base").max())
    )
    known = {code: (low, high) for code, low, high in based.sort("paramcd").rows() if low < high}
    ages = subjects[AGE].drop_nulls()
    return ({AGE: (float(str(ages.min())), float(str(ages.max())))} if ages.n_unique() > 1 else {}) | known


def select_cohort(traits: pl.DataFrame, panel: pl.DataFrame, cohort: Cohort) -> pl.DataFrame:
    """The subjects that pass every filter; one whose value is missing passes only an empty filter.

    ``traits`` are subjects after ``derive_traits``; ``panel`` gives the baseline values of ranges, where they are
    no column of ``traits`` (``name_base``).
    """
    conditions = [
        pl.col(name).list.set_intersection(list(wanted)).list.len() > 0
        if name == EVENT
        else pl.col(name).is_in(list(wanted))
        for name, wanted in cohort.choices
    ]
    passed = traits.filter(*(condition.fill_null(False) for condition in conditions)) if conditions else traits
    for bounds in cohort.ranges:
        column = name_base(bounds.paramcd)
        if column in passed.columns:
            passed = passed.filter(pl.col(column).is_between(bounds.low, bounds.high))
        else:
            passed = keep_subjects(passed, select_within(panel, bounds))
    return passed.drop(CLASS, EVENT)


def name_base(paramcd: str) -> str:
    """The column of subjects with a baseline: that of age is the age itself; a class has the name of its score."""
    return AGE if paramcd == AGE else f"base_{paramcd}"


def select_within(panel: pl.DataFrame, bounds: Bounds) -> pl.DataFrame:
    """The rows whose baseline lies within a range."""
    return panel.filter(pl.col("paramcd") == bounds.paramcd, pl.col("base").is_between(bounds.low, bounds.high))


def select_subjects(rows: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """The rows of these subjects, with their ``arm``, in the order that they had."""
    return rows.join(subjects.select("usubjid", "arm"), on="usubjid", how="inner", maintain_order="left")


def keep_subjects(rows: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """The rows of these subjects, in the order that they had."""
    return rows.join(subjects.select("usubjid"), on="usubjid", how="semi", maintain_order="left")


def list_events(events: pl.DataFrame, treatments: pl.DataFrame) -> pl.DataFrame:
    """Events and infusions in one frame: usubjid, kind, day."""
    infusions = treatments.select("usubjid", kind=pl.lit(INFUSION), day="day")
    return pl.concat([events.select("usubjid", "kind", "day"), infusions])
