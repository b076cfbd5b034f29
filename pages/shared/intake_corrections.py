"""Values entered and corrected on screen: a draft of corrections, published together."""

import polars as pl
import streamlit as st

from analytics.catalog import PARAMETERS
from data.corrections import drop_draft, list_drafts, publish_corrections, save_draft
from data.home import find_home
from data.importers.screen import BadCorrection, Correction
from data.revisions import StoreBusy
from pages.shared import cohorts, store, tables
from pages.shared.labels import LABELS, WITH_CODES
from pages.shared.navigation import KEY, ask_among

EXPECTED = (BadCorrection, StoreBusy)
NO_DAY = "no day: a visit instead"


def ask_correction(view: cohorts.View) -> None:
    """One value: of whom, what, when, the new text and unit, and why."""
    ids = view.ids
    linked = [item for item in st.query_params.get_all(KEY) if item in ids][:1]
    # A link to another patient is another question: what was chosen before does not answer it.
    first = linked[0] if linked else ids[0]
    usubjid = ask_among(ids, first, f"correct_{first}", "Patient")
    own = store.read_patient(view.cohort.study, usubjid).measurements.sort("paramcd", "day")
    codes = [*own["paramcd"].unique(maintain_order=True).to_list()]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        options = [*codes, *(code for code in WITH_CODES if code not in codes)]
        paramcd = str(
            st.selectbox("Parameter", options, format_func=WITH_CODES.__getitem__, key="correct_parameter", width=420)
        )
        place, stored = ask_place(own.filter(pl.col("paramcd") == paramcd), view.study.visits)
    ask_value(view.cohort.study, usubjid, paramcd, place, stored)


def ask_place(own: pl.DataFrame, visits: pl.DataFrame) -> tuple[tuple[int | None, str], dict[str, str | None]]:
    """The day or visit of the value, and what is stored there."""
    places = {name_place(row): row for row in own.to_dicts()}
    chosen = st.selectbox("Value", [*places, "a new value"], key="correct_place", width=300)
    if chosen in places:
        row = places[chosen]
        return (row["day"], row["avisit"] or ""), row
    day = st.number_input("Day", -36_000, 36_000, None, 1, key="correct_day", width=120, placeholder=NO_DAY)
    avisit = st.selectbox("Visit", ["", *visits["avisit"].to_list()], key="correct_visit", width=160)
    return (None if day is None else int(day), str(avisit)), {}


def name_place(row: dict[str, object]) -> str:
    """A stored value with its place, as a list shows it."""
    when = f"day {row['day']}" if row["day"] is not None else str(row["avisit"])
    return f"{when}: {row['reported']} {row['reported_unit'] or ''}".strip()


def ask_value(
    study: str, usubjid: str, paramcd: str, place: tuple[int | None, str], stored: dict[str, str | None]
) -> None:
    """The new text, unit and reason; put into the draft."""
    units = [item for item in PARAMETERS[paramcd].units if item != "1"]
    first = stored.get("reported_unit") or (units[0] if units else "")
    with st.form("correct", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            aval = st.text_input("New value (empty removes it)", value=stored.get("reported") or "", width=220)
            unit = st.selectbox("Unit", [first, *(item for item in units if item != first)], width=160) if units else ""
            reason = st.text_input("Why", placeholder="typing error; source: laboratory report", width=420)
        if st.form_submit_button("Add to the draft", icon=":material/edit_note:"):
            day, avisit = place
            if save_draft(find_home(), study, Correction(usubjid, paramcd, day, avisit, aval, str(unit or ""), reason)):
                st.rerun()


def show_draft(study: str) -> None:
    """The drafted corrections; each can be dropped, all are published as one revision."""
    st.header("Draft")
    drafts = list_drafts(find_home(), study)
    if not drafts:
        st.info("No correction is drafted. Nothing changes in the data before you publish a draft.")
        return
    for at, item in enumerate(drafts):
        with st.container(horizontal=True, vertical_alignment="center", key=f"draft_{at}"):
            when = f"day {item.day}" if item.day is not None else item.avisit
            new = f"{item.aval} {item.unit}".strip() or "removed"
            st.text(
                f"{item.usubjid} · {PARAMETERS[item.paramcd].name} · {when} → {new} · {item.reason}", width="stretch"
            )
            if st.button("Drop", key=f"drop_{at}", icon=":material/close:") and drop_draft(find_home(), study, item):
                st.rerun()
    if st.button(f"Publish {len(drafts)} as one revision", key="publish_draft", icon=":material/publish:"):
        revision = publish_corrections(find_home(), study)
        st.toast(f"Published as {revision}.", icon=":material/check_circle:")
        st.rerun()


def show_published(study: str) -> None:
    """What was changed so far: by correction, fix or a newer file, old → new with the reason."""
    st.header("Changed so far, old → new")
    changes = store.changes(study)
    if changes.is_empty():
        st.info("No stored value has been changed.")
        return
    alt = "Changed values, old and new, with the reason"
    tables.show(changes, hide_index=True, placeholder="–", column_config=LABELS, alt=alt)
