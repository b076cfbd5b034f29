"""Groups that arise after time zero, compared only among those who are still there: the landmark."""

from dataclasses import dataclass

import polars as pl

from analytics.survival.door import open_rows


@dataclass(frozen=True)
class Landmark:
    """The subjects of a landmark analysis and who is not in it.

    ``rows`` has usubjid, ``group`` (true: responded by the landmark), ``time`` since the landmark,
    ``event``. ``before`` had the event or left before it, ``unknown`` were there but without a value.
    """

    day: float
    rows: pl.DataFrame
    before: int
    unknown: int


def select_landmark(times: pl.DataFrame, responses: pl.DataFrame, day: float) -> Landmark:
    """Restart the clock at ``day`` for everybody who is still at risk and whose group is known then.

    Needs of ``times`` usubjid, time, event; of ``responses`` usubjid and ``group``, true or false, as known
    by the landmark.

    Source: Anderson JR, Cain KC, Gelber RD. J Clin Oncol 1983;1:710.
    """
    known = open_rows(times)
    there = known.filter(pl.col("time") > day).join(
        responses.select("usubjid", "group"), on="usubjid", how="left", validate="1:1", maintain_order="left"
    )
    rows = there.drop_nulls("group").with_columns(pl.col("time") - day)
    return Landmark(day, rows, known.height - there.height, there.height - rows.height)


def derive_naive_groups(times: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """The same comparison done wrongly, to show the bias: from day 0, by a response that came later.

    Whoever died before a response counts as a non-responder: responders are immortal until they respond.
    ``group`` is false where no response is known.
    """
    joined = open_rows(times).join(responses.select("usubjid", "group"), on="usubjid", how="left", validate="1:1")
    return joined.with_columns(pl.col("group").fill_null(False))


def derive_switches(times: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """Counting-process rows in which a patient is a non-responder until the day of the response.

    Needs of ``responses`` usubjid and ``response_day`` (missing: never). Returns usubjid, ``start``,
    ``time``, ``event``, ``responded``: for a time-varying Cox model, which uses all follow-up.
    """
    joined = open_rows(times).join(
        responses.select("usubjid", "response_day"), on="usubjid", how="left", validate="1:1"
    )
    turned = pl.col("response_day").is_not_null() & (pl.col("response_day") < pl.col("time"))
    first = joined.with_columns(
        start=pl.lit(0.0),
        time=pl.when(turned).then(pl.col("response_day")).otherwise(pl.col("time")).cast(pl.Float64),
        event=pl.col("event") & ~turned,
        responded=pl.lit(False),
    )
    second = joined.filter(turned).with_columns(
        start=pl.col("response_day").cast(pl.Float64), time=pl.col("time").cast(pl.Float64), responded=pl.lit(True)
    )
    columns = ["usubjid", "start", "time", "event", "responded"]
    both = pl.concat([first.select(columns), second.select(columns)])
    return both.filter(pl.col("time") > pl.col("start")).sort("usubjid", "start")
