"""The literature shelf on screen: trials with filters, directions of effect, doses, markers, trials of one's own."""

import json
from typing import Any

import polars as pl
import streamlit as st

from analytics.catalog import PARAMETERS
from analytics.evidence.grid import ABSENT, BETTER, OURS, UNCLEAR, WORSE, add_ours, list_doses, make_grid
from analytics.evidence.shelf import (
    CHOICES,
    KIND,
    LIBRARY,
    REQUIRED,
    add_own,
    find_problem,
    read_effects,
    read_endpoints,
    read_entries,
    read_markers,
    read_others,
    read_trials,
    select_trials,
)
from analytics.figures.evidence import plot_doses, plot_grid
from pages.shared import cohorts, controls, output, store, tables

REVIEW = (
    "29 trials: Yu Y, Wang F, Shi M. Clinical study progress of stem cell therapy for end-stage liver disease. 2021, "
    "doi 10.3969/j.issn.1007-8134.2021.02.004, Tables 1-4. The number of patients comes from two other reviews where "
    "these print it."
)
CODES = ", ".join(read_endpoints())
COLUMNS = {
    "trial": "Trial",
    "disease": "Disease",
    "cell_type": "Cells",
    "route": "Route",
    "dose_text": "Dose as printed",
    "followup": "Followed",
    "n": "n",
    "effects": "Effects as printed",
    "source": "Source line",
    "note": "Contradictions and remarks",
    "citation": "Citation",
    "etiology": "Cause",
}


def find_view() -> cohorts.View | None:
    """The cohort in view, which the shelf is held against; None where there is no study."""
    cohort = st.session_state.get("cohort")
    if cohort is None:
        return None
    view = cohorts.select_view(cohort)
    cohorts.show_head(cohort, view)
    return None if view.subjects.is_empty() else view


def read_shelf() -> tuple[pl.DataFrame, pl.DataFrame]:
    """The trials and effects of the shelf, own entries among them."""
    saved = [(item.content, f"entered by {item.who}, {item.saved_at:%Y-%m-%d}") for item in store.items(KIND, LIBRARY)]
    return add_own(read_trials(), read_effects(), saved)


def ask_trials() -> pl.DataFrame:
    """The trials that pass the filters, which stay the same on every part of the page."""
    trials, _ = read_shelf()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = {}
        for column, label in CHOICES.items():
            counts = dict(trials[column].drop_nulls().value_counts().sort(column).rows())
            with st.container(width=210):
                options = {value: f"{value} ({n})" for value, n in counts.items()}
                chosen[column] = controls.ask_filter(label, options, f"shelf_{column}")
        months = st.number_input("Followed at least, months", 0, 120, 0, key="shelf_months", width=190)
        sized = st.toggle("Only with a known n", key="shelf_sized")
    kept = select_trials(trials, chosen, float(months), sized)
    st.caption(f"{kept.height} of {trials.height} trials. {REVIEW}")
    if kept.is_empty():
        st.info("No trial of the shelf passes these filters.")
        st.stop()
    return kept


def show_trials(view: cohorts.View | None) -> None:  # noqa: ARG001  # every part of the page is given the cohort
    """The table of trials, each row with its source line and the contradictions that are known."""
    kept = ask_trials()
    event = tables.show(
        kept.select(list(COLUMNS)),
        key="shelf",
        hide_index=True,
        placeholder="–",
        height=420,
        on_select="rerun",
        selection_mode="single-row",
        column_config=COLUMNS,
        alt="Published trials",
    )
    output.offer_table(kept, "published_trials")
    if event["selection"]["rows"]:
        show_trial(kept.row(event["selection"]["rows"][0], named=True))
    else:
        noted = kept["note"].fill_null("").str.len_chars() > 0
        st.caption(
            "Click the box at the left of a row for its whole text, its source line and the contradictions known of "
            f"it ({noted.sum()} trials have a remark). In the terminal: `python cli.py evidence{options()}`"
        )
    with st.expander("The other two reviews, row by row"):
        others = read_others()
        tables.show(others, hide_index=True, placeholder="–", alt="Trials in two other reviews")
        output.offer_table(others, "other_reviews")


