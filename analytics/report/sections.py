"""The sections of a report: who, exposure, change, response, survival."""

from collections.abc import Iterator

import polars as pl

from analytics.baseline_table import ALL, derive_characteristics, present_baseline, summarize_characteristics
from analytics.catalog import Parameter
from analytics.catalog.constants import SMALL
from analytics.catalog.endpoints import ENDPOINTS
from analytics.change import select_pairs
from analytics.cohort import list_events
from analytics.compare import compare_within, describe_smallest_p
from analytics.courses import Measure, describe_axis, place_courses, summarize_courses
from analytics.documents.model import Block, Chart, Picture, Table, Words
from analytics.event_rates import summarize_event_rates
from analytics.figure_tables import tabulate_follow_up
from analytics.figures.cohort import plot_follow_up
from analytics.figures.survival import ROWS, Curve, make_axis, plot_survival
from analytics.figures.theme import Theme
from analytics.figures.trajectory import MANY, MEAN, RIBBONS, Axes, plot_trajectories
from analytics.figures.waterfall import describe_title, plot_waterfall
from analytics.models import choose_reference
from analytics.numerals import describe_number
from analytics.panel import list_parameters
from analytics.present import present_event_rates, present_within
from analytics.report.trial import Trial
from analytics.response import derive_response, summarize_response
from analytics.rules import CHANGE, FALL, RISE, Rule
from analytics.scores import list_series
from analytics.survival.describe import describe_log_rank, summarize_survival
from analytics.survival.estimate import Survival, estimate_survival
from analytics.survival.follow_up import derive_time_to_event
from analytics.survival.kaplan_meier import select_days
from analytics.units import order_parameters

THEME = Theme()
MOST_BARS = 80  # of a chart that can be edited
HAPPENED = {"Infused": "infusion", "Deaths": "death", "Transplants": "transplant", "Withdrawals": "withdrawal"}
KEY_SCORES = ("child_pugh", "meld", "albi", "mayo_pbc")
PLURAL = 3  # groups: with more only the number at risk stands below the axis


def build_population(trial: Trial) -> Iterator[Block]:
    """Table 1 by arm."""
    derived = set(list_series())
    codes = [code for code in list_parameters(trial.shown) if code not in derived or code in KEY_SCORES]
    rows = derive_characteristics(trial.subjects, trial.shown, order_parameters(codes, trial.units))
    summary = summarize_characteristics(rows)
    sizes = dict(trial.subjects.group_by("arm").len().sort("arm").rows())
    sizes = (sizes if len(sizes) > 1 else {}) | {ALL: trial.subjects.height}
    table = present_baseline(summary, sizes)
    hidden = ["variable", "kind", "category"] + ([] if len(sizes) > 2 else ["SMD"])
    yield Table("At baseline, by arm (Table 1)", table.drop(hidden).rename({"characteristic": "At baseline"}), summary)
    yield Words(
        "Counts with percent of those known; quartiles in brackets. Baseline: the last value in the 90 days up to "
        "day 0.",
        note=True,
    )


def build_disposition(trial: Trial) -> Iterator[Block]:
    """How many were infused, followed, died, were transplanted; events per patient-year; follow-up of each patient."""
    rows = [describe_arm(trial, arm) for arm in [*trial.subjects["arm"].unique().sort(), None]]
    yield Table("What became of the patients", pl.DataFrame(rows))
    known = trial.subjects.filter(pl.col("last_contact_day").is_not_null())
    if known.is_empty():
        yield Words("No follow-up time is recorded for these patients.")
        return
    arms = trial.subjects["arm"].unique().sort().to_list()
    rates = summarize_event_rates(trial.subjects, trial.events, choose_reference(arms, trial.study.reference_arm))
    if rates.height:
        yield Table("Events per patient-year", present_event_rates(rates), rates)
    if known.height <= MANY:
        figure = plot_follow_up(trial.subjects, trial.events, trial.day_0, THEME)
        table = tabulate_follow_up(trial.subjects, trial.events)
        yield Picture("follow_up", "Follow-up, infusions and events", figure, "Follow-up of each patient", table)


