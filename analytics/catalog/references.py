"""Published mortality by bands of a score: what a trial without a control arm is held against."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Band:
    """The share who died by a day among those whose score lies between two ends, both included (None: open)."""

    low: float | None
    high: float | None
    day: int
    mortality: float


@dataclass(frozen=True)
class Reference:
    """A published table: the score it goes by, its bands, in whom it was observed, its source."""

    code: str
    paramcd: str
    bands: tuple[Band, ...]
    population: str
    source: str


def read_references() -> dict[str, Reference]:
    """Every table of ``references.csv`` by code."""
    with Path(__file__).with_name("references.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for code in dict.fromkeys(row["reference"] for row in rows):
        own = [row for row in rows if row["reference"] == code]
        bands = tuple(
            Band(
                float(row["low"]) if row["low"] else None, float(row["high"]) if row["high"] else None, int(row["day"]),
                float(row["mortality"]),
            )
            for row in own
        )  # fmt: skip
        found[code] = Reference(code, own[0]["paramcd"], bands, own[0]["population"], own[0]["source"])
    return found


REFERENCES = read_references()
