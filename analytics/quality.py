"""How complete and how timely a study's data are: values expected and there, visits on time, by site."""

import polars as pl

from analytics.schedule import DONE, EARLY, LATE, MISSED, STATUSES, derive_assessments

EXPECTED = (DONE, EARLY, LATE, MISSED)
TAKEN = (DONE, EARLY, LATE)
USUAL = 0.5  # of the subjects seen at a visit: a parameter that so many have belongs to it
NO_SITE = "site not stated"
LIMIT = "is a limit, not a number"


def derive_grid(
    measurements: pl.DataFrame, not_done: pl.DataFrame, subjects: pl.DataFrame, visits: pl.DataFrame
) -> pl.DataFrame:
    """One row a subject, planned visit that was due, and parameter of the study: what is there.

    ``measurements`` and ``not_done`` have usubjid, paramcd, avisit, day; ``subjects`` site and last_contact_day.
    Adds ``site``, ``seen`` (the subject has any value at the visit), ``present`` (a value, or one below a
    limit) and ``undone`` (somebody wrote that nothing was measured). A visit is due when it took place, or
    its window ended before the last contact.
    """
    assessed = derive_assessments(measurements, subjects, visits).filter(pl.col("status").is_in(EXPECTED))
    parameters = measurements.select("paramcd").unique().sort("paramcd")
    grid = assessed.select("usubjid", "avisit", "position", "status").join(parameters, how="cross")
    key = ["usubjid", "avisit", "paramcd"]
    have = measurements.select(key).unique().with_columns(present=pl.lit(True))
    absent = not_done.select(key).unique().with_columns(undone=pl.lit(True))
    joined = grid.join(have, on=key, how="left").join(absent, on=key, how="left")
    sites = subjects.select("usubjid", pl.col("site").fill_null(NO_SITE))
    return joined.join(sites, on="usubjid", how="left").with_columns(
        pl.col("present", "undone").fill_null(False), seen=pl.col("status").is_in(TAKEN)
    )


def summarize_completeness(grid: pl.DataFrame, by: str = "paramcd") -> pl.DataFrame:
    """One row a parameter (or site) and visit: ``expected``, ``present``, ``undone`` and ``percent``."""
    counted = grid.group_by(by, "position", "avisit").agg(
        expected=pl.len(), present=pl.col("present").sum(), undone=pl.col("undone").sum()
    )
    share = 100 * pl.col("present") / pl.col("expected")
    return counted.with_columns(percent=share).sort(by, "position")


def select_usual(grid: pl.DataFrame) -> pl.DataFrame:
    """The rows of parameters that at least half of the subjects seen at a visit have."""
    seen = pl.col("seen")
    share = (pl.col("present") & seen).sum().over("avisit", "paramcd") / seen.sum().over("avisit", "paramcd")
    return grid.filter(share >= USUAL)


def list_missing(grid: pl.DataFrame) -> pl.DataFrame:
    """The values that are missing at visits that took place: site, usubjid, avisit, paramcd; not what was not done."""
    usual = select_usual(grid)
    gaps = usual.filter(pl.col("seen"), ~pl.col("present"), ~pl.col("undone"))
    return gaps.sort("site", "usubjid", "position", "paramcd").select("site", "usubjid", "avisit", "paramcd")


def summarize_timeliness(assessments: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """One row a site: how many visits have each status."""
    sites = subjects.select("usubjid", pl.col("site").fill_null(NO_SITE))
    told = assessments.join(sites, on="usubjid", how="left")
    counted = told.group_by("site", "status").len().pivot(on="status", index="site", values="len")
    return counted.fill_null(0).sort("site").select("site", *(name for name in STATUSES if name in counted.columns))


def add_site(findings: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Findings with the ``site`` of their subject; missing where no subject is known."""
    sites = subjects.select("usubjid", pl.col("site").fill_null(NO_SITE))
    return findings.join(sites, on="usubjid", how="left", maintain_order="left")


def write_queries(missing: pl.DataFrame, findings: pl.DataFrame, labels: dict[str, str]) -> pl.DataFrame:
    """Queries to the sites, numbered: site, usubjid, avisit, item, query, file, line.

    ``findings`` has site, usubjid, file_name, line, column, value, reason of what is still open.
    """
    named = pl.col("paramcd").replace_strict(labels, default=pl.col("paramcd"), return_dtype=pl.String)
    text = pl.format("{} has no value at {}: please enter it, or write n.d.", named, "avisit")
    gaps = missing.select("site", "usubjid", "avisit", item=named, query=text)
    # A value below a limit of detection is an answer, not a question.
    findings = findings.filter(~pl.col("reason").str.contains(LIMIT, literal=True))
    said = pl.format("{} (value: {})", "reason", pl.col("value").fill_null("–"))
    rows = findings.select("site", "usubjid", item="column", query=said, file="file_name", line="line")
    both = pl.concat([gaps, rows], how="diagonal_relaxed")
    return both.with_row_index("number", 1).select(
        "number", "site", "usubjid", "avisit", "item", "query", "file", "line"
    )
