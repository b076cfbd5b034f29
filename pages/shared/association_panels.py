"""Do changes go together: every pair of changes, felt against measured, dose against change."""

import polars as pl
import streamlit as st

from analytics.association import (
    BOTH,
    FELT,
    MEASURED,
    NEITHER,
    correlate_changes,
    correlate_pair,
    derive_quadrant,
    list_doses,
    pair_changes,
    pair_dose,
)
from analytics.catalog import Parameter
from analytics.catalog.constants import SMALL
from analytics.figures.association import Titles, plot_correlations, plot_pairs
from analytics.panel import list_changed
from analytics.present import say_p
from analytics.rules import LAST
from analytics.statistics.correlation import EXACT, Correlation
from pages.shared import cohorts, controls, output
from pages.shared.memory import remember

FIRST = ("child_pugh", "meld", "albi", "bilirubin", "albumin", "fibrosis_index", "liver_volume", "quality_of_life")
MOST = 10
OBJECTIVE = ("meld", "meld3", "child_pugh", "albi", "mayo_pbc", "bilirubin")
SUBJECTIVE = ("quality_of_life", "performance_score")


def name_changed(view: cohorts.View) -> dict[str, str]:
    """The parameters that have a change, by code."""
    return {item.paramcd: item.name for item in controls.order_parameters(remember(list_changed, view.panel))}


def title_change(parameter: Parameter) -> str:
    """The title of an axis of changes."""
    unit = f", {parameter.unit_label}" if parameter.unit_label else ""
    return f"{parameter.name}, change{unit}" + (f" ({parameter.benefit})" if parameter.benefit else "")


@st.fragment
def show_correlations(view: cohorts.View) -> None:
    """The map of how changes go together."""
    st.header("Which changes go together")
    names = name_changed(view)
    if len(names) < 2:
        st.info("Fewer than two quantities have a change from baseline, so nothing can be correlated.")
        return
    first = [code for code in FIRST if code in names][:MOST]
    first = first if len(first) > 1 else list(names)[:4]
    key = f"correlate_{view.cohort.study}"
    chosen = st.multiselect("Changes of", list(names), first, lambda code: names[code], key=key, max_selections=MOST)
    if len(chosen) < 2:
        st.info("Choose at least two.")
        return
    table = remember(correlate_changes, view.panel, chosen, LAST)
    labels = {code: names[code] for code in chosen}
    figure = remember(plot_correlations, table, labels, controls.theme())
    alt = "Spearman's correlation of the last changes of every pair"
    options = " ".join(f"--parameter {code}" for code in chosen)
    command = output.figure_command("correlations", view.cohort, options)
    output.show_figure(figure, "correlations", alt, table, command)
    st.caption(
        f"Last change of each patient. Exploratory: {table.height} pairs, none adjusted for their number; a pair "
        "needs 4 patients."
    )


@st.fragment
def show_quadrant(view: cohorts.View) -> None:
    """What patients feel against what is measured."""
    st.header("Felt against measured")
    names = name_changed(view)
    felt, measured = ([code for code in codes if code in names] for codes in (SUBJECTIVE, OBJECTIVE))
    if not felt or not measured:
        st.info("It needs quality of life or performance, and a score or bilirubin, each at baseline and later.")
        return
    left, right = st.columns(2)
    with left:
        x = controls.find_parameter(
            controls.ask_detail("Measured", {code: names[code] for code in measured}, "measured", measured[0])
        )
    with right:
        y = controls.find_parameter(controls.ask_detail("Felt", {code: names[code] for code in felt}, "felt", felt[0]))
    changes = remember(pair_changes, view.panel, x.paramcd, y.paramcd, LAST)
    pairs = remember(derive_quadrant, changes, x.better, y.better)
    if pairs.is_empty():
        st.info("No patient has both changes.")
        return
    counts = dict(pairs["quadrant"].value_counts().rows())
    said = ", ".join(f"**{counts.get(name, 0)}** {name}" for name in (BOTH, FELT, MEASURED, NEITHER))
    st.markdown(f"Of {pairs.height} patients: {said}.")
    options = f"--parameter {x.paramcd} --parameter {y.paramcd}"
    command = output.figure_command("quadrant", view.cohort, options)
    show_pairs(pairs, Titles(title_change(x), title_change(y), cross=True), "quadrant", command)


@st.fragment
def show_doses(view: cohorts.View) -> None:
    """Change against the cells that were infused."""
    st.header("Dose and change")
    doses = remember(list_doses, view.treatments)
    names = name_changed(view)
    if not doses or not names:
        st.info("It needs infusions whose dose differs between patients, and a change from baseline.")
        return
    left, right = st.columns(2)
    with left:
        dose = controls.ask_detail("Dose", doses, "dose", next(iter(doses)))
    with right:
        first = next((code for code in ("fibrosis_index", "child_pugh", "meld") if code in names), next(iter(names)))
        parameter = controls.find_parameter(controls.ask_detail("Change of", names, "dose_change", first))
    pairs = remember(pair_dose, view.panel, view.treatments, dose, parameter.paramcd, LAST)
    if pairs.is_empty():
        st.info(f"No patient has both this dose and a change of {parameter.name}.")
        return
    command = output.figure_command("doses", view.cohort, f"--dose {dose} --parameter {parameter.paramcd}")
    show_pairs(pairs, Titles(doses[dose], title_change(parameter)), "doses", command)
    st.caption(
        "All infusions up to the value: cells are added up, viability and recovery averaged. Doses were not randomised."
    )


def show_pairs(pairs: pl.DataFrame, titles: Titles, key: str, command: str) -> None:
    """The points with their correlation; a click opens the patient."""
    figure = remember(plot_pairs, pairs, titles, controls.theme())
    clicked = output.show_figure(figure, key, f"{titles.y} against {titles.x}", pairs, command, select=True)
    if clicked:
        controls.open_patient(str(clicked[0]))
    st.caption(describe_correlation(remember(correlate_pair, pairs)))


def describe_correlation(found: Correlation) -> str:
    """The correlation in words; below 10 pairs only the exact test."""
    if found.spearman is None or found.spearman_p is None:
        return f"{found.n} patients: too few, or no variation, for a correlation."
    exact = found.n <= EXACT
    said = f"Spearman's ρ {found.spearman:+.2f}, {say_p(found.spearman_p)}" + (" (exact)" if exact else "")
    if found.n >= SMALL and found.pearson is not None:
        said += (
            f"; Pearson's r {found.pearson:+.2f} ({found.lower:+.2f} to {found.upper:+.2f}), {say_p(found.pearson_p)}"
        )
    return f"{found.n} patients. {said}. Exploratory."
