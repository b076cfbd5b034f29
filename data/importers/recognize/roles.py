"""What a column can be. A role names a field of a table, or a way to come to one."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from analytics.catalog import name_key
from data.importers.record_types import RECORDS

MONTH = 30.4375
NOT_READ, VALUE, FOLLOW_UP, STATUS, EVENT_DATE, HASHED = (
    "",
    "value",
    "followup",
    "status",
    "event_date",
    "usubjid_hashed",
)
SURE, LIKELY, UNSURE = "sure", "likely", "unsure"
# The words that the page shows, in the order of its list.
ROLES = {
    NOT_READ: "not read",
    "usubjid": "subject: identifier",
    HASHED: "subject: identifier, kept as a keyed hash",
    VALUE: "measured value",
    "day": "when: day, counted from day 0",
    "cdisc_day": "when: CDISC study day (no day 0)",
    "week": "when: week",
    "month": "when: month",
    "date": "when: date",
    "avisit": "when: visit",
    "paramcd": "long list: name of the parameter",
    "aval": "long list: value",
    "unit": "long list: unit of measurement",
    "ref_low": "long list: lower limit of normal",
    "ref_high": "long list: upper limit of normal",
    "subjects.arm": "subject: arm",
    "subjects.site": "subject: site",
    "subjects.age": "subject: age in years",
    "subjects.sex": "subject: sex",
    "subjects.etiology": "subject: etiology",
    "subjects.birth_date": "subject: birth date (becomes the age at day 0)",
    "subjects.time_zero_date": "subject: date of day 0",
    "subjects.last_contact_date": "subject: date of last contact",
    FOLLOW_UP: "subject: days of follow-up",
    "subjects.cut_day": "subject: day of the data cut",
    STATUS: "event at the end of follow-up (coded)",
    EVENT_DATE: "event: its date (name the event)",
    "events.kind": "event: kind",
    "events.day": "event: day",
    "events.date": "event: date",
    "events.grade": "event: grade",
    "events.serious": "event: serious",
    "events.related": "event: related",
    "events.value": "event: value",
    "events.unit": "event: unit of its value",
    "events.text": "event: description",
    "treatments.product": "infusion: product",
    "treatments.route": "infusion: route",
    "treatments.day": "infusion: day",
    "treatments.date": "infusion: date",
    "treatments.cells_e6": "infusion: cells, 10⁶",
    "treatments.cells_e6_per_kg": "infusion: cells per kg, 10⁶",
    "treatments.volume_ml": "infusion: volume, mL",
    "treatments.viability_pct": "infusion: viability, %",
    "medications.drug": "medication: drug",
    "medications.start_day": "medication: first day",
    "medications.end_day": "medication: last day",
    "medications.start_date": "medication: first date",
    "medications.end_date": "medication: last date",
    "medications.daily_dose": "medication: daily dose",
    "medications.unit": "medication: unit of the dose",
}
# The rarer fields of the records, under their own names.
ROLES |= {
    f"{shape}.{name}": f"{shape}: {name}"
    for shape in ("treatments", "events", "medications")
    for name in RECORDS[shape].fields
    if name != "usubjid" and f"{shape}.{name}" not in ROLES
}
TIMES = {"day": 1.0, "cdisc_day": 1.0, "week": 7.0, "month": MONTH}
WHEN = ("day", "cdisc_day", "week", "month", "date", "avisit")


@dataclass(frozen=True)
class Guess:
    """What one column is taken for: its role, with what the role needs, a confidence and the reason.

    ``avisit`` is the visit that the header names, ``date`` the column with that visit's date, ``kind`` an
    event, ``codes`` what the column's codes stand for (None where nobody has said it yet), ``choices``
    the parameters or units that come into question.
    """

    column: str
    role: str
    confidence: str
    reason: str
    paramcd: str = ""
    unit: str = ""
    avisit: str = ""
    date: str = ""
    kind: str = ""
    codes: dict[str, str | None] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    examples: str = ""


def read_words(path: Path) -> dict[str, tuple[str, ...]]:
    """The roles that a header may stand for, the likelier first, by the key of its name."""
    found: dict[str, tuple[str, ...]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for word in row["words"].split("|"):
                key = name_key(word)
                found[key] = (*found.get(key, ()), row["role"])
    return found


WORDS = read_words(Path(__file__).with_name("words.csv"))


def find_roles(header: str) -> tuple[str, ...]:
    """The roles that a header may stand for; nothing for a header that says nothing."""
    return tuple(role for role in WORDS.get(name_key(header), ()) if role in ROLES)
