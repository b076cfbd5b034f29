"""The endpoint: one of the bundled ones, or put together on screen, saved and restored by name."""

from dataclasses import replace

import polars as pl
import streamlit as st

from analytics.catalog.endpoints import (
    BIRTH,
    BUILT,
    CONTACT,
    CUT,
    DAY_0,
    ENDPOINTS,
    LANDMARK,
    RESPONSE,
    Endpoint,
)
from analytics.cohort import INFUSION
from analytics.responding import add_response_events, derive_response_days
from analytics.rules import Rule
from analytics.survival.follow_up import derive_time_to_event
from pages.shared import cohorts, controls, response_panels, store
from pages.shared.memory import remember
from pages.shared.saved import Shelf, show_shelf

KIND = "endpoint"
CENSORING = {CONTACT: "the last contact", CUT: "the data cut (every event known by then)"}
FIRST = ("death", "transplant")


def ask_endpoint() -> Endpoint:
    """The endpoint; the parts of one that is put together follow below."""
    names = {code: endpoint.label for code, endpoint in ENDPOINTS.items()} | {BUILT: "Put together below …"}
    if st.query_params.get("built") and st.query_params.get("endpoint") is None:
        st.query_params["endpoint"] = BUILT
    code = controls.ask_code("Endpoint", names, "endpoint", "overall")
    return ENDPOINTS.get(code) or Endpoint(BUILT, "", ())


def build_endpoint(view: cohorts.View) -> Endpoint:
    """An endpoint of the events that this cohort has. Stops the page while it has none."""
    kinds = count_kinds(view.events)
    follow_link(kinds)
    left, middle, right = st.columns(3)
    with left:
        start, day = ask_start(view, kinds)
    # The event that starts the clock cannot end it.
    labels = {kind: f"{kind.replace('_', ' ')} ({n})" for kind, n in kinds.items() if kind != start}
    with middle:
        ends = CENSORING if view.subjects["cut_day"].count() else {CONTACT: CENSORING[CONTACT]}
        censoring = choose("Else observed until", ends, "built_censoring", CONTACT)
    with right:
        until = int(st.number_input("Days at most (0: no limit)", 0, 36_500, step=30, key="built_until"))
    left, right = st.columns(2)
    with left:
        events = choose_several("Events (patients)", labels, "built_events", [kind for kind in FIRST if kind in kinds])
    with right:
        others = {kind: label for kind, label in labels.items() if kind not in events}
        competing = choose_several("Competing: end the observation", others, "built_competing", [])
    label = f"Free of {' or '.join(kind.replace('_', ' ') for kind in events)}"
    endpoint = Endpoint(BUILT, label, tuple(events), tuple(competing), "", start, day, censoring, until or None)
    keep_endpoint(view, endpoint)
    if not events:
        st.info("Choose at least one event.")
        st.stop()
    return endpoint


def keep_endpoint(view: cohorts.View, endpoint: Endpoint) -> None:
    """Put the endpoint into the address, and offer to save it under a name."""
    controls.write_link("built", [endpoint.text])
    shelf = Shelf(KIND, view.cohort.study, "Saved endpoints", ":material/flag:", restore, describe)
    reason = "" if endpoint.events else "Choose an event first."
    show_shelf(shelf, store.items(KIND, view.cohort.study), endpoint.to_json(), reason)


def ask_start(view: cohorts.View, kinds: dict[str, int]) -> tuple[str, int]:
    """When the clock starts, and the day of a landmark."""
    zero = f"Day 0 ({view.study.config['time_zero']})"
    starts = {DAY_0: zero, LANDMARK: "A landmark day", BIRTH: "Birth: the axis is age"}
    starts |= {kind: f"First {kind.replace('_', ' ')}" for kind in kinds if kind not in FIRST}
    start = choose("Starts at", starts, "built_start", DAY_0)
    return start, int(st.number_input("Landmark day", 1, 36_500, key="built_day")) if start == LANDMARK else 0


def count_kinds(events: pl.DataFrame) -> dict[str, int]:
    """The kinds of events with the number of patients that had one, deaths and transplants first."""
    counts = dict(events.group_by("kind").agg(pl.col("usubjid").n_unique()).sort("kind").iter_rows())
    ordered = [*(kind for kind in (*FIRST, INFUSION) if kind in counts), *counts]
    return {kind: counts[kind] for kind in dict.fromkeys(ordered)}


def choose(label: str, names: dict[str, str], key: str, first: str) -> str:
    """One of the names, by code."""
    if st.session_state.get(key) not in names:
        st.session_state[key] = first
    return (
        st.selectbox(label, list(names), format_func=lambda code: names[code], key=key, persist_state="session")
        or first
    )


def choose_several(label: str, names: dict[str, str], key: str, first: list[str]) -> list[str]:
    """Any of the names, by code."""
    st.session_state[key] = [code for code in st.session_state.get(key, first) if code in names]
    return st.multiselect(
        label, list(names), format_func=lambda code: names[code], key=key, persist_state="session", placeholder="none"
    )


def follow_link(kinds: dict[str, int]) -> None:
    """Take over the endpoint that the address names, where it changed since it was written."""
    text = st.query_params.get("built", "")
    if text and [text] != st.session_state.get("built_written"):
        endpoint = Endpoint.find(text, "")
        if endpoint and set(endpoint.events) & set(kinds):
            set_parts(endpoint)


def set_parts(endpoint: Endpoint) -> None:
    """Set every part as the endpoint has it."""
    st.session_state["built_start"] = endpoint.start
    st.session_state["built_day"] = max(1, endpoint.landmark_day)
    st.session_state["built_events"] = list(endpoint.events)
    st.session_state["built_competing"] = list(endpoint.competing)
    st.session_state["built_censoring"] = endpoint.censoring
    st.session_state["built_until"] = endpoint.until or 0


def restore(content: str) -> None:
    """Set a saved endpoint."""
    set_parts(Endpoint.from_json(content))


def describe(content: str) -> str:
    """A saved endpoint in words."""
    return Endpoint.from_json(content).words


def ask_rule(view: cohorts.View) -> Rule | None:
    """The threshold of a time to response, or of a landmark, in the reader's units; None where nothing changed."""
    parameter = controls.ask_changed(view.panel, "respond", "Responder rule for")
    if parameter is None:
        return None
    rule = response_panels.ask_reach(parameter, st.columns(3))
    label = "Confirmed at the next value"
    # The panel is in the reader's units, so the threshold is too.
    threshold = rule.threshold * response_panels.unit_factor(parameter, rule.measure)
    return replace(
        rule,
        threshold=threshold,
        confirmed=st.checkbox(label, key="rule_confirmed", help="The next value must reach it too."),
    )


def derive_times(view: cohorts.View, endpoint: Endpoint, rule: Rule | None = None) -> pl.DataFrame:
    """Time, event, cause and entry of every subject of the cohort."""
    if view.read_events:  # everybody of a large cohort: derived once for all looks
        return store.read_times(view.cohort, endpoint)
    subjects, events = view.subjects, view.events
    if RESPONSE in endpoint.events and rule is not None:
        days = remember(derive_response_days, view.panel, rule)
        subjects, events = remember(add_response_events, subjects, events, days)
    return remember(derive_time_to_event, subjects, events, endpoint)
