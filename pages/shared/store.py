"""The only door from pages to data: frames of one revision a run, cached by its stamp.

Cached frames are shared between sessions and never changed: Polars frames are immutable.
"""

import gc
import threading
from dataclasses import replace
from typing import Any

import duckdb
import plotly.graph_objects as go
import polars as pl
import streamlit as st

from analytics.catalog.endpoints import Endpoint
from analytics.cohort import Cohort
from analytics.documents.pictures import has_browser, render_figure
from analytics.forecast import Forecast
from analytics.panel import StudyData
from analytics.patient import select_patient
from analytics.safety.tables import POOLED, Safety
from data import queries
from data.exports.safe import make_harmless
from data.home import NoStore, find_home
from data.workspace import Item, make_item, remove_item, save_item
from pages.shared import cache, everybody, everybody_safety


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Once a server: what is imported by now lives as long as it does, so no collection walks it again."""
    gc.collect()
    gc.freeze()


def pin() -> None:
    """Hold on to the revision that is current now, so that all of one run shows the same data."""
    home = find_home()
    there = home.read_pointer() is not None
    st.session_state["stamp"] = cache.Stamp(str(home.folder.resolve()), home.current()) if there else None


def pinned() -> cache.Stamp:
    """The revision of this run. Raises NoStore while there is no data."""
    stamp = st.session_state.get("stamp")
    if stamp is None:
        raise NoStore("there is no data yet")
    return stamp


def stamp_of(revision: str) -> cache.Stamp:
    """An earlier revision of this run's store; this run's own where none is named. Raises NoStore."""
    return replace(pinned(), revision=revision) if revision else pinned()


def revision() -> str:
    """The name of the revision of this run. Raises NoStore."""
    return pinned().revision


def reader() -> duckdb.DuckDBPyConnection:
    """The connection of this run's revision. Raises NoStore."""
    return cache.connect(pinned())


def studies() -> pl.DataFrame:
    """The studies in the store; empty while there is no data."""
    if st.session_state.get("stamp") is None:
        return pl.DataFrame(schema={"study": pl.String, "title": pl.String, "simulated": pl.Boolean})
    return cache.cached_studies(pinned())


def config(study: str) -> dict[str, Any]:
    """What the study file says of a study."""
    return cache.cached_config(pinned(), study)


def read_study(study: str) -> StudyData:
    """The observed frames of a study, from this run's revision; of a large study those of the sample."""
    return cache.cached_study(pinned(), study)


def read_panel(study: str, system: str) -> pl.DataFrame:
    """Everything measured or derived in a study at this run's revision, in a unit system, with each subject's arm."""
    return cache.cached_panel(pinned(), study, system)


def read_patient(study: str, usubjid: str, revision: str = "") -> StudyData:
    """The observed frames of one subject, from this run's revision or an earlier one.

    ``events`` and ``medications`` may hold rows of others, which say what the study records at all.
    """
    return cache.cached_patient(stamp_of(revision), study, usubjid)


def read_patient_panel(study: str, usubjid: str, system: str, revision: str = "") -> pl.DataFrame:
    """Everything measured or derived of one subject, in a unit system.

    Of a large study, and of an earlier revision, only the subject's rows are derived.
    """
    if not revision and not is_large(study):
        return select_patient(read_panel(study, system), usubjid)
    return cache.cached_patient_panel(stamp_of(revision), study, usubjid, system)


def prepare_patients(study: str, ids: list[str], system: str) -> None:
    """Derive the panels of patients of a large study beside the page, so that a step to a neighbour need not wait."""
    stamp = pinned()

    def work() -> None:
        """One after the other; what is there already costs nothing."""
        for usubjid in ids:
            cache.cached_patient_panel(stamp, study, usubjid, system)

    if is_large(study):
        threading.Thread(target=work, daemon=True).start()


def is_large(study: str) -> bool:
    """Whether a study has so many measurements that its courses are derived of a sample only."""
    return cache.is_large(pinned(), study)


def read_baselines(study: str, codes: list[str]) -> pl.DataFrame:
    """The row behind every baseline of these parameters, of everybody, in the catalog's units."""
    return cache.cached_based(pinned(), study, " ".join(sorted(codes)))


def read_events(study: str) -> pl.DataFrame:
    """Events and infusions of everybody: usubjid, kind, day."""
    return cache.cached_events(pinned(), study)


