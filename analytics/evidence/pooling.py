"""Two-arm trials pooled: the worked example of the shelf, and trials of the user's own."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from math import exp

import numpy as np
import polars as pl

from analytics.evidence.shelf import read_rows
from analytics.statistics.interval import Z
from analytics.statistics.meta_analysis import (
    MANTEL_HAENSZEL,
    METHODS,
    OF_COUNTS,
    PETO,
    REML,
    Pooled,
    log_odds_ratios,
    pool,
    pool_mantel_haenszel,
    pool_peto,
)

CONTRASTS = ("beta-blockers", "sclerotherapy")
CONTROL = "control"
EXAMPLE = "Pagliaro L et al. Ann Intern Med 1992;117:59-70 (dat.pagliaro1992, R package metadat)"
COUNTS = ("trial", "events", "n", "control_events", "control_n")
RATIOS = ("trial", "ratio", "lower", "upper")
LEAST = 2
WHOLE = re.compile(r"\d+")
POSITIVE = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True)
class Forest:
    """What a forest plot shows, as ratios: rows (trial, estimate, lower, upper, weight) and the pooled effect."""

    rows: pl.DataFrame
    pooled: Pooled

    @property
    def ratio(self) -> tuple[float, float, float]:
        """The pooled ratio with its limits."""
        return exp(self.pooled.estimate), exp(self.pooled.lower), exp(self.pooled.upper)


def read_example(contrast: str) -> pl.DataFrame:
    """The trials of the worked example with this treatment and a control, in the columns of ``COUNTS``."""
    arms: dict[str, dict[str, tuple[int, int]]] = {}
    for row in read_rows("pagliaro1992_trials.csv"):
        arms.setdefault(row["study"], {})[row["trt"]] = (int(row["xi"]), int(row["ni"]))
    rows = [
        (f"Trial {study}", *groups[contrast], *groups[CONTROL])
        for study, groups in arms.items()
        if contrast in groups and CONTROL in groups
    ]
    return pl.DataFrame(rows, schema=dict(zip(COUNTS, [pl.String, *[pl.Int64] * 4], strict=True)), orient="row")


def read_own(text: str) -> tuple[pl.DataFrame, list[str]]:
    """Trials of a CSV text with the columns of ``COUNTS`` or of ``RATIOS`` (a ratio with its 95 % limits); problems.

    A row that cannot be pooled is left out and named by its line.
    """
    rows = [
        {key.strip(): (value or "").strip() for key, value in row.items() if key}
        for row in csv.DictReader(StringIO(text))
    ]
    names = set(rows[0]) if rows else set()
    columns = COUNTS if set(COUNTS) <= names else RATIOS if set(RATIOS) <= names else ()
    if not columns:
        return pl.DataFrame(), [f"the columns must be {', '.join(COUNTS)}, or {', '.join(RATIOS)}"]
    check = check_counts if columns == COUNTS else check_ratio
    checked = [(row, check(row)) for row in rows]
    problems = [f"line {line}: {problem}" for line, (_, problem) in enumerate(checked, start=2) if problem]
    good = [row for row, problem in checked if not problem]
    kind = pl.Int64 if columns == COUNTS else pl.Float64
    frame = pl.DataFrame(
        [{name: row[name] for name in columns} for row in good], schema=dict.fromkeys(columns, pl.String)
    )
    return frame.with_columns(pl.col(*columns[1:]).cast(kind)), problems


def check_counts(row: dict[str, str]) -> str:
    """What is wrong with a row of counts; empty where nothing is."""
    if not row["trial"]:
        return "the trial has no name"
    if any(not WHOLE.fullmatch(row[name]) for name in COUNTS[1:]):
        return f"{row['trial']}: {', '.join(COUNTS[1:])} must be whole numbers"
    events, n, control_events, control_n = (int(row[name]) for name in COUNTS[1:])
    if not n or not control_n or events > n or control_events > control_n:
        return f"{row['trial']}: no more events than patients, and at least one patient in each group"
    if events + control_events in (0, n + control_n):
        return f"{row['trial']}: nobody or everybody had the event, so the trial says nothing of the ratio"
    return ""


def check_ratio(row: dict[str, str]) -> str:
    """What is wrong with a row of ratios; empty where nothing is."""
    if not row["trial"]:
        return "the trial has no name"
    if any(not POSITIVE.fullmatch(row[name]) for name in RATIOS[1:]):
        return f"{row['trial']}: ratio, lower and upper must be numbers above 0"
    ratio, lower, upper = (float(row[name]) for name in RATIOS[1:])
    return "" if 0 < lower < ratio < upper else f"{row['trial']}: the ratio must lie between its limits"


def list_methods(trials: pl.DataFrame) -> dict[str, str]:
    """The methods that these trials allow: two of them need counts."""
    return {name: words for name, words in METHODS.items() if name not in OF_COUNTS or "events" in trials.columns}


def explain_few(trials: pl.DataFrame) -> str:
    """Why these trials cannot be pooled, in words; empty where they can."""
    if trials.height < LEAST:
        there = f"{trials.height} trial{'s' if trials.height != 1 else ''}"
        return f"{there} with numbers: at least {LEAST} are needed to pool."
    return ""


def make_forest(trials: pl.DataFrame, method: str = REML) -> Forest:
    """The single and the pooled odds ratios (or ratios as given) of at least two trials."""
    if "events" in trials.columns:
        counts = trials.select(COUNTS[1:]).to_numpy().astype(float)
        effects, variances = log_odds_ratios(counts)
    else:
        effects = np.log(trials["ratio"].to_numpy())
        variances = (np.log(trials["upper"].to_numpy() / trials["lower"].to_numpy()) / (2 * Z)) ** 2
        counts = np.empty((0, 4))
    pooled = {MANTEL_HAENSZEL: lambda: pool_mantel_haenszel(counts), PETO: lambda: pool_peto(counts)}.get(
        method, lambda: pool(effects, variances, method)
    )()
    half = Z * np.sqrt(variances)
    rows = pl.DataFrame(
        {
            "trial": list_labels(trials["trial"].to_list()),
            "estimate": np.exp(effects),
            "lower": np.exp(effects - half),
            "upper": np.exp(effects + half),
            "weight": list(pooled.weights),
        }
    )
    return Forest(rows, pooled)


def tabulate_forest(forest: Forest) -> pl.DataFrame:
    """The forest as a table, the pooled effect last: trial, estimate, lower, upper, weight."""
    estimate, lower, upper = forest.ratio
    last = {
        "trial": METHODS[forest.pooled.method],
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        "weight": 100.0,
    }
    return pl.concat([forest.rows, pl.DataFrame([last])])


def say_pooled(forest: Forest, name: str, p_words: str) -> str:
    """The pooled effect in a sentence, with how much the trials differ."""
    estimate, lower, upper = forest.ratio
    found = forest.pooled
    between = f", tau² = {found.tau2:.2f}" if found.tau2 else ""
    return (
        f"{name} {estimate:.2f} (95 % limits {lower:.2f} to {upper:.2f}, {p_words}) over {found.k} trials, "
        f"{METHODS[found.method]}. I² = {found.i2:.0f} %{between}; Q = {found.q:.1f} ({found.k - 1} df)."
    )


def list_labels(rows: Sequence[str]) -> list[str]:
    """Names of trials, those that come twice told apart by a number."""
    seen: dict[str, int] = {}
    named = []
    for name in rows:
        seen[name] = seen.get(name, 0) + 1
        named.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return named
