"""Is it more than noise? The tests of change beside the figure of the courses."""

from dataclasses import dataclass

import polars as pl
import streamlit as st

from analytics.catalog import Parameter
from analytics.catalog.constants import SMALL
from analytics.change import select_pairs
from analytics.compare import (
    adjust_columns,
    compare_between,
    compare_within,
    derive_log,
    describe_smallest_p,
)
from analytics.dropout import select_based
from analytics.models import RULES, choose_reference, compare_missing, fit_trend, select_values, tabulate_trend
from analytics.present import (
    present_between,
    present_missing,
    present_several,
    present_terms,
    present_within,
    say_p,
)
from analytics.several import compare_several
from analytics.statistics.multiplicity import METHODS
from analytics.visits import choose_visit, order_visits
from pages.shared import cohorts, controls, output, tables
from pages.shared.memory import remember

WITHIN, BETWEEN, SEVERAL, MISSING, SLOPE = (
    "Within groups",
    "Between groups",
    "All groups at a visit",
    "Missing follow-up",
    "Slope over time",
)
TABLES = {WITHIN: "within", BETWEEN: "between", SEVERAL: "several", MISSING: "missing", SLOPE: "slope"}
LOGARITHM = "Ratios (logarithms)"
NONE = "none"


@dataclass(frozen=True)
class Question:
    """What is tested: the cohort, its panel with the groups in ``arm``, the pairs, and how results are written."""

    view: cohorts.View
    panel: pl.DataFrame
    parameter: Parameter
    pairs: pl.DataFrame
    by: str
    logarithm: bool

    @property
    def decimals(self) -> int:
        """The decimals of means and differences."""
        return 2 if self.logarithm else self.parameter.decimals + 1

    @property
    def visits(self) -> list[str]:
        """The visits that have a pair."""
        return order_visits(self.pairs["avisit"], self.view.study.visits)

    @property
    def groups(self) -> list[str]:
        """The groups that have a pair."""
        return self.pairs["arm"].unique().sort().to_list()


@st.fragment
def show_statistics(view: cohorts.View, panel: pl.DataFrame, parameter: Parameter, by: str) -> None:
    """The tests of one parameter; ``panel`` has the groups in ``arm``. Of a sample of patients they are asked for."""
    st.header("Is the change more than noise?")
    if view.is_sampled:
        if "tests" in st.query_params:  # a link that names one
            st.session_state.setdefault("drawn_tests", True)
        said = f"Tests of the {view.subjects.height} patients drawn, not of all {view.everybody.height:,}"
        drawn = st.expander(said, key="drawn_tests", on_change="rerun")
        if drawn.open:
            with drawn:
                show_tests(view, panel, parameter, by)
    else:
        show_tests(view, panel, parameter, by)


