"""Survival curves with their counts, the tests between groups, and who stands behind a click."""

import re
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl
import streamlit as st

from analytics.catalog.constants import SMALL, YEAR
from analytics.catalog.endpoints import BIRTH, RESPONSE, Endpoint
from analytics.figures.survival import ROWS, Curve, make_axis, plot_survival
from analytics.groups import SUBJECT_GROUPS, derive_group, label_group, list_groups, list_varied
from analytics.models import choose_reference
from analytics.rules import Rule
from analytics.statistics.multiplicity import METHODS
from analytics.survival.describe import describe_log_rank, summarize_survival, warn_of_truncation
from analytics.survival.estimate import Survival, estimate_survival, restrict_means
from analytics.survival.follow_up import select_known, select_later
from analytics.survival.kaplan_meier import LIMITS, count_at
from analytics.survival.tables import tabulate_contrasts, tabulate_pairs, tabulate_tests
from analytics.survival_present import present_contrasts, present_pairs, present_tests
from pages.shared import cohorts, controls, output, patients, tables
from pages.shared.memory import remember

MANY = 3  # groups: with more, only the number at risk stands under the axis
ALL = controls.ALL
BEHIND = {"step": "event on day", "at_risk": "at risk on day", "events": "event by day", "censored": "censored by day"}


@dataclass(frozen=True)
class Plan:
    """What all views of the page share: the cohort, the endpoint, its times with ``group``, the command."""

    view: cohorts.View
    endpoint: Endpoint
    times: pl.DataFrame
    by: str
    rule: Rule | None = None

    @property
    def command(self) -> str:
        """The terminal's command for the same endpoint and groups."""
        rule = ""
        if self.rule and RESPONSE in self.endpoint.events:
            rule = f" {self.rule.reach}{output.units_flag()}"
        grouped = "" if self.by == ALL else f" --by {self.by}"
        return f"python cli.py survival {self.view.cohort.options} {self.endpoint.options}{rule}{grouped}"

    @property
    def origin(self) -> str:
        """What the time axis counts from."""
        if self.ages:
            return "birth"
        named = {"day_0": self.view.origin, "landmark": f"day {self.endpoint.landmark_day}"}
        return named.get(self.endpoint.start, f"first {self.endpoint.start.replace('_', ' ')}")

    @cached_property
    def known(self) -> pl.DataFrame:
        """The rows with a time, and a group where there are groups."""
        return remember(select_known, self.times, self.by != ALL)

    @property
    def ages(self) -> bool:
        """Whether the time scale is age."""
        return self.endpoint.start == BIRTH

    @property
    def labels(self) -> dict[str, str]:
        """Every group's name for people."""
        return {name: self.label(name) for name in remember(list_groups, self.times)}

    def unlabel(self, table: pl.DataFrame) -> pl.DataFrame:
        """A table by group with the groups' own names, as the terminal prints them."""
        return table.with_columns(pl.col("group").replace({label: name for name, label in self.labels.items()}))

    def label(self, group: str) -> str:
        """A group's name for people."""
        if self.by == ALL:
            return "All patients"
        return label_group(self.by, group, controls.group_parameter(self.by))


def make_plan(view: cohorts.View, endpoint: Endpoint, times: pl.DataFrame, by: str, rule: Rule | None) -> Plan:
    """The plan. Stops the page, in words, without any time or any known group."""
    if times["time"].count() == 0:
        other = "The time to a response needs no more than dated values: choose that endpoint."
        if RESPONSE in endpoint.events:
            other = "No value after baseline has a day, so no time to a response is known either."
        st.info(f"No follow-up time is recorded for these patients, so no survival can be estimated. {other}")
        st.stop()
    grouped = remember(derive_group, times, view.panel, by, controls.group_parameter(by))
    plan = Plan(view, endpoint, grouped, by, rule)
    if plan.known.is_empty():
        st.info("For no patient with follow-up is the group known at baseline.")
        st.stop()
    return plan


