"""From events to one time and one status a subject."""

import polars as pl

from analytics.catalog.endpoints import Endpoint


def derive_time_to_event(subjects: pl.DataFrame, events: pl.DataFrame, endpoint: Endpoint) -> pl.DataFrame:
    """Add ``time`` in days from day 0 and ``event``, true when observed, false when censored.

    Needs of ``subjects`` usubjid and last_contact_day, of ``events`` usubjid, kind and day. The
    first event of the endpoint from day 0 on counts unless a competing event came before it; else
    the subject is censored at the competing event or the last contact. Both are missing for a
    subject with neither an event nor a last contact from day 0 on. Rows are neither dropped nor
    reordered.

    Source: design, "Survival"; Klein JP, Moeschberger ML. Survival Analysis. Springer 2003.
    """
    counted = first_day(events, endpoint.events, "event_day")
    competing = first_day(events, endpoint.competing, "competing_day")
    joined = subjects.join(counted, on="usubjid", how="left", validate="m:1", maintain_order="left").join(
        competing, on="usubjid", how="left", validate="m:1", maintain_order="left"
    )
    happened = pl.col("event_day").is_not_null() & (
        pl.col("competing_day").is_null() | (pl.col("event_day") <= pl.col("competing_day"))
    )
    contact = pl.when(pl.col("last_contact_day") >= 0).then("last_contact_day")
    time = pl.when(happened).then("event_day").when(~happened).then(pl.coalesce("competing_day", contact))
    return joined.with_columns(time=time, event=pl.when(time.is_not_null()).then(happened)).drop(
        "event_day", "competing_day"
    )


def first_day(events: pl.DataFrame, kinds: tuple[str, ...], name: str) -> pl.DataFrame:
    """The first day from day 0 on with an event of these kinds, one row a subject that has one."""
    after = events.filter(pl.col("kind").is_in(list(kinds)), pl.col("day") >= 0)
    return after.group_by("usubjid").agg(pl.col("day").min().alias(name))
