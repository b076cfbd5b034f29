"""Models of the whole course: change at each visit under drop-out, and the slope over time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.special import ndtr

from analytics.catalog.constants import SMALL, YEAR
from analytics.compare import numbers
from analytics.statistics.interval import Z
from analytics.statistics.linear import compare_adjusted
from analytics.statistics.mixed import MixedFit, fit_mixed
from analytics.statistics.mmrm import RepeatedFit, fit_repeated
from analytics.visits import order_visits

OBSERVED, CARRIED, REPEATED = "Observed cases", "Last value carried forward", "Mixed model for repeated measures"
RULES = {
    OBSERVED: "Only patients with a value at the visit; analysis of covariance on baseline.",
    CARRIED: "A missing value is replaced by the last one before it, the baseline where there is none; "
    "analysis of covariance on baseline.",
    REPEATED: "Every value up to the visit counts, missing ones are not replaced; change ~ baseline x visit + arm x "
    "visit, REML, z intervals. Visits with fewer than 10 in an arm are left out.",
}


CONTROLS = ("control", "placebo", "standard of care", "standard medical treatment", "no treatment", "sham")


def choose_reference(groups: list[str], named: str | None) -> str:
    """The group that others are compared with: the one named, else a control by its name, else the first."""
    if named in groups:
        return str(named)
    return next((group for group in groups if group.casefold() in CONTROLS), groups[0] if groups else "")


def carry_forward(pairs: pl.DataFrame, visits: pl.DataFrame, based: pl.DataFrame) -> pl.DataFrame:
    """Pairs with a row for every subject of ``based`` (usubjid, arm, base) and every visit after the first.

    A missing value is the last one before it, else the baseline; ``carried`` says where. Visits are
    those that any subject has, in the study's order.
    """
    order = order_visits(pairs["avisit"], visits)
    grid = based.join(pl.DataFrame({"avisit": order, "place": range(len(order))}), how="cross")
    own = pairs.select("usubjid", "avisit", "aval")
    joined = grid.join(own, on=["usubjid", "avisit"], how="left", validate="1:1", maintain_order="left")
    filled = joined.sort("usubjid", "place").with_columns(
        carried=pl.col("aval").is_null(), aval=pl.coalesce(pl.col("aval").forward_fill().over("usubjid"), "base")
    )
    return filled.with_columns(chg=pl.col("aval") - pl.col("base")).drop("place")


def compare_missing(
    pairs: pl.DataFrame, visits: pl.DataFrame, based: pl.DataFrame, reference: str, arm: str
) -> pl.DataFrame:
    """Observed cases, LOCF and MMRM side by side: change in ``arm`` minus ``reference``, one row a visit and method.

    ``estimate``, ``se``, ``lower``, ``upper``, ``p``, ``n`` (subjects that count) and, for MMRM, the
    ``structure`` of the covariance that converged. Missing below 10 in a group, or where nothing
    converged. ``based`` holds every subject with a baseline.
    """
    two = pairs.filter(pl.col("arm").is_in([reference, arm]))
    whole = carry_forward(two, visits, based.filter(pl.col("arm").is_in([reference, arm])))
    rows = []
    for visit in order_visits(two["avisit"], visits):
        for method, source in ((OBSERVED, two), (CARRIED, whole)):
            here = source.filter(pl.col("avisit") == visit)
            rows.append({"avisit": visit, "method": method} | describe_adjusted(here, arm))
    rows += describe_repeated(two, visits, arm)
    order = {visit: place for place, visit in enumerate(order_visits(two["avisit"], visits))}
    table = pl.DataFrame(rows, schema=MISSING_COLUMNS)
    ranked = table.with_columns(
        place=pl.col("avisit").replace_strict(order, default=None),
        rank=pl.col("method").replace_strict({name: rank for rank, name in enumerate(RULES)}),
    )
    return ranked.sort("place", "rank").drop("place", "rank")


MISSING_COLUMNS = {
    "avisit": pl.String,
    "method": pl.String,
    "n": pl.Int64,
    "estimate": pl.Float64,
    "se": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "p": pl.Float64,
    "structure": pl.String,
}
PARTS = ("estimate", "se", "lower", "upper", "p")


def describe_adjusted(rows: pl.DataFrame, arm: str) -> dict[str, Any]:
    """Analysis of covariance of the change at one visit."""
    second = (rows["arm"] == arm).cast(pl.Float64).to_numpy()
    fit = None
    if min(second.sum(), len(second) - second.sum()) >= SMALL:
        fit = compare_adjusted(numbers(rows, "chg"), numbers(rows, "base"), second)
    return {"n": rows.height} | {part: getattr(fit.difference, part) if fit else None for part in PARTS}


def fit_visits(pairs: pl.DataFrame, order: list[str], arm: str) -> RepeatedFit | None:
    """MMRM of two arms: change ~ visit + baseline x visit + arm x visit. Coefficients stand in that order, by visit."""
    rows = pairs.with_columns(
        place=pl.col("avisit").replace_strict(dict(zip(order, range(len(order)), strict=True)))
    ).sort("usubjid", "place")
    visit = rows["place"].to_numpy()
    at = np.eye(len(order))[visit]
    second = (rows["arm"] == arm).cast(pl.Float64).to_numpy()
    x = np.column_stack([at, at * numbers(rows, "base")[:, None], at * second[:, None]])
    subject = rows["usubjid"].rank("dense").to_numpy().astype(int) - 1
    return fit_repeated(numbers(rows, "chg"), x, subject, visit)


def list_modelled(pairs: pl.DataFrame, order: list[str]) -> list[str]:
    """The visits at which both arms have at least 10 subjects: with fewer, a visit's own coefficients mean nothing."""
    counted = pairs.group_by("avisit", "arm").len().filter(pl.col("len") >= SMALL)
    full = set(counted.group_by("avisit").len().filter(pl.col("len") == 2)["avisit"])
    return [visit for visit in order if visit in full]


