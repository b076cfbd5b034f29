"""The next trial: precision and power from this study's own SD, drop-out and event rate."""

import polars as pl
import streamlit as st

from analytics.catalog.constants import SMALL
from analytics.evidence.grid import OURS
from analytics.next_trial import OwnNumbers, read_event_rate, read_own_numbers
from analytics.numerals import describe_number
from analytics.statistics.planning import (
    Design,
    enrol,
    half_paired,
    plan_events,
    plan_paired,
    plan_single_stage,
    plan_two_arms,
    plan_without_event,
)
from analytics.statistics.rates import estimate_rate
from pages.shared import cohorts, controls, output, tables

HOPELESS = "more than 100,000"
SIZES = (5, 10, 20, 30, 60)


def show_planning(view: cohorts.View | None) -> None:
    """Three designs side by side, each from numbers that can be changed."""
    left, right = st.columns(2)
    power = left.slider("Power, %", 50, 99, 80, key="plan_power") / 100
    alpha = right.select_slider("Significance level", [0.01, 0.025, 0.05, 0.1], 0.05, key="plan_alpha")
    own = ask_own(view)
    show_change(own, power, alpha)
    show_binomial(power, alpha)
    show_events(view, power, alpha)


def ask_own(view: cohorts.View | None) -> OwnNumbers | None:
    """The study's own numbers of a change, in a sentence; None where it has none."""
    if view is None:
        return None
    parameter = controls.ask_changed(view.panel, "planned", "Change of")
    found = read_own_numbers(view.panel, view.study.visits, parameter.paramcd) if parameter else None
    if parameter is None or found is None:
        st.info("This study has no change of which an SD could be known: type the numbers in.")
        return None
    unit = f" {parameter.unit_label}" if parameter.unit_label else ""
    decimals = parameter.decimals + 1
    st.markdown(
        f"{OURS}, {output.plain(parameter.name)} at {output.plain(found.visit)}: mean change "
        f"{describe_number(found.mean, decimals, sign=True)}{unit}, **SD {describe_number(found.sd, decimals)}{unit}** "
        f"(within arms, n = {found.n}), drop-out {100 * found.drop_out:.0f} %."
        + (" An SD of so few patients is itself uncertain: plan with a larger one too." if found.n < 2 * SMALL else "")
    )
    return found


def show_change(own: OwnNumbers | None, power: float, alpha: float) -> None:
    """A paired change and two arms, from SD, effect and drop-out."""
    st.header("A change that can be measured")
    sd, effect, lost = ask_change(own)
    designs = {
        "One arm, change from baseline (paired)": (plan_paired(effect, sd, power, alpha), 1),
        "Two arms, difference of the changes": (plan_two_arms(effect, sd, power, alpha), 2),
    }
    rows = [describe_design(name, design, arms, lost) for name, (design, arms) in designs.items()]
    tables.show(pl.DataFrame(rows), hide_index=True, height="content", alt="Patients needed for a change")
    with st.expander("Precision: how exactly a mean change is known with n patients"):
        widths = [{"Patients": str(n), "± of a mean change (95 %)": f"{half_paired(n, sd):.3g}"} for n in SIZES]
        tables.show(pl.DataFrame(widths), hide_index=True, height="content", alt="Precision by number of patients")
    st.caption(
        "t tests, two-sided, noncentral t (Cohen 1988). Below 10 patients a trial is analysed exactly: add some."
    )


def ask_change(own: OwnNumbers | None) -> tuple[float, float, float]:
    """SD, effect and share of drop-out; at first those of this study."""
    key = "" if own is None else f"{own.visit}_{own.sd:.4g}"
    first, second, third = st.columns(3)
    sd = first.number_input(
        "SD of the change", 0.0001, 1e9, own.sd if own else 1.0, format="%.4g", key=f"plan_sd_{key}"
    )
    start = abs(own.mean) if own and own.mean else 0.5
    label = "Change (or difference) to find"
    effect = second.number_input(label, 0.0001, 1e9, start, format="%.4g", key=f"plan_effect_{key}")
    lost = third.slider("Drop-out, %", 0, 80, round(100 * own.drop_out) if own else 20, key=f"plan_lost_{key}")
    return float(sd), float(effect), lost / 100


def describe_design(name: str, design: Design | None, arms: int, lost: float) -> dict[str, str]:
    """A design as a row of text."""
    if design is None:
        return {"Design": name, "With a value": HOPELESS, "To enrol": HOPELESS, "Power": "–", "±, 95 %": "–"}
    total = arms * design.n
    return {
        "Design": name,
        "With a value": f"{total}" if arms == 1 else f"{total} ({design.n} an arm)",
        "To enrol": str(arms * enrol(design.n, lost)),
        "Power": f"{100 * design.power:.1f} %",
        "±, 95 %": f"{design.half_width:.3g}",
    }


def show_binomial(power: float, alpha: float) -> None:
    """An exact single-stage design, and how many patients without an event say what."""
    st.header("Responders or harm, counted exactly")
    first, second, third = st.columns(3)
    p0 = first.slider("Not worth going on: rate, %", 1, 98, 30, key="plan_p0") / 100
    p1 = second.slider("Worth going on: rate, %", 2, 99, 50, key="plan_p1") / 100
    harm = third.slider("Exclude harm above, %", 1, 60, 10, key="plan_harm") / 100
    design = plan_single_stage(p0, p1, power, alpha) if p1 > p0 else None
    if p1 <= p0:
        st.warning("The rate that is worth going on must be above the one that is not.")
    elif design is None:
        st.info("No exact design of up to 2,000 patients tells these rates apart.")
    else:
        st.markdown(
            f"**{design.n} patients**; go on with **{design.responders} or more** responders (exact one-sided level "
            f"{design.alpha:.3f}, power {100 * design.power:.0f} %)."
        )
    none = plan_without_event(harm)
    st.markdown(f"**{none} patients** without any event put the exact upper 95 % limit at {100 * harm:.0f} %.")
    st.caption("Single-stage design: A'Hern RP. Stat Med 2001;20:859-866. Limit: Clopper and Pearson 1934.")


def show_events(view: cohorts.View | None, power: float, alpha: float) -> None:
    """Events for a log-rank test, and how many patient-years this study's own rate needs for them."""
    st.header("Survival, by number of events")
    first, second = st.columns(2)
    ratio = first.slider("Hazard ratio to find", 0.2, 0.95, 0.5, 0.01, key="plan_ratio")
    needed = plan_events(ratio, power, alpha)
    said = f"**{needed} events** in two equal arms."
    kinds = view.events["kind"].unique().sort().to_list() if view else []
    if view and kinds:
        first_kind = "death" if "death" in kinds else kinds[0]
        with second:
            names = {kind: kind.replace("_", " ") for kind in kinds}
            kind = controls.ask_detail("Event", names, "planned_event", first_kind)
        seen, years = read_event_rate(view.subjects, view.events, kind)
        if seen and years:
            rate = estimate_rate(seen, years).estimate
            said += (
                f" {OURS} had {seen} first events ({kind.replace('_', ' ')}) in {years:.0f} patient-years, {rate:.2f} "
                f"a year: about **{needed / rate:.0f} patient-years** at that rate."
            )
        else:
            said += f" {OURS} has no such event in its follow-up, so no rate is known."
    st.markdown(said)
    st.caption("Schoenfeld DA. Biometrics 1983;39:499-503. The rate is that of all arms together.")
