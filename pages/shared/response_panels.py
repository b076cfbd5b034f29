"""The responder rule as it is edited on screen, the waterfall, the rate, and the strip over all thresholds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analytics.catalog import Parameter
from analytics.figures.waterfall import describe_title, plot_thresholds, plot_waterfall
from analytics.models import choose_reference
from analytics.numerals import describe_number
from analytics.present import describe_limits, say_p
from analytics.published import tabulate_published
from analytics.response import (
    ABSENT,
    ALL_ARMS,
    OUTCOMES,
    compare_all_arms,
    compare_response,
    derive_response,
    summarize_response,
    summarize_thresholds,
)
from analytics.rules import BEST, CHANGE, FALL, LAST, MEASURES, PERCENT, RISE, VALUE, Rule
from analytics.visits import order_visits
from pages.shared import cohorts, controls, output, patients, store, tables
from pages.shared.labels import LABELS
from pages.shared.memory import remember
from pages.shared.saved import Shelf, show_shelf

RULE = "rule"
DIRECTIONS = {FALL: "falls to, or below", RISE: "rises to, or above"}


def unit_factor(parameter: Parameter, measure: str) -> float:
    """From the catalog's unit to the reader's; 1 for percent."""
    return 1.0 if measure == PERCENT else controls.unit_factor(parameter.paramcd)


def ask_rule(view: cohorts.View, parameter: Parameter) -> Rule:
    """The rule: measure, direction, threshold, when, and what takes the credit; kept by parameter."""
    follow_saved(view, parameter)
    code, visits = parameter.paramcd, list_visits(view, parameter)
    moments = {LAST: "last value", BEST: "best value"} | {visit: visit for visit in visits}
    *columns, last = st.columns(4)
    reach = ask_reach(parameter, columns)
    with last:
        at = controls.ask_detail("Looked at", moments, f"rule_at_{code}", LAST)
    rule = replace(reach, at=at, **ask_credit())
    show_saved(view, parameter, rule)
    return rule


def ask_reach(parameter: Parameter, columns: Sequence[DeltaGenerator]) -> Rule:
    """Measure, direction and threshold, in three columns."""
    code = parameter.paramcd
    first, second, third = columns
    with first:
        measure = controls.ask_detail("Measured as", MEASURES, f"rule_measure_{code}", CHANGE)
    with second:
        direction = controls.ask_detail(
            "Response: it", DIRECTIONS, f"rule_direction_{code}", first_direction(parameter)
        )
    with third:
        threshold = ask_threshold(parameter, measure, direction)
    return Rule(code, direction, threshold / unit_factor(parameter, measure), measure)


def first_direction(parameter: Parameter) -> str:
    """The direction of benefit."""
    return RISE if parameter.better == "higher" else FALL


def ask_credit() -> dict[str, Any]:
    """What a response needs besides the threshold."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        before = "For the last value: the one before must have reached the threshold too."
        confirmed = st.checkbox("Confirmed at the next value", key="rule_confirmed", help=before)
        since = "Since day 0, up to the value."
        albumin = st.checkbox("No credit if albumin was infused", key="rule_albumin", help=since)
        above = "Above the dose at baseline on the day of the value."
        diuretics = st.checkbox("No credit if diuretics were raised", key="rule_diuretics", help=above)
        label = "Causal therapy counts from how many days before day 0"
        days = int(st.number_input(label, 0, 3650, 0, 30, key="rule_causal", width=340))
    return {"confirmed": confirmed, "albumin": albumin, "diuretics": diuretics, "causal_days": days}


def ask_threshold(parameter: Parameter, measure: str, direction: str) -> float:
    """The threshold in the reader's units, or percent; at first the smallest change for the better."""
    decimals = 0 if measure == PERCENT else parameter.decimals
    unit = "%" if measure == PERCENT else parameter.unit_label
    step = 10.0**-decimals
    key = f"rule_threshold_{parameter.paramcd}_{measure}_{controls.units()}"
    if key not in st.session_state:
        st.session_state[key] = 0.0 if measure == VALUE else -step if direction == FALL else step
    label = f"Threshold, {unit}" if unit else "Threshold"
    return float(st.number_input(label, step=step, format=f"%.{decimals}f", key=key, persist_state="session"))


def list_visits(view: cohorts.View, parameter: Parameter) -> list[str]:
    """The visits after baseline at which the parameter has a change, in the study's order."""
    own = view.panel.filter(
        pl.col("paramcd") == parameter.paramcd, pl.col("post"), pl.col("analysis"), pl.col("chg").is_not_null()
    )
    return order_visits(own["avisit"], view.study.visits)


