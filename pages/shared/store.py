"""The only door from pages to data: frames of one revision a run, cached by its stamp.

Cached frames are shared between sessions and never changed: Polars frames are immutable.
"""

import gc
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import plotly.graph_objects as go
import polars as pl
import streamlit as st

from analytics.cohort import derive_traits, list_events, list_extremes, select_subjects
from analytics.documents.pictures import has_browser, render_figure
from analytics.forecast import Forecast, fit_forecast
from analytics.panel import StudyData, assemble_study, derive_panel
from analytics.summary import NO_ARM
from analytics.units import CONVENTIONAL, convert_panel
from data import queries
from data.database import open_reader
from data.export import make_harmless
from data.home import Home, NoStore, find_home
from data.workspace import Item, fetch_items, make_item, remove_item, save_item


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Once a server: what is imported by now lives as long as it does, so no collection walks it again."""
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class Stamp:
    """What every cache is keyed by: the store's folder and its revision, whose name is never used twice."""

    folder: str
    revision: str


def pin() -> None:
    """Hold on to the revision that is current now, so that all of one run shows the same data."""
    home = find_home()
    there = home.read_pointer() is not None
    st.session_state["stamp"] = Stamp(str(home.folder.resolve()), home.current()) if there else None


def pinned() -> Stamp:
    """The revision of this run. Raises NoStore while there is no data."""
    stamp = st.session_state.get("stamp")
    if stamp is None:
        raise NoStore("there is no data yet")
    return stamp


def revision() -> str:
    """The name of the revision of this run. Raises NoStore."""
    return pinned().revision


@st.cache_resource(show_spinner=False, max_entries=4)
def connect(stamp: Stamp) -> duckdb.DuckDBPyConnection:
    """The read-only connection of a revision; queries take a cursor each."""
    return open_reader(Home(Path(stamp.folder)), stamp.revision)


def reader() -> duckdb.DuckDBPyConnection:
    """The connection of this run's revision. Raises NoStore."""
    return connect(pinned())


def studies() -> pl.DataFrame:
    """The studies in the store; empty while there is no data."""
    if st.session_state.get("stamp") is None:
        return pl.DataFrame(schema={"study": pl.String, "title": pl.String, "simulated": pl.Boolean})
    return queries.fetch_studies(reader())


def config(study: str) -> dict[str, Any]:
    """What the study file says of a study."""
    return cached_config(pinned(), study)


def read_study(study: str) -> StudyData:
    """The observed frames of a study, from this run's revision."""
    return cached_study(pinned(), study)


def read_panel(study: str, system: str) -> pl.DataFrame:
    """Everything measured or derived in a study at this run's revision, in a unit system, with each subject's arm."""
    return cached_panel(pinned(), study, system)


def traits(study: str) -> pl.DataFrame:
    """The subjects of a study with what filters need of them."""
    return cached_traits(pinned(), study)


def extremes(study: str) -> dict[str, tuple[float, float]]:
    """The smallest and largest baseline of every quantity that varies, in the catalog's units; age among them."""
    return cached_extremes(pinned(), study)


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_config(stamp: Stamp, study: str) -> dict[str, Any]:
    """The study file of one study of one revision; nobody changes it."""
    return queries.fetch_config(connect(stamp), study)


@st.cache_resource(show_spinner="Reading the study …", max_entries=8)
def cached_study(stamp: Stamp, study: str) -> StudyData:
    """The frames of one study of one revision."""
    data = assemble_study(queries.fetch_frames(connect(stamp), study), cached_config(stamp, study))
    return replace(data, subjects=data.subjects.with_columns(pl.col("arm").fill_null(NO_ARM)))


@st.cache_resource(show_spinner="Computing scores and changes …", max_entries=8)
def cached_panel(stamp: Stamp, study: str, system: str) -> pl.DataFrame:
    """The panel of one study of one revision, in a unit system."""
    if system != CONVENTIONAL:
        return convert_panel(cached_panel(stamp, study, CONVENTIONAL), system)
    data = cached_study(stamp, study)
    return select_subjects(derive_panel(data), data.subjects)


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_traits(stamp: Stamp, study: str) -> pl.DataFrame:
    """The subjects of one study of one revision with their class at baseline and the events that they had."""
    data = cached_study(stamp, study)
    return derive_traits(
        data.subjects, cached_panel(stamp, study, CONVENTIONAL), list_events(data.events, data.treatments)
    )


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_extremes(stamp: Stamp, study: str) -> dict[str, tuple[float, float]]:
    """The smallest and largest baseline of every quantity of one study of one revision."""
    return list_extremes(cached_study(stamp, study).subjects, cached_panel(stamp, study, CONVENTIONAL))


def forecast(study: str, system: str) -> Forecast:
    """The landmark super-model of a whole study at this run's revision, in a unit system."""
    return cached_forecast(pinned(), study, system)


@st.cache_resource(show_spinner="Learning from the cohort …", max_entries=8)
def cached_forecast(stamp: Stamp, study: str, system: str) -> Forecast:
    """The super-model of one study of one revision."""
    data = cached_study(stamp, study)
    return fit_forecast(data.subjects, cached_panel(stamp, study, system), data.events, system)


def statements(study: str) -> pl.DataFrame:
    """What the publication says of the group only."""
    return queries.fetch_statements(reader(), study)


def protocol(study: str) -> pl.DataFrame:
    """What the protocol says."""
    return queries.fetch_protocol(reader(), study)


def batches(study: str) -> pl.DataFrame:
    """The imports of a study."""
    return queries.fetch_batches(reader(), study)


def write_csv(table: pl.DataFrame) -> bytes:
    """A table as CSV that a spreadsheet can open safely, with the mark that tells it that it is UTF-8."""
    return make_harmless(table).write_csv().encode("utf-8-sig")


def lineage() -> pl.DataFrame:
    """The revisions that led to the current one."""
    return queries.fetch_lineage(reader())


def findings(study: str) -> pl.DataFrame:
    """Rejected rows and warnings of a study's imports."""
    return queries.fetch_findings(reader(), study)


def items(kind: str, study: str) -> list[Item]:
    """What users saved of a kind for a study, by name."""
    home = find_home()
    file = home.workspace_file
    state = file.stat().st_mtime_ns if file.exists() else 0
    return [
        item
        for item in cached_items(str(home.folder.resolve()), str(state))
        if (item.kind, item.study) == (kind, study)
    ]


@st.cache_resource(show_spinner=False, max_entries=4)
def cached_items(folder: str, state: str) -> list[Item]:  # noqa: ARG001  # the state is part of the cache's key
    """Everything saved, as of this state of the file."""
    return fetch_items(Home(Path(folder)))


def save(kind: str, study: str, name: str, content: str) -> bool:
    """Save something under a name, for this study; a toast says so where that could not be."""
    return tell(save_item(find_home(), make_item(kind, study, name, content)))


def remove(kind: str, study: str, name: str) -> None:
    """Remove what was saved under a name; a toast says so where that could not be."""
    tell(remove_item(find_home(), make_item(kind, study, name, "")))


def tell(done: bool) -> bool:
    """Say it where nothing was saved."""
    if not done:
        st.toast("Nothing was saved: an import is running. Try again when it has ended.", icon=":material/lock_clock:")
    return done


@st.cache_resource(show_spinner=False)
def can_draw_pictures() -> bool:
    """Whether a browser is installed that can turn a figure into a picture."""
    return has_browser()


def write_figure(figure: go.Figure, kind: str) -> bytes:
    """A figure as a page that works offline, or as a picture."""
    return render_figure(figure, kind)
