"""The figure passport: the command, the revision, the filter and the versions behind a figure; notes on it."""

from datetime import UTC, datetime

import polars as pl
import streamlit as st

from analytics.review import FIGURE, NOTE, Note, tabulate_notes
from analytics.versions import say_versions
from pages.shared import store
from pages.shared.memory import remember


def show_passport(key: str, command: str) -> None:
    """What is needed to make the figure again, and the notes on it."""
    cohort = st.session_state.get("cohort")
    if command:
        st.caption("The same numbers in the terminal:")
        st.code(command, language=None, wrap_lines=True)
    if cohort is None:
        st.caption(f"Versions: {say_versions()}")
        return
    facts = {
        "Study": cohort.study,
        "Revision": store.revision(),
        "Filter": cohort.words or "none: all patients",
        "Units": st.session_state.get("units") or "conventional",
        "Versions": say_versions(),
    }
    st.text("\n".join(f"{label}: {value}" for label, value in facts.items()))
    show_figure_notes(cohort.study, key)


def read_notes(study: str) -> pl.DataFrame:
    """All notes of a study, newest first."""
    saved = tuple((item.name, item.content, item.who, item.saved_at) for item in store.items(NOTE, study))
    return remember(tabulate_notes, saved)


def write_note(study: str, note: Note, name: str = "") -> bool:
    """Save a note; a new one under the moment at which it is written."""
    return store.save(NOTE, study, name or f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}", note.to_json())


def show_figure_notes(study: str, key: str) -> None:
    """The notes on a figure, and the field for another one."""
    for row in (row for row in read_notes(study).iter_rows(named=True) if row["figure"] == key):
        st.text(f"{row['text']}\n({row['who']}, {row['saved_at']:%Y-%m-%d %H:%M} UTC)")
    field = f"note_{study}_{key}"  # what is typed in stays, and belongs to this study
    st.text_area("Note on this figure", key=field, height=80, persist_state="session")
    st.button("Save the note", key=f"save_{field}", on_click=save_figure_note, args=(study, key, field))


def save_figure_note(study: str, key: str, field: str) -> None:
    """Save what is typed into a figure's field."""
    text = (st.session_state.get(field) or "").strip()
    if text and write_note(study, Note(FIGURE, text, figure=key)):
        st.session_state[field] = ""
