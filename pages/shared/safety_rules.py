"""Stopping rules: their live status, who crossed and when; rules of the study file and rules made on screen."""

from typing import Any

import polars as pl
import streamlit as st

from analytics.safety.stopping import (
    AT_LEAST,
    AT_MOST,
    CROSSED,
    FINDINGS,
    KIND,
    OPEN,
    SCALES,
    StoppingRule,
    find_problem,
    read_rule,
    read_rules,
    say_status,
)
from analytics.safety.tables import Choice, Safety
from analytics.units import CONVENTIONAL
from pages.shared import cohorts, controls, output, patients, store, tables
from pages.shared.safety_events import command

EVENT, PARAMETER = "an event", "a value"
DAYS = (
    "Days count from each patient's own day 0, so the day of crossing is that of the patient whose finding made the "
    "count full. Only the first so many patients count, by identifier, where the rule says so. Click the box at the "
    "left of a row to list who it rests on."
)


def list_rules(view: cohorts.View) -> tuple[list[StoppingRule], list[str]]:
    """The rules of the study file and those saved on screen; what is wrong with others."""
    return read_rules(view.study.config, [item.content for item in store.items(KIND, view.cohort.study)])


def show_crossed(view: cohorts.View, data: Safety) -> None:
    """A rule that is crossed is said above everything else."""
    rules, problems = list_rules(view)
    for problem in problems:
        st.error(f"A stopping rule cannot be read: {output.plain(problem)}.", icon=":material/rule:")
    table = data.table("rules", Choice(rules=tuple(rules)))
    for row in table.filter(pl.col("state") == CROSSED).iter_rows(named=True):
        st.error(output.plain(say_status(row)), icon=":material/front_hand:")
    if not rules:
        st.caption("No stopping rule is set for this study: add the protocol's under *Stopping rules*.")
    elif (table["state"] == OPEN).all():
        st.success("No stopping rule is crossed.", icon=":material/check_circle:")


def show_rules(view: cohorts.View, data: Safety) -> None:
    """The status of every rule, who stands behind it, and the form for another rule."""
    rules, _ = list_rules(view)
    table = data.table("rules", Choice(rules=tuple(rules)))
    if table.height:
        show_status(view, data, table)
    else:
        st.info(
            "No stopping rule is set. A rule of the protocol is entered below, or in study.toml under [[stopping]]."
        )
    show_saved(view)
    show_form(view)


def show_status(view: cohorts.View, data: Safety, table: pl.DataFrame) -> None:
    """The table of rules; a row lists its patients in the order in which they had the finding."""
    columns = {"rule": "Rule", "words": "Stops at", "arm": "Arm", "counted": "So far", "count": "Limit"}
    columns |= {"state": "State", "day": "Crossed on day", "limits": "Exact 95 %", "source": "Set by"}
    event = tables.show(
        present_status(table).select(list(columns)),
        key="stopping",
        hide_index=True,
        height="content",
        placeholder="–",
        on_select="rerun",
        selection_mode="single-row",
        column_config=columns,
        alt="Stopping rules and their status",
    )
    output.offer_table(table.with_columns(pl.col("who").list.join(", ")), "stopping_rules")
    if event["selection"]["rows"]:
        row = table.row(event["selection"]["rows"][0], named=True)
        patients.list_members(row["who"], f"{row['rule']}, {row['arm']}, in order of the day", "stopping_members")
    st.caption(f"{DAYS} In the terminal: `{command(view, data, 'rules')}`")


def present_status(table: pl.DataFrame) -> pl.DataFrame:
    """The status with its counts and limits as text."""
    limits = [(100 * pl.col(name)).round(0).cast(pl.Int64) for name in ("lower", "upper")]
    return table.with_columns(
        counted=pl.format("{} of {}", pl.col("found").cast(pl.String).fill_null("–"), "n"),
        limits=pl.format("{} to {} %", *limits),
    )


def show_saved(view: cohorts.View) -> None:
    """The rules made on screen, each with a button that takes it away."""
    for place, item in enumerate(store.items(KIND, view.cohort.study)):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{output.plain(item.name)}: set by {item.who}, {item.saved_at:%Y-%m-%d}")
            gone = (KIND, view.cohort.study, item.name)
            st.button("Remove", key=f"stopping_remove_{place}", on_click=store.remove, args=gone)


def show_form(view: cohorts.View) -> None:
    """The form for a rule; what is wrong with it is said in words and nothing is lost."""
    st.header("Set a rule")
    kind = controls.ask_one("What counts", "stopping_kind", [EVENT, PARAMETER])
    with st.form("stopping_form", border=True):
        name = st.text_input("Name", key="stopping_name", max_chars=80, placeholder="such as Deaths within a year")
        what = ask_event(view) if kind == EVENT else ask_value(view)
        first, second, third = st.columns(3)
        count = first.number_input("Stops at, patients", 1, 10_000, 1, key="stopping_count")
        of = second.number_input("Of the first, patients (0: all)", 0, 10_000, 0, key="stopping_of")
        window = third.number_input("By day (0: any day after day 0)", 0, 36_500, 0, key="stopping_window")
        source = st.text_input("Set by", key="stopping_source", placeholder="protocol section, charter of the board")
        pressed = st.form_submit_button("Save the rule", icon=":material/save:")
    if pressed:
        numbers = {"count": int(count), "of": int(of) or None, "window": int(window) or None}
        save(view, {"name": name.strip(), **what, **numbers, "source": source.strip()})


def save(view: cohorts.View, content: dict[str, Any]) -> None:
    """Save the rule, or say what is wrong with it."""
    if problem := find_problem(content):
        st.error(f"The rule is not saved: {output.plain(problem)}.")
        return
    rule = read_rule(content)
    if store.save(KIND, view.cohort.study, rule.name, rule.to_json()):
        st.rerun()


def ask_event(view: cohorts.View) -> dict[str, Any]:
    """The event that counts."""
    kinds = {kind: kind.replace("_", " ") for kind in view.study.events["kind"].unique().sort()}
    names = FINDINGS | kinds | ({} if "death" in kinds else {"death": "death"})
    finding = st.selectbox("Event", list(names), format_func=lambda code: names[code], key="stopping_finding")
    return {"finding": finding}


def ask_value(view: cohorts.View) -> dict[str, Any]:
    """The value that counts, in the catalog's unit."""
    codes = view.panel.filter(pl.col("post"), pl.col("aval").is_not_null())["paramcd"].unique().to_list()
    names = {item.paramcd: item.title for item in controls.order_parameters(codes)}
    first, second, third, fourth = st.columns(4)
    code = first.selectbox("Value", list(names), format_func=lambda code: names[code], key="stopping_paramcd")
    side = second.selectbox("Is", [AT_LEAST, AT_MOST], key="stopping_side")
    threshold = third.number_input("Threshold", value=0.0, key="stopping_threshold")
    scale = fourth.selectbox("As", list(SCALES), key="stopping_scale", help=f"A value is in {CONVENTIONAL} units.")
    return {"paramcd": code or "", "side": side, "threshold": float(threshold), "scale": scale}
