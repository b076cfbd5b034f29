"""Tables that follow a standard: CDISC SDTM and ADaM datasets. Their columns need no guessing.

Sources: CDISC SDTM Implementation Guide 3.4; CDISC ADaM Implementation Guide 1.3 (ADSL, BDS, ADTTE).
"""

import csv
from dataclasses import replace
from pathlib import Path

import polars as pl

from analytics.catalog import match_parameter
from data.importers.fields import is_no_value
from data.importers.recognize.codes import find_kind
from data.importers.recognize.headers import split_unit
from data.importers.recognize.roles import EVENT_DATE, NOT_READ, SURE, Guess
from data.importers.recognize.table import Reading
from data.importers.text import TextTable

FINDINGS = ("LB", "VS", "QS", "MO", "FT", "RS", "CV", "RP", "MB", "IS", "PC")
# Where both are given the first counts, because the second may be a part of a date.
EITHER = (
    ("cdisc_day", "date"),
    ("cdisc_day", "events.date"),
    ("cdisc_day", "treatments.date"),
    ("medications.start_day", "medications.start_date"),
    ("medications.end_day", "medications.end_date"),
)
CELLS = {"10^6 CELLS": "treatments.cells_e6", "10^6": "treatments.cells_e6", "10*6": "treatments.cells_e6"}
CELLS |= {"10^6/kg": "treatments.cells_e6_per_kg", "10*6/kg": "treatments.cells_e6_per_kg"}
YES = "related;possibly related;probably related;definitely related;possible;probable;definite;yes;y"
NO = "not related;unrelated;unlikely related;unlikely;none;no;n"
RELATED = dict.fromkeys(YES.split(";"), "yes") | dict.fromkeys(NO.split(";"), "no")
NAMED, SHOWN_VALUE, SHOWN_UNIT = "__test", "__value", "__unit"


