"""Tests from what a published table prints: mean, standard deviation, number."""

import csv
from pathlib import Path
from typing import Any

import polars as pl

from analytics.statistics.several_groups import compare_means
from analytics.statistics.two_groups import Summary, compare_summaries

COLUMNS = ("label", "mean1", "sd1", "n1", "mean2", "sd2", "n2")
# The numbers of animals or image areas that could stand behind the means of the mouse table.
ASSUMED = {"n 3, 3": (3, 3), "n 6, 6": (6, 6), "n 8, 6": (8, 6)}
REPLICATION = (
    "24 mice, two arms and four weeks leave 3 mice a group; two areas were measured of each (Methods 1.A, 1.E). The "
    "printed p values fit only when areas are counted as if each were a mouse: week 1 is Student's t test with 6 and "
    "6, weeks 2 and 4 Welch's with 6 and 6, week 3 Welch's with 8 and 6. Two areas of one liver are no two animals "
    "(pseudo-replication): they share the mouse, so the spread between mice is counted too small. With 3 mice a "
    "group, no week is below 0.05."
)


def read_mice() -> pl.DataFrame:
    """The fibrotic area of the thesis' Table 2: week, mean and SD of both arms, the printed p."""
    with (Path(__file__).parent / "catalog" / "published_means.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table: dict[str, dict[str, Any]] = {}
    for row in rows:
        place = "1" if row["arm"] == "BMC" else "2"
        line = table.setdefault(row["week_after_infusion"], {"label": f"Week {row['week_after_infusion']}"})
        line |= {f"mean{place}": float(row["mean_fibrosis_area_pixels"]), f"sd{place}": float(row["sd_pixels"])}
        line["printed"] = float(row["p_value_printed_bmc_vs_saline"])
    return pl.DataFrame(list(table.values())).select("label", "mean1", "sd1", "mean2", "sd2", "printed")


def compare_table(table: pl.DataFrame) -> pl.DataFrame:
    """Every complete row of ``COLUMNS`` (two groups by mean, SD, n): difference, t tests, Cohen's d, Hedges' g.

    A row with a missing number, an n below 2 or a negative SD has no result.
    """
    return pl.DataFrame([compare_row(row) for row in table.iter_rows(named=True)], schema=RESULTS)


RESULTS = {
    "label": pl.String,
    **dict.fromkeys(
        ("difference", "t", "p_student", "df_welch", "p_welch", "lower", "upper", "cohens_d", "hedges_g"), pl.Float64
    ),
}


def compare_row(row: dict[str, Any]) -> dict[str, Any]:
    """One row of a published table."""
    numbers = [row[name] for name in COLUMNS[1:]]
    if any(number is None for number in numbers) or min(row["n1"], row["n2"]) < 2 or min(row["sd1"], row["sd2"]) < 0:
        return {"label": row["label"]}
    first, second = (Summary(row[f"mean{k}"], row[f"sd{k}"], int(row[f"n{k}"])) for k in (1, 2))
    found = compare_summaries(first, second)
    return {
        "label": row["label"],
        "difference": found.welch.estimate,
        "t": found.student.t,
        "p_student": found.student.p,
        "df_welch": found.welch.df,
        "p_welch": found.welch.p,
        "lower": found.welch.lower,
        "upper": found.welch.upper,
        "cohens_d": found.cohens_d,
        "hedges_g": found.hedges_g,
    }


def tabulate_mice() -> pl.DataFrame:
    """The mouse table under each assumed n and test: label, printed, assumed, and the columns of ``compare_table``."""
    mice = read_mice()
    frames = []
    for words, (n1, n2) in ASSUMED.items():
        found = compare_table(mice.with_columns(n1=pl.lit(n1), n2=pl.lit(n2)))
        frames.append(found.with_columns(assumed=pl.lit(words), printed=mice["printed"]))
    return pl.concat(frames).select("label", "printed", "assumed", pl.exclude("label", "printed", "assumed"))


def reproduces(p: float, printed: float) -> bool:
    """Whether a p value rounds to the printed one, at the printed number of digits."""
    digits = len(f"{printed:g}".split(".")[-1])
    return round(p, digits) == printed


def compare_weeks(arm: int, n: int) -> tuple[float, float, float, float]:
    """One-way analysis of variance over the weeks of one arm (1 BMC, 2 saline): F, its degrees of freedom, p."""
    mice = read_mice()
    found = compare_means([Summary(mean, sd, n) for mean, sd in mice.select(f"mean{arm}", f"sd{arm}").rows()])
    return found.f, found.df1, found.df2, found.p
