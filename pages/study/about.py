"""Where a study's data come from: provenance, licence, citation, imports, and what was not accepted."""

import polars as pl
import streamlit as st

from pages.shared import controls, store


def render() -> None:
    """The page."""
    st.title("About the data")
    view = controls.view()
    study = view.cohort.study
    facts = store.config(study)
    st.markdown(str(facts.get("summary", "")))
    for label, key in (("Provenance", "provenance"), ("Licence", "licence")):
        st.markdown(f"**{label}:** {facts.get(key) or 'not stated in the study file'}")
    cited = facts.get("citation") or ["not stated in the study file"]
    st.markdown("**Citation**\n" + "\n".join(f"- {line}" for line in cited))
    if facts.get("notes"):
        st.markdown("**Read this before you read the numbers**\n" + "\n".join(f"- {note}" for note in facts["notes"]))
    show(
        store.statements(study),
        "What the publication says of the group only",
        "These facts name no patient, so they are never spread over patients.",
    )
    show(store.protocol(study), "Protocol: eligibility, procedure, schedule", "As printed in the source.")
    show(view.study.visits, "Visit windows", "Days count from day 0. A visit without a window has none published.")
    st.subheader("Imports")
    st.dataframe(store.batches(study), hide_index=True, alt="Imports of this study")
    findings = store.findings(study)
    rejected = findings.filter(level="rejected").height
    st.subheader("Findings of the imports")
    st.caption(f"{rejected} rows rejected, {findings.height - rejected} warnings.")
    if findings.is_empty():
        st.info("Every row was accepted without a remark.")
    else:
        st.dataframe(findings, hide_index=True, alt="Rejected rows and warnings with file, line and reason")


def show(table: pl.DataFrame, title: str, note: str) -> None:
    """A table under its title; nothing where it is empty."""
    if table.is_empty():
        return
    st.subheader(title)
    st.caption(note)
    st.dataframe(table, hide_index=True, alt=title)


render()
