"""Mappings that a study keeps: written into its configuration, so that the next export is read the same way."""

from dataclasses import asdict
from typing import Any

from data.importers.study_file import FileMapping, StudyFile, parse_study

DEFAULTS = asdict(FileMapping(path="", shape="", columns={}))
EMPTY = ("", 0, 1.0, False, {}, ())


def keep_mappings(study: StudyFile, mappings: list[FileMapping]) -> StudyFile:
    """The study with these mappings beside those it has; one of the same file, sheet and table is replaced."""
    places = {(mapping.path, mapping.sheet, mapping.shape) for mapping in mappings}
    kept = [item for item in study.files if (item.path, item.sheet, item.shape) not in places]
    files = [write_mapping(mapping) for mapping in (*kept, *mappings)]
    return parse_study({**study.config, "files": files}, study.study)


def write_mapping(mapping: FileMapping) -> dict[str, Any]:
    """A mapping as study.toml has it, without what is as usual."""
    whole = {key: value for key, value in asdict(mapping).items() if value != DEFAULTS.get(key)}
    whole["columns"] = {name: write_part(column) for name, column in whole.get("columns", {}).items()}
    if "values" in whole:
        whole["values"] = [write_part(value) for value in whole["values"]]
    return whole


def write_part(part: dict[str, Any]) -> dict[str, Any]:
    """A column, without what is empty."""
    short = {key: value for key, value in part.items() if value not in EMPTY}
    return short or {"value": ""}
