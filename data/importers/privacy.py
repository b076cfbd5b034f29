"""What identifies a person and is never stored, neither as a value nor in a list of rejected rows."""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass

import polars as pl

EMAIL = r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"
PHONE = r"^\+?[\d()/-]*[\s()/-][\d\s()/-]{6,}$|^\+\d{8,}$"
PRIVATE_HEADER = re.compile(
    r"\b(sur|first|last|full|patient|family|given|maiden)?[ _]?names?\b|\binitials\b|birth|\bdob\b|geburt|"
    r"phone|\btel\b|"
    r"mobile|e-?mail|\bmrn\b|\brecord[ _]?(no|nr|num|number)\b|\bhospital[ _]?(no|id|number)\b|\bssn\b|\baddress\b|"
    r"passport|insurance|"
    r"\bvorname|\bnachname|patientenname|telefon|anschrift|姓名|出生|电话|手机|身份证|住院号|病案号|氏名|名前|生年月日|電話|住所|カルテ|"
    r"이름|성명|생년월일|전화|نام|تلفن|تاریخ تولد",
    re.IGNORECASE,
)
NAMES_OF_THINGS = re.compile(
    r"\b(event|visit|test|drug|product|site|study|form|instrument|parameter|param|analyte|lab|arm|file|item|variable|"
    r"field|unit|treatment|center|centre|procedure|medication)[ ]?names?\b",
    re.IGNORECASE,
)
IDENTIFYING = "the text looks like an e-mail address or a phone number; it is not stored"
WITHHELD = "(not kept)"


def is_private(header: str) -> bool:
    """Whether a column's name promises what identifies a person."""
    return bool(PRIVATE_HEADER.search(NAMES_OF_THINGS.sub(" ", header.replace("_", " "))))


def is_identifying(text: pl.Expr) -> pl.Expr:
    """Whether a text looks like an e-mail address or a phone number."""
    return text.str.contains(EMAIL) | text.str.contains(PHONE)


@dataclass(frozen=True)
class Keyring:
    """The store's key, and the keyed hashes of the subjects whose consent was withdrawn."""

    key: bytes
    withdrawn: frozenset[str] = frozenset()

    def is_withdrawn(self, study: str, usubjid: str) -> bool:
        """Whether nothing of a subject may be stored."""
        return hash_subject(self.key, study, usubjid) in self.withdrawn


def hash_subject(key: bytes, study: str, usubjid: str) -> str:
    """The keyed hash by which a subject whose consent was withdrawn is known."""
    return hmac.new(key, json.dumps(["withdrawn", study, usubjid]).encode(), hashlib.sha256).hexdigest()


def hash_ids(rows: pl.DataFrame, column: str, key: bytes) -> pl.DataFrame:
    """The rows with a keyed hash (16 hexadecimal digits) in the place of every identifier of a column."""
    ids = [text for text in rows[column].unique().to_list() if text]
    hashes = {text: hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:16] for text in ids}
    return rows.with_columns(pl.col(column).replace_strict(hashes, default="", return_dtype=pl.String))
