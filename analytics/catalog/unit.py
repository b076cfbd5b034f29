"""Unit spellings: one unit written in several ways compares as equal."""

import re

LITRE = re.compile(r"(?<![A-Za-z])([dcmunpf]?)l(?![A-Za-z])")
MICRO = str.maketrans({"\u00b5": "u", "\u03bc": "u", "\u00d7": "", "\u2070": "0"})


def normalize_unit(unit: str) -> str:
    """A unit in the form in which units are compared.

    Micro sign and Greek mu become ``u``, blanks and a leading multiplication sign go, and the two
    symbols of the litre (l, L) are one. Prefixes keep their case: mmol is not Mmol.
    """
    compact = re.sub(r"\s+", "", unit.translate(MICRO)).removeprefix("x10")
    compact = f"10{compact}" if unit.strip().lower().startswith("x10") else compact
    return LITRE.sub(r"\1L", compact)
