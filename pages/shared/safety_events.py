"""Safety: the verdict in sentences, adverse events by term, all patients' events in time, decompensation."""

from typing import Any

import polars as pl
import streamlit as st

from analytics.cohort import keep_subjects
from analytics.figures.safety import MOST_LANES, plot_event_timeline
from analytics.safety.adverse import (
    NONE_RECORDED,
    WHAT,
    describe_event,
    present_shares,
    say_published,
    say_share,
    summarize_published,
)
from analytics.safety.liver_course import NEVER
from analytics.safety.tables import POOLED, Safety
from pages.shared import cohorts, controls, output, patients, store, tables

WIDE = 475  # pixels: two beside each other on a laptop, one below the other on a tablet
MANY = 10_000  # patients of an arm: counts of more need the whole width
LINES = ("serious", "serious_related", "fatal")


def prepare(view: cohorts.View, blinded: bool) -> Safety:
    """The frames of the cohort in the catalog's units, which grades and multiples of limits need."""
    data = Safety(view.study, cohorts.read_catalog_panel(view), view.subjects)
    return data.blind() if blinded else data


def reach_everybody(view: cohorts.View, data: Safety) -> Safety:
    """What rests on events and rules: of a large cohort everybody's, else the same as ``data``."""
    return store.read_safety(view.cohort, data.arms == [POOLED]) if view.is_sampled else data


def command(view: cohorts.View, data: Safety, table: str, options: str = "") -> str:
    """The terminal's command for one of the tables."""
    blinded = " --blinded" if data.arms == [POOLED] else ""
    return f"python cli.py safety {view.cohort.options}{blinded} --table {table}{options}"


def show_verdict(view: cohorts.View, data: Safety) -> None:
    """What a safety board asks first, in sentences: serious, related, fatal, with what the numbers leave open."""
    for row in summarize_published(store.statements(view.cohort.study)).iter_rows(named=True):
        st.markdown(output.plain(say_published(row)))
    if data.adverse.is_empty():
        return
    counts = data.table("counts")
    lines = [
        f"{arm}: " + " ".join(say_count(counts.filter(pl.col("arm") == arm), what) for what in LINES)
        for arm in data.arms
    ]
    st.markdown("  \n".join(output.plain(line) for line in lines))


def say_count(rows: pl.DataFrame, what: str) -> str:
    """One count in a sentence."""
    row = rows.filter(pl.col("what") == what).row(0, named=True)
    return say_share(row["patients"], row["n"], WHAT[what])


def show_events(view: cohorts.View, data: Safety) -> None:
    """The overview, the table of terms, the timeline of all patients."""
    show_published(view)
    if data.adverse.is_empty():
        st.info(NONE_RECORDED)
        return
    counts = data.table("counts")
    terms = data.table("terms")
    show_tables(counts, terms)
    st.caption(
        f"Exact (Clopper-Pearson) 95 % limits. {describe_unknown(data)}Hospital stays, paracenteses and other "
        "procedures count with the event that led to them. Events from day 0 on."
    )
    show_grades_by_term(terms)
    show_timeline(view, data)


def show_tables(counts: pl.DataFrame, terms: pl.DataFrame) -> None:
    """The overview and the terms, side by side where there is room for both."""
    width = WIDE if counts.filter(pl.col("n") >= MANY).is_empty() else "stretch"
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=width):
            st.header("How many patients")
            shown = present_shares(counts.with_columns(pl.col("what").replace(WHAT)), "what", "Patients with")
            tables.show(shown, hide_index=True, height="content", alt="Patients with adverse events by arm")
            output.offer_table(counts, "adverse_counts")
        with st.container(width=width):
            st.header("By term")
            height = min(318, 38 + 35 * terms["term"].n_unique())
            shown = present_shares(terms, "term", "Term")
            tables.show(shown, hide_index=True, height=height, alt="Adverse events by term and arm")
            output.offer_table(terms, "adverse_terms")


def show_published(view: cohorts.View) -> None:
    """What the publication counts of the group only, with exact limits."""
    said = summarize_published(store.statements(view.cohort.study))
    if said.is_empty():
        return
    st.header("As published, of the group")
    columns: dict[str, Any] = {"text": "What", "time": "When", "n": "Patients", "of_n": "of", "source": "Source"}
    shares = {"share": "Share", "lower": "Lower 95 %", "upper": "Upper 95 %"}
    columns |= {name: st.column_config.NumberColumn(label, format="percent") for name, label in shares.items()}
    tables.show(said, hide_index=True, height="content", column_config=columns, alt="Safety as published")
    output.offer_table(said, "published_safety")


