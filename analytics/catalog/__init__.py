"""The catalog: every parameter that Hepatrace knows, declared once as data in ``parameters.csv``."""

import csv
import unicodedata
from pathlib import Path

from analytics.catalog.parameter import Better, Parameter, Range, UnknownParameter, UnknownUnit

__all__ = [
    "PARAMETERS",
    "PARAMETER_NAMES",
    "Parameter",
    "UnknownParameter",
    "UnknownUnit",
    "find_parameter",
    "match_parameter",
]

DIRECTIONS: dict[str, Better] = {"lower": "lower", "higher": "higher", "none": "none"}


def parse_bounds(low: str, high: str) -> Range:
    """Both bounds of a range; an empty cell is no bound."""
    return (float(low) if low else None, float(high) if high else None)


def parse_levels(text: str) -> dict[float, tuple[str, ...]]:
    """Levels written as ``0=none|absent;1=slight``."""
    pairs = (level.split("=", 1) for level in text.split(";") if level)
    return {float(grade): tuple(words.split("|")) for grade, words in pairs}


def parse_factors(text: str) -> dict[str, float]:
    """Units written as ``umol/L=0.0584;mg/L=0.1``; the unit itself may be ``1``."""
    pairs = (unit.rsplit("=", 1) for unit in text.split(";") if unit)
    return {unit: float(factor) for unit, factor in pairs}


def read_parameters(path: Path) -> dict[str, Parameter]:
    """The parameters of a catalog file, by code, in file order."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["paramcd"]: parse_parameter(row) for row in csv.DictReader(file)}


def parse_parameter(row: dict[str, str]) -> Parameter:
    """One row of the catalog file."""
    return Parameter(
        paramcd=row["paramcd"],
        label=row["label"],
        short=row["short"],
        unit=row["unit"],
        better=DIRECTIONS[row["better"]],
        decimals=int(row["decimals"]),
        category=row["category"],
        accepted=parse_factors(row["accepted"]),
        reference=parse_bounds(row["ref_low"], row["ref_high"]),
        hard=parse_bounds(row["hard_min"], row["hard_max"]),
        soft=parse_bounds(row["soft_min"], row["soft_max"]),
        loinc=row["loinc"],
        sdtm=row["sdtm"],
        ucum=row["ucum"],
        synonyms=tuple(row["synonyms"].split("|")) if row["synonyms"] else (),
        levels=parse_levels(row["levels"]),
        note=row["note"],
        derived=row["category"] == "exposure",
    )


PARAMETERS = read_parameters(Path(__file__).with_name("parameters.csv"))
PARAMETER_NAMES = {code: item.name for code, item in PARAMETERS.items()}


def find_parameter(paramcd: str) -> Parameter:
    """The parameter with this code. Raises UnknownParameter."""
    if paramcd not in PARAMETERS:
        raise UnknownParameter(f"no parameter of the catalog has the code {paramcd!r}")
    return PARAMETERS[paramcd]


def name_key(text: str) -> str:
    """A name without case, blanks, punctuation and width of letters, except the percent sign."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in plain if char.isalnum() or char == "%")


def read_names(path: Path) -> dict[str, str]:
    """The parameter's code for every further name in use (``paramcd``, ``language``, ``name``), by its key."""
    with path.open(encoding="utf-8", newline="") as file:
        return {name_key(row["name"]): row["paramcd"] for row in csv.DictReader(file)}


OWN_NAMES = {
    name_key(name): parameter
    for parameter in reversed(PARAMETERS.values())
    for name in (parameter.label, parameter.name, *parameter.synonyms, parameter.sdtm, parameter.paramcd)
    if name_key(name)
}
# Names of files in many languages; the catalog's own come first.
NAMES = {name: PARAMETERS[code] for name, code in read_names(Path(__file__).with_name("names.csv")).items()} | OWN_NAMES
LOINC = {parameter.loinc: parameter for parameter in reversed(PARAMETERS.values()) if parameter.loinc}


def match_parameter(name: str) -> Parameter | None:
    """The parameter that a code (own, SDTM, LOINC), label or synonym names; None if no parameter does."""
    return NAMES.get(name_key(name)) or LOINC.get(name.strip())
