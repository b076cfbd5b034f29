"""The report on screen: what goes into it, comments, the kind of file, progress, the download."""

import json
import shlex
from functools import partial
from typing import Any

import streamlit as st

from analytics.documents.report import MIMES, NO_BROWSER, WITHOUT_BROWSER, write_report
from analytics.profile.sheet import name_origin
from analytics.report.build import TITLES, USUAL, build_report
from analytics.report.trial import Choice, Trial, make_trial, write_recipe
from pages.shared import cohorts, controls, output, store
from pages.shared.safety_rules import list_rules

FORMATS = {
    "html": "HTML: one page that works offline, figures can be hovered",
    "pdf": "PDF: to print and to send",
    "pptx": "PPTX: slides, charts and tables can be edited",
    "docx": "DOCX: text document, tables can be edited",
    "xlsx": "XLSX: all numbers",
}
MANY = 60  # patients: with more, patient pages take minutes

MOST_REPORTS = 10


def ask_choice() -> Choice:
    """The sections, and a comment for each."""
    chosen = st.pills(
        "Sections", list(TITLES), selection_mode="multi", default=list(USUAL), format_func=TITLES.__getitem__,
        key="report_sections", wrap=True,
    )  # fmt: skip
    chosen = [code for code in TITLES if code in chosen]
    with st.expander("Comments, carried into the report above their section"):
        typed = {code: st.text_area(TITLES[code], key=f"report_comment_{code}", height=80) for code in chosen}
    comments = {code: text.strip() for code, text in typed.items() if text and text.strip()}
    return Choice(tuple(chosen), comments, controls.units())


def ask_kind() -> str:
    """The kind of file; without a browser two of them, and a sentence that says why."""
    drawn = store.can_draw_pictures()
    kinds = {kind: words for kind, words in FORMATS.items() if drawn or kind in WITHOUT_BROWSER}
    if not drawn:
        st.info(NO_BROWSER, icon=":material/print_disabled:")
    return controls.ask_detail("As", kinds, "report_kind", "html")


def make(view: cohorts.View, choice: Choice, kind: str) -> None:
    """Make the report at the click, with progress, and offer it; what is made stays until something changes."""
    if not choice.sections:
        st.info("Choose at least one section.")
        return
    if "patients" in choice.sections and view.subjects.height > MANY and kind != "xlsx":
        st.caption(f"Patient pages of {view.subjects.height} patients take some minutes.")
    trial = read_trial(view)
    key = json.dumps([write_recipe(trial, choice), kind, view.subjects.height], sort_keys=True)
    if st.button("Make the report", key="report_make", icon=":material/description:"):
        with st.status("Making the report …", expanded=True) as status:
            document = build_report(trial, choice, st.write)
            keep_report(key, write_report(document, kind, st.write))
            status.update(label=f"The report is made: {document.counts}.", state="complete", expanded=False)
    made = find_report(key)
    if made is not None:
        name = f"report-{view.cohort.study}.{kind}"
        output.offer(f"Report ({kind.upper()}, {len(made) / 1e6:.1f} MB)", partial(bytes, made), name, MIMES[kind])
    show_command(view, choice, kind)


def show_command(view: cohorts.View, choice: Choice, kind: str) -> None:
    """The command that makes the same report, and how one is made again."""
    parts = [f"--section {code}" for code in choice.sections] if choice.sections != USUAL else []
    parts += [f"--comment {shlex.quote(f'{code}={text}')}" for code, text in choice.comments.items()]
    command = f"python cli.py report {view.cohort.options} {' '.join(parts)} --out report.{kind}{output.units_flag()}"
    st.caption("The same in the terminal:")
    st.code(command.replace("  ", " "), language=None, wrap_lines=True)
    st.caption(
        "Every report holds its own recipe (study, revision, filters, sections, comments, units). To make it again "
        f"with the same numbers: `python cli.py report --recipe report.{kind} --out again.{kind}`"
    )


def read_trial(view: cohorts.View) -> Trial:
    """What the report rests on, of this run's revision."""
    study = view.cohort.study
    rules, _ = list_rules(view)
    facts: dict[str, Any] = {"statements": store.statements(study), "findings": store.findings(study)}
    if view.is_sampled:
        counted = store.read_safety(view.cohort, pooled=False)
        facts |= {"everybody": store.traits(study).height, "counted": counted}
    origin = name_origin(study, view.study.config, store.revision(), view.subjects["cut_day"])
    return make_trial(
        view.cohort,
        view.study,
        view.subjects,
        cohorts.read_catalog_panel(view),
        origin=origin,
        rules=tuple(rules),
        units=controls.units(),
        **facts,
    )


@st.cache_resource(show_spinner=False)
def shelf_of_reports() -> dict[str, bytes]:
    """The last reports of this server, by what they were made of: a rerun of the page must not lose one."""
    return {}


def keep_report(key: str, made: bytes) -> None:
    """Keep a report until it can be downloaded; of several sessions the last ten."""
    shelf = shelf_of_reports()
    shelf[key] = made
    while len(shelf) > MOST_REPORTS:
        del shelf[next(iter(shelf))]


def find_report(key: str) -> bytes | None:
    """The report that was made of this; None where none was."""
    return shelf_of_reports().get(key)
