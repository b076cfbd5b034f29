"""A study without files: arms, visits, endpoints, eligibility; out come study.toml and an Excel file to fill in."""

from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.catalog import PARAMETERS
from analytics.plan import propose_windows
from analytics.scores import list_series
from data.exports.folder import write_toml
from data.exports.template import write_template
from data.home import find_home
from data.importers.plan import BadStudyFile
from data.importers.run import import_sources
from data.importers.study_file import BASES, TIME_ZEROS, parse_study
from data.revisions import StoreBusy
from data.setup import read_templates
from pages.shared import output, store

EXPECTED = (BadStudyFile, StoreBusy)
NEW = "A new study"
FROM = "A new study, from the template: "
BASIS = {"inr": "INR", "pt_sec": "prothrombin time, seconds", "pt_activity": "prothrombin activity, %"}
ROLES = ["primary", "secondary", "safety", "exploratory"]
USUAL = ("bilirubin", "albumin", "inr", "creatinine", "sodium", "platelets", "ast", "alt", "ascites_grade", "he_grade")
VISITS = {
    "avisit": "Visit",
    "target": "Target day",
    "first": "First day",
    "last": "Last day",
    "tolerance": "On time ± days",
}
CRITERIA = {
    "item": "Criterion",
    "paramcd": "Parameter",
    "low": "At least",
    "high": "At most",
    "unit": "Unit",
    "source": "Source",
}
LABELS = {code: item.label for code, item in PARAMETERS.items() if not item.derived}


def ask_plan() -> dict[str, Any]:
    """Everything that is asked, as the content of a study.toml."""
    chosen, before = ask_start()
    plan = {key: value for key, value in before.items() if key not in ("visits", "arms", "endpoints", "eligibility")}
    plan |= ask_basics(chosen, before)
    arms = ask_rows(
        "Arms", pl.DataFrame({"arm": before.get("arms", [])}, schema={"arm": pl.String}), {"arm": "Arm"}, chosen
    )
    plan["arms"] = [row["arm"] for row in arms]
    if len(arms) > 1:
        plan["reference_arm"] = st.selectbox(
            "Others are compared with", plan["arms"], key=f"plan_reference_{chosen}", width=300
        )
    plan["visits"] = ask_rows("Visit schedule and windows", list_visits(chosen, before), VISITS, chosen)
    plan["endpoints"] = ask_endpoints(chosen, before)
    criteria = ask_rows("Eligibility, checked against the baseline", list_criteria(before), CRITERIA, chosen)
    # What the table does not show, such as classes of a score, stays with its criterion.
    kept = {criterion["item"]: criterion for criterion in before.get("eligibility", [])}
    hidden = {
        item: {key: criterion[key] for key in criterion if key not in CRITERIA} for item, criterion in kept.items()
    }
    plan["eligibility"] = [hidden.get(row["item"], {}) | row for row in criteria]
    return {key: value for key, value in plan.items() if value not in ([], "")}


def ask_start() -> tuple[str, dict[str, Any]]:
    """What the plan starts from: nothing, a template with its sources, or a study that is there; and its content."""
    known, templates = store.studies()["study"].to_list(), read_templates()
    start = [NEW, *(FROM + title for title in templates), *known]
    chosen = str(st.selectbox("Study", start, key="plan_study", width=640))
    before = {} if chosen == NEW else templates.get(chosen.removeprefix(FROM)) or store.config(chosen)
    for note in before.get("notes", []) if chosen.startswith(FROM) else []:
        st.caption(output.plain(note))
    return chosen, before


def ask_basics(chosen: str, before: dict[str, Any]) -> dict[str, str]:
    """Name, title, day 0 and the basis of coagulation."""
    with st.container(horizontal=True, key="plan_basics"):
        name = (
            chosen
            if "study" in before
            else st.text_input("Short name", key="plan_name", placeholder="abmi-2026", width=220).strip()
        )
        title = st.text_input("Title", before.get("title", ""), key=f"plan_title_{chosen}", width=420).strip()
        zero = st.selectbox(
            "Day 0 is", TIME_ZEROS, find(TIME_ZEROS, before.get("time_zero")), key=f"plan_zero_{chosen}", width=200
        )
        basis = st.selectbox(
            "Coagulation in Child-Pugh", BASES, find(BASES, before.get("coagulation_basis")), BASIS.__getitem__,
            key=f"plan_basis_{chosen}", width=260,
        )  # fmt: skip
    return {"study": name, "title": title or name, "time_zero": str(zero), "coagulation_basis": str(basis)}


