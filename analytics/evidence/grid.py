"""The direction-of-effect grid, the dose strip, and this study beside the published ones."""

import polars as pl

from analytics.evidence.shelf import read_endpoints
from analytics.scores import find_any_parameter

BETTER, WORSE, UNCLEAR, ABSENT = "better", "worse", "transient or unclear", "not mentioned"
STATES = (BETTER, WORSE, UNCLEAR, ABSENT)
IMPROVED = ("improved", "normalised")
OURS = "This study"
GRID = dict.fromkeys(("trial", "endpoint", "label", "state", "printed", "comparison"), pl.String)
DOSES = {True: "cells per kg", False: "cells"}


def judge(endpoint: str, printed: str) -> str:
    """What a printed direction means for the patient; whatever the print leaves open is "transient or unclear"."""
    better = read_endpoints()[endpoint]["better"]
    if printed in IMPROVED:
        return BETTER
    if printed in ("up", "down") and better:
        return BETTER if printed == better else WORSE
    if endpoint.startswith("AE_"):
        return WORSE  # an adverse event that the table prints
    return UNCLEAR


def make_grid(trials: pl.DataFrame, effects: pl.DataFrame) -> pl.DataFrame:
    """One row a trial and endpoint of the shelf: trial, endpoint, label, state, printed, comparison.

    Endpoints are those that a trial of ``effects`` mentions, the commonest first. A trial that does not mention one
    stands there as "not mentioned": the table is silent, which is no "no effect".
    """
    known = effects.join(trials.select("trial"), on="trial", how="semi")
    order = known.group_by("endpoint").len().sort("len", "endpoint", descending=[True, False])["endpoint"].to_list()
    said = {(trial, endpoint): (printed, comparison) for trial, endpoint, printed, comparison in known.rows()}
    labels = read_endpoints()
    rows = [
        {
            "trial": trial,
            "endpoint": endpoint,
            "label": labels[endpoint]["label"],
            "state": judge(endpoint, said[trial, endpoint][0]) if (trial, endpoint) in said else ABSENT,
            "printed": said.get((trial, endpoint), (None, None))[0],
            "comparison": said.get((trial, endpoint), (None, None))[1],
        }
        for trial in trials["trial"]
        for endpoint in order
    ]
    return pl.DataFrame(rows, schema=GRID)


def add_ours(grid: pl.DataFrame, panel: pl.DataFrame) -> pl.DataFrame:
    """The grid with this study's row on top. ``panel`` is in the catalog's units."""
    ours = describe_ours(panel, grid["endpoint"].unique(maintain_order=True).to_list())
    return pl.concat([ours.select(grid.columns), grid])


def describe_ours(panel: pl.DataFrame, endpoints: list[str]) -> pl.DataFrame:
    """The endpoints of the shelf as this study measured them, in the columns of the grid, and ``n``, ``mean``.

    ``printed`` is the direction of the mean change from baseline to each patient's latest value; without such a change
    the endpoint is "not mentioned". A mean change is a direction only: no test and no comparison with a control.
    """
    codes = {endpoint: read_endpoints()[endpoint]["paramcd"] for endpoint in endpoints}
    own = panel.filter(
        pl.col("paramcd").is_in([code for code in codes.values() if code]), pl.col("post"), pl.col("chg").is_not_null()
    )
    latest = (
        own.sort("day", maintain_order=True, nulls_last=True).group_by("usubjid", "paramcd").agg(pl.col("chg").last())
    )
    means = {
        code: (mean, n) for code, mean, n in latest.group_by("paramcd").agg(pl.col("chg").mean(), n=pl.len()).rows()
    }
    rows = [describe_one(endpoint, *means.get(code, (None, 0))) for endpoint, code in codes.items()]
    return pl.DataFrame(rows, schema={**GRID, "n": pl.Int64, "mean": pl.Float64})


def describe_one(endpoint: str, mean: float | None, n: int) -> dict[str, str | float | int | None]:
    """One endpoint of this study."""
    facts = read_endpoints()[endpoint]
    row: dict[str, str | float | int | None] = {
        "trial": OURS,
        "endpoint": endpoint,
        "label": facts["label"],
        "n": n,
        "mean": mean,
    }
    if mean is None:
        return row | {"state": ABSENT, "printed": None, "comparison": None}
    printed = "up" if mean > 0 else "down" if mean < 0 else "unchanged"
    decimals = find_any_parameter(facts["paramcd"]).decimals + 1
    said = f"mean change {mean:+.{decimals}f} in {n} patients, latest value"
    return row | {"state": judge(endpoint, printed), "printed": printed, "comparison": said}


def list_doses(trials: pl.DataFrame, treatments: pl.DataFrame) -> pl.DataFrame:
    """The doses: trial, per_kg, low, high, own; this study's single infusions as one row each kind of dose.

    Doses in cells and in cells per kg are different quantities and never share an axis.
    """
    known = trials.filter(pl.col("dose_low").is_not_null(), pl.col("dose_per_kg").is_not_null())
    published = known.select(
        "trial", per_kg="dose_per_kg", low="dose_low", high=pl.coalesce("dose_high", "dose_low"), own=pl.lit(False)
    )
    ours = []
    for column, per_kg in (("cells_e6", False), ("cells_e6_per_kg", True)):
        given = (treatments[column].drop_nulls() * 1e6).to_list() if column in treatments.columns else []
        ours += [{"trial": OURS, "per_kg": per_kg, "low": min(given), "high": max(given), "own": True}] if given else []
    return pl.concat([published, pl.DataFrame(ours, schema=published.schema)])
