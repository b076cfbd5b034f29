"""From one's own files to a checked study: drop, answer, look, import; and take it back."""

import polars as pl
import streamlit as st

from pages.shared import intake, store
from pages.shared.intake_mapping import ask_reading
from pages.shared.intake_preview import ask_fixes, offer_rejects, show_changes, show_counts
from pages.shared.intake_steps import ask_files, ask_study, offer_commit, show_last

ADVICE = (
    "Nothing is stored before you press *Import*. Names, birth dates, record numbers, phones and e-mails never are."
)


def render() -> None:
    """The page."""
    st.title("Import")
    st.caption(ADVICE)
    show_last()
    try:
        show_intake()
    except intake.EXPECTED as error:
        st.error(str(error), icon=":material/block:")


def show_intake() -> None:
    """The steps from a file to a revision."""
    study = ask_study()
    files, encoding = ask_files()
    if study is None or not files:
        st.info("Choose a study and drop its files: CSV, Excel, Parquet, REDCap, SDTM or ADaM, FHIR, or a zip of them.")
        return
    drafts = intake.open_drafts(files, encoding, study)
    st.header("How the files are read")
    has_dates = store.has_time_zero(study.study) or intake.give_day_0(item.proposal.reading for item in drafts)
    readings = []
    for draft in drafts:
        reading, questions = ask_reading(draft, has_dates)
        readings.append((draft, reading, questions))
        has_dates = has_dates or (reading is not None and intake.give_day_0([reading]))
    still_open = sum(len(questions) for _, _, questions in readings)
    if still_open:
        asked = f"{still_open} open above: what is not certain is asked, not guessed."
        st.warning(f"Questions: {asked}", icon=":material/help:")
        return
    chosen = [(draft, reading) for draft, reading, _ in readings]
    intake.check_subjects(chosen, store.count_subjects(study.study))
    show_outcome(study, chosen)


def show_outcome(study: intake.StudyFile, chosen: list[tuple[intake.Draft, intake.Reading | None]]) -> None:
    """What the import would do, with the fixes that are accepted; and the button that does it."""
    st.header("What would happen")
    if study.simulated:
        st.warning("**SIMULATED** data: no patient stands behind these numbers.", icon=":material/science:")
    drafts = [draft for draft, _ in chosen]
    plain = intake.try_import(study, intake.list_sources(chosen, study, pl.DataFrame()))
    fixes = ask_fixes(plain, "_".join(draft.key for draft in drafts))
    sources = intake.list_sources(chosen, study, fixes)
    preview = intake.try_import(study, sources)
    show_counts(preview)
    show_changes(preview)
    offer_rejects(drafts, preview)
    offer_commit(study, sources, preview)


render()
