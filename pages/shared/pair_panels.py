"""Two patients side by side: who, and the same strips on the same scales."""

import polars as pl
import streamlit as st

from analytics.figure_tables import select_points
from analytics.figures.patient import Axis, Behind, plot_patient
from analytics.profile.strips import list_groups
from analytics.profile.timeline import find_extent
from pages.shared import cohorts, controls, navigation, output
from pages.shared.person import Person, read_person

MOST = 8  # strips


def ask_pair(view: cohorts.View) -> tuple[Person, Person]:
    """The patient of the address and another one. Stops where the cohort has only one."""
    ids = view.ids
    if len(ids) < 2:
        st.info("This cohort has one patient: there is nobody to compare with.")
        st.stop()
    left, right = st.columns(2)
    with left:
        first = navigation.ask_among(ids, navigation.find_current(ids, "usubjid"), "usubjid", "Patient")
    others = [item for item in ids if item != first]
    with right:
        second = navigation.ask_among(others, navigation.find_current(others, "against"), "against", "Compared with")
    return read_person(view, first), read_person(view, second)


def show_courses(pair: tuple[Person, Person]) -> None:
    """The strips that either of them has, each pair on one scale and one time axis."""
    known = list(dict.fromkeys(item.paramcd for person in pair for item in person.parameters))
    groups = list_groups(known)
    if not groups:
        st.info("Neither of them has a value.")
        return
    name = controls.ask_detail("Strips", {group: group for group in groups}, "pair_strips", next(iter(groups)))
    parameters = controls.order_parameters(groups[name][:MOST])
    timelines = [person.timeline for person in pair]
    extents = [find_extent(person.study, person.panel, person.usubjid) for person in pair]
    ends = pl.concat([pl.concat([timeline["start"], timeline["end"].drop_nulls()]) for timeline in timelines])
    extent = (min(*ends, *(low for low, _ in extents)), max(*ends, *(high for _, high in extents)))
    scales = measure(pl.concat([person.points for person in pair], how="diagonal_relaxed"))
    for column, person, timeline in zip(st.columns(2), pair, timelines, strict=True):
        with column:
            behind = Behind(timeline=timeline, extent=extent, scales=scales, legend=False)
            axis = Axis(person.view.origin, tuple(person.study.visits["avisit"]))
            figure = plot_patient(person.points, parameters, behind, axis, controls.theme())
            alt = f"Course of {person.usubjid}: {', '.join(item.name for item in parameters)}"
            table = person.points.filter(pl.col("paramcd").is_in(groups[name]))
            command = person.figure_command(list(groups[name]))
            output.show_figure(figure, f"pair_{person.usubjid}", alt, select_points(table), command)


def measure(points: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """The smallest and largest value of each parameter in both."""
    value = pl.coalesce("aval", "limit")
    rows = points.group_by("paramcd").agg(low=value.min(), high=value.max()).drop_nulls()
    return {code: (low, high) for code, low, high in rows.rows()}
