"""A SIMULATED trial of bone marrow cell infusion, of any size, from one seed.

No patient stands behind these numbers and no effect in them was estimated anywhere: severity is a
random course per subject, and every value follows from it with noise. The files go through the
importer like anybody's.
"""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.random import Generator

from data.simulate_stays import simulate_stays
from data.simulate_therapy import simulate_therapy
from data.simulate_values import QUANTITIES, report_values
from data.simulate_visits import TARGETS, derive_windows

ARMS = ("Control", "ABMi", "ABMi x2", "ABMi + G-CSF")
EFFECT = (0.0, 0.55, 0.7, 0.6)  # fall of severity, in its standard deviations, once the effect is full
ETIOLOGIES = ("HBV", "HCV", "alcohol", "MASLD")
FOLLOW_UP = 730
TWICE, SECOND = "ABMi x2", 91  # the arm with two infusions, and the day of the second
SCALES = {"ascites": 900, "variceal_bleeding": 2_500, "encephalopathy": 1_800, "hcc": 5_000}  # days, at severity 0
EVENTS: dict[str, dict[str, str | int]] = {
    "death": {"text": "death", "grade": 5, "serious": "yes", "related": "no"},
    "transplant": {"text": "liver transplantation", "grade": 4, "serious": "yes", "related": "no"},
    "ascites": {"text": "ascites, new or worse", "grade": 3, "serious": "yes", "related": "no"},
    "variceal_bleeding": {"text": "variceal bleeding", "grade": 4, "serious": "yes", "related": "no"},
    "encephalopathy": {"text": "overt hepatic encephalopathy", "grade": 3, "serious": "yes", "related": "no"},
    "hcc": {"text": "hepatocellular carcinoma", "grade": 3, "serious": "yes", "related": "no"},
    "adverse_event": {"text": "pain at the harvest site", "grade": 1, "serious": "no", "related": "yes"},
}
CRITERIA = (
    'item = "Age"\nparamcd = "age"\nlow = 18\nhigh = 75',
    'item = "Total bilirubin"\nparamcd = "bilirubin"\nhigh = 3.0\nunit = "mg/dL"',
    'item = "Platelet count"\nparamcd = "platelets"\nlow = 30000\nunit = "/uL"',
    'item = "Child-Pugh class"\nparamcd = "child_pugh"\nclasses = ["B", "C"]',
    'item = "No hepatocellular carcinoma on imaging"',
)
STOPPING = (
    'name = "Deaths within a year"\nfinding = "death"\ncount = 3\nwindow = 365',
    'name = "Serious and related"\nfinding = "serious_related"\ncount = 2',
    'name = "Bilirubin doubled"\nparamcd = "bilirubin"\nscale = "x own baseline"\nthreshold = 2\ncount = 3',
)
STUDY_TOML = """\
study = "{study}"
title = "SIMULATED: bone marrow cell infusion in liver cirrhosis, {subjects} subjects, {arms} arms"
summary = "SIMULATED data, seed {seed}. No patient stands behind these numbers."
simulated = true
time_zero = "infusion"
reference_arm = "Control"
coagulation_basis = "inr"
provenance = "SIMULATED by Hepatrace, {subjects} subjects, {arms} arms, seed {seed}"
licence = "Apache-2.0"
citation = ["SIMULATED: there is nothing to cite"]
notes = [
    "Three laboratories report in three sets of units.",
    "Day 0 is the infusion, or the sham infusion in the control arm.",
    "The chance to drop out rises with severity.",
    "Alpha-fetoprotein below 3 ng/mL is reported as <3.",
]
visits = [
{visits}
]
{plan}"""
FILES = {
    "subjects": "usubjid arm site age sex etiology last_contact_day cut_day",
    "events": "usubjid kind day grade serious related value unit text",
    "treatments": "usubjid day product route cells_e6 cells_e6_per_kg volume_ml viability_pct cd34_e6",
    "medications": "usubjid drug start_day end_day daily_dose unit",
    "measurements": "usubjid day paramcd aval unit ref_low ref_high",
}


