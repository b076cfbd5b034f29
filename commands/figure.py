"""The numbers behind one figure in the terminal, as its passport names them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click
import polars as pl

from analytics.association import correlate_changes, derive_quadrant, pair_changes, pair_dose
from analytics.catalog import Parameter
from analytics.cohort import Cohort, list_events, select_subjects
from analytics.courses import MEASURES, MULTIPLE, Measure, derive_multiple
from analytics.figure_tables import (
    label_groups,
    select_points,
    summarize_several,
    tabulate_follow_up,
    tabulate_several,
    tabulate_trajectories,
)
from analytics.forecast import Forecast, fit_forecast, forecast_patient
from analytics.groups import UNCODED
from analytics.panel import StudyData, derive_panel
from analytics.pooling import Part, name_part, pool_parts
from analytics.rules import LAST
from analytics.schedule import derive_assessments
from analytics.scores import find_any_parameter
from analytics.shift import derive_classes, summarize_flow
from analytics.summary import name_missing_arms, summarize_completeness
from analytics.units import convert_panel, convert_parameter, find_factor
from commands.patients import read_case
from commands.shared import (
    as_json,
    filter_options,
    open_current,
    read_filters,
    read_whole,
    select_members,
    show,
    study_option,
    told,
    units_option,
)


@dataclass(frozen=True)
class Asked:
    """A cohort as its figures see it, and the options that were given. ``panel`` is in ``units``, with ``arm``."""

    study: StudyData
    subjects: pl.DataFrame
    panel: pl.DataFrame
    units: str
    options: dict[str, Any]

    def select(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of the cohort's subjects."""
        return rows.join(self.subjects.select("usubjid"), on="usubjid", how="semi", maintain_order="left")

    @property
    def parameters(self) -> list[Parameter]:
        """The parameters asked for, in the units of the panel. Raises UsageError without one."""
        codes = self.options["parameters"]
        if not codes:
            raise click.UsageError("name what the figure shows with --parameter")
        return [convert_parameter(find_any_parameter(code), self.units) for code in codes]

    @property
    def by_visit(self) -> bool:
        """Whether the axis counts visits."""
        return self.options["along"] == "visits"

    @property
    def grouped(self) -> pl.DataFrame:
        """The panel with the groups of ``by`` in ``arm``."""
        by = self.options["by"]
        simple = by in UNCODED
        parameter = None if simple else convert_parameter(find_any_parameter(by), self.units)
        return label_groups(self.panel, self.subjects, by, parameter)


def show_assessments(asked: Asked) -> pl.DataFrame:
    """Planned visits, patient by patient."""
    codes = asked.options["parameters"]
    return derive_assessments(asked.panel, asked.subjects, asked.study.visits, codes[0] if codes else None)


def show_trajectories(asked: Asked) -> pl.DataFrame:
    """One parameter by group and visit."""
    measure = Measure(asked.options["measure"], asked.parameters[0])
    panel = asked.grouped
    if measure.name == MULTIPLE:
        code = measure.parameter.paramcd
        limit = asked.study.settings.find_limits(code)[1]
        panel = derive_multiple(panel, code, None if limit is None else limit * find_factor(code, asked.units))
    return tabulate_trajectories(panel, asked.study.visits, measure, asked.by_visit)


def show_multiples(asked: Asked) -> pl.DataFrame:
    """Several parameters by group and visit."""
    visits, measure = asked.study.visits, asked.options["measure"]
    return tabulate_several(summarize_several(asked.grouped, visits, measure, asked.parameters, asked.by_visit))


def show_flow(asked: Asked) -> pl.DataFrame:
    """How many patients go from which class to which."""
    events = asked.select(list_events(asked.study.events, asked.study.treatments))
    rows = derive_classes(asked.panel, asked.parameters[0], asked.subjects, events, asked.study.visits)
    return summarize_flow(rows, list(asked.options["visits"]))


def show_quadrant(asked: Asked) -> pl.DataFrame:
    """What is measured against what is felt."""
    if len(asked.parameters) != 2:
        raise click.UsageError("name two parameters: what is measured, then what is felt")
    x, y = asked.parameters
    return derive_quadrant(pair_changes(asked.panel, x.paramcd, y.paramcd, LAST), x.better, y.better)


