"""Adverse events by term and arm, with exact limits."""

from typing import Any

import polars as pl

from analytics.statistics.proportions import estimate_share

# Records of what was done, and the stays that an event led to: counted with the event, not beside it.
NOT_ADVERSE = (
    *("infusion", "paracentesis", "hospitalization", "tips", "abstinence", "imaging", "histology", "dialysis"),
    *("withdrawal", "varices"),
)
UNNAMED = "adverse_event"
DEATH = "death"
SEVERE, FATAL = 3, 5
GRADES = range(1, 6)
SHARE = {"share": pl.Float64, "lower": pl.Float64, "upper": pl.Float64}
COUNTS = {
    "what": pl.String,
    "arm": pl.String,
    "patients": pl.Int64,
    "n": pl.Int64,
    "events": pl.Int64,
    **SHARE,
}
WHAT = {
    "any": "Any adverse event",
    "serious": "Serious",
    "related": "Related to the treatment",
    "serious_related": "Serious and related",
    "severe": "Grade 3 or more",
    "fatal": "Fatal",
}
NEEDED = {  # what an event must record to be counted
    "serious": ("serious",),
    "related": ("related",),
    "serious_related": ("serious", "related"),
    "severe": ("grade",),
}
PUBLISHED = ("safety", "adverse_event")
NONE_RECORDED = "The study records no adverse event of its patients: no count can be made from rows."


def derive_adverse(events: pl.DataFrame) -> pl.DataFrame:
    """The adverse events on or after day 0, with ``term``; one without a day counts.

    Rows about what was done (infusion, paracentesis, stay in hospital, imaging) are left out. ``term`` is the
    text of an event that has no kind of its own, else its kind. A death is serious and fatal by definition;
    whatever else is not recorded stays missing.

    Source: ICH E2A, II.B (what makes an event serious).
    """
    adverse = events.filter(~pl.col("kind").is_in(NOT_ADVERSE), pl.col("day").fill_null(0) >= 0)
    own = pl.col("kind") == UNNAMED
    named = pl.when(own).then(pl.coalesce("text", pl.lit("without a term"))).when(~own).then(pl.col("kind"))
    fatal = pl.col("kind") == DEATH
    return adverse.with_columns(
        term=named.str.replace_all("_", " "),
        serious=pl.when(fatal).then(pl.lit(True)).when(~fatal).then(pl.col("serious")),
        grade=pl.when(fatal).then(FATAL).when(~fatal).then(pl.col("grade")),
    )


def tell_apart() -> dict[str, pl.Expr]:
    """Which adverse events count for each row of the overview."""
    serious, related, grade = pl.col("serious"), pl.col("related"), pl.col("grade")
    return {
        "any": pl.col("usubjid").is_not_null(),
        "serious": serious,
        "related": related,
        "serious_related": serious & related,
        "severe": grade >= SEVERE,
        "fatal": grade == FATAL,
    }


