"""What is computed once a revision and held for all sessions; frames are shared and never changed."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from analytics.cohort import derive_traits, list_choices, list_events, list_extremes, select_subjects
from analytics.forecast import Forecast, fit_forecast
from analytics.panel import StudyData, assemble_study, derive_baselines, derive_panel
from analytics.profile.ribbons import summarize_ribbons
from analytics.profile.worklist import list_key_parameters, make_worklist
from analytics.summary import NO_ARM
from analytics.units import CONVENTIONAL, convert_panel
from data import queries
from data.database import open_reader
from data.home import Home
from data.workspace import Item, fetch_items

LARGE = 1_000_000  # measurements: of a larger study the whole panel is made only where a page needs it
SAMPLE = 2_000  # subjects of a large study that stand for the cohort behind a patient
MOST_CUTS = 30  # earlier revisions that are looked into


@dataclass(frozen=True)
class Stamp:
    """What every cache is keyed by: the store's folder and its revision, whose name is never used twice."""

    folder: str
    revision: str


@st.cache_resource(show_spinner=False, max_entries=4)
def connect(stamp: Stamp) -> duckdb.DuckDBPyConnection:
    """The read-only connection of a revision; queries take a cursor each."""
    return open_reader(Home(Path(stamp.folder)), stamp.revision)


@st.cache_resource(show_spinner=False, max_entries=4)
def cached_studies(stamp: Stamp) -> pl.DataFrame:
    """The studies of one revision with how much they hold."""
    return queries.fetch_studies(connect(stamp))


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_config(stamp: Stamp, study: str) -> dict[str, Any]:
    """The study file of one study of one revision; nobody changes it."""
    return queries.fetch_config(connect(stamp), study)


@st.cache_resource(show_spinner="Reading the study …", max_entries=8)
def cached_study(stamp: Stamp, study: str) -> StudyData:
    """The frames of one study of one revision."""
    return name_arms(assemble_study(queries.fetch_frames(connect(stamp), study), cached_config(stamp, study)))


@st.cache_resource(show_spinner="Computing scores and changes …", max_entries=8)
def cached_panel(stamp: Stamp, study: str, system: str) -> pl.DataFrame:
    """The panel of one study of one revision, in a unit system."""
    if system != CONVENTIONAL:
        return convert_panel(cached_panel(stamp, study, CONVENTIONAL), system)
    data = cached_study(stamp, study)
    return select_subjects(derive_panel(data), data.subjects)


@st.cache_resource(show_spinner="Reading the study …", max_entries=8)
def cached_baselines(stamp: Stamp, study: str) -> tuple[StudyData, pl.DataFrame]:
    """One study of one revision up to day 0: its frames, and the row behind every baseline.

    No baseline rests on a later value, so filters need no more.
    """
    frames = queries.fetch_frames(connect(stamp), study, until=0)
    data = name_arms(assemble_study(frames, cached_config(stamp, study)))
    return data, derive_baselines(data)


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_traits(stamp: Stamp, study: str) -> pl.DataFrame:
    """The subjects of one study of one revision with their class at baseline and the events that they had."""
    data, baselines = cached_baselines(stamp, study)
    return derive_traits(data.subjects, baselines, list_events(data.events, data.treatments))


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_choices(stamp: Stamp, study: str) -> dict[str, dict[str, int]]:
    """The options of every filter of one study of one revision."""
    return list_choices(cached_traits(stamp, study))


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_extremes(stamp: Stamp, study: str) -> dict[str, tuple[float, float]]:
    """The smallest and largest baseline of every quantity of one study of one revision."""
    return list_extremes(cached_traits(stamp, study), cached_baselines(stamp, study)[1])


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_size(stamp: Stamp, study: str) -> int:
    """How many measurements one study of one revision has."""
    known = cached_studies(stamp).filter(pl.col("study") == study)
    return int(known["measurements"].sum())


