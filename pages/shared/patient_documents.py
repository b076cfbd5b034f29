"""What can be taken along of one patient: the printed page, the workbook."""

from functools import partial

import plotly.graph_objects as go
import streamlit as st

from analytics.documents.printed import print_patient
from analytics.documents.workbook import write_workbook
from analytics.figures.patient import plot_patient
from analytics.figures.theme import Theme
from analytics.profile.sheet import Origin, choose_printed, list_sheets, make_sheet, name_origin
from pages.shared import controls, output, store
from pages.shared.person import Person


def offer_documents(person: Person) -> None:
    """One page to print, and everything as a workbook; each is made at the click."""
    origin = describe_origin(person)
    sheet = make_sheet(person, origin)
    tables = list_sheets(person, controls.units())
    about = {"Patient": person.usubjid, "Study": origin.title, "Source": origin.words, "Units": controls.units()}
    with st.container(horizontal=True):
        output.offer(
            "One page (PDF)",
            partial(print_patient, sheet, plot_printed(person)),
            f"{person.usubjid}.pdf",
            "application/pdf",
        )
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        output.offer("Everything (XLSX)", partial(write_workbook, tables, about), f"{person.usubjid}.xlsx", kind)
    st.caption(f"The same in the terminal: `{person.command} --out FILE.pdf` (or .xlsx, .csv)")


def describe_origin(person: Person) -> Origin:
    """Where the patient's numbers come from."""
    cuts = person.study.subjects["cut_day"]
    return name_origin(person.view.cohort.study, person.study.config, store.revision(), cuts)


def plot_printed(person: Person) -> go.Figure | None:
    """The figure of the printed page: timeline and key strips on white; none without a value."""
    return None if person.points.is_empty() else plot_patient(*choose_printed(person), Theme())
