"""When patients first met a responder rule: as an event, and as groups of a landmark analysis."""

import polars as pl

from analytics.catalog.endpoints import RESPONSE
from analytics.response import select_later
from analytics.rules import Rule


def derive_response_days(panel: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """One row a subject with a dated value after baseline: usubjid, ``response_day`` (missing: never), ``last_day``.

    The first day whose value reaches the threshold; with ``confirmed`` the next value must reach it too.
    Where the rule looks and what takes the credit does not count here: a response is a moment.
    """
    later = select_later(panel, rule).filter(pl.col("day").is_not_null())
    reached = rule.reaches(pl.col("y"))
    if rule.confirmed:
        reached = reached & reached.shift(-1).over("usubjid").fill_null(False)
    return later.group_by("usubjid", maintain_order=True).agg(
        response_day=pl.col("day").filter(reached).min().cast(pl.Int64), last_day=pl.col("day").max().cast(pl.Int64)
    )


def add_response_events(
    subjects: pl.DataFrame, events: pl.DataFrame, responses: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Subjects and events for the time to response: the response as an event of its own kind.

    A subject is under observation for a response until the last value that could show one, so that is
    the last contact; it is missing without such a value.
    """
    seen = subjects.drop("last_contact_day").join(
        responses.select("usubjid", last_contact_day="last_day"), on="usubjid", how="left", validate="1:1",
        maintain_order="left",
    )  # fmt: skip
    found = responses.drop_nulls("response_day").select(
        "usubjid", kind=pl.lit(RESPONSE), day=pl.col("response_day").cast(events.schema["day"])
    )
    return seen, pl.concat([events, found], how="diagonal")


def group_by_landmark(responses: pl.DataFrame, panel: pl.DataFrame, rule: Rule, day: float) -> pl.DataFrame:
    """Who had responded by the landmark: usubjid, ``group``; only subjects with a value between day 0 and it."""
    dated = select_later(panel, rule).filter(pl.col("day") <= day)["usubjid"].unique()
    return responses.filter(pl.col("usubjid").is_in(dated.to_list())).select(
        "usubjid", group=(pl.col("response_day") <= day).fill_null(False)
    )
