"""Two cohorts as one: each cohort is an arm."""

from dataclasses import dataclass, replace

import polars as pl

from analytics.panel import StudyData

SECOND = " (second)"


@dataclass(frozen=True)
class Part:
    """One of two cohorts: its study, subjects and panel, both with the cohort's name in ``arm``."""

    study: StudyData
    subjects: pl.DataFrame
    panel: pl.DataFrame

    def rename(self) -> "Part":
        """The cohort with a mark after every identifier, so that a patient of both cohorts is two rows."""
        marked = pl.col("usubjid") + SECOND
        return replace(self, subjects=self.subjects.with_columns(marked), panel=self.panel.with_columns(marked))


def name_part(study: StudyData, subjects: pl.DataFrame, panel: pl.DataFrame, name: str) -> Part:
    """A cohort whose one arm has its name."""
    label = pl.lit(name).alias("arm")
    return Part(study, subjects.with_columns(label), panel.with_columns(label))


def pool_parts(first: Part, second: Part) -> Part:
    """Both cohorts in one; the first one's study, with the visits of both, and its name as the reference.

    A patient of both counts in both, under two names.
    """
    both = set(first.subjects["usubjid"]) & set(second.subjects["usubjid"])
    renamed = second.rename() if both else second
    visits = pl.concat([first.study.visits, second.study.visits]).unique("avisit", keep="first", maintain_order=True)
    visits = visits.with_columns(position=pl.int_range(pl.len(), dtype=pl.Int32))
    config = {**first.study.config, "reference_arm": first.subjects["arm"].first()}
    return Part(
        replace(first.study, visits=visits, config=config),
        pl.concat([first.subjects, renamed.subjects], how="diagonal_relaxed"),
        pl.concat([first.panel, renamed.panel], how="diagonal_relaxed"),
    )