def simulate_trial(subjects: int, seed: int, out: Path, arms: int = 2) -> Path:
    """Write the folder of a SIMULATED study (study.toml and CSV files); its path.

    Raises ValueError for fewer than one subject or more arms than there are names for.
    """
    if subjects < 1 or not 1 <= arms <= len(ARMS):
        raise ValueError(f"a trial needs at least 1 subject and 1 to {len(ARMS)} arms")
    rng = np.random.default_rng(seed)
    study = f"SIMULATED-abmi-{subjects}-s{seed}" + ("" if arms == 2 else f"-a{arms}")
    folder = out / study
    folder.mkdir(parents=True, exist_ok=True)
    roster = simulate_subjects(rng, subjects, arms)
    days, severity = simulate_courses(rng, roster)
    ends = simulate_ends(rng, severity, days)
    last = ends["last"]
    drugs, procedures = simulate_therapy(seed, roster, last)
    events = simulate_events(rng, roster, ends, severity)
    stays = simulate_stays(seed, events, roster, last)
    tables = {
        "subjects": roster.with_columns(last_contact_day=last, cut_day=ends["cut"]),
        "events": events,
        "treatments": simulate_treatments(rng, roster, last),
        "medications": simulate_medications(roster, days, severity, last),
        "measurements": report_values(rng, roster, days, severity, last),
    }
    for name, more in (("medications", drugs), ("events", procedures), ("events", stays)):
        tables[name] = pl.concat([tables[name], more], how="diagonal_relaxed")
    facts = {"study": study, "subjects": subjects, "arms": arms, "seed": seed}
    return write_folder(folder, tables, STUDY_TOML.format(**facts, visits=describe_visits(), plan=describe_plan()))


def write_folder(folder: Path, tables: dict[str, pl.DataFrame], head: str) -> Path:
    """Write the tables and the study file that says how they are read; the folder."""
    filled = {name: table for name, table in tables.items() if table.height}  # one subject may have no infusion
    for name, table in filled.items():
        table.select(FILES[name].split()).write_csv(folder / f"{name}.csv")
    (folder / "study.toml").write_text(head + "".join(map(describe_file, filled)), encoding="utf-8")
    return folder


def describe_plan() -> str:
    """Eligibility, the variation that the generator itself puts into values, and stopping rules."""
    source = "SIMULATED: made up for this simulation"
    criteria = "".join(f'\n[[eligibility]]\n{criterion}\nsource = "{source}"\n' for criterion in CRITERIA)
    noise = "SIMULATED: the noise of the generator, which has no analytical part of its own"
    variation = "".join(
        f'\n[variation.{quantity.paramcd}]\nanalytical = 0\nwithin = {100 * quantity.noise:g}\nsource = "{noise}"\n'
        for quantity in QUANTITIES
        if quantity.logarithmic
    )
    rules = "".join(f'\n[[stopping]]\n{rule}\nsource = "{source}"\n' for rule in STOPPING)
    return criteria + variation + rules


def describe_visits() -> str:
    """The visits of study.toml, a line each."""
    return "\n".join(
        f'    {{ avisit = "{name}", target = {target}, first = {first}, last = {last}, tolerance = {tolerance} }},'
        for name, target, first, last, tolerance in derive_windows()
    )


def describe_file(name: str) -> str:
    """The block of study.toml that says how a file is read."""
    columns = "".join(f'{column} = "{column}"\n' for column in FILES[name].split())
    return f'\n[[files]]\npath = "{name}.csv"\nshape = "{name}"\n[files.columns]\n{columns}'


def simulate_subjects(rng: Generator, subjects: int, arms: int) -> pl.DataFrame:
    """One row a subject; ``code`` counts them and ``arm_code`` numbers the arms, in random order."""
    arm_code = rng.permutation(np.arange(subjects) % arms)
    width = max(3, len(str(subjects)))
    return pl.DataFrame(
        {
            "code": np.arange(subjects),
            "usubjid": [f"SIM-{number:0{width}d}" for number in range(1, subjects + 1)],
            "arm_code": arm_code,
            "arm": np.array(ARMS)[arm_code],
            "site_code": rng.integers(0, 3, subjects),
            "age": rng.normal(56, 9, subjects).clip(24, 78).round(0),
            "sex": np.where(rng.random(subjects) < 0.65, "M", "F"),
            "etiology": np.array(ETIOLOGIES)[rng.choice(4, subjects, p=[0.45, 0.2, 0.25, 0.1])],
            "weight": rng.normal(66, 11, subjects).clip(42, 110).round(1),
        }
    ).with_columns(site=pl.format("Site {}", pl.col("site_code") + 1))


