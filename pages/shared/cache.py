"""What is computed once a revision and held for all sessions; frames are shared and never changed."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from analytics import large
from analytics.cohort import (
    Cohort,
    derive_traits,
    keep_subjects,
    list_choices,
    list_events,
    list_extremes,
    name_base,
    select_cohort,
    select_subjects,
)
from analytics.forecast import Forecast, fit_forecast
from analytics.large import (
    FEWEST,
    SAMPLE,
    SHOWN,
    read_bases,
)
from analytics.panel import StudyData, assemble_study, derive_baselines, derive_panel
from analytics.profile.ribbons import summarize_ribbons
from analytics.profile.worklist import list_key_parameters, make_worklist
from analytics.summary import name_missing_arms
from analytics.units import CONVENTIONAL, convert_panel
from data import publish, queries
from data.database import open_reader
from data.home import Home
from data.publish import open_derived, publish_derived
from data.workspace import Item, fetch_items
from pages.shared.memory import SHELF

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


# Asked a dozen times a run, and Streamlit looks at a function's signature at every call: 4 ms of 50.
@lru_cache(maxsize=32)
def cached_studies(stamp: Stamp) -> pl.DataFrame:
    """The studies of one revision with how much they hold."""
    return queries.fetch_studies(connect(stamp))


@lru_cache(maxsize=32)
def cached_config(stamp: Stamp, study: str) -> dict[str, Any]:
    """The study file of one study of one revision; nobody changes it."""
    return queries.fetch_config(connect(stamp), study)


def forget() -> None:
    """Drop all that was computed: after a withdrawal a revision has its old name and is another file."""
    st.cache_resource.clear()
    for known in (cached_studies, cached_config, cached_size):
        known.cache_clear()
    SHELF.forget()


@st.cache_resource(show_spinner="Preparing this large study, once after an import …", max_entries=4)
def derived(stamp: Stamp, study: str) -> duckdb.DuckDBPyConnection:
    """The connection to the derived tables of a large study, which are made where they are not there yet."""
    home = Home(Path(stamp.folder))
    publish_derived(home, stamp.revision, study)
    return open_derived(home, stamp.revision, study)


@st.cache_resource(show_spinner="Reading the study …", max_entries=8)
def cached_study(stamp: Stamp, study: str) -> StudyData:
    """The frames of one study of one revision; of a large one those of the sample."""
    config = cached_config(stamp, study)
    if not is_large(stamp, study):
        return name_arms(assemble_study(queries.fetch_frames(connect(stamp), study), config))
    ids = cached_sample(stamp, study)["usubjid"].to_list()
    frames = queries.fetch_records(connect(stamp), study, ids)
    measurements = publish.fetch_courses(derived(stamp, study), "measurements", ids)
    return name_arms(assemble_study(frames | {"measurements": measurements}, config))


@st.cache_resource(show_spinner="Computing scores and changes …", max_entries=8)
def cached_panel(stamp: Stamp, study: str, system: str) -> pl.DataFrame:
    """The panel of one study of one revision, in a unit system; of a large one that of the sample."""
    if system != CONVENTIONAL:
        return convert_panel(cached_panel(stamp, study, CONVENTIONAL), system)
    if is_large(stamp, study):
        ids = cached_sample(stamp, study)["usubjid"].to_list()
        return name_missing_arms(publish.fetch_courses(derived(stamp, study), "panel", ids))
    data = cached_study(stamp, study)
    return select_subjects(derive_panel(data), data.subjects)


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_sample(stamp: Stamp, study: str) -> pl.DataFrame:
    """The subjects of a large study whose courses are derived, in the order in which they were drawn."""
    return publish.fetch_sample(derived(stamp, study), SAMPLE)


@st.cache_resource(show_spinner=False, max_entries=16)
def cached_drawn(stamp: Stamp, cohort: str) -> pl.DataFrame:
    """The members of a large cohort that figures rest on: the first that were drawn of them.

    Of a cohort that has few in the study's sample, others are drawn.
    """
    members, study = cached_members(stamp, cohort), Cohort.from_json(cohort).study
    sample = cached_sample(stamp, study)
    drawn = keep_subjects(sample, keep_subjects(members, sample))  # what few are looked up in is made of the few
    if drawn.height < min(FEWEST, members.height):
        return members.sample(min(FEWEST, members.height), seed=1).sort("usubjid")
    return keep_subjects(members, drawn.head(SHOWN))


@st.cache_resource(show_spinner="Reading these patients …", max_entries=16)
def cached_drawn_panel(stamp: Stamp, cohort: str, system: str) -> pl.DataFrame:
    """The panel of ``cached_drawn``, in a unit system."""
    study, ids = Cohort.from_json(cohort).study, cached_drawn(stamp, cohort).select("usubjid")
    if ids.join(cached_sample(stamp, study), on="usubjid", how="anti").is_empty():
        return keep_subjects(cached_panel(stamp, study, system), ids)
    frames = queries.fetch_frames(connect(stamp), study, ids["usubjid"].to_list())
    data = name_arms(assemble_study(frames, cached_config(stamp, study)))
    return convert_panel(select_subjects(derive_panel(data), data.subjects), system)


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_events(stamp: Stamp, study: str) -> pl.DataFrame:
    """Events and infusions of everybody of one study of one revision: usubjid, kind, day."""
    here = connect(stamp)
    return list_events(queries.fetch_events(here, study), queries.fetch_treatments(here, study))


@st.cache_resource(show_spinner="Reading the study …", max_entries=8)
def cached_baselines(stamp: Stamp, study: str) -> pl.DataFrame:
    """The row behind every baseline of one study of one revision; not of a large one."""
    frames = queries.fetch_frames(connect(stamp), study, until=0)
    return derive_baselines(name_arms(assemble_study(frames, cached_config(stamp, study))))


@st.cache_resource(show_spinner=False, max_entries=16)
def cached_based(stamp: Stamp, study: str, codes: str) -> pl.DataFrame:
    """The rows behind the baselines of these parameters, parted by blanks, of everybody."""
    wanted = codes.split()
    if is_large(stamp, study):
        return publish.fetch_baselines(derived(stamp, study), wanted)
    return cached_baselines(stamp, study).filter(pl.col("paramcd").is_in(wanted))


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_traits(stamp: Stamp, study: str) -> pl.DataFrame:
    """The subjects of one study of one revision with their class at baseline and the events that they had."""
    if is_large(stamp, study):
        return name_missing_arms(publish.fetch_traits(derived(stamp, study)))
    subjects = name_missing_arms(queries.fetch_subjects(connect(stamp), study))
    return derive_traits(subjects, cached_baselines(stamp, study), cached_events(stamp, study))


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_choices(stamp: Stamp, study: str) -> dict[str, dict[str, int]]:
    """The options of every filter of one study of one revision."""
    return list_choices(cached_traits(stamp, study))


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_extremes(stamp: Stamp, study: str) -> dict[str, tuple[float, float]]:
    """The smallest and largest baseline of every quantity of one study of one revision."""
    many = is_large(stamp, study)
    based = publish.fetch_based(derived(stamp, study)) if many else cached_baselines(stamp, study)
    return list_extremes(cached_traits(stamp, study), based)


@st.cache_resource(show_spinner=False, max_entries=16)
def cached_placed(stamp: Stamp, text: str) -> pl.DataFrame:
    """Everybody of a cohort, as it is saved, of one revision, with ``place``, each one's number among all subjects."""
    cohort = Cohort.from_json(text)
    codes = list(dict.fromkeys(bounds.paramcd for bounds in cohort.ranges))
    columns = [bases for code in codes if (bases := find_bases(stamp, cohort.study, code)) is not None]
    traits = cached_traits(stamp, cohort.study).with_row_index("place").with_columns(columns)
    based = cached_based(stamp, cohort.study, " ".join(code for code in codes if name_base(code) not in traits.columns))
    return select_cohort(traits, based, cohort).drop(column.name for column in columns)


