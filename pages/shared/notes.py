"""Notes and review marks on screen: who wrote what when; kept beside the data, never in them."""

from typing import Any

import polars as pl
import streamlit as st

from analytics.catalog import PARAMETER_NAMES, PARAMETERS
from analytics.patient import describe_when
from analytics.review import (
    AGAIN,
    FIGURE,
    MARK,
    NOTE,
    PATIENT,
    REVIEWED,
    VALUE,
    Note,
    derive_reviews,
    name_mark,
    summarize_reviews,
    tabulate_marks,
)
from pages.shared import cohorts, controls, output, patients, store, tables
from pages.shared.passport import read_notes, write_note
from pages.shared.person import Person

ASKED = "open query"
ABOUT = {PATIENT: "the patient", VALUE: "one value"}


def read_reviews(study: str, measurements: pl.DataFrame) -> pl.DataFrame:
    """The state of review of every patient and parameter among these observed values."""
    marks = tabulate_marks((item.content, item.who, item.saved_at) for item in store.items(MARK, study))
    return derive_reviews(measurements, marks)


def show_notes_of(person: Person) -> None:
    """The notes on a patient and on their values, the form for one, and the marks of review."""
    study = person.view.cohort.study
    st.subheader("Notes", anchor=False)
    own = read_notes(study).filter(pl.col("usubjid") == person.usubjid)
    if own.is_empty():
        st.caption("No note on this patient yet.")
    for row in own.iter_rows(named=True):
        show_note(study, row)
    ask_note(person)
    st.subheader("Review", anchor=False)
    show_marks(person)


