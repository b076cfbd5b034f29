"""What every estimator asks of its rows before it counts anything."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from analytics.statistics.interval import Array, Mask


class UnusableStatus(TypeError):
    """A status that is not true or false: 0/1/2 codes must be mapped to names at the import."""


class UnusableTime(ValueError):
    """A time before 0, or an entry after its time."""


def open_rows(times: pl.DataFrame, columns: Sequence[str] = ()) -> pl.DataFrame:
    """The rows whose ``time``, ``event`` and further ``columns`` are known; the status checked.

    Raises UnusableStatus where ``event`` is not Boolean (a code 2 for transplant must never count as
    "observed"), UnusableTime for a negative time. A missing ``entry`` is 0: under observation from the
    start. A subject whose entry is not before its time was never seen at risk and is left out.
    """
    kind = times.schema.get("event")
    if kind not in (pl.Boolean, pl.Null):
        raise UnusableStatus(f"event must be true (observed) or false (censored), not {kind}: map status codes first")
    known = times.drop_nulls(["time", "event", *columns]).with_columns(pl.col("event").cast(pl.Boolean))
    if (known["time"] < 0).any():
        raise UnusableTime("a survival time lies before 0")
    if "entry" in known.columns:
        known = known.filter(pl.col("entry").is_null() | (pl.col("entry") < pl.col("time")))
    return known


def read_entry(known: pl.DataFrame) -> Array | None:
    """The days from which subjects were under observation; None where all were from the start."""
    if "entry" not in known.columns or not known["entry"].is_not_null().any():
        return None
    return known["entry"].cast(pl.Float64).fill_null(-1.0).to_numpy()


def read_times(known: pl.DataFrame) -> tuple[Array, Mask, Array | None]:
    """Times, events and entries as arrays."""
    return known["time"].cast(pl.Float64).to_numpy(), known["event"].to_numpy(), read_entry(known)


def check_status(*statuses: Array | Mask) -> None:
    """Raise UnusableStatus unless every array is Boolean: 0/1/2 must never be read as 0/1."""
    for status in statuses:
        if status.dtype != np.bool_:
            raise UnusableStatus(f"a status must be true or false, not {status.dtype}: map status codes first")
