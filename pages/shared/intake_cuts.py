"""Data cuts on screen: pin, compare, prune; and a withdrawn consent."""

import polars as pl
import streamlit as st

from data.cuts import UnknownRevision, list_cuts, list_prunable, list_revisions, pin_cut, prune, unpin_cut
from data.cuts_compare import compare_revisions
from data.home import find_home
from data.integrity import BrokenIntegrity
from data.revisions import StoreBusy
from data.undo import undo_batch
from data.withdraw import UnknownSubject, withdraw
from data.workspace import BadName
from pages.shared import cache, store, tables
from pages.shared.labels import LABELS
from pages.shared.output import offer_table

EXPECTED = (BadName, BrokenIntegrity, StoreBusy, UnknownRevision, UnknownSubject)
REVISION = {"revision": "Revision", "cut": "Data cut", "current": "Current", "action": "Made by"}
REVISION |= {"created_at": "When (UTC)", "who": "Who", "size_mb": "MB"}


def show_revisions() -> pl.DataFrame:
    """Every revision with its data cuts."""
    revisions = list_revisions(find_home())
    config = {name: st.column_config.Column(label) for name, label in REVISION.items()}
    tables.show(revisions, hide_index=True, column_config=config, alt="Revisions and data cuts")
    return revisions


def ask_pin(revisions: pl.DataFrame) -> None:
    """Give a revision a name, or take one off."""
    with st.form("pin", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the data cut", key="cut_name", placeholder="DSMB 2026-12", width=220)
        revision = st.selectbox("Revision", revisions["revision"].to_list(), key="cut_revision", width=240)
        if st.form_submit_button("Pin", icon=":material/push_pin:") and pin_cut(find_home(), name, str(revision)):
            st.rerun()
    known = list_cuts(find_home())
    if known:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            gone = st.selectbox(
                "Unpin", list(known), index=None, key="cut_unpin", width=220, placeholder="Choose a cut"
            )
            if st.button("Unpin", key="cut_unpin_do", disabled=gone is None) and unpin_cut(find_home(), str(gone)):
                st.rerun()


def show_comparison(revisions: pl.DataFrame, study: str) -> None:
    """What differs between two cuts, in the study of the sidebar."""
    st.header("Compare two data cuts")
    names = {
        row["revision"]: f"{row['cut'] or row['revision']} ({row['created_at']:%Y-%m-%d})"
        for row in revisions.to_dicts()
    }
    if len(names) < 2:
        st.info("There is one revision only: nothing to compare with yet.")
        return
    order = list(names)
    with st.container(horizontal=True):
        before = st.selectbox("Earlier", order, index=1, format_func=names.__getitem__, key="cut_before", width=300)
        after = st.selectbox("Later", order, index=0, format_func=names.__getitem__, key="cut_after", width=300)
    found = compare_revisions(find_home(), study, str(before), str(after))
    counted = {row["what"]: row["len"] for row in found.group_by("what").len().to_dicts()}
    if found.is_empty():
        st.success(f"{study} is the same in both.", icon=":material/check_circle:")
        return
    st.caption(
        f"{study}: "
        + ", ".join(f"{counted[what]:,} {what}" for what in ("new", "changed", "removed") if what in counted)
    )
    alt = "What differs between the two data cuts"
    tables.show(found, hide_index=True, placeholder="–", column_config=LABELS, alt=alt)
    offer_table(found, "cut_differences")


def ask_prune() -> None:
    """Remove old revisions, after a look at which."""
    st.header("Prune")
    keep = int(st.number_input("Keep the newest", 1, 1000, 5, key="prune_keep", width=160))
    gone = list_prunable(find_home(), keep)
    st.caption("The current revision, the one before it and every data cut always stay.")
    if not gone:
        st.info("Nothing to prune.")
    elif st.button(f"Remove {len(gone)} old revisions for good", key="prune_do", icon=":material/delete:"):
        prune(find_home(), keep)
        st.rerun()


def ask_undo(study: str) -> None:
    """Take one import out of the data, whichever it was; the others stay."""
    st.header("Take out one import")
    batches = {row["batch"]: name_batch(row) for row in store.batches(study).to_dicts()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        batch = st.selectbox(
            "Import", list(batches), index=None, format_func=batches.__getitem__, key="undo_batch", width=620
        )
        if st.button("Take it out", key="undo_batch_do", disabled=batch is None, icon=":material/undo:"):
            undo_batch(find_home(), int(str(batch)))
            st.rerun()


def name_batch(row: dict[str, object]) -> str:
    """An import as a list shows it."""
    when = f"{row['imported_at']:%Y-%m-%d} by {row['who']}"
    return f"{row['batch']}: {row['file_name']} as {row['kind']}, {row['accepted']} rows, {when}"


def ask_withdrawal(study: str) -> None:
    """Consent withdrawn: the subject's identifier typed twice, because it cannot be undone."""
    st.header("Consent withdrawn")
    st.caption(
        f"Erases a subject of {study} from every revision, data cut and saved item; a keyed hash stays, so that "
        "no import brings the subject back. It cannot be undone."
    )
    with st.form("withdraw", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.text_input("Subject", key="withdraw_id", width=200).strip()
        again = st.text_input("The same once more", key="withdraw_again", width=200).strip()
        asked = st.form_submit_button("Erase for good", icon=":material/person_remove:")
    if asked and (not first or first != again):
        st.error("The two identifiers differ: nothing was done.", icon=":material/block:")
    elif asked:
        done = withdraw(find_home(), study, first)
        cache.forget()
        store.pin()
        st.success(
            f"Erased from {done.revisions} revisions and {done.items} saved items.", icon=":material/check_circle:"
        )
        if done.backups:
            st.warning(
                f"Backups that may still hold the subject: {', '.join(done.backups)}", icon=":material/inventory_2:"
            )