def read_roles(path: Path) -> dict[str, dict[str, str]]:
    """The role of every column of a standard that has one, by table."""
    found: dict[str, dict[str, str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["table"], {})[row["column"]] = row["role"]
    return found


ROLES_OF = read_roles(Path(__file__).with_name("standards.csv"))


def prepare_standard(table: TextTable) -> tuple[TextTable, Reading] | None:
    """The table with the columns that its standard implies, and its reading; None for a table without a standard."""
    columns = set(table.columns)
    if "USUBJID" not in columns:
        return None
    if {"PARAMCD", "CNSR", "AVAL"} <= columns:
        return prepare_adtte(table)
    if {"PARAMCD", "AVAL"} <= columns or {"PARAMCD", "AVALC"} <= columns:
        return prepare_bds(table)
    if columns & {"TRT01A", "TRT01P", "TRTSDT"}:
        return table, read(table, ROLES_OF["ADSL"], "ADaM ADSL")
    domain = find_domain(table)
    if domain in ROLES_OF:
        return prepare_domain(table, domain)
    return prepare_findings(table, domain) if domain else None


def find_domain(table: TextTable) -> str:
    """The SDTM domain of a table: what its DOMAIN column says, or the prefix of its columns."""
    columns = set(table.columns)
    if "DOMAIN" in columns and table.rows.height:
        said = str(table.rows["DOMAIN"][0]).upper()
        if said in ROLES_OF or f"{said}TESTCD" in columns:
            return said
    tested = next((code for code in FINDINGS if {f"{code}TESTCD", f"{code}ORRES"} <= columns), "")
    return tested or ("DM" if {"RFSTDTC", "ARM"} <= columns else "")


def read(table: TextTable, roles: dict[str, str], standard: str) -> Reading:
    """The reading of a table whose columns have these roles, each role once."""
    given = {column: role for column, role in roles.items() if column in table.columns and is_filled(table, column)}
    taken = set(given.values())
    given = {column: role for column, role in given.items() if not any(role == b and a in taken for a, b in EITHER)}
    first = {role: column for column, role in reversed(given.items())}
    guesses = [guess_standard(table, column, first, given, standard) for column in table.columns]
    subject = table.rows["USUBJID"]
    return Reading(tuple(guesses), repeated=subject.n_unique() < subject.len(), standard=standard)


def is_filled(table: TextTable, column: str) -> bool:
    """Whether a column says anything."""
    return table.rows.filter(~is_no_value(pl.col(column))).height > 0


def guess_standard(table: TextTable, column: str, first: dict[str, str], given: dict[str, str], standard: str) -> Guess:
    """What the standard says of a column."""
    role = given.get(column, NOT_READ)
    if first.get(role) != column:
        reason = table.labels.get(column, "") or "Hepatrace has no field for it"
        return Guess(column, NOT_READ, SURE, f"{standard}: {reason}")
    codes: dict[str, str | None] = {}
    if role in ("events.kind", "events.related"):
        words = [word for word in table.rows[column].unique().to_list() if word]
        said = {word: find_kind(word) or word for word in words}
        codes = dict(said if role == "events.kind" else {word: RELATED.get(word.lower(), "") for word in words})
    hidden = role == "subjects.birth_date"
    examples = "" if hidden else ", ".join(str(cell) for cell in table.rows[column].head(3).to_list() if cell)
    return Guess(column, role, SURE, f"{standard}: {table.labels.get(column, column)}", codes=codes, examples=examples,
                 kind="death" if role == EVENT_DATE else "")  # fmt: skip


def prepare_domain(table: TextTable, domain: str) -> tuple[TextTable, Reading]:
    """A table of SDTM that is no finding; a term stands in where nobody has coded it."""
    roles = dict(ROLES_OF[domain])
    coded, term = f"{domain}DECOD", {"CM": "CMTRT", "PR": "PRTRT"}.get(domain, f"{domain}TERM")
    if coded in roles and (coded not in table.columns or not is_filled(table, coded)):
        roles[term] = roles.pop(coded)
    if domain == "EX" and "EXDOSU" in table.columns:
        unit = next((word for word in table.rows["EXDOSU"].to_list() if word), "")
        roles["EXDOSE"] = CELLS.get(unit, NOT_READ)
    return table, read(table, roles, f"SDTM {domain}")


def prepare_findings(table: TextTable, domain: str) -> tuple[TextTable, Reading]:
    """A table of SDTM findings as a long list of values; NOT DONE is said as the value."""
    code, name, value, unit = (f"{domain}{part}" for part in ("TESTCD", "TEST", "ORRES", "ORRESU"))
    rows = table.rows
    if f"{domain}STAT" in rows.columns:
        undone = (pl.col(f"{domain}STAT").str.to_uppercase() == "NOT DONE") & is_no_value(pl.col(value))
        rows = rows.with_columns(pl.when(undone).then(pl.lit("not done")).otherwise(value).alias(value))
    rows = rows.with_columns(name_parameters(rows, code, name).alias(NAMED))
    roles = {"USUBJID": "usubjid", NAMED: "paramcd", value: "aval", unit: "unit", "VISIT": "avisit"}
    roles |= {f"{domain}DY": "cdisc_day", f"{domain}DTC": "date"}
    roles |= {f"{domain}ORNRLO": "ref_low", f"{domain}ORNRHI": "ref_high"}
    ready = replace(table, rows=rows)
    return ready, read(ready, roles, f"SDTM {domain}")


def name_parameters(rows: pl.DataFrame, code: str, name: str) -> pl.Expr:
    """The code of a parameter where the catalog knows it, else its name where that is known, else the code."""
    known = [word for word in rows[code].unique().to_list() if word and match_parameter(word)]
    if name not in rows.columns:
        return pl.col(code)
    named = [word for word in rows[name].unique().to_list() if word and match_parameter(word)]
    return pl.when(pl.col(code).is_in(known)).then(code).when(pl.col(name).is_in(named)).then(name).otherwise(code)


def prepare_bds(table: TextTable) -> tuple[TextTable, Reading]:
    """An ADaM table of values (BDS) as a long list; a unit that stands in the parameter's name is taken out of it."""
    rows = table.rows
    names = rows["PARAM"].unique().to_list() if "PARAM" in rows.columns else []
    split = {name: split_unit(name) for name in names if name}
    if split:
        parts = [pl.col("PARAM").replace_strict({name: parts[at] for name, parts in split.items()}, default="",
                 return_dtype=pl.String) for at in (0, 1)]  # fmt: skip
        rows = rows.with_columns(parts[0].alias(NAMED), parts[1].alias(SHOWN_UNIT))
        rows = rows.with_columns(name_parameters(rows, "PARAMCD", NAMED).alias(NAMED))
    values = [pl.when(~is_no_value(pl.col(name))).then(name) for name in ("AVAL", "AVALC") if name in rows.columns]
    rows = rows.with_columns(pl.coalesce(*reversed(values)).fill_null("").alias(SHOWN_VALUE))
    roles = dict(ROLES_OF["BDS"]) | {SHOWN_VALUE: "aval"}
    if "AVALU" not in rows.columns and split:
        roles[SHOWN_UNIT] = "unit"
    if split:
        roles[NAMED] = roles.pop("PARAMCD")
    ready = replace(table, rows=rows)
    return ready, read(ready, roles, "ADaM BDS")


def prepare_adtte(table: TextTable) -> tuple[TextTable, Reading]:
    """An ADaM table of times to events: the rows that are not censored are events, once each."""
    rows = table.rows.with_columns(pl.col("CNSR").replace({"0.0": "0"}))
    roles = dict(ROLES_OF["ADTTE"])
    if "EVNTDESC" not in rows.columns:
        roles["PARAM" if "PARAM" in rows.columns else "PARAMCD"] = "events.kind"
    ready = replace(table, rows=rows)
    reading = read(ready, roles, "ADaM ADTTE")
    note = "only rows with CNSR = 0 are events; an event that several endpoints share counts once"
    return ready, replace(reading, where={"CNSR": "0"}, notes=(note,))
