"""Hepatic safety: Hy's law and R ratio, the eDISH point, the baseline-adjusted action level."""

from functools import partial

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.bands import HAIR, choose_first, exact
from analytics.scores.definition import Alternative, Input, Output, Score, needs

QUADRANTS = ("normal", "temples_corollary", "hyperbilirubinemia", "hys_law")
PATTERNS = ("hepatocellular", "mixed", "cholestatic")
ACTIONS = ("none", "observe", "interrupt")
TRANSFERASE = "ALT or AST with its upper limit"
BILIRUBIN = "bilirubin with its upper limit"
PHOSPHATASE = "alkaline phosphatase with its upper limit"
ALT_NEED = "ALT with its upper limit"
FDA = "FDA guidance, DILI premarketing evaluation, 2009"
REGEV = "Regev A et al. Aliment Pharmacol Ther 2019;49:702. Treem WR et al. Drug Saf 2021;44:133 (cholestatic disease)"


def hys_law(
    bilirubin_edge: float = 2.0, transferase_edge: float = 3.0, strict_r: bool = False, /, **values: pl.Expr
) -> dict[str, pl.Expr]:
    """``quadrant``, ``potential_hys_law``, ``r_ratio``, ``injury_pattern``."""
    alt, ast, bilirubin, alp = (
        exact(values[name] / values[f"{name}_uln"]) for name in ("alt", "ast", "bilirubin", "alp")
    )
    x = pl.max_horizontal(alt, ast)
    high_x, high_y = x >= transferase_edge, bilirubin > bilirubin_edge
    chain = {"hys_law": high_x & high_y, "temples_corollary": high_x & ~high_y, "hyperbilirubinemia": ~high_x & high_y}
    known = x.is_not_null() & bilirubin.is_not_null()
    quadrant = pl.when(known).then(choose_first(chain, "normal"))
    potential = pl.when(quadrant == "hys_law").then(alp < 2).when(quadrant != "hys_law").then(pl.lit(False))
    ratio = exact(alt / alp)
    upper, lower = (ratio > 5, ratio < 2) if strict_r else (ratio >= 5, ratio <= 2)
    pattern = choose_first({"hepatocellular": upper, "cholestatic": lower}, "mixed")
    return {
        "quadrant": quadrant,
        "potential_hys_law": potential,
        "r_ratio": values["alt"] / values["alt_uln"] / (values["alp"] / values["alp_uln"]),
        "injury_pattern": pl.when((alt > 1) | (alp > 1)).then(pattern),
    }


def dili_action(**values: pl.Expr) -> dict[str, pl.Expr]:
    """``action`` and the ``reference`` by which it is read."""
    alt, uln, base = (values[name] for name in ("alt", "alt_uln", "alt_baseline"))
    known = (
        alt.is_not_null()
        & uln.is_not_null()
        & values["bilirubin"].is_not_null()
        & values["bilirubin_uln"].is_not_null()
    )
    raised = exact(base / uln) >= 1.5
    by_baseline = raised.fill_null(False)  # an unknown baseline is read by the upper limit (Regev 2019)
    normal = choose_first(read_by_limit(alt, uln, values), "none")
    abnormal = choose_first(read_by_baseline(alt, base, values), "none")
    action = pl.when(by_baseline).then(abnormal).when(~by_baseline).then(normal)
    reference = pl.when(by_baseline).then(pl.lit("baseline")).when(~by_baseline).then(pl.lit("uln"))
    return {"action": pl.when(known).then(action), "reference": pl.when(known).then(reference)}


def read_by_limit(alt: pl.Expr, uln: pl.Expr, values: dict[str, pl.Expr]) -> dict[str, pl.Expr]:
    """The conditions for a baseline below 1.5 times the upper limit."""
    ratio, jaundiced = exact(alt / uln), exact(values["bilirubin"] / values["bilirubin_uln"]) >= 2
    return {"interrupt": (ratio >= 8) | ((ratio >= 3) & jaundiced), "observe": ratio >= 5}


def read_by_baseline(alt: pl.Expr, base: pl.Expr, values: dict[str, pl.Expr]) -> dict[str, pl.Expr]:
    """The conditions for a raised baseline; bilirubin is compared with the larger of baseline and upper limit."""
    ratio, value = exact(alt / base), exact(alt)
    own, limit = values["bilirubin_baseline"], values["bilirubin_uln"]
    above_both = (exact(values["bilirubin"] / own) >= 2) & (exact(values["bilirubin"] / limit) >= 2)
    return {
        "interrupt": (ratio >= 5) | (value >= 500) | (((ratio >= 2) | (value >= 300)) & above_both),
        "observe": (ratio >= 3) | (value >= 300),
    }


