"""The documents about one patient, as page and terminal make them: the printed page, the workbook."""

from analytics.documents.printed import print_patient
from analytics.documents.workbook import write_workbook
from analytics.figures.patient import plot_patient
from analytics.figures.theme import Theme
from analytics.profile.case import Case
from analytics.profile.sheet import Origin, choose_printed, list_sheets, make_sheet


def print_case(case: Case, origin: Origin) -> bytes:
    """One page (PDF) with timeline and key strips on white; without a value it has no figure."""
    figure = None if case.points.is_empty() else plot_patient(*choose_printed(case), Theme())
    return print_patient(make_sheet(case, origin), figure)


def write_case_workbook(case: Case, origin: Origin, system: str) -> bytes:
    """Everything of the patient as a workbook (XLSX), in the unit system."""
    about = {"Patient": case.usubjid, "Study": origin.title, "Source": origin.words, "Units": system}
    return write_workbook(list_sheets(case, system), about)
