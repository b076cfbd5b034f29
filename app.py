"""Hepatrace in the browser: navigation, and the cohort that every page looks at. ``python app.py`` serves it."""

import sys

import streamlit as st
from streamlit import runtime
from streamlit.navigation.page import StreamlitPage
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

from pages.shared import cohorts, store

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
    """Every page under its heading; the first one is the start page."""
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


def main() -> None:
    """Ask for the cohort, then show the page."""
    st.set_page_config(page_title="Hepatrace", page_icon="docs/images/icon.png", layout="wide")
    pages = list_pages()
    page = st.navigation(pages, position="hidden")
    show_menu(pages)
    store.pin()
    st.session_state["cohort"] = cohorts.ask_cohort()
    page.run()
    store.warm_up()


def serve() -> None:
    """Start the server on this file, with the options of ``streamlit run``."""
    # Streamlit has an older kind of pages that lie in a folder of this name. Until the first run it would look for
    # the page of an address there, and say above the right page that it was not found.
    PagesManager.uses_pages_directory = False
    sys.argv = ["streamlit", "run", __file__, *sys.argv[1:]]
    cli.main()


if runtime.exists():
    main()
elif __name__ == "__main__":
    serve()
