"""Headers taken apart: the quantity, its unit, and the visit that a wide file puts into it."""

import re
from dataclasses import dataclass

from analytics.catalog import PARAMETERS, Parameter, match_parameter, name_key
from analytics.catalog.unit import normalize_unit
from data.importers.text import PART

BRACKETS = re.compile(r"^(.*?)\s*[\(\[（【]([^\(\)\[\]（）【】]+)[\)\]）】]\s*$")
AFTER = re.compile(r"^(.+?)(?:\s*,\s*|\s+in\s+|\s+)(\S+)$")
NUMBERED = (
    r"(?:day|d|week|wk|w|month|mon|mo|m|year|yr|y|visit|v|fu|tag|woche|monat|jahr|visite)\s*[-_]?\s*[-+]?\d+|"
    r"\d+\s*[-_]?\s*(?:d|days?|w|wks?|weeks?|m|mo|mos|months?|mths?|y|yrs?|years?|tage?|wochen?|monate?|jahre?|"
    r"日|天|周|週|週間|个月|ヶ月|か月|カ月|月|年|개월|주|일|년|ماه|هفته|روز)(?:\s*[後后])?"
)
NAMED = (
    r"baseline|base|bl|screening|scr|pre|post|before|after|follow[- ]?up|end of study|eos|eot|final|latest|last|"
    r"ausgangswert|basis|vorher|nachher|治疗前|治疗后|术前|术后|基线|基線|前|後|治療前|治療後|投与前|投与後|기저|치료전|치료후"
)
VISIT = re.compile(rf"^(?:{NUMBERED}|{NAMED})$", re.IGNORECASE)
TAIL = re.compile(rf"^(.*?)[\s_.\-/]+({NUMBERED}|{NAMED})$", re.IGNORECASE)
FRONT = re.compile(rf"^({NUMBERED}|{NAMED})[\s_.\-/]+(.*)$", re.IGNORECASE)
UNITS = {normalize_unit(unit): unit for parameter in PARAMETERS.values() for unit in parameter.units if unit != "1"}


@dataclass(frozen=True)
class Header:
    """A header in its parts; what it does not name is empty."""

    name: str
    unit: str = ""
    avisit: str = ""


def is_unit(text: str) -> bool:
    """Whether a text is a unit of the catalog."""
    return normalize_unit(text) in UNITS


def is_visit(text: str) -> bool:
    """Whether a text names a visit."""
    return bool(VISIT.match(text.strip()))


def split_header(header: str) -> Header:
    """The quantity, unit and visit of a header, which may have several rows."""
    parts = [part.strip() for part in header.split(PART.strip()) if part.strip()]
    unit = next((part for part in parts[1:] if is_unit(part.strip("()[] "))), "")
    rest = [part for part in parts if part != unit or not unit]
    avisit = next((part for part in rest if is_visit(part) and len(rest) > 1), "")
    names = [part for part in rest if part != avisit or not avisit]
    name = " ".join(names) if names else header
    name, inner = split_unit(name)
    name, named = (name, "") if avisit else split_visit(name)
    return Header(name.strip(), (unit.strip("()[] ") or inner), avisit or named)


def split_unit(name: str) -> tuple[str, str]:
    """A name without the unit in brackets or behind it, and the unit."""
    if match_parameter(name):  # "PT (%)" is a name of its own
        brackets = BRACKETS.match(name)
        return name, brackets[2].strip() if brackets and is_unit(brackets[2]) else ""
    for pattern in (BRACKETS, AFTER):
        found = pattern.match(name)
        if found and is_unit(found[2]):
            return found[1], found[2].strip()
    return name, ""


def split_visit(name: str) -> tuple[str, str]:
    """A name of the catalog without the visit before or behind it, and the visit."""
    if match_parameter(name):
        return name, ""
    tail, front = TAIL.match(name), FRONT.match(name)
    if tail and find_parameter_name(tail[1]):
        return tail[1], tail[2]
    if front and find_parameter_name(front[2]):
        return front[2], front[1]
    return name, ""


def find_parameter_name(name: str) -> Parameter | None:
    """The parameter that a name stands for, also without the words that add nothing to it."""
    found = match_parameter(name)
    if found or not name_key(name):
        return found
    bare = re.sub(r"(?i)\b(serum|plasma|blood|lab|value|level|wert|s|i\.s\.|level)\b[\s_.-]*", "", name).strip(" _.-")
    return match_parameter(bare) if bare != name else None
