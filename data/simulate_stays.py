"""Hospital stays and paracenteses of a SIMULATED trial, from a random stream of their own.

The stream is separate so that what else a seed gives stays as it was.
"""

import numpy as np
import polars as pl

CAUSES = {"ascites": "ascites", "variceal_bleeding": "variceal bleeding", "encephalopathy": "hepatic encephalopathy"}
EVENTS = {
    "usubjid": pl.String,
    "kind": pl.String,
    "day": pl.Int64,
    "grade": pl.Int64,
    "serious": pl.String,
    "related": pl.String,
    "value": pl.Float64,
    "unit": pl.String,
    "text": pl.String,
}


def simulate_stays(seed: int, events: pl.DataFrame, roster: pl.DataFrame, last: np.ndarray) -> pl.DataFrame:
    """A hospital stay (its length in days) for every decompensation, and up to three paracenteses (litres)."""
    rng = np.random.default_rng([seed, 3])
    seen = dict(zip(roster["usubjid"].to_list(), last.tolist(), strict=True))
    rows: list[tuple[object, ...]] = []
    for usubjid, kind, day in events.filter(pl.col("kind").is_in(list(CAUSES))).select("usubjid", "kind", "day").rows():
        length, taps = (int(item) for item in rng.integers((3, 1), (15, 4)))
        volumes = rng.uniform(2, 8, 3).round(1)
        stay = min(length, seen[usubjid] - day)
        rows.append((usubjid, "hospitalization", day, 3, "yes", "no", float(stay), "d", f"admitted for {CAUSES[kind]}"))
        if kind == "ascites":
            drained = [(day + 1 + 21 * tap, volumes[tap]) for tap in range(taps)]
            rows += [
                (usubjid, "paracentesis", when, None, "no", "no", float(volume), "L", "large-volume paracentesis")
                for when, volume in drained
                if when < seen[usubjid]
            ]
    return pl.DataFrame(rows, EVENTS, orient="row")
