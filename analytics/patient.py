"""One patient: what changed, which scores cannot be computed, and every value with its source."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from analytics.catalog import Parameter
from analytics.numerals import describe_number
from analytics.scores import find_any_parameter, list_series
from analytics.scoring import explain_missing
from analytics.units import CONVENTIONAL, convert_parameter

# What a hepatologist looks at first, in this order.
KEY_PARAMETERS = (
    *("child_pugh", "meld", "albi", "mayo_pbc", "bilirubin", "albumin", "inr", "pt_activity", "fibrosis_index"),
    *("liver_volume", "liver_volume_pct", "ascites_grade", "quality_of_life", "platelets", "creatinine"),
)
WITHOUT_CHANGE = ("infused_cells",)  # an amount given once has no change from baseline


def select_patient(rows: pl.DataFrame, usubjid: str) -> pl.DataFrame:
    """The rows of one patient."""
    return rows.filter(pl.col("usubjid") == usubjid)


def summarize_latest(panel: pl.DataFrame, parameters: list[Parameter]) -> pl.DataFrame:
    """One row a parameter, as text: baseline, latest value after it, change, percent, and what that means.

    A parameter without a pair shows what there is. The direction of benefit is the catalog's; where
    it names none, the change is not judged.
    """
    judged = [parameter for parameter in parameters if parameter.paramcd not in WITHOUT_CHANGE]
    rows = [describe_latest(panel.filter(pl.col("paramcd") == item.paramcd), item) for item in judged]
    return pl.DataFrame(rows)


def describe_latest(rows: pl.DataFrame, parameter: Parameter) -> dict[str, str]:
    """One row of ``summarize_latest``."""
    known = rows.filter(pl.col("aval").is_not_null())
    base = known["base"].drop_nulls().first()
    later = known.filter(pl.col("post")).sort("day", nulls_last=False, maintain_order=True).tail(1)
    latest = (
        later.row(0, named=True)
        if later.height
        else {"aval": None, "chg": None, "pchg": None, "day": None, "avisit": None, "avalc": None}
    )
    chg = latest["chg"]
    at_base = known.filter(~pl.col("post"), pl.col("aval") == pl.col("base")).tail(1)
    base_class = at_base["avalc"][0] if at_base.height else None
    return {
        "Parameter": parameter.title,
        "Baseline": with_class(parameter, base if isinstance(base, int | float) else None, base_class),
        "Latest": with_class(parameter, latest["aval"], latest["avalc"]),
        "Change": describe_number(chg, parameter.decimals, sign=True),
        "Change, %": describe_number(latest["pchg"], 0, sign=True),
        "Direction": parameter.judge(chg),
        "Latest on": describe_when(latest["day"], latest["avisit"]) if later.height else "–",
    }


def with_class(parameter: Parameter, value: float | None, category: str | None) -> str:
    """A value as text, a score with its class beside it."""
    text = describe_number(value, parameter.decimals)
    return f"{text} ({category})" if category and parameter.paramcd in list_series() else text


def describe_infusions(treatments: pl.DataFrame) -> str:
    """The infusions of one patient in words: product, cells, markers, viability, route and day of each."""
    parts = [", ".join(list_facts(row)) for row in treatments.sort("day", nulls_last=True).iter_rows(named=True)]
    return "; ".join(parts) or "none recorded"


def list_facts(row: Mapping[str, Any]) -> list[str]:
    """What is recorded of one infusion, a fact each."""
    per_kg = "" if row["cells_e6_per_kg"] is None else f"{row['cells_e6_per_kg']:g} × 10⁶/kg"
    markers = [f"CD{n}+ {row[f'cd{n}_e6']:g} × 10⁶" for n in (34, 45, 117, 133) if row[f"cd{n}_e6"] is not None]
    viability = "" if row["viability_pct"] is None else f"viability {row['viability_pct']:g} %"
    volume = "" if row["volume_ml"] is None else f"{row['volume_ml']:g} mL"
    facts = [row["product"] or "", describe_cells(row), per_kg, *markers, viability, volume, row["route"] or ""]
    facts.append(describe_day(row["day"]))
    return [fact for fact in facts if fact]


def describe_cells(row: Mapping[str, Any]) -> str:
    """The cells of one infusion."""
    return "cells not reported" if row["cells_e6"] is None else f"{row['cells_e6']:,.0f} × 10⁶ cells"


def describe_day(day: int | None) -> str:
    """A day in words."""
    return "day not reported" if day is None else f"day {day}"


def describe_when(day: int | None, avisit: str | None) -> str:
    """The day of a value, or the visit of one without a day."""
    return f"day {day}" if day is not None else f"{avisit}, day not reported"


def describe_scores(panel: pl.DataFrame) -> list[str]:
    """A sentence for every score that a patient, or a cohort, never has: what its best row lacks."""
    recorded = set(panel["paramcd"])
    sentences = []
    for score in list_series().values():
        own = panel.filter(pl.col("paramcd") == score.id)
        if own["aval"].count():
            continue
        if own.is_empty():
            made_for = ", and it is made for some diseases only" if score.etiology else ""
            sentences.append(f"{score.parameter.name}: not computable, no value of its days is recorded{made_for}")
            continue
        # The best row decides: the one that lacks least.
        fewest = own.sort(pl.col("missing").list.len()).head(1)["missing"].explode().drop_nulls()
        sentences.append(explain_missing(score, fewest, recorded))
    return sentences


def tabulate_values(panel: pl.DataFrame, system: str = CONVENTIONAL) -> pl.DataFrame:
    """Every value of the patient with its change, as reported, where it comes from, and ``remark``.

    ``panel`` is in the unit system, which names the units of ``parameter``.

    The remark tells of a score what it lacks, what it took from an earlier day and what it assumes,
    and of a measured value that it is known only as a limit.
    """
    rank = {code: position for position, code in enumerate(panel["paramcd"].unique(maintain_order=True))}
    labels = {code: convert_parameter(find_any_parameter(code), system).title for code in rank}
    position = pl.col("paramcd").replace_strict(rank, return_dtype=pl.Int64)
    named = pl.col("paramcd").replace_strict(labels, return_dtype=pl.String)
    known = panel.sort(position, "day", nulls_last=True).with_columns(parameter=named, remark=describe_remark())
    change = ["base", "chg", "pchg"]
    source = ["reported", "reported_unit", "file_name", "line", "remark"]
    return known.select("parameter", "avisit", "day", "aval", "avalc", *change, *source)


def describe_remark() -> pl.Expr:
    """The remark on a row of the panel, empty where there is none."""
    missing = pl.format("not computable without {}", pl.col("missing").list.join(", "))
    carried = pl.format(
        "{} carried forward, at most {} days", pl.col("carried").list.join(", "), pl.col("carried_days")
    )
    assumed = pl.format("assumed: no {}", pl.col("assumed").list.join(", "))
    mixed = pl.col("variant").drop_nulls().n_unique().over("usubjid", "paramcd") > 1
    variant = pl.format("by {}, while other days of this series rest on another test", pl.col("variant"))
    limit = pl.col("aval").is_null() & pl.col("reported").is_not_null()
    parts = [
        pl.when(pl.col("missing").list.len() > 0).then(missing),
        pl.when(pl.col("carried").list.len() > 0).then(carried),
        pl.when((pl.col("assumed").list.len() > 0) & pl.col("aval").is_not_null()).then(assumed),
        pl.when(mixed).then(variant),
        pl.when(limit).then(pl.lit("a limit, not a number")),
    ]
    return pl.concat_list(parts).list.drop_nulls().list.join("; ")
