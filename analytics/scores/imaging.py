"""The measures of the Kim thesis: change of the MRI fibrosis index, its group summary, liver volume."""

import polars as pl

from analytics.catalog import PARAMETERS, Parameter
from analytics.scores.bands import exact
from analytics.scores.definition import Input, Output, Score, needs

THESIS = "Kim thesis (MRI fibrosis index after autologous bone marrow cell infusion), table of fibrosis indices"
DIRECTIONS = ("improved", "unchanged", "worsened")


def fibrosis_index_delta(*, initial: pl.Expr, latest: pl.Expr) -> dict[str, pl.Expr]:
    """``delta`` = latest - initial, in percent of the initial value, and its ``direction``."""
    delta = latest - initial
    step = exact(delta)
    improved, unchanged, worsened = (pl.lit(word) for word in DIRECTIONS)
    return {
        "delta": delta,
        "pct_change": pl.when(initial != 0).then(100 * delta / initial),
        "direction": pl.when(step < 0).then(improved).when(step == 0).then(unchanged).when(step > 0).then(worsened),
    }


def fibrosis_index_summary(*, initial: pl.Expr, latest: pl.Expr) -> dict[str, pl.Expr]:
    """Means of complete pairs, over the records of a group."""
    pair = initial.is_not_null() & latest.is_not_null()
    return {
        "n": pair.sum().cast(pl.Int64),
        "mean_initial": initial.filter(pair).mean(),
        "mean_latest": latest.filter(pair).mean(),
        "mean_delta": (latest - initial).mean(),
    }


def liver_volume_pct(*, liver_volume: pl.Expr, liver_volume_baseline: pl.Expr) -> dict[str, pl.Expr]:
    """Volume in percent of baseline, and its change in percent; missing for a baseline of 0 or less."""
    share = pl.when(liver_volume_baseline > 0).then(100 * liver_volume / liver_volume_baseline)
    return {"pct_of_baseline": share, "change_pct": share - 100}


FIBROSIS_INDEX_DELTA = Score(
    parameter=Parameter(
        "fibrosis_index_delta",
        "Change of the MRI fibrosis index",
        short="Fibrosis index, delta",
        unit="1",
        better="lower",
        decimals=2,
    ),
    version="Kim thesis",
    inputs=(
        Input("initial", unit="1", label="fibrosis index at baseline", paramcd="fibrosis_index", moment="baseline"),
        Input("latest", unit="1", label="fibrosis index", paramcd="fibrosis_index", worse="higher", max_age=0),
    ),
    outputs=(Output("delta"), Output("pct_change"), Output("direction", words=DIRECTIONS)),
    formula=fibrosis_index_delta,
    value="delta",
    category="direction",
    needs=needs("initial", "latest"),
    post=True,
    disagreements=(
        (
            17,
            "The thesis prints patient 2 as -4.1 (exact: -4.06), and its footnote words the difference the other way.",
        ),
    ),
    reading="Latest - initial, so that a negative delta is less fibrosis; percent of the initial value.",
    source=THESIS,
)

FIBROSIS_INDEX_SUMMARY = Score(
    parameter=Parameter(
        "fibrosis_index_summary", "Group summary of the MRI fibrosis index", unit="1", better="lower", decimals=2
    ),
    version="Kim thesis",
    inputs=(
        Input(
            "patients",
            kind="records",
            origin="given",
            label="patients with initial and latest index",
            fields=(
                Input("initial", unit="1", paramcd="fibrosis_index"),
                Input("latest", unit="1", paramcd="fibrosis_index"),
            ),
        ),
    ),
    outputs=(Output("n", needs=()), Output("mean_initial"), Output("mean_latest"), Output("mean_delta")),
    formula=fibrosis_index_summary,
    value="mean_delta",
    needs=needs("patients"),
    disagreements=((17, "The thesis prints a mean delta of -5.96 from rounded deltas; the exact mean is -5.952."),),
    reading=(
        "n and means of the patients that have both values, so that the mean delta is the mean latest less the mean "
        "initial; unrounded deltas are averaged."
    ),
    source=THESIS,
    note="In a study: Trajectories, change of the fibrosis index.",
    series=False,
)

LIVER_VOLUME_PCT = Score(
    parameter=PARAMETERS["liver_volume_pct"],
    version="Kim thesis",
    inputs=(
        Input("liver_volume", unit="mL", label="liver volume", worse="lower", max_age=0),
        Input(
            "liver_volume_baseline",
            unit="mL",
            label="liver volume at baseline",
            paramcd="liver_volume",
            moment="baseline",
        ),
    ),
    outputs=(Output("pct_of_baseline"), Output("change_pct")),
    formula=liver_volume_pct,
    value="pct_of_baseline",
    needs=needs("liver_volume", "liver_volume_baseline"),
    reading="100 x volume / baseline, and that less 100. The thesis reports 145 % as percent of baseline (+45 %).",
    source=THESIS,
    note="A percentage that a source reports without volumes in mL is kept as reported.",
)
