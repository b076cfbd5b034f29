"""A study as datasets like ADaM: ADSL, ADLB with baseline and change, ADTTE for survival. Source: ADaM IG 1.3.

They follow the structure of ADaM; they are no submission: derivations are those of Hepatrace's catalog.
"""

import polars as pl

from analytics.catalog import PARAMETERS
from data.exports.sdtm import TESTS, Dataset, cdisc_day, text
from data.exports.tables import StudyTables

BASELINE_REACH = 90  # days before day 0
LOST = (
    "everything that SDTM cannot carry either (settings, group statements, protocol, etiology, details of infusions)",
    "events but death and transplant, infusions and medication",
    "cells that say that nothing was measured",
    "the reported text and unit of a value: values are in the catalog's unit",
)
TIMES = {
    "OS": ("Overall survival (days)", ("death",)),
    "TFS": ("Transplant-free survival (days)", ("death", "transplant")),
}


def write_adam(data: StudyTables) -> list[Dataset]:
    """ADSL, ADLB and ADTTE of a study, as far as they have rows."""
    made = [make_adsl(data), make_adlb(data), make_adtte(data)]
    return [item for item in made if item.rows.height]


def make_adsl(data: StudyTables) -> Dataset:
    """One row a subject."""
    rows = data.tables["subjects"]
    made = rows.select(
        STUDYID=pl.lit(data.study),
        USUBJID="usubjid",
        SUBJID="usubjid",
        SITEID=text("site", rows),
        AGE="age",
        SEX=text("sex", rows),
        TRT01P=text("arm", rows),
        TRT01A=text("arm", rows),
        TRTSDT=text("time_zero_date", rows),
    )
    return Dataset("ADSL", "Subject-Level Analysis Dataset", made)


def make_adlb(data: StudyTables) -> Dataset:
    """Values in the catalog's unit with baseline (the last within 90 days up to day 0) and change."""
    rows = data.tables["measurements"].filter(pl.col("number").is_not_null())
    early = rows.filter(pl.col("day").is_between(-BASELINE_REACH, 0)).sort("day")
    bases = early.group_by("usubjid", "paramcd").agg(base=pl.col("number").last(), base_day=pl.col("day").last())
    based = rows.join(bases, on=["usubjid", "paramcd"], how="left", maintain_order="left")
    units = {code: item.unit for code, item in PARAMETERS.items()}
    labels = {code: f"{name} ({units[code]})" if units[code] != "1" else name for code, (_, name) in TESTS.items()}
    flagged = pl.when(pl.col("day") == pl.col("base_day")).then(pl.lit("Y")).otherwise(pl.lit(""))
    made = based.select(
        STUDYID=pl.lit(data.study),
        USUBJID="usubjid",
        PARAMCD=pl.col("paramcd").replace_strict({code: test for code, (test, _) in TESTS.items()}),
        PARAM=pl.col("paramcd").replace_strict(labels),
        AVAL="number",
        AVALU=pl.col("paramcd").replace_strict(units),
        BASE="base",
        CHG=pl.when(pl.col("day") > 0).then(pl.col("number") - pl.col("base")),
        ABLFL=flagged,
        AVISIT=pl.col("avisit").fill_null(""),
        ADY=cdisc_day(pl.col("day")),
    )
    return Dataset("ADLB", "Laboratory and other values", made)


def make_adtte(data: StudyTables) -> Dataset:
    """Time to death, and to death or transplant; censored at the last contact. Days count from 1."""
    subjects = data.tables["subjects"].select("usubjid", "last_contact_day")
    parts = [time_to(data, subjects, code, label, kinds) for code, (label, kinds) in TIMES.items()]
    return Dataset("ADTTE", "Time-to-Event Analysis Dataset", pl.concat(parts))


def time_to(data: StudyTables, subjects: pl.DataFrame, code: str, label: str, kinds: tuple[str, ...]) -> pl.DataFrame:
    """The first event of these kinds of every subject, or its last contact."""
    events = data.tables["events"].filter(pl.col("kind").is_in(kinds), pl.col("day") >= 0).sort("day")
    first = events.group_by("usubjid").agg(event_day=pl.col("day").first(), kind=pl.col("kind").first())
    told = subjects.join(first, on="usubjid", how="left").with_columns(day=pl.coalesce("event_day", "last_contact_day"))
    return told.filter(pl.col("day").is_not_null()).select(
        STUDYID=pl.lit(data.study),
        USUBJID="usubjid",
        PARAMCD=pl.lit(code),
        PARAM=pl.lit(label),
        AVAL=cdisc_day(pl.col("day")),
        CNSR=pl.col("event_day").is_null().cast(pl.Float64),
        EVNTDESC=pl.col("kind").fill_null("last contact"),
    )
