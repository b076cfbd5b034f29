"""Notes on patients, values and figures, and review marks that fall back to open when a value changes."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import polars as pl

NOTE, MARK = "note", "review"  # the kinds under which they are saved
PATIENT, VALUE, FIGURE = "patient", "value", "figure"
OPEN, REVIEWED, AGAIN = "open", "reviewed", "open again: a value changed since"
STATES = (OPEN, REVIEWED, AGAIN)
NOTES = {
    "name": pl.String,
    "about": pl.String,
    "usubjid": pl.String,
    "paramcd": pl.String,
    "place": pl.String,
    "figure": pl.String,
    "text": pl.String,
    "query": pl.Boolean,
    "answer": pl.String,
    "who": pl.String,
    "saved_at": pl.Datetime("us"),
}
MARKS = {
    "usubjid": pl.String,
    "paramcd": pl.String,
    "digest": pl.String,
    "who": pl.String,
    "saved_at": pl.Datetime("us"),
}


@dataclass(frozen=True)
class Note:
    """A note: what it is about (a patient, one value of a patient by parameter and place, a figure), its text.

    ``query``: it asks somebody something, and stays open until it has an ``answer``.
    """

    about: str
    text: str
    usubjid: str = ""
    paramcd: str = ""
    place: str = ""
    figure: str = ""
    query: bool = False
    answer: str = ""

    def to_json(self) -> str:
        """The note as it is saved."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Note":
        """The note that ``to_json`` wrote."""
        return cls(**json.loads(text))


def tabulate_notes(saved: Iterable[tuple[str, str, str, datetime]]) -> pl.DataFrame:
    """The notes, newest first, of their name, content, author and time (UTC), in the columns of ``NOTES``."""
    rows = [{"name": name, **json.loads(content), "who": who, "saved_at": when} for name, content, who, when in saved]
    return pl.DataFrame(rows, NOTES).sort("saved_at", "name", descending=True)


def digest_values(measurements: pl.DataFrame) -> pl.DataFrame:
    """One row a subject and parameter: ``n`` values and a ``digest`` that changes with any of them.

    ``measurements`` are the observed rows: usubjid, paramcd, day, avisit, aval, avalc, reported, reported_unit.
    """
    place = ["day", "avisit", "aval", "avalc", "reported", "reported_unit"]
    ordered = measurements.sort("usubjid", "paramcd", *place, nulls_last=True)
    text = pl.concat_str([pl.col(name).cast(pl.String).fill_null("∅") for name in place], separator="|")
    joined = ordered.with_columns(text=text).group_by("usubjid", "paramcd", maintain_order=True)
    whole = joined.agg(n=pl.len(), text=pl.col("text").str.join("\n"))
    digests = [hashlib.sha256(value.encode()).hexdigest()[:16] for value in whole["text"]]
    return whole.drop("text").with_columns(digest=pl.Series(digests, dtype=pl.String))


def tabulate_marks(saved: Iterable[tuple[str, str, datetime]]) -> pl.DataFrame:
    """The review marks of their content, author and time, in the columns of ``MARKS``."""
    return pl.DataFrame([{**json.loads(content), "who": who, "saved_at": when} for content, who, when in saved], MARKS)


def name_mark(usubjid: str, paramcd: str) -> str:
    """The name under which the mark of a patient's parameter is saved: one that both fit into."""
    return hashlib.sha256(f"{usubjid}|{paramcd}".encode()).hexdigest()[:40]


def derive_reviews(measurements: pl.DataFrame, marks: pl.DataFrame) -> pl.DataFrame:
    """The state of every patient and parameter with a value: usubjid, paramcd, n, digest, state, who, saved_at.

    A mark holds for the values that were there when it was made: one that is added, changed or gone opens it again.
    """
    kept = marks.unique(["usubjid", "paramcd"], keep="last", maintain_order=True)
    both = digest_values(measurements).join(
        kept.rename({"digest": "marked"}), on=["usubjid", "paramcd"], how="left", maintain_order="left"
    )
    marked = pl.col("marked")
    state = (
        pl.when(marked.is_null())
        .then(pl.lit(OPEN))
        .when(marked == pl.col("digest"))
        .then(pl.lit(REVIEWED))
        .when(marked != pl.col("digest"))
        .then(pl.lit(AGAIN))
    )
    return both.with_columns(state=state).drop("marked")


def summarize_reviews(reviews: pl.DataFrame) -> pl.DataFrame:
    """One row a parameter: how many patients are reviewed, open, and open again."""
    counts = {state: (pl.col("state") == state).sum() for state in STATES}
    return reviews.group_by("paramcd").agg(patients=pl.len(), **counts).sort("paramcd")
