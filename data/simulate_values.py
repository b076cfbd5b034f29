"""Values of a SIMULATED trial: from severity to what a laboratory would have reported."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.random import Generator

from analytics.catalog import PARAMETERS
from data.simulate_visits import NAMES

IMAGING = ("Baseline", "Month 3", "Month 6", "Month 12", "Month 24")
MISSING = 0.04
ASSAY_LIMITS = {"afp": 3}  # ng/mL, which is ug/L: below, a laboratory reports the limit
# The units of the three laboratories, where they differ from the catalog's.
SI = {
    "bilirubin": "umol/L",
    "albumin": "g/L",
    "creatinine": "umol/L",
    "hemoglobin": "g/L",
    "cholesterol": "mmol/L",
    "alt": "ukat/L",
    "ast": "ukat/L",
}
JAPANESE = {"platelets": "10*4/uL", "crp": "mg/dL", "afp": "ug/L", "ammonia": "ug/dL"}
LABORATORIES: tuple[dict[str, str], ...] = ({}, SI, JAPANESE)


@dataclass(frozen=True)
class Quantity:
    """How a parameter follows severity: ``centre`` at severity 0, its slope, its noise, on which scale."""

    paramcd: str
    centre: float
    slope: float
    noise: float
    logarithmic: bool = False
    visits: tuple[str, ...] = NAMES


QUANTITIES = (
    Quantity("bilirubin", 1.8, 0.45, 0.12, logarithmic=True),
    Quantity("albumin", 3.15, -0.33, 0.12),
    Quantity("inr", 1.38, 0.13, 0.04, logarithmic=True),
    Quantity("pt_activity", 66, -10, 3.5),
    Quantity("creatinine", 0.92, 0.12, 0.08, logarithmic=True),
    Quantity("sodium", 137.5, -1.7, 1.6),
    Quantity("platelets", 88, -0.18, 0.09, logarithmic=True),
    Quantity("alt", 38, 0.1, 0.25, logarithmic=True),
    Quantity("ast", 46, 0.15, 0.22, logarithmic=True),
    Quantity("alp", 118, 0.1, 0.12, logarithmic=True),
    Quantity("ggt", 62, 0.1, 0.2, logarithmic=True),
    Quantity("hemoglobin", 12.2, -0.6, 0.5),
    Quantity("wbc", 4.6, 0.02, 0.15, logarithmic=True),
    Quantity("crp", 4.5, 0.3, 0.4, logarithmic=True),
    Quantity("cholesterol", 142, -10, 9),
    Quantity("ammonia", 62, 0.2, 0.2, logarithmic=True),
    Quantity("afp", 6, 0.15, 0.3, logarithmic=True, visits=IMAGING),
    Quantity("fibrosis_index", 13, 2.4, 1.1, visits=IMAGING),
    Quantity("liver_volume", 1080, -75, 30, visits=IMAGING),
    Quantity("ascites_grade", 0.8, 0.8, 0.35),
    Quantity("he_grade", 0.1, 0.45, 0.3),
    Quantity("quality_of_life", 4.3, -0.6, 0.35),
    Quantity("performance_score", 76, -8, 4),
)


def report_values(
    rng: Generator, roster: pl.DataFrame, days: np.ndarray, severity: np.ndarray, last: np.ndarray
) -> pl.DataFrame:
    """Every value up to the last contact, in the units of the subject's laboratory."""
    laboratory = roster["site_code"].to_numpy()
    seen = days <= last[:, None]
    frames = []
    for quantity in QUANTITIES:
        planned = np.isin(NAMES, quantity.visits)[None, :]
        taken = seen & planned & (rng.random(days.shape) >= MISSING)
        values = draw_values(rng, quantity, severity)
        for code, units in enumerate(LABORATORIES):
            here = taken & (laboratory == code)[:, None]
            frames.append(report_unit(roster, quantity.paramcd, units.get(quantity.paramcd), here, days, values))
    values = pl.concat(frames).sort("usubjid", "day", "paramcd")
    below = pl.col("aval") < pl.col("paramcd").replace_strict(ASSAY_LIMITS, default=None, return_dtype=pl.Float64)
    limit = pl.format("<{}", pl.col("paramcd").replace_strict(ASSAY_LIMITS, default=None, return_dtype=pl.Int64))
    return values.with_columns(aval=pl.when(below).then(limit).otherwise(pl.col("aval").cast(pl.String)))


def draw_values(rng: Generator, quantity: Quantity, severity: np.ndarray) -> np.ndarray:
    """Values in the catalog's unit, within its plausible range, rounded as it rounds; grades are whole."""
    parameter = PARAMETERS[quantity.paramcd]
    shift = quantity.slope * severity + rng.normal(0, quantity.noise, severity.shape)
    values = quantity.centre * np.exp(shift) if quantity.logarithmic else quantity.centre + shift
    low, high = parameter.soft
    decimals = 0 if parameter.levels else parameter.decimals
    return np.clip(values, low, high).round(decimals)


def report_unit(
    roster: pl.DataFrame, paramcd: str, unit: str | None, here: np.ndarray, days: np.ndarray, values: np.ndarray
) -> pl.DataFrame:
    """The values of one parameter at one laboratory, as that laboratory writes them, with its limits of normal."""
    parameter = PARAMETERS[paramcd]
    factor = parameter.factor(unit) if unit else 1.0
    low, high = (
        None if bound is None or parameter.levels else round(bound / factor, 4) for bound in parameter.reference
    )
    # One more decimal when the unit is larger than the catalog's, one fewer when it is much smaller.
    decimals = max(0, parameter.decimals + round(np.log10(factor))) if unit else parameter.decimals
    rows, visits = np.nonzero(here)
    return pl.DataFrame(
        {
            "usubjid": roster["usubjid"].to_numpy()[rows],
            "day": days[rows, visits],
            "aval": (values[rows, visits] / factor).round(decimals),
        },
        schema={"usubjid": pl.String, "day": pl.Int64, "aval": pl.Float64},
    ).with_columns(
        paramcd=pl.lit(paramcd),
        unit=pl.lit(unit or parameter.unit),
        ref_low=pl.lit(low, dtype=pl.Float64),
        ref_high=pl.lit(high, dtype=pl.Float64),
    )
