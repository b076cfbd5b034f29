"""Stopping rules as data: what counts, within which window, how many of how many patients; their live status."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import polars as pl

from analytics.catalog import PARAMETERS
from analytics.cohort import keep_subjects
from analytics.panel import StudyData
from analytics.safety.adverse import NEEDED, derive_adverse, tell_apart
from analytics.safety.grades import keep_positive, read_limit
from analytics.scores import list_series
from analytics.statistics.proportions import estimate_share

FINDINGS = {  # besides a kind of event
    "serious": "a serious adverse event",
    "serious_related": "a serious adverse event related to the treatment",
    "severe": "an adverse event of grade 3 or more",
}
AT_LEAST, AT_MOST = "at least", "at most"
VALUE, TIMES_LIMIT, TIMES_BASELINE = "value", "x upper limit", "x own baseline"
SCALES = (VALUE, TIMES_LIMIT, TIMES_BASELINE)
KIND = "stopping rule"  # as which a rule made on screen is saved
CROSSED, OPEN, NO_DATA = "crossed", "not crossed", "no data"
NOT_COMPUTED = "not computed"  # of everybody of a large study


class BadRule(ValueError):
    """A stopping rule that cannot be read, in words."""


@dataclass(frozen=True)
class StoppingRule:
    """A stopping rule: ``count`` patients with the finding stop the group.

    ``finding`` is one of ``FINDINGS``, a kind of event, or empty where a parameter counts: its value (or its multiple
    of the upper limit or of the own baseline, ``scale``) ``side`` the ``threshold``, in the catalog's unit. ``of``:
    only the first so many patients of the group, by identifier, count (None: all). ``window``: only findings from day 0
    up to that day (None: all after day 0). ``source`` says which document sets the rule.
    """

    name: str
    count: int
    finding: str = ""
    paramcd: str = ""
    side: str = AT_LEAST
    threshold: float | None = None
    scale: str = VALUE
    of: int | None = None
    window: int | None = None
    source: str = ""

    def to_json(self) -> str:
        """The rule as it is saved."""
        return json.dumps(asdict(self))

    @property
    def words(self) -> str:
        """The rule in words."""
        what = FINDINGS.get(self.finding) or self.finding.replace("_", " ")
        if self.paramcd:
            parameter = PARAMETERS.get(self.paramcd) or list_series()[self.paramcd].parameter
            unit = f" {parameter.unit_label}" if self.scale == VALUE and parameter.unit_label else ""
            scale = "" if self.scale == VALUE else f" {self.scale}"
            what = f"{parameter.name} {self.side} {self.threshold:g}{unit}{scale}"
        until = f" by day {self.window}" if self.window is not None else ""
        among = f" of the first {self.of}" if self.of is not None else ""
        return f"{what}{until} in {self.count}{among} patient{'s' if self.count != 1 or self.of else ''}"


def find_problem(content: dict[str, Any]) -> str:
    """What is wrong with the table of a rule, and what would be right; empty where nothing is."""
    known = {field.name for field in fields(StoppingRule)}
    name = str(content.get("name", "")).strip()
    if unknown := sorted(set(content) - known):
        return f"a stopping rule has no {', '.join(unknown)}; it has {', '.join(sorted(known))}"
    if not name:
        return "a stopping rule needs a name"
    for part, least in (("count", 1), ("of", 1), ("window", 0)):
        value = content.get(part)
        if (value is not None or part == "count") and (not isinstance(value, int) or value < least):
            return f"{name}: {part} must be a whole number from {least}, not {value!r}"
    if content.get("of") is not None and content["count"] > content["of"]:
        return f"{name}: {content['count']} of the first {content['of']} patients can never be reached"
    return find_problem_of_what(name, content)


def find_problem_of_what(name: str, content: dict[str, Any]) -> str:
    """What is wrong with what a rule counts; empty where nothing is."""
    code = content.get("paramcd", "")
    if bool(content.get("finding")) == bool(code):
        return f"{name}: give either a finding (an event) or a parameter"
    if not code:
        return ""
    if code not in PARAMETERS and code not in list_series():
        return f"{name}: no parameter and no score has the code {code!r}"
    if content.get("side", AT_LEAST) not in (AT_LEAST, AT_MOST) or content.get("scale", VALUE) not in SCALES:
        return f"{name}: the side is '{AT_LEAST}' or '{AT_MOST}', the scale one of {', '.join(SCALES)}"
    if not isinstance(content.get("threshold"), int | float):
        return f"{name}: a parameter needs a threshold"
    return ""


def read_rule(content: dict[str, Any]) -> StoppingRule:
    """The rule of a table of study.toml or of what was saved. Raises BadRule, with what would be right."""
    if problem := find_problem(content):
        raise BadRule(problem)
    return StoppingRule(**content)


def read_rules(config: Mapping[str, Any], saved: Iterable[str]) -> tuple[list[StoppingRule], list[str]]:
    """The rules of the study file (``[[stopping]]``) and those ``saved`` as JSON, and what is wrong with others."""
    tables = [*map(dict, config.get("stopping", [])), *map(json.loads, saved)]
    checked = [(item, find_problem(item)) for item in tables]
    rules = [StoppingRule(**item) for item, problem in checked if not problem]
    return rules, [problem for _, problem in checked if problem]


def find_first(rule: StoppingRule, study: StudyData, panel: pl.DataFrame) -> pl.DataFrame | None:
    """Subjects with the first ``day`` of the finding; None where the study has nothing that the rule could rest on.

    ``panel`` is in the catalog's units. A finding without a day counts, at an unknown day.
    """
    found = find_values(rule, study, panel) if rule.paramcd else find_events(rule, study)
    if found is None:
        return None
    if rule.window is not None:
        found = found.filter(pl.col("day") <= rule.window)
    return found.group_by("usubjid").agg(pl.col("day").min()).sort("day", "usubjid", nulls_last=True)


def find_events(rule: StoppingRule, study: StudyData) -> pl.DataFrame | None:
    """Subject and day of the events that count."""
    events = study.events
    if rule.finding in FINDINGS:
        adverse = derive_adverse(events)
        if any(adverse[name].count() == 0 for name in NEEDED[rule.finding]):
            return None
        return adverse.filter(tell_apart()[rule.finding].fill_null(False)).select("usubjid", "day")
    if events.is_empty():
        return None
    return events.filter(pl.col("kind") == rule.finding, pl.col("day").fill_null(0) >= 0).select("usubjid", "day")


def find_values(rule: StoppingRule, study: StudyData, panel: pl.DataFrame) -> pl.DataFrame | None:
    """Subject and day of the values after baseline that count."""
    own = panel.filter(pl.col("paramcd") == rule.paramcd, pl.col("post"), pl.col("aval").is_not_null())
    unit = {
        VALUE: pl.lit(1.0),
        TIMES_LIMIT: read_limit(study, rule.paramcd, "ref_high"),
        TIMES_BASELINE: keep_positive(pl.col("base")),
    }[rule.scale]
    judged = own.with_columns(x=(pl.col("aval") / unit).round(9)).filter(pl.col("x").is_not_null())
    if judged.is_empty():
        return None
    edge = rule.threshold or 0.0
    reached = pl.col("x") >= edge if rule.side == AT_LEAST else pl.col("x") <= edge
    return judged.filter(reached).select("usubjid", "day")


def check_stopping(
    rule: StoppingRule, study: StudyData, panel: pl.DataFrame, subjects: pl.DataFrame
) -> list[dict[str, Any]]:
    """The status of a rule in every arm: rule, words, arm, found, n, count, of, state, day, who, lower, upper, source.

    ``day`` is the day, counted from each patient's own day 0, on which the patient with number ``count`` had the
    finding; ``who`` the patients with it, in that order. ``state`` is "no data" where nothing can be judged.
    """
    first = find_first(rule, study, panel)
    rows = []
    for arm in subjects["arm"].unique().sort():
        own = subjects.filter(pl.col("arm") == arm).sort("usubjid")
        counted = own if rule.of is None else own.head(rule.of)
        row: dict[str, Any] = {"rule": rule.name, "words": rule.words, "arm": arm, "n": counted.height}
        row |= {"count": rule.count, "of": rule.of, "source": rule.source}
        if first is None:
            rows.append(row | {"found": None, "state": NO_DATA, "day": None, "who": [], "lower": None, "upper": None})
            continue
        hit = keep_subjects(first, counted)
        rows.append(row | describe_status(rule, hit, counted.height))
    return rows


def describe_status(rule: StoppingRule, hit: pl.DataFrame, n: int) -> dict[str, Any]:
    """Found, state, day of crossing, who, and the exact limits of the share."""
    crossed = hit.height >= rule.count
    share = estimate_share(hit.height, n)
    return {
        "found": hit.height,
        "state": CROSSED if crossed else OPEN,
        "day": hit["day"][rule.count - 1] if crossed else None,
        "who": hit["usubjid"].to_list(),
        "lower": share.lower,
        "upper": share.upper,
    }


def tabulate_stopping(
    rules: list[StoppingRule], study: StudyData, panel: pl.DataFrame, subjects: pl.DataFrame
) -> pl.DataFrame:
    """The status of every rule, a row each rule and arm, in the columns of ``check_stopping``."""
    schema = {
        **dict.fromkeys(("rule", "words", "arm"), pl.String),
        **dict.fromkeys(("found", "n", "count", "of"), pl.Int64),
        "state": pl.String,
        "day": pl.Int64,
        "who": pl.List(pl.String),
        "lower": pl.Float64,
        "upper": pl.Float64,
        "source": pl.String,
    }
    rows = [row for rule in rules for row in check_stopping(rule, study, panel, subjects)]
    return pl.DataFrame(rows, schema=schema)


def say_status(row: dict[str, Any]) -> str:
    """The status of a rule in one sentence."""
    if row["state"] == NO_DATA:
        return f"{row['rule']} ({row['arm']}): the study has nothing that this rule could rest on, so it has no status."
    if row["state"] == NOT_COMPUTED:
        return f"{row['rule']} ({row['arm']}): in so large a study its score is computed of some only: no status."
    found = f"{row['found']} of {row['n']} patients, the rule stops at {row['count']}"
    if row["state"] == OPEN:
        return f"{row['rule']} ({row['arm']}): not crossed; {found}."
    when = f"on day {row['day']}" if row["day"] is not None else "on a day that is not recorded"
    return f"{row['rule']} ({row['arm']}): CROSSED {when}; {found}."
