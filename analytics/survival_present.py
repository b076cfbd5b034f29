"""Survival tests, contrasts and models as tables of text."""

import numpy as np
import polars as pl

from analytics.catalog.constants import YEAR
from analytics.numerals import describe_number
from analytics.present import describe_limits, describe_p
from analytics.survival.describe import YEARS
from analytics.survival.fine_gray import FineGray
from analytics.survival.parametric import FAMILIES, Extrapolation
from analytics.survival.residuals import Proportionality
from analytics.survival.tables import AT_DAY, RATIO


def present_tests(tests: pl.DataFrame) -> pl.DataFrame:
    """``tabulate_tests`` as text: with a permutation p, only that."""
    rows = []
    for row in tests.iter_rows(named=True):
        permuted = row["p_permutation"] is not None
        rows.append(
            {
                "Test": row["test"],
                "χ²": "–" if permuted else describe_number(row["statistic"], 2),
                "df": str(row["df"]),
                "p": describe_p(row["p_permutation"] if permuted else row["p"]),
                "p rests on": "permutation" if permuted else "χ² distribution",
            }
        )
    small = tests["p_permutation"].is_not_null().any()
    table = pl.DataFrame(rows)
    return table.filter(pl.col("p rests on") == "permutation") if small else table


def present_pairs(pairs: pl.DataFrame) -> pl.DataFrame:
    """``tabulate_pairs`` as text."""
    return pl.DataFrame(
        [
            {
                "Pair": f"{row['first']} and {row['second']}",
                "χ²": describe_number(row["statistic"], 2),
                "p": describe_p(row["p"]),
                "p adjusted": describe_p(row["p_adjusted"]),
            }
            for row in pairs.iter_rows(named=True)
        ]
    )


def present_contrasts(contrasts: pl.DataFrame, ages: bool = False) -> pl.DataFrame:
    """``tabulate_contrasts`` as text: days, a ratio, percentage points; small groups only with the estimate.

    With ``ages`` the time scale is age: years instead of days.
    """
    per, word, unit_name = (YEAR, "age", "years") if ages else (1.0, "day", "days")
    rows = []
    for row in contrasts.iter_rows(named=True):
        scale, decimals = {AT_DAY: (100, 1), RATIO: (1, 2)}.get(row["measure"], (1 / per, int(ages)))
        numbers = {name: None if row[name] is None else scale * row[name] for name in ("estimate", "lower", "upper")}
        sign = row["measure"] != RATIO
        unit = {AT_DAY: "percentage points", RATIO: ""}.get(row["measure"], unit_name)
        limits = describe_limits(numbers["lower"], numbers["upper"], decimals, sign)
        rows.append(
            {
                "Groups": f"{row['group']} {'over' if row['measure'] == RATIO else '−'} {row['against']}",
                "Measure": f"{row['measure']}, {word} {row['day'] / per:.0f}",
                "Estimate": "not observed so long"
                if row["estimate"] is None
                else f"{describe_number(numbers['estimate'], decimals, sign)} {unit}".strip(),
                "95 % CI": "–" if row["small"] else limits,
                "p": "–" if row["small"] else describe_p(row["p"]),
            }
        )
    return pl.DataFrame(rows)


def present_ratios(rows: pl.DataFrame, name: str = "Hazard ratio") -> pl.DataFrame:
    """``tabulate_ratios`` as text."""
    return pl.DataFrame(
        [
            {
                "Term": row["term"],
                name: describe_number(row["ratio"], 2),
                "95 % CI": describe_limits(row["lower"], row["upper"], 2),
                "p": describe_p(row["p"]),
                "Coefficient": describe_number(row["coef"], 4),
                "SE": describe_number(row["se"], 4),
                "Remark": row["note"] or "",
            }
            for row in rows.iter_rows(named=True)
        ]
    )


def present_incidences(tables: dict[str, pl.DataFrame], sizes: dict[str, int], cause: str) -> pl.DataFrame:
    """The incidence of one cause in every group at 1, 2, 5 and 10 years, in percent with limits."""
    rows = []
    for name, table in tables.items():
        own = table.filter(pl.col("cause") == cause)
        row = {"Group": name, "Patients": str(sizes[name]), "Events": str(int(own["events"].sum()))}
        for year in YEARS:
            if own.height and year * YEAR <= own["day"][-1]:
                at = pl.DataFrame({"day": [year * YEAR]}).join_asof(own, on="day").row(0, named=True)
                limits = describe_limits(percent(at["lower"]), percent(at["upper"]), 1)
                row[f"At {year} y, %"] = f"{100 * at['incidence']:.1f} ({limits})"
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def present_mean_counts(curves: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The mean number of recurrent events of every group at the end of its observation."""
    return pl.DataFrame(
        [
            {
                "Group": name,
                "Patients": str(curve["at_risk"][0]),
                "Events": str(int(curve["events"].sum())),
                "Mean number a patient at the last event": describe_number(curve["mean_count"][-1], 2),
                "95 % CI": describe_limits(curve["lower"][-1], curve["upper"][-1], 2),
            }
            for name, curve in curves.items()
        ]
    )


def present_proportionality(test: Proportionality) -> pl.DataFrame:
    """The test of proportional hazards, one row a term and one for all together."""
    return pl.DataFrame(
        {
            "Term": [name if name != "GLOBAL" else "All together" for name in test.terms],
            "χ²": [describe_number(float(value), 2) for value in test.statistic],
            "df": [str(int(value)) for value in test.df],
            "p": [describe_p(float(value)) for value in test.p],
        }
    )


def present_fine_gray(fit: FineGray) -> pl.DataFrame:
    """Subdistribution hazard ratios."""
    lower, upper = fit.limits
    return pl.DataFrame(
        [
            {
                "Term": term,
                "Subdistribution hazard ratio": describe_number(float(ratio), 2),
                "95 % CI": "–" if np.isnan(ratio) else describe_limits(float(low), float(high), 2),
                "p": describe_p(float(p)),
            }
            for term, ratio, low, high, p in zip(fit.terms, np.exp(fit.coef), lower, upper, fit.p, strict=True)
        ]
    )


def present_answers(ratios: pl.DataFrame, small: bool) -> pl.DataFrame:
    """The hazard ratios of response by three comparisons; in small groups only the estimates."""
    return pl.DataFrame(
        [
            {
                "Comparison": row["comparison"],
                "Patients": str(row["patients"]),
                "Hazard ratio of response": describe_number(row["ratio"], 2),
                "95 % CI": "–" if small else describe_limits(row["lower"], row["upper"], 2),
                "p": "–" if small else describe_p(row["p"]),
            }
            for row in ratios.iter_rows(named=True)
        ]
    )


def present_extrapolations(fits: list[Extrapolation], until: float) -> pl.DataFrame:
    """Every parametric curve with its fit, its median and where it ends."""
    return pl.DataFrame(
        [
            {
                "Curve": FAMILIES[item.family],
                "AIC (smaller fits better)": f"{item.aic:.1f}",
                "Median, years": "–" if item.median is None else f"{item.median / YEAR:.1f}",
                f"Event-free at {until / YEAR:.1f} years, %": describe_number(100 * item.curve["survival"][-1], 1),
                "95 % CI": describe_limits(percent(item.curve["lower"][-1]), percent(item.curve["upper"][-1]), 1),
            }
            for item in fits
        ]
    )


def percent(share: float | None) -> float | None:
    """A share in percent."""
    return None if share is None else 100 * share
