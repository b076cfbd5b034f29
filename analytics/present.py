"""Results as people read them: p values, estimates with limits, tests of change as tables of text."""

from math import exp, isnan
from typing import Any

import polars as pl

from analytics.catalog import Parameter
from analytics.models import REPEATED
from analytics.numerals import describe_number

WITHOUT_VIEWS = pl.CompatLevel.oldest()  # a browser's Arrow knows no views of text


def describe_p(p: float | None) -> str:
    """A p value with two significant digits; small ones as < 0.001, a missing one as a dash."""
    if p is None or isnan(p):
        return "–"
    if p < 0.001:
        return "< 0.001"
    return f"{p:.2f}" if p >= 0.1 else f"{p:.3f}"


def say_p(p: float | None) -> str:
    """A p value within a sentence: p = 0.04, p < 0.001."""
    said = describe_p(p)
    return f"p {said}" if said.startswith("<") else f"p = {said}"


def describe_limits(low: float | None, high: float | None, decimals: int, sign: bool = False) -> str:
    """Two limits; a dash without them."""
    if low is None or high is None:
        return "–"
    return f"{describe_number(low, decimals, sign)} to {describe_number(high, decimals, sign)}"


def present_within(table: pl.DataFrame, decimals: int, parameter: Parameter) -> pl.DataFrame:
    """``compare_within`` as text, the direction of benefit beside the mean."""
    rows = []
    for row in table.iter_rows(named=True):
        level = row["hl_level"]
        shift = describe_limits(row["hl_lower"], row["hl_upper"], decimals, sign=True)
        exactly = "" if row["sign_flip_exact"] in (True, None) else " (drawn)"
        rows.append(
            {
                "Visit": row["avisit"],
                "Group": row["arm"],
                "n": row["n"],
                "Mean change": describe_number(row["mean"], decimals, sign=True),
                "Direction": parameter.judge(row["mean"]) or "–",
                "SD": describe_number(row["sd"], decimals),
                "95 % CI": describe_limits(row["lower"], row["upper"], decimals, sign=True),
                "p, paired t": describe_p(row["p_t"]),
                "p, signed rank": describe_p(row["p_signed_rank"]),
                "p, sign flip": describe_p(row["p_sign_flip"]) + exactly,
                "Hodges-Lehmann": describe_number(row["hl"], decimals, sign=True),
                "its limits": shift if level is None or level >= 0.95 else f"{shift} ({100 * level:.1f} %)",
                "Zeros": row["n_zero"],
                "p, normal": describe_p(row["p_normal"]),
            }
        )
    return pl.DataFrame(rows)


def present_between(table: pl.DataFrame, decimals: int) -> pl.DataFrame:
    """``compare_between`` as text."""
    rows = [
        {
            "Visit": row["avisit"],
            "Difference of": f"{row['arm']} − {row['against']}",
            "n": f"{row['n']} and {row['n_against']}",
            "Mean": describe_number(row["difference"], decimals, sign=True),
            "95 % CI (Welch)": describe_limits(row["welch_lower"], row["welch_upper"], decimals, sign=True),
            "p, Welch": describe_p(row["welch_p"]),
            "p, Student": describe_p(row["student_p"]),
            "p, Mann-Whitney": describe_p(row["p_ranks"]) + (" (exact)" if row["ranks_exact"] else ""),
            "Adjusted for baseline": describe_number(row["ancova_estimate"], decimals, sign=True),
            "95 % CI (ANCOVA)": describe_limits(row["ancova_lower"], row["ancova_upper"], decimals, sign=True),
            "p, ANCOVA": describe_p(row["ancova_p"]),
        }
        for row in table.iter_rows(named=True)
    ]
    return pl.DataFrame(rows)


def present_missing(table: pl.DataFrame, decimals: int, logarithm: bool) -> pl.DataFrame:
    """``compare_missing`` as text; on the log scale the ratios stand beside."""
    rows = []
    for row in table.iter_rows(named=True):
        line = {
            "Visit": row["avisit"],
            "Method": row["method"],
            "n": row["n"],
            "Difference": describe_number(row["estimate"], decimals, sign=True),
            "SE": describe_number(row["se"], decimals),
            "95 % CI": describe_limits(row["lower"], row["upper"], decimals, sign=True),
            "p": describe_p(row["p"]),
        }
        if logarithm:
            ratio, low, high = (
                None if row[part] is None else exp(row[part]) for part in ("estimate", "lower", "upper")
            )
            line |= {"Ratio": describe_number(ratio, 2), "95 % CI of the ratio": describe_limits(low, high, 2)}
        line["Covariance"] = row["structure"] if row["method"] == REPEATED else None
        rows.append(line)
    return pl.DataFrame(rows, infer_schema_length=None)


