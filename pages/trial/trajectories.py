"""The course of a parameter or score: individuals, the middle of each group, n and the lost under each visit."""

import streamlit as st

from analytics.courses import Measure, place_courses
from pages.shared import change_panels, cohorts, controls, course_panels, output
from pages.shared.memory import remember


def render() -> None:
    """The page."""
    st.title("Trajectories")
    view = cohorts.view()
    left, right = st.columns(2)
    with left:
        parameter = controls.ask_parameter(view.panel, "paramcd")
    with right:
        by = controls.ask_group(view.subjects, view.panel, "group")
    panel = course_panels.group_panel(view, by)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        measure = Measure(controls.ask_one("Show", "measure", course_panels.list_measures(view, parameter)), parameter)
        by_visit = controls.ask_one("Along", "along", course_panels.list_axes(panel)) == "Visits"
        center = course_panels.ask_center(view)
        individuals = course_panels.ask_individuals()
    panel = course_panels.add_multiple(view, panel, measure)
    courses = remember(place_courses, panel, view.study.visits, measure, by_visit)
    if courses.is_empty():
        st.info(f"No patient of this cohort has {measure.needs} of {parameter.name}.")
        output.show_not_computable(view.panel)
        st.stop()
    plan = course_panels.Plan(view, panel, measure, by, by_visit, center, individuals)
    course_panels.show_courses(plan, courses)
    change_panels.show_statistics(view, panel, parameter, by)
    course_panels.show_multiples(plan)
    output.show_not_computable(view.panel)


render()
