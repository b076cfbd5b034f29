"""Files without a mapping: the column names that speak for themselves."""

import polars as pl

from data.importers.privacy import is_private
from data.importers.record_types import RECORDS
from data.importers.study_file import Column, FileMapping
from data.importers.text import REJECTED, TextTable, UnreadableFile

HEADERS = {
    "usubjid": ("usubjid", "subject", "subjid", "patient", "subject_id", "patient_id", "id"),
    "day": ("day", "study_day", "ady"),
    "date": ("date", "visit_date", "sample_date"),
    "avisit": ("avisit", "visit"),
    "paramcd": ("paramcd", "parameter", "test", "param", "analyte"),
    "aval": ("aval", "value", "result"),
    "unit": ("unit", "units"),
    "ref_low": ("ref_low", "lln", "lower_limit"),
    "ref_high": ("ref_high", "uln", "upper_limit"),
}


def guess_mapping(table: TextTable, name: str) -> FileMapping:
    """The mapping of a long file of measurements by its own column names. Raises UnreadableFile."""
    lowered = {column.strip().lower().replace(" ", "_"): column for column in table.columns}
    found = {
        field: Column(column=next(lowered[header] for header in headers if header in lowered))
        for field, headers in HEADERS.items()
        if any(header in lowered for header in headers)
    }
    needed = {"usubjid": "the subject", "paramcd": "the parameter", "aval": "the value"}
    lacking = [f"{words} (such as {field!r})" for field, words in needed.items() if field not in found]
    if not {"day", "date", "avisit"} & found.keys():
        lacking.append("the day, date or visit (such as 'day')")
    if lacking:
        named = ", ".join(repr(column) for column in table.rows.columns if not column.startswith("__"))
        raise UnreadableFile(
            f"{name} has no column for {', '.join(lacking)}; its first line names {named}. "
            "Name the columns so, or describe the file in a study.toml"
        )
    return FileMapping(path=name, shape="measurements", columns=found)


def guess_shape(table: TextTable, name: str) -> FileMapping:
    """The mapping of a file whose columns carry the names of our own tables, else of a long file."""
    header = set(table.columns)
    for shape, record in RECORDS.items():
        own = header & record.fields.keys()
        if set(record.required) < own and own == header:
            return FileMapping(path=name, shape=shape, columns={field: Column(column=field) for field in own})
    return guess_mapping(table, name)


def warn_unread(table: TextTable, mapping: FileMapping) -> pl.DataFrame:
    """A warning for every column that looks like it identifies a person; such columns are never stored."""
    private = [column for column in table.columns if column not in mapping.wanted and is_private(column)]
    rows = [
        {
            "line": 1,
            "column": column,
            "value": "",
            "reason": f"column {column!r} looks like it identifies a person: it was not read",
        }
        for column in private
    ]
    return pl.DataFrame(rows, schema=REJECTED)
