"""What identifies a person and is never stored, neither as a value nor in a list of rejected rows."""

import re

import polars as pl

EMAIL = r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"
PHONE = r"^\+?[\d()/-]*[\s()/-][\d\s()/-]{6,}$|^\+\d{8,}$"
PRIVATE_HEADER = re.compile(
    r"\b(sur|first|last|full|patient|family|given|maiden)?[ _]?names?\b|\binitials\b|birth|\bdob\b|geburt|"
    r"phone|\btel\b|"
    r"mobile|e-?mail|\bmrn\b|\brecord[ _]?(no|nr|num|number)\b|\bhospital[ _]?(no|id|number)\b|\bssn\b|\baddress\b|"
    r"passport|insurance",
    re.IGNORECASE,
)
IDENTIFYING = "the text looks like an e-mail address or a phone number; it is not stored"
WITHHELD = "(not kept)"


def is_private(header: str) -> bool:
    """Whether a column's name promises what identifies a person."""
    return bool(PRIVATE_HEADER.search(header.replace("_", " ")))


def is_identifying(text: pl.Expr) -> pl.Expr:
    """Whether a text looks like an e-mail address or a phone number."""
    return text.str.contains(EMAIL) | text.str.contains(PHONE)
