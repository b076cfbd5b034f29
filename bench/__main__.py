"""Each case in a process of its own, its answer checked before its time is told; ratios first, machine last."""

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from analytics.frames import EVENTS, empty
from analytics.pairing import ScoreSettings
from analytics.scores.examples import FILE
from analytics.scores.exchange import score_records
from analytics.scoring import derive_scores
from bench.browser import find_browser, measure_patient_page
from bench.cohort import VISITS, simulate_measurements, simulate_subjects
from bench.intake import measure_bare, measure_import
from bench.survival import (
    WrongAnswer,
    measure_cox_strata,
    measure_incidence,
    measure_kaplan_meier,
    measure_log_rank,
)

SORTED = 10_000_000


def measure_unit() -> dict[str, Any]:
    """The unit that other times are compared with: sorting 10 million numbers."""
    numbers = np.random.default_rng(1).random(SORTED)
    start = time.perf_counter()
    numbers.sort()
    return {"seconds": time.perf_counter() - start, "rows": SORTED}


def measure_scores(visits: int) -> dict[str, Any]:
    """Every score at every visit, from the long frame of measurements to the long frame of scores."""
    measurements, subjects = simulate_measurements(visits // VISITS, seed=1), simulate_subjects(visits // VISITS)
    start = time.perf_counter()
    scores = derive_scores(measurements, subjects, empty(EVENTS), ScoreSettings())
    seconds = time.perf_counter() - start
    check_meld(measurements, scores)
    return {"seconds": seconds, "rows": visits, "scores": scores["paramcd"].n_unique(), "score_rows": scores.height}


def check_meld(measurements: pl.DataFrame, scores: pl.DataFrame) -> None:
    """Raise WrongAnswer unless every MELD equals the formula written out in NumPy."""
    labs = {
        code: np.maximum(measurements.filter(pl.col("paramcd") == code).sort("usubjid", "day")["aval"].to_numpy(), 1)
        for code in ("bilirubin", "inr", "creatinine")
    }
    logs = {code: np.log(np.minimum(values, 4) if code == "creatinine" else values) for code, values in labs.items()}
    raw = 10 * (0.957 * logs["creatinine"] + 0.378 * logs["bilirubin"] + 1.12 * logs["inr"] + 0.643)
    expected = np.clip(np.floor(np.round(raw, 9) + 0.5), 6, 40)
    found = scores.filter(pl.col("paramcd") == "meld").sort("usubjid", "day")["aval"].to_numpy()
    if not np.array_equal(found, expected):
        raise WrongAnswer("MELD differs from the formula written out")


def measure_records(records: int) -> dict[str, Any]:
    """Mixed records in the exchange shape, as ``cli.py score`` takes them."""
    examples = json.loads(FILE.read_text(encoding="utf-8"))
    mixed = [examples[place % len(examples)] for place in range(records)]
    start = time.perf_counter()
    answers = score_records(mixed)
    seconds = time.perf_counter() - start
    if any(
        example["expected"].get("score") != answer["outputs"].get("score")
        for example, answer in zip(mixed, answers, strict=True)
        if example["score"] == "meld"
    ):
        raise WrongAnswer("a MELD differs from its worked example")
    return {"seconds": seconds, "rows": records}


SURVIVAL = {
    "kaplan_meier": ("Kaplan-Meier with limits", measure_kaplan_meier),
    "log_rank": ("log-rank test", measure_log_rank),
    "incidence": ("Aalen-Johansen, both causes with variance", measure_incidence),
    "cox_strata": ("Cox, one stratum a matched set", measure_cox_strata),
}
INTAKE = {"import": measure_import, "bare": measure_bare}
CASES: dict[str, Callable[..., dict[str, Any]]] = {
    "scores": measure_scores,
    "records": measure_records,
    **{name: work for name, (_, work) in SURVIVAL.items()},
    **INTAKE,
}


def run_case(name: str, size: int) -> dict[str, Any]:
    """The result of a case in a fresh process, with the peak of its memory."""
    program = [sys.executable, "-m", "bench", "--child", name, "--visits", str(size)]
    return json.loads(subprocess.run(program, capture_output=True, text=True, check=True).stdout)


def run_child(name: str, size: int) -> dict[str, Any]:
    """A case in this process."""
    result = measure_unit() if name == "unit" else CASES[name](size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)  # in bytes
    return result | {"peak_gb": peak / 2**30}


def list_intake(rows: int) -> list[str]:
    """The import of a long CSV file with every check on, beside DuckDB's bare read_csv of it; A B A B, medians."""
    runs = {name: [run_case(name, rows) for _ in range(2)] for name in INTAKE}
    (whole, bare) = (median(item["seconds"] for item in runs[name]) for name in INTAKE)
    first = runs["import"][0]
    return [
        "| import of a long CSV file | rows | rejected | rows/s | times DuckDB's bare read_csv | peak memory, GB |",
        "|---|---|---|---|---|---|",
        (
            f"| with every check on | {first['rows']:,} | {first['rejected']:,} | {first['rows'] / whole:,.0f} "
            f"| {whole / bare:.1f} | {first['peak_gb']:.1f} |"
        ),
    ]


def list_pages() -> list[str]:
    """The patient page beside the bare page, from the click to the drawn page; a sentence without a browser."""
    if find_browser() is None:
        return ["The patient page was not measured: no Chrome, Edge or Chromium is installed."]
    lines = [
        "| patient page, patients in the store | click to drawn, ms | bare page, ms | ratio |",
        "|---|---|---|---|",
    ]
    for row in measure_patient_page():
        lines.append(f"| {row['patients']:,} | {row['page']:.0f} | {row['bare']:.0f} | {row['ratio']:.2f} |")
    return lines


def main() -> None:
    """Print one line a case."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure how fast the computations are.")
    parser.add_argument("--visits", type=int, default=100_000, help="visits to be scored; 1000000 takes about a minute")
    parser.add_argument("--subjects", type=int, default=1_000_000, help="subjects of the survival cases")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the imported file; 10000000 takes minutes")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        print(json.dumps(run_child(chosen.child, chosen.visits)))
        return
    unit = run_case("unit", 0)["seconds"]
    lines = ["| case | rows | ratio to the unit | rows/s | peak memory, GB |", "|---|---|---|---|---|"]
    for name, size in (("scores", chosen.visits), ("records", 10_000)):
        result = run_case(name, size)
        label = f"all {result['scores']} scores, visits" if name == "scores" else "mixed records of cli.py score"
        ratio, rate = result["seconds"] / unit, result["rows"] / result["seconds"]
        lines.append(f"| {label} | {result['rows']:,} | {ratio:.1f} | {rate:,.0f} | {result['peak_gb']:.1f} |")
    lines += ["", "| survival | rows | ratio to the unit | lifelines / ours, same run |", "|---|---|---|---|"]
    for name, (label, _) in SURVIVAL.items():
        result = run_case(name, chosen.subjects)
        ratio = f"{result['reference'] / result['seconds']:.1f}" if "reference" in result else "–"
        named = f"{label} ({result['strata']:,} strata)" if "strata" in result else label
        lines.append(f"| {named} | {result['rows']:,} | {result['seconds'] / unit:.2f} | {ratio} |")
    lines += ["", *list_intake(chosen.rows), "", *list_pages()]
    machine = f"{platform.platform()}, Python {platform.python_version()}"
    lines.append(f"\nUnit: np.sort of {SORTED:,} numbers, {unit:.2f} s. {machine}")
    print("\n".join(lines))


main()
