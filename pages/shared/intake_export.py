"""A study out of the store, as a zip of the format that the reader chooses."""

import io
import tempfile
import zipfile
from functools import partial
from pathlib import Path

import streamlit as st

from data.database import open_reader
from data.exports.study import FORMATS, describe_loss, export_study
from data.exports.tables import LOST_IN_DEIDENTIFICATION
from data.home import find_home
from data.revisions import record_action
from pages.shared import store


def ask_export(study: str) -> None:
    """Format and option, what the format cannot carry, and the download."""
    form = str(st.radio("Format", list(FORMATS), format_func=FORMATS.__getitem__, key="export_format"))
    hidden = st.toggle("De-identified", key="export_deidentified")
    lost = [*describe_loss(form), *([LOST_IN_DEIDENTIFICATION] if hidden else [])]
    st.markdown("\n".join(lost) if lost else "This format carries everything: importing it again gives the same study.")
    prefix = "SIMULATED-" if store.config(study).get("simulated") else ""
    st.download_button(
        f"Export {study} (zip)",
        data=partial(make_zip, store.pinned().revision, study, form, hidden),
        file_name=f"{prefix}{study}-{form}{'-deidentified' if hidden else ''}.zip",
        mime="application/zip",
        key="export_do",
        on_click="ignore",
        icon=":material/download:",
    )
    flag = " --de-identified" if hidden else ""
    st.caption(f"In the terminal: `python cli.py export --study {study} --out FOLDER --format {form}{flag}`")


def make_zip(revision: str, study: str, form: str, hidden: bool) -> bytes:
    """The files of an export in a zip; noted in the audit log. Called at the click, outside the session."""
    home = find_home()
    with tempfile.TemporaryDirectory() as folder, open_reader(home, revision) as connection:
        files = export_study(connection, study, Path(folder), form, hidden)
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in files:
                archive.write(path, path.relative_to(folder))
    record_action(home, "export", {"study": study, "format": form, "de_identified": hidden})
    return whole.getvalue()