def show_trial(row: dict[str, Any]) -> None:
    """One trial in full: what is printed, where, and what contradicts it."""
    with st.container(border=True):
        st.markdown(
            f"**{output.plain(row['trial'])}** · {output.plain(row['disease'])} · {output.plain(row['cell_type'])}"
        )
        parts = {
            "Printed effects": row["effects"],
            "Dose and route": f"{row['dose_text'] or '/'}, {row['route']}",
            "Source line": row["source"],
            "Contradictions and remarks": row["note"] or "none known",
            "Citation": row["citation"],
        }
        for label, text in parts.items():
            st.markdown(f"{label}: {output.plain(str(text))}")


def show_grid(view: cohorts.View | None) -> None:
    """Trials by endpoints: better, worse, transient or unclear, not mentioned; this study on top."""
    kept = ask_trials()
    _, effects = read_shelf()
    grid = make_grid(kept, effects)
    if grid.is_empty():
        st.info("None of these trials mentions an effect.")
        return
    table = grid if view is None else add_ours(grid, cohorts.read_catalog_panel(view))
    figure = plot_grid(table, [OURS], controls.theme())
    alt = "Direction of effect of every trial on every endpoint"
    output.show_figure(figure, "effect_grid", alt, table, command("grid", view))
    st.caption(
        f"▲ {BETTER} · ▼ {WORSE} · ? {UNCLEAR} · empty: {ABSENT} in the table, which is no “no effect”. Directions "
        "are as printed; no size is known and none is invented. Comparisons between groups that the table does not "
        f"name, and quantities without a direction of benefit, are “{UNCLEAR}”."
    )
    if view is not None:
        st.caption(describe_our_row(table))


def describe_our_row(grid: pl.DataFrame) -> str:
    """What the row of this study shows, and why it can be empty."""
    if grid.filter(pl.col("trial") == OURS, pl.col("state") != ABSENT).is_empty():
        return f"{OURS}: no endpoint of the published trials has a value after its baseline here; its row is empty."
    return f"{OURS}: direction of the mean change from baseline to each patient's latest value, without a test."


def command(table: str, view: cohorts.View | None) -> str:
    """The terminal's command for a table with this study beside it, which it can name only without a filter."""
    study = f" --study {view.cohort.study}" if view and not view.cohort.is_filtered else ""
    return f"python cli.py evidence --table {table}{study}{options()}"


def options() -> str:
    """The filters in force as options of the terminal."""
    said = [
        f' --{column.replace("_", "-")} "{value}"'
        for column in CHOICES
        for value in st.session_state.get(f"shelf_{column}", [])
    ]
    months = st.session_state.get("shelf_months") or 0
    said += [f" --months {months}"] if months else []
    return "".join([*said, *([" --sized"] if st.session_state.get("shelf_sized") else [])])


def show_doses(view: cohorts.View | None) -> None:
    """Published doses, cells and cells per kg apart, and where this study's infusions lie."""
    kept = ask_trials()
    given = view.select(view.study.treatments) if view else pl.DataFrame({"cells_e6": [], "cells_e6_per_kg": []})
    doses = list_doses(kept, given)
    if doses.is_empty():
        st.info("None of these trials prints a dose.")
        return
    figure = plot_doses(doses, {False: "Doses in cells", True: "Doses in cells per kg"}, controls.theme())
    alt = "Published doses in cells and in cells per kg"
    output.show_figure(figure, "dose_strip", alt, doses, command("doses", view))
    ours = doses.filter(pl.col("own"))
    said = "from the lowest to the highest single infusion" if ours.height else "no infusion with a number of cells"
    absent = kept.height - doses.filter(~pl.col("own"))["trial"].n_unique()
    st.caption(
        f"{OURS}: {said}. A line is the printed range of a trial. Cells and cells per kg are different quantities: "
        f"they share no axis, and none is converted into the other. {absent} of these trials print no dose."
    )


