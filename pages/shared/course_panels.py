"""Courses of one parameter by group, of several parameters side by side, and what is larger than noise."""

import json
import shlex
from dataclasses import dataclass

import polars as pl
import streamlit as st

from analytics.catalog import Parameter
from analytics.catalog.constants import SMALL
from analytics.courses import (
    MEASURES,
    MULTIPLE,
    Measure,
    derive_multiple,
    describe_axis,
    place_means,
)
from analytics.definitions import find_note
from analytics.dropout import summarize_dropout
from analytics.figure_tables import label_groups, summarize_several, tabulate_several, tabulate_trajectories
from analytics.figures.multiples import plot_multiples
from analytics.figures.trajectory import CENTERS, MANY, MEDIAN, MOST_COURSES, RIBBONS, Axes, plot_trajectories
from analytics.groups import derive_group
from analytics.noise import Variation, derive_beyond_noise, find_variation
from analytics.panel import list_based, list_changed, list_limited, list_parameters
from analytics.present import present_dropout
from analytics.visits import order_visits
from pages.shared import cohorts, controls, output, store, tables
from pages.shared.labels import LABELS
from pages.shared.memory import remember

VARIATION = "variation"
SEVERITY = ("child_pugh", "meld", "albi", "bilirubin")
MOST_MULTIPLES = 6
SHOWN_FIRST = ("child_pugh", "meld", "bilirubin", "albumin", "fibrosis_index")


@dataclass(frozen=True)
class Plan:
    """What is drawn: the cohort, its panel with the groups in ``arm``, and how."""

    view: cohorts.View
    panel: pl.DataFrame
    measure: Measure
    by: str
    by_visit: bool
    center: str
    individuals: bool


def group_panel(view: cohorts.View, by: str) -> pl.DataFrame:
    """The cohort's panel with the chosen groups in ``arm``; patients without a known group are left out, in words."""
    panel = remember(label_groups, view.panel, view.subjects, by, controls.group_parameter(by))
    if by not in ("arm", controls.ALL):
        unknown = view.subjects.height - derive_known(view, by)
        if unknown:
            st.caption(f"{unknown} patients whose group is not known are left out.")
    return panel


def derive_known(view: cohorts.View, by: str) -> int:
    """Of how many patients the group is known."""
    return remember(derive_group, view.subjects, view.panel, by, controls.group_parameter(by))["group"].count()


def find_limit(view: cohorts.View, parameter: Parameter) -> float | None:
    """The upper limit of the study's laboratory, in the reader's units."""
    limit = view.study.settings.find_limits(parameter.paramcd)[1]
    return None if limit is None else limit * controls.unit_factor(parameter.paramcd)


def list_measures(view: cohorts.View, parameter: Parameter) -> list[str]:
    """What can be shown: multiples of the upper limit only where a limit is recorded."""
    limited = parameter.paramcd in remember(list_limited, view.panel) or find_limit(view, parameter) is not None
    return [name for name in MEASURES if name != MULTIPLE or limited]


