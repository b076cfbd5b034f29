"""JSON: CDISC Dataset-JSON 1.1, a FHIR R4 bundle, or a plain list of records.

Sources: CDISC Dataset-JSON v1.1 (2024), https://wiki.cdisc.org/display/DSJSON; HL7 FHIR R4, http://hl7.org/fhir/R4.
"""

import json
from typing import Any

import polars as pl

from data.importers.readers.fhir import flatten_bundle
from data.importers.text import LINE, MOST_COLUMNS, REJECTED, TextTable, UnreadableFile


def read_json(content: bytes, name: str) -> list[TextTable]:
    """The tables of a JSON file, by what it says it is. Raises UnreadableFile."""
    document = parse(content, name)
    if isinstance(document, dict) and "columns" in document:
        return [read_dataset(document, name)]
    if isinstance(document, dict) and "clinicalData" in document:
        raise UnreadableFile(f"{name} is Dataset-JSON 1.0; Hepatrace reads version 1.1")
    if isinstance(document, dict) and document.get("resourceType") == "Bundle":
        return [
            make_text_table(rows, f"{name}, {sheet}", sheet, "FHIR R4")
            for sheet, rows in flatten_bundle(document, name)
        ]
    if isinstance(document, list) and document and all(isinstance(row, dict) for row in document):
        return [make_text_table(document, name)]
    raise UnreadableFile(f"{name} is JSON, but neither Dataset-JSON 1.1, nor a FHIR R4 bundle, nor a list of records")


def parse(content: bytes, name: str) -> Any:
    """The content of a JSON or NDJSON file. Raises UnreadableFile."""
    try:
        text = content.decode("utf-8-sig")
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"{name} is no JSON that can be read: {str(error)[:120]}") from error
    # Dataset-JSON as NDJSON: the first line describes the dataset, each further line is a row.
    head = lines[0] if lines else None
    if isinstance(head, dict) and "columns" in head:
        return {**head, "rows": lines[1:]}
    return lines


def read_dataset(document: dict[str, Any], name: str) -> TextTable:
    """A dataset of Dataset-JSON 1.1: names and labels of its columns, and its rows. Raises UnreadableFile."""
    columns, rows = document["columns"], document.get("rows", [])
    if not isinstance(columns, list) or not all(
        isinstance(item, dict) and isinstance(item.get("name"), str) for item in columns
    ):
        raise UnreadableFile(f"{name}: every column of a Dataset-JSON file needs a name")
    names = [item["name"] for item in columns]
    if len(set(names)) < len(names):
        raise UnreadableFile(f"{name} names a column twice")
    if not isinstance(rows, list) or not rows:
        raise UnreadableFile(f"{name} describes a dataset and holds no rows")
    fitting = [row for row in rows if isinstance(row, list) and len(row) == len(names)]
    odd = [at for at, row in enumerate(rows, start=1) if not isinstance(row, list) or len(row) != len(names)]
    labels = {item["name"]: str(item["label"]) for item in columns if item.get("label")}
    table = make_text_table([dict(zip(names, row, strict=True)) for row in fitting], name, columns=names)
    reason = f"the row does not have the {len(names)} values that the file describes"
    rejected = [{"line": at, "column": "", "value": "", "reason": reason} for at in odd]
    return TextTable(
        table.rows, pl.DataFrame(rejected, schema=REJECTED), sheet=str(document.get("name", "")), labels=labels
    )


def make_text_table(
    rows: list[dict[str, Any]], name: str, sheet: str = "", standard: str = "", columns: list[str] | None = None
) -> TextTable:
    """Records as a table of text; a line is the number of the record. Raises UnreadableFile."""
    names = columns or list(dict.fromkeys(str(key) for row in rows for key in row))
    if len(names) > MOST_COLUMNS:
        raise UnreadableFile(f"{name} has {len(names):,} columns; up to {MOST_COLUMNS:,} are read")
    data = {LINE: range(1, len(rows) + 1)} | {key: [write_value(row.get(key)) for row in rows] for key in names}
    frame = pl.DataFrame(data, schema={LINE: pl.Int32} | dict.fromkeys(names, pl.String), strict=False)
    return TextTable(frame, pl.DataFrame(schema=REJECTED), sheet=sheet, standard=standard)


def write_value(value: Any) -> str:
    """A JSON value as text; what is nested stays JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
