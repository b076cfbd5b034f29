"""The tables behind figures, as page and terminal both make them."""

from collections.abc import Sequence

import polars as pl

from analytics.catalog import Parameter
from analytics.courses import (
    MULTIPLE,
    Measure,
    align_visits,
    describe_axis,
    place_courses,
    regroup,
    summarize_courses,
)
from analytics.dropout import summarize_dropout
from analytics.groups import ALL, derive_group, label_group

ALL_PATIENTS = "All patients"
POINTS = (
    *("usubjid", "paramcd", "avisit", "day", "aval", "avalc", "base", "chg", "low", "high", "range_source"),
    *("standing", "grade", "reported", "reported_unit", "file_name", "line"),
)


def tabulate_follow_up(subjects: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Every patient with a last contact, a row each event: usubjid, arm, last_contact_day, kind, day."""
    known = subjects.filter(pl.col("last_contact_day").is_not_null())
    return known.select("usubjid", "arm", "last_contact_day").join(events, on="usubjid", how="left")


def label_groups(panel: pl.DataFrame, subjects: pl.DataFrame, by: str, parameter: Parameter | None) -> pl.DataFrame:
    """The panel with the groups of ``by`` in ``arm``, as people read them; patients without a group are left out.

    ``by`` is ``arm``, ``all``, another column of the subjects, ``age``, or the code of ``parameter``.
    """
    if by == "arm":
        return panel
    if by == ALL:
        return panel.with_columns(arm=pl.lit(ALL_PATIENTS))
    return regroup(panel, name_groups(subjects, panel, by, parameter))


def name_groups(subjects: pl.DataFrame, panel: pl.DataFrame, by: str, parameter: Parameter | None) -> pl.DataFrame:
    """The subjects with ``group``, the group of ``by`` as people read it; missing where it is not known."""
    if by == ALL:
        return subjects.with_columns(group=pl.lit(ALL_PATIENTS))
    groups = derive_group(subjects, panel, by, parameter)
    named = {name: label_group(by, name, parameter) for name in groups["group"].drop_nulls().unique()}
    return groups.with_columns(pl.col("group").replace(named))


def tabulate_trajectories(panel: pl.DataFrame, visits: pl.DataFrame, measure: Measure, by_visit: bool) -> pl.DataFrame:
    """The summary of a parameter by group and visit, with ``lost`` (a baseline, but no value) and ``measure``."""
    courses = place_courses(panel, visits, measure, by_visit)
    summary = summarize_courses(panel, visits, measure, by_visit)
    lost = summarize_dropout(panel, measure.parameter.paramcd, visits).select("avisit", "arm", "lost")
    both = summary.join(lost, on=["avisit", "arm"], how="left", maintain_order="left")
    y_title = describe_axis(courses, measure, by_visit, "day 0")[1]
    return both.with_columns(pl.col("lost").fill_null(0), measure=pl.lit(y_title))


def summarize_several(
    panel: pl.DataFrame, visits: pl.DataFrame, measure: str, parameters: Sequence[Parameter], by_visit: bool
) -> dict[str, pl.DataFrame]:
    """The summary of every parameter that has what is shown, by its title; by visit they share the visits of x."""
    summaries = {}
    for parameter in parameters:
        item = Measure(measure if measure != MULTIPLE else "Value", parameter)
        if place_courses(panel, visits, item, by_visit).is_empty():
            continue
        what = "" if item.name == "Value" else f", {item.name.lower()}"
        title = f"{parameter.title}{what} {parameter.arrow}".strip()
        summaries[title] = summarize_courses(panel, visits, item, by_visit)
    return align_visits(summaries, visits)[0] if by_visit and summaries else summaries


def tabulate_several(summaries: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """All of them below each other, with the title in ``parameter``."""
    frames = [summary.with_columns(parameter=pl.lit(title)) for title, summary in summaries.items()]
    return pl.concat(frames) if frames else pl.DataFrame()


def select_points(points: pl.DataFrame) -> pl.DataFrame:
    """What a patient's figure draws, as a table: each value with limits of normal, standing, change and source."""
    return points.select(POINTS)
