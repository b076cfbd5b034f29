"""Albumin, antivirals, abstinence and TIPS of a SIMULATED trial, from a random stream of their own.

The stream is separate so that what else a seed gives stays as it was.
"""

import numpy as np
import polars as pl

BEGUN_BEFORE, BEGINS_LATER, ALBUMIN_GIVEN, ABSTAINS, TIPS_PLACED = 0.7, 0.15, 0.2, 0.25, 0.04  # shares of subjects
MEDICATIONS = {
    "usubjid": pl.String,
    "drug": pl.String,
    "start_day": pl.Int64,
    "end_day": pl.Int64,
    "daily_dose": pl.Float64,
    "unit": pl.String,
}
EVENTS = {"usubjid": pl.String, "kind": pl.String, "day": pl.Int64, "text": pl.String}


def simulate_therapy(seed: int, roster: pl.DataFrame, last: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Medication intervals and events. Antivirals go to HBV and HCV, abstinence to alcohol, albumin and TIPS to any."""
    rng = np.random.default_rng([seed, 2])
    drugs, events = [], []
    for (usubjid, etiology), contact in zip(roster.select("usubjid", "etiology").rows(), last.tolist(), strict=True):
        chance, begins, albumin = rng.random(3)
        day, given, placed = (int(item) for item in rng.integers(1, 330, 3))
        if etiology in ("HBV", "HCV") and chance < BEGUN_BEFORE + BEGINS_LATER:
            start = -400 if chance < BEGUN_BEFORE else day
            name, dose = ("entecavir", 0.5) if etiology == "HBV" else ("sofosbuvir", 400.0)
            drugs.append((usubjid, name, start, contact, dose, "mg/d"))
        if etiology == "alcohol" and chance < ABSTAINS:
            events.append((usubjid, "abstinence", day, "abstinence from alcohol began"))
        if albumin < ALBUMIN_GIVEN:
            drugs.append((usubjid, "albumin", given, given + 2, 20.0, "g/d"))
        if begins < TIPS_PLACED:
            events.append((usubjid, "tips", placed, "TIPS placed"))
    seen = dict(zip(roster["usubjid"].to_list(), last.tolist(), strict=True))
    medications = pl.DataFrame([row for row in drugs if row[2] < seen[row[0]]], MEDICATIONS, orient="row")
    return medications, pl.DataFrame([row for row in events if row[2] < seen[row[0]]], EVENTS, orient="row")
