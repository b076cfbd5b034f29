"""Responders: who reached the threshold of a rule, with what credit, and how many that are."""

import polars as pl

from analytics.catalog.drugs import ALBUMIN, ANTIVIRAL, CAUSAL, CAUSAL_EVENTS, DRUGS
from analytics.panel import StudyData
from analytics.rules import BEST, FALL, LAST, Rule
from analytics.statistics.proportions import compare_exactly, compare_shares, estimate_share

RESPONDER, NAMED = "responder", "responder, causal therapy began"
UNCONFIRMED, WITHHELD = "reached, not confirmed", "reached, not credited"
NOT, ABSENT = "no response", "no value"
OUTCOMES = (RESPONDER, NAMED, UNCONFIRMED, WITHHELD, NOT, ABSENT)
CREDITED = (RESPONDER, NAMED)
ALL_ARMS = "All"
MOST_EXACT = 400  # patients: beyond, the ways to count grow too many


def select_value(panel: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """One row a subject: the value after baseline that the rule looks at, in ``y``, with its change.

    Values that count for a visit are looked at, and those without a visit where a study has no windows.
    ``best`` is the lowest or highest by the rule's direction, the first of equal ones.
    """
    own = select_later(panel, rule)
    if rule.at == BEST:
        ordered = own.sort("y", descending=rule.direction != FALL, nulls_last=True, maintain_order=True)
        return ordered.group_by("usubjid", maintain_order=True).first()
    chosen = own if rule.at == LAST else own.filter(pl.col("avisit") == rule.at)
    return chosen.group_by("usubjid", maintain_order=True).last()


def select_later(panel: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Every value after baseline of the rule's parameter, in order of time, with ``y`` as the rule measures it."""
    own = panel.filter(pl.col("paramcd") == rule.paramcd, pl.col("post"), pl.col("aval").is_not_null())
    if own["analysis"].any():
        own = own.filter(pl.col("analysis"))
    needed = pl.col(rule.measure).is_not_null()
    return (
        own.filter(needed)
        .with_columns(y=pl.col(rule.measure))
        .sort("usubjid", "day", nulls_last=True, maintain_order=True)
    )


def derive_response(panel: pl.DataFrame, study: StudyData, subjects: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """One row a subject: the value looked at (``y``, avisit, day, base, aval, chg, pchg), ``outcome`` and ``reason``.

    Outcomes are those of ``OUTCOMES``; ``reason`` says what took the credit or what began besides. A
    subject without a value (or, for a change, without a baseline) has the outcome "no value".
    """
    chosen = select_value(panel, rule).select("usubjid", "avisit", "day", "base", "aval", "chg", "pchg", "y")
    rows = subjects.select("usubjid", "arm").join(
        chosen, on="usubjid", how="left", validate="1:1", maintain_order="left"
    )
    marks = rows
    for frame in (
        confirm(panel, rule, rows),
        list_albumin(rows, study) if rule.albumin else None,
        list_raised(panel, rows) if rule.diuretics else None,
        list_causal(rows, study, rule.causal_days),
    ):
        if frame is not None:
            marks = marks.join(frame, on="usubjid", how="left", validate="1:1", maintain_order="left")
    blank = [pl.lit(None, dtype=pl.String).alias(name) for name in ("albumin", "raised") if name not in marks.columns]
    return name_outcomes(marks.with_columns(*blank), rule)


def name_outcomes(rows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Add ``outcome`` and ``reason`` from the marks."""
    reached = rule.reaches(pl.col("y"))
    withheld = pl.concat_str("albumin", "raised", separator="; ", ignore_nulls=True)
    outcome = (
        pl.when(pl.col("y").is_null()).then(pl.lit(ABSENT))
        .when(~reached).then(pl.lit(NOT))
        .when((withheld != "").fill_null(False)).then(pl.lit(WITHHELD))
        .when(~pl.col("confirmation").fill_null(True) if rule.confirmed else pl.lit(False)).then(pl.lit(UNCONFIRMED))
        .when(pl.col("causal").is_not_null()).then(pl.lit(NAMED))
        .otherwise(pl.lit(RESPONDER))
    )  # fmt: skip
    reason = (
        pl.when(outcome == WITHHELD).then(withheld)
        .when(outcome == UNCONFIRMED).then("unconfirmed")
        .when(outcome == NAMED).then("causal")
    )  # fmt: skip
    columns = ["usubjid", "arm", "avisit", "day", "base", "aval", "chg", "pchg", "y", "outcome", "reason"]
    return rows.with_columns(outcome=outcome, reason=reason).select(columns)


def confirm(panel: pl.DataFrame, rule: Rule, rows: pl.DataFrame) -> pl.DataFrame:
    """usubjid, ``confirmation`` (whether the next value reaches the threshold too), ``unconfirmed`` (why not).

    Nothing comes after the last value, so that one confirms: the value before it must have reached the threshold.
    """
    later = select_later(panel, rule).select("usubjid", "avisit", "day", "y")
    placed = later.with_columns(
        following=pl.col("y").shift(1 if rule.at == LAST else -1).over("usubjid"), there=pl.lit(True)
    )
    keys = ["usubjid", "avisit", "day"]
    found = rows.select(keys).join(placed, on=keys, how="left", nulls_equal=True).unique("usubjid", maintain_order=True)
    word = "earlier" if rule.at == LAST else "later"
    again = rule.reaches(pl.col("following"))
    reason = (
        pl.when(pl.col("following").is_null())
        .then(pl.lit(f"no {word} value"))
        .when(~again)
        .then(pl.lit(f"not reached at the {word} value"))
    )
    return found.select("usubjid", confirmation=again.fill_null(False), unconfirmed=reason)


def classify(medications: pl.DataFrame) -> pl.DataFrame:
    """Medications with ``kind``, the class of the drug; others are left out."""
    kinds = (
        pl.col("drug").str.to_lowercase().str.strip_chars().replace_strict(DRUGS, default=None, return_dtype=pl.String)
    )
    return medications.with_columns(kind=kinds).filter(pl.col("kind").is_not_null())


def list_albumin(rows: pl.DataFrame, study: StudyData) -> pl.DataFrame:
    """Usubjid and ``albumin``: that albumin was infused between day 0 and the value; only those to whom it was."""
    given = (
        classify(study.medications).filter(pl.col("kind") == ALBUMIN).join(rows.select("usubjid", "day"), on="usubjid")
    )
    upto = pl.col("start_day").is_null() | (pl.col("start_day") <= pl.col("day").fill_null(10**6))
    since = pl.col("end_day").is_null() | (pl.col("end_day") >= 0)
    return (
        given.filter(upto, since)
        .select("usubjid")
        .unique()
        .with_columns(albumin=pl.lit("albumin was infused since day 0"))
    )


def list_raised(panel: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Usubjid and ``raised``: which diuretic dose is above that at baseline on the day of the value."""
    doses = panel.filter(pl.col("paramcd").is_in(["spironolactone_dose", "furosemide_dose"]), pl.col("chg") > 0)
    own = doses.join(rows.select("usubjid", "day").drop_nulls(), on=["usubjid", "day"])
    words = pl.format(
        "{} raised by {} mg/d", pl.col("paramcd").str.replace("_dose", ""), pl.col("chg").round(0).cast(pl.Int64)
    )
    return own.sort("paramcd").group_by("usubjid").agg(raised=words.str.join("; "))


def list_causal(rows: pl.DataFrame, study: StudyData, days: int) -> pl.DataFrame:
    """Usubjid and ``causal``: antiviral or other causal therapy, abstinence or TIPS begun before the value.

    Begun means from ``days`` before day 0 on; what began earlier, or at no recorded time, is part of the baseline.
    """
    drugs = classify(study.medications).filter(pl.col("kind").is_in([ANTIVIRAL, CAUSAL]))
    began = drugs.select("usubjid", "start_day", what=pl.format("{} ({})", "drug", "kind"))
    events = study.events.filter(pl.col("kind").is_in(list(CAUSAL_EVENTS)))
    other = events.select(
        "usubjid", start_day="day", what=pl.col("kind").replace_strict(CAUSAL_EVENTS, return_dtype=pl.String)
    )
    both = pl.concat([began.cast({"start_day": pl.Int32}), other.cast({"start_day": pl.Int32})])
    seen = both.join(rows.select("usubjid", "day"), on="usubjid").filter(
        pl.col("start_day") >= -days, pl.col("start_day") <= pl.col("day").fill_null(10**6)
    )
    words = pl.format("{} on day {}", "what", "start_day")
    return (
        seen.sort("start_day", "what")
        .group_by("usubjid", maintain_order=True)
        .agg(causal=words.unique(maintain_order=True).str.join("; "))
    )


def summarize_response(responses: pl.DataFrame) -> pl.DataFrame:
    """One row an arm and ``All``: subjects, how many have a value, responders, the share with exact limits.

    ``share`` is of those with a value; ``share_all`` counts those without one as no response. ``named``
    responders began causal therapy; ``share_named_out`` is the share when they are not credited.
    """
    groups = {arm: responses.filter(pl.col("arm") == arm) for arm in responses["arm"].unique().sort()}
    groups[ALL_ARMS] = responses
    return pl.DataFrame([{"arm": arm} | describe_share(rows) for arm, rows in groups.items()], schema=RATES)


RATES = {
    "arm": pl.String,
    **dict.fromkeys(("patients", "with_value", "responders", "named"), pl.Int64),
    **dict.fromkeys(("share", "lower", "upper", "share_all", "lower_all", "upper_all", "share_named_out"), pl.Float64),
}


def describe_share(rows: pl.DataFrame) -> dict[str, float | int | None]:
    """Counts and shares (percent) of one group."""
    known = rows.filter(pl.col("outcome") != ABSENT).height
    credited = rows.filter(pl.col("outcome").is_in(CREDITED)).height
    named = rows.filter(pl.col("outcome") == NAMED).height
    share = estimate_share(credited, known) if known else None
    whole = estimate_share(credited, rows.height) if rows.height else None
    return {
        "patients": rows.height,
        "with_value": known,
        "responders": credited,
        "named": named,
        **{name: 100 * (getattr(share, part) or 0.0) if share else None for name, part in SHARE.items()},
        **{f"{name}_all": 100 * (getattr(whole, part) or 0.0) if whole else None for name, part in SHARE.items()},
        "share_named_out": 100 * (credited - named) / known if known else None,
    }


SHARE = {"share": "estimate", "lower": "lower", "upper": "upper"}
MOST_THRESHOLDS = 120


def summarize_thresholds(responses: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """The share of each arm that reaches every threshold: arm, threshold, responders, n, share, lower, upper.

    Thresholds are the values themselves, thinned to 120; credit and confirmation are left aside. In percent.
    """
    rows = []
    values = responses.drop_nulls("y")
    seen = values["y"].unique().sort()
    for threshold in seen.gather_every(-(-max(1, seen.len()) // MOST_THRESHOLDS)).to_list():
        at = Rule(rule.paramcd, rule.direction, threshold, rule.measure)
        counted = values.group_by("arm").agg(responders=at.reaches(pl.col("y")).sum(), n=pl.len())
        for arm, responders, n in counted.sort("arm").rows():
            share = estimate_share(responders, n)
            limits = {name: 100 * (getattr(share, part) or 0.0) for name, part in SHARE.items()}
            rows.append({"arm": arm, "threshold": threshold, "responders": responders, "n": n} | limits)
    schema = {"arm": pl.String, "threshold": pl.Float64, "responders": pl.Int64, "n": pl.Int64} | dict.fromkeys(
        SHARE, pl.Float64
    )
    return pl.DataFrame(rows, schema=schema)


COMPARED = {
    "arm": pl.String,
    "against": pl.String,
    **dict.fromkeys(("difference", "lower", "upper", "odds_ratio", "or_lower", "or_upper", "p_fisher"), pl.Float64),
}


def compare_response(responses: pl.DataFrame, reference: str) -> pl.DataFrame:
    """One row an arm that is not ``reference``: its responder rate minus the reference's, in percent.

    Of those with a value. ``lower``, ``upper``: Newcombe's limits; ``odds_ratio`` with limits on the log
    scale; ``p_fisher``: Fisher's exact test.
    """
    rates = {row["arm"]: row for row in summarize_response(responses).iter_rows(named=True)}
    base = rates.get(reference, {"with_value": 0})
    rows = []
    for arm, row in rates.items():
        if arm in (reference, ALL_ARMS) or not row["with_value"] or not base["with_value"]:
            continue
        found = compare_shares(row["responders"], row["with_value"], base["responders"], base["with_value"])
        difference = {name: 100 * (getattr(found.difference, part) or 0.0) for name, part in DIFFERENCE.items()}
        ratio = {
            "odds_ratio": found.odds_ratio.estimate,
            "or_lower": found.odds_ratio.lower,
            "or_upper": found.odds_ratio.upper,
        }
        rows.append({"arm": arm, "against": reference, **difference, **ratio, "p_fisher": found.fisher_p})
    return pl.DataFrame(rows, schema=COMPARED)


DIFFERENCE = {"difference": "estimate", "lower": "lower", "upper": "upper"}


def compare_all_arms(responses: pl.DataFrame) -> float | None:
    """The exact p (Freeman-Halton) that all arms have one responder rate; None with fewer than two arms."""
    rates = summarize_response(responses).filter(pl.col("arm") != ALL_ARMS, pl.col("with_value") > 0)
    if rates.height < 2:
        return None
    counts = rates.select("responders", rest=pl.col("with_value") - pl.col("responders"))
    return compare_exactly(counts.to_numpy()) if counts.sum_horizontal().sum() <= MOST_EXACT else None
