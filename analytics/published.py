"""What a publication prints of single changes, beside what its own values give."""

from collections.abc import Mapping
from typing import Any

import polars as pl


def tabulate_published(changes: pl.DataFrame, published: Mapping[str, Any]) -> pl.DataFrame:
    """One row a subject and one of means: usubjid, base, aval, chg and ``printed``, the change as printed.

    ``changes`` are rows after baseline of one parameter; ``published`` is a ``[published.PARAMETER]`` of
    the study file. The printed mean is missing where none is printed.
    """
    printed = {
        "usubjid": list(published["changes"]),
        "printed": [float(item) for item in published["changes"].values()],
    }
    own = changes.select("usubjid", "base", "aval", "chg")
    both = own.join(pl.DataFrame(printed), on="usubjid", how="left").sort("usubjid")
    means = both.select(pl.lit("Mean").alias("usubjid"), pl.col("base", "aval", "chg").mean())
    mean = means.with_columns(printed=pl.lit(published.get("mean"), dtype=pl.Float64))
    return pl.concat([both, mean.cast({"printed": pl.Float64})])
