"""The only door from pages to data: frames of the current revision, cached by its name.

Cached frames are shared between sessions and never changed: Polars frames are immutable.
"""

import gc
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from analytics.panel import StudyData, assemble_study, derive_panel
from data import queries
from data.database import open_reader
from data.export import make_harmless
from data.home import Home, NoStore, find_home


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Once a server: what is imported by now lives as long as it does, so no collection walks it again."""
    gc.collect()
    gc.freeze()


def revision() -> str | None:
    """The name of the current revision; None while there is no data."""
    try:
        return find_home().current()
    except NoStore:
        return None


@st.cache_resource(show_spinner=False, max_entries=4)
def connect(folder: str, name: str) -> duckdb.DuckDBPyConnection:
    """The read-only connection of a revision; queries take a cursor each."""
    return open_reader(Home(Path(folder)), name)


def reader() -> duckdb.DuckDBPyConnection:
    """The connection of the current revision. Raises NoStore."""
    return connect(str(find_home().folder.resolve()), find_home().current())


def studies() -> pl.DataFrame:
    """The studies in the store; empty while there is no data."""
    if revision() is None:
        return pl.DataFrame(schema={"study": pl.String, "title": pl.String, "simulated": pl.Boolean})
    return queries.fetch_studies(reader())


def config(study: str) -> dict[str, Any]:
    """What the study file says of a study."""
    return queries.fetch_config(reader(), study)


def read_study(study: str) -> StudyData:
    """The observed frames of a study, from the current revision."""
    return cached_study(str(find_home().folder.resolve()), find_home().current(), study)


def read_panel(study: str) -> pl.DataFrame:
    """Everything measured or derived in a study, from the current revision."""
    return cached_panel(str(find_home().folder.resolve()), find_home().current(), study)


@st.cache_resource(show_spinner="Reading the study …", max_entries=8)
def cached_study(folder: str, name: str, study: str) -> StudyData:
    """The frames of one study of one revision."""
    connection = connect(folder, name)
    return assemble_study(queries.fetch_frames(connection, study), queries.fetch_config(connection, study))


@st.cache_resource(show_spinner="Computing scores and changes …", max_entries=8)
def cached_panel(folder: str, name: str, study: str) -> pl.DataFrame:
    """The panel of one study of one revision."""
    return derive_panel(cached_study(folder, name, study))


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
