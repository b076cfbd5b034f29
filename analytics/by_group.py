"""Survival results of every group at once, for page and terminal."""

import polars as pl

from analytics.survival.competing import estimate_incidence
from analytics.survival.counting_process import estimate_mean_count


def part_groups(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The rows of each ``group``, in alphabetical order."""
    return {name: rows.filter(pl.col("group") == name) for name in rows["group"].drop_nulls().unique().sort()}


def estimate_incidences(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The cumulative incidence of every cause in each group (time, cause, group)."""
    return {name: estimate_incidence(own) for name, own in part_groups(rows).items()}


def estimate_mean_counts(
    rows: pl.DataFrame, subjects: pl.DataFrame, events: pl.DataFrame, kind: str
) -> dict[str, pl.DataFrame]:
    """The mean number of events of a kind in each group, from day 0 to the last contact.

    Needs of ``rows`` usubjid and ``group``, of ``subjects`` usubjid and last_contact_day, of ``events``
    usubjid, kind and day.
    """
    contacts = subjects.select("usubjid", time="last_contact_day")
    hits = events.filter(pl.col("kind") == kind)
    found = {}
    for name, own in part_groups(rows).items():
        seen = own.select("usubjid").join(contacts, on="usubjid", maintain_order="left")
        found[name] = estimate_mean_count(seen, hits.join(seen, on="usubjid", how="semi"))
    return found


def stack(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The tables of all groups below each other, with the name in ``group``."""
    frames = [table.with_columns(group=pl.lit(name)) for name, table in tables.items()]
    return pl.concat(frames) if frames else pl.DataFrame()
