"""Tables of the cohort: baseline by arm, completeness, follow-up."""

from collections.abc import Iterable

import polars as pl

from analytics.catalog import Parameter
from analytics.groups import CLASSES, select_baseline

NO_ARM = "no arm recorded"
LARGE = 1000  # means of this size are printed without decimals


def summarize_baseline(subjects: pl.DataFrame, panel: pl.DataFrame, parameters: Iterable[Parameter]) -> pl.DataFrame:
    """The baseline table: ``characteristic``, then one text column an arm and ``All``.

    Numbers are mean ± SD with the number of subjects known where it is not all; categories are
    count (percent of the known). Arms are in alphabetical order.
    """
    labelled = subjects.with_columns(pl.col("arm").fill_null(NO_ARM))
    arms = labelled["arm"].unique().sort().to_list()
    groups = {arm: labelled.filter(pl.col("arm") == arm) for arm in arms} | {"All": labelled}
    rows = [{"characteristic": "Subjects"} | {name: str(group.height) for name, group in groups.items()}]
    rows.append(
        {"characteristic": "Age, years"} | {name: describe_numbers(group["age"], 1) for name, group in groups.items()}
    )
    for column, label in (("sex", "Sex"), ("etiology", "Etiology")):
        rows += describe_categories(groups, column, label)
    for parameter in parameters:
        based = labelled.join(select_baseline(panel, parameter.paramcd), on="usubjid", how="left")
        split = {
            name: based.filter(pl.col("usubjid").is_in(group["usubjid"].to_list())) for name, group in groups.items()
        }
        if parameter.levels or based["base"].count() == 0:
            continue
        numbers = {name: describe_numbers(group["base"], max(1, parameter.decimals)) for name, group in split.items()}
        rows.append({"characteristic": parameter.title} | numbers)
        if parameter.paramcd in CLASSES:
            rows += describe_categories(split, "base_class", CLASSES[parameter.paramcd])
    columns = ["characteristic", *(arms if len(arms) > 1 else []), "All"]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String) | dict.fromkeys(groups, pl.String)).select(
        columns
    )


def describe_numbers(values: pl.Series, decimals: int) -> str:
    """Mean ± SD, with n where values are missing; a dash where there is none."""
    known = values.drop_nulls()
    if known.is_empty():
        return "–"
    decimals = decimals if abs(float(str(known.mean()))) < LARGE else 0
    spread = f" ± {known.std():.{decimals}f}" if known.len() > 1 else ""
    count = f" (n = {known.len()})" if known.len() < values.len() else ""
    return f"{known.mean():.{decimals}f}{spread}{count}"


def describe_categories(groups: dict[str, pl.DataFrame], column: str, label: str) -> list[dict[str, str]]:
    """One row a category: count (percent of those known)."""
    known = groups["All"][column].drop_nulls().unique().sort().to_list()
    return [
        {"characteristic": f"{label}: {category}"}
        | {name: describe_share(group[column], category) for name, group in groups.items()}
        for category in known
    ]


def describe_share(values: pl.Series, category: str) -> str:
    """Count (percent of the known values)."""
    known = values.drop_nulls()
    count = (known == category).sum()
    return f"{count} ({100 * count / known.len():.0f} %)" if known.len() else "–"


def summarize_completeness(panel: pl.DataFrame, subjects: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """One row a visit and measured parameter: ``n`` subjects with a value, ``expected``, ``share``.

    Expected at a visit are the subjects whose last contact is not before the visit's target, and
    those whose last contact is not known. Visits without any value are left out.
    """
    counted = panel.filter(pl.col("analysis")).group_by("paramcd", "avisit").agg(n=pl.col("usubjid").n_unique())
    contact = subjects["last_contact_day"]
    expected = [
        int((contact.is_null() | (contact >= (row["target_day"] if row["target_day"] is not None else -(10**6)))).sum())
        for row in visits.iter_rows(named=True)
    ]
    schedule = visits.select("avisit", "position").with_columns(expected=pl.Series(expected, dtype=pl.Int64))
    return (
        counted.join(schedule, on="avisit", how="inner", validate="m:1")
        .with_columns(share=pl.when(pl.col("expected") > 0).then(pl.col("n") / pl.col("expected")))
        .sort("position", "paramcd")
    )


def summarize_subjects(
    subjects: pl.DataFrame, panel: pl.DataFrame, events: pl.DataFrame, paramcds: list[str]
) -> pl.DataFrame:
    """One row a subject: who it is, how long it was followed, its status, and baseline → latest of each parameter.

    ``status`` is the last of death or transplant, else empty. Columns ``<paramcd>`` hold text.
    """
    ends = events.filter(pl.col("kind").is_in(["death", "transplant"])).sort("day", nulls_last=True)
    status = ends.group_by("usubjid").agg(status=pl.col("kind").last())
    measured = panel.filter(pl.col("reported").is_not_null())
    place = pl.coalesce(pl.col("day").cast(pl.String), "avisit")  # a value without a day counts under its visit's name
    visits = measured.group_by("usubjid").agg(visits=place.n_unique())
    table = subjects.select("usubjid", "arm", "age", "sex", "etiology", "last_contact_day")
    for frame in (status, visits):
        table = table.join(frame, on="usubjid", how="left", validate="m:1", maintain_order="left")
    return table.with_columns(pl.col("status").fill_null(""), pl.col("visits").fill_null(0)).join(
        select_latest(panel, paramcds), on="usubjid", how="left", maintain_order="left"
    )


def select_latest(panel: pl.DataFrame, paramcds: list[str]) -> pl.DataFrame:
    """The latest change of each parameter, one column ``<paramcd>_chg`` each; missing without a pair."""
    later = panel.filter(pl.col("post"), pl.col("chg").is_not_null(), pl.col("paramcd").is_in(paramcds))
    latest = later.sort("day", nulls_last=False, maintain_order=True).group_by("usubjid", "paramcd").last()
    wide = panel.select("usubjid").unique(maintain_order=True)
    for paramcd in paramcds:
        column = latest.filter(pl.col("paramcd") == paramcd).select("usubjid", pl.col("chg").alias(f"{paramcd}_chg"))
        wide = wide.join(column, on="usubjid", how="left", maintain_order="left")
    return wide
