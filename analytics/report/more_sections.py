"""The sections of a report: safety, patient pages, definitions used, deviations and missing data."""

from collections.abc import Iterator

import polars as pl

from analytics.catalog import PARAMETER_NAMES, PARAMETERS
from analytics.cohort import keep_subjects
from analytics.documents.model import Block, Picture, Table, Words
from analytics.eligibility import FAILED, check_eligibility, summarize_eligibility
from analytics.figures.patient import plot_patient
from analytics.figures.safety import MOST_LANES, plot_event_timeline
from analytics.figures.theme import Theme
from analytics.panel import list_parameters
from analytics.profile.case import make_case
from analytics.profile.sheet import choose_printed, make_sheet
from analytics.report.trial import Trial
from analytics.safety.adverse import (
    NONE_RECORDED,
    WHAT,
    describe_event,
    present_shares,
    say_published,
    summarize_published,
)
from analytics.safety.stopping import say_status
from analytics.safety.tables import Choice, Safety
from analytics.scores import list_series
from analytics.summary import summarize_completeness

THEME = Theme()
MOST_ROWS = 10_000  # of a table behind a figure; beyond, what is drawn
RULES = (
    "Baseline: the last value with day 0 or before, within 90 days. Change: later minus earlier. In a visit's window "
    "the value closest to the target counts. Scores pair values of one day, else the latest earlier one of up to 7 "
    "days (laboratory) or 30 days (ascites, encephalopathy). Missing stays missing."
)


def build_safety(trial: Trial) -> Iterator[Block]:
    """What was published of the group, counts with exact limits, terms, stopping rules, all events in time."""
    for row in summarize_published(trial.statements).iter_rows(named=True):
        yield Words(say_published(row))
    data = trial.counted or trial.safety
    if trial.counted:
        yield Words(f"Events and stopping rules are those of all {data.subjects.height:,} patients.", note=True)
    rules = data.table("rules", Choice(rules=trial.rules))
    for row in rules.iter_rows(named=True):
        yield Words(say_status(row))
    if data.adverse.is_empty():
        yield Words(NONE_RECORDED)
        return
    counts, terms = (data.table(name) for name in ("counts", "terms"))
    named = counts.with_columns(pl.col("what").replace(WHAT))
    yield Table("Patients with adverse events", present_shares(named, "what", "Patients with"), counts)
    yield Table("By term", present_shares(terms, "term", "Term"), terms)
    yield Words("Exact (Clopper-Pearson) 95 % limits; events from day 0 on, each patient once a row.", note=True)
    yield draw_timeline(data, trial.day_0)
    grades = trial.safety.table("grades")
    if grades.height:
        yield Table("CTCAE v5 grades of laboratory values, both readings", present_grades(grades), grades)


def draw_timeline(data: Safety, day_0: str) -> Picture:
    """All patients' events in time, as the page Safety draws them."""
    lanes = data.lanes.head(MOST_LANES)
    events = data.table("events")
    drawn = keep_subjects(events, lanes)
    figure = plot_event_timeline(lanes, drawn.with_columns(hover=describe_event()), day_0, THEME)
    title = (
        "Adverse events of all patients"
        if lanes.height == data.subjects.height
        else f"The {lanes.height} patients with the gravest events"
    )
    table = events if events.height <= MOST_ROWS else drawn
    return Picture("safety_timeline", title, figure, "Adverse events of every patient in time", table)


def present_grades(grades: pl.DataFrame) -> pl.DataFrame:
    """Worst grades of every analyte as text."""
    words = {"limit": "by the limit alone", "baseline": "CTCAE v5, own baseline"}
    return grades.select(
        pl.col("paramcd").replace(PARAMETER_NAMES).alias("Analyte"),
        pl.col("reading").replace(words).alias("Read"),
        pl.col("arm").alias("Arm"),
        pl.col("n").alias("Graded"),
        pl.format("{} (before: {})", "severe", "severe_before").alias("Worst grade ≥ 3"),
        pl.col("worse").alias("Up ≥ 1"),
        pl.col("worse_2").alias("Up ≥ 2"),
    )


