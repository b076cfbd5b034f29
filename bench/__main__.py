"""``python -m bench``: every case in a process of its own, answers compared first, ratios first, machine last."""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from math import log
from pathlib import Path

from bench.browser import compare_bare, compare_stores, find_browser
from bench.cohort import SIZES, STUDY, hash_file, write_cohort
from bench.job import check_answers, has_r, run_analysis, run_bare, run_import, run_job, run_keep, run_r
from bench.job_pandas import run_pandas
from bench.kernels import (
    run_all_scores,
    run_continuous,
    run_cox,
    run_cox_strata,
    run_grid,
    run_grouped,
    run_incidence,
    run_kaplan_meier,
    run_kept,
    run_log_rank,
)  # fmt: skip
from bench.run import Runs, divide, race, run_case, run_child
from bench.server import run_empty, run_filters, run_users, run_weights
from data.home import Home
from data.importers.run import import_paths
from pages.shared import cache

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "benchmark.md"
MARK = "## The run"
CHILDREN = {
    "bare": run_bare, "import": run_import, "job": run_job, "pandas": run_pandas, "r": run_r, "keep": run_keep,
    "kaplan_meier": run_kaplan_meier, "continuous": run_continuous, "log_rank": run_log_rank, "cox": run_cox,
    "incidence": run_incidence, "cox_strata": run_cox_strata, "grid": run_grid, "grouped": run_grouped,
    "all_scores": run_all_scores, "kept": run_kept, "analysis": run_analysis,
}  # fmt: skip
KERNELS = {
    "kaplan_meier": "Kaplan-Meier, log-log limits, at risk, whole days",
    "continuous": "Kaplan-Meier, every time its own",
    "log_rank": "log-rank test, two groups",
    "incidence": "Aalen-Johansen, two causes, variance",
    "cox": "Cox, five covariates, Efron",
    "cox_strata": "Cox, 3,853 strata (NAFLD)",
}
LIBRARIES = ("duckdb", "polars", "numpy", "scipy", "pandas", "lifelines", "streamlit", "plotly", "scikit-survival")