def show_curves(plan: Plan) -> None:
    """Curves, counts, the table of groups, what was clicked, tests and contrasts."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        limits = controls.ask_one("Limits", "limits", list(LIMITS))
        first = ask_first_age(plan)
        days = ask_days(plan)
        strata = ask_strata(plan)
    restricted = replace(plan, times=remember(select_later, plan.times, first))
    if restricted.known.is_empty():
        st.info("Nobody was under observation after that age.")
        st.stop()
    group = None if plan.by == ALL else "group"
    result = remember(estimate_survival, restricted.known, group, limits=limits, strata=strata, start=first)
    if warning := warn_of_truncation(result):
        st.warning(warning)
    clicked = draw_curves(restricted, result, limits, first)
    show_clicked(restricted, clicked)
    tables.show(
        summarize(restricted, result, days), hide_index=True, placeholder="–", height="content", alt="Survival by group"
    )
    if group:
        stratified = f" Stratified by {SUBJECT_GROUPS[strata].lower()}." if strata else ""
        st.markdown(describe_log_rank(result.log_rank) + stratified)
    show_notes(restricted, limits)
    if group and len(result.groups) > 1:
        show_comparison(restricted, result, strata)


def ask_days(plan: Plan) -> list[float] | None:
    """The days, or ages, at which survival is wanted; None for the usual ones."""
    word, per = ("ages", YEAR) if plan.ages else ("days", 1.0)
    text = st.text_input(
        f"Survival at {word}", placeholder="such as 40, 65" if plan.ages else "such as 90, 365", key="days"
    )
    found = [float(number) * per for number in re.findall(r"\d+(?:\.\d+)?", text or "")]
    return sorted(set(found)) or None


def summarize(plan: Plan, result: Survival, days: list[float] | None) -> pl.DataFrame:
    """The table of groups with the names that people read."""
    named = tuple(replace(group, name=plan.label(group.name)) for group in result.groups)
    return summarize_survival(replace(result, groups=named), days)


def ask_first_age(plan: Plan) -> float:
    """On the age scale the age from which the curve is conditional: at first when a tenth has entered."""
    if not plan.ages:
        return 0.0
    tenth = plan.known["entry"].quantile(0.1, interpolation="lower") or 0.0
    age = st.number_input("Curve from age", 0, 110, int(tenth / YEAR) + 1, key="first_age", width=140)
    return age * YEAR


def ask_strata(plan: Plan) -> str | None:
    """The variable that the tests are stratified by."""
    if plan.by == ALL:
        return None
    columns = {code: SUBJECT_GROUPS[code] for code in remember(list_varied, plan.known) if code != plan.by}
    chosen = controls.ask_detail("Tests stratified by", {"": "nothing"} | columns, "strata", "") if columns else ""
    return chosen or None


def draw_curves(plan: Plan, result: Survival, limits: str, first: float) -> list[str]:
    """The figure; what was clicked comes back."""
    longest = max(float(group.curve["day"][-1]) for group in result.groups)
    axis = make_axis(longest, plan.origin, first)
    counts = [remember(count_at, group.curve, axis.days) for group in result.groups]
    curves = [Curve(plan.label(one.name), one.curve, at) for one, at in zip(result.groups, counts, strict=True)]
    rows = tuple(ROWS) if len(curves) <= MANY else ("at_risk",)
    figure = remember(plot_survival, curves, plan.endpoint.axis, axis, rows, controls.theme())
    steps = pl.concat([group.curve.with_columns(group=pl.lit(group.name)) for group in result.groups])
    flag = f"{plan.command} --table steps" + ("" if limits == LIMITS[0] else f" --limits {limits}")
    flag += f" --from-age {first / YEAR:g}" if first else ""
    alt = f"{plan.endpoint.label}: Kaplan-Meier curves with number at risk, censored and events"
    return output.show_figure(figure, "survival", alt, steps, flag, select=True)


def show_clicked(plan: Plan, clicked: list[str]) -> None:
    """The patients behind a step ("group|day") or a count ("group|row|day")."""
    if not clicked:
        st.caption("Click a step of a curve, or a number under the axis, to list the patients behind it.")
        return
    name, *kind, day = clicked[-1].split("|")
    when = float(day)
    own = plan.known.filter(pl.col("group").replace(plan.labels) == name)
    row = kind[0] if kind else "step"
    rows = select_behind(own, row, when).sort("time").select("usubjid", "time", "event", "cause")
    title = f"{name}, {BEHIND[row]} {when:.0f}"
    st.markdown(f"**{title}: {rows.height} patient{'s' if rows.height != 1 else ''}**")
    if rows.height:
        columns = {"usubjid": "Patient", "time": "Time, days", "event": "Event", "cause": "First event"}
        if rows.height > patients.MOST_LISTED:
            st.caption(f"The first {patients.MOST_LISTED:,} are listed.")
        patients.choose_patient(rows.head(patients.MOST_LISTED), f"behind_{clicked[-1]}", columns, f"Patients: {title}")


def select_behind(own: pl.DataFrame, row: str, when: float) -> pl.DataFrame:
    """The patients of one group behind a step or a count."""
    # As the count: who enters on the day is not yet at risk for an event of that day.
    quiet = not (own["time"] == when).any()
    entered = pl.col("entry").is_null() | (pl.col("entry") < when) | (pl.lit(quiet) & (pl.col("entry") == when))
    behind = {
        "step": (pl.col("time") == when) & pl.col("event"),
        "at_risk": (pl.col("time") >= when) & entered,
        "events": (pl.col("time") <= when) & pl.col("event"),
        "censored": (pl.col("time") <= when) & ~pl.col("event"),
    }
    return own.filter(behind[row])


def show_notes(plan: Plan, limits: str) -> None:
    """What the figure rests on."""
    times = plan.times
    unknown = times.filter(pl.col("time").is_null()).height
    ungrouped = times.filter(pl.col("time").is_not_null(), pl.col("group").is_null()).height
    reading = (
        f"Shaded: 95 % {limits} interval. Ticks: censored. Faint: fewer than 10 % of the most ever at risk. At risk "
        "on a day: time not before that day; events and censored: up to and including it."
    )
    table = "Table: 95 % limits in brackets; follow-up is the median by reverse Kaplan-Meier."
    notes = [plan.endpoint.words, reading, table]
    notes += [f"All {times.height:,} patients are counted."] if plan.view.read_events else []
    notes += [f"{unknown} patients without follow-up time are left out."] if unknown else []
    notes += [f"{ungrouped} patients whose group is not known are left out."] if ungrouped else []
    late = plan.known["entry"].is_not_null().sum()
    notes += [f"{late} patients came under observation later than the start (left truncation)."] if late else []
    st.caption(" ".join(notes))


def show_comparison(plan: Plan, result: Survival, strata: str | None) -> None:
    """Differences of restricted means and at a day, with a slider each; the family of tests; the pairs."""
    st.header("How large is the difference?")
    shortest = min(float(group.curve["day"][-1]) for group in result.groups)
    left, right, third = st.columns(3)
    names = [group.name for group in result.groups]
    with left:
        first = choose_reference(names, plan.view.study.reference_arm)
        against = controls.ask_detail("Against", {name: plan.label(name) for name in names}, "against", first)
    with right:
        tau = ask_day(plan, "Mean survival up to {} (τ)", shortest, "tau", shortest, result.start)
    with third:
        middle = max((result.start + shortest) / 2 // YEAR, 0.5) * YEAR
        day = ask_day(plan, "Survival at {}", shortest, "at_day", middle, result.start)
    contrasts = remember(tabulate_contrasts, remember(restrict_means, result, tau), against, day)
    shown = present_contrasts(contrasts.with_columns(pl.col("group", "against").replace(plan.labels)), plan.ages)
    tables.show(shown, hide_index=True, placeholder="–", height="content", alt="Differences between groups")
    small = min(group.n for group in result.groups) < SMALL
    if small:
        st.warning(f"A group has fewer than {SMALL} patients: no interval and no asymptotic p value is shown for it.")
    st.caption(
        "Restricted mean: the area under the curve up to τ. p on a day: complementary log-log test. Exploratory."
    )
    output.offer_table(contrasts, "contrasts", "Differences (CSV)")
    with st.expander("All tests of the log-rank family"):
        show_family(plan, strata, small)


def ask_day(plan: Plan, label: str, longest: float, key: str, first: float, start: float) -> float:
    """A day up to the end of the shortest follow-up; on the age scale an age."""
    per, word = (YEAR, "age") if plan.ages else (1.0, "day")
    least, most = int(start / per) + 1, max(int(start / per) + 2, int(longest / per))
    chosen = min(most, max(least, int(first / per)))
    # A slider's key changes with its ends: another cohort starts afresh.
    return per * st.slider(label.format(word), least, most, chosen, key=f"{key}_{least}_{most}")


def show_family(plan: Plan, strata: str | None, small: bool) -> None:
    """Every weight and the trend; every pair with adjusted p values."""
    tests = remember(tabulate_tests, plan.known, "group", strata)
    tables.show(present_tests(tests), hide_index=True, placeholder="–", height="content", alt="Log-rank family")
    how = (
        " In small groups only the permutation test is shown; it assumes like censoring in all groups." if small else ""
    )
    st.caption(f"{tests.height} tests of the same data, not adjusted: exploratory.{how}")
    if len(remember(list_groups, plan.known)) > 2:
        method = controls.ask_one(
            "p values of pairs adjusted by", "pairs_adjust", ["holm", *(m for m in METHODS if m != "holm")]
        )
        pairs = remember(tabulate_pairs, plan.known, "group", method, strata).with_columns(
            pl.col("first", "second").replace(plan.labels)
        )
        tables.show(present_pairs(pairs), hide_index=True, placeholder="–", height="content", alt="Pairs of groups")
    output.offer_table(tests, "tests", "Tests (CSV)")