def show_saved(view: cohorts.View, parameter: Parameter, rule: Rule) -> None:
    """Saved rules of the parameter: restored by a click or by a link with ``rule``; the present one saved."""
    saved = store.items(RULE, view.cohort.study)
    own = [item for item in saved if Rule.from_json(item.content).paramcd == parameter.paramcd]
    show_shelf(Shelf(RULE, view.cohort.study, "Saved rules", ":material/rule:", restore, describe), own, rule.to_json())


def describe(content: str) -> str:
    """A saved rule in words."""
    return Rule.from_json(content).words


def restore(content: str) -> None:
    """Set the rule as it was saved."""
    rule = Rule.from_json(content)
    parameter = controls.find_parameter(rule.paramcd)
    for name, value, first in (
        ("measure", rule.measure, CHANGE),
        ("direction", rule.direction, first_direction(parameter)),
        ("at", rule.at, LAST),
    ):
        key = f"rule_{name}_{rule.paramcd}"
        st.session_state[key] = value
        controls.write_link(key, [] if value == first else [value])
    for name in ("confirmed", "albumin", "diuretics"):
        st.session_state[f"rule_{name}"] = getattr(rule, name)
    st.session_state["rule_causal"] = rule.causal_days
    key = f"rule_threshold_{rule.paramcd}_{rule.measure}_{controls.units()}"
    st.session_state[key] = rule.threshold * unit_factor(parameter, rule.measure)


def follow_saved(view: cohorts.View, parameter: Parameter) -> None:
    """Restore the rule that the address names with ``rule``, once."""
    name = st.query_params.get("rule")
    if name is None:
        return
    del st.query_params["rule"]
    found = next((item for item in store.items(RULE, view.cohort.study) if item.name == name), None)
    if found and Rule.from_json(found.content).paramcd == parameter.paramcd:
        restore(found.content)


def show_response(view: cohorts.View, parameter: Parameter, rule: Rule) -> None:
    """Rate, waterfall, list and strip, all from one frame."""
    shown = replace(rule, threshold=rule.threshold * unit_factor(parameter, rule.measure))
    responses = remember(derive_response, view.panel, view.study, view.subjects, shown)
    command = f"python cli.py response {view.cohort.options} {shown.options}{output.units_flag()}"
    show_rate(remember(summarize_response, responses))
    show_differences(view, responses)
    if responses["y"].count() == 0:
        st.info(f"No patient of this cohort has this {MEASURES[rule.measure]} of {parameter.name}.")
        return
    title = describe_title(parameter, rule.measure)
    figure = remember(plot_waterfall, responses, title, parameter.better, shown.threshold, controls.theme())
    alt = f"Waterfall: {title}, one bar for each of {responses['y'].count()} patients"
    clicked = output.show_figure(figure, "waterfall", alt, responses, f"{command} --table patients", select=True)
    if clicked:
        controls.open_patient(str(clicked[0]))
    show_legend(parameter, responses)
    show_responders(parameter, responses)
    show_strip(responses, shown, title, f"{command} --table thresholds")


def show_strip(responses: pl.DataFrame, rule: Rule, title: str, command: str) -> None:
    """How the rate depends on the threshold."""
    strip = remember(summarize_thresholds, responses, rule)
    st.markdown("**How the rate depends on the threshold**")
    figure = remember(plot_thresholds, strip, title, rule.threshold, controls.theme())
    alt = "Share of patients who reach every threshold"
    output.show_figure(figure, "thresholds", alt, strip, command)
    st.caption(
        "Shaded: exact (Clopper-Pearson) 95 % limits. Only the threshold counts here, not confirmation or credit."
    )


def show_responders(parameter: Parameter, responses: pl.DataFrame) -> None:
    """Every patient with the outcome and its reason; a click opens one."""
    columns: dict[str, Any] = {**LABELS, "y": None, "outcome": "Outcome", "reason": "Why", "usubjid": "Patient"}
    for name in ("base", "aval", "chg"):
        columns[name] = st.column_config.NumberColumn(LABELS[name], format=f"%.{parameter.decimals}f")
    columns["pchg"] = st.column_config.NumberColumn(LABELS["pchg"], format="%.0f")
    with st.expander(f"Patients ({responses.height})"):
        ordered = responses.sort("y", nulls_last=True)
        patients.choose_patient(ordered, "responders", columns, "Patients with their outcome")


