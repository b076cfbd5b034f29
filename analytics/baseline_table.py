"""Table 1: what the arms started with, as numbers for export and as text for the screen.

Standardised differences: means by the pooled SD (first arm minus second), categories by the distance of
Yang D, Dalton JE. SAS Global Forum 2012, paper 335. Quartiles are R's type 7.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations

import numpy as np
import polars as pl

from analytics.catalog import Parameter
from analytics.groups import CLASSES, select_baseline
from analytics.statistics.interval import Array

ALL = "All"
LARGE = 1000  # means of this size are printed without decimals
NUMBER, CATEGORY, MISSING, WHOLE = "number", "category", "missing", "patients"
SUBJECT_CATEGORIES = {"sex": "Sex", "site": "Site", "etiology": "Etiology"}
CHARACTERISTICS = {
    **dict.fromkeys(("usubjid", "arm", "variable", "characteristic"), pl.String),
    "decimals": pl.Int64,
    "value": pl.Float64,
    "category": pl.String,
}
COLUMNS = {
    "variable": pl.String,
    "characteristic": pl.String,
    "kind": pl.String,
    "category": pl.String,
    "decimals": pl.Int64,
    "arm": pl.String,
    "n": pl.Int64,
    **dict.fromkeys(("mean", "sd", "median", "q1", "q3", "percent", "smd"), pl.Float64),
}


def derive_characteristics(
    subjects: pl.DataFrame, panel: pl.DataFrame, parameters: Iterable[Parameter]
) -> pl.DataFrame:
    """One row a subject and characteristic: usubjid, arm, variable, characteristic, decimals, value or category.

    Characteristics are age, sex, site, etiology, the baseline of each parameter (its grade in words
    where it has grades) and the class of scores that have one. A subject without a baseline has a row
    whose value and category are missing.
    """
    who = subjects.select("usubjid", "arm")
    frames = [pl.DataFrame(schema=CHARACTERISTICS)]
    if subjects["age"].count():
        frames.append(describe(subjects.select("usubjid", "arm", value="age"), "age", "Age, years"))
    for column, label in SUBJECT_CATEGORIES.items():
        if subjects[column].count():
            frames.append(describe(subjects.select("usubjid", "arm", category=column), column, label))
    for parameter in parameters:
        based = select_baseline(panel, parameter.paramcd)
        if based.height:
            own = who.join(based, on="usubjid", how="left", validate="1:1", maintain_order="left")
            frames += describe_parameter(own, parameter)
    return pl.concat(frame.select(list(CHARACTERISTICS)) for frame in frames)


def describe_parameter(own: pl.DataFrame, parameter: Parameter) -> list[pl.DataFrame]:
    """The baseline of one parameter: grades in words, or numbers and the class where there is one."""
    code, title = parameter.paramcd, parameter.title
    if parameter.levels:
        graded = pl.col("base").replace_strict(parameter.grades, default=None, return_dtype=pl.String)
        return [describe(own.select("usubjid", "arm", category=graded), code, title)]
    frames = [describe(own.select("usubjid", "arm", value="base"), code, title, max(1, parameter.decimals))]
    if code in CLASSES:
        frames.append(describe(own.select("usubjid", "arm", category="base_class"), f"{code} class", CLASSES[code]))
    return frames


def describe(rows: pl.DataFrame, variable: str, label: str, decimals: int = 1) -> pl.DataFrame:
    """Rows with the name of their characteristic."""
    named = rows.with_columns(
        variable=pl.lit(variable), characteristic=pl.lit(label), decimals=pl.lit(decimals, dtype=pl.Int64)
    )
    whole = {"value": pl.Float64, "category": pl.String}
    return named.with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in whole.items() if name not in rows.columns
    )


def summarize_characteristics(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a characteristic, kind, category and arm (``All`` among them), as ``COLUMNS`` names them.

    ``number`` rows have mean, SD and quartiles of ``n`` subjects; ``category`` rows the count and percent
    of those known; ``missing`` rows count the unknown. ``smd`` stands in the ``All`` rows.
    """
    arms = rows["arm"].unique().sort().to_list()
    found: list[dict[str, object]] = []
    for part in rows.partition_by("variable", maintain_order=True):
        head = {
            "variable": part["variable"][0],
            "characteristic": part["characteristic"][0],
            "decimals": part["decimals"][0],
        }
        groups = {arm: part.filter(pl.col("arm") == arm) for arm in arms} | {ALL: part}
        lines = summarize_numbers(groups) if part["value"].count() else summarize_categories(groups)
        found += [head | line for line in (*lines, *count_missing(groups))]
    return pl.DataFrame(found, schema=COLUMNS)


