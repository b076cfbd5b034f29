"""One patient's case: the frames of this patient, and every value as a point."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from analytics.catalog import Parameter
from analytics.cohort import select_subjects
from analytics.panel import StudyData, derive_panel, list_parameters
from analytics.patient import select_patient
from analytics.places import list_places
from analytics.profile.hover import add_hover
from analytics.profile.points import derive_points
from analytics.profile.timeline import derive_timeline
from analytics.units import FACTORS, SI, convert_panel, order_parameters, scale


@dataclass(frozen=True)
class Case:
    """A patient of a study.

    ``study`` may hold rows of other patients in its events and medications; ``panel`` and ``points`` hold everything
    measured or derived of this patient, in one unit system, which also ``parameters`` are in.
    """

    subject: dict[str, Any]
    study: StudyData
    panel: pl.DataFrame
    parameters: list[Parameter]
    points: pl.DataFrame

    @property
    def usubjid(self) -> str:
        """The pseudonymous identifier."""
        return str(self.subject["usubjid"])

    @property
    def origin(self) -> str:
        """What day 0 is."""
        return str(self.study.config.get("time_zero", "day 0"))

    @property
    def events(self) -> pl.DataFrame:
        """The patient's own events."""
        return select_patient(self.study.events, self.usubjid)

    @property
    def treatments(self) -> pl.DataFrame:
        """The patient's own infusions."""
        return select_patient(self.study.treatments, self.usubjid)

    @property
    def medications(self) -> pl.DataFrame:
        """The patient's own medication."""
        return select_patient(self.study.medications, self.usubjid)

    @cached_property
    def places(self) -> dict[str, dict[str, Any]]:
        """The days and visits at which anything was measured, in time; visits without a day in the study's order."""
        order = {visit: place for place, visit in enumerate(self.study.visits["avisit"])}
        places = list_places(self.points)
        rank = {key: (place["day"] is None and place["post"], order.get(key, 0)) for key, place in places.items()}
        return {key: places[key] for key in sorted(places, key=lambda key: rank[key] if rank[key][0] else (False, 0))}

    @cached_property
    def timeline(self) -> pl.DataFrame:
        """What happened, in lanes."""
        return derive_timeline(self.study, self.panel, self.usubjid)

    @cached_property
    def days(self) -> dict[str, dict[str, Any]]:
        """The places at which anything was measured, and the days on which something happened or began, in time."""
        begun = {f"day {day}": {"day": day, "avisit": None, "post": day > 0} for day in self.timeline["start"]}
        every = begun | self.places
        rank: dict[str, tuple[int, int]] = {}
        for place, (key, row) in enumerate(every.items()):
            undated = 2 if row["post"] else 0
            rank[key] = (undated, place) if row["day"] is None else (1, row["day"])
        return {key: every[key] for key in sorted(every, key=lambda key: rank[key])}

    def select(self, codes: list[str]) -> list[Parameter]:
        """The parameters with these codes, in this order."""
        known = {item.paramcd: item for item in self.parameters}
        return [known[code] for code in codes if code in known]


def derive_case(study: StudyData, system: str) -> Case:
    """The case of the only subject of a study, its panel derived in the unit system."""
    panel = convert_panel(select_subjects(derive_panel(study), study.subjects), system)
    return make_case(study, panel, study.subjects.row(0, named=True), system)


def make_case(study: StudyData, panel: pl.DataFrame, subject: dict[str, Any], system: str) -> Case:
    """The case of a subject; ``panel`` is that of the subject, in the unit system."""
    limited = panel.filter(pl.col("reported").is_not_null())["paramcd"].unique().to_list()
    parameters = order_parameters({*list_parameters(panel), *limited}, system)
    factors = FACTORS if system == SI else {}
    limits = {code: scale(bounds, factors.get(code, 1.0)) for code, bounds in study.settings.limits.items()}
    points = add_hover(derive_points(panel, parameters, limits), parameters)
    return Case(subject, study, panel, parameters, points)
