"""The survival that a published reference expects of each patient of a trial without a control arm."""

from dataclasses import dataclass

import polars as pl

from analytics.catalog.constants import YEAR
from analytics.catalog.references import REFERENCES, Reference
from analytics.groups import select_baseline
from analytics.scores import find_score
from analytics.scores.cholestatic import MAYO_PBC, mayo_survival
from analytics.survival.kaplan_meier import estimate_kaplan_meier
from analytics.survival.one_sample import OneSample, compare_expected, derive_expected

MAYO = MAYO_PBC.id
LABELS = {
    MAYO: "Mayo natural history model of PBC, to 7 years",
    "meld_waiting_list": "MELD on the waiting list, to 90 days",
}


@dataclass(frozen=True)
class Expectation:
    """Observed and expected deaths, both curves (day, survival), the last day compared, who had no reference."""

    found: OneSample
    observed: pl.DataFrame
    expected: pl.DataFrame
    end: float
    without: int


def list_references(panel: pl.DataFrame) -> list[str]:
    """The references whose score has a baseline in this cohort."""
    based = set(panel.filter(pl.col("base").is_not_null())["paramcd"])
    known = {MAYO: MAYO, **{code: item.paramcd for code, item in REFERENCES.items()}}
    return [code for code, paramcd in known.items() if paramcd in based]


def describe_reference(code: str) -> str:
    """What the reference is, in whom it was observed, its source."""
    if code == MAYO:
        return (
            "Expected: the Mayo natural history model, each patient with the risk score at baseline; patients with "
            f"primary biliary cholangitis treated conservatively. {MAYO_PBC.source}."
        )
    item = REFERENCES[code]
    name = find_score(item.paramcd).parameter.name
    return f"Expected: mortality by {name} at baseline; {item.population}. {item.source}."


def derive_reference(panel: pl.DataFrame, code: str) -> pl.DataFrame:
    """The expected survival of every patient with a baseline score: usubjid, ``day``, ``expected``."""
    if code == MAYO:
        based = select_baseline(panel, MAYO)
        years = mayo_survival(pl.col("base"))
        frames = [based.select("usubjid", day=pl.lit(year * YEAR), expected=share) for year, share in years.items()]
        return pl.concat(frames)
    item = REFERENCES[code]
    based = select_baseline(panel, item.paramcd)
    return based.select("usubjid", day=pl.lit(float(item.bands[0].day)), expected=1 - read_band(item, pl.col("base")))


def read_band(reference: Reference, value: pl.Expr) -> pl.Expr:
    """The mortality of the band that a value lies in; missing between bands."""
    chosen = pl.lit(None, dtype=pl.Float64)
    for band in reference.bands:
        above = value >= band.low if band.low is not None else pl.lit(True)
        below = value <= band.high if band.high is not None else pl.lit(True)
        chosen = pl.when(above & below & value.is_not_null()).then(band.mortality).otherwise(chosen)
    return chosen


def compare_with_reference(times: pl.DataFrame, panel: pl.DataFrame, code: str) -> Expectation:
    """Observed deaths (``times`` of overall survival from day 0) against the reference."""
    known = times.drop_nulls(["time", "event"])
    cut, curve = derive_expected(known.select("usubjid", "time", "event"), derive_reference(panel, code))
    compared = cut.drop_nulls("hazard")
    without = cut.height - compared.height
    return Expectation(
        compare_expected(cut),
        estimate_kaplan_meier(compared),
        curve,
        curve["day"].to_list()[-1] if curve.height else 0.0,
        without,
    )