def show_rate(rates: pl.DataFrame) -> None:
    """The responder rate of every arm with exact limits."""
    rows = [
        {
            "Group": row["arm"],
            "Patients": row["patients"],
            "With a value": row["with_value"],
            "Responders": row["responders"],
            "Rate, % (95 % CI)": describe_rate(row, ""),
            "Rate of all, % (95 % CI)": describe_rate(row, "_all"),
            "Causal therapy began": row["named"],
            "Rate without them, %": describe_number(row["share_named_out"], 0),
        }
        for row in rates.iter_rows(named=True)
        if row["arm"] != ALL_ARMS or rates.height > 2
    ]
    tables.show(pl.DataFrame(rows), hide_index=True, placeholder="–", height="content", alt="Responder rates")
    st.caption(
        "Exact (Clopper-Pearson) limits. The first rate is of those with a value; the rate of all counts a "
        "patient without one as no response. Responders in whom causal therapy began are counted in, and left "
        "out in the last column."
    )


def show_differences(view: cohorts.View, responses: pl.DataFrame) -> None:
    """The responder rate of every arm minus that of the reference."""
    arms = responses["arm"].unique().sort().to_list()
    reference = choose_reference(arms, view.study.reference_arm)
    for row in remember(compare_response, responses, reference).iter_rows(named=True):
        limits = describe_limits(row["lower"], row["upper"], 0, sign=True)
        odds = describe_limits(row["or_lower"], row["or_upper"], 2)
        more = f"{describe_number(row['difference'], 0, sign=True)} percentage points"
        st.markdown(
            f"**{row['arm']} minus {row['against']}: {more}** ({limits}, Newcombe); odds ratio "
            f"{describe_number(row['odds_ratio'], 2)} ({odds}); {say_p(row['p_fisher'])} (Fisher's exact test). "
            "Exploratory."
        )
    whole = remember(compare_all_arms, responses) if len(arms) > 2 else None
    if whole is not None:
        st.caption(f"All {len(arms)} arms: {say_p(whole)} (exact, Freeman-Halton).")


def describe_rate(row: dict, which: str) -> str:
    """A rate with its limits."""
    names = ("share", "lower", "upper") if not which else ("share_all", "lower_all", "upper_all")
    share, low, high = (row[name] for name in names)
    return "–" if share is None else f"{share:.0f} ({low:.0f} to {high:.0f})"


def show_legend(parameter: Parameter, responses: pl.DataFrame) -> None:
    """What color and pattern mean, and who is not in the figure."""
    counts = dict(responses["outcome"].value_counts().rows())
    told = sorted((name for name in counts if name != ABSENT), key=OUTCOMES.index)
    outcomes = " · ".join(f"{name} {counts[name]}" for name in told)
    direction = (
        "Green: better, orange: worse." if parameter.better != "none" else "The catalog names no direction of benefit."
    )
    missing = f" {counts[ABSENT]} patients without a value are not drawn." if counts.get(ABSENT) else ""
    st.markdown(f"**{outcomes[:1].upper()}{outcomes[1:]}.**{missing}")
    st.caption(
        f"{direction} Dashed line: the threshold. Crossed: causal therapy (antiviral, abstinence, TIPS) began; "
        "hatched: not confirmed; dotted: not credited. Click a bar to open the patient."
    )


def show_published(view: cohorts.View, parameter: Parameter) -> None:
    """What the publication prints of the same changes, beside what its own values give."""
    published = view.study.config.get("published", {}).get(parameter.paramcd)
    if not published:
        return
    st.header(f"As published: {published['source']}")
    own = view.panel.filter(pl.col("paramcd") == parameter.paramcd, pl.col("post"), pl.col("chg").is_not_null())
    columns = {name: st.column_config.NumberColumn(label, format="%.2f") for name, label in PRINTED.items()}
    columns["chg"] = st.column_config.NumberColumn("Change, recomputed", format="%.3f")
    table = tabulate_published(own, published)
    tables.show(
        table, hide_index=True, placeholder="–", height="content", column_config=LABELS | columns, alt="As published"
    )
    output.offer_table(table, "published")
    if view.subjects.height < view.study.subjects.height:
        st.caption("The printed mean is of all patients; the filters show only some of them.")
    st.caption(published.get("note", ""))


PRINTED = {"base": "Before", "aval": "After", "printed": "Change as printed"}