def summarize_numbers(groups: dict[str, pl.DataFrame]) -> Iterator[dict[str, object]]:
    """Mean, SD and quartiles by arm."""
    values = {arm: rows["value"].drop_nulls() for arm, rows in groups.items()}
    largest = largest_difference([own.to_numpy() for arm, own in values.items() if arm != ALL])
    for arm, own in values.items():
        quartiles = {
            name: own.quantile(share, interpolation="linear")
            for name, share in (("q1", 0.25), ("median", 0.5), ("q3", 0.75))
        }
        yield {
            "kind": NUMBER,
            "category": "",
            "arm": arm,
            "n": own.len(),
            "mean": own.mean(),
            "sd": own.std(),
            **quartiles,
            "smd": largest if arm == ALL else None,
        }


def largest_difference(groups: list[Array]) -> float | None:
    """The standardised difference of means, first minus second; of more than two groups the largest in size."""
    found = []
    for one, two in combinations([group for group in groups if len(group) > 1], 2):
        spread = ((one.var(ddof=1) + two.var(ddof=1)) / 2) ** 0.5
        if spread > 0:
            found.append(float((one.mean() - two.mean()) / spread))
    return max(found, key=abs, default=None)


def summarize_categories(groups: dict[str, pl.DataFrame]) -> Iterator[dict[str, object]]:
    """Count and percent of every category by arm."""
    known = {arm: rows["category"].drop_nulls() for arm, rows in groups.items()}
    names = known[ALL].unique().sort().to_list()
    counts = {arm: np.array([(own == name).sum() for name in names], float) for arm, own in known.items()}
    shares = [own / own.sum() for arm, own in counts.items() if arm != ALL and own.sum()]
    largest = max((distance(one, two) for one, two in combinations(shares, 2)), default=None)
    for place, name in enumerate(names):
        for arm, own in counts.items():
            percent = 100 * own[place] / own.sum() if own.sum() else None
            first = arm == ALL and place == 0
            yield {
                "kind": CATEGORY,
                "category": name,
                "arm": arm,
                "n": int(own[place]),
                "percent": percent,
                "smd": largest if first else None,
            }


def distance(one: Array, two: Array) -> float:
    """The standardised distance of two distributions over the same categories.

    0 where they are equal, infinite where they differ in a category in which neither group varies.
    """
    difference = (one - two)[1:]
    spread = (np.diag(one) - np.outer(one, one) + np.diag(two) - np.outer(two, two))[1:, 1:] / 2
    weights = np.linalg.pinv(spread) @ difference
    return float(difference @ weights) ** 0.5 if np.allclose(spread @ weights, difference) else float("inf")


def count_missing(groups: dict[str, pl.DataFrame]) -> Iterator[dict[str, object]]:
    """How many have neither a value nor a category, by arm; nothing where nobody lacks one."""
    lacking = {
        arm: rows.filter(pl.col("value").is_null(), pl.col("category").is_null()).height for arm, rows in groups.items()
    }
    if lacking[ALL]:
        for arm, n in lacking.items():
            yield {"kind": MISSING, "category": "", "arm": arm, "n": n}