def describe_repeated(pairs: pl.DataFrame, visits: pl.DataFrame, arm: str) -> list[dict[str, Any]]:
    """The difference between arms at every visit by MMRM; missing where it cannot be estimated."""
    order = order_visits(pairs["avisit"], visits)
    modelled = list_modelled(pairs, order)
    fit = fit_visits(pairs.filter(pl.col("avisit").is_in(modelled)), modelled, arm) if modelled else None
    subjects = fit.subjects if fit else pairs["usubjid"].n_unique()
    rows = []
    for visit in order:
        row: dict[str, Any] = {"avisit": visit, "method": REPEATED, "n": subjects}
        if fit and visit in modelled:
            place = 2 * len(modelled) + modelled.index(visit)
            row |= {"structure": describe_structure(fit)} | describe_contrast(fit, place)
        rows.append(row)
    return rows


def describe_structure(fit: RepeatedFit) -> str:
    """The covariance that converged, and those before it that did not."""
    return fit.structure + (f" (not converged: {', '.join(fit.failed)})" if fit.failed else "")


def describe_contrast(fit: RepeatedFit, place: int) -> dict[str, float]:
    """A coefficient with its z interval."""
    estimate, se = float(fit.coefficients[place]), float(fit.covariance[place, place]) ** 0.5
    p = 2 * float(ndtr(-abs(estimate / se)))
    return {"estimate": estimate, "se": se, "lower": estimate - Z * se, "upper": estimate + Z * se, "p": p}


INTERCEPT, SLOPE = "random intercept", "random intercept and slope"


@dataclass(frozen=True)
class Trend:
    """The coefficients of a mixed model over time by name, and the random effects that converged."""

    names: tuple[str, ...]
    fit: MixedFit | None
    effects: str = ""


def fit_trend(values: pl.DataFrame, reference: str | None) -> Trend:
    """The slope over time: value ~ time x arm with a random intercept and slope a subject, REML.

    ``values`` has usubjid, arm, day and aval; time is in years from day 0. Where the model with slopes
    does not converge, the one with intercepts only is fitted and named. No fit below 10 subjects in an arm.
    """
    rows = values.drop_nulls(["aval", "day", "arm"])
    arms = rows["arm"].unique().sort().to_list()
    first = reference if reference in arms else (arms[0] if arms else "")
    others = [arm for arm in arms if arm != first]
    time = numbers(rows, "day") / YEAR
    ones = np.ones(len(time))
    groups = [(rows["arm"] == arm).cast(pl.Float64).to_numpy() for arm in others]
    x = np.column_stack([ones, time, *groups, *(time * group for group in groups)])
    names = [f"Value at day 0, {first}", f"Slope a year, {first}"]
    names += [f"Difference at day 0, {arm}" for arm in others] + [
        f"Difference of slopes a year, {arm}" for arm in others
    ]
    sizes = rows.group_by("arm").agg(n=pl.col("usubjid").n_unique())["n"]
    if rows.is_empty() or min(sizes) < SMALL:
        return Trend(tuple(names), None)
    subject = rows["usubjid"].rank("dense").to_numpy().astype(int) - 1
    for effects, z in ((SLOPE, np.column_stack([ones, time])), (INTERCEPT, ones[:, None])):
        fit = fit_mixed(numbers(rows, "aval"), x, z, subject)
        if fit:
            return Trend(tuple(names), fit, effects)
    return Trend(tuple(names), None)


def select_values(panel: pl.DataFrame, paramcd: str, log: bool) -> pl.DataFrame:
    """The dated values of a parameter for ``fit_trend``; their logarithms with ``log``, where they are above 0."""
    own = panel.filter(pl.col("paramcd") == paramcd, pl.col("day").is_not_null(), pl.col("aval").is_not_null())
    return own.filter(pl.col("aval") > 0).with_columns(pl.col("aval").log()) if log else own


def tabulate_trend(trend: Trend) -> pl.DataFrame:
    """One row a coefficient: term, estimate, se, df (Satterthwaite), lower, upper, t, p; empty without a fit."""
    if trend.fit is None:
        return pl.DataFrame()
    rows = zip(trend.names, trend.fit.terms, strict=True)
    return pl.DataFrame([{"term": name} | {part: getattr(term, part) for part in TERM} for name, term in rows])


TERM = ("estimate", "se", "df", "lower", "upper", "t", "p")
