"""Hepatrace in the browser: navigation, and the cohort that every page looks at."""

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from pages.shared import cohorts, store


def list_pages() -> dict[str, list[StreamlitPage]]:
    """Every page under its heading."""
    return {
        "Trial": [
            st.Page("pages/trial/cohort.py", title="Cohort", icon=":material/groups:", default=True),
            st.Page("pages/trial/trajectories.py", title="Trajectories", icon=":material/show_chart:"),
            st.Page("pages/trial/response.py", title="Response", icon=":material/waterfall_chart:"),
            st.Page("pages/trial/compare.py", title="Two cohorts", icon=":material/compare_arrows:"),
            st.Page("pages/trial/scores.py", title="Scores", icon=":material/calculate:"),
            st.Page("pages/trial/survival.py", title="Survival", icon=":material/stairs:"),
        ],
        "Patient": [
            st.Page("pages/patient/profile.py", title="Patient", icon=":material/person:"),
            st.Page("pages/patient/worklist.py", title="Worklist", icon=":material/checklist:"),
            st.Page("pages/patient/pair.py", title="Two patients", icon=":material/view_column_2:"),
        ],
        "Study": [
            st.Page("pages/study/import_data.py", title="Import", icon=":material/upload_file:"),
            st.Page("pages/study/about.py", title="About the data", icon=":material/database:"),
        ],
        "Library": [
            st.Page("pages/library/definitions.py", title="Definitions", icon=":material/menu_book:"),
            st.Page("pages/library/published.py", title="Published tables", icon=":material/table_chart:"),
        ],
    }


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


main()