def describe_arm(trial: Trial, arm: str | None) -> dict[str, str]:
    """One arm's row; all patients without an arm."""
    own = trial.subjects if arm is None else trial.subjects.filter(pl.col("arm") == arm)
    happened = trial.events.join(own.select("usubjid"), on="usubjid", how="semi")
    middle = own["last_contact_day"].median()
    recorded = set(list_events(trial.study.events, trial.study.treatments)["kind"])
    # Nothing is claimed of what the study never records.
    counts = {
        label: str(happened.filter(pl.col("kind") == kind)["usubjid"].n_unique()) if kind in recorded else "–"
        for label, kind in HAPPENED.items()
    }
    return {
        "Arm": arm or "All",
        "Patients": str(own.height),
        **counts,
        "Median follow-up, days": "not recorded" if middle is None else f"{middle:.0f}",
    }


def build_exposure(trial: Trial) -> Iterator[Block]:
    """Infusions by arm: how many, which product and route, how many cells."""
    given = trial.select(trial.study.treatments).join(trial.subjects.select("usubjid", "arm"), on="usubjid")
    if given.is_empty():
        yield Words("No infusion is recorded for these patients.")
        return
    numbers = {
        "Cells, 10⁶": "cells_e6",
        "Cells, 10⁶ per kg": "cells_e6_per_kg",
        "Volume, mL": "volume_ml",
        "Viability, %": "viability_pct",
        "CD34+, 10⁶": "cd34_e6",
    }
    rows = []
    for (arm, product, route), own in given.group_by("arm", "product", "route", maintain_order=True):
        row = {"Arm": arm, "Product": product, "Route": route, "Infusions": str(own.height)}
        row["Patients"] = str(own["usubjid"].n_unique())
        rows.append(row | {label: describe_range(own[column]) for label, column in numbers.items()})
    yield Table("Infusions", pl.DataFrame(rows), given)
    yield Words("Median with the smallest and the largest value of those recorded.", note=True)


def describe_range(values: pl.Series) -> str:
    """Median, smallest and largest; a dash where nothing is recorded."""
    known = values.drop_nulls()
    if known.is_empty():
        return "–"
    low, middle, high = (float(str(item)) for item in (known.min(), known.median(), known.max()))
    decimals = 0 if high >= 100 else 1
    ends = "" if low == high else f" ({describe_number(low, decimals)} to {describe_number(high, decimals)})"
    return describe_number(middle, decimals) + ends


def build_change(trial: Trial) -> Iterator[Block]:
    """Courses and changes from baseline of up to six leading parameters."""
    if not trial.leading:
        yield Words("No patient has a baseline and a later value of anything.")
    for parameter in trial.leading:
        yield draw_course(trial, parameter)
        pairs = select_pairs(trial.shown, parameter.paramcd)
        if pairs.is_empty():
            yield Words(f"{parameter.name}: no value after baseline belongs to a visit of the study.")
            continue
        within = compare_within(pairs, trial.study.visits)
        shown = present_within(within, parameter.decimals + 1, parameter)
        dropped = [name for name in ("its limits", "Zeros", "p, normal", "Hodges-Lehmann") if name in shown.columns]
        yield Table(f"{parameter.name}: change from baseline", shown.drop(dropped), within)
        for row in within.iter_rows(named=True):
            if row["n"] < SMALL and (said := describe_smallest_p(row["n"], row["n_zero"])):
                yield Words(f"{parameter.name}, {row['avisit']}, {row['arm']}: {said}", note=True)
    yield Words("p values are exploratory and not adjusted for their number.", note=True)


def draw_course(trial: Trial, parameter: Parameter) -> Picture:
    """The course of one parameter by arm, as the page Trajectories draws it."""
    panel, visits = trial.shown, trial.study.visits
    by_visit = bool(panel["analysis"].any())
    measure = Measure("Value", parameter)
    courses = place_courses(panel, visits, measure, by_visit)
    summary = summarize_courses(panel, visits, measure, by_visit)
    x_title, y_title, names = describe_axis(courses, measure, by_visit, trial.day_0)
    many = trial.subjects.height >= MANY
    axes = Axes(x_title, y_title, names, center=RIBBONS if many else MEAN)
    figure = plot_trajectories(courses, summary, axes, THEME)
    chart = chart_course(summary, names, (x_title, y_title)) if by_visit else None
    return Picture(f"course_{parameter.paramcd}", parameter.title, figure, f"{y_title} by arm", summary, chart)