def add_multiple(view: cohorts.View, panel: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    """The panel with multiples of the upper limit, where they are shown."""
    if measure.name != MULTIPLE:
        return panel
    return remember(derive_multiple, panel, measure.parameter.paramcd, find_limit(view, measure.parameter))


def list_axes(panel: pl.DataFrame) -> list[str]:
    """What x can be: visits only where values have one, days only where values have one."""
    axes = {"Visits": panel["analysis"].any(), "Days": panel["day"].count() > 0}
    return [name for name, there in axes.items() if there] or ["Days"]


def ask_center(view: cohorts.View) -> str:
    """How the middle of a group is drawn: ribbons at first from 300 patients on."""
    large = view.subjects.height >= MANY
    return controls.ask_one(
        "Middle", "ribbon" if large else "center", [RIBBONS, *CENTERS[:2]] if large else list(CENTERS)
    )


def ask_individuals() -> bool:
    """Whether single courses are drawn: all of up to 300 patients, of more a sample."""
    return st.toggle("Individual patients", value=True, key="individuals")


def show_courses(plan: Plan, courses: pl.DataFrame) -> None:
    """The figure with its table and the rules behind it; a click on a course opens the patient."""
    view, measure = plan.view, plan.measure
    variation = find_noise(view, measure.parameter)
    if variation and measure.name != MULTIPLE:
        courses = remember(derive_beyond_noise, courses, variation)
    severity, parameter = find_severity(plan), measure.parameter
    dropout = remember(summarize_dropout, plan.panel, parameter.paramcd, view.study.visits, severity)
    exact = counts_everybody(plan)
    summary = summarize_everybody(plan) if exact else summarize_shown(plan)
    x_title, y_title, visits = remember(describe_axis, courses, measure, plan.by_visit, view.origin)
    drawn = plan.individuals or summary.filter(pl.col("n") >= SMALL).is_empty()
    axes = Axes(x_title, y_title, visits, measure.is_change, plan.center)
    chosen = st.session_state.get("usubjid") or ""
    figure = remember(plot_trajectories, courses, summary, axes, controls.theme(), drawn, chosen)
    command = trajectory_command(plan, [parameter.paramcd])
    alt = f"{y_title} by group, individual courses and {plan.center.lower()}"
    clicked = output.show_figure(figure, "trajectories", alt, summary, command, select=not view.pooled)
    if clicked:
        controls.open_patient(str(clicked[0]))
    show_notes(plan, courses, summary, exact)
    show_noise(view, measure.parameter, courses, variation)
    show_dropout(dropout, parameter, severity)
    show_summary(summary)


def show_summary(summary: pl.DataFrame) -> None:
    """The numbers of the figure, drawn when they are opened."""
    numbers = st.expander("Table", key="trajectories_table", on_change="rerun")
    if numbers.open:
        columns = [name for name in summary.columns if name != "x"]
        with numbers:
            tables.show(summary, hide_index=True, placeholder="–", column_order=columns, column_config=LABELS,
                        alt="Summary by visit")  # fmt: skip


def counts_everybody(plan: Plan) -> bool:
    """Whether the middle and the numbers are those of everybody of a large cohort."""
    if not plan.view.is_sampled or plan.measure.name == MULTIPLE:
        return False
    return store.has_means(plan.view.cohort.study, plan.measure.parameter.paramcd)


def summarize_shown(plan: Plan) -> pl.DataFrame:
    """The summary of the subjects whose courses are there."""
    return remember(tabulate_trajectories, plan.panel, plan.view.study.visits, plan.measure, plan.by_visit)


def summarize_everybody(plan: Plan) -> pl.DataFrame:
    """The summary of everybody of a large cohort, in the reader's units and on the axis of the figure."""
    view, code = plan.view, plan.measure.parameter.paramcd
    means = store.read_means(view.cohort, code, plan.measure.column, plan.by)
    factor = 1.0 if plan.measure.column == "pchg" else controls.unit_factor(code)
    return remember(place_means, means, factor, view.study.visits, plan.by_visit)


def find_severity(plan: Plan) -> str | None:
    """The score, or bilirubin, by which the lost are compared with the kept; None where none is known at baseline."""
    codes = remember(list_based, plan.panel)
    return next((code for code in SEVERITY if code in codes and code != plan.measure.parameter.paramcd), None)


def trajectory_command(plan: Plan, codes: list[str], name: str = "trajectories") -> str:
    """The command that prints the summary of these parameters."""
    options = [f"--parameter {code}" for code in codes]
    options += [f"--measure {shlex.quote(plan.measure.name)}"] if plan.measure.name != "Value" else []
    options += [f"--by {plan.by}"] if plan.by != "arm" else []
    options += [] if plan.by_visit else ["--along days"]
    return output.figure_command(name, plan.view.cohort, " ".join(options), plan.view.pair)


def show_notes(plan: Plan, courses: pl.DataFrame, summary: pl.DataFrame, exact: bool) -> None:
    """The rules in force for this figure."""
    n = courses["usubjid"].n_unique()
    middle = {
        MEDIAN: "Thick lines are medians, bars the quartiles.",
        RIBBONS: "Bands hold the middle 50 % and 90 % of patients, the line is the median.",
    }.get(plan.center, "Thick lines are means of observed cases (from 3 patients on), bars their 95 % t interval.")
    notes = [middle] + ([] if plan.view.pooled or not plan.individuals else ["Click a course to open the patient."])
    if plan.center not in (MEDIAN, RIBBONS) and summary.filter(pl.col("n") < SMALL).height:
        notes.append(f"Below {SMALL} patients no interval is drawn; read the single courses.")
    if exact:
        everybody = f"Means, quartiles and numbers are those of all {plan.view.everybody.height:,} patients"
        notes.append(f"{everybody}; single courses are a sample of them.")
    elif n > MANY and plan.center != RIBBONS:
        notes.append(f"Of the {n} single courses {MOST_COURSES} are drawn, always the same; means use all.")
    notes.append("Baseline is the last value in the 90 days up to day 0; change is later minus earlier.")
    st.caption(" ".join([*notes, find_note(plan.measure.parameter.paramcd)]))


def find_noise(view: cohorts.View, parameter: Parameter) -> Variation | None:
    """The variation of a parameter: what users entered, else what the study file says."""
    saved = {item.name: json.loads(item.content) for item in store.items(VARIATION, view.cohort.study)}
    return find_variation(view.study.config, saved, parameter.paramcd)


def show_dropout(dropout: pl.DataFrame, parameter: Parameter, severity: str | None) -> None:
    """Who has no value at each visit, and how ill they were at baseline against those who have one."""
    if not dropout["lost"].sum():
        return
    lost = st.expander("Who has no value, and how ill they were at baseline", key="lost", on_change="rerun")
    if not lost.open:
        return
    shown = remember(present_dropout, dropout, parameter, controls.find_parameter(severity) if severity else None)
    with lost:
        tables.show(shown, hide_index=True, placeholder="–", height="content", alt="Baseline of the lost and the kept")
        output.offer_table(dropout, "dropout")


def show_noise(view: cohorts.View, parameter: Parameter, courses: pl.DataFrame, variation: Variation | None) -> None:
    """Which changes are larger than noise, or how to say what noise is."""
    if parameter.levels:
        return
    if variation is None:
        st.caption(f"Change larger than noise: no published value entered for {parameter.name}.")
    elif "beyond" in courses.columns:
        later = courses.filter(pl.col("beyond").is_not_null(), pl.col("aval") != pl.col("base"))
        latest = later.sort("day", nulls_last=True, maintain_order=True).group_by("usubjid").last()
        n = latest.filter(pl.col("beyond")).height
        st.caption(
            f"{variation.words} Larger points are beyond it: {n} of {latest.height} patients at their latest value."
        )
    key = f"{VARIATION}_{parameter.paramcd}_popover"
    entry = st.popover("Enter the variation", icon=":material/straighten:", key=key, on_change="rerun")
    if entry.open:
        with entry:
            ask_variation(view, parameter, variation)


def ask_variation(view: cohorts.View, parameter: Parameter, variation: Variation | None) -> None:
    """Analytical and within-person variation with their source, saved for the study."""
    key = f"{VARIATION}_{view.cohort.study}_{parameter.paramcd}"
    now = variation or Variation(0.0, 0.0, "")
    # What is typed in is still there when the popover was closed by a click beside it.
    analytical = st.number_input(
        "Analytical variation, %", 0.0, 200.0, now.analytical, 0.1, key=f"{key}_analytical", persist_state="session"
    )
    within = st.number_input(
        "Within-person variation, %", 0.0, 200.0, now.within, 0.1, key=f"{key}_within", persist_state="session"
    )
    source = st.text_input(
        "Source (citation, or whose measurement)",
        now.source,
        key=f"{key}_source",
        max_chars=300,
        persist_state="session",
    )
    content = json.dumps({"analytical": analytical, "within": within, "source": source.strip()})
    if st.button("Save", key=f"{key}_save", disabled=not (source.strip() and analytical + within > 0)):
        store.save(VARIATION, view.cohort.study, parameter.paramcd, content)
        st.rerun()
    st.caption("Coefficients of variation. Without a source nothing is saved.")


@st.fragment
def show_multiples(plan: Plan) -> None:
    """Several parameters side by side."""
    st.header("Several parameters side by side")
    view = plan.view
    names = {item.paramcd: item.title for item in controls.order_parameters(remember(list_parameters, view.panel))}
    later = remember(list_changed, view.panel)
    changed = [code for code in SHOWN_FIRST if code in later] or list(names)[:1]
    key = "multiples_" + view.cohort.study
    chosen = st.multiselect(
        "Parameters", list(names), changed[:4], lambda code: names[code], key=key, max_selections=MOST_MULTIPLES
    )
    parameters = [controls.find_parameter(code) for code in chosen]
    summaries = remember(summarize_several, plan.panel, view.study.visits, plan.measure.name, parameters, plan.by_visit)
    if not summaries:
        st.info("Choose parameters to compare.")
        return
    if len(summaries) < len(chosen):
        st.caption(f"{len(chosen) - len(summaries)} of the chosen have no {plan.measure.name.lower()} in this cohort.")
    seen = pl.concat([summary["avisit"] for summary in summaries.values()])
    order = tuple(order_visits(seen, view.study.visits)) if plan.by_visit else ()
    x_title = "Visit" if plan.by_visit else f"Months since {view.origin}"
    figure = remember(plot_multiples, summaries, x_title, order, controls.theme())
    alt = f"Means of {len(summaries)} parameters by group"
    command = trajectory_command(plan, chosen, "multiples")
    output.show_figure(figure, "multiples", alt, remember(tabulate_several, summaries), command)
