"""R's answers beside ours, number by number: what a test checks and what docs/validation.md prints."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).parent.parent / "reference"
# Relative tolerance by topic, as r_reference.md suggests: closed forms, Cox, Fine-Gray.
CLOSED, COX, FINE_GRAY = 1e-8, 1e-5, 1e-3
TINY, SMALL = 1e-11, 1e-6  # so small a difference of so small a number is rounding: a p value of 1e-80
Entry = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """How one entry is computed: ``ours`` mirrors R's result; ``left`` gives the reason for what it leaves out."""

    ours: Callable[[Entry], Entry]
    tolerance: float = CLOSED
    left: dict[str, str] | None = None


@dataclass(frozen=True)
class Agreement:
    """The numbers of an entry that were compared, the largest difference, what differs, what was left out."""

    compared: int
    largest: float
    differing: list[str]
    uncovered: list[str]


@cache
def read_entries() -> dict[str, Entry]:
    """R's results by id."""
    return json.loads((REFERENCE / "r_reference.json").read_text(encoding="utf-8"))["entries"]


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of nested results with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from flatten(item, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield from flatten(item, f"{path}/{place}")
    else:
        yield path, value


def differ(ours: Any, theirs: Any) -> float:
    """The relative difference; infinite where one is a number and the other is not."""
    missing = [value is None or (isinstance(value, float) and math.isnan(value)) for value in (ours, theirs)]
    if any(missing):
        return 0.0 if all(missing) else math.inf
    if isinstance(theirs, str):
        return 0.0 if str(ours) == theirs else math.inf
    gap = abs(float(ours) - float(theirs))
    return 0.0 if gap < TINY and abs(float(theirs)) < SMALL else gap / abs(float(theirs))


def compare(name: str, case: Case) -> Agreement:
    """An entry against our own computation."""
    entry = read_entries()[name]
    ours = dict(flatten(case.ours(entry["inputs"])))
    largest, compared, differing, uncovered = 0.0, 0, [], []
    for path, theirs in flatten(entry["result"]):
        if any(part in path for part in case.left or {}):
            continue
        if path not in ours:
            uncovered.append(path)
            continue
        gap = differ(ours[path], theirs)
        compared, largest = compared + 1, max(largest, gap)
        if gap > case.tolerance:
            differing.append(f"{path}: ours {ours[path]}, R {theirs}")
    return Agreement(compared, largest, differing, uncovered)
