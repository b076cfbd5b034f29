"""Decompensation and recompensation of every patient, with the criterion that is not met (Baveno VII)."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from analytics.catalog.constants import MONTH
from analytics.catalog.drugs import DIURETIC, DRUGS, ENCEPHALOPATHY
from analytics.catalog.endpoints import DECOMPENSATION
from analytics.panel import StudyData
from analytics.scores.course import MONTHS_FREE
from analytics.scores.course import RECOMPENSATION as RECOMPENSATION_SCORE

TAP = "paracentesis"
MANY_TAPS, YEAR_DAYS = 3, 365  # three large-volume paracenteses within a year are further decompensation
LABORATORY = {"albumin": ("> 3.5 g/dL", "g/dL", 1), "inr": ("< 1.5", "", 2), "bilirubin": ("< 2.0 mg/dL", "mg/dL", 1)}
NEVER, YES, NO, UNKNOWN = "not decompensated so far", "recompensated", "not recompensated", "not known"
COURSE = {
    "usubjid": pl.String,
    "arm": pl.String,
    "as_of": pl.Int32,
    "first": pl.String,
    "first_day": pl.Int32,
    "further": pl.String,
    "further_day": pl.Int32,
    "state": pl.String,
    "criteria": pl.List(pl.String),
    "unmet": pl.List(pl.String),
    "unknown": pl.List(pl.String),
}


@dataclass(frozen=True)
class Complication:
    """One complication whose absence counts: its event, grade, drugs, the entered months, words."""

    event: str
    grade: str
    drugs: str
    entered: str
    words: str
    therapy: str


COMPLICATIONS = (
    Complication("ascites", "ascites_grade", DIURETIC, "months_ascites_free_off_diuretics", "ascites", "diuretics"),
    Complication(
        "encephalopathy",
        "he_grade",
        ENCEPHALOPATHY,
        "months_he_free_off_therapy",
        "encephalopathy",
        "lactulose or rifaximin",
    ),
    Complication("variceal_bleeding", "", "", "months_bleed_free", "variceal bleeding", ""),
)


def derive_liver_course(panel: pl.DataFrame, study: StudyData, subjects: pl.DataFrame) -> pl.DataFrame:
    """One row a subject: ``first`` and ``further`` decompensation with their days, ``state`` as of the last day known.

    ``criteria`` names the criteria of recompensation that fail, ``unmet`` says by how much, ``unknown`` which are not
    recorded; all are empty for a patient who was never decompensated. Months come from what the investigator entered,
    else from values, events and medication: since the last day with ascites (any grade) or a diuretic, and so on. The
    cause counts as controlled only where that is entered. ``panel`` is in the catalog's units.

    Source: de Franchis R et al. J Hepatol 2022;76:959 (Baveno VII); Wang Q et al. J Hepatol 2022;77:1564.
    """
    facts = [panel, study.events, study.medications]
    parts = [frame.partition_by("usubjid", as_dict=True) for frame in facts]
    recorded = list_recorded(study)
    rows = []
    for usubjid, arm, last in subjects.select("usubjid", "arm", "last_contact_day").rows():
        own = [part.get((usubjid,), frame.clear()) for part, frame in zip(parts, facts, strict=True)]
        rows.append({"usubjid": usubjid, "arm": arm, **describe_course(own, last, recorded)})
    return pl.DataFrame(rows, schema=COURSE)


def list_recorded(study: StudyData) -> set[str]:
    """What the study records at all: kinds of events, and ``drugs`` where it has medication."""
    return {*study.events["kind"].unique(), *(["drugs"] if study.medications.height else [])}


def describe_course(own: list[pl.DataFrame], last: int | None, recorded: set[str]) -> dict[str, Any]:
    """The course of one subject, of their panel, events and medication."""
    panel, events, drugs = own
    known = panel.filter(pl.col("reported").is_not_null())
    as_of = max([day for day in (last, *known["day"].drop_nulls()) if day is not None], default=None)
    episodes = list_episodes(known, events)
    row: dict[str, Any] = {"as_of": as_of, **name_episodes(episodes, events)}
    if not episodes:
        return row | {"state": NEVER, "criteria": [], "unmet": [], "unknown": []}
    months = {item.entered: count_months(item, known, (events, drugs), as_of, recorded) for item in COMPLICATIONS}
    values = {code: latest(panel, code) for code in (*LABORATORY, "etiology_controlled")}
    return row | judge(months, values)


def list_episodes(known: pl.DataFrame, events: pl.DataFrame) -> list[tuple[int | None, str]]:
    """Day and kind of every sign of decompensation, the earliest first; undated ones last."""
    found = [
        (row[0], row[1]) for row in events.filter(pl.col("kind").is_in(DECOMPENSATION)).select("day", "kind").rows()
    ]
    for code, kind in (("ascites_grade", "ascites"), ("he_grade", "encephalopathy")):
        days = known.filter(pl.col("paramcd") == code, pl.col("aval") >= 2)["day"].to_list()
        found += [(day, kind) for day in days]
    return sorted(found, key=lambda item: (item[0] is None, item[0] or 0, item[1]))


def name_episodes(episodes: list[tuple[int | None, str]], events: pl.DataFrame) -> dict[str, Any]:
    """The first decompensation, and the further one: another kind later, or three paracenteses within a year."""
    if not episodes:
        return {"first": None, "first_day": None, "further": None, "further_day": None}
    day, kind = episodes[0]
    later = [(when, what) for when, what in episodes if what != kind and when is not None and when > (day or 0)]
    taps = sorted(events.filter(pl.col("kind") == TAP)["day"].drop_nulls().to_list())
    threes = [end for start, end in zip(taps, taps[MANY_TAPS - 1 :], strict=False) if end - start <= YEAR_DAYS]
    later += [(end, f"{MANY_TAPS} paracenteses within a year") for end in threes[:1]]
    further = min(later, default=(None, None), key=lambda item: item[0])
    words = further[1].replace("_", " ") if further[1] else None
    return {"first": kind.replace("_", " "), "first_day": day, "further": words, "further_day": further[0]}


def count_months(
    item: Complication,
    known: pl.DataFrame,
    own: tuple[pl.DataFrame, pl.DataFrame],
    as_of: int | None,
    recorded: set[str],
) -> tuple[float | None, str]:
    """Months without a complication and off its therapy up to the last day known, and in words what ended last.

    Missing, with words, where the study does not record what it rests on.
    """
    entered = latest(known, item.entered)
    if entered is not None:
        return entered, f"{entered:.0f} months without {item.words} entered"
    grades = known.filter(pl.col("paramcd") == item.grade, pl.col("day").is_not_null())
    lacking = [f"{item.words} by grade on a known day" for _ in [0] if item.grade and grades.is_empty()]
    lacking += ["medication" for _ in [0] if item.drugs and "drugs" not in recorded]
    lacking += [f"{item.words} as an event" for _ in [0] if not item.grade and item.event not in recorded]
    if lacking or as_of is None:
        return None, f"months without {item.words}: {' and '.join(lacking) or 'the last day'} not recorded"
    seen = list_signs(item, grades, own, as_of)
    if not seen:
        free = max(0.0, (as_of - min(grades["day"].to_list(), default=0)) / MONTH)
        return free, f"only {free:.0f} months seen so far, all without {item.words}"
    day, what = max(seen)
    free = max(0.0, (as_of - day) / MONTH)
    return free, f"{free:.0f} months since {what} (day {day})"


def list_signs(
    item: Complication, grades: pl.DataFrame, own: tuple[pl.DataFrame, pl.DataFrame], as_of: int
) -> list[tuple[int, str]]:
    """The days on which a complication or its therapy is known, with words."""
    events, drugs = own
    kinds = [item.event, TAP] if item.event == "ascites" else [item.event]
    signs = [(day, item.words) for day in events.filter(pl.col("kind").is_in(kinds))["day"].drop_nulls()]
    signs += [(day, item.words) for day in grades.filter(pl.col("aval") >= 1)["day"]]
    names = [name for name, group in DRUGS.items() if group == item.drugs]
    taken = drugs.filter(pl.col("drug").str.to_lowercase().is_in(names))
    signs += [(min(end if end is not None else as_of, as_of), item.therapy) for end in taken["end_day"]]
    return signs


def latest(panel: pl.DataFrame, code: str) -> float | None:
    """The latest value of a parameter, an undated one where no other is known."""
    own = panel.filter(pl.col("paramcd") == code, pl.col("aval").is_not_null()).sort("day", maintain_order=True)
    return own["aval"][-1] if own.height else None


def judge(months: dict[str, tuple[float | None, str]], values: dict[str, float | None]) -> dict[str, Any]:
    """Whether the criteria are met, by the definition's own formula, and which are not."""
    inputs = {name: free for name, (free, _) in months.items()} | values
    inputs["etiology_controlled"] = (
        None if values["etiology_controlled"] is None else values["etiology_controlled"] == 1
    )
    types = {name: pl.Boolean if name == "etiology_controlled" else pl.Float64 for name in inputs}
    frame = pl.DataFrame([inputs], schema=types)
    made = RECOMPENSATION_SCORE.formula(**{name: pl.col(name) for name in inputs})
    answer = frame.select(made["recompensated"].alias("answer"))["answer"][0]
    failed = {item.words: months[item.entered] for item in COMPLICATIONS}
    failed = {name: words for name, (free, words) in failed.items() if free is not None and free < MONTHS_FREE}
    unknown = [words for free, words in months.values() if free is None]
    more_failed, more_unknown = judge_laboratory(values)
    cause = inputs["etiology_controlled"]
    failed |= more_failed | ({"cause": "cause not controlled"} if cause is False else {})
    unknown += [*more_unknown, *(["control of the cause not recorded"] if cause is None else [])]
    state = {True: YES, False: NO}.get(answer, UNKNOWN)
    return {"state": state, "criteria": list(failed), "unmet": list(failed.values()), "unknown": unknown}


def judge_laboratory(values: dict[str, float | None]) -> tuple[dict[str, str], list[str]]:
    """The laboratory values that do not meet the criterion of liver function, and those that are not known."""
    unmet, unknown = {}, []
    for code, (limit, unit, decimals) in LABORATORY.items():
        value = values[code]
        if value is None:
            unknown.append(f"{code} not recorded")
            continue
        edge = float(limit.split()[1])
        met = round(value, 9) > edge if limit.startswith(">") else round(value, 9) < edge
        if not met:
            name = "INR" if code == "inr" else code
            unmet[name] = f"{name} {value:.{decimals}f}{f' {unit}' if unit else ''} (needs {limit})"
    return unmet, unknown
