"""What is asked on every page in the same way: study, cohort, parameter, theme."""

from collections.abc import Iterable
from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from analytics.catalog import PARAMETERS, Parameter
from analytics.cohort import Cohort, select_cohort, select_subjects
from analytics.figures.theme import Theme
from analytics.panel import StudyData, list_parameters
from analytics.scores import SCORES, find_any_parameter
from pages.shared import store

FILTERS = {"arm": "Arm", "sex": "Sex", "site": "Site", "etiology": "Etiology"}
FIRST = ("child_pugh", "meld", "bilirubin", "fibrosis_index")
NO_ARM = "no arm recorded"


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
    study = st.sidebar.selectbox("Study", names, key="study", bind="query-params")
    if study is None:
        return None
    subjects = store.read_study(study).subjects
    chosen: dict[str, tuple[str, ...]] = {}
    for column, label in FILTERS.items():
        options = subjects[column].drop_nulls().unique().sort().to_list()
        if len(options) > 1:
            key = f"{column}_{study}"
            chosen[column] = tuple(
                st.sidebar.multiselect(label, options, key=key, bind="query-params", placeholder="all")
            )
    return Cohort(
        study, chosen.get("arm", ()), chosen.get("sex", ()), chosen.get("site", ()), chosen.get("etiology", ())
    )


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
    rank = {code: position for position, code in enumerate([*SCORES, *PARAMETERS])}
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


def ask_code(label: str, names: dict[str, str], key: str, first: str) -> str:
    """One of the codes, shown by name; kept in the address by code, so that a link survives another wording."""
    asked = st.session_state.get(key, st.query_params.get(key))
    st.session_state[key] = asked if asked in names else first
    chosen = (
        st.selectbox(label, list(names), format_func=lambda code: names[code], key=key, persist_state="session")
        or first
    )
    st.query_params[key] = chosen
    return chosen


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
    prefix = "SIMULATED-" if is_simulated() else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Table (CSV)",
            data=lambda: export_csv(table),
            file_name=f"{prefix}{key}.csv",
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


def export_csv(table: pl.DataFrame) -> bytes:
    """A table as CSV for a spreadsheet, its cells made harmless, SIMULATED in a first column where it is."""
    marked = table.with_columns(data=pl.lit("SIMULATED")).select("data", *table.columns) if is_simulated() else table
    return store.write_csv(marked)