def read_members(cohort: Cohort) -> pl.DataFrame:
    """Everybody who passes the filters of a cohort."""
    return cache.cached_members(pinned(), cohort.to_json())


def read_ids(cohort: Cohort) -> list[str]:
    """The identifiers of everybody of a large cohort, in their order; shared, never changed."""
    return everybody.cached_ids(pinned(), cohort.to_json())


def read_times(cohort: Cohort, endpoint: Endpoint) -> pl.DataFrame:
    """Time, event, cause and entry of everybody of a cohort."""
    return everybody.cached_times(pinned(), cohort.to_json(), endpoint.to_json())


def read_means(cohort: Cohort, paramcd: str, column: str, by: str) -> pl.DataFrame:
    """The summary of a parameter of everybody of a large cohort by group and visit, in the catalog's unit."""
    return everybody.cached_means(pinned(), cohort.to_json(), paramcd, column, by)


def has_means(study: str, paramcd: str) -> bool:
    """Whether the means of a parameter or score of everybody of a large study can be counted."""
    return everybody.cached_exact(pinned(), study, paramcd)


def read_safety(cohort: Cohort, pooled: bool) -> Safety:
    """What safety rests on of everybody of a large cohort, with its arms or blinded; its panel is empty."""
    return everybody_safety.cached_safety(pinned(), cohort.to_json(), POOLED if pooled else "")


def read_drawn(cohort: Cohort) -> pl.DataFrame:
    """The members of a large cohort that figures rest on, drawn by chance, the same at every look."""
    return cache.cached_drawn(pinned(), cohort.to_json())


def read_drawn_panel(cohort: Cohort, system: str) -> pl.DataFrame:
    """Everything measured or derived of these, in a unit system."""
    return cache.cached_drawn_panel(pinned(), cohort.to_json(), system)


def traits(study: str) -> pl.DataFrame:
    """The subjects of a study with what filters need of them."""
    return cache.cached_traits(pinned(), study)


def choices(study: str) -> dict[str, dict[str, int]]:
    """For every filter its options with the number of subjects."""
    return cache.cached_choices(pinned(), study)


def extremes(study: str) -> dict[str, tuple[float, float]]:
    """The smallest and largest baseline of every quantity that varies, in the catalog's units; age among them."""
    return cache.cached_extremes(pinned(), study)


def forecast(study: str, system: str) -> Forecast:
    """The landmark super-model of a whole study at this run's revision, in a unit system."""
    return cache.cached_forecast(pinned(), study, system)


def worklist(study: str, system: str, since: str) -> pl.DataFrame:
    """The patients of a study, the worst move first, with the reasons in words."""
    return cache.cached_worklist(pinned(), study, system, since)


def ribbons(study: str, system: str, column: str, value: str) -> pl.DataFrame:
    """Quantiles of every parameter at every visit, of subjects whose ``column`` is this (empty: all) or a sample."""
    return cache.cached_ribbons(pinned(), study, system, column, value)


def cuts(study: str) -> pl.DataFrame:
    """The earlier revisions that hold a study, newest first: revision, action, created_at, who, differs."""
    return cache.cached_cuts(pinned(), study)


def count_subjects(study: str) -> int:
    """How many subjects a study has; none where it is not there yet."""
    known = studies().filter(pl.col("study") == study)
    return 0 if known.is_empty() else known["subjects"][0]


def has_time_zero(study: str) -> bool:
    """Whether subjects of a study have a date of day 0; the dates themselves stay where they are."""
    stamp = st.session_state.get("stamp")
    return stamp is not None and queries.count_time_zero_dates(reader(), study) > 0


def statements(study: str) -> pl.DataFrame:
    """What the publication says of the group only."""
    return queries.fetch_statements(reader(), study)


def protocol(study: str) -> pl.DataFrame:
    """What the protocol says."""
    return queries.fetch_protocol(reader(), study)


def not_done(study: str) -> pl.DataFrame:
    """Cells that say that nothing was measured: usubjid, paramcd, avisit, day, reported."""
    return queries.fetch_not_done(reader(), study)


def changes(study: str) -> pl.DataFrame:
    """Stored values that were changed, old → new, newest first, with the cause, the reason and who."""
    return queries.fetch_changes(reader(), study)


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
        for item in cache.cached_items(str(home.folder.resolve()), str(state))
        if (item.kind, item.study) == (kind, study)
    ]


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