def present_baseline(summary: pl.DataFrame, sizes: dict[str, int]) -> pl.DataFrame:
    """Table 1 as text: ``characteristic``, a column an arm, ``All``, ``SMD``, and three that name the row.

    Numbers take two rows (mean ± SD, median [quartiles]), categories one each. ``variable``, ``kind`` and
    ``category`` name a row for ``select_members``. ``sizes`` are the subjects of each arm, ``All`` last.
    """
    first = {"characteristic": "Patients", "variable": WHOLE, "kind": WHOLE, "category": ""}
    rows: list[dict[str, str | None]] = [{**first, **{arm: str(n) for arm, n in sizes.items()}}]
    for part in summary.partition_by("variable", "kind", "category", maintain_order=True):
        rows += present_part(part, list(sizes))
    columns = ["characteristic", *sizes, "SMD", "variable", "kind", "category"]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))


def present_part(part: pl.DataFrame, arms: list[str]) -> Iterator[dict[str, str | None]]:
    """The rows of one characteristic's numbers, category or missing values."""
    own = {row["arm"]: row for row in part.iter_rows(named=True)}
    whole = own[ALL]
    key = {name: whole[name] for name in ("variable", "kind", "category")}
    title, smd = whole["characteristic"], {"SMD": None if whole["smd"] is None else describe_difference(whole["smd"])}
    if whole["kind"] == NUMBER:
        yield key | {"characteristic": f"{title}: mean ± SD"} | {arm: describe_mean(own[arm]) for arm in arms} | smd
        yield (
            key | {"characteristic": f"{title}: median [quartiles]"} | {arm: describe_median(own[arm]) for arm in arms}
        )
    elif whole["kind"] == CATEGORY:
        yield (
            key
            | {"characteristic": f"{title}: {whole['category']}"}
            | {arm: describe_count(own[arm]) for arm in arms}
            | smd
        )
    else:
        yield key | {"characteristic": f"{title}: missing"} | {arm: str(own[arm]["n"]) for arm in arms}


def choose_decimals(row: dict) -> int:
    """The decimals of a characteristic; none for large numbers."""
    return 0 if abs(row["mean"] or 0) >= LARGE else row["decimals"]


def describe_difference(smd: float) -> str:
    """A standardised difference."""
    return "∞" if smd == float("inf") else with_minus(f"{smd:.2f}")


def with_minus(number: str) -> str:
    """A number with a true minus sign."""
    return number.replace("-", "−")


def describe_mean(row: dict) -> str | None:
    """Mean ± SD; missing where nobody has a value."""
    if not row["n"]:
        return None
    decimals = choose_decimals(row)
    spread = "" if row["sd"] is None else f" ± {row['sd']:.{decimals}f}"
    return with_minus(f"{row['mean']:.{decimals}f}{spread}")


def describe_median(row: dict) -> str | None:
    """Median [quartiles]; missing where nobody has a value."""
    if not row["n"]:
        return None
    low, middle, high = (with_minus(f"{row[name]:.{choose_decimals(row)}f}") for name in ("q1", "median", "q3"))
    return f"{middle} [{low}–{high}]" if row["q1"] >= 0 else f"{middle} [{low} to {high}]"


def describe_count(row: dict) -> str | None:
    """Count (percent of the known)."""
    return None if row["percent"] is None else f"{row['n']} ({row['percent']:.0f} %)"


def select_members(rows: pl.DataFrame, key: dict[str, str], arm: str) -> list[str]:
    """The subjects behind a cell of Table 1; ``rows`` are those of ``derive_characteristics``."""
    own = rows.filter(pl.col("arm") == arm) if arm != ALL else rows
    if key["kind"] == WHOLE:
        return own["usubjid"].unique().sort().to_list()
    own = own.filter(pl.col("variable") == key["variable"])
    chosen = {
        NUMBER: pl.col("value").is_not_null(),
        CATEGORY: pl.col("category") == key["category"],
        MISSING: pl.col("value").is_null() & pl.col("category").is_null(),
    }[key["kind"]]
    return own.filter(chosen)["usubjid"].to_list()
