"""Datasets of a standard as SAS transport files (XPT version 5) or Dataset-JSON 1.1."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat

from data.exports.sdtm import Dataset

XPT, JSON = "xpt", "json"
LONGEST = 200  # bytes of a text in XPT version 5
ORIGINATOR = "Hepatrace"
TYPES = {"String": "string", "Float64": "double", "Boolean": "boolean"}


def write_dataset(dataset: Dataset, path: Path, form: str, study: str) -> int:
    """Write one dataset; how many texts were cut because the format holds no longer ones."""
    if form == JSON:
        path.write_text(json.dumps(describe_dataset(dataset, study), ensure_ascii=False), encoding="utf-8")
        return 0
    texts = [name for name, dtype in dataset.rows.schema.items() if dtype == pl.String]
    long = sum(int((dataset.rows[name].str.len_bytes() > LONGEST).sum()) for name in texts)
    short = dataset.rows.with_columns(cut_text(pl.col(name)).alias(name) for name in texts)
    labels: list[str | None] = [dataset.labels.get(name, name)[:40] for name in short.columns]
    pyreadstat.write_xport(
        short.to_pandas(), str(path), file_label=dataset.label[:40], column_labels=labels,
        table_name=dataset.name, file_format_version=5,
    )  # fmt: skip
    return long


def cut_text(text: pl.Expr) -> pl.Expr:
    """A text of at most 200 bytes."""
    return pl.when(text.str.len_bytes() > LONGEST).then(text.str.slice(0, LONGEST // 4)).otherwise(text)


def describe_dataset(dataset: Dataset, study: str) -> dict[str, Any]:
    """A dataset as Dataset-JSON 1.1 has it: facts, columns, rows."""
    name = dataset.name
    columns = [
        {
            "itemOID": f"IT.{name}.{column}",
            "name": column,
            "label": dataset.labels.get(column, column),
            "dataType": TYPES.get(str(dtype), "string"),
        }
        for column, dtype in dataset.rows.schema.items()
    ]
    return {
        "datasetJSONCreationDateTime": datetime.now(UTC).isoformat(timespec="seconds"),
        "datasetJSONVersion": "1.1.0",
        "originator": ORIGINATOR,
        "studyOID": study,
        "metaDataVersionOID": "MDV.1",
        "itemGroupOID": f"IG.{name}",
        "records": dataset.rows.height,
        "name": name,
        "label": dataset.label,
        "columns": columns,
        "rows": [list(row) for row in dataset.rows.rows()],
    }
