"""What can be taken along of one patient: the printed page, the workbook."""

from functools import partial

import streamlit as st

from analytics.documents.case import print_case, write_case_workbook
from analytics.profile.sheet import name_origin
from pages.shared import controls, output, store
from pages.shared.person import Person

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def offer_documents(person: Person) -> None:
    """One page to print, and everything as a workbook; each is made at the click."""
    cuts = person.study.subjects["cut_day"]
    origin = name_origin(person.view.cohort.study, person.study.config, store.revision(), cuts)
    page, book = partial(print_case, person, origin), partial(write_case_workbook, person, origin, controls.units())
    with st.container(horizontal=True):
        output.offer("One page (PDF)", page, f"{person.usubjid}.pdf", "application/pdf")
        output.offer("Everything (XLSX)", book, f"{person.usubjid}.xlsx", WORKBOOK)
    st.caption(f"The same in the terminal: `{person.command} --out FILE.pdf` (or .xlsx, .csv)")