def describe_unknown(data: Safety) -> str:
    """How many events lack what the overview counts by."""
    absent = {name: data.adverse[name].null_count() for name in ("serious", "related", "grade")}
    said = [f"{n} of {data.adverse.height} events have no {name} recorded" for name, n in absent.items() if n]
    return f"{'; '.join(said)}: they count only as any event. " if said else ""


def show_grades_by_term(terms: pl.DataFrame) -> None:
    """Worst grade, seriousness and relation of every term."""
    with st.expander("By worst grade, seriousness and relation"):
        names = {f"grade_{grade}": f"Grade {grade}" for grade in range(1, 6)}
        names |= {"ungraded": "No grade", "serious": "Serious", "related": "Related", "events": "Events"}
        shown = terms.filter(pl.col("patients") > 0).select("term", "arm", *names)
        columns = {"term": "Term", "arm": "Arm", **names}
        tables.show(shown, hide_index=True, height="content", column_config=columns, alt="Terms by worst grade")
        st.caption("Patients, each counted once a term by the worst grade; events in the last column.")


def show_timeline(view: cohorts.View, data: Safety) -> None:
    """All patients' events in time; a click opens the patient."""
    st.header("All patients in time")
    events, lanes = data.table("events"), data.lanes
    shown = lanes.head(MOST_LANES)
    if shown.height < lanes.height:
        st.caption(
            f"{shown.height} of {lanes.height:,} patients are drawn: those with the gravest and the most events."
        )
    drawn = keep_subjects(events, shown).with_columns(hover=describe_event())
    figure = plot_event_timeline(shown, drawn, view.origin, controls.theme())
    alt = "Adverse events of every patient in time"
    clicked = output.show_figure(figure, "safety_timeline", alt, events, command(view, data, "events"), select=True)
    undated = events["day"].null_count()
    st.caption(
        f"Click an event to open its patient.{f' {undated} events without a day are not drawn.' if undated else ''}"
    )
    if clicked:
        controls.open_patient(str(clicked[-1]))


def show_course(view: cohorts.View, data: Safety) -> None:
    """Decompensation and recompensation of every patient, with the criterion that is not met."""
    table = data.table("course")
    counts = table["state"].value_counts().sort("count", descending=True)
    st.markdown(" · ".join(f"**{n}** {state}" for state, n in counts.rows()))
    some = table.filter(pl.col("state") != NEVER)
    if some.is_empty():
        st.info("No patient of this cohort was decompensated so far, as far as the study records it.")
        return
    failing = some["criteria"].explode().drop_nulls().value_counts().sort("count", descending=True)
    if failing.height:
        said = ", ".join(f"{name} ({n})" for name, n in failing.rows())
        st.markdown(f"Not met, of the {some.height} who were decompensated: {said}.")
    joined = {name: pl.col(name).list.join("; ") for name in ("criteria", "unmet", "unknown")}
    choose_course(some.with_columns(**joined))
    output.offer_table(table.with_columns(**joined), "liver_course")
    st.caption(
        "Baveno VII: recompensated after 12 months without ascites off diuretics, without encephalopathy off "
        "lactulose and rifaximin, and without variceal bleeding, with the cause controlled, albumin above 3.5 g/dL, "
        "INR below 1.5 and bilirubin below 2.0 mg/dL (Wang 2022). The control of the cause is a judgement: it counts "
        f"only where it is entered as etiology_controlled. The same in the terminal: `{command(view, data, 'course')}`"
    )


def choose_course(table: pl.DataFrame) -> None:
    """The courses, a row a patient."""
    columns: dict[str, Any] = {"usubjid": "Patient", "state": "State", "first": "First", "first_day": "on day"}
    columns |= {"further": "Further", "further_day": "on day ", "as_of": "As of day", "arm": "Arm"}
    columns["unmet"] = st.column_config.TextColumn("Not met", width=330)
    columns["unknown"] = st.column_config.TextColumn("Not recorded", width=170)
    order = ["usubjid", "state", "unmet", "unknown", "first", "first_day", "further", "further_day", "as_of", "arm"]
    patients.choose_patient(table.select(order), "liver_course", columns, "Course of the liver disease by patient")
