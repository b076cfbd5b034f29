"""Classes before and after, their flow over the visits, and ascites read against diuretics."""

import shlex

import polars as pl
import streamlit as st

from analytics.ascites import derive_ascites, tabulate_ascites
from analytics.catalog import Parameter
from analytics.figures.flow import plot_flow
from analytics.panel import list_paired
from analytics.rules import LAST
from analytics.shift import ABSENT, derive_classes, is_classed, summarize_flow, tabulate_shift
from analytics.visits import choose_visit
from pages.shared import cohorts, controls, output, patients, store, tables
from pages.shared.memory import remember

MOST_STAGES = 4


@st.fragment
def show_shift(view: cohorts.View) -> None:
    """The shift table and the flow of one class or grade."""
    st.header("Classes before and after")
    classed = [item for item in controls.order_parameters(remember(list_paired, view.panel)) if is_classed(item)]
    if not classed:
        st.info("No class or grade is known at baseline and at a later visit of these patients.")
        return
    names = {item.paramcd: item.name for item in classed}
    left, right = st.columns(2)
    with left:
        parameter = controls.find_parameter(controls.ask_detail("Class or grade", names, "shift", next(iter(names))))
    rows = remember(derive_classes, view.panel, parameter, view.subjects, view.events, view.study.visits)
    visits = rows["avisit"].unique(maintain_order=True).to_list()
    if not visits:
        st.info("No class belongs to a visit of the study.")
        return
    first = choose_visit(rows.filter(pl.col("after") != ABSENT), view.study.visits) or visits[-1]
    with right:
        visit = controls.ask_detail("Baseline to", dict(zip(visits, visits, strict=True)), "shift_visit", first)
    here, keys = rows.filter(pl.col("avisit") == visit), ("before", "after")
    show_cells(remember(tabulate_shift, rows, visit), here, keys, f"Baseline ↓, {visit} →", "shift_table")
    st.caption("Died and transplanted: by the end of the visit's window. Click a count to list its patients.")
    show_flow(view, rows, thin(visits[: visits.index(visit) + 1]), parameter)


def thin(visits: list[str]) -> list[str]:
    """At most four visits, the last among them."""
    if len(visits) <= MOST_STAGES:
        return visits
    return [visits[round(place * (len(visits) - 1) / (MOST_STAGES - 1))] for place in range(MOST_STAGES)]


def show_flow(view: cohorts.View, rows: pl.DataFrame, stages: list[str], parameter: Parameter) -> None:
    """The flow of classes over these visits."""
    flow = remember(summarize_flow, rows, stages)
    figure = remember(plot_flow, flow, ["Baseline", *stages], controls.theme())
    alt = f"Flow of {parameter.name} from baseline over {', '.join(stages)}"
    options = " ".join([f"--parameter {parameter.paramcd}", *(f"--visit {shlex.quote(name)}" for name in stages)])
    output.show_figure(figure, "flow", alt, flow, output.figure_command("flow", view.cohort, options))


def show_cells(table: pl.DataFrame, rows: pl.DataFrame, keys: tuple[str, str], corner: str, key: str) -> None:
    """A table of counts whose cells list their patients; ``keys``: the columns of ``rows`` across which it counts."""
    event = tables.show(
        table,
        key=key,
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-cell",
        column_config={keys[0]: corner},
        alt=corner,
    )
    cells = event["selection"]["cells"]
    if cells and cells[0][1] != keys[0]:
        row, column = cells[0]
        value = table[keys[0]][row]
        chosen = rows.filter(pl.col(keys[0]) == value, pl.col(keys[1]) == column)
        patients.list_members(chosen["usubjid"].to_list(), f"{value} → {column}", f"{key}_members")


@st.fragment
def show_ascites(view: cohorts.View) -> None:
    """Whether ascites fell on less, the same or more diuretic."""
    st.header("Ascites read against diuretics")
    rows = remember(derive_ascites, view.panel, LAST)
    if rows.is_empty():
        st.info("No patient with ascites has it graded at baseline and later.")
        show_statements(view)
        return
    table = remember(tabulate_ascites, rows)
    show_cells(table, rows, ("ascites", "drug"), "Last grade against baseline", "ascites_table")
    output.offer_table(rows, "ascites")
    st.caption(
        "Spironolactone and furosemide on the day of the last grade against the dose at baseline. Less ascites "
        "on more drug "
        "is no sign of a better liver. Patients without ascites at both are left out. Click a count to list its "
        "patients."
    )


def show_statements(view: cohorts.View) -> None:
    """What the publication says of the group only."""
    said = store.statements(view.cohort.study).filter(pl.col("kind").is_in(["ascites", "diuretics"]))
    for row in said.iter_rows(named=True):
        st.caption(f"{row['source']}: {row['n']} of {row['of_n']} patients {row['text']}.")
