"""What is asked on every page in the same way: study, cohort, parameter, theme."""

from collections.abc import Iterable
from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from analytics.catalog import PARAMETERS, Parameter
from analytics.cohort import Cohort, select_cohort, select_subjects
from analytics.figures.theme import Theme
from analytics.groups import SUBJECT_GROUPS
from analytics.panel import StudyData, list_parameters
from analytics.patient import describe_scores
from analytics.scores import find_any_parameter, list_series
from analytics.summary import NO_ARM
from pages.shared import store

# What columns are called on screen; downloads keep the field's variable names.
LABELS = {
    "parameter": "Parameter",
    "avisit": "Visit",
    "day": "Day",
    "aval": "Value",
    "avalc": "Class or word",
    "base": "Baseline",
    "chg": "Change",
    "pchg": "Change, %",
    "reported": "As reported",
    "reported_unit": "Unit",
    "file_name": "File",
    "line": "Line",
    "remark": "Remark",
    "kind": "Kind",
    "grade": "Grade",
    "serious": "Serious",
    "related": "Related",
    "value": "Value",
    "unit": "Unit",
    "text": "Text",
    "product": "Product",
    "route": "Route",
    "cells_e6": "Cells, 10⁶",
    "cells_e6_per_kg": "Cells, 10⁶/kg",
    "volume_ml": "Volume, mL",
    "viability_pct": "Viability, %",
    "isolated_cells_e6": "Isolated, 10⁶",
    "recovery_pct": "Recovery, %",
    "cd34_e6": "CD34+, 10⁶",
    "cd45_e6": "CD45+, 10⁶",
    "cd117_e6": "CD117+, 10⁶",
    "cd133_e6": "CD133+, 10⁶",
    "drug": "Drug",
    "start_day": "From day",
    "end_day": "To day",
    "daily_dose": "Daily dose",
    "n": "n",
    "of_n": "of",
    "time": "When",
    "source": "Source",
    "section": "Section",
    "item": "Item",
    "operator": "",
    "note": "Note",
    "position": "Order",
    "target_day": "Target day",
    "first_day": "First day",
    "last_day": "Last day",
    "arm": "Arm",
    "batch": "Batch",
    "study": "Study",
    "rows_read": "Read",
    "accepted": "Accepted",
    "rejected": "Rejected",
    "unchanged": "Unchanged",
    "imported_at": "Imported, UTC",
    "who": "By",
    "revision": "Revision",
    "parent": "Made from",
    "action": "By what",
    "created_at": "When, UTC",
    "sha256": "SHA-256",
    "level": "Level",
    "column": "Column",
    "reason": "Reason",
    "mean": "Mean",
    "sd": "SD",
    "se": "SE",
    "median": "Median",
    "q1": "Q1",
    "q3": "Q3",
    "smallest": "Smallest",
    "largest": "Largest",
    "lower": "Lower 95 %",
    "upper": "Upper 95 %",
}
FIRST = ("child_pugh", "meld", "bilirubin", "fibrosis_index")


@dataclass(frozen=True)
class View:
    """The cohort as pages see it: its subjects, and the study's frames restricted to them."""

    cohort: Cohort
    study: StudyData
    subjects: pl.DataFrame
    panel: pl.DataFrame
    origin: str

    @property
    def events(self) -> pl.DataFrame:
        """Events of the cohort's subjects, infusions among them."""
        infusions = self.study.treatments.select("usubjid", kind=pl.lit("infusion"), day="day")
        everything = pl.concat([self.study.events.select("usubjid", "kind", "day"), infusions])
        return everything.join(self.subjects.select("usubjid"), on="usubjid", how="semi")


def ask_cohort() -> Cohort | None:
    """The study and its filters, asked in the sidebar and kept in the address; None without a study."""
    known = store.studies()
    if known.is_empty():
        return None
    names = known["study"].to_list()
    with st.sidebar:
        study = ask_code("Study", dict(zip(names, names, strict=True)), "study", names[0])
        subjects = store.read_study(study).subjects
        options = {column: subjects[column].drop_nulls().unique().sort().to_list() for column in SUBJECT_GROUPS}
        chosen = {
            column: ask_filter(SUBJECT_GROUPS[column], values, column)
            for column, values in options.items()
            if len(values) > 1
        }
    return Cohort.of(study, chosen)


def view() -> View:
    """The cohort chosen in the sidebar. Stops the page, in words, where there is none."""
    cohort = st.session_state.get("cohort")
    if cohort is None:
        st.info(
            "There is no study yet. Import one in the terminal: `python cli.py import FOLDER`, then reload this page."
        )
        st.stop()
    study = store.read_study(cohort.study)
    subjects = select_cohort(study.subjects, cohort).with_columns(pl.col("arm").fill_null(NO_ARM))
    show_head(cohort, study, subjects)
    if subjects.is_empty():
        st.info("No subject of this study passes the filters in the sidebar.")
        st.stop()
    panel = select_subjects(store.read_panel(cohort.study), subjects)
    return View(cohort, study, subjects, panel, f"{store.config(cohort.study)['time_zero']} (day 0)")


def show_head(cohort: Cohort, study: StudyData, subjects: pl.DataFrame) -> None:
    """What is always in view: the study, simulated or real, n of N, the filters, the data cut."""
    facts = store.config(cohort.study)
    if facts.get("simulated"):
        st.warning("**SIMULATED** data: no patient stands behind these numbers.", icon=":material/science:")
    cut = study.subjects["cut_day"].max()
    parts = [
        f"**{facts.get('title', cohort.study)}**",
        f"{subjects.height} of {study.subjects.height} patients" + (f" ({cohort.words})" if cohort.words else ""),
        f"data as of revision {store.revision()}" + (f", cut at day {cut}" if cut is not None else ""),
    ]
    st.caption(" · ".join(parts))


