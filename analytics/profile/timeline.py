"""The timeline of one patient: infusions, events, hospital stays, medication, imaging and biopsies in lanes."""

from html import escape
from typing import Any

import polars as pl

from analytics.catalog import PARAMETERS
from analytics.panel import StudyData
from analytics.patient import describe_cells, select_patient

INFUSIONS, EVENTS, STAYS, TAPS, IMAGING, HISTOLOGY = (
    "Infusions",
    "Events",
    "Hospital",
    "Paracentesis",
    "Imaging",
    "Histology",
)
STAY, TAP, BIOPSY = "hospitalization", "paracentesis", "biopsy"
MOST_DRUGS = 6
SEEN = {
    IMAGING: [code for code, item in PARAMETERS.items() if item.category == "imaging and elastography"],
    HISTOLOGY: [code for code, item in PARAMETERS.items() if item.category == "histology"],
}
COLUMNS: dict[str, type[pl.DataType]] = {
    "lane": pl.String,
    "kind": pl.String,
    "start": pl.Int32,
    "end": pl.Int32,
    "size": pl.Float64,
    "text": pl.String,
    "hover": pl.String,
}
Row = dict[str, Any]


def derive_timeline(study: StudyData, panel: pl.DataFrame, usubjid: str) -> pl.DataFrame:
    """What happened, a row each: lane, kind, ``start`` and ``end`` (days), ``size`` (0 to 1), text, and
    ``hover``, the text with day, file and line.

    ``end`` is missing for what has no length. ``size`` is a dose or volume over the largest of its lane
    and missing where it is not recorded. A medication without a start is open from the first day that is
    known of the patient on, one without an end up to the last. What has no day is left out. Lanes stand in order.
    """
    first, last = find_extent(study, panel, usubjid)
    drugs = list_drugs(select_patient(study.medications, usubjid), first, last)
    rows = [
        *list_infusions(select_patient(study.treatments, usubjid)),
        *list_events(select_patient(study.events, usubjid)),
        *drugs,
        *list_examinations(panel),
    ]
    order = {INFUSIONS: 0, EVENTS: 1, STAYS: 2, TAPS: 3, IMAGING: 98, HISTOLOGY: 99}
    lanes = dict.fromkeys(row["lane"] for row in drugs)
    order |= {lane: 4 + place for place, lane in enumerate(lanes)}
    placed = [row for row in rows if row["start"] is not None]
    return pl.DataFrame(sorted(placed, key=lambda row: (order[row["lane"]], row["start"])), schema=COLUMNS)


def list_happenings(timeline: pl.DataFrame, day: int) -> list[str]:
    """What happened on a day or held on it, in words."""
    on_it = (pl.col("start") == day) | ((pl.col("start") <= day) & (pl.col("end") > day)).fill_null(False)
    return timeline.filter(on_it)["text"].to_list()


def find_extent(study: StudyData, panel: pl.DataFrame, usubjid: str) -> tuple[int, int]:
    """The first and last day that anything is known of the patient; day 0 is one of them."""
    own = {name: select_patient(getattr(study, name), usubjid) for name in ("subjects", "events", "treatments")}
    days = [
        panel["day"],
        own["events"]["day"],
        own["treatments"]["day"],
        own["subjects"]["last_contact_day"],
        pl.Series([0]),
    ]
    known = pl.concat([column.cast(pl.Int32).drop_nulls() for column in days])
    return int(str(known.min())), int(str(known.max()))


def list_infusions(treatments: pl.DataFrame) -> list[Row]:
    """A row an infusion, counted in time."""
    rows = []
    for place, row in enumerate(treatments.sort("day", nulls_last=True).iter_rows(named=True)):
        text = f"infusion {place + 1}: {describe_cells(row)}" + (f", {row['route']}" if row["route"] else "")
        rows.append(describe(INFUSIONS, "infusion", row["day"], text, row))
    return rows


