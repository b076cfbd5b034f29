"""SIMULATED cohorts as the files that a coordinator would send: a roster, events, a long file of measurements.

Seeded and written in parts of 50,000 patients, so that a million patients need no more memory than these.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

PART = 50_000
STUDY = "cohort"
# Middle and spread between patients (of the logarithm), decimals, unit as a laboratory reports it.
VALUES = {
    "bilirubin": (1.6, 0.45, 1, "mg/dL"),
    "albumin": (3.4, 0.10, 1, "g/dL"),
    "inr": (1.35, 0.12, 2, ""),
    "creatinine": (0.95, 0.20, 2, "mg/dL"),
    "sodium": (137.0, 0.02, 0, "mmol/L"),
    "platelets": (110.0, 0.30, 0, "10*9/L"),
    "alt": (42.0, 0.30, 0, "U/L"),
    "ast": (52.0, 0.30, 0, "U/L"),
    "ascites_grade": (0.0, 0.0, 0, ""),
    "he_grade": (0.0, 0.0, 0, ""),
    "alp": (120.0, 0.25, 0, "U/L"),
    "hemoglobin": (12.0, 0.08, 1, "g/dL"),
    "lsm": (24.0, 0.25, 1, "kPa"),
    "liver_volume": (1200.0, 0.15, 0, "mL"),
    "wbc": (5.2, 0.20, 1, "10*9/L"),
}
GRADES = ("ascites_grade", "he_grade")
INTERVAL, JITTER = 30, 3  # days
MISSING, DAMAGED = 0.03, 0.0001  # shares of the cells that are empty, or say "pending"
FILES = """
[[files]]
path = "subjects.csv"
shape = "subjects"
[files.columns]
usubjid = "usubjid"
arm = "arm"
sex = "sex"
age = "age"
etiology = "etiology"
last_contact_day = "last_contact_day"
[[files]]
path = "events.csv"
shape = "events"
columns = {usubjid = "usubjid", kind = "kind", day = "day"}
[[files]]
path = "labs.csv"
shape = "measurements"
columns = {usubjid = "usubjid", paramcd = "paramcd", day = "day", aval = "aval", unit = "unit"}
"""


@dataclass(frozen=True)
class Size:
    """How large a cohort is."""

    name: str
    patients: int
    visits: int
    parameters: int

    @property
    def codes(self) -> list[str]:
        """The parameters that are measured."""
        return list(VALUES)[: self.parameters]


SIZES = {
    size.name: size
    for size in (
        Size("312", 312, 25, 15),
        Size("10k", 10_000, 25, 15),
        Size("100k", 100_000, 25, 15),
        Size("1M", 1_000_000, 10, 10),
    )
}


def write_cohort(size: Size, folder: Path, seed: int = 1) -> int:
    """Write the files of a cohort and its ``study.toml``; how many rows of measurements there are."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(write_study(size), encoding="utf-8")
    rows = 0
    names = ("subjects", "events", "labs")
    for part, first in enumerate(range(0, size.patients, PART)):
        patients = np.arange(first, min(first + PART, size.patients))
        frames = simulate_part(size, patients, np.random.default_rng([seed, part]))
        for name, frame in zip(names, frames, strict=True):
            with (folder / f"{name}.csv").open("ab" if part else "wb") as file:
                frame.write_csv(file, include_header=not part)
        rows += frames[2].height
    return rows


def write_study(size: Size) -> str:
    """What ``study.toml`` says of the cohort."""
    lines = [f'study = "{STUDY}"', f'title = "SIMULATED cohort of {size.patients:,}"', "simulated = true"]
    lines += ['time_zero = "infusion"', 'reference_arm = "Control"']
    for visit in range(size.visits):
        day = visit * INTERVAL
        name = "Baseline" if not visit else f"Day {day}"
        lines += ["[[visits]]", f'avisit = "{name}"', f"target = {day}", f"first = {day - 14}", f"last = {day + 14}"]
    return "\n".join(lines) + FILES


