"""The cohort: which subjects of a study are looked at."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

FILTERED = ("arm", "sex", "site", "etiology")  # in the order of Cohort's fields


@dataclass(frozen=True)
class Cohort:
    """A study and its filters; an empty filter lets everybody pass."""

    study: str
    arms: tuple[str, ...] = ()
    sexes: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    etiologies: tuple[str, ...] = ()

    @classmethod
    def of(cls, study: str, filters: Mapping[str, Sequence[str]]) -> "Cohort":
        """The cohort with filters named by their columns."""
        return cls(study, *(tuple(filters.get(column, ())) for column in FILTERED))

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """The filters in force, by the column that they filter."""
        every = zip(FILTERED, (self.arms, self.sexes, self.sites, self.etiologies), strict=True)
        return {column: wanted for column, wanted in every if wanted}

    @property
    def options(self) -> str:
        """The study and the filters in force as options of the terminal."""
        chosen = [f" --{column} {shlex.quote(value)}" for column, values in self.filters.items() for value in values]
        return f"--study {shlex.quote(self.study)}{''.join(chosen)}"

    @property
    def words(self) -> str:
        """The filters in force, in words."""
        return "; ".join(f"{column} {' or '.join(wanted)}" for column, wanted in self.filters.items())


def select_cohort(subjects: pl.DataFrame, cohort: Cohort) -> pl.DataFrame:
    """The subjects that pass every filter; one whose value is missing passes only an empty filter."""
    conditions = [pl.col(column).is_in(list(wanted)).fill_null(False) for column, wanted in cohort.filters.items()]
    return subjects.filter(*conditions) if conditions else subjects


def select_subjects(rows: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """The rows of these subjects, with their ``arm``, in the order that they had."""
    return rows.join(subjects.select("usubjid", "arm"), on="usubjid", how="inner", maintain_order="left")
