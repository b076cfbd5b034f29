"""What a next trial would need, from this study's own SD, drop-out and event rate."""

from dataclasses import dataclass

import polars as pl

from analytics.catalog.constants import YEAR
from analytics.change import select_pairs
from analytics.dropout import select_status
from analytics.visits import choose_visit

LEAST = 3  # changes: below, an SD of them says nothing


@dataclass(frozen=True)
class OwnNumbers:
    """What this study knows of a change at a visit: n, mean, SD (pooled over arms), drop-out up to the visit."""

    visit: str
    n: int
    mean: float
    sd: float
    drop_out: float


def read_own_numbers(panel: pl.DataFrame, visits: pl.DataFrame, paramcd: str, visit: str = "") -> OwnNumbers | None:
    """The numbers of the change of a parameter at a visit (the last one with enough values where none is named).

    The SD is pooled within arms. Drop-out is the share of those with a baseline who have no value at the visit. None
    where fewer than three changes are known, or all are equal.
    """
    pairs = select_pairs(panel, paramcd)
    at = visit or choose_visit(pairs, visits)
    here = pairs.filter(pl.col("avisit") == at) if at else pairs.clear()
    if at is None or here.height < LEAST:
        return None
    arms = here.group_by("arm").agg(n=pl.len(), ss=((pl.col("chg") - pl.col("chg").mean()) ** 2).sum())
    df = here.height - arms.height
    sd = (float(arms["ss"].sum()) / df) ** 0.5 if df > 0 else 0.0
    if sd <= 0:
        return None
    status = select_status(panel, paramcd).filter(pl.col("avisit") == at)
    lost = 1 - float(status["kept"].sum()) / status.height if status.height else 0.0
    return OwnNumbers(str(at), here.height, float(here["chg"].to_numpy().mean()), sd, lost)


def read_event_rate(subjects: pl.DataFrame, events: pl.DataFrame, kind: str) -> tuple[int, float]:
    """Patients with a first event after day 0, and the patient-years up to it or to the last contact."""
    followed = subjects.filter(pl.col("last_contact_day") > 0).select("usubjid", "last_contact_day")
    first = events.filter(pl.col("kind") == kind, pl.col("day") > 0).group_by("usubjid").agg(pl.col("day").min())
    both = followed.join(first, on="usubjid", how="left")
    until = pl.min_horizontal("day", "last_contact_day")
    years = float(both.select(until.sum()).item() or 0) / YEAR
    return int(both.filter(pl.col("day") <= pl.col("last_contact_day")).height), years