class Report:
    """The lines of the report, told as they come."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.lines: list[str] = []

    def add(self, *lines: str) -> None:
        """Some lines."""
        self.lines += lines
        print("\n".join(lines), flush=True)

    def table(self, heading: str, rows: list[list[str]]) -> None:
        """A table; ``heading`` has its columns, parted by a bar."""
        columns = heading.split("|")
        rules = "|".join("---" for _ in columns)
        self.add("", f"| {' | '.join(columns)} |", f"|{rules}|", *(f"| {' | '.join(row)} |" for row in rows))


def report_job(report: Report, size: str, folder: Path, rounds: int) -> Runs:
    """The whole job of one size beside its peers; ours."""
    report.add("", f"### The whole job, {SIZES[size].patients:,} patients")
    names = {"ours": "job", "bare": "bare", "pandas + lifelines": "pandas"}
    if has_r():
        names["R data.table + survival"] = "r"
    else:
        report.add("", "R with data.table and survival is not installed: it was not measured.")
    runs = race(names, rounds, folder=str(folder))
    ours, rows, kept = runs["ours"], [], race_kept(folder, rounds)
    check_answers(ours.first, kept.first, "the analysis of kept grids")
    for who in names:
        if who not in ("ours", "bare"):
            check_answers(ours.first, runs[who].first, who)
            whole, after = divide(runs[who], ours), divide(runs[who], ours, "analysis")
            memory = runs[who].middle("peak_gb") / ours.middle("peak_gb")
            again = runs[who].middle("analysis") / kept.middle()
            rows.append([who, whole.words, after.words, f"**{again:.1f}**", f"{memory:.1f}",
                         f"{runs[who].middle():.1f}", f"{runs[who].middle('peak_gb'):.2f}"])  # fmt: skip
    own = ["Hepatrace", "1", "1", "1", "1", f"{ours.middle():.1f}", f"{ours.middle('peak_gb'):.2f}"]
    report.table("|".join(("", "whole job, theirs / ours", "after the import, theirs / ours",
                           "the same from kept grids", "memory, theirs / ours", "seconds", "peak GB")),
                 [own, *rows])  # fmt: skip
    imported = Runs(tuple({"seconds": item["seconds"] - item["analysis"]} for item in ours.results))
    speed, size_ratio = divide(runs["bare"], imported), ours.first["bytes"] / runs["bare"].first["bytes"]
    said = "Import with every check, provenance and rejected rows"
    report.add("", f"{said} ({ours.first['rows']:,} rows): {speed.words} of the speed of DuckDB's bare CSV-to-table; "
               f"the file has {size_ratio:.2f} of its size.")  # fmt: skip
    return ours


def race_kept(folder: Path, rounds: int) -> Runs:
    """The analysis from grids that are kept, as those of a large study are."""
    with tempfile.TemporaryDirectory() as place:
        grids = str(Path(place) / "grids.duckdb")
        run_case("import", folder=str(folder), keep=place)
        run_case("keep", store=place, grids=grids)
        return race({"kept": "analysis"}, rounds, store=place, grids=grids)["kept"]


def report_kernels(report: Report, subjects: int) -> None:
    """Survival beside the sort of as many numbers and beside the libraries."""
    report.add("", f"### Survival, {subjects:,} subjects")
    rows = []
    for name, label in KERNELS.items():
        found = run_case(name, subjects=subjects)
        peers = [who for who in ("lifelines", "scikit-survival") if who in found]
        said = ", ".join(f"{who} {found[who] / found['seconds']:.1f}" for who in peers) or "–"
        rows.append([label, f"**{found['seconds'] / found['unit']:.2f}**", said, f"{1e3 * found['seconds']:.1f}"])
    report.table("|times np.sort of as many numbers|theirs / ours|ms", rows)


def report_scores(report: Report, store: Path, patients: int, rounds: int) -> None:
    """MELD-Na and Child-Pugh of everybody beside one SQL statement; every score by the definitions."""
    runs = race({"ours": "grid", "theirs": "grouped"}, rounds, store=str(store))
    ratio = divide(runs["theirs"], runs["ours"])
    memory = runs["theirs"].middle("peak_gb") / runs["ours"].middle("peak_gb")
    said = "MELD-Na and Child-Pugh at every visit from the store, DuckDB's GROUP BY / ours"
    seconds = runs["ours"].middle()
    report.add("", f"### Scores, {patients:,} patients", "")
    report.add(f"{said}: {ratio.words}, memory {memory:.1f}; ours {seconds:.1f} s. "
               "(The statement carries no ascites or encephalopathy forward.)")  # fmt: skip
    if cache.is_large(cache.Stamp(str(store), Home(store).current()), STUDY):
        report_kept(report, store, rounds)
    every = run_case("all_scores", patients=2_000)
    rate = every["visits"] / every["seconds"]
    report.add("", f"Every score of the catalog with what is missing and carried: {rate:,.0f} visits a second "
               f"({every['rows']:,} rows in {every['seconds']:.1f} s).")  # fmt: skip


def report_kept(report: Report, store: Path, rounds: int) -> None:
    """The same scores from the derived tables."""
    runs = race({"ours": "kept", "theirs": "grouped"}, rounds, store=str(store))
    ratio = divide(runs["theirs"], runs["ours"])
    memory = runs["theirs"].middle("peak_gb") / runs["ours"].middle("peak_gb")
    said = "The same read from the derived tables that a large study keeps"
    report.add("", f"{said}: {ratio.words}, memory {memory:.1f}; ours {runs['ours'].middle():.2f} s.")


def report_pages(report: Report, small: Path, large: Path, labels: tuple[str, str]) -> None:
    """Pages in a browser, what they send, and the server's users."""
    report.add("", f"### Pages, {labels[0]} and {labels[1]} patients")
    weights = run_weights(str(large))
    most = max(weights, key=lambda page: weights[page]["figures"])
    empty = run_empty()
    report.add("", f"An empty rerun takes {1e3 * empty:.1f} ms on the server. Figures of the heaviest page at "
               f"{labels[1]} patients ({most}): {weights[most]['figures'] / 1e3:.0f} kB.")  # fmt: skip
    few, many = (run_filters(str(store)) for store in (small, large))
    said = f"A filter set for the first time, page Trajectories on the server: {labels[1]} / {labels[0]} patients"
    report.add("", f"{said} **{many / few:.2f}** ({1e3 * many:.0f} and {1e3 * few:.0f} ms).")
    users = run_users(str(large), [1, 10, 50, 200], 6)
    rows = [[str(row["users"]), f"{row['p50']:.0f}", f"{row['p95']:.0f}", f"**{row['p95'] / users[0]['p50']:.1f}**",
             f"{row['per_session']:.1f}"] for row in users]  # fmt: skip
    report.table("users at once, 2 s between clicks|median ms|95 % ms|95 % / a single user's median|MB a session", rows)
    if find_browser() is None:
        report.add("", "Pages were not drawn: no Chrome, Edge or Chromium is installed.")
        return
    shown = [[row["page"], f"**{row['ratio']:.2f}**", f"{row['small']:.0f}", f"{row['large']:.0f}"]
             for row in compare_stores(str(small), str(large))]  # fmt: skip
    report.table(f"page, click to drawn|{labels[1]} / {labels[0]} patients|{labels[0]}, ms|{labels[1]}, ms", shown)
    steps = [[label, f"**{row['ratio']:.2f}**", f"{row['page']:.0f}", f"{row['bare']:.0f}"]
             for label, row in zip(labels, compare_bare(str(small), str(large)), strict=True)]  # fmt: skip
    report.table("next patient, of|page / bare page with the same figures|page, ms|bare, ms", steps)


