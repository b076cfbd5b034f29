"""Visit windows proposed from the days on which a study measured."""

import polars as pl

# The times at which trials plan visits, in days after day 0.
NOMINAL = (
    ("Baseline", 0), ("Week 1", 7), ("Week 2", 14), ("Month 1", 30), ("Month 2", 61), ("Month 3", 91), ("Month 6", 182),
    ("Month 9", 274), ("Year 1", 365), ("Month 18", 548), ("Year 2", 730), ("Year 3", 1095),
    ("Year 4", 1460), ("Year 5", 1825),
)  # fmt: skip
ENOUGH = 0.25  # of the subjects
REACH = 0.25  # of the target, and at least
LEAST = 3  # days
EARLIEST = -90


def propose_windows(measurements: pl.DataFrame) -> pl.DataFrame:
    """Visits at the nominal times around which at least a quarter of the subjects have a value.

    ``measurements`` has usubjid and day. Gives avisit, target, first, last: windows meet half way between
    two targets, the baseline reaches back 90 days, the last window as far as its half before.
    """
    subjects = max(measurements["usubjid"].n_unique(), 1)
    chosen = [(name, target) for name, target in NOMINAL if count_near(measurements, target) >= ENOUGH * subjects]
    rows = []
    for at, (name, target) in enumerate(chosen):
        before = chosen[at - 1][1] if at else None
        after = chosen[at + 1][1] if at + 1 < len(chosen) else None
        first = EARLIEST if before is None else (before + target) // 2 + 1
        half = target - first if at else 0
        last = 0 if target == 0 else (target + after) // 2 if after is not None else target + half
        rows.append({"avisit": name, "target": target, "first": 1 if before == 0 else first, "last": last})
    schema = {"avisit": pl.String, "target": pl.Int64, "first": pl.Int64, "last": pl.Int64}
    return pl.DataFrame(rows, schema=schema)


def count_near(measurements: pl.DataFrame, target: int) -> int:
    """How many subjects have a value near a day; on or before it for day 0."""
    reach = max(REACH * target, LEAST)
    low, high = (EARLIEST, 0) if target == 0 else (target - reach, target + reach)
    return measurements.filter(pl.col("day").is_between(low, high))["usubjid"].n_unique()