def build_patients(trial: Trial) -> Iterator[Block]:
    """A page a patient: the course in a sentence, what changed, the figure."""
    parts = trial.shown.partition_by("usubjid", as_dict=True)
    for subject in trial.subjects.sort("usubjid").iter_rows(named=True):
        panel = parts.get((subject["usubjid"],), trial.shown.clear())
        case = make_case(trial.study, panel, subject, trial.units)
        sheet = make_sheet(case, trial.origin)
        yield Words(f"{sheet['title']}: {sheet['person']}")
        yield Words(sheet["sentence"])
        if sheet["changes"]:
            frame = pl.DataFrame(sheet["changes"], schema=sheet["head"], orient="row")
            yield Table(f"{sheet['title']}: latest against baseline", frame)
        for label, lines in sheet["lists"].items():
            if lines:
                yield Words(f"{label}: {'; '.join(lines)}", note=True)
        if case.points.height:
            figure = plot_patient(*choose_printed(case), THEME)
            yield Picture(
                f"patient_{case.usubjid}",
                case.usubjid,
                figure,
                f"Course of {case.usubjid}",
                case.points.drop("hover", strict=False),
            )


def build_definitions(trial: Trial) -> Iterator[Block]:
    """Every score that this cohort has, with its version, rule and source; the rules of analysis."""
    series, there = list_series(), set(list_parameters(trial.panel))
    used = [score for code, score in series.items() if code in there]
    rows = [
        {
            "Score": score.parameter.name,
            "Version": score.version,
            "Rule": score.reading.replace("\n", " "),
            "Source": score.source,
        }
        for score in used
    ]
    if rows:
        yield Table("Scores used", pl.DataFrame(rows))
    else:
        yield Words("No score can be computed of these patients.")
    basis = trial.study.config.get("coagulation_basis")
    yield Words(RULES + (f" Coagulation in Child-Pugh: {str(basis).replace('_', ' ')}." if basis else ""))
    for line in [
        *trial.study.config.get("notes", []),
        *(f"Source: {text}" for text in trial.study.config.get("citation", [])),
    ]:
        yield Words(str(line), note=True)


def build_data(trial: Trial) -> Iterator[Block]:
    """Deviations from the criteria, values by visit, findings of the imports."""
    criteria = trial.study.config.get("eligibility", [])
    if criteria:
        checked = check_eligibility(criteria, trial.subjects, trial.panel)
        failing = checked.filter(pl.col("status") == FAILED)
        yield Words(
            f"{failing['usubjid'].n_unique()} of {trial.subjects.height} patients fail a criterion that can be checked."
        )
        yield Table("Eligibility", summarize_eligibility(checked), checked)
    else:
        yield Words("The study file names no eligibility criteria, so nothing is checked.")
    complete = summarize_completeness(trial.panel, trial.subjects, trial.study.visits)
    if complete.height:
        yield Table("Patients with a value, by visit", present_completeness(complete), complete)
    else:
        yield Words("No value belongs to a visit of the study: completeness by visit is not known.")
    alike = pl.col("reason").str.replace_all(r"-?\d+(?:\.\d+)?", "#")  # findings that differ by a number only
    counted = trial.findings.group_by("level", reason=alike).len("n").sort("n", "reason", descending=[True, False])
    if counted.is_empty():
        yield Words("The imports of this study left no rejected row and no finding.")
    else:
        yield Table("Findings of the imports (whole study), # for a number", counted, trial.findings)


def present_completeness(table: pl.DataFrame) -> pl.DataFrame:
    """Patients with a value of every measured parameter, a column a visit."""
    own = table.filter(pl.col("paramcd").is_in(list(PARAMETERS)))
    wide = own.pivot(on="avisit", index="paramcd", values="n", maintain_order=True)
    return wide.with_columns(pl.col("paramcd").replace(PARAMETER_NAMES)).rename({"paramcd": "Parameter"})
