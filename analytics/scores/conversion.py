"""Conversion of one value between the units that the catalog lists for its analyte."""

from dataclasses import replace

import polars as pl

from analytics.catalog import PARAMETERS, Parameter
from analytics.catalog.unit import normalize_unit
from analytics.scores.definition import Formula, Input, Output, Score, needs

CODES = tuple(code for code, parameter in PARAMETERS.items() if not parameter.levels and not parameter.derived)
TO = Input("to", kind="word", origin="given", label="unit wanted")


def as_formula(parameter: Parameter) -> Formula:
    """The conversion of one analyte: a chain over its units."""

    def convert(*, value: pl.Expr, to: pl.Expr) -> dict[str, pl.Expr]:
        chain = [pl.when(to == normalize_unit(unit)).then(value / parameter.factor(unit)) for unit in parameter.units]
        return {"value": pl.coalesce(chain)}

    return convert


def define_conversion(parameter: Parameter) -> Score:
    """The conversion of one analyte."""
    units = tuple(dict.fromkeys(normalize_unit(unit) for unit in parameter.units))
    return replace(
        CONVERT,
        inputs=(Input("value", unit=parameter.unit, paramcd=parameter.paramcd), replace(TO, choices=units)),
        formula=as_formula(parameter),
        needs=needs("value", "to"),
        term="",
    )


CONVERT = Score(
    parameter=Parameter("convert", "Unit conversion", unit="1", decimals=4),
    version="catalog",
    inputs=(
        Input("analyte", kind="word", origin="given", choices=CODES),
        Input("value", origin="given"),
        TO,
    ),
    outputs=(Output("value"),),
    formula=lambda **inputs: {"value": inputs["value"]},
    value="value",
    needs=needs("analyte", "value", "to"),
    reading=(
        "Value x factor of its unit / factor of the unit wanted, with the factors of the catalog: bilirubin 17.1 "
        "umol/L, creatinine 88.4 umol/L per mg/dL, albumin 10 g/L per g/dL. A unit that the catalog does not list "
        "gives none."
    ),
    source="Factors that the papers and policies behind the scores use; see Parameters below",
    series=False,
    term="analyte",
)
CONVERT = replace(CONVERT, variants={code: define_conversion(PARAMETERS[code]) for code in CODES})
