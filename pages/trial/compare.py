"""Two cohorts side by side: two filters of a study, or two studies with the study as the group."""

import streamlit as st

from analytics.courses import Measure, place_courses
from pages.shared import change_panels, cohort_panels, cohorts, controls, course_panels, pooling
from pages.shared.memory import remember


def render() -> None:
    """The page."""
    st.title("Two cohorts")
    present = cohorts.view()
    pair = pooling.ask_pair(present)
    both = pooling.pool(*pair)
    shared = pooling.show_sizes(both, *pair)
    cohort_panels.show_baseline(both, "Baseline by cohort")
    parameter = controls.ask_parameter(both.panel, "paramcd")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        measures = course_panels.list_measures(both, parameter)
        measure = Measure(controls.ask_one("Show", "measure", measures), parameter)
        by_visit = controls.ask_one("Along", "along", course_panels.list_axes(both.panel)) == "Visits"
        center = course_panels.ask_center(both)
        individuals = course_panels.ask_individuals()
    panel = course_panels.add_multiple(both, both.panel, measure)
    courses = remember(place_courses, panel, both.study.visits, measure, by_visit)
    if courses.is_empty():
        st.info(f"No patient of either cohort has {measure.needs} of {parameter.name}.")
        st.stop()
    plan = course_panels.Plan(both, panel, measure, "arm", by_visit, center, individuals)
    course_panels.show_courses(plan, courses)
    if shared:
        st.info("Tests between cohorts need different patients: choose cohorts that share none.")
        st.stop()
    change_panels.show_statistics(both, both.panel, parameter, "arm")


render()
