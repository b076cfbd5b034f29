"""The eDISH plot, classic and by the patient's own baseline: each patient's peaks and their path."""

import polars as pl

from analytics.panel import StudyData
from analytics.safety.grades import keep_positive
from analytics.scores.safety import EDISH_POINT

ULN, BASELINE = "uln", "baseline"
NORMS = {ULN: "multiples of the upper limit of normal", BASELINE: "multiples of the patient's own baseline"}
ENZYMES = ("alt", "ast")
TESTS = (*ENZYMES, "bilirubin", "alp")
EDGES = (3.0, 2.0)  # aminotransferase from, bilirubin above (FDA 2009)
QUADRANTS = {
    "both": "both raised",
    "transferase": "aminotransferase alone",
    "bilirubin": "bilirubin alone",
    "neither": "neither",
}
NAMED = {  # of the classic form only: by the own baseline none of these names would be right
    "both": "Hy's law range",
    "transferase": "Temple's corollary",
    "bilirubin": "hyperbilirubinemia",
    "neither": "neither",
}
POINT = ("at_x", "at_day", "tbl_x", "tbl_day", "offset_days", "alp_x", "r_ratio")
DAYS = ("at_day", "tbl_day", "offset_days")


def derive_records(panel: pl.DataFrame, study: StudyData) -> pl.DataFrame:
    """Serial values of the four tests: usubjid, arm, test, day, dated, value, uln.

    ``day`` 0 is the baseline, whatever day it was taken; later values keep their day. Values without a day stand
    in the order of their visits and are not ``dated``. ``panel`` is in the catalog's units.
    """
    own = panel.filter(pl.col("paramcd").is_in(TESTS), pl.col("aval").is_not_null())
    limits = {code: study.settings.find_limits(code)[1] for code in TESTS}
    laboratory = pl.col("paramcd").replace_strict(limits, default=None, return_dtype=pl.Float64)
    order = dict(zip(study.visits["avisit"], study.visits["position"] + 1, strict=True))
    place = pl.col("avisit").replace_strict(order, default=None, return_dtype=pl.Int32) if order else pl.lit(None)
    limited = own.with_columns(
        test=pl.col("paramcd"),
        dated=pl.col("day").is_not_null(),
        uln=keep_positive(pl.coalesce("ref_high", laboratory)),
        day=pl.coalesce("day", place).cast(pl.Int64),
        value=pl.col("aval"),
    )
    based = limited.filter(~pl.col("post"), pl.col("aval") == pl.col("base"))
    start = based.unique(["usubjid", "paramcd"], keep="last", maintain_order=True)
    first = start.with_columns(day=pl.lit(0, dtype=pl.Int64), dated=pl.lit(True))
    columns = ["usubjid", "arm", "test", "day", "dated", "value", "uln"]
    whole = pl.concat([first.select(columns), limited.filter(pl.col("post")).select(columns)])
    return whole.filter(pl.col("day").is_not_null())


def derive_points(records: pl.DataFrame, norm: str, enzyme: str, window: int | None = None) -> pl.DataFrame:
    """One row a patient: the point of the definition ``edish_point``, and ``quadrant``.

    ``records`` from ``derive_records``. ``norm`` is ``uln`` or ``baseline``; ``window`` the days around the peak of
    the ``enzyme`` within which the highest bilirubin counts (None: any day after baseline). Days are missing where
    the study names none. A patient without one of the two coordinates has no quadrant.
    """
    inputs = {
        "baseline_day": pl.lit(0, dtype=pl.Int64),
        "norm": pl.lit(norm),
        "window_days": pl.lit(window, dtype=pl.Int64),
        "aminotransferase": pl.lit(enzyme),
    }
    names = {name: pl.col(name) for name in ("test", "day", "value", "uln")}
    point = EDISH_POINT.formula(**names, **inputs)
    found = records.group_by("usubjid", "arm", maintain_order=True).agg(
        dated=pl.col("dated").all(), **{name: point[name].cast(pl.Float64) for name in POINT}
    )
    known = {name: pl.when("dated").then(pl.col(name)).cast(pl.Int64) for name in DAYS}
    return found.with_columns(**known).with_columns(quadrant=name_quadrant()).drop("dated").sort("usubjid")


def name_quadrant() -> pl.Expr:
    """The quadrant by the reference lines: aminotransferase from 3, bilirubin above 2."""
    high, yellow = pl.col("at_x").round(9) >= EDGES[0], pl.col("tbl_x").round(9) > EDGES[1]
    named = (
        pl.when(high & yellow)
        .then(pl.lit("both"))
        .when(high)
        .then(pl.lit("transferase"))
        .when(yellow)
        .then(pl.lit("bilirubin"))
        .when(~high & ~yellow)
        .then(pl.lit("neither"))
    )
    return pl.when(pl.col("at_x").is_not_null() & pl.col("tbl_x").is_not_null()).then(named)


def derive_path(records: pl.DataFrame, usubjid: str, norm: str, enzyme: str) -> pl.DataFrame:
    """The course of one patient: day, dated, at_x, tbl_x of every day with both values, baseline (day 0) included."""
    own = records.filter(pl.col("usubjid") == usubjid, pl.col("test").is_in([enzyme, "bilirubin"]))
    base = pl.col("value").filter(pl.col("day") == 0).first().over("test")
    unit = pl.col("uln") if norm == ULN else base
    multiple = own.with_columns(x=pl.when(unit > 0).then(pl.col("value") / unit))
    sides = [
        multiple.filter(pl.col("test") == test)
        .select("day", "dated", pl.col("x").alias(name))
        .unique("day", keep="last")
        for test, name in ((enzyme, "at_x"), ("bilirubin", "tbl_x"))
    ]
    both = sides[0].join(sides[1].drop("dated"), on="day")
    return both.drop_nulls(["at_x", "tbl_x"]).sort("day")


def summarize_quadrants(points: pl.DataFrame) -> pl.DataFrame:
    """Patients of every arm in each quadrant: arm, quadrant, n, of those with both coordinates ``of_n``."""
    known = points.filter(pl.col("quadrant").is_not_null())
    arms = known["arm"].unique().sort().to_list()
    counts = {(arm, quadrant): n for arm, quadrant, n in known.group_by("arm", "quadrant").len().rows()}
    sizes = dict(known.group_by("arm").len().rows())
    rows = [
        {"arm": arm, "quadrant": quadrant, "n": counts.get((arm, quadrant), 0), "of_n": sizes[arm]}
        for arm in arms
        for quadrant in QUADRANTS
    ]
    return pl.DataFrame(rows, schema={"arm": pl.String, "quadrant": pl.String, "n": pl.Int64, "of_n": pl.Int64})


def explain_absence(records: pl.DataFrame, norm: str, enzyme: str) -> str:
    """Why no patient has a point, in words; empty where some have."""
    tests = set(records["test"])
    absent = [name for name in (enzyme, "bilirubin") if name not in tests]
    if absent:
        names = [name if name == "bilirubin" else name.upper() for name in absent]
        return f"The study has no {' and no '.join(names)} of these patients."
    needed = records.filter(pl.col("test").is_in([enzyme, "bilirubin"]), pl.col("day") > 0)
    if needed.is_empty():
        return "No value after baseline is known."
    if norm == ULN and needed.filter(pl.col("uln").is_not_null())["test"].n_unique() < 2:
        return (
            "The classic form needs the laboratory's upper limits of normal, and this study reports none. They belong "
            "beside the values, or in study.toml under [limits]; the catalog's limits are never used in their place."
        )
    return ""
