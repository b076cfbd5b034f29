"""The first and the last step of an import: for which study, from which files; publish, and take back."""

import streamlit as st

from data.importers.readers.encoding import ENCODINGS
from data.importers.sources import Source
from data.importers.study_file import StudyFile
from pages.shared import intake, store

NEW = "A new study"
AUTOMATIC = "find it"
KINDS = ["csv", "tsv", "txt", "tab", "dat", "xlsx", "xlsm", "parquet", "xpt", "json", "ndjson", "zip"]


def ask_study() -> StudyFile | None:
    """The study that the files belong to; None while a new one has no name."""
    known = store.studies()["study"].to_list()
    chosen = st.selectbox("Import into", [NEW, *known], key="import_study", width=420)
    if chosen != NEW:
        return intake.describe_study(str(chosen))
    with st.container(horizontal=True, key="new_study"):
        name = st.text_input("Short name of the study", key="new_name", placeholder="abmi-2026", width=220).strip()
        title = st.text_input(
            "Title", key="new_title", placeholder="Autologous bone marrow cells in cirrhosis", width=420
        )
        zero = st.selectbox(
            "Day 0 is the day of",
            list(intake.TIME_ZEROS),
            format_func=intake.TIME_ZEROS.__getitem__,
            key="new_zero",
            width=200,
        )
    if name in known:
        st.error(f"There is a study {name} already: choose it above to add to it.", icon=":material/block:")
        return None
    return intake.new_study(name, title.strip(), zero) if name else None


def ask_files() -> tuple[list[tuple[str, bytes]], str]:
    """The files that were dropped, and the encoding of their text where it is said."""
    dropped = st.file_uploader("Files of the study", type=KINDS, accept_multiple_files=True, key="import_files")
    with st.expander("A text file shows wrong letters?"):
        options = [AUTOMATIC, *ENCODINGS.values()]
        said = st.selectbox("Letters of text files", options, key="import_encoding", width=260)
    encoding = next((code for code, name in ENCODINGS.items() if name == said), "")
    return [(file.name, file.getvalue()) for file in dropped], encoding


def offer_commit(study: StudyFile, sources: list[Source], preview: intake.Preview) -> None:
    """The button that publishes the import; where nothing is new, it says so."""
    news = int(preview.counts["added"].sum()) + int(preview.counts["changed"].sum())
    if not news:
        st.info("Nothing in these files is new: the study holds it already, or every row is rejected.")
        return
    if st.button(f"Import into {study.study}", key="import_commit", icon=":material/publish:"):
        report = intake.commit(study, sources)
        st.session_state.pop("import_undone", None)
        st.session_state["import_done"] = (study.study, report.revision, news, report.rejected)
        st.rerun()


def show_last() -> None:
    """What the last import of this session did, and the way back."""
    if undone := st.session_state.get("import_undone"):
        st.info(undone, icon=":material/undo:")
    done = st.session_state.get("import_done")
    if not done:
        return
    study, revision, news, rejected = done
    if revision is None:
        st.info("The same files had been imported already: nothing new was published.")
        return
    told = f"{study}: {news:,} rows are in, {rejected:,} rejected. Revision {revision}."
    with st.container(horizontal=True, vertical_alignment="center", key="import_result"):
        st.success(told, icon=":material/check_circle:")
        patients = "pages/patient/profile.py"
        st.page_link(patients, label="See the patients", icon=":material/person:", query_params={"study": study})
        if st.button("Take it back", key="import_undo", icon=":material/undo:"):
            take_back(str(revision))


def take_back(revision: str) -> None:
    """Undo the import, unless another one was published since."""
    if store.revision() != revision:
        st.error("Another change was published since; take one batch back with `python cli.py undo --batch N`.")
        return
    undone, parent = intake.undo()
    del st.session_state["import_done"]
    st.session_state["import_undone"] = f"{undone} is taken back; the data are those of {parent}."
    st.rerun()
