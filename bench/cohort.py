"""A SIMULATED cohort of any size in memory, from one seed: only for measuring speed."""

import numpy as np
import polars as pl

VISITS = 10  # a patient
# Median and spread (of the logarithm) of each value; no course, no effect: only numbers of the right size.
VALUES = {
    "bilirubin": (1.8, 0.5),
    "albumin": (3.2, 0.1),
    "inr": (1.4, 0.2),
    "creatinine": (1.0, 0.2),
    "sodium": (137, 0.02),
    "platelets": (90, 0.3),
    "alt": (40, 0.4),
    "ast": (50, 0.4),
    "alp": (120, 0.3),
    "wbc": (5, 0.3),
    "hemoglobin": (12, 0.1),
    "pt_sec": (14, 0.1),
    "pt_control_sec": (12, 0.02),
    "lsm": (25, 0.3),
    "lactate": (1.5, 0.3),
    "map": (80, 0.1),
    "pao2_fio2": (380, 0.1),
}
# The unit of each value as a laboratory reports it.
UNITS = {"bilirubin": "mg/dL", "albumin": "g/dL", "inr": "", "creatinine": "mg/dL", "sodium": "mmol/L", "alt": "U/L"}
UNITS |= {"platelets": "10*9/L", "ast": "U/L", "alp": "U/L", "wbc": "10*9/L", "hemoglobin": "g/dL", "pt_sec": "s"}
UNITS |= {"pt_control_sec": "s", "lsm": "kPa", "lactate": "mmol/L", "map": "mm[Hg]", "pao2_fio2": "mm[Hg]"}
UNITS |= {"ascites_grade": "", "he_grade": "", "gcs": ""}
GRADES = {"ascites_grade": 4, "he_grade": 5, "gcs": 16}


def simulate_measurements(patients: int, seed: int) -> pl.DataFrame:
    """One value a parameter and visit: usubjid, paramcd, avisit, day, aval, ref_low, ref_high."""
    rng = np.random.default_rng(seed)
    rows = patients * VISITS
    place = pl.DataFrame(
        {
            "usubjid": pl.Series(np.repeat(np.arange(patients), VISITS)).cast(pl.String),
            "day": pl.Series(np.tile(np.arange(VISITS) * 30, patients), dtype=pl.Int32),
        }
    )
    drawn = {code: middle * np.exp(rng.normal(0, spread, rows)) for code, (middle, spread) in VALUES.items()}
    graded = {code: rng.integers(max(0, most - 5), most, rows).astype(float) for code, most in GRADES.items()}
    frames = [
        place.select("usubjid", paramcd=pl.lit(code), avisit=pl.lit(None, pl.String), day="day", aval=pl.Series(values))
        for code, values in (drawn | graded).items()
    ]
    return pl.concat(frames).with_columns(ref_low=pl.lit(1.0), ref_high=pl.lit(40.0))


def simulate_subjects(patients: int) -> pl.DataFrame:
    """One row a patient."""
    ids = pl.Series("usubjid", np.arange(patients)).cast(pl.String)
    return pl.DataFrame([ids]).with_columns(age=pl.lit(55.0), sex=pl.lit("F"), etiology=pl.lit("HBV"))