def simulate_courses(rng: Generator, roster: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Day of every visit with jitter, and severity there; both subjects x visits."""
    n, targets = roster.height, np.array(TARGETS)
    spread = np.where(targets == 0, 0, np.where(np.abs(targets) <= 14, 1, np.where(targets <= 60, 3, 8)))
    days = targets + rng.integers(-spread, spread + 1, (n, len(targets)))
    start = rng.normal(0, 1, (n, 1))
    slope = rng.normal(0.25, 0.35, (n, 1))
    steps = rng.normal(0, 0.22, (n, len(targets)))
    effect = np.array(EFFECT)[roster["arm_code"].to_numpy()][:, None] * rng.normal(1, 0.6, (n, 1))
    onset = 1 - np.exp(-np.clip(days, 0, None) / 90)
    severity = start + slope * days / 365 + steps.cumsum(axis=1) - effect * onset
    return days, severity


def simulate_ends(rng: Generator, severity: np.ndarray, days: np.ndarray) -> dict[str, np.ndarray]:
    """Deaths, transplants and losses of contact, likelier the worse the course; ``last`` is the day of the first.

    ``cut`` is the day of the data cut: who entered late is followed for less than two years.
    """
    n = len(severity)
    worst = severity[:, days.mean(axis=0) >= 0].mean(axis=1)
    death = rng.exponential(1, n) * 2_600 * np.exp(-0.9 * worst)
    transplant = rng.exponential(1, n) * 6_000 * np.exp(-0.6 * worst)
    lost = rng.exponential(1, n) * 3_500 * np.exp(-0.5 * worst)
    closing = rng.integers(FOLLOW_UP - 360, FOLLOW_UP + 1, n)
    times = np.ceil(np.stack([death, transplant, lost, closing])).astype(int).clip(1)
    first = times.argmin(axis=0)
    return {"death": first == 0, "transplant": first == 1, "last": times.min(axis=0), "cut": closing}


def simulate_events(
    rng: Generator, roster: pl.DataFrame, ends: dict[str, np.ndarray], severity: np.ndarray
) -> pl.DataFrame:
    """Deaths, transplants, decompensations and adverse events before the last contact."""
    ids, last = roster["usubjid"].to_numpy(), ends["last"]
    severe = severity.max(axis=1)
    rows = [place_events(kind, ids[ends[kind]], last[ends[kind]]) for kind in ("death", "transplant")]
    for kind, scale in SCALES.items():
        day = np.ceil(rng.exponential(1, len(ids)) * scale * np.exp(-0.7 * severe)).astype(int).clip(1)
        rows.append(place_events(kind, ids[day < last], day[day < last]))
    pain = (roster["arm_code"].to_numpy() > 0) & (rng.random(len(ids)) < 0.4)
    rows.append(place_events("adverse_event", ids[pain], np.ones(pain.sum(), int)))
    return pl.concat(rows).sort("usubjid", "day", "kind")


def place_events(kind: str, ids: np.ndarray, day: np.ndarray) -> pl.DataFrame:
    """Events of one kind with what is said of each."""
    frame = pl.DataFrame({"usubjid": ids, "day": day}, schema={"usubjid": pl.String, "day": pl.Int64})
    return frame.with_columns(kind=pl.lit(kind), **{name: pl.lit(said) for name, said in EVENTS[kind].items()})


def simulate_treatments(rng: Generator, roster: pl.DataFrame, last: np.ndarray) -> pl.DataFrame:
    """One infusion on day 0 for every subject of a cell arm, a second one where the arm has two."""
    followed = roster.with_columns(last=pl.Series(last))
    first = followed.filter(pl.col("arm_code") > 0).with_columns(day=pl.lit(0))
    second = followed.filter(pl.col("arm") == TWICE, pl.col("last") > SECOND).with_columns(day=pl.lit(SECOND))
    infused = pl.concat([first, second])
    n = infused.height
    cells = np.exp(rng.normal(np.log(6_800), 0.35, n)).round(0)
    return infused.with_columns(
        product=pl.lit("autologous bone marrow mononuclear cells"),
        route=pl.lit("peripheral vein"),
        cells_e6=pl.Series(cells),
        cells_e6_per_kg=(pl.Series(cells) / pl.col("weight")).round(1),
        volume_ml=pl.Series(rng.normal(106, 10, n).round(0)),
        viability_pct=pl.Series(rng.normal(94, 2.5, n).clip(80, 99.5).round(1)),
        cd34_e6=pl.Series((cells * rng.normal(0.0056, 0.001, n).clip(0.002)).round(1)),
    )


def simulate_medications(
    roster: pl.DataFrame, days: np.ndarray, severity: np.ndarray, last: np.ndarray
) -> pl.DataFrame:
    """Spironolactone and furosemide, one interval per visit, dose by severity; none where it is mild."""
    ends = np.concatenate([days[:, 1:] - 1, np.full((len(days), 1), FOLLOW_UP)], axis=1)
    step = np.digitize(severity, (-0.3, 0.6, 1.4))
    frames = []
    for drug, doses in (("spironolactone", (0, 50, 100, 200)), ("furosemide", (0, 20, 40, 80))):
        frame = pl.DataFrame(
            {
                "usubjid": np.repeat(roster["usubjid"].to_numpy(), days.shape[1]),
                "start_day": days.ravel(),
                "end_day": np.minimum(ends, last[:, None]).ravel(),
                "daily_dose": np.array(doses)[step].ravel(),
            }
        )
        frames.append(frame.with_columns(drug=pl.lit(drug), unit=pl.lit("mg/d")))
    taken = pl.concat(frames).filter(pl.col("daily_dose") > 0, pl.col("start_day") <= pl.col("end_day"))
    return taken.sort("usubjid", "drug", "start_day")
