"""Hepatrace in the browser: navigation, and the cohort that every page looks at. ``python app.py`` serves it."""

import sys

import streamlit as st
from streamlit import runtime
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

from pages.shared import cohorts, menu, store


def main() -> None:
    """Ask for the cohort, then show the page."""
    st.set_page_config(page_title="Hepatrace", page_icon="docs/images/icon.png", layout="wide")
    pages = menu.list_pages()
    page = st.navigation(pages, position="hidden")
    menu.show_menu(pages)
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
