"""What users keep under a name: restored by a click, removed, saved anew."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from pages.shared import store
from pages.shared.store import Item


@dataclass(frozen=True)
class Shelf:
    """One kind of saved things of a study: what they are called, what a click does, how one is described."""

    kind: str
    study: str
    label: str
    icon: str
    restore: Callable[[str], None]
    describe: Callable[[str], str]


def show_shelf(shelf: Shelf, items: list[Item], content: str, reason: str = "") -> None:
    """The saved things, and the present ``content`` to save; ``reason`` says why there is nothing to save."""
    label, key = f"{shelf.label} ({len(items)})", f"{shelf.kind}_shelf"
    shown = st.popover(label, icon=shelf.icon, width="stretch", key=key, on_change="rerun")
    if not shown.open:
        return
    with shown:
        for place, item in enumerate(items):
            show_item(shelf, item, f"{shelf.kind}_{place}")
        key = f"{shelf.kind}_name"
        st.text_input("Save the present ones as", key=key, placeholder="a name", max_chars=80, persist_state="session")
        st.button("Save", key=f"{shelf.kind}_save", on_click=save, args=(shelf, content), disabled=bool(reason))
        st.caption(reason or "A name that is taken is replaced.")


def show_item(shelf: Shelf, item: Item, key: str) -> None:
    """One saved thing with its author, and the button that removes it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        said = f"{shelf.describe(item.content)}; saved by {item.who}, {item.saved_at:%Y-%m-%d}"
        st.button(item.name, key=f"{key}_restore", help=said, on_click=shelf.restore, args=(item.content,))
        gone = (shelf.kind, shelf.study, item.name)
        st.button("", key=f"{key}_remove", icon=":material/delete:", help="Remove", on_click=store.remove, args=gone)


def save(shelf: Shelf, content: str) -> None:
    """Save under the name typed in; a toast asks for one where it is missing."""
    key = f"{shelf.kind}_name"
    name = (st.session_state.get(key) or "").strip()
    if not name:
        st.toast("Type a name first.", icon=":material/edit:")
    elif store.save(shelf.kind, shelf.study, name, content):
        st.session_state[key] = ""
        st.toast(f"Saved as {name}.", icon=":material/bookmark_added:")
