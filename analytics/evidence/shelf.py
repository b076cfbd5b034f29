"""The published trials of the shelf and those that users add, each with its source line."""

import csv
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from io import StringIO
from math import floor, log10
from pathlib import Path
from typing import Any

import polars as pl

FOLDER = Path(__file__).parent.parent / "catalog" / "evidence"
REVIEW = "Yu 2021"
KIND = "published trial"  # as which a trial of the user's own is saved
LIBRARY = "library"  # under which study it is saved: the shelf belongs to no study
REFERENCE = re.compile(r"reference (\d+) of the Chinese review")  # of which the note says: the same trial
REQUIRED = ("name", "disease", "cell_type", "citation")
FIELDS = (
    *REQUIRED,
    *(
        "etiology",
        "route",
        "dose_text",
        "dose_low",
        "dose_high",
        "dose_per_kg",
        "followup_months",
        "n",
        "effects",
        "note",
    ),
)
TRIALS: dict[str, type[pl.DataType]] = {
    "trial": pl.String,
    "disease": pl.String,
    "etiology": pl.String,
    "cell_type": pl.String,
    "route": pl.String,
    "dose_text": pl.String,
    "dose": pl.String,
    "dose_low": pl.Float64,
    "dose_high": pl.Float64,
    "dose_per_kg": pl.Boolean,
    "followup": pl.String,
    "followup_months": pl.Float64,
    "n": pl.Int64,
    "effects": pl.String,
    "citation": pl.String,
    "source": pl.String,
    "note": pl.String,
    "own": pl.Boolean,
}
EFFECTS = {"trial": pl.String, "endpoint": pl.String, "printed": pl.String, "comparison": pl.String}
NOT_STATED = "not stated"
CHOICES = {"disease": "Disease", "etiology": "Cause", "cell_type": "Cells", "route": "Route", "dose": "Dose"}
NO_DOSE = "not printed"


def read_rows(name: str) -> list[dict[str, str]]:
    """The rows of a file of the shelf."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def read_trials() -> pl.DataFrame:
    """The 29 trials of the review, in the columns of ``TRIALS``.

    A dose is in cells, or in cells per kg where ``dose_per_kg``. ``n`` is the number of patients that another review
    prints for the same trial; missing where none does. ``source`` says where the row stands, ``note`` where the sources
    contradict themselves or each other.
    """
    others = find_same_trials()
    return pl.DataFrame(
        [describe_trial(row, others.get(row["reference_no"], [])) for row in read_rows("trials.csv")], TRIALS
    )


def find_same_trials() -> dict[str, list[dict[str, str]]]:
    """The rows of the other reviews that are a trial of the first one, by its reference number there."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in read_rows("trials_other_reviews.csv"):
        match = REFERENCE.search(row["note"])
        if match and "same trial" in row["note"]:
            found.setdefault(match[1], []).append(row)
    return found


def describe_trial(row: Mapping[str, str], others: list[dict[str, str]]) -> dict[str, Any]:
    """One trial of the review."""
    sized = [other for other in others if other["n_total"] or other["n_treated"]]
    where = f"{REVIEW}, Table {row['table_no']}, row {row['row_in_table']}, reference {row['reference_no']}"
    sources = [where, *(f"n from {other['review']}" for other in sized)]
    return {
        "trial": name_trial(row),
        "disease": row["disease_en"],
        "etiology": row["etiology"],
        "cell_type": row["cell_type"],
        "route": row["route_en"],
        "dose_text": row["dose_text"],
        "dose": name_dose(number(row["dose_cells_high"]), row["dose_per_kg"] == "true"),
        "dose_low": number(row["dose_cells_low"]),
        "dose_high": number(row["dose_cells_high"]),
        "dose_per_kg": {"true": True, "false": False}.get(row["dose_per_kg"]),
        "followup": row["followup_text_en"],
        "followup_months": number(row["followup_months_high"]),
        "n": int(sized[0]["n_total"] or sized[0]["n_treated"]) if sized else None,
        "effects": row["effects_en"],
        "citation": row["citation"],
        "source": "; ".join(sources),
        "note": join_notes(row["note"], others),
        "own": False,
    }


def join_notes(note: str, others: list[dict[str, str]]) -> str:
    """The remark of a row and what the other reviews print of the same trial."""
    more = [f"{row['review']}, reference {row['reference_no_in_review']}: {row['effects_en']}" for row in others]
    return " ".join(part for part in (note, *more) if part)


def name_dose(highest: float | None, per_kg: bool) -> str:
    """The order of size of a dose, by its upper end; cells and cells per kg are told apart."""
    if highest is None:
        return NO_DOSE
    power, unit = floor(log10(highest)), "cells per kg" if per_kg else "cells"
    return f"10^{power} to 10^{power + 1} {unit}"


def name_trial(row: Mapping[str, str]) -> str:
    """First author and year of the citation of a trial of the review, with its reference number there."""
    citation = row["citation"]
    author = citation.split(" ", maxsplit=1)[0].strip(",.")
    years = re.findall(r"\b(?:19|20)\d\d\b", citation)
    return " ".join([author, *years[:1], f"[{row['reference_no']}]"])


def number(text: str) -> float | None:
    """A number, or None for an empty cell."""
    return float(text) if text else None


