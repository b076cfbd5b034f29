"""What is asked on every page in the same way: a code, a detail, a filter, a parameter, a group."""

from collections.abc import Iterable

import polars as pl
import streamlit as st

from analytics import units as unit_systems
from analytics.catalog import Parameter
from analytics.figures.theme import Theme
from analytics.groups import ALL, SUBJECT_GROUPS, UNCODED
from analytics.panel import list_based, list_changed, list_parameters
from analytics.scores import find_any_parameter
from analytics.units import CONVENTIONAL, convert_parameter, find_factor
from pages.shared.memory import remember

FIRST = ("child_pugh", "meld", "bilirubin", "fibrosis_index")


def units() -> str:
    """The unit system that the reader chose."""
    return st.session_state.get("units") or CONVENTIONAL


def unit_factor(code: str) -> float:
    """From the catalog's unit of a parameter to the reader's; 1 where they are the same."""
    return find_factor(code, units())


def find_parameter(code: str) -> Parameter:
    """A parameter or score of this code, in the reader's units. Raises UnknownParameter."""
    return convert_parameter(find_any_parameter(code), units())


def order_parameters(codes: Iterable[str]) -> list[Parameter]:
    """Parameters in the reader's units, as people look for them."""
    return unit_systems.order_parameters(codes, units())


def ask_parameter(panel: pl.DataFrame, key: str) -> Parameter:
    """One of the parameters and scores that the cohort has. Stops the page where it has none."""
    parameters = order_parameters(remember(list_parameters, panel))
    if not parameters:
        st.info("No value has been imported for these patients.")
        st.stop()
    changed = remember(list_changed, panel)
    names = {parameter.paramcd: parameter.title for parameter in parameters}
    first = next((code for code in FIRST if code in changed), next(iter(names)))
    return find_parameter(ask_code("Parameter or score", names, key, first))


def ask_changed(panel: pl.DataFrame, key: str, label: str, first: str = "") -> Parameter | None:
    """One of the parameters that have a change from baseline, a detail of the page; None where none has."""
    names = {item.paramcd: item.title for item in order_parameters(remember(list_changed, panel))}
    if not names:
        return None
    start = next((code for code in (first, *FIRST) if code in names), next(iter(names)))
    return find_parameter(ask_detail(label, names, key, start))


def ask_group(subjects: pl.DataFrame, panel: pl.DataFrame, key: str, label: str = "By") -> str:
    """The variable that parts the groups, known at baseline; ``all`` for none."""
    columns = {code: name for code, name in SUBJECT_GROUPS.items() if subjects[code].n_unique() > 1}
    ages = {"age": "Age, at the median"} if subjects["age"].count() else {}
    based = order_parameters(remember(list_based, panel))
    values = {item.paramcd: f"Baseline {item.name}" for item in based if not item.derived}
    names = {ALL: "Nothing: all patients"} | columns | ages | values
    return ask_code(label, names, key, "arm" if "arm" in columns else ALL)


def group_parameter(by: str) -> Parameter | None:
    """The parameter that a group rests on; None for a column of the subjects."""
    return None if by in UNCODED else find_parameter(by)


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


def ask_filter(label: str, options: dict[str, str], key: str, empty: str = "all") -> tuple[str, ...]:
    """Any of the options, shown by name and kept in the address by code; none chosen lets everybody pass."""
    kept = [option for option in st.session_state.get(key, []) if option in options]
    st.session_state[key] = kept
    follow_link(key, [option for option in st.query_params.get_all(key) if option in options])
    chosen = st.multiselect(
        label,
        list(options),
        format_func=lambda code: options[code],
        key=key,
        persist_state="session",
        placeholder=empty,
    )
    write_link(key, chosen)
    return tuple(chosen)


def ask_one(label: str, key: str, options: list[str]) -> str:
    """One of a few choices, kept in the address."""
    st.session_state.setdefault("bound", set()).add(key)
    return (
        st.segmented_control(label, options, default=options[0], required=True, key=key, bind="query-params")
        or options[0]
    )


def theme() -> Theme:
    """The reader's theme."""
    return Theme(dark=st.context.theme.type == "dark")


def open_patient(usubjid: str) -> None:
    """Go to the page of one patient, with all filters; what a control writes itself may not be set for it."""
    bound = st.session_state.get("bound", set())
    kept = {name: st.query_params.get_all(name) for name in st.query_params if name not in bound}
    st.switch_page("pages/patient/profile.py", query_params={**kept, "usubjid": usubjid})
