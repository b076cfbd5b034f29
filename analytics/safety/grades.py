"""CTCAE grades of laboratory values by the upper limit and by the patient's own baseline; shifts to the worst."""

import polars as pl

from analytics.panel import StudyData
from analytics.scores import list_series
from analytics.scores.ctcae import TERMS

BY_LIMIT, BY_BASELINE = "limit", "baseline"
READINGS = {
    BY_LIMIT: "by the limit of normal alone",
    BY_BASELINE: "CTCAE v5: by the patient's own baseline where that is above normal",
}
NO_VALUE = "no grade"
GRADED = {
    "usubjid": pl.String,
    "arm": pl.String,
    "paramcd": pl.String,
    "avisit": pl.String,
    "day": pl.Int32,
    "aval": pl.Float64,
    "post": pl.Boolean,
    BY_LIMIT: pl.Int64,
    BY_BASELINE: pl.Int64,
}


def derive_grades(panel: pl.DataFrame, study: StudyData) -> pl.DataFrame:
    """Both grades of every value that CTCAE v5 grades: usubjid, arm, paramcd, avisit, day, aval, post, limit, baseline.

    ``panel`` is in the catalog's units, with ``arm``. ``limit`` reads every value by the laboratory's limits, as if
    the baseline were normal; ``baseline`` is the grade of the definition, which reads a value by a baseline that was
    above the limit. A value whose limit is not known has no grade, or only the higher ones (see the definition).
    """
    frames = [grade_one(panel, study, code) for code in TERMS if (panel["paramcd"] == code).any()]
    return pl.concat(frames) if frames else pl.DataFrame(schema=GRADED)


def grade_one(panel: pl.DataFrame, study: StudyData, code: str) -> pl.DataFrame:
    """Both grades of one analyte."""
    own = panel.filter(pl.col("paramcd") == code, pl.col("aval").is_not_null())
    inputs = {
        "value": pl.col("aval"),
        "uln": read_limit(study, code, "ref_high"),
        "lln": read_limit(study, code, "ref_low"),
        "baseline": pl.lit(None, dtype=pl.Float64),
    }
    by_limit = own.with_columns(TERMS[code].grade(inputs).cast(pl.Int64).alias(BY_LIMIT))
    place = ["usubjid", "day", "avisit"]
    score = panel.filter(pl.col("paramcd") == f"ctcae5_{code}").with_columns(avisit=undated_visit())
    graded = score.select(*place, pl.col("aval").cast(pl.Int64).alias(BY_BASELINE)).unique(place)
    keyed = by_limit.with_columns(visit=pl.col("avisit"), avisit=undated_visit())
    joined = keyed.join(graded, on=place, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(avisit=pl.col("visit")).select(list(GRADED))


def undated_visit() -> pl.Expr:
    """The visit of a row without a day; a dated row is known by its day."""
    return pl.when(pl.col("day").is_null()).then(pl.col("avisit"))


def read_limit(study: StudyData, code: str, side: str) -> pl.Expr:
    """The limit of normal of a row (``side`` "ref_low" or "ref_high"), else that of the study's laboratory."""
    low, high = study.settings.find_limits(code)
    return keep_positive(pl.coalesce(side, pl.lit(low if side == "ref_low" else high, dtype=pl.Float64)))


def keep_positive(limit: pl.Expr) -> pl.Expr:
    """A limit above 0; a limit of 0 is none."""
    return pl.when(limit > 0).then(limit)


def derive_worst(grades: pl.DataFrame) -> pl.DataFrame:
    """One row a subject, analyte and ``reading``: ``base_grade``, ``worst_grade`` after baseline, its first ``day``.

    Needs the rows of ``derive_grades``. The grade at baseline is that of the last value up to day 0, by the limit of
    normal in both readings. A subject without a grade after baseline has no ``worst_grade``.
    """
    key = ["usubjid", "arm", "paramcd"]
    before = grades.filter(~pl.col("post")).sort("day", nulls_last=False, maintain_order=True)
    based = before.group_by(key, maintain_order=True).agg(base_grade=pl.col(BY_LIMIT).drop_nulls().last())
    frames = []
    for reading in READINGS:
        later = grades.filter(pl.col("post"), pl.col(reading).is_not_null()).sort("day", maintain_order=True)
        grade = pl.col(reading)
        worst = later.group_by(key, maintain_order=True).agg(
            worst_grade=grade.max(), day=pl.col("day").filter(grade == grade.max()).first()
        )
        both = based.join(worst, on=key, how="full", coalesce=True)
        frames.append(both.with_columns(reading=pl.lit(reading)))
    return pl.concat(frames).sort("paramcd", "reading", "usubjid")


def summarize_worst(worst: pl.DataFrame) -> pl.DataFrame:
    """One row an analyte, reading and arm: n graded, worst grade 3 or more, worse by one and by two grades or more."""
    risen = pl.col("worst_grade") - pl.col("base_grade")
    graded = worst.filter(pl.col("worst_grade").is_not_null())
    return (
        graded.group_by("paramcd", "reading", "arm")
        .agg(
            n=pl.len(),
            severe=(pl.col("worst_grade") >= 3).sum(),
            severe_before=(pl.col("base_grade") >= 3).sum(),
            worse=(risen >= 1).sum(),
            worse_2=(risen >= 2).sum(),
        )
        .sort("paramcd", "reading", "arm")
    )


def tabulate_shift(worst: pl.DataFrame, paramcd: str, reading: str) -> pl.DataFrame:
    """How many patients of every arm went from which grade at baseline to which worst grade: arm, before, after, n.

    Grades are words ("grade 2"), "no grade" where there is none.
    """
    own = worst.filter(pl.col("paramcd") == paramcd, pl.col("reading") == reading)
    named = own.select("arm", before=name_grade("base_grade"), after=name_grade("worst_grade"))
    return named.group_by("arm", "before", "after").len("n").sort("arm", "before", "after")


def name_grade(column: str) -> pl.Expr:
    """A grade as a word."""
    return pl.coalesce(pl.format("grade {}", pl.col(column)), pl.lit(NO_VALUE))


def read_rule(paramcd: str) -> str:
    """How an analyte is graded, in words."""
    return list_series()[f"ctcae5_{paramcd}"].reading
