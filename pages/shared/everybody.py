"""What is counted of everybody of a large cohort, once a revision: times to an event, and means by visit."""

import polars as pl
import streamlit as st

from analytics.catalog.endpoints import Endpoint
from analytics.cohort import Cohort
from analytics.dense import (
    NEVER,
    Bases,
    Grid,
    Visits,
    derive_grid_score,
    fill_grid,
    find_bases,
    measure_grid,
    number_series,
    summarize_grid,
)
from analytics.figure_tables import name_groups
from analytics.groups import UNCODED
from analytics.scores import find_any_parameter, list_series
from analytics.survival.follow_up import derive_time_to_event
from data import queries
from pages.shared import cache
from pages.shared.cache import Stamp

GRID_SCORES = ("meld", "meld_na", "child_pugh")


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_ids(stamp: Stamp, cohort: str) -> list[str]:
    """The identifiers of everybody of a cohort, in their order."""
    return cache.cached_members(stamp, cohort)["usubjid"].to_list()


@st.cache_resource(show_spinner="Reading everybody's values …", max_entries=8)
def cached_grid(stamp: Stamp, study: str, paramcd: str) -> tuple[Grid, Bases]:
    """A parameter or score of everybody of a large study by visit, subjects numbered as in the traits."""
    subjects, here = cache.cached_traits(stamp, study), cache.connect(stamp)
    if paramcd in GRID_SCORES:
        return derive_score_grid(stamp, study, paramcd)
    series = number_series(queries.fetch_series(here, study, paramcd), subjects)
    grid = fill_grid(series, Visits.read(queries.fetch_visits(here, study)), subjects.height)
    return grid, find_bases(series, subjects.height)


def derive_score_grid(stamp: Stamp, study: str, code: str) -> tuple[Grid, Bases]:
    """A score on the grid of its inputs; its baselines are those of the derived tables."""
    subjects, score = cache.cached_traits(stamp, study), list_series()[code]
    measured = cached_measured(stamp, study)
    wanted = [item.code for item in score.inputs if item.origin == "parameter" and item.code in measured]
    grids = {name: cached_grid(stamp, study, name)[0] for name in wanted}
    grid = derive_grid_score(score, grids, subjects, cache.cached_study(stamp, study).settings)
    based = cache.cached_based(stamp, study, code).unique("usubjid", keep="first")
    own = subjects.select("usubjid").join(based, on="usubjid", how="left", maintain_order="left")
    day = own["base_day"].fill_null(NEVER).cast(pl.Int16)
    return grid, Bases(own["base"].fill_null(float("nan")).to_numpy(), day.to_numpy())


@st.cache_resource(show_spinner=False, max_entries=8)
def cached_measured(stamp: Stamp, study: str) -> dict[str, bool]:
    """The parameters that a study has measured, and whether every value has a day."""
    return queries.fetch_measured(cache.connect(stamp), study)


@st.cache_resource(show_spinner=False, max_entries=16)
def cached_exact(stamp: Stamp, study: str, paramcd: str) -> bool:
    """Whether the grid gives a parameter or score of everybody as the rules do.

    Not so with values that have no day, with scores that are reported or whose inputs come on several days of
    one visit, with prothrombin times in seconds (their prolongation is derived), and on dialysis.
    """
    measured = cached_measured(stamp, study)
    if paramcd not in GRID_SCORES:
        return measured.get(paramcd, False)
    inputs = {item.code for item in list_series()[paramcd].inputs if item.origin == "parameter"}
    known = inputs & set(measured)
    dialysed = (cache.cached_events(stamp, study)["kind"] == "dialysis").any()
    if dialysed or not known or {paramcd, "pt_sec"} & set(measured) or not all(measured[code] for code in known):
        return False
    return not cached_grid(stamp, study, paramcd)[0].odd.any()


@st.cache_resource(show_spinner="Counting the cohort …", max_entries=16)
def cached_means(stamp: Stamp, cohort: str, paramcd: str, column: str, by: str) -> pl.DataFrame:
    """The summary of a parameter of everybody of a large cohort by group and visit, in the catalog's unit."""
    study = Cohort.from_json(cohort).study
    members, parameter = cache.cached_members(stamp, cohort), None if by in UNCODED else find_any_parameter(by)
    coded = [] if parameter is None else [by]
    grouped = name_groups(members, cache.cached_based(stamp, study, " ".join(coded)), by, parameter)
    names = grouped["group"].drop_nulls().unique().sort().to_list()
    places = (
        cache.cached_traits(stamp, study)
        .select("usubjid")
        .join(grouped, on="usubjid", how="left", maintain_order="left")
    )
    codes = places["group"].replace_strict(names, range(len(names)), default=-1, return_dtype=pl.Int32).fill_null(-1)
    visits = Visits.read(queries.fetch_visits(cache.connect(stamp), study)).names
    values = measure_grid(*cached_grid(stamp, study, paramcd), column)
    return summarize_grid(values, codes.to_numpy(), names, visits)


@st.cache_resource(show_spinner="Counting the cohort …", max_entries=8)
def cached_times(stamp: Stamp, cohort: str, endpoint: str) -> pl.DataFrame:
    """Time, event, cause and entry of everybody of a cohort of one revision."""
    members = cache.cached_members(stamp, cohort)
    events = cache.cached_events(stamp, Cohort.from_json(cohort).study)
    return derive_time_to_event(members, events, Endpoint.from_json(endpoint))