def list_events(events: pl.DataFrame) -> list[Row]:
    """A row an event; stays and paracenteses, whose ``value`` is their length and volume, have lanes of their own."""
    most = events.filter(pl.col("kind") == TAP)["value"].max()
    rows = []
    for row in events.iter_rows(named=True):
        text = describe_event(row)
        if row["kind"] == STAY:
            length = row["value"] if row["unit"] in ("d", "day", "days") else None
            end = None if length is None or row["day"] is None else row["day"] + max(1, round(length))
            rows.append(describe(STAYS, STAY, row["day"], text, row, end=end, size=1.0))
        elif row["kind"] == TAP:
            size = row["value"] / most if row["value"] and isinstance(most, float) else None
            rows.append(describe(TAPS, TAP, row["day"], text, row, size=size))
        else:
            rows.append(describe(HISTOLOGY if row["kind"] == BIOPSY else EVENTS, row["kind"], row["day"], text, row))
    return rows


def describe_event(row: Row) -> str:
    """An event in words: kind, what is said of it, grade, whether serious."""
    words = row["kind"].replace("_", " ")
    said = [words] if not row["text"] or row["text"].casefold() == words else [f"{words}: {row['text']}"]
    said += [f"grade {row['grade']}"] if row["grade"] is not None else []
    said += ["serious"] if row["serious"] else []
    said += [f"{row['value']:g} {row['unit'] or ''}".strip()] if row["value"] is not None else []
    return ", ".join(said)


def list_drugs(medications: pl.DataFrame, first: int, last: int) -> list[Row]:
    """A row an interval of one dose; neighbours with the same dose are one. At most six drugs, the longest taken."""
    spans = medications.with_columns(
        start=pl.col("start_day").fill_null(first).clip(first, None), end=pl.col("end_day").fill_null(last)
    )
    merged = merge_intervals(spans.filter(pl.col("start") <= pl.col("end")).sort("drug", "start", maintain_order=True))
    taken = merged.group_by("drug").agg(days=(pl.col("end") - pl.col("start")).sum(), most=pl.col("daily_dose").max())
    shown = taken.sort("days", "drug", descending=[True, False]).head(MOST_DRUGS).sort("drug")
    rows = []
    for row in merged.join(shown, on="drug", how="inner", maintain_order="left").iter_rows(named=True):
        dose = (
            "dose not recorded" if row["daily_dose"] is None else f"{row['daily_dose']:g} {row['unit'] or ''}".strip()
        )
        size = row["daily_dose"] / row["most"] if row["daily_dose"] is not None and row["most"] else None
        text = f"{row['drug']} {dose}, day {row['start']} to {row['end']}"
        rows.append(describe(row["drug"], row["drug"], row["start"], text, row, end=row["end"] + 1, size=size))
    return rows


def merge_intervals(spans: pl.DataFrame) -> pl.DataFrame:
    """Intervals of a drug that follow each other with one dose as one; sorted by drug and start."""
    follows = (
        (pl.col("start") <= pl.col("end").shift() + 1)
        & pl.col("daily_dose").eq_missing(pl.col("daily_dose").shift())
        & pl.col("unit").eq_missing(pl.col("unit").shift())
    ).over("drug")
    numbered = spans.with_columns(run=(~follows.fill_null(False)).cum_sum())
    keep = [pl.col(name).first() for name in ("daily_dose", "unit", "start", "file_name", "line")]
    return numbered.group_by("drug", "run", maintain_order=True).agg(*keep, pl.col("end").max())


def list_examinations(panel: pl.DataFrame) -> list[Row]:
    """A row a day of imaging or biopsy, with what was measured."""
    rows = []
    for lane, codes in SEEN.items():
        seen = panel.filter(
            pl.col("paramcd").is_in(codes), pl.col("reported").is_not_null(), pl.col("day").is_not_null()
        )
        for (day,), own in seen.sort("day", maintain_order=True).group_by("day", maintain_order=True):
            names = ", ".join(PARAMETERS[code].name for code in own["paramcd"].unique(maintain_order=True))
            rows.append(describe(lane, lane.lower(), day, names, own.row(0, named=True)))
    return rows


def describe(lane: str, kind: str, day: int | None, text: str, row: Row, **more: Any) -> Row:
    """One row of the timeline with where it comes from."""
    source = f"{row['file_name']}, line {row['line']}"
    when = "" if day is None or "day " in text else f"day {day}"
    hover = "<br>".join(escape(line, quote=False) for line in (text, when, source) if line)
    return {"lane": lane, "kind": kind, "start": day, "end": None, "size": None, "text": text, "hover": hover} | more
