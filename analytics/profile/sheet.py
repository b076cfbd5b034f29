"""What one page about one patient says, as text: for the printed sheet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from analytics.catalog import Parameter
from analytics.figures.patient import Axis, Behind
from analytics.patient import (
    KEY_PARAMETERS,
    describe_day,
    describe_infusions,
    describe_scores,
    summarize_latest,
    tabulate_values,
)
from analytics.profile.case import Case
from analytics.profile.strips import KEY, list_groups
from analytics.profile.timeline import describe_event, find_extent, list_drugs
from analytics.profile.visit_table import tabulate_visits
from analytics.profile.words import describe_course, describe_status
from analytics.scores import find_score

MOST_CHANGES, MOST_LINES, MOST_STRIPS = 12, 7, 4
LEADING = ("child_pugh", "meld", "meld3", "albi")
PRINTED_STRIP = 66  # pixels
LEAST_COURSE = 2  # values
CHANGES = ["Parameter", "Baseline", "Latest", "Change", "Direction", "Latest on"]


@dataclass(frozen=True)
class Origin:
    """Where numbers come from: the study's title, its data cut, the revision, whether it is simulated."""

    study: str
    title: str
    revision: str
    simulated: bool
    cut: str

    @property
    def words(self) -> str:
        """As every page of a document says it."""
        mark = ["SIMULATED"] if self.simulated else []
        return " · ".join([*mark, f"study {self.study}", self.cut, f"revision {self.revision}"])


def describe_cut(days: pl.Series) -> str:
    """The data cut of one patient or of several, who may have entered at different times."""
    known = days.drop_nulls()
    if known.is_empty():
        return "data cut not recorded"
    first, last = known.min(), known.max()
    return f"data cut day {first}" if first == last else f"data cut day {first} to {last}, by patient"


def name_origin(study: str, config: Mapping[str, Any], revision: str, cuts: pl.Series) -> Origin:
    """Where numbers come from, of what the study file says and the data cuts of the patients."""
    return Origin(study, str(config.get("title", study)), revision, bool(config.get("simulated")), describe_cut(cuts))


def describe_person(subject: dict[str, Any]) -> str:
    """What is known of the person; what is not recorded is said in words."""
    known = [
        subject["arm"],
        subject["site"],
        "age not recorded" if subject["age"] is None else f"{subject['age']:.0f} years",
        {"M": "man", "F": "woman"}.get(subject["sex"], "sex not recorded"),
        subject["etiology"] or "etiology not recorded",
    ]
    return ", ".join(part for part in known if part)


def make_sheet(case: Case, origin: Origin) -> dict[str, Any]:
    """The content of the sheet: title, facts, sentence, changes, lists, what is absent, and the line below."""
    changes = summarize_latest(case.panel, rank_parameters(case)).head(MOST_CHANGES)
    cells = changes.select(CHANGES).rows() if changes.height else []
    return {
        "title": case.usubjid,
        "person": describe_person(case.subject),
        "study": origin.title,
        "simulated": origin.simulated,
        "facts": [
            ["Product and dose", describe_infusions(case.treatments)],
            ["Status", describe_status(case.subject, case.events)],
        ],
        "sentence": describe_course(case.panel, case.parameters, case.events, case.origin),
        "head": CHANGES,
        "changes": [list(row) for row in cells],
        "lists": {"Events": list_events(case), "Medication": list_medication(case)},
        "absent": list_absent_scores(case),
        "foot": f"{case.usubjid} · {origin.words}",
    }


def list_absent_scores(case: Case) -> list[str]:
    """What the leading scores lack, where the patient has none."""
    names = tuple(f"{find_score(code).parameter.name}: " for code in LEADING)
    return [sentence for sentence in describe_scores(case.panel) if sentence.startswith(names)]


def rank_parameters(case: Case) -> list[Parameter]:
    """The key parameters, then the other measured ones; grades of single analytes are left out."""
    key = case.select(list(KEY_PARAMETERS))
    measured = set(case.panel.filter(pl.col("reported").is_not_null())["paramcd"])
    return key + [item for item in case.parameters if item.paramcd in measured and item not in key]


def list_events(case: Case) -> list[str]:
    """Every event with its day, the latest first."""
    rows = case.events.sort("day", descending=True, nulls_last=True).iter_rows(named=True)
    return shorten([f"{describe_day(row['day'])}: {describe_event(row)}" for row in rows], MOST_LINES)


def list_medication(case: Case) -> list[str]:
    """The latest dose of every drug, with the days of that dose."""
    contact = case.subject["last_contact_day"] or 0
    rows = list_drugs(case.medications, min(0, contact), max(0, contact))
    latest = {row["lane"]: row["text"] for row in sorted(rows, key=lambda row: row["start"])}
    return shorten(list(latest.values()), MOST_LINES)


def shorten(lines: list[str], most: int) -> list[str]:
    """The first lines, and how many more there are."""
    return lines if len(lines) <= most else [*lines[:most], f"… and {len(lines) - most} more"]


def choose_printed(case: Case) -> tuple[pl.DataFrame, list[Parameter], Behind, Axis]:
    """What the printed figure is drawn from: the points, the key strips, the timeline, the axis."""
    codes = list_groups([item.paramcd for item in case.parameters], most=len(KEY_PARAMETERS))[KEY]
    known = case.points.filter(pl.col("aval").is_not_null())["paramcd"].to_list()
    # A strip of one value says nothing that the table does not say: courses first.
    longest = sorted(codes, key=lambda code: known.count(code) < LEAST_COURSE)[:MOST_STRIPS]
    behind = Behind(
        timeline=case.timeline,
        extent=find_extent(case.study, case.panel, case.usubjid),
        strip=PRINTED_STRIP,
    )
    axis = Axis(f"{case.origin} (day 0)", tuple(case.study.visits["avisit"]))
    return case.points, case.select(longest), behind, axis


def list_sheets(case: Case, system: str) -> dict[str, pl.DataFrame]:
    """The sheets of the workbook: results by visit, latest against baseline, every value with its source, records."""
    return {
        "Results by visit": tabulate_visits(case.points, case.parameters, case.places),
        "Latest against baseline": summarize_latest(case.panel, case.parameters),
        "All values": tabulate_values(case.panel, system),
        "Events": case.events,
        "Infusions": case.treatments,
        "Medication": case.medications,
    }