def chart_course(summary: pl.DataFrame, visits: tuple[str, ...], titles: tuple[str, str]) -> Chart:
    """The means of every arm over the visits."""
    means = {(arm, visit): mean for arm, visit, mean in summary.select("arm", "avisit", "mean").rows()}
    arms = summary["arm"].unique().sort()
    series = {arm: [means.get((arm, visit)) for visit in visits] for arm in arms}
    return Chart("lines", series, titles[0], f"Mean: {titles[1]}", visits)


def build_response(trial: Trial) -> Iterator[Block]:
    """Any change for the better at the last visit, of the leading parameter: rates and waterfall."""
    if not trial.leading:
        yield Words("No patient has a baseline and a later value of anything, so no response can be read.")
        return
    parameter = trial.leading[0]
    step = 10.0**-parameter.decimals
    rule = Rule(
        parameter.paramcd,
        RISE if parameter.better == "higher" else FALL,
        step if parameter.better == "higher" else -step,
    )
    responses = derive_response(trial.shown, trial.study, trial.subjects, rule)
    rates = summarize_response(responses)
    yield Words(f"Rule: {rule.words}.")
    columns = {"arm": "Group", "patients": "Patients", "with_value": "With a value", "responders": "Responders"}
    percent = [
        pl.col(name).round(0).cast(pl.Int64).cast(pl.String).fill_null("–") for name in ("share", "lower", "upper")
    ]
    shown = rates.with_columns(rate=pl.format("{} ({} to {})", *percent))
    yield Table("Responders", shown.select(*columns, "rate").rename(columns | {"rate": "Rate, % (exact 95 %)"}), rates)
    title = describe_title(parameter, CHANGE)
    if responses["y"].count():
        figure = plot_waterfall(responses, title, parameter.better, rule.threshold, THEME)
        name = f"Change of {parameter.name}, patient by patient"
        yield Picture("waterfall", name, figure, f"Waterfall: {title}", responses, chart_waterfall(responses, title))


def chart_waterfall(responses: pl.DataFrame, title: str) -> Chart | None:
    """One bar a patient, worst first; none for more patients than a chart can show."""
    known = responses.filter(pl.col("y").is_not_null()).sort("arm", "y", descending=[False, True])
    if known.height > MOST_BARS:
        return None
    values = known.select("arm", "y").rows()
    series = {arm: [y if arm == own else None for own, y in values] for arm in known["arm"].unique().sort()}
    return Chart("bars", series, "Patient", title, tuple(known["usubjid"]))


def build_survival(trial: Trial) -> Iterator[Block]:
    """Overall and transplant-free survival by arm."""
    for code in ("overall", "transplant_free"):
        endpoint = ENDPOINTS[code]
        times = derive_time_to_event(trial.subjects, trial.events, endpoint)
        known = times.drop_nulls(["time", "event"]).with_columns(group=pl.col("arm"))
        if known.is_empty():
            yield Words("No follow-up time is recorded for these patients, so no survival can be estimated.")
            return
        several = known["group"].n_unique() > 1
        result = estimate_survival(known, "group" if several else None)
        yield draw_survival(trial, endpoint.label, code, result)
        yield Table(endpoint.label, summarize_survival(result))
        said = f" {describe_log_rank(result.log_rank).replace('**', '')}" if several else ""
        yield Words(f"{endpoint.words}{said}")
    yield Words("In brackets 95 % limits (log-log). Follow-up: reverse Kaplan-Meier. Exploratory.", note=True)


def draw_survival(trial: Trial, title: str, code: str, result: Survival) -> Picture:
    """Curves with their counts, as the page Survival draws them."""
    groups = result.groups
    axis = make_axis(max(float(group.curve["day"][-1]) for group in groups), trial.day_0)
    curves = [
        Curve(
            group.name,
            group.curve,
            select_days(group.curve, axis.days).with_columns(pl.col("events", "censored").fill_null(0)),
        )
        for group in groups
    ]
    rows = tuple(ROWS) if len(curves) <= PLURAL else ("at_risk",)
    steps = pl.concat([group.curve.with_columns(group=pl.lit(group.name)) for group in groups])
    points = {
        group.name: [(day / axis.unit.days, 100 * share) for day, share in group.curve.select("day", "survival").rows()]
        for group in groups
    }
    chart = Chart("steps", points, f"{axis.unit.name} since {axis.origin}", f"{title}, %")
    figure = plot_survival(curves, title, axis, rows, THEME)
    return Picture(f"survival_{code}", title, figure, f"{title}: Kaplan-Meier curves by arm", steps, chart)