def show_markers(view: cohorts.View | None) -> None:
    """Fibrosis markers with their published cut-offs, and this study's values beside them."""
    table = read_markers()
    named = table.with_columns(
        marker=pl.col("paramcd").replace({code: item.label for code, item in PARAMETERS.items()})
    )
    shown = named.with_columns(
        cut_off=pl.col("cut_off").cast(pl.String).fill_null("no published value entered"),
        source=pl.when(pl.col("source") == "").then(pl.lit("–")).otherwise(pl.col("source")),
    ).select("marker", "cut_off", "meaning", "population", "source")
    columns: dict[str, Any] = {"marker": "Marker", "meaning": "Meaning", "population": "In", "source": "Source"}
    columns["cut_off"] = st.column_config.TextColumn("Cut-off", width=180)
    tables.show(
        shown, hide_index=True, placeholder="–", height="content", column_config=columns, alt="Fibrosis markers"
    )
    output.offer_table(table, "fibrosis_markers")
    there = set(view.panel["paramcd"]) if view else set()
    measured = [PARAMETERS[code].name for code in table["paramcd"].unique(maintain_order=True) if code in there]
    said = f"This study measured {', '.join(measured)}." if measured else "This study measured none of them."
    st.caption(
        f"{said if view else ''} Each is a parameter of the catalog: it can be imported, drawn and compared like any "
        "other. Cut-offs belong to the population in which they were found; follow the change from baseline."
    )


def show_own(view: cohorts.View | None) -> None:  # noqa: ARG001  # every part of the page is given the cohort
    """A trial of one's own: by form, or several as CSV; a citation is required."""
    show_saved()
    with st.form("own_trial", border=True):
        entry = ask_entry()
        pressed = st.form_submit_button("Put on the shelf", icon=":material/library_add:")
    if pressed:
        save([{name: value for name, value in entry.items() if value not in ("", False)}])
    help_ = f"Columns: {', '.join(REQUIRED)}, and more."
    sent = st.file_uploader("Or several as CSV", type="csv", key="own_file", help=help_)
    if sent is not None:
        entries, problems = read_entries(sent.getvalue().decode("utf-8-sig", errors="replace"))
        for problem in problems:
            st.warning(output.plain(problem))
        if entries and st.button(f"Put {len(entries)} on the shelf", key="own_many"):
            save(entries)


def ask_entry() -> dict[str, Any]:
    """The fields of a trial."""
    left, right = st.columns(2)
    return {
        "name": left.text_input("Name", placeholder="Author year", key="own_name"),
        "disease": left.text_input("Disease", key="own_disease"),
        "cell_type": left.text_input("Cells", key="own_cell_type"),
        "route": left.text_input("Route", key="own_route"),
        "n": left.text_input("Patients", key="own_n"),
        "dose_text": right.text_input("Dose as printed", key="own_dose_text"),
        "dose_low": right.text_input("Dose from, cells", key="own_dose_low", placeholder="5e7"),
        "dose_high": right.text_input("Dose to, cells", key="own_dose_high"),
        "dose_per_kg": right.checkbox("per kg", key="own_dose_per_kg"),
        "followup_months": right.text_input("Followed, months", key="own_followup_months"),
        "effects": st.text_input("Effects", key="own_effects", placeholder="ALB up; MELD down", help=CODES),
        "citation": st.text_input("Citation (required)", key="own_citation"),
        "note": st.text_input("Remark", key="own_note"),
    }


def save(entries: list[dict[str, Any]]) -> None:
    """Put trials on the shelf, or say what is wrong with the first that cannot be."""
    if problem := next((problem for problem in map(find_problem, entries) if problem), ""):
        st.error(f"Nothing was saved: {output.plain(problem)}.")
        return
    if all(store.save(KIND, LIBRARY, str(entry["name"]), json.dumps(entry)) for entry in entries):
        st.toast("On the shelf.", icon=":material/check:")
        st.rerun()


def show_saved() -> None:
    """The trials of one's own that are on the shelf."""
    items = store.items(KIND, LIBRARY)
    if not items:
        st.caption("No trial of your own is on the shelf yet. What you enter stays on this machine.")
    for place, item in enumerate(items):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{output.plain(item.name)}** · {output.plain(json.loads(item.content)['citation'])} · {item.who}"
            )
            st.button("Remove", key=f"own_remove_{place}", on_click=store.remove, args=(KIND, LIBRARY, item.name))