def edish_point(*, test: pl.Expr, day: pl.Expr, value: pl.Expr, uln: pl.Expr, **chosen: pl.Expr) -> dict[str, pl.Expr]:
    """The point of one subject in the eDISH plot, over the records of the subject."""
    start, enzyme = chosen["baseline_day"].first(), chosen["aminotransferase"].first()

    def multiple(own: pl.Expr) -> pl.Expr:
        """Values of one test after baseline as multiples of the limit or of the subject's own baseline."""
        at_start, norm, later = value.filter(own & (day == start)).first(), chosen["norm"], own & (day > start)
        unit = pl.when(later & (norm == "uln")).then(uln).when(later & (norm == "baseline")).then(at_start)
        return pl.when(unit > 0).then(value / unit)

    transferase, bilirubin, alp = (multiple(test == name) for name in (enzyme, "bilirubin", "alp"))
    peak = transferase.max()
    at_day = day.filter(transferase == peak).min()
    within = (chosen["window_days"].is_null() | ((day - at_day).abs() <= chosen["window_days"])).fill_null(False)
    highest = bilirubin.filter(within).max()
    tbl_day = day.filter(within & (bilirubin == highest)).min()
    alp_x = alp.filter(day == at_day).drop_nulls().first()
    return {
        "at_x": peak,
        "at_day": at_day,
        "tbl_x": highest,
        "tbl_day": tbl_day,
        "offset_days": tbl_day - at_day,
        "alp_x": alp_x,
        "r_ratio": peak / alp_x,
    }


def with_limit(code: str, label: str, worse: str = "") -> tuple[Input, Input]:
    """A value and its upper limit of normal."""
    unit = "mg/dL" if code == "bilirubin" else "U/L"
    return (
        Input(code, unit=unit, label=label, worse="higher" if worse else ""),
        Input(f"{code}_uln", unit=unit, label=f"upper limit of {label}", origin="upper limit", paramcd=code),
    )


HYS_LAW = Score(
    parameter=Parameter(
        "hys_law",
        "Hy's law quadrant",
        unit="{grade}",
        better="none",
        decimals=0,
        levels={place: (word.replace("_", " "),) for place, word in enumerate(QUADRANTS)},
    ),
    version="FDA 2009",
    inputs=(
        *with_limit("alt", "ALT"),
        *with_limit("ast", "AST"),
        *with_limit("bilirubin", "bilirubin"),
        *with_limit("alp", "alkaline phosphatase"),
    ),
    outputs=(
        Output("quadrant", needs=(TRANSFERASE, BILIRUBIN), sometimes=(ALT_NEED,), words=QUADRANTS),
        Output("potential_hys_law", needs=(TRANSFERASE, BILIRUBIN), sometimes=(PHOSPHATASE, ALT_NEED)),
        Output("r_ratio", needs=(ALT_NEED, PHOSPHATASE)),
        Output("injury_pattern", needs=(ALT_NEED, PHOSPHATASE), words=PATTERNS),
    ),
    formula=hys_law,
    value="quadrant",
    category="quadrant",
    needs={
        TRANSFERASE: (("alt", "alt_uln"), ("ast", "ast_uln")),
        BILIRUBIN: (("bilirubin", "bilirubin_uln"),),
        ALT_NEED: (("alt", "alt_uln"),),
        PHOSPHATASE: (("alp", "alp_uln"),),
    },
    if_missing=(
        "One aminotransferase suffices for the quadrant; of both the larger multiple counts.",
        "Alkaline phosphatase is needed for a potential case only in the quadrant of Hy's law.",
    ),
    alternatives=(
        Alternative(
            13, "bilirubin of exactly 2 x ULN counts as raised (admiral, hep-explorer)", partial(hys_law, 2.0 - HAIR)
        ),
        Alternative(13, "aminotransferase of exactly 3 x ULN does not count", partial(hys_law, 2.0, 3.0 + HAIR)),
        Alternative(15, "R ratio of exactly 5 or 2 is mixed (some code)", partial(hys_law, 2.0, 3.0, True)),
    ),
    note="The final call needs the exclusion of other causes by a person; it is never derived.",
    reading=(
        "x: the larger of ALT and AST as multiple of the upper limit; y: bilirubin. Hy's law x from 3 and y above 2; "
        "Temple's corollary x from 3; hyperbilirubinemia y above 2; else normal. Potential case: Hy's law with "
        "alkaline phosphatase below 2 x ULN. R = (ALT x ULN) / (alkaline phosphatase x ULN): hepatocellular from 5, "
        "cholestatic to 2, else mixed; none where neither is above its limit."
    ),
    source=f"{FDA}. Benichou C. J Hepatol 1990;11:272. EASL DILI guideline. J Hepatol 2019;70:1222",
)

