"""Mappings that a study keeps: written into its configuration, so that the next export is read the same way."""

from dataclasses import asdict, replace
from typing import Any

from data.importers.study_file import Column, FileMapping, StudyFile, ValueColumn, parse_study

USUAL = asdict(FileMapping(path="", shape="", columns={}))
COLUMN, VALUE = asdict(Column()), asdict(ValueColumn(column="", paramcd=""))


def keep_mappings(study: StudyFile, mappings: list[FileMapping]) -> StudyFile:
    """The study with these mappings beside those it has; one of the same file, sheet and table is replaced.

    A mapping that differs only in the name of its file, as of the next export, adds nothing.
    """
    new = [mapping for mapping in mappings if not any(is_same(mapping, item) for item in study.files)]
    places = {(mapping.path, mapping.sheet, mapping.shape) for mapping in new}
    kept = [item for item in study.files if (item.path, item.sheet, item.shape) not in places]
    files = [write_mapping(mapping) for mapping in (*kept, *new)]
    return parse_study({**study.config, "files": files}, study.study)


def is_same(one: FileMapping, other: FileMapping) -> bool:
    """Whether two mappings read alike, whatever their files are called."""
    return replace(one, path="", encoding="") == replace(other, path="", encoding="")


def write_mapping(mapping: FileMapping) -> dict[str, Any]:
    """A mapping as study.toml has it, without what is as usual."""
    whole = select_unusual(asdict(mapping), USUAL)
    columns = {name: select_unusual(column, COLUMN) for name, column in asdict(mapping)["columns"].items()}
    whole["columns"] = {name: column or {"value": ""} for name, column in columns.items()}
    if mapping.values:
        whole["values"] = [select_unusual(value, VALUE) for value in asdict(mapping)["values"]]
    return whole


def select_unusual(part: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    """What differs from the usual."""
    return {key: value for key, value in part.items() if value != usual[key]}
