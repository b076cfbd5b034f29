"""What is counted of everybody of a large cohort, once a revision: times to an event, and means by visit."""

import polars as pl
import streamlit as st

from analytics.catalog.endpoints import Endpoint
from analytics.cohort import Cohort
from analytics.dense import Bases, Grid, Visits, measure_grid, summarize_grid
from analytics.figure_tables import name_groups
from analytics.groups import UNCODED
from analytics.large import read_grid
from analytics.scores import find_any_parameter
from analytics.survival.follow_up import derive_time_to_event
from data import publish, queries
from pages.shared import cache
from pages.shared.cache import Stamp


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_ids(stamp: Stamp, cohort: str) -> list[str]:
    """The identifiers of everybody of a cohort, in their order."""
    return cache.cached_members(stamp, cohort)["usubjid"].to_list()


@st.cache_resource(show_spinner="Reading everybody's values …", max_entries=8)
def cached_grid(stamp: Stamp, study: str, paramcd: str) -> tuple[Grid, Bases]:
    """A parameter or score of everybody of a large study by visit, subjects numbered as in the traits."""
    return read_grid(publish.fetch_grid(cache.derived(stamp, study), paramcd))


@st.cache_resource(show_spinner=False, max_entries=16)
def cached_exact(stamp: Stamp, study: str, paramcd: str) -> bool:
    """Whether the grid gives a parameter or score of everybody of a large study as the rules do."""
    return cache.find_bases(stamp, study, paramcd) is not None


@st.cache_resource(show_spinner="Counting the cohort …", max_entries=16)
def cached_means(stamp: Stamp, cohort: str, paramcd: str, column: str, by: str) -> pl.DataFrame:
    """The summary of a parameter of everybody of a large cohort by group and visit, in the catalog's unit."""
    study = Cohort.from_json(cohort).study
    members, parameter = cache.cached_placed(stamp, cohort), None if by in UNCODED else find_any_parameter(by)
    coded = [] if parameter is None else [by]
    grouped = name_groups(members, cache.cached_based(stamp, study, " ".join(coded)), by, parameter)
    names = grouped["group"].drop_nulls().unique().sort().to_list()
    visits = Visits.read(queries.fetch_visits(cache.connect(stamp), study)).names
    values = measure_grid(*cached_grid(stamp, study, paramcd), column)
    places = {name: grouped.filter(pl.col("group") == name)["place"].to_numpy() for name in names}
    return summarize_grid(values, places, visits)


@st.cache_resource(show_spinner="Counting the cohort …", max_entries=8)
def cached_times(stamp: Stamp, cohort: str, endpoint: str) -> pl.DataFrame:
    """Time, event, cause and entry of everybody of a cohort of one revision."""
    members = cache.cached_members(stamp, cohort)
    events = cache.cached_events(stamp, Cohort.from_json(cohort).study)
    return derive_time_to_event(members, events, Endpoint.from_json(endpoint))
