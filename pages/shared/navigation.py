"""From one patient to the next: the order of the cohort, search, the link to the present view."""

from urllib.parse import urlencode

import streamlit as st

from analytics.profile.worklist import BASELINE
from pages.shared import cohorts, controls, store

KEY = "usubjid"
ORDERS = {"id": "Identifier", "worst": "Worst move first"}
LISTED = 2_000  # patients: beyond, a list in the browser is slower than a search
FOUND = 50


def ask_patient(view: cohorts.View) -> tuple[str, list[str]]:
    """The patient in the address, or chosen here, and the next and the previous one in the order of the cohort."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="patient_navigation"):
        order = ask_order(view.cohort.study)
        ids = order_patients(view, order)
        current = find_current(ids, KEY)
        place = ids.index(current)
        move_link(current)
        show_step("Previous", ids[place - 1] if place else None, "Shift+Left")
        chosen = ask_among(ids, current, KEY, "Patient")
        show_step("Next", ids[place + 1] if place + 1 < len(ids) else None, "Shift+Right")
        st.caption(f"{ids.index(chosen) + 1:,} of {len(ids):,}", width="content")
        show_link()
    place = ids.index(chosen)
    return chosen, [*ids[place + 1 : place + 2], *ids[max(0, place - 1) : place]]


def ask_order(study: str) -> str:
    """How the cohort is ordered; the worst move of a large study would need its whole panel."""
    known = {"id": f"{ORDERS['id']} (large study)"} if store.is_large(study) else ORDERS
    return controls.ask_detail("Order", known, "order", "id")


def order_patients(view: cohorts.View, order: str) -> list[str]:
    """The cohort's patients in an order."""
    if order == "id":
        return view.ids
    own = view.subjects.select(KEY)
    worklist = store.worklist(view.cohort.study, controls.units(), BASELINE)
    return worklist.join(own, on=KEY, how="semi", maintain_order="left")[KEY].to_list()


def find_current(ids: list[str], key: str) -> str:
    """The patient that the address names, where it changed since it was written; else the one chosen before."""
    linked = [item for item in st.query_params.get_all(key) if item in ids][:1]
    if linked and linked != st.session_state.get(f"{key}_written"):
        return linked[0]
    known = st.session_state.get(key)
    return known if known in ids else ids[0]


def move_link(usubjid: str) -> None:
    """Put another patient into the address and take the day of the last one out, as one step of Back."""
    before = st.query_params.get_all(KEY)
    if before and before != [usubjid]:
        st.query_params.update({KEY: usubjid, "at": []})
        st.session_state[f"{KEY}_written"], st.session_state["at_written"] = [usubjid], []


def ask_among(ids: list[str], current: str, key: str, label: str) -> str:
    """One of the patients: from a list that can be typed into, of many after a search."""
    options = ids
    if len(ids) > LISTED:
        wanted = st.text_input(f"Find {label.lower()}", key=f"{key}_search", placeholder="part of an identifier")
        found = [item for item in ids if wanted.casefold() in item.casefold()] if wanted else ids[:FOUND]
        options = list(dict.fromkeys([current, *found[:FOUND]]))
    return controls.ask_code(label, dict(zip(options, options, strict=True)), key, current)


def show_step(label: str, usubjid: str | None, shortcut: str) -> None:
    """The button to a neighbour."""
    icon = f":material/chevron_{'left' if label == 'Previous' else 'right'}:"
    key = f"step_{label.lower()}"
    st.button(label, key=key, icon=icon, disabled=usubjid is None, shortcut=shortcut, on_click=go_to, args=(usubjid,))


def go_to(usubjid: str) -> None:
    """Show a patient."""
    st.session_state[KEY] = usubjid


def show_link() -> None:
    """The address of this view, to be sent: it holds the study, the filters, the patient and what is selected."""
    with st.popover("Link", icon=":material/link:"):
        address = f"{(st.context.url or '').split('?')[0]}?{urlencode(list_parameters())}"
        st.code(address, language=None, wrap_lines=True)
        st.caption("Opens this view on every computer that has the same data and reaches this address.")


def list_parameters() -> list[tuple[str, str]]:
    """Everything that the address holds."""
    return [(name, value) for name in st.query_params for value in st.query_params.get_all(name)]
