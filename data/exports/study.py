"""One study out of the store in one of the formats, with a page of words on what the format cannot carry."""

from pathlib import Path

import duckdb

from data.exports import adam, sdtm
from data.exports.folder import CSV, PARQUET, XLSX, export_folder
from data.exports.tables import LOST_IN_DEIDENTIFICATION, StudyTables, deidentify, fetch_tables
from data.exports.transport import JSON, XPT, write_dataset

FORMATS = {
    CSV: "CSV with study.toml: imports again to the same study",
    PARQUET: "Parquet with study.toml: imports again to the same study",
    XLSX: "Excel, a sheet a table, with study.toml",
    "sdtm-xpt": "CDISC SDTM as SAS transport files (XPT)",
    "sdtm-json": "CDISC SDTM as Dataset-JSON 1.1",
    "adam-xpt": "like CDISC ADaM (ADSL, ADLB, ADTTE) as SAS transport files (XPT)",
    "adam-json": "like CDISC ADaM (ADSL, ADLB, ADTTE) as Dataset-JSON 1.1",
}
README = "README.txt"


def export_study(
    connection: duckdb.DuckDBPyConnection, study: str, out: Path, form: str = CSV, de_identified: bool = False
) -> list[Path]:
    """Write a study into a folder of its name below ``out``; the files written, what is lost in words among them.

    Names of files of simulated data begin with SIMULATED. Raises UnknownStudy, UnreadableFile.
    """
    data = fetch_tables(connection, study)
    if de_identified:
        data = deidentify(data)
    standard, _, kind = form.partition("-")
    files = export_folder(data, out, form) if not kind else export_standard(data, out, standard, kind)
    words = [*describe_loss(form), *([LOST_IN_DEIDENTIFICATION] if de_identified else [])]
    if not words:
        return files
    path = out / study / README
    path.write_text("\n".join([f"Hepatrace export of {study}: {FORMATS[form]}", "", *words, ""]), encoding="utf-8")
    return [*files, path]


def export_standard(data: StudyTables, out: Path, standard: str, kind: str) -> list[Path]:
    """Write a study as the datasets of a standard."""
    folder = out / data.study
    folder.mkdir(parents=True, exist_ok=True)
    prefix = "SIMULATED-" if data.simulated else ""
    datasets = sdtm.write_sdtm(data) if standard == "sdtm" else adam.write_adam(data)
    files = []
    for dataset in datasets:
        path = folder / f"{prefix}{dataset.name.lower()}.{XPT if kind == XPT else JSON}"
        write_dataset(dataset, path, kind, data.study)
        files.append(path)
    return files


def describe_loss(form: str) -> list[str]:
    """What a format cannot carry, in words; nothing where it carries all."""
    lost = {"sdtm": sdtm.LOST, "adam": adam.LOST}.get(form.partition("-")[0], ())
    said = ["This format cannot carry:", *(f"- {item}" for item in lost)] if lost else []
    if form.endswith(XPT):
        said.append("- texts of more than 200 bytes, which are cut")
    return said
