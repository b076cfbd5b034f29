"""Baseline, change from baseline, and their summary by visit and arm."""

import polars as pl
from scipy.special import stdtrit

from analytics.catalog.constants import SMALL

KEY = ["usubjid", "paramcd"]
BASELINE_DAYS = 90


def derive_baseline(measurements: pl.DataFrame, baseline_visit: str | None = None) -> pl.DataFrame:
    """Add ``base`` and ``base_day``: the last non-missing value with day <= 0, within 90 days.

    Needs ``usubjid``, ``paramcd``, ``avisit``, ``day`` and ``aval``. Where a subject has no such
    dated value, a value without a day counts if it stands under ``baseline_visit``. ``base`` is in
    the unit of ``aval`` and missing for a subject without either. Rows are neither dropped nor
    reordered.

    Source: design, "Baseline".
    """
    candidates = select_candidates(measurements.filter(pl.col("aval").is_not_null()), baseline_visit)
    last = {"base": pl.col("aval").last(), "base_day": pl.col("day").last()}
    baseline = candidates.group_by(KEY, maintain_order=True).agg(**last)
    return measurements.join(baseline, on=KEY, how="left", validate="m:1", maintain_order="left")


def select_candidates(known: pl.DataFrame, baseline_visit: str | None) -> pl.DataFrame:
    """The values that may be a baseline, in such an order that the last of a subject and parameter is the one."""
    dated = known.filter(pl.col("day").is_between(-BASELINE_DAYS, 0)).sort("day", maintain_order=True)
    undated = known.filter(pl.col("day").is_null() & (pl.col("avisit") == pl.lit(baseline_visit, dtype=pl.String)))
    # The undated value stands first, so that "last" takes a dated one where there is one.
    return pl.concat([undated, dated])


def derive_change(measurements: pl.DataFrame, baseline_visit: str | None = None) -> pl.DataFrame:
    """Add ``base``, ``chg`` (later minus earlier), ``pchg`` and ``post``, true after baseline.

    ``pchg`` is 100 x chg / |base| and missing where base is 0. A value is after baseline when its
    day is above 0, or when it has no day and its visit is not ``baseline_visit``. Rows are neither
    dropped nor reordered.

    Source: design, "Change".
    """
    based = derive_baseline(measurements, baseline_visit)
    dated = pl.col("day").is_not_null()
    undated_post = pl.col("avisit") != pl.lit(baseline_visit, dtype=pl.String)
    chg = pl.col("aval") - pl.col("base")
    return based.with_columns(
        chg=chg,
        pchg=pl.when(pl.col("base") != 0).then(100 * chg / pl.col("base").abs()),
        post=pl.when(dated).then(pl.col("day") > 0).when(~dated).then(undated_post).fill_null(False),
    )


def select_pairs(changes: pl.DataFrame, paramcd: str) -> pl.DataFrame:
    """Values of one parameter that count for a visit after baseline and have a baseline."""
    return changes.filter(pl.col("paramcd") == paramcd, pl.col("analysis"), pl.col("post"), pl.col("chg").is_not_null())


def summarize_values(values: pl.DataFrame, by: list[str], column: str) -> pl.DataFrame:
    """One row a group: ``n``, ``mean``, ``sd``, ``se``, ``median``, ``q1``, ``q3``, ``lower``, ``upper`` and more.

    ``by`` are the grouping columns. The interval is the 95 % t interval of the mean and missing for
    fewer than 10 values: below that, single values are shown instead. Quartiles and
    ``p5``, ``p95`` interpolate linearly (R type 7). Missing values count nowhere.

    Source: design, "Small groups".
    """
    x = pl.col(column)
    summary = (
        values.filter(x.is_not_null())
        .group_by(by, maintain_order=True)
        .agg(
            n=x.len(),
            mean=x.mean(),
            sd=x.std(),
            median=x.median(),
            q1=x.quantile(0.25, interpolation="linear"),
            q3=x.quantile(0.75, interpolation="linear"),
            smallest=x.min(),
            largest=x.max(),
            p5=x.quantile(0.05, interpolation="linear"),
            p95=x.quantile(0.95, interpolation="linear"),
        )
    )
    return add_interval(summary)


def add_interval(summary: pl.DataFrame) -> pl.DataFrame:
    """Add ``se`` and the 95 % t interval (``lower``, ``upper``) to rows with ``n``, ``mean`` and ``sd``."""
    degrees = summary["n"].cast(pl.Float64) - 1
    half = pl.Series("t", stdtrit(degrees.to_numpy(), 0.975), dtype=pl.Float64).fill_nan(None)
    spread = summary.with_columns(se=pl.col("sd") / pl.col("n").sqrt(), t=half)
    margin = pl.when(pl.col("n") >= SMALL).then(pl.col("t") * pl.col("se"))
    return spread.with_columns(lower=pl.col("mean") - margin, upper=pl.col("mean") + margin).drop("t")