def show_note(study: str, row: dict[str, Any]) -> None:
    """One note with what it is about; a query with its answer, or the field for one."""
    about = describe_about(row)
    with st.container(border=True):
        kind = "Query" if row["query"] else "Note"
        st.markdown(f"**{kind} on {output.plain(about)}**: {output.plain(row['text'])}")
        st.caption(f"{row['who']}, {row['saved_at']:%Y-%m-%d %H:%M} UTC")
        if row["query"] and row["answer"]:
            st.markdown(f"Answer: {output.plain(row['answer'])}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if row["query"] and not row["answer"]:
                st.text_input("Answer", key=f"answer_{row['name']}", width=360)
                st.button("Close the query", key=f"close_{row['name']}", on_click=answer, args=(study, row))
            gone = (NOTE, study, row["name"])
            st.button("Remove", key=f"remove_{row['name']}", on_click=store.remove, args=gone)


def describe_about(row: dict[str, Any]) -> str:
    """What a note is about, in words."""
    if row["about"] == FIGURE:
        return f"the figure {row['figure']}"
    if row["about"] == VALUE:
        parameter = PARAMETERS.get(row["paramcd"])
        return f"{row['usubjid']}, {parameter.name if parameter else row['paramcd']}, {row['place']}"
    return str(row["usubjid"])


def answer(study: str, row: dict[str, Any]) -> None:
    """Close a query with what is typed in as its answer."""
    said = (st.session_state.get(f"answer_{row['name']}") or "").strip()
    if said:
        fields = ("about", "text", "usubjid", "paramcd", "place", "figure", "query")
        write_note(study, Note(**{name: row[name] for name in fields}, answer=said), row["name"])


def ask_note(person: Person) -> None:
    """The form for a note on the patient or on one of their values."""
    measured = person.panel.filter(pl.col("reported").is_not_null())
    about = st.segmented_control("About", list(ABOUT), default=PATIENT, format_func=ABOUT.__getitem__, key="note_about")
    if about == VALUE and measured.height:
        left, right = st.columns(2)
        names = {item.paramcd: item.name for item in controls.order_parameters(measured["paramcd"].unique().to_list())}
        paramcd = left.selectbox("Parameter", list(names), format_func=names.__getitem__, key="note_parameter")
        rows = measured.filter(pl.col("paramcd") == paramcd).select("day", "avisit").rows()
        right.selectbox("When", [describe_when(day, avisit) for day, avisit in rows], key="note_place")
    st.text_area("Note", key="note_text", height=80)
    st.checkbox("It is a query: somebody has to answer", key="note_query")
    st.button("Save the note", key="note_save", on_click=save_note, args=(person.view.cohort.study, person.usubjid))


def save_note(study: str, usubjid: str) -> None:
    """Save what is typed in, as it is at the click, and empty the field."""
    typed = {name: st.session_state.get(f"note_{name}") for name in ("about", "text", "parameter", "place", "query")}
    text, value = str(typed["text"] or "").strip(), typed["about"] == VALUE and bool(typed["parameter"])
    if not text:
        st.toast("Write the note first.", icon=":material/edit:")
        return
    of_value = {"paramcd": str(typed["parameter"]), "place": str(typed["place"] or "")} if value else {}
    note = Note(VALUE if value else PATIENT, text, usubjid, query=bool(typed["query"]), **of_value)
    if write_note(study, note):
        st.session_state["note_text"] = ""


def show_marks(person: Person) -> None:
    """What is reviewed of the patient, and the buttons that mark it."""
    study = person.view.cohort.study
    reviews = read_reviews(study, store.read_patient(study, person.usubjid).measurements).filter(
        pl.col("usubjid") == person.usubjid
    )
    if reviews.is_empty():
        st.caption("No value has been imported for this patient: there is nothing to review.")
        return
    event = tables.show(
        present_reviews(reviews).drop("Patient"),
        key=f"marks_{person.usubjid}",
        hide_index=True,
        placeholder="–",
        height="content",
        on_select="rerun",
        selection_mode="multi-row",
        alt=f"State of review of {person.usubjid}",
    )
    ticked = (
        reviews[event["selection"]["rows"]]
        if event["selection"]["rows"]
        else reviews.filter(pl.col("state") != REVIEWED)
    )
    words = "what is ticked" if event["selection"]["rows"] else "all that is open"
    st.button(f"Mark {words} as reviewed", key="mark", on_click=mark, args=(study, ticked), disabled=ticked.is_empty())
    st.caption("A mark holds for the values as they are now: any that is added, changed or gone opens it again.")


def mark(study: str, rows: pl.DataFrame) -> None:
    """Mark parameters of patients as reviewed, with the values as they are."""
    for row in rows.iter_rows(named=True):
        content = pl.DataFrame([row]).select("usubjid", "paramcd", "digest").write_json()[1:-1]
        store.save(MARK, study, name_mark(row["usubjid"], row["paramcd"]), content)


def present_reviews(reviews: pl.DataFrame) -> pl.DataFrame:
    """States of review as text."""
    return reviews.select(
        pl.col("usubjid").alias("Patient"),
        pl.col("paramcd").replace(PARAMETER_NAMES).alias("Parameter"),
        pl.col("n").alias("Values"),
        pl.col("state").alias("State"),
        pl.col("who").alias("By"),
        pl.col("saved_at").dt.strftime("%Y-%m-%d %H:%M").alias("When, UTC"),
    )


def show_progress(view: cohorts.View) -> None:
    """How far the review of the cohort is, by parameter, and what is open again."""
    st.header("Review")
    measured = view.select(view.study.measurements)
    if measured.is_empty():
        st.info("No value has been imported for these patients: there is nothing to review.")
        return
    reviews = read_reviews(view.cohort.study, measured)
    done, again = ((reviews["state"] == state).sum() for state in (REVIEWED, AGAIN))
    st.markdown(
        f"**{done:,} of {reviews.height:,}** courses reviewed; **{again:,}** open again because a value changed."
    )
    summary = summarize_reviews(reviews).with_columns(pl.col("paramcd").replace(PARAMETER_NAMES))
    columns = {"paramcd": "Parameter", "patients": "Patients", AGAIN: "open again"}
    tables.show(summary, hide_index=True, height=300, column_config=columns, alt="State of review by parameter")
    changed = reviews.filter(pl.col("state") == AGAIN)
    if changed.height:
        table = changed.select("usubjid", pl.col("paramcd").replace(PARAMETER_NAMES), "n", "who")
        labels = {"usubjid": "Patient", "paramcd": "Parameter", "n": "Values", "who": "Reviewed by"}
        patients.choose_patient(table, "open_again", labels, "Courses that are open again")
    output.offer_table(reviews.drop("digest"), "reviews")


def show_all_notes(view: cohorts.View) -> None:
    """Every note of the study, open queries first, as a list to take along."""
    st.header("Notes and queries")
    notes = read_notes(view.cohort.study)
    if notes.is_empty():
        st.info("No note yet. Write one on the page *Patient*, or under a figure in its passport.")
        return
    table = present_notes(notes)
    st.markdown(f"**{notes.height}** notes, **{(table['state'] == ASKED).sum()}** of them open queries.")
    labels = {"state": "State", "about": "About", "text": "Text", "answer": "Answer", "who": "By"}
    labels["saved_at"] = "When, UTC"
    order = list(labels)
    tables.show(table.select(order), hide_index=True, height="content", column_config=labels, alt="Notes and queries")
    output.offer_table(table.select(order), "notes")
    st.caption(f"In the terminal: `python cli.py notes --study {view.cohort.study}`")


def present_notes(notes: pl.DataFrame) -> pl.DataFrame:
    """Notes with what they are about in words, and their state; open queries first."""
    still = pl.col("query") & (pl.col("answer") == "")
    about = pl.Series([describe_about(row) for row in notes.iter_rows(named=True)], dtype=pl.String)
    asked = pl.when(still).then(pl.lit(ASKED)).when(pl.col("query")).then(pl.lit("answered"))
    return notes.with_columns(about=about, state=asked.otherwise(pl.lit("note"))).sort("state", descending=True)