@cache
def read_effects() -> pl.DataFrame:
    """What the review prints of every trial: trial, endpoint (code), printed direction, comparison."""
    names = {row["trial_id"]: name_trial(row) for row in read_rows("trials.csv")}
    rows = [
        {
            "trial": names[row["trial_id"]],
            "endpoint": row["endpoint"],
            "printed": row["direction_as_printed"],
            "comparison": row["comparison"],
        }
        for row in read_rows("trials_effects.csv")
    ]
    return pl.DataFrame(rows, EFFECTS)


def read_others() -> pl.DataFrame:
    """The rows of the other two reviews, as text."""
    return pl.DataFrame(read_rows("trials_other_reviews.csv"))


def read_markers() -> pl.DataFrame:
    """Fibrosis markers: paramcd, published cut_off (may be missing), unit, meaning, population, source."""
    table = pl.DataFrame(read_rows("markers.csv"))
    return table.with_columns(pl.col("cut_off").cast(pl.Float64, strict=False))


@cache
def read_endpoints() -> dict[str, dict[str, str]]:
    """The endpoints of the shelf by code: label, better ("up", "down" or empty), paramcd of the catalog."""
    return {row["endpoint"]: row for row in read_rows("endpoints.csv")}


def find_problem(entry: Mapping[str, Any]) -> str:
    """What is wrong with a trial of the user's own, and what would be right; empty where nothing is."""
    absent = [name.replace("_", " ") for name in REQUIRED if not str(entry.get(name) or "").strip()]
    if absent:
        return f"a trial needs its {' and its '.join(absent)}; without a citation no number can be traced"
    if unknown := sorted(set(entry) - set(FIELDS)):
        return f"{entry['name']}: unknown columns {', '.join(unknown)}; a trial has {', '.join(FIELDS)}"
    for name in ("dose_low", "dose_high", "followup_months", "n"):
        value = entry.get(name)
        if value not in (None, "") and not is_positive(value):
            return f"{entry['name']}: {name} must be a number above 0, not {value!r}"
    codes = read_endpoints()
    for endpoint, printed in split_effects(str(entry.get("effects") or "")):
        if endpoint not in codes or not printed:
            known = ", ".join(list(codes)[:8])
            return f"{entry['name']}: write effects as ALB up; MELD down, with endpoints such as {known}"
    return ""


def is_positive(value: Any) -> bool:
    """Whether a value is a number above 0, or the text of one."""
    return bool(re.fullmatch(r"\d+(\.\d+)?([eE][+-]?\d+)?", str(value).strip())) and float(value) > 0


def split_effects(text: str) -> list[tuple[str, str]]:
    """Endpoint and direction of each part of "ALB up; MELD down"."""
    parts = [part.split() for part in text.split(";") if part.strip()]
    return [(part[0].upper(), "_".join(part[1:])) for part in parts]


def read_entries(text: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The trials of a CSV file of the user's own, and what is wrong with other rows, by their line."""
    entries, problems = [], []
    for line, row in enumerate(csv.DictReader(StringIO(text)), start=2):
        entry = {str(key).strip(): (value or "").strip() for key, value in row.items() if isinstance(value, str)}
        problem = find_problem(entry)
        problems += [f"line {line}: {problem}"] if problem else []
        entries += [] if problem else [entry]
    return entries, problems


def add_own(
    trials: pl.DataFrame, effects: pl.DataFrame, saved: Iterable[tuple[str, str]]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The shelf with the user's own trials: pairs of the JSON of an entry and who entered it when."""
    rows, more = [], []
    for content, who in saved:
        entry = json.loads(content)
        name = f"{entry['name']} (own entry)"
        per_kg = str(entry.get("dose_per_kg")).lower() in ("true", "yes", "1")
        high = number(str(entry.get("dose_high") or entry.get("dose_low") or ""))
        rows.append(
            {field: entry.get(field) or None for field in ("disease", "cell_type", "dose_text", "citation", "note")}
            | {
                "trial": name,
                "etiology": entry.get("etiology") or NOT_STATED,
                "route": entry.get("route") or NOT_STATED,
            }
            | {field: number(str(entry.get(field) or "")) for field in ("dose_low", "dose_high", "followup_months")}
            | {"n": int(float(entry["n"])) if entry.get("n") else None, "effects": entry.get("effects") or None}
            | {"dose_per_kg": per_kg, "dose": name_dose(high, per_kg), "source": who, "own": True}
            | {"followup": f"{entry['followup_months']} months" if entry.get("followup_months") else NOT_STATED}
        )
        more += [
            {"trial": name, "endpoint": endpoint, "printed": printed, "comparison": "as entered"}
            for endpoint, printed in split_effects(entry.get("effects") or "")
        ]
    return pl.concat([trials, pl.DataFrame(rows, TRIALS)]), pl.concat([effects, pl.DataFrame(more, EFFECTS)])


def select_trials(
    trials: pl.DataFrame, chosen: Mapping[str, Iterable[str]], months: float = 0.0, sized: bool = False
) -> pl.DataFrame:
    """The trials with any of the ``chosen`` values of each column (``CHOICES``), followed for at least ``months``.

    With ``sized`` only those of which the number of patients is known. A trial that does not say what a filter asks
    passes only without it.
    """
    conditions = [pl.col(column).is_in(list(values)) for column, values in chosen.items() if list(values)]
    conditions += [pl.col("followup_months") >= months] if months > 0 else []
    conditions += [pl.col("n").is_not_null()] if sized else []
    return trials.filter(*(condition.fill_null(False) for condition in conditions)) if conditions else trials
