"""Each case in a process of its own, competitors in turn, ratios pair by pair, the peak of every process's memory."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

NOISY = 1.5  # largest over smallest: beyond, a row says so


class WrongAnswer(AssertionError):
    """A case that was fast and wrong: then no figure is printed."""


@dataclass(frozen=True)
class Runs:
    """What a case took in every round."""

    results: tuple[dict[str, Any], ...]

    def values(self, name: str = "seconds") -> list[float]:
        """One figure of every round."""
        return [float(result[name]) for result in self.results]

    def middle(self, name: str = "seconds") -> float:
        """Its median."""
        return median(self.values(name))

    @property
    def first(self) -> dict[str, Any]:
        """The first round."""
        return self.results[0]


@dataclass(frozen=True)
class Ratio:
    """Theirs over ours, pair by pair: smallest, median, largest."""

    low: float
    middle: float
    high: float

    @property
    def words(self) -> str:
        """As a cell of a table."""
        noisy = ", noisy" if self.high > NOISY * self.low else ""
        return f"**{self.middle:.2f}** ({self.low:.2f} – {self.high:.2f}{noisy})"


def run_case(name: str, **given: Any) -> dict[str, Any]:
    """A case in a fresh process: its figures with ``seconds``, ``peak_gb`` and ``cpu``."""
    program = [sys.executable, "-m", "bench", "--child", name, "--given", json.dumps(given)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WrongAnswer(f"{name}: {done.stderr.strip()[-2_000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def run_child(work: Callable[..., dict[str, Any]], given: dict[str, Any]) -> str:
    """A case in this process; what it found as one line of JSON."""
    start = time.perf_counter()
    result = work(**given)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peak = max(read_peak(), used[1].ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20))
    cpu = sum(item.ru_utime + item.ru_stime for item in used)
    whole = {"wall": time.perf_counter() - start, "peak_gb": peak, "cpu": cpu}
    return json.dumps(whole | result)


def read_peak() -> float:
    """The largest memory of this process in GB; Linux's ``ru_maxrss`` begins with that of its parent."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**30  # bytes on macOS
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**20


def race(names: dict[str, str], rounds: int, **given: Any) -> dict[str, Runs]:
    """Cases in turn, A B A B; ``names`` maps how a case is called to the case."""
    found: dict[str, list[dict[str, Any]]] = {label: [] for label in names}
    for _ in range(rounds):
        for label, name in names.items():
            found[label].append(run_case(name, **given))
    return {label: Runs(tuple(results)) for label, results in found.items()}


def divide(theirs: Runs, ours: Runs, name: str = "seconds", own: str = "") -> Ratio:
    """Theirs over ours in every round."""
    pairs = sorted(a / b for a, b in zip(theirs.values(name), ours.values(own or name), strict=True))
    return Ratio(pairs[0], median(pairs), pairs[-1])


def clock(work: Callable[[], Any], repeats: int = 5) -> tuple[Any, float]:
    """The result, and the median of its seconds after a first call."""
    result, spent = work(), []
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        spent.append(time.perf_counter() - start)
    return result, median(spent)