DILI_ACTION = Score(
    parameter=Parameter(
        "dili_action",
        "Baseline-adjusted DILI action level",
        short="DILI action",
        unit="{grade}",
        better="lower",
        decimals=0,
        levels={place: (word,) for place, word in enumerate(ACTIONS)},
    ),
    version="Regev 2019",
    inputs=(
        *with_limit("alt", "ALT", "higher"),
        Input(
            "alt_baseline",
            unit="U/L",
            label="mean of at least two ALT before treatment",
            paramcd="alt",
            moment="mean before",
        ),
        *with_limit("bilirubin", "bilirubin", "higher"),
        Input(
            "bilirubin_baseline", unit="mg/dL", label="bilirubin at baseline", paramcd="bilirubin", moment="baseline"
        ),
    ),
    outputs=(
        Output("action", needs=(ALT_NEED, BILIRUBIN), words=ACTIONS),
        Output("reference", needs=(ALT_NEED, BILIRUBIN), words=("uln", "baseline")),
    ),
    formula=dili_action,
    value="action",
    category="action",
    variant="reference",
    needs={ALT_NEED: (("alt", "alt_uln"),), BILIRUBIN: (("bilirubin", "bilirubin_uln"),)},
    if_missing=(
        "An unknown baseline of ALT is read by the upper limit.",
        "With a raised baseline of ALT the action is missing where an unknown baseline of bilirubin would decide it.",
    ),
    note="A proposal for trials in NASH: in cirrhosis a screening flag. Symptoms are a separate reason.",
    reading=(
        "Baseline ALT below 1.5 x ULN or unknown: interrupt from ALT 8 x ULN, or from 3 x ULN with bilirubin from 2 x "
        "ULN; observe from 5 x ULN. From 1.5 x ULN: interrupt from ALT 5 x baseline or 500 U/L, or from 2 x baseline "
        "or 300 U/L with bilirubin from twice the larger of its baseline and ULN; observe from 3 x baseline or 300 U/L."
    ),
    source=REGEV,
)

EDISH_POINT = Score(
    parameter=Parameter("edish_point", "eDISH point", unit="{score}", better="lower", decimals=2),
    version="eDISH, mDISH",
    inputs=(
        Input(
            "records",
            kind="records",
            origin="given",
            label="serial values with their upper limit",
            fields=(
                Input("test", kind="word", origin="given", choices=("alt", "ast", "bilirubin", "alp")),
                Input("day", origin="given"),
                Input("value", origin="given", bounds=(0, None)),
                Input("uln", origin="given", bounds=(0, None)),
            ),
        ),
        Input("baseline_day", origin="given", label="day of the baseline"),
        Input("norm", kind="word", origin="given", choices=("uln", "baseline")),
        Input("window_days", origin="given", label="window in days; none: no limit", bounds=(0, None)),
        Input("aminotransferase", kind="word", origin="given", choices=("alt", "ast")),
    ),
    outputs=tuple(
        Output(name, sometimes=("records",))
        for name in ("at_x", "at_day", "tbl_x", "tbl_day", "offset_days", "alp_x", "r_ratio")
    ),
    formula=edish_point,
    value="at_x",
    needs=needs("records", "baseline_day", "norm", "aminotransferase"),
    note="With norm = baseline the reference lines mean multiples of the subject's own baseline: not Hy's law.",
    reading=(
        "Every value as a multiple of its upper limit, or of the subject's baseline. The peak aminotransferase after "
        "baseline (earliest if tied), the highest bilirubin after baseline, within the window of days around it where "
        "one is set, their distance in days, alkaline phosphatase of the peak's day, R = aminotransferase / alkaline "
        "phosphatase."
    ),
    source=f"{FDA}",
    series=False,
)
