"""The data sets of R's answers as frames with time, event and the covariates of their formulas."""

from functools import cache

import numpy as np
import polars as pl

from analytics.survival.cox import Cox, Rows, fit_cox
from tests.validation.compare import REFERENCE

SEQUENTIAL = REFERENCE.parent.parent / "data" / "studies" / "mayo-pbc" / "mayo_pbcseq.csv"


def read(name: str) -> pl.DataFrame:
    """A table of tests/reference."""
    return pl.read_csv(REFERENCE / name, null_values=["NA", ""])


@cache
def pbc() -> pl.DataFrame:
    """The Mayo trial and its 106 patients who were not randomised."""
    rows = read("mayo_pbc.csv").with_columns(time=pl.col("time").cast(pl.Float64), event=pl.col("status") == 2)
    logs = {f"log({name})": pl.col(name).log() for name in ("bili", "albumin", "protime")}
    stages = {f"factor(stage){stage}": (pl.col("stage") == stage).cast(pl.Float64) for stage in (2, 3, 4)}
    cause = pl.col("status").replace_strict({0: None, 1: "transplant", 2: "death"}, return_dtype=pl.String)
    male = {"sexm": (pl.col("sex") == "m").cast(pl.Float64), "age:sexm": pl.col("age") * (pl.col("sex") == "m")}
    return rows.with_columns(**logs, **stages, **male, cause=cause)


@cache
def randomized() -> pl.DataFrame:
    """The 312 randomised."""
    return pbc().drop_nulls("trt")


@cache
def lung() -> pl.DataFrame:
    """Lung cancer: status 2 is death."""
    return read("ncctg_lung.csv").with_columns(event=pl.col("status") == 2)


@cache
def hcc() -> pl.DataFrame:
    """Liver cancer, in whole months."""
    return read("hcc_cxcl17.csv").with_columns(time=pl.col("OS"), event=pl.col("Death") == 1)


@cache
def nafld() -> pl.DataFrame:
    """Fatty liver and matched controls."""
    rows = pl.read_parquet(REFERENCE / "nafld1.parquet")
    return rows.with_columns(time=pl.col("futime").cast(pl.Float64), event=pl.col("status") == 1)


@cache
def matched() -> pl.DataFrame:
    """Those with a matched set: case or control."""
    case = pl.col("id") == pl.col("case.id")
    return (
        nafld()
        .drop_nulls("case.id")
        .with_columns(
            group=pl.when(case).then(pl.lit("case")).otherwise(pl.lit("control")), nafld=case.cast(pl.Float64)
        )
    )


@cache
def visits() -> pl.DataFrame:
    """The serial values of the Mayo trial."""
    return pl.read_csv(SEQUENTIAL, null_values=["NA", ""])


def fit(rows: pl.DataFrame, terms: list[str], ties: str, stratum: str = "", cluster: str = "", start: str = "") -> Cox:
    """A Cox model of the complete rows."""
    numbered = {
        name: np.unique(rows[name].cast(pl.String).to_numpy().astype(str), return_inverse=True)[1]
        for name in (stratum, cluster)
        if name
    }
    x = rows.select(pl.col(terms).cast(pl.Float64)).to_numpy()
    begin = rows[start].cast(pl.Float64).to_numpy() if start else None
    given = Rows(
        x, rows["time"].cast(pl.Float64).to_numpy(), rows["event"].to_numpy(), begin, numbered.get(stratum),
        numbered.get(cluster),
    )  # fmt: skip
    return fit_cox(given, tuple(terms), ties)
