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
    has_dates = store.has_time_zero(study.study)
    st.header("How the files are read")
    readings = [(draft, *ask_reading(draft, has_dates)) for draft in drafts]
    still_open = sum(len(questions) for _, _, questions in readings)
    if still_open:
        st.warning(
            f"{still_open} questions are open above: what is not certain is asked, not guessed.", icon=":material/help:"
        )
        return
    st.header("What would happen")
    chosen = [(draft, reading) for draft, reading, _ in readings]
    plain = intake.try_import(study, intake.list_sources(chosen, study, pl.DataFrame()))
    key = "_".join(draft.key for draft in drafts)
    fixes = ask_fixes(plain, key)
    sources = intake.list_sources(chosen, study, fixes)
    preview = intake.try_import(study, sources)
    show_counts(preview)
    show_changes(preview)
    offer_rejects(drafts, preview)
    offer_commit(study, sources, preview)


render()