def show_doses(asked: Asked) -> pl.DataFrame:
    """Dose against change."""
    treatments = asked.select(asked.study.treatments)
    return pair_dose(asked.panel, treatments, asked.options["dose"], asked.parameters[0].paramcd, LAST)


def show_points(asked: Asked) -> pl.DataFrame:
    """The values of one patient."""
    case = read_case(str(asked.options["study"]), need_patient(asked), asked.units)
    codes = list(asked.options["parameters"])
    return select_points(case.points.filter(pl.col("paramcd").is_in(codes)) if codes else case.points)


def need_patient(asked: Asked) -> str:
    """The patient asked for. Raises UsageError."""
    if not asked.options["patient"]:
        raise click.UsageError("name the patient with --patient")
    return str(asked.options["patient"])


def fit(asked: Asked) -> Forecast:
    """The super-model of the whole study. Raises UsageError where there is none."""
    subjects = name_missing_arms(asked.study.subjects)
    panel = convert_panel(select_subjects(derive_panel(asked.study), subjects), asked.units)
    found = fit_forecast(subjects, panel, asked.study.events, asked.units)
    if found.model is None:
        raise click.UsageError(f"no prediction is made: {found.reason}")
    return found


def show_forecast(asked: Asked) -> pl.DataFrame:
    """The predicted curve of one patient."""
    found, _, _ = forecast_patient(fit(asked), need_patient(asked))
    if found is None:
        raise click.UsageError("no prediction is made for this patient")
    return found.curve


FIGURES: dict[str, Callable[[Asked], pl.DataFrame]] = {
    "follow_up": lambda asked: tabulate_follow_up(
        asked.subjects, asked.select(list_events(asked.study.events, asked.study.treatments))
    ),
    "assessments": show_assessments,
    "completeness": lambda asked: summarize_completeness(asked.panel, asked.subjects, asked.study.visits),
    "trajectories": show_trajectories,
    "multiples": show_multiples,
    "flow": show_flow,
    "correlations": lambda asked: correlate_changes(asked.panel, list(asked.options["parameters"]), LAST),
    "quadrant": show_quadrant,
    "doses": show_doses,
    "course": show_points,
    "calibration": lambda asked: fit(asked).calibration,
    "forecast": show_forecast,
}


@click.command()
@click.argument("name", type=click.Choice(list(FIGURES)))
@study_option
@click.option("--parameter", "parameters", multiple=True, help="What is shown; may be given several times.")
@click.option("--measure", type=click.Choice(list(MEASURES)), default="Value", show_default=True)
@click.option("--along", type=click.Choice(["visits", "days"]), default="visits", show_default=True)
@click.option("--by", default="arm", show_default=True, help="all, arm, sex, site, etiology, age, or a parameter.")
@click.option("--visit", "visits", multiple=True, help="Of flow: the visits in order.")
@click.option("--dose", default="cells_e6", show_default=True, help="Of doses: the quantity of the infusion.")
@click.option("--patient", help="Of course and forecast.")
@click.option("--name", "own_name", help="With --second: what the first cohort is called.")
@click.option("--second", help="A second cohort beside the first, as JSON of its filters.")
@click.option("--second-name", help="What the second cohort is called.")
@units_option
@filter_options
@as_json
@told
def figure(name: str, study: str, as_json: bool, **options: Any) -> None:
    """The numbers behind one figure, in the columns of its table."""
    show(FIGURES[name](ask(study, options)), as_json)


def ask(study: str, options: dict[str, Any]) -> Asked:
    """The cohort, or both cohorts as one, in the unit system."""
    part = read_part(read_filters(study, options), options["units"], options["own_name"])
    if options["second"]:
        second = read_part(Cohort.from_json(options["second"]), options["units"], options["second_name"])
        part = pool_parts(part, second)
    return Asked(part.study, part.subjects, part.panel, options["units"], options | {"study": study})


def read_part(cohort: Cohort, units: str, name: str | None) -> Part:
    """A cohort of the current revision; under a name, all its patients are one arm."""
    data = read_whole(open_current(), cohort.study)
    subjects = name_missing_arms(select_members(data, cohort))
    panel = convert_panel(select_subjects(derive_panel(data), subjects), units)
    return name_part(data, subjects, panel, name) if name else Part(data, subjects, panel)