@st.cache_resource(show_spinner=False, max_entries=64)
def cached_patient(stamp: Stamp, study: str, usubjid: str) -> StudyData:
    """The frames of one subject of one study of one revision."""
    frames = queries.fetch_frames(connect(stamp), study, usubjid)
    return name_arms(assemble_study(frames, cached_config(stamp, study)))


@st.cache_resource(show_spinner=False, max_entries=64)
def cached_patient_panel(stamp: Stamp, study: str, usubjid: str, system: str) -> pl.DataFrame:
    """The panel of one subject of one study of one revision, in a unit system."""
    data = cached_patient(stamp, study, usubjid)
    return convert_panel(select_subjects(derive_panel(data), data.subjects), system)


def name_arms(data: StudyData) -> StudyData:
    """The study with a word for the arm of those who have none."""
    return replace(data, subjects=data.subjects.with_columns(pl.col("arm").fill_null(NO_ARM)))


@st.cache_resource(show_spinner="Ordering the cohort …", max_entries=8)
def cached_worklist(stamp: Stamp, study: str, system: str, since: str) -> pl.DataFrame:
    """The worklist of one study of one revision, in a unit system."""
    data, panel = cached_study(stamp, study), cached_panel(stamp, study, system)
    return make_worklist(panel, data.subjects, data, list_key_parameters(panel, system), since)


@st.cache_resource(show_spinner="Computing the cohort behind the patient …", max_entries=32)
def cached_ribbons(stamp: Stamp, study: str, system: str, column: str, value: str) -> pl.DataFrame:
    """Quantiles of one study of one revision, of the subjects whose column has this value; a large one is sampled."""
    traits = cached_traits(stamp, study)
    subjects = traits.filter(pl.col(column) == value) if column else traits
    visits = cached_baselines(stamp, study)[0].visits
    if cached_size(stamp, study) <= LARGE:
        return summarize_ribbons(cached_panel(stamp, study, system), visits, subjects)
    sample = subjects.sample(min(SAMPLE, subjects.height), seed=1)
    frames = queries.fetch_frames(connect(stamp), study, sample["usubjid"].to_list())
    panel = convert_panel(derive_panel(assemble_study(frames, cached_config(stamp, study))), system)
    return summarize_ribbons(panel, visits, sample)


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_cuts(stamp: Stamp, study: str) -> pl.DataFrame:
    """The revisions that led to this one and hold the study, newest first; whether its imports ``differs``."""
    home, here = Home(Path(stamp.folder)), connect(stamp)
    lineage = queries.fetch_lineage(here).filter(pl.col("revision").is_in(home.revisions()))
    now, differs = list_imports(here, study), {}
    for revision in lineage.filter(pl.col("revision") != stamp.revision)["revision"].head(MOST_CUTS):
        with open_reader(home, revision) as connection:
            then = list_imports(connection, study)
        differs |= {revision: then != now} if then else {}
    known = lineage.filter(pl.col("revision").is_in(list(differs))).drop("parent")
    return known.with_columns(differs=pl.col("revision").replace_strict(differs, return_dtype=pl.Boolean))


def list_imports(connection: duckdb.DuckDBPyConnection, study: str) -> set[tuple[Any, ...]]:
    """The imports that a revision rests on; the number of one that was taken back is given again."""
    return set(queries.fetch_batches(connection, study).select("batch", "sha256", "imported_at").rows())


@st.cache_resource(show_spinner="Learning from the cohort …", max_entries=8)
def cached_forecast(stamp: Stamp, study: str, system: str) -> Forecast:
    """The super-model of one study of one revision."""
    data = cached_study(stamp, study)
    return fit_forecast(data.subjects, cached_panel(stamp, study, system), data.events, system)


@st.cache_resource(show_spinner=False, max_entries=4)
def cached_items(folder: str, state: str) -> list[Item]:  # noqa: ARG001  # the state is part of the cache's key
    """Everything saved, as of this state of the file."""
    return fetch_items(Home(Path(folder)))
