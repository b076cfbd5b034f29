"""Everything known of one patient in tables, and the documents that can be taken along."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from analytics.patient import summarize_latest, tabulate_values
from analytics.profile.strips import list_absent
from analytics.profile.visit_table import tabulate_visits
from pages.shared import controls, output, store, tables
from pages.shared.labels import LABELS
from pages.shared.patient_documents import offer_documents
from pages.shared.person import Person

TITLES = {"events": "Events", "treatments": "Infusions", "medications": "Medication"}


def show_results(person: Person) -> None:
    """All results wide by visit, the latest against baseline, lists, downloads."""
    offer_documents(person)
    st.subheader("All results by visit", anchor=False)
    table = tabulate_visits(person.points, person.parameters, person.places)
    pinned = {"Parameter": st.column_config.TextColumn(pinned=True)}
    show_table(table, f"All results of {person.usubjid} by visit", pinned)
    st.caption("H and L: above and below the range of normal. In round brackets the class, in square ones the change.")
    with st.container(horizontal=True, vertical_alignment="center"):
        output.offer_table(table, f"results_{person.usubjid}")
        st.page_link(
            "pages/study/corrections.py",
            label="Enter or correct a value",
            icon=":material/edit_note:",
            query_params={"study": person.view.cohort.study, "usubjid": person.usubjid},
        )
    st.subheader("Latest against baseline", anchor=False)
    show_table(summarize_latest(person.panel, person.parameters), "Latest value against baseline")
    values = tabulate_values(person.panel, controls.units())
    with st.expander(f"All values, with file and line ({values.height})"):
        show_table(values, "All values")
    for name, frame in list_records(person).items():
        st.subheader(f"{TITLES[name]} ({frame.height})", anchor=False)
        if frame.is_empty():
            st.caption("None recorded.")
        else:
            show_table(frame.drop([column for column in frame.columns if frame[column].count() == 0]), TITLES[name])


def list_records(person: Person) -> dict[str, pl.DataFrame]:
    """The patient's events, infusions and medication."""
    return {name: getattr(person, name).drop("usubjid") for name in TITLES}


def show_table(table: pl.DataFrame, alt: str, columns: Mapping[str, Any] | None = None) -> None:
    """A table that can be scrolled."""
    tables.show(
        table,
        hide_index=True,
        placeholder="–",
        height=min(420, 38 + 35 * table.height),
        column_config={**LABELS, **(columns or {})},
        alt=alt,
    )


def show_absent(person: Person) -> None:
    """What is not known of this patient, in words: empty groups, scores, what the source tells of the group only."""
    if absent := list_absent([item.paramcd for item in person.parameters]):
        st.caption(f"**No value recorded:** {', '.join(name.lower() for name in absent)}.")
    output.show_not_computable(person.panel)
    statements = store.statements(person.view.cohort.study)
    if statements.height:
        with st.expander(f"What the source says of the group only, not of one patient ({statements.height})"):
            show_table(statements, "Statements about the group")
    notes = person.study.config.get("notes", [])
    if notes:
        with st.expander(f"What the source says of its own data ({len(notes)})"):
            for note in notes:
                st.caption(note)
