"""The columns of the frames that the analysis passes on, for frames that may be empty."""

from collections.abc import Mapping

import polars as pl

MEASUREMENTS = {
    "usubjid": pl.String,
    "paramcd": pl.String,
    "avisit": pl.String,
    "day": pl.Int32,
    "aval": pl.Float64,
    "avalc": pl.String,
}
EVENTS = {"usubjid": pl.String, "kind": pl.String, "day": pl.Int32}


def empty(schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """A frame with these columns and no row."""
    return pl.DataFrame(schema=schema)