def present_terms(table: pl.DataFrame, decimals: int) -> pl.DataFrame:
    """``tabulate_trend`` as text."""
    rows = [
        {
            "Term": row["term"],
            "Estimate": describe_number(row["estimate"], decimals, sign=True),
            "SE": describe_number(row["se"], decimals),
            "95 % CI": describe_limits(row["lower"], row["upper"], decimals, sign=True),
            "Degrees of freedom": describe_number(row["df"], 1),
            "p": describe_p(row["p"]),
        }
        for row in table.iter_rows(named=True)
    ]
    return pl.DataFrame(rows)


def present_several(tests: pl.DataFrame, pairs: pl.DataFrame, decimals: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """``compare_several`` as text."""
    first = [
        {
            "Test": row["test"],
            "Statistic": describe_number(row["statistic"], 2),
            "Degrees of freedom": describe_degrees(row["df1"], row["df2"]),
            "p": describe_p(row["p"]),
        }
        for row in tests.iter_rows(named=True)
    ]
    second = [
        {
            "Pair": f"{row['first']} − {row['second']}",
            "Difference": describe_number(row["difference"], decimals, sign=True),
            "95 % CI (LSD)": describe_limits(row["lower"], row["upper"], decimals, sign=True),
            "p, Fisher's LSD": describe_p(row["p_lsd"]),
            "p, Holm": describe_p(row["p_holm"]),
            "p, Tukey": describe_p(row["p_tukey"]),
        }
        for row in pairs.iter_rows(named=True)
    ]
    return pl.DataFrame(first), pl.DataFrame(second)


def describe_degrees(first: float | None, second: float | None) -> str:
    """One or two degrees of freedom."""
    return " and ".join(f"{value:.1f}".removesuffix(".0") for value in (first, second) if value is not None) or "–"


def present_event_rates(table: pl.DataFrame) -> pl.DataFrame:
    """``summarize_event_rates`` as text, per 100 patient-years."""
    rows = [
        {
            "Event": row["kind"].replace("_", " "),
            "Arm": row["arm"],
            "Events": row["events"],
            "Patients with one": row["patients"],
            "Patient-years": describe_number(row["years"], 1),
            "Per 100 patient-years (95 % CI)": (
                f"{100 * row['rate']:.1f} ({describe_limits(100 * row['lower'], 100 * row['upper'], 1)})"
            ),
            "Ratio to the reference": describe_number(row["ratio"], 2),
            "95 % CI of the ratio": describe_limits(row["ratio_lower"], row["ratio_upper"], 2),
            "p": describe_p(row["p"]),
        }
        for row in table.iter_rows(named=True)
    ]
    return pl.DataFrame(rows)


def present_dropout(table: pl.DataFrame, parameter: Parameter, severity: Parameter | None) -> pl.DataFrame:
    """``summarize_dropout`` as text: the mean baseline of those with and without a value."""
    measures = {"base": parameter} | ({"severity": severity} if severity else {})
    rows = []
    for row in table.iter_rows(named=True):
        line = {"Visit": row["avisit"], "Group": row["arm"], "With a value": row["kept"], "Without": row["lost"]}
        for name, item in measures.items():
            for column, word in (("kept", "with"), ("lost", "without")):
                line[f"Baseline {item.name}, {word}"] = describe_number(row[f"{column}_{name}"], item.decimals + 1)
        rows.append(line)
    return pl.DataFrame(rows)


def hand_over(table: pl.DataFrame) -> Any:
    """A table as one of Arrow, which is what a browser reads; whole numbers stay whole where some are missing.

    A copy that shares the columns is asked: while Polars hands a frame over it holds the frame and waits for the
    interpreter; another session that asks the same object then holds the interpreter and waits for the frame, for ever.
    """
    return table.clone().to_arrow(compat_level=WITHOUT_VIEWS)