def report_start(report: Report) -> None:
    """How fast the terminal answers."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "cli.py", "--help"], cwd=ROOT, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    report.add("", f"`cli.py --help`: {1e3 * sorted(times)[2]:.0f} ms.")


def report_growth(report: Report, jobs: dict[str, Runs]) -> None:
    """How the job grows with the rows."""
    for few, many in pairwise(jobs):
        rows = log(jobs[many].first["rows"] / jobs[few].first["rows"])
        parts = {"whole job": "seconds", "after the import": "analysis"}
        said = [
            f"{label} {log(jobs[many].middle(name) / jobs[few].middle(name)) / rows:.2f}"
            for label, name in parts.items()
        ]
        report.add("", f"Exponent in rows from {few} to {many}: {', '.join(said)}.")


def make_store(folder: Path, place: Path) -> Path:
    """A store of a cohort with its derived tables."""
    home = Home(place)
    import_paths(home, [folder])
    stamp = cache.Stamp(str(place), home.current())
    if cache.is_large(stamp, STUDY):
        cache.derived(stamp, STUDY)
    return place


def name_machine() -> str:
    """Machine, versions and date."""
    known = []
    for name in LIBRARIES:
        try:
            known.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            known.append(f"{name} not installed")
    processor, told = platform.processor(), Path("/proc/cpuinfo")
    if told.exists():
        named = [
            line.partition(":")[2].strip() for line in told.read_text().splitlines() if line.startswith("model name")
        ]
        processor = next(iter(named), processor)
    when = datetime.now(UTC).date().isoformat()
    return f"{when}; {processor}, {os.cpu_count()} cores; Python {platform.python_version()}; {', '.join(known)}."


def main() -> None:
    """Measure and print; with ``--full`` also a million patients, and the report is written."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure how fast Hepatrace is, beside its peers.")
    parser.add_argument(
        "--full", action="store_true", help="100,000 and a million patients too; writes docs/benchmark.md"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of every race")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--given", default="{}", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        print(run_child(CHILDREN[chosen.child], json.loads(chosen.given)))
        return
    with tempfile.TemporaryDirectory(prefix="hepatrace-bench-") as name:
        report = measure(Path(name), chosen.full, chosen.rounds)
    if chosen.full:
        text = REPORT.read_text(encoding="utf-8") if REPORT.exists() else MARK
        kept = text.partition(MARK)[0]  # goals and reasons are written by hand above the figures
        REPORT.write_text(f"{kept}{MARK}\n" + "\n".join(report.lines) + "\n", encoding="utf-8")


def measure(folder: Path, full: bool, rounds: int) -> Report:
    """Every part of the benchmark."""
    report, jobs = Report(), {}
    said = "All data are SIMULATED. Ratios are medians of rounds in turn, with the smallest and the largest"
    report.add(f"Measured on {name_machine()}", "", f"{said}; the answers were compared before.")
    for size in ("10k", "100k") if full else ("10k",):
        write_cohort(SIZES[size], folder / size)
        report.add("", f"{size}: labs.csv {hash_file(folder / size / 'labs.csv')}")
        jobs[size] = report_job(report, size, folder / size, rounds if size == "10k" else min(rounds, 2))
        if size != "10k":
            shutil.rmtree(folder / size)
    largest = "1M" if full else "10k"
    if full:
        write_cohort(SIZES[largest], folder / largest)
        report.add("", f"{largest}: labs.csv {hash_file(folder / largest / 'labs.csv')}")
    write_cohort(SIZES["312"], folder / "312")
    report_growth(report, jobs)
    report_kernels(report, 1_000_000 if full else 100_000)
    stores = [make_store(folder / size, folder / f"store-{size}") for size in ("312", largest)]
    report_scores(report, stores[1], SIZES[largest].patients, min(rounds, 2))
    report_pages(report, stores[0], stores[1], ("312", f"{SIZES[largest].patients:,}"))
    report_start(report)
    return report


main()