def simulate_part(size: Size, patients: np.ndarray, rng: np.random.Generator) -> tuple[pl.DataFrame, ...]:
    """Roster, events and measurements of some patients."""
    n, last_visit = len(patients), size.visits * INTERVAL
    treated = rng.random(n) < 0.5
    frailty = rng.normal(0, 1, n)
    hazard = np.exp(0.5 * frailty - 0.35 * treated)
    ends = np.stack([rng.exponential(scale / hazard) for scale in (2_500, 6_000)])
    censored = rng.uniform(0.6 * last_visit, 1.6 * last_visit, n)
    follow_up = np.ceil(np.minimum(ends.min(axis=0), censored)).astype(np.int32)
    died = ends.min(axis=0) <= censored
    roster = pl.DataFrame(
        {
            "usubjid": [f"P{number:07d}" for number in patients],
            "arm": np.where(treated, "ABMi", "Control"),
            "sex": np.where(rng.random(n) < 0.35, "F", "M"),
            "age": np.clip(np.round(rng.normal(56, 10, n)), 18, 85).astype(int),
            "etiology": np.array(["HBV", "HCV", "alcohol", "NASH"])[rng.integers(0, 4, n)],
            "last_contact_day": follow_up,
        }
    )
    kinds = np.where(ends[0] < ends[1], "death", "transplant")
    events = roster.select("usubjid", kind=pl.Series(kinds), day="last_contact_day").filter(pl.Series(died))
    return roster, events, simulate_labs(size, roster, treated, frailty, rng)


def simulate_labs(
    size: Size, roster: pl.DataFrame, treated: np.ndarray, frailty: np.ndarray, rng: np.random.Generator
) -> pl.DataFrame:
    """The long file of some patients: a row a patient, visit and parameter up to the end of follow-up."""
    n, visits, codes = roster.height, size.visits, size.codes
    day = np.arange(visits) * INTERVAL + rng.integers(-JITTER, JITTER + 1, (n, visits))
    day[:, 0] = -rng.integers(0, JITTER + 1, n)
    seen = day <= roster["last_contact_day"].to_numpy()[:, None]
    years = np.arange(visits) * INTERVAL / 365
    drift = (0.05 - 0.12 * treated)[:, None] * years
    texts = []
    for code in codes:
        middle, spread, decimals, _ = VALUES[code]
        if code in GRADES:
            level = 0.6 * frailty[:, None] + rng.normal(0, 0.7, (n, visits))
            values = np.clip(np.round(level), 0, 3)
        else:
            worse = 0 if code in ("albumin", "sodium", "hemoglobin") else 1
            course = 0.4 * frailty[:, None] * spread + drift * worse + rng.normal(0, spread / 3, (n, visits))
            values = np.round(middle * np.exp(np.clip(course, -4 * spread - 0.2, 4 * spread + 0.2)), decimals)
        text = pl.Series(values[seen]).cast(pl.Int64 if not decimals else pl.Float64).cast(pl.String)
        draw = pl.Series(rng.random(len(text)))
        texts.append(
            pl.select(
                pl.when(draw < MISSING)
                .then(pl.lit(""))
                .when(draw > 1 - DAMAGED)
                .then(pl.lit("pending"))
                .otherwise(text)
            ).to_series()
        )
    place = pl.DataFrame({"at": np.repeat(np.arange(n), seen.sum(axis=1)), "day": day[seen].astype(np.int32)})
    ids = place.select(usubjid=roster["usubjid"].gather(place["at"]), day="day")
    frames = [
        ids.select(
            "usubjid",
            "day",
            paramcd=pl.lit(code),
            aval=text,
            unit=pl.lit(VALUES[code][3]),
            order=pl.int_range(pl.len()),
        )
        for code, text in zip(codes, texts, strict=True)
    ]
    # As files come: a patient's visit after the other, all of its values together.
    return pl.concat(frames).sort("order", maintain_order=True).drop("order")


def hash_file(path: Path) -> str:
    """A checksum by which two runs are known to be on the same data."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
