"""The tables of safety as page and terminal both make them: open by arm, or blinded with the arms pooled."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from analytics.cohort import keep_subjects
from analytics.panel import StudyData
from analytics.safety.adverse import derive_adverse, order_lanes, summarize_counts, summarize_terms
from analytics.safety.edish import BASELINE, ENZYMES, ULN, derive_points, derive_records, summarize_quadrants
from analytics.safety.grades import BY_BASELINE, derive_grades, derive_worst, summarize_worst, tabulate_shift
from analytics.safety.liver_course import derive_liver_course
from analytics.safety.stages import STAGED, derive_tumor_watch, derive_worst_stage, summarize_stages
from analytics.safety.stopping import StoppingRule, tabulate_stopping

POOLED = "all arms"


@dataclass(frozen=True)
class Safety:
    """What all tables rest on: the study, the panel of the cohort (catalog's units, with ``arm``) and its subjects."""

    study: StudyData
    panel: pl.DataFrame
    subjects: pl.DataFrame

    @cached_property
    def adverse(self) -> pl.DataFrame:
        """The adverse events of the cohort."""
        return derive_adverse(keep_subjects(self.study.events, self.subjects))

    @cached_property
    def worst(self) -> pl.DataFrame:
        """The worst grade of every analyte and patient, in both readings."""
        return derive_worst(derive_grades(self.panel, self.study))

    @cached_property
    def records(self) -> pl.DataFrame:
        """The serial liver tests."""
        return derive_records(self.panel, self.study)

    @property
    def arms(self) -> list[str]:
        """The arms in view."""
        return self.subjects["arm"].unique().sort().to_list()

    @cached_property
    def lanes(self) -> pl.DataFrame:
        """The patients, those with the gravest and the most events first."""
        return order_lanes(self.subjects, self.table("events"))

    def table(self, name: str, choice: "Choice | None" = None) -> pl.DataFrame:
        """One of ``TABLES``."""
        return TABLES[name](self, choice or Choice())

    def blind(self) -> "Safety":
        """The same with all arms as one."""
        pooled = pl.lit(POOLED).alias("arm")
        return replace(self, panel=self.panel.with_columns(pooled), subjects=self.subjects.with_columns(pooled))


@dataclass(frozen=True)
class Choice:
    """What a table is asked for: analyte and reading of grades, norm, enzyme and window of eDISH, the stage."""

    analyte: str = "bilirubin"
    reading: str = BY_BASELINE
    norm: str = BASELINE
    enzyme: str = ENZYMES[0]
    window: int | None = None
    stage: str = next(iter(STAGED))
    rules: tuple[StoppingRule, ...] = ()


TABLES: dict[str, Callable[[Safety, Choice], pl.DataFrame]] = {
    "counts": lambda data, _: summarize_counts(data.adverse, data.subjects),
    "terms": lambda data, _: summarize_terms(data.adverse, data.subjects),
    "events": lambda data, _: list_events(data),
    "grades": lambda data, _: summarize_worst(data.worst),
    "shift": lambda data, choice: tabulate_shift(data.worst, choice.analyte, choice.reading),
    "edish": lambda data, choice: derive_points(data.records, choice.norm, choice.enzyme, choice.window),
    "quadrants": lambda data, choice: summarize_quadrants(
        derive_points(data.records, choice.norm, choice.enzyme, choice.window)
    ),
    "stages": lambda data, choice: summarize_stages(data.panel, choice.stage, data.study.visits),
    "worst-stages": lambda data, choice: derive_worst_stage(data.panel, choice.stage),
    "tumor": lambda data, _: derive_tumor_watch(data.panel, data.study),
    "course": lambda data, _: derive_liver_course(data.panel, data.study, data.subjects),
    "rules": lambda data, choice: tabulate_stopping(list(choice.rules), data.study, data.panel, data.subjects),
}
NORMS = (ULN, BASELINE)


def list_events(data: Safety) -> pl.DataFrame:
    """The adverse events of the cohort, a row each: usubjid, arm, day, term, kind, grade, serious, related, text."""
    arms = data.subjects.select("usubjid", "arm")
    joined = data.adverse.join(arms, on="usubjid", maintain_order="left")
    return joined.select("usubjid", "arm", "day", "term", "kind", "grade", "serious", "related", "text")
