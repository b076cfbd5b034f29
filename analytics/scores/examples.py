"""The worked examples of the score document, as data: inputs in the exchange shape, and expected outputs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("examples.json")


@dataclass(frozen=True)
class Example:
    """A worked example: ``inputs`` as ``{"value", "unit"}``, and the outputs it must give."""

    id: str
    score: str
    inputs: Mapping[str, Mapping[str, Any]]
    expected: Mapping[str, Any]
    note: str


@cache
def read_examples() -> tuple[Example, ...]:
    """Every example of the document, in its order."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(Example(row["id"], row["score"], row["inputs"], row["expected"], row["note"]) for row in rows)


def list_examples(score_id: str) -> list[Example]:
    """The examples of one score; none for a score that the document does not have."""
    return [example for example in read_examples() if example.score == score_id]