def order_parameters(codes: Iterable[str]) -> list[Parameter]:
    """Parameters as people look for them: scores first, then in the order of the catalog."""
    rank = {code: position for position, code in enumerate([*list_series(), *PARAMETERS])}
    return [find_any_parameter(code) for code in sorted(codes, key=lambda code: rank[code])]


def ask_parameter(panel: pl.DataFrame, key: str) -> Parameter:
    """One of the parameters and scores that the cohort has. Stops the page where it has none."""
    parameters = order_parameters(list_parameters(panel))
    if not parameters:
        st.info("No value has been imported for these patients.")
        st.stop()
    changed = set(panel.filter(pl.col("post"), pl.col("chg").is_not_null())["paramcd"])
    names = {parameter.paramcd: parameter.title for parameter in parameters}
    first = next((code for code in FIRST if code in changed), next(iter(names)))
    return find_any_parameter(ask_code("Parameter or score", names, key, first))


def follow_link(key: str, linked: list[str]) -> None:
    """Let an address that changed since its control wrote it (a link, Back) win over what was chosen before."""
    if linked and linked != st.session_state.get(f"{key}_written"):
        st.session_state[key] = linked if isinstance(st.session_state.get(key), list) else linked[0]


def write_link(key: str, chosen: list[str]) -> None:
    """Put what is chosen into the address; an address that says it already gets no new entry in the history."""
    st.session_state[f"{key}_written"] = chosen
    if st.query_params.get_all(key) != chosen:
        st.query_params[key] = chosen


def ask_code(label: str, names: dict[str, str], key: str, first: str) -> str:
    """One of the codes, shown by name and kept in the address by code, so that every view can be sent.

    A code that is not among ``names`` gives way to ``first``.
    """
    follow_link(key, [code for code in st.query_params.get_all(key) if code in names][:1])
    if st.session_state.get(key) not in names:
        st.session_state[key] = first
    chosen = st.selectbox(label, list(names), format_func=lambda code: names[code], key=key, persist_state="session")
    write_link(key, [chosen or first])
    return chosen or first


def ask_detail(label: str, names: dict[str, str], key: str, first: str) -> str:
    """Like ``ask_code``, but ``first`` is left out of the address: several details on a page stay one step of Back."""
    linked = [code for code in st.query_params.get_all(key) if code in names][:1]
    if linked != st.session_state.get(f"{key}_written", []) or st.session_state.get(key) not in names:
        st.session_state[key] = linked[0] if linked else first
    chosen = st.selectbox(label, list(names), format_func=lambda code: names[code], key=key) or first
    write_link(key, [] if chosen == first else [chosen])
    return chosen


def ask_filter(label: str, options: list[str], key: str) -> tuple[str, ...]:
    """Any of the options, kept in the address; none chosen lets everybody pass."""
    kept = [option for option in st.session_state.get(key, []) if option in options]
    st.session_state[key] = kept
    follow_link(key, [option for option in st.query_params.get_all(key) if option in options])
    chosen = st.multiselect(label, options, key=key, persist_state="session", placeholder="all")
    write_link(key, chosen)
    return tuple(chosen)


def ask_one(label: str, key: str, options: list[str]) -> str:
    """One of a few choices, kept in the address."""
    return (
        st.segmented_control(label, options, default=options[0], required=True, key=key, bind="query-params")
        or options[0]
    )


def theme() -> Theme:
    """The reader's theme."""
    return Theme(dark=st.context.theme.type == "dark")


def open_patient(usubjid: str) -> None:
    """Go to the page of one patient."""
    st.switch_page("pages/patient/profile.py", query_params={**st.query_params.to_dict(), "usubjid": usubjid})


def show_figure(figure: go.Figure, key: str, alt: str, table: pl.DataFrame, command: str) -> None:
    """A figure with its alternative text, the download of its table, and the command that prints its numbers."""
    st.plotly_chart(
        figure, key=key, alt=alt, config={"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}
    )
    simulated = is_simulated()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Table (CSV)",
            data=lambda: export_csv(table, simulated),
            file_name=f"{'SIMULATED-' if simulated else ''}{key}.csv",
            mime="text/csv",
            key=f"{key}_csv",
            on_click="ignore",
            icon=":material/download:",
        )
        st.caption(f"The same numbers in the terminal: `{command}`")


def export_command(view: View) -> str:
    """The command that writes the study's rows."""
    return f"python cli.py export --study {view.cohort.study} --out FOLDER"


def is_simulated() -> bool:
    """Whether the study in view is simulated."""
    cohort = st.session_state.get("cohort")
    return bool(cohort and store.config(cohort.study).get("simulated"))


def export_csv(table: pl.DataFrame, simulated: bool) -> bytes:
    """A table as CSV for a spreadsheet, its cells made harmless, SIMULATED in a first column where it is.

    It is called at the click, outside the session, so it is told what it must know.
    """
    marked = table.with_columns(data=pl.lit("SIMULATED")).select("data", *table.columns) if simulated else table
    return store.write_csv(marked)


def show_not_computable(panel: pl.DataFrame) -> None:
    """The scores that these patients cannot have, and why."""
    sentences = describe_scores(panel)
    if not sentences:
        return
    with st.expander(f"Scores that cannot be computed here, and what is missing ({len(sentences)})"):
        for sentence in sentences:
            st.caption(sentence)