def summarize_counts(adverse: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """One row a kind of count (``what``) and arm: patients with such an event of n, events, exact 95 % limits.

    An event whose seriousness, relation or grade is not recorded counts only under ``any``. Nothing is claimed of what
    no event of the study records: the count is missing then, and without any event there is no row.
    """
    if adverse.is_empty():
        return pl.DataFrame(schema=COUNTS)
    sizes = dict(subjects.group_by("arm").len().sort("arm").rows())
    known = adverse.join(subjects.select("usubjid", "arm"), on="usubjid")
    rows = []
    for what, holds in tell_apart().items():
        if any(adverse[name].count() == 0 for name in NEEDED.get(what, ())):
            rows += [{"what": what, "arm": arm, "n": n} for arm, n in sizes.items()]
            continue
        found = known.filter(holds.fill_null(False))
        for arm, n in sizes.items():
            own = found.filter(pl.col("arm") == arm)
            rows.append({"what": what, "arm": arm, "events": own.height, **count(own["usubjid"].n_unique(), n)})
    return pl.DataFrame(rows, schema=COUNTS)


def count(patients: int, n: int) -> dict[str, Any]:
    """Patients of n with the exact limits of their share."""
    share = estimate_share(patients, n)
    return {"patients": patients, "n": n, "share": share.estimate, "lower": share.lower, "upper": share.upper}


def summarize_terms(adverse: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """One row a term and arm: patients of n, exact limits, events, serious and related ones, worst grades.

    ``grade_1`` to ``grade_5`` count patients by the worst grade of the term, ``ungraded`` those without one.
    The commonest term comes first; a term that an arm does not have stands there with 0 patients.
    """
    sizes = dict(subjects.group_by("arm").len().sort("arm").rows())
    known = adverse.join(subjects.select("usubjid", "arm"), on="usubjid")
    terms = known.group_by("term").agg(pl.col("usubjid").n_unique()).sort("usubjid", "term", descending=[True, False])
    rows = [
        describe_term(known.filter(pl.col("term") == term, pl.col("arm") == arm), n) | {"term": term, "arm": arm}
        for term in terms["term"]
        for arm, n in sizes.items()
    ]
    graded = dict.fromkeys((*(f"grade_{grade}" for grade in GRADES), "ungraded", "serious", "related"), pl.Int64)
    return pl.DataFrame(
        rows, schema={"term": pl.String, **{key: COUNTS[key] for key in COUNTS if key != "what"}} | graded
    )


def describe_term(own: pl.DataFrame, n: int) -> dict[str, Any]:
    """The counts of one term in one arm."""
    worst = own.group_by("usubjid").agg(pl.col("grade").max())["grade"]
    row: dict[str, Any] = {f"grade_{grade}": int((worst == grade).sum()) for grade in GRADES}
    flags = {name: own.filter(pl.col(name).fill_null(False))["usubjid"].n_unique() for name in ("serious", "related")}
    total = count(own["usubjid"].n_unique(), n)
    return row | flags | total | {"events": own.height, "ungraded": worst.null_count()}


def summarize_published(statements: pl.DataFrame) -> pl.DataFrame:
    """What a publication counts of its patients' safety: text, n of ``of_n``, share, exact limits, source."""
    said = statements.filter(pl.col("kind").is_in(PUBLISHED), pl.col("n").is_not_null(), pl.col("of_n") > 0)
    shares = [estimate_share(row["n"], row["of_n"]) for row in said.iter_rows(named=True)]
    limits = {
        name: pl.Series([getattr(share, name) for share in shares], dtype=pl.Float64) for name in ("lower", "upper")
    }
    return (
        said.select("text", "time", "n", "of_n", "source")
        .with_columns(share=pl.col("n") / pl.col("of_n"), **limits)
        .select("text", "time", "n", "of_n", *SHARE, "source")
    )


def say_share(patients: int | None, n: int, what: str) -> str:
    """A count in a sentence, with what it leaves open; a missing one is not recorded."""
    if patients is None:
        return f"{what}: not recorded."
    share = estimate_share(patients, n)
    low, high = 100 * (share.lower or 0.0), 100 * (1.0 if share.upper is None else share.upper)
    if patients == 0:
        return f"{what}: 0 of {n} patients; a true share of up to {high:.0f} % would fit that too (exact 95 % limit)."
    found = f"{patients} of {n} patients, {100 * share.estimate:.0f} %"
    return f"{what}: {found} (exact 95 % limits {low:.0f} to {high:.0f} %)."


def say_published(row: dict[str, Any]) -> str:
    """A row of ``summarize_published`` in a sentence, with its source."""
    what = str(row["text"]).split(";", maxsplit=1)[0].capitalize()
    return f"{say_share(row['n'], row['of_n'], what)} As published, {row['source']}."


def present_shares(table: pl.DataFrame, column: str, label: str) -> pl.DataFrame:
    """Patients of n with percent and limits, a column an arm."""
    text = pl.format("{}/{}", "patients", "n")
    none = pl.lit("not recorded")
    limits = pl.format(
        "{} % ({} to {})",
        *((100 * pl.col(name)).round(0).cast(pl.Int64) for name in ("share", "lower", "upper")),
    )
    cells = table.select(column, "arm", cell=pl.concat_str(text, limits, separator=" · ").fill_null(none))
    wide = cells.pivot(on="arm", index=column, values="cell", maintain_order=True)
    return wide.rename({column: label})


def order_lanes(subjects: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """The patients, those with the gravest and the most events first: usubjid, arm, last."""
    weight = events.group_by("usubjid").agg(worst=pl.col("grade").max().fill_null(0), n=pl.len())
    own = subjects.select("usubjid", "arm", last="last_contact_day").join(weight, on="usubjid", how="left")
    return own.sort("worst", "n", "usubjid", descending=[True, True, False], nulls_last=True).drop("worst", "n")


def describe_event() -> pl.Expr:
    """Term, day, grade, seriousness and relation of an event, for a hover."""
    words = [
        pl.col("term"),
        pl.format("day {}", "day"),
        pl.format("grade {}", "grade"),
        pl.when("serious").then(pl.lit("serious")),
        pl.when("related").then(pl.lit("related")),
    ]
    return pl.concat_str(words, separator=", ", ignore_nulls=True)
