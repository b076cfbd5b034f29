"""Honest design: responders from a landmark, observed against expected, extrapolation as what it is."""

import polars as pl
import streamlit as st

from analytics.catalog.constants import SMALL
from analytics.catalog.endpoints import DAY_0, ENDPOINTS, RESPONSE
from analytics.expected import LABELS, Expectation, compare_with_reference, list_references
from analytics.figures.outlook import plot_expected, plot_extrapolation
from analytics.figures.survival import Curve, make_axis, plot_survival
from analytics.immortal import NAIVE, SIDES, Comparison, compare_responders
from analytics.survival.describe import describe_log_rank
from analytics.survival.kaplan_meier import estimate_kaplan_meier, select_days
from analytics.survival.parametric import FAMILIES, LEAST_EVENTS, fit_parametric
from analytics.survival_present import present_answers, present_extrapolations
from analytics.survival_words import describe_comparison, describe_expected
from pages.shared import controls, endpoints, output, tables
from pages.shared.survival_panels import Plan


def show_landmark(plan: Plan) -> None:
    """Responders and others from a landmark on; beside it the naive comparison and why it is wrong."""
    if RESPONSE in plan.endpoint.events or plan.endpoint.start != DAY_0:
        st.info("Choose an endpoint that starts on day 0 and is not the response itself, such as overall survival.")
        return
    rule = endpoints.ask_rule(plan.view)
    if rule is None:
        st.info("No patient of this cohort has a baseline and a later value of anything, so nobody responds.")
        return
    longest = float(str(plan.known["time"].max()))
    most = max(2, int(longest))
    day = float(st.slider("Landmark, day", 1, most, min(most, 365), key=f"landmark_{most}"))
    found = compare_responders(plan.known, plan.view.panel, rule, day)
    if found.rows.is_empty() or found.rows["group"].n_unique() < 2:
        st.info(f"On day {day:.0f} there are not both responders and others still at risk: choose another landmark.")
        return
    parts = {word: found.rows.filter(pl.col("group") == side) for side, word in SIDES.items()}
    command = f"{plan.command} --day {day:.0f} {rule.reach}{output.units_flag()} --table "
    draw(parts, plan, f"day {day:.0f}", "landmark", f"{command}landmark-curves")
    st.markdown(describe_log_rank(found.log_rank))
    counted = f"{found.before} had the event or left before day {day:.0f}; {found.unknown} have no value by then."
    st.caption(f"{plan.endpoint.words} Only who is at risk on day {day:.0f}: {found.rows.height} patients. {counted}")
    show_bias(plan, found, f"{command}naive-curves")


def draw(parts: dict[str, pl.DataFrame], plan: Plan, origin: str, key: str, command: str) -> None:
    """Two curves with the number at risk."""
    frames = {name: estimate_kaplan_meier(rows) for name, rows in parts.items()}
    axis = make_axis(max(float(frame["day"][-1]) for frame in frames.values()), origin)
    curves = [Curve(name, frame, select_days(frame, axis.days)) for name, frame in frames.items()]
    figure = plot_survival(curves, plan.endpoint.label, axis, ("at_risk",), controls.theme())
    table = pl.concat([frame.with_columns(group=pl.lit(name)) for name, frame in frames.items()])
    output.show_figure(figure, key, f"{plan.endpoint.label} by response", table, command)


def show_bias(plan: Plan, found: Comparison, command: str) -> None:
    """The same data compared naively, and three answers side by side."""
    with st.expander("Immortal time: why responders must not be compared from day 0"):
        st.markdown(
            "To respond, a patient must first live to the response. Grouped from day 0 by what happens later, "
            "responders "
            "cannot die before they respond: that time is given to them for nothing, and early deaths all fall to the "
            "others. Even a response without any effect then looks like a benefit. The landmark compares only those "
            "alive on one day, by what is known that day; the time-varying model lets each patient be a non-responder "
            "until the response."
        )
        parts = {word: found.naive.filter(pl.col("group") == side) for side, word in NAIVE.items()}
        st.markdown("**Wrong on purpose: grouped from day 0 by a later response**")
        draw({name: rows for name, rows in parts.items() if rows.height}, plan, plan.origin, "naive_figure", command)
        small = min(found.rows.filter(pl.col("group") == side).height for side in (True, False)) < SMALL
        table = present_answers(found.ratios, small)
        tables.show(table, hide_index=True, placeholder="–", height="content", alt="Three answers")
        output.offer_table(found.ratios, "immortal", "Three answers (CSV)")


def show_expected(plan: Plan) -> None:
    """Observed against expected deaths of a published reference."""
    st.markdown(
        "A trial without a control arm can hold its deaths against those that a published reference expects of "
        "**the same patients at baseline**. It cannot replace a control arm: the reference's patients were others."
    )
    codes = list_references(plan.view.panel)
    if not codes:
        st.info(
            "No published value entered fits this cohort: it needs the Mayo PBC risk score or MELD at baseline. "
            + " ".join(f"{label}." for label in LABELS.values())
        )
        return
    code = controls.ask_detail("Reference", {name: LABELS[name] for name in codes}, "reference", codes[0])
    times = endpoints.derive_times(plan.view, ENDPOINTS["overall"])
    found = compare_with_reference(times, plan.view.panel, code)
    if found.observed.is_empty():
        st.info("No patient has both follow-up and the score of this reference at baseline.")
        return
    draw_expected(plan, found, code)
    st.markdown(describe_expected(found))
    st.caption(describe_comparison(found, code))


def draw_expected(plan: Plan, found: Expectation, code: str) -> None:
    """Both curves."""
    names = ("observed, overall survival", "expected")
    figure = plot_expected(
        found.observed, found.expected, names, make_axis(found.end, plan.view.origin), controls.theme()
    )
    both = {"observed": found.observed, "expected": found.expected}
    table = pl.concat([frame.with_columns(what=pl.lit(name)) for name, frame in both.items()], how="diagonal")
    options = f"{plan.view.cohort.options} --endpoint overall --table expected-curves --reference {code}"
    output.show_figure(figure, "expected", "Observed and expected survival", table, f"python cli.py survival {options}")


def show_extrapolation(plan: Plan) -> None:
    """Parametric curves beyond the last observation."""
    seen, events = float(str(plan.known["time"].max())), int(plan.known["event"].sum())
    if events < LEAST_EVENTS:
        st.info(f"A parametric curve needs at least {LEAST_EVENTS} events; these patients had {events}.")
        return
    label = "Draw up to how many times the longest follow-up"
    times = float(st.slider(label, 1.0, 5.0, 2.0, 0.5, key="extrapolate"))
    until = seen * times
    fits = fit_parametric(plan.known, until)
    curves = {FAMILIES[item.family]: item.curve for item in fits}
    observed = estimate_kaplan_meier(plan.known)
    figure = plot_extrapolation(observed, curves, seen, make_axis(until, plan.origin), controls.theme())
    table = pl.concat([item.curve.with_columns(family=pl.lit(item.family)) for item in fits])
    command = f"{plan.command} --table extrapolation --times {times:g}"
    output.show_figure(figure, "extrapolation", "Parametric curves, extrapolated", table, command)
    shown = present_extrapolations(fits, until)
    tables.show(shown, hide_index=True, placeholder="–", height="content", alt="Parametric curves")
    st.caption(
        "EXTRAPOLATED beyond the last observation: there the curve rests on the assumed form, not on patients, and the "
        "limits do not hold the doubt about the form. All patients together; compare the forms before believing one."
    )
