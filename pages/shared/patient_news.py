"""What is new of one patient since an earlier data cut."""

from typing import Any

import polars as pl
import streamlit as st

from analytics.profile.news import compare_classes, compare_records, compare_values
from pages.shared import controls, output, store
from pages.shared.patient_tables import show_table
from pages.shared.person import Person

COLUMNS = {"what": "What", "old": "Then", "new": "Now", "score": "Score", "record": "Record", "text": "Says"}


def show_news(person: Person) -> None:
    """New, changed and removed values and records, and the classes that moved."""
    study = person.view.cohort.study
    cuts = store.cuts(study)
    if cuts.is_empty():
        st.info("This is the only data cut of this study that is kept: there is nothing to compare it with.")
        return
    names = {row["revision"]: describe_cut(row) for row in cuts.iter_rows(named=True)}
    # A batch is taken back in order to be imported again: what stood before that is the cut that people know.
    differing = cuts.filter("differs", pl.col("action") != "undo-batch")["revision"]
    first = differing[0] if differing.len() else cuts["revision"][0]
    revision = controls.ask_detail("Compared with", names, "since", first)
    then = store.read_patient(study, person.usubjid, revision)
    if then.subjects.is_empty():
        st.info(f"{person.usubjid} was not in the study yet: everything on this page is new.")
        return
    values = compare_values(then.measurements, person.study.measurements)
    before = store.read_patient_panel(study, person.usubjid, controls.units(), revision)
    classes = compare_classes(before, person.panel)
    records = compare_records(then, person.study, person.usubjid)
    show_counts(values, records, classes, revision)
    for title, table in (("Values", values), ("Classes that moved", classes), ("Records", records)):
        if table.height:
            st.subheader(title, anchor=False)
            show_table(table.drop(name for name in table.columns if not table[name].count()), title, COLUMNS)
    if values.height:
        output.offer_table(values, f"news_{person.usubjid}")


def describe_cut(row: dict[str, Any]) -> str:
    """A revision with when and by whom it was made."""
    return f"{row['revision']}, {row['created_at']:%Y-%m-%d %H:%M} UTC, by {row['who']}, {row['action']}"


def show_counts(values: pl.DataFrame, records: pl.DataFrame, classes: pl.DataFrame, revision: str) -> None:
    """How much is new, in a sentence."""
    counts = {what: (values["what"] == what).sum() for what in ("new", "changed", "removed")}
    said = [f"{n} value{'s' if n != 1 else ''} {what}" for what, n in counts.items() if n]
    said += [f"{records.height} record{'s' if records.height != 1 else ''} new or removed"] if records.height else []
    said += [f"{classes.height} class{'es' if classes.height != 1 else ''} moved"] if classes.height else []
    st.markdown(f"**{'; '.join(said)}.**" if said else f"**Nothing of this patient differs from {revision}.**")
