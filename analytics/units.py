"""Conventional or SI units on screens and exports; storage and formulas keep the catalog's.

Enzymes stay in U/L in both: laboratories that report SI units report them so. Which unit is a
parameter's SI unit stands in ``analytics/catalog/si_units.csv``; factors are the catalog's.
"""

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from analytics.catalog import PARAMETERS, Parameter
from analytics.catalog.parameter import Range
from analytics.catalog.si import SI_UNITS
from analytics.scores import find_any_parameter, list_series

CONVENTIONAL, SI = "conventional", "SI"
SYSTEMS = (CONVENTIONAL, SI)
CONVERTED = ("aval", "base", "chg", "ref_low", "ref_high")


# Value in the SI unit = value in the catalog's unit x factor.
FACTORS = {code: 1 / PARAMETERS[code].factor(unit) for code, (unit, _) in SI_UNITS.items()}


def find_factor(code: str, system: str) -> float:
    """From the catalog's unit of a parameter to that of the unit system; 1 where they are the same."""
    return FACTORS.get(code, 1.0) if system == SI else 1.0


def convert_panel(rows: pl.DataFrame, system: str) -> pl.DataFrame:
    """Rows with ``paramcd`` in the unit system: value, baseline, change, limits of normal, as far as they are there."""
    if system != SI or rows.is_empty():
        return rows
    factor = pl.col("paramcd").replace_strict(FACTORS, default=1.0, return_dtype=pl.Float64)
    return rows.with_columns(pl.col(name) * factor for name in CONVERTED if name in rows.columns)


def convert_parameter(parameter: Parameter, system: str) -> Parameter:
    """The parameter with the unit, decimals and ranges of the unit system."""
    if system != SI or parameter.paramcd not in SI_UNITS:
        return parameter
    unit, decimals = SI_UNITS[parameter.paramcd]
    factor = FACTORS[parameter.paramcd]
    ranges = {name: scale(getattr(parameter, name), factor) for name in ("reference", "hard", "soft")}
    return replace(parameter, unit=unit, decimals=decimals, accepted={}, **ranges)


def order_parameters(codes: Iterable[str], system: str) -> list[Parameter]:
    """Parameters in the unit system as people look for them: scores first, then in the order of the catalog."""
    rank = {code: position for position, code in enumerate([*list_series(), *PARAMETERS])}
    ordered = sorted(codes, key=lambda code: rank[code])
    return [convert_parameter(find_any_parameter(code), system) for code in ordered]


def scale(bounds: Range, factor: float) -> Range:
    """Both bounds times a factor."""
    low, high = bounds
    return (None if low is None else low * factor, None if high is None else high * factor)
