"""From events to one time and one status a subject."""

import polars as pl

from analytics.catalog.constants import YEAR
from analytics.catalog.endpoints import BIRTH, CUT, DAY_0, LANDMARK, Endpoint


def select_known(times: pl.DataFrame, grouped: bool) -> pl.DataFrame:
    """The rows with a time and what became of the subject, and where there are groups with a ``group``."""
    return times.drop_nulls(["time", "event", *(["group"] if grouped else [])])


def select_later(times: pl.DataFrame, first: float) -> pl.DataFrame:
    """The rows whose time is not before ``first``, or not known."""
    return times.filter(pl.col("time").is_null() | (pl.col("time") >= first))


def derive_time_to_event(subjects: pl.DataFrame, events: pl.DataFrame, endpoint: Endpoint) -> pl.DataFrame:
    """Add ``time`` in days from the endpoint's start, ``event``, ``cause``, ``entry`` and ``start_day``.

    Needs of ``subjects`` usubjid, last_contact_day, cut_day and age; of ``events`` usubjid, kind and day
    (infusions among them). ``event`` is true when observed, false when censored; ``cause`` is the kind of
    the event that came first, a competing one too; ``entry`` is the time from which the subject was under
    observation, missing where that is the start. All are missing for a subject without a start (the event
    never happened, had the endpoint before the landmark, age unknown) and without an event or a last
    contact after it. Of two kinds on one day the one named first counts, events before competing. Rows are
    neither dropped nor reordered.

    Source: design, "Survival"; Klein JP, Moeschberger ML. Survival Analysis. Springer 2003.
    """
    started = add_start(subjects, events, endpoint)
    firsts = find_first(events, started, endpoint)
    joined = started.join(firsts, on="usubjid", how="left", validate="m:1", maintain_order="left")
    contact = pl.col("cut_day") if endpoint.censoring == CUT else pl.col("last_contact_day")
    begun = pl.max_horizontal("start_day", 0)
    # At a landmark only who is still there afterwards counts.
    last = pl.when(contact > begun if endpoint.start == LANDMARK else contact >= begun).then(contact)
    end = pl.when(pl.col("start_day").is_not_null()).then(pl.coalesce("first_day", last)) - pl.col("start_day")
    until = pl.lit(endpoint.until, dtype=pl.Int64)
    cut = (until.is_not_null() & (end > until)).fill_null(False)
    known = end.is_not_null()
    cause = pl.when(~cut).then("cause")
    return joined.with_columns(
        time=pl.when(cut).then(until).otherwise(end),
        event=pl.when(known).then(cause.is_in(list(endpoint.events)).fill_null(False)),
        cause=pl.when(known).then(cause),
        entry=pl.when(known & (pl.col("start_day") < 0)).then(-pl.col("start_day")),
    ).drop("first_day")


def add_start(subjects: pl.DataFrame, events: pl.DataFrame, endpoint: Endpoint) -> pl.DataFrame:
    """``start_day``: the day on which each subject's clock starts; missing where it never does."""
    if endpoint.start == DAY_0:
        return subjects.with_columns(start_day=pl.lit(0, pl.Int64))
    if endpoint.start == LANDMARK:
        within = pl.col("day").is_between(0, endpoint.landmark_day)
        over = events.filter(pl.col("kind").is_in([*endpoint.events, *endpoint.competing]), within)["usubjid"]
        there = ~pl.col("usubjid").is_in(over.unique().to_list())
        return subjects.with_columns(start_day=pl.when(there).then(pl.lit(endpoint.landmark_day, pl.Int64)))
    if endpoint.start == BIRTH:
        return subjects.with_columns(start_day=-(pl.col("age") * YEAR).round().cast(pl.Int64))
    first = events.filter(pl.col("kind") == endpoint.start, pl.col("day").is_not_null())
    starts = first.group_by("usubjid").agg(start_day=pl.col("day").min().cast(pl.Int64))
    return subjects.join(starts, on="usubjid", how="left", validate="m:1", maintain_order="left")


def find_first(events: pl.DataFrame, started: pl.DataFrame, endpoint: Endpoint) -> pl.DataFrame:
    """``first_day`` and ``cause``: the first counted or competing event while under observation."""
    kinds = [*endpoint.events, *(kind for kind in endpoint.competing if kind not in endpoint.events)]
    own = events.filter(pl.col("kind").is_in(kinds), pl.col("day").is_not_null()).join(
        started.select("usubjid", "start_day"), on="usubjid", how="inner"
    )
    rank = pl.col("kind").replace_strict(kinds, range(len(kinds)), return_dtype=pl.Int64)
    later = own.filter(pl.col("day") >= pl.max_horizontal("start_day", 0))
    return (
        later.sort("usubjid", "day", rank)
        .unique("usubjid", keep="first", maintain_order=True)
        .select("usubjid", first_day=pl.col("day").cast(pl.Int64), cause="kind")
    )