def show_tests(view: cohorts.View, panel: pl.DataFrame, parameter: Parameter, by: str) -> None:
    """The comparison that is asked for, and its numbers."""
    pairs = remember(select_pairs, panel, parameter.paramcd)
    if pairs.is_empty():
        st.info(f"No patient has {parameter.name} at baseline and at a visit after it, so no change can be tested.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        kind = controls.ask_one("Compare", "tests", list(SHOW))
        logarithm = controls.ask_one("Scale", "scale", ["As measured", LOGARITHM]) == LOGARITHM
        if kind in (WITHIN, BETWEEN):
            controls.ask_one("Adjust p values", "adjust", [NONE, *METHODS])
    if logarithm:
        positive = pairs.filter(pl.col("aval") > 0, pl.col("base") > 0)
        if positive.height < pairs.height:
            st.caption(f"{pairs.height - positive.height} pairs have a value that is not above 0: without logarithm.")
    question = Question(view, panel, parameter, remember(derive_log, pairs) if logarithm else pairs, by, logarithm)
    if question.pairs.is_empty():
        st.info("No pair has a logarithm.")
        return
    offer_numbers(question, kind, SHOW[kind](question))


def offer_numbers(question: Question, kind: str, table: pl.DataFrame) -> None:
    """The download of a table of tests, and the command that prints it."""
    view, parameter, log = question.view, question.parameter, " --log" if question.logarithm else ""
    measured = f"{parameter.title}, logarithm" if log else parameter.title
    by = f" --by {question.by}" if question.by != controls.ALL else ""
    command = (
        f"python cli.py change {view.cohort.options} --parameter {parameter.paramcd}{by} --table {TABLES[kind]}{log}"
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        output.offer_table(table.with_columns(measure=pl.lit(measured)), f"change_{TABLES[kind]}")
        if not view.pooled:
            st.caption(f"The same numbers in the terminal: `{command}{output.units_flag()}`")


def show_table(table: pl.DataFrame, alt: str) -> None:
    """A table of text as high as it is, up to 16 rows."""
    height = "content" if table.height <= 16 else 600
    tables.show(table, hide_index=True, placeholder="–", height=height, alt=alt)


def show_within(question: Question) -> pl.DataFrame:
    """The change of every group at every visit against no change."""
    table = correct(remember(compare_within, question.pairs, question.view.study.visits))
    shown = remember(present_within, table, question.decimals, question.parameter)
    show_table(shown, "Tests of the change within groups")
    small = [row for row in table.iter_rows(named=True) if row["n"] < SMALL]
    for row in small:
        where = f"{row['avisit']}, {row['arm']}: " if table.height > 1 else ""
        st.markdown(f"{where}{say_p(row['p_sign_flip'])} (exact sign flip); "
                    f"{describe_smallest_p(row['n'], row['n_zero'])}")  # fmt: skip
    methods = (
        "Paired t test; Wilcoxon signed rank, exact, zeros dropped; sign-flip permutation of the mean, exact up to 20 "
        "changes, beyond from 100,000 drawn patterns, none above 1,000; Hodges-Lehmann estimate with its exact limits."
    )
    notes = [methods]
    notes += [f"Below {SMALL} patients only the exact methods are given."] if small else []
    st.caption(" ".join([*notes, describe_count(table.height, 3)]))
    return table


def correct(table: pl.DataFrame) -> pl.DataFrame:
    """The p values adjusted as the reader asked."""
    method = st.session_state.get("adjust", NONE)
    return table if method == NONE else adjust_columns(table, method)


def describe_count(rows: int, tests: int) -> str:
    """That p values are exploratory, how many comparisons were made, and how they are adjusted."""
    each = f", {tests} tests each" if tests > 1 else ""
    method = st.session_state.get("adjust", NONE)
    done = "not adjusted for their number" if method == NONE else f"each test adjusted for their number ({method})"
    return f"Exploratory: {rows} comparison{'s' if rows != 1 else ''}{each}, p values {done}."


def show_between(question: Question) -> pl.DataFrame:
    """The change of every group minus that of the reference."""
    reference = choose_reference(question.groups, question.view.study.reference_arm)
    table = correct(remember(compare_between, question.pairs, question.view.study.visits, reference))
    if table.is_empty():
        st.info("There is only one group: choose what parts the patients above the figure.")
        return table
    show_table(present_between(table, question.decimals), "Tests of the change between groups")
    st.caption(
        f"Change minus change in {reference}. Welch and Student t tests; Mann-Whitney, exact with up to 60 patients; "
        f"analysis of covariance: change ~ baseline + group. With fewer than {SMALL} in a group only the exact test is "
        f"given. {describe_count(table.height, 4)}"
    )
    return table


def show_several(question: Question) -> pl.DataFrame:
    """All groups at one visit."""
    visits = question.visits
    visit = controls.ask_detail(
        "At",
        dict(zip(visits, visits, strict=True)),
        "several_at",
        choose_visit(question.pairs, question.view.study.visits),
    )
    tests, pairs = compare_several(question.pairs.filter(pl.col("avisit") == visit), "chg")
    if tests.is_empty():
        st.info("Fewer than two groups have two patients or more at this visit.")
        return tests
    first, second = present_several(tests, pairs, question.decimals)
    show_table(first, "Tests of all groups")
    if second.height:
        show_table(second, "Pairs of groups")
        st.caption("Fisher's LSD uses the pooled variance of all groups and is read only where the analysis of "
                   "variance is significant; with more than three groups it does not hold its level, so Holm's and "
                   "Tukey's p stand beside.")  # fmt: skip
    return pairs if pairs.height else tests


def show_missing(question: Question) -> pl.DataFrame:
    """Observed cases, last value carried forward and the mixed model, side by side."""
    groups, study = question.groups, question.view.study
    reference = choose_reference(groups, study.reference_arm)
    others = [group for group in groups if group != reference]
    if not others:
        st.info("There is only one group: choose what parts the patients above the figure.")
        return pl.DataFrame()
    arm = controls.ask_detail("Group", dict(zip(others, others, strict=True)), "missing_arm", others[0])
    based = remember(select_based, question.panel, question.parameter.paramcd, question.logarithm)
    table = remember(compare_missing, question.pairs, study.visits, based, reference, arm)
    last = question.visits[-1]
    ordered = pl.concat([table.filter(pl.col("avisit") == last), table.filter(pl.col("avisit") != last)])
    st.markdown(f"**{arm} minus {reference}**, adjusted for baseline; {last} first")
    show_table(present_missing(ordered, question.decimals, question.logarithm), "Three ways with missing follow-up")
    for name, rule in RULES.items():
        st.caption(f"**{name}**: {rule}")
    if table["p"].null_count() == table.height:
        st.caption(f"With fewer than {SMALL} patients in a group no model is fitted.")
    return table


def show_slope(question: Question) -> pl.DataFrame:
    """The mixed model over time."""
    values = remember(select_values, question.panel, question.parameter.paramcd, question.logarithm)
    reference = choose_reference(question.groups, question.view.study.reference_arm)
    trend = remember(fit_trend, values, reference)
    table = tabulate_trend(trend)
    if table.is_empty():
        st.info(f"No mixed model is shown: it needs days, {SMALL} patients in each group, repeated values, and must "
                "converge.")  # fmt: skip
        return table
    show_table(present_terms(table, question.decimals + 1), "Coefficients of the mixed model")
    fit = trend.fit
    said = f"{fit.n} values of {fit.subjects} patients; " if fit else ""
    st.caption(
        f"{said}value ~ time × group with {trend.effects} for each patient, REML, all values from screening on; "
        f"t tests with Satterthwaite's degrees of freedom. {describe_count(table.height, 1)}"
    )
    return table


SHOW = {WITHIN: show_within, BETWEEN: show_between, SEVERAL: show_several, MISSING: show_missing, SLOPE: show_slope}
