"""Safety of everybody of a large cohort, once a revision: adverse events, and the status of stopping rules."""

from dataclasses import dataclass, replace

import polars as pl
import streamlit as st

from analytics.catalog import PARAMETERS
from analytics.cohort import Cohort
from analytics.dense import list_later
from analytics.large import GRID_SCORES
from analytics.safety.stopping import NOT_COMPUTED, read_rules, tabulate_stopping
from analytics.safety.tables import TABLES, Choice, Safety
from data import queries, series
from pages.shared import cache, everybody
from pages.shared.cache import Stamp

LATER = {
    "usubjid": pl.String, "paramcd": pl.String, "day": pl.Int32, "aval": pl.Float64, "base": pl.Float64,
    "ref_low": pl.Float64, "ref_high": pl.Float64, "post": pl.Boolean,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class EverybodySafety(Safety):
    """``Safety`` whose tables are computed once: those that rest on events alone, and the rules."""

    stamp: Stamp
    cohort: str
    pooled: str

    def table(self, name: str, choice: Choice | None = None) -> pl.DataFrame:
        """A table by its name, of everybody."""
        if name != "rules" or choice is None:
            return cached_table(self.stamp, self.cohort, self.pooled, name)
        empty = tabulate_stopping([], self.study, self.panel, self.subjects)
        rules = (rule.to_json() for rule in choice.rules)
        return pl.concat([empty, *(cached_status(self.stamp, self.cohort, self.pooled, rule) for rule in rules)])


@st.cache_resource(show_spinner="Counting everybody's events …", max_entries=4)
def cached_safety(stamp: Stamp, cohort: str, pooled: str) -> EverybodySafety:
    """The events of everybody of a cohort; ``pooled`` is empty, or the one name of all arms. Its panel is empty."""
    study = Cohort.from_json(cohort).study
    events = queries.fetch_events(cache.connect(stamp), study)
    members = cache.cached_members(stamp, cohort)
    subjects = members.with_columns(arm=pl.lit(pooled)) if pooled else members
    whole = replace(cache.cached_study(stamp, study), subjects=members, events=events)
    return EverybodySafety(whole, pl.DataFrame(schema=LATER), subjects, stamp=stamp, cohort=cohort, pooled=pooled)


@st.cache_resource(show_spinner="Counting everybody's events …", max_entries=16)
def cached_table(stamp: Stamp, cohort: str, pooled: str, name: str) -> pl.DataFrame:
    """One of the tables of safety that rest on events alone, of everybody of a cohort."""
    return TABLES[name](cached_safety(stamp, cohort, pooled), Choice())


@st.cache_resource(show_spinner="Following the stopping rules …", max_entries=32)
def cached_status(stamp: Stamp, cohort: str, pooled: str, rule: str) -> pl.DataFrame:
    """The status of one stopping rule, as it is saved, of everybody of a cohort."""
    data, rules = cached_safety(stamp, cohort, pooled), read_rules({}, [rule])[0]
    study, code = Cohort.from_json(cohort).study, rules[0].paramcd
    if code and not is_known(stamp, study, code):
        unknown = tabulate_stopping(rules, data.study, data.panel, data.subjects)
        return unknown.with_columns(state=pl.lit(NOT_COMPUTED))
    panel = find_later(stamp, study, code) if code else data.panel
    return tabulate_stopping(rules, data.study, panel, data.subjects)


def is_known(stamp: Stamp, study: str, code: str) -> bool:
    """Whether every value of a parameter or score of everybody is at hand: it is measured, or on the grid."""
    measured = code in PARAMETERS and not PARAMETERS[code].derived
    return measured or (code in GRID_SCORES and everybody.cached_exact(stamp, study, code))


def find_later(stamp: Stamp, study: str, code: str) -> pl.DataFrame:
    """The values of a parameter or score after baseline, of everybody of a study: the columns ``LATER``."""
    if code in GRID_SCORES:
        later = list_later(everybody.cached_grid(stamp, study, code)[0], cache.cached_traits(stamp, study)["usubjid"])
    else:
        visit = cache.cached_study(stamp, study).baseline_visit
        later = series.fetch_later(cache.connect(stamp), study, code, visit)
    based = cache.cached_based(stamp, study, code).select("usubjid", "base").unique("usubjid", keep="first")
    none = {name: pl.lit(None, pl.Float64) for name in ("ref_low", "ref_high") if name not in later.columns}
    joined = later.with_columns(**none).join(based, on="usubjid", how="left", maintain_order="left")
    return joined.with_columns(paramcd=pl.lit(code), post=pl.lit(True)).select(list(LATER))
