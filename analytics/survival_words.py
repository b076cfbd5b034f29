"""Survival results in sentences, the same on the page and in the terminal."""

from analytics.catalog.constants import SMALL
from analytics.expected import Expectation, describe_reference
from analytics.numerals import describe_number
from analytics.present import describe_limits, say_p
from analytics.survival.competing import GrayTest
from analytics.survival.concordance import estimate_concordance
from analytics.survival.cox import Cox

RANKED = 20_000  # rows: beyond, counting all pairs takes too long


def describe_gray(test: GrayTest | None, small: bool) -> str:
    """Gray's test; empty for one group, not shown for a group of fewer than 10."""
    if test is None:
        return ""
    if small:
        return f"Gray's test is not shown: a group has fewer than {SMALL} patients, and its p value is asymptotic."
    if test.statistic is None:
        return "Gray's test: not estimable."
    return f"**Gray's test: χ² = {test.statistic:.2f}, {test.df} df, {say_p(test.p)}**. Exploratory."


def describe_fit(fit: Cox) -> str:
    """Likelihood ratio, Wald and score test, and the concordance."""
    tests = {"Likelihood ratio": fit.likelihood_ratio, "Wald": fit.wald, "score": fit.score}
    said = "; ".join(
        f"{name} χ² = {describe_number(test.statistic, 2)} ({test.df} df), {say_p(test.p)}"
        for name, test in tests.items()
        if not fit.infinite.any() or name == "score"
    )
    if fit.n > RANKED:
        return f"{said}. Concordance: not computed beyond {RANKED:,} rows."
    found = estimate_concordance(fit)
    if found.estimate is None or found.limits is None:
        return f"{said}. Concordance: not estimable."
    low, high = found.limits
    return f"{said}. **Concordance {found.estimate:.3f}** (95 % CI {low:.3f} to {high:.3f}; 0.5 is chance)."


def describe_expected(found: Expectation) -> str:
    """Observed against expected deaths; few deaths only with the exact test."""
    one = found.found
    normal = "" if one.observed < SMALL else f", {say_p(one.p_normal)}"
    return (
        f"**{one.observed} deaths observed, {one.expected:.1f} expected: ratio {describe_number(one.ratio, 2)}** "
        f"(95 % CI {describe_limits(one.lower, one.upper, 2)}, exact); {say_p(one.p)} (exact Poisson). One-sample "
        f"log-rank: z = {describe_number(one.z, 2, sign=True)}{normal}. Exploratory."
    )


def describe_comparison(found: Expectation, code: str) -> str:
    """What the comparison with a reference rests on."""
    notes = [
        describe_reference(code),
        "Death is the event, transplant censors.",
        f"Compared up to day {found.end:.0f}; between the published times the hazard is taken as constant.",
    ]
    notes += [f"{found.without} patients without the score at baseline are left out."] if found.without else []
    return " ".join(notes)
