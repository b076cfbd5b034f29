"""The menu: every page under its heading."""

from copy import copy
from functools import cache

import streamlit as st
from streamlit.navigation.page import StreamlitPage

PAGES = {
    "Trial": (
        ("trial/cohort", "Cohort", "groups"),
        ("trial/trajectories", "Trajectories", "show_chart"),
        ("trial/response", "Response", "waterfall_chart"),
        ("trial/compare", "Two cohorts", "compare_arrows"),
        ("trial/scores", "Scores", "calculate"),
        ("trial/survival", "Survival", "stairs"),
        ("trial/safety", "Safety", "health_and_safety"),
    ),
    "Patient": (
        ("patient/profile", "Patient", "person"),
        ("patient/worklist", "Worklist", "checklist"),
        ("patient/pair", "Two patients", "view_column_2"),
        ("patient/review", "Notes and review", "rate_review"),
    ),
    "Study": (
        ("study/plan", "Plan a study", "edit_calendar"),
        ("study/import_data", "Import", "upload_file"),
        ("study/corrections", "Corrections", "edit_note"),
        ("study/quality", "Quality", "fact_check"),
        ("study/cuts", "Data cuts", "push_pin"),
        ("study/export", "Export", "download"),
        ("study/about", "About the data", "database"),
    ),
    "Library": (
        ("library/evidence", "Evidence", "local_library"),
        ("library/report", "Report", "description"),
        ("library/definitions", "Definitions", "menu_book"),
        ("library/published", "Published tables", "table_chart"),
    ),
}


def list_pages() -> dict[str, list[StreamlitPage]]:
    """Every page under its heading; the first one is the start page. A run marks the page that it opens."""
    return {heading: [copy(page) for page in listed] for heading, listed in find_pages().items()}


@cache
def find_pages() -> dict[str, list[StreamlitPage]]:
    """The pages of all sessions: their files are looked for once."""
    return {heading: [make_page(*page) for page in listed] for heading, listed in PAGES.items()}


def make_page(path: str, title: str, icon: str) -> StreamlitPage:
    """A page by the path of its file below ``pages``."""
    return st.Page(f"pages/{path}.py", title=title, icon=f":material/{icon}:", default=path == "trial/cohort")


def show_menu(pages: dict[str, list[StreamlitPage]]) -> None:
    """The pages under their headings; Streamlit's own menu parts its list so that screen readers lose it."""
    with st.sidebar, st.container(gap="xsmall", key="menu"):
        for heading, listed in pages.items():
            st.caption(heading)
            for item in listed:
                st.page_link(item)
