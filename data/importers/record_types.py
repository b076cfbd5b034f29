"""The tables of records beside the measurements: their fields, what is required, what makes a row unique."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from data.importers.place import BIRTH

Kind = Literal["text", "number", "count", "day", "date", "flag", "sex"]


@dataclass(frozen=True)
class Record:
    """A table of records: its fields and their kinds, those that must be given, and what makes a row unique.

    ``dates`` names further columns of a file whose date becomes the day of a field.
    """

    fields: Mapping[str, Kind]
    required: tuple[str, ...]
    key: tuple[str, ...] = ()
    of_subject: bool = True
    dates: Mapping[str, str] = field(default_factory=dict)

    @property
    def sources(self) -> list[str]:
        """Every field that a mapping may name."""
        return [*self.fields, *self.dates.values(), *([BIRTH] if "age" in self.fields else [])]


def list_fields(**kinds: str) -> dict[str, Kind]:
    """Fields by kind, each kind's names in one text."""
    known: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
    return {name: known[kind] for kind, names in kinds.items() for name in names.split()}


RECORDS = {
    "subjects": Record(
        list_fields(
            text="usubjid arm site etiology",
            sex="sex",
            number="age",
            date="time_zero_date",
            day="last_contact_day cut_day",
        ),
        required=("usubjid",),
        key=("usubjid",),
        of_subject=False,
        dates={"last_contact_day": "last_contact_date", "cut_day": "cut_date"},
    ),
    "events": Record(
        list_fields(text="usubjid kind unit text", day="day", count="grade", flag="serious related", number="value"),
        required=("usubjid", "kind"),
        dates={"day": "date"},
    ),
    "treatments": Record(
        list_fields(
            text="usubjid product route",
            day="day",
            number="cells_e6 cells_e6_per_kg volume_ml viability_pct isolated_cells_e6 recovery_pct "
            "cd34_e6 cd45_e6 cd117_e6 cd133_e6",
        ),
        required=("usubjid",),
        dates={"day": "date"},
    ),
    "medications": Record(
        list_fields(text="usubjid drug unit", day="start_day end_day", number="daily_dose"),
        required=("usubjid", "drug"),
        dates={"start_day": "start_date", "end_day": "end_date"},
    ),
    "statements": Record(
        list_fields(text="kind time text source", count="n of_n"),
        required=("kind", "text"),
        of_subject=False,
    ),
    "protocol": Record(
        list_fields(text="section item operator value unit source note"),
        required=("section", "item"),
        of_subject=False,
    ),
}