def find(options: tuple[str, ...], value: Any) -> int:
    """The place of a value among options, the first one for another value."""
    return options.index(value) if value in options else 0


def ask_rows(title: str, rows: pl.DataFrame, labels: dict[str, str], chosen: str) -> list[dict[str, Any]]:
    """A table to fill in; its rows without what is empty."""
    st.header(title)
    config: dict[str, Any] = {name: st.column_config.Column(label) for name, label in labels.items()}
    if "paramcd" in labels:
        config["paramcd"] = st.column_config.SelectboxColumn("Parameter", options=["age", *LABELS])
    edited = st.data_editor(rows, key=f"{title}_{chosen}", num_rows="dynamic", hide_index=True, column_config=config)
    filled = [{name: value for name, value in row.items() if value not in (None, "")} for row in edited.to_dicts()]
    return [row for row in filled if next(iter(labels)) in row]


def list_visits(chosen: str, before: dict[str, Any]) -> pl.DataFrame:
    """The visits of a study; where it has none, windows proposed from its days."""
    schema = {"avisit": pl.String} | dict.fromkeys(("target", "first", "last", "tolerance"), pl.Int64)
    if before.get("visits"):
        return pl.DataFrame([{name: visit.get(name) for name in schema} for visit in before["visits"]], schema=schema)
    if chosen == NEW or not st.toggle("Propose windows from the days of the values", key=f"propose_{chosen}"):
        return pl.DataFrame(schema=schema)
    proposed = propose_windows(store.read_study(chosen).measurements)
    return proposed.with_columns(tolerance=pl.lit(None, pl.Int64)).select(list(schema))


def ask_endpoints(chosen: str, before: dict[str, Any]) -> list[dict[str, str]]:
    """The endpoints with their role: a parameter or a score, at a visit."""
    st.header("Endpoints")
    schema = {"role": pl.String, "code": pl.String, "avisit": pl.String}
    rows = pl.DataFrame(
        [{name: item.get(name) for name in schema} for item in before.get("endpoints", [])], schema=schema
    )
    config = {
        "role": st.column_config.SelectboxColumn("Role", options=ROLES),
        "code": st.column_config.SelectboxColumn("Parameter or score", options=[*LABELS, *list_series()]),
        "avisit": st.column_config.TextColumn("At visit"),
    }
    edited = st.data_editor(
        rows, key=f"plan_endpoints_{chosen}", num_rows="dynamic", hide_index=True, column_config=config
    )
    return [{key: value for key, value in row.items() if value} for row in edited.to_dicts() if row["code"]]


def list_criteria(before: dict[str, Any]) -> pl.DataFrame:
    """The eligibility criteria of a study."""
    schema = {
        "item": pl.String,
        "paramcd": pl.String,
        "low": pl.Float64,
        "high": pl.Float64,
        "unit": pl.String,
        "source": pl.String,
    }
    rows = [{name: criterion.get(name) for name in schema} for criterion in before.get("eligibility", [])]
    return pl.DataFrame(rows, schema=schema, strict=False)


def offer_plan(plan: dict[str, Any]) -> None:
    """The study.toml to look at and take along, the Excel file to fill in, and the button that saves the study."""
    if not plan.get("study"):
        st.info("Give the study a short name; everything else can be filled in later.")
        return
    study = parse_study(plan, "the plan")
    text = write_toml(plan)
    with st.expander("study.toml"):
        st.code(text, language="toml")
    codes = st.multiselect(
        "Parameters of the Excel file", list(LABELS), list(USUAL), format_func=LABELS.__getitem__, key="plan_parameters"
    )
    with st.container(horizontal=True):
        offer("study.toml", text.encode, "study.toml", "application/toml")
        sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        offer("Excel file to fill in", partial(write_template, plan, codes), f"{study.study}.xlsx", sheet)
        if st.button(f"Save the study {study.study}", key="plan_save", icon=":material/publish:"):
            report = import_sources(find_home(), [study], [])
            st.toast(f"Saved as {report.revision}." if report.revision else "The study is as it was.")
            st.rerun()


def offer(label: str, make: Any, file: str, mime: str) -> None:
    """A download of the plan."""
    st.download_button(label, make, file, mime, key=f"plan_{label}", on_click="ignore", icon=":material/download:")
