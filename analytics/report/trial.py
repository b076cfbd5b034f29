"""What a report rests on: a cohort of a study at a revision, and what was chosen for the report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from analytics.catalog import Parameter
from analytics.cohort import Cohort, keep_subjects, list_events, select_subjects
from analytics.documents.model import RECIPE
from analytics.panel import StudyData, derive_panel, list_changed
from analytics.patient import KEY_PARAMETERS
from analytics.profile.sheet import Origin
from analytics.safety.stopping import StoppingRule
from analytics.safety.tables import Safety
from analytics.units import CONVENTIONAL, convert_panel, order_parameters
from analytics.versions import HEPATRACE, list_versions, say_versions

MOST_PARAMETERS = 6


@dataclass(frozen=True)
class Choice:
    """What was chosen: section codes in order, comments by section, the unit system."""

    sections: tuple[str, ...]
    comments: Mapping[str, str] = field(default_factory=dict)
    units: str = CONVENTIONAL


@dataclass(frozen=True)
class Trial:
    """A cohort of a study at a revision. ``panel`` is that of the cohort in the catalog's units, with ``arm``.

    ``statements`` and ``findings`` are those of the whole study. ``everybody`` is its number of subjects. Where
    ``subjects`` are drawn of a large cohort, ``counted`` has the events of all of it.
    """

    cohort: Cohort
    study: StudyData
    subjects: pl.DataFrame
    panel: pl.DataFrame
    statements: pl.DataFrame
    findings: pl.DataFrame
    origin: Origin
    everybody: int
    rules: tuple[StoppingRule, ...] = ()
    units: str = CONVENTIONAL
    counted: Safety | None = None

    @cached_property
    def shown(self) -> pl.DataFrame:
        """The panel in the reader's units."""
        return convert_panel(self.panel, self.units)

    @cached_property
    def events(self) -> pl.DataFrame:
        """Events and infusions of the cohort."""
        return self.select(list_events(self.study.events, self.study.treatments))

    @cached_property
    def safety(self) -> Safety:
        """The frames of safety."""
        return Safety(self.study, self.panel, self.subjects)

    @property
    def day_0(self) -> str:
        """What the time axis counts from."""
        return f"{self.study.config.get('time_zero', 'day 0')} (day 0)"

    def select(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of the cohort's subjects."""
        return keep_subjects(rows, self.subjects)

    @cached_property
    def leading(self) -> list[Parameter]:
        """Up to six parameters with a change from baseline, the key ones first, in the reader's units."""
        changed = list_changed(self.panel)
        key = [code for code in KEY_PARAMETERS if code in changed][:MOST_PARAMETERS]
        known = {item.paramcd: item for item in order_parameters(key, self.units)}
        return [known[code] for code in key if code in known]

    @property
    def stamp(self) -> str:
        """As every page says it: SIMULATED, study, data cut, revision, filter, n."""
        filtered = self.cohort.words or "no filter"
        made = f"Hepatrace {HEPATRACE}, definitions {list_versions()['definitions']}"
        drawn = f", drawn at random of {self.counted.subjects.height:,}," if self.counted else ""
        return f"{self.origin.words} · {filtered} · n = {self.subjects.height}{drawn} of {self.everybody} · {made}"


def make_trial(
    cohort: Cohort, study: StudyData, subjects: pl.DataFrame, panel: pl.DataFrame | None = None, **more: Any
) -> Trial:
    """The trial of the cohort's subjects (with ``arm`` filled); the panel is derived where none is given."""
    own = panel if panel is not None else select_subjects(derive_panel(study), subjects)
    more.setdefault("everybody", study.subjects.height)
    return Trial(cohort, study, subjects, own, **more)


def write_recipe(trial: Trial, choice: Choice) -> dict[str, Any]:
    """What makes the same report again: study, revision, filters, sections, comments, units; and the versions."""
    return {
        RECIPE: 1,
        "cohort": json.loads(trial.cohort.to_json()),
        "revision": trial.origin.revision,
        "sections": list(choice.sections),
        "comments": dict(choice.comments),
        "units": choice.units,
        "versions": say_versions(),
    }