def find_bases(stamp: Stamp, study: str, code: str) -> pl.Series | None:
    """A baseline of everybody of a large study in the order of the traits; None where no grid has it."""
    if not is_large(stamp, study) or code not in publish.list_grids(derived(stamp, study)):
        return None
    return read_bases(publish.fetch_bases(derived(stamp, study), code), code)


@st.cache_resource(show_spinner=False, max_entries=16)
def cached_members(stamp: Stamp, text: str) -> pl.DataFrame:
    """Everybody of a cohort, as it is saved, of one revision."""
    return cached_placed(stamp, text).drop("place")


@lru_cache(maxsize=32)
def cached_size(stamp: Stamp, study: str) -> int:
    """How many measurements one study of one revision has."""
    known = cached_studies(stamp).filter(pl.col("study") == study)
    return int(known["measurements"].sum())


def is_large(stamp: Stamp, study: str) -> bool:
    """Whether a study has so many measurements that its courses are derived of a sample only."""
    return cached_size(stamp, study) > large.LARGE


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
    return replace(data, subjects=name_missing_arms(data.subjects))


@st.cache_resource(show_spinner="Ordering the cohort …", max_entries=8)
def cached_worklist(stamp: Stamp, study: str, system: str, since: str) -> pl.DataFrame:
    """The worklist of one study of one revision, in a unit system."""
    data, panel = cached_study(stamp, study), cached_panel(stamp, study, system)
    return make_worklist(panel, data.subjects, data, list_key_parameters(panel, system), since)


@st.cache_resource(show_spinner="Computing the cohort behind the patient …", max_entries=32)
def cached_ribbons(stamp: Stamp, study: str, system: str, column: str, value: str) -> pl.DataFrame:
    """Quantiles of one study of one revision, of the subjects whose column has this value; a large one is sampled."""
    data = cached_study(stamp, study)
    subjects = data.subjects
    if column:
        classes = cached_traits(stamp, study).select("usubjid", pl.col(column).alias("wanted"))
        subjects = subjects.join(classes.filter(pl.col("wanted") == value), on="usubjid", how="semi")
    return summarize_ribbons(cached_panel(stamp, study, system), data.visits, subjects)


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
