"""Where a study's data come from: provenance, licence, citation, imports, and what was not accepted."""

from typing import Any

import polars as pl
import streamlit as st

from pages.shared import cohorts, store, tables
from pages.shared.labels import LABELS

UNSTATED = "not stated in the study file"


def render() -> None:
    """The page."""
    st.title("About the data")
    view = cohorts.view()
    study = view.cohort.study
    facts = store.config(study)
    st.markdown(str(facts.get("summary", "")))
    show_provenance(facts)
    show(
        store.statements(study),
        "What the publication says of the group only",
        "These facts name no patient, so they are never spread over patients.",
    )
    show(store.protocol(study), "Protocol: eligibility, procedure, schedule", "As printed in the source.")
    show(view.study.visits, "Visit windows", "Days count from day 0. A visit without a window has none published.")
    show(store.batches(study), "Imports", "Each file with its hash, what became of its rows, and who imported it when.")
    show(store.lineage(), "Revisions", "What changed the store, newest first; the first line is the data on screen.")
    findings = store.findings(study)
    rejected = findings.filter(pl.col("level") == "rejected").height
    if findings.is_empty():
        st.info("Every row was accepted without a remark.")
    show(findings, "Findings of the imports", f"{rejected} rows rejected, {findings.height - rejected} warnings.")


def show_provenance(facts: dict[str, Any]) -> None:
    """Where the data come from, under which licence, and how to cite them."""
    for label, key in (("Provenance", "provenance"), ("Licence", "licence")):
        st.markdown(f"**{label}:** {facts.get(key) or UNSTATED}")
    st.markdown("**Citation**\n" + "\n".join(f"- {line}" for line in facts.get("citation") or [UNSTATED]))
    if facts.get("notes"):
        st.markdown("**Read this before you read the numbers**\n" + "\n".join(f"- {note}" for note in facts["notes"]))


def show(table: pl.DataFrame, title: str, note: str) -> None:
    """A table under its title; nothing where it is empty."""
    if table.is_empty():
        return
    st.header(title)
    st.caption(note)
    tables.show(table, hide_index=True, placeholder="–", column_config=LABELS, alt=title)


render()
