"""The panel: everything measured or derived in a study, with visits and change from baseline."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from analytics.catalog import find_parameter
from analytics.change import derive_change
from analytics.exposure import derive_doses, derive_infused_cells
from analytics.frames import MEASUREMENTS
from analytics.inputs import Context
from analytics.pairing import ScoreSettings
from analytics.scores import Score
from analytics.scoring import derive_scores, prepare_context
from analytics.visits import derive_analysis_visit

PART = 20_000  # subjects


@dataclass(frozen=True)
class StudyData:
    """The observed frames of a study, what its study file fixes for scores, and all that it says (``config``)."""

    subjects: pl.DataFrame
    measurements: pl.DataFrame
    events: pl.DataFrame
    treatments: pl.DataFrame
    medications: pl.DataFrame
    visits: pl.DataFrame
    settings: ScoreSettings
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reference_arm(self) -> str | None:
        """The arm that others are compared with, where the study file names one."""
        return self.config.get("reference_arm")

    @property
    def baseline_visit(self) -> str | None:
        """The visit that is the baseline where days are missing."""
        return self.settings.baseline_visit


def assemble_study(frames: Mapping[str, pl.DataFrame], config: Mapping[str, Any]) -> StudyData:
    """The study of its observed frames, by name, and of what its study file says."""
    tolerances = {visit["avisit"]: visit.get("tolerance") for visit in config.get("visits", [])}
    tolerance = pl.col("avisit").replace_strict(tolerances, default=None, return_dtype=pl.Int64)
    visits = frames["visits"].with_columns(tolerance=tolerance)
    return StudyData(**{**frames, "visits": visits}, settings=read_settings(config), config=config)


def read_settings(config: Mapping[str, Any]) -> ScoreSettings:
    """What the study file fixes for scores."""
    return ScoreSettings(
        config.get("coagulation_basis"),
        config.get("ascites_grade_2_points", 3),
        {code: read_limits(code, limit) for code, limit in config.get("limits", {}).items()},
        config.get("baseline_visit"),
    )


def read_limits(code: str, limit: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Lower and upper limit of normal of the study's laboratory, in the catalog's unit."""
    parameter = find_parameter(code)
    factor = parameter.factor(limit.get("unit", parameter.unit))
    low, high = (limit.get(side) for side in ("low", "high"))
    return (None if low is None else low * factor, None if high is None else high * factor)


def derive_panel(study: StudyData) -> pl.DataFrame:
    """Measurements, scores and doses in one long frame, one row a subject, parameter and day.

    Columns: those of the measurements (with ``reported``, ``reported_unit``, ``file_name``, ``line``,
    which derived rows lack), ``missing``, ``carried`` and ``carried_days`` of scores, ``avisit`` by the study's
    windows, ``analysis`` (the value that counts for its visit), ``base``, ``chg``, ``pchg``, ``post``.
    """
    scores = derive_scores(study.measurements, study.subjects, study.events, study.settings)
    doses = derive_doses(study.measurements, study.medications)
    cells = derive_infused_cells(study.treatments)
    derived = [frame.cast({"day": pl.Int32}).select(list(MEASUREMENTS)) for frame in (doses, cells)]
    everything = pl.concat([study.measurements, scores.cast({"day": pl.Int32}), *derived], how="diagonal")
    placed = derive_analysis_visit(everything, study.visits)
    return derive_change(placed, study.baseline_visit)


def derive_baselines(study: StudyData) -> pl.DataFrame:
    """The row of the panel behind every baseline: usubjid, paramcd, day, aval, avalc, base, base_day, post.

    ``study`` needs no value after day 0. Subjects are taken 20,000 at a time, so that memory stays bounded.
    """
    columns = ["usubjid", "paramcd", "day", "aval", "avalc", "base", "base_day", "post"]
    based = (pl.col("base").is_not_null(), ~pl.col("post"), pl.col("day").eq_missing(pl.col("base_day")))
    parts = []
    for ids in study.subjects.select("usubjid").iter_slices(PART):
        own = {
            name: getattr(study, name).join(ids, on="usubjid", how="semi") for name in ("measurements", "treatments")
        }
        panel = derive_panel(replace(study, **own))
        parts.append(panel.filter(*based, pl.col("aval") == pl.col("base")).select(columns))
    return pl.concat(parts) if parts else derive_panel(study).select(columns)


def prepare_study(score: Score, study: StudyData, measurements: pl.DataFrame) -> Context:
    """What a score is computed from, for the subjects whose ``measurements`` of the study these are."""
    return prepare_context(score, measurements, study.subjects, study.events, study.settings)


def list_measured(panel: pl.DataFrame) -> list[str]:
    """The parameters that have at least one value as reported, in the order in which they first come."""
    return panel.filter(pl.col("reported").is_not_null())["paramcd"].unique(maintain_order=True).to_list()


def list_changed(panel: pl.DataFrame) -> list[str]:
    """The parameters that have a change from baseline."""
    changed = panel.filter(pl.col("post"), pl.col("chg").is_not_null())
    return changed["paramcd"].unique(maintain_order=True).to_list()


def list_paired(panel: pl.DataFrame) -> list[str]:
    """The parameters that somebody has at baseline and at a later visit."""
    return list_parameters(panel.filter(pl.col("post"), pl.col("analysis"), pl.col("base").is_not_null()))


def list_limited(panel: pl.DataFrame) -> list[str]:
    """The parameters of which some value has an upper limit of normal of its own."""
    return panel.filter(pl.col("ref_high").is_not_null())["paramcd"].unique(maintain_order=True).to_list()


def list_based(panel: pl.DataFrame) -> list[str]:
    """The parameters that somebody has at baseline, in the order in which they first come."""
    return list_parameters(panel.filter(pl.col("base").is_not_null()))


def list_parameters(panel: pl.DataFrame) -> list[str]:
    """The parameters that have at least one value, in the order in which they first come."""
    return panel.filter(pl.col("aval").is_not_null())["paramcd"].unique(maintain_order=True).to_list()
