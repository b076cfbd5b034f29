"""The worklist of a cohort: whom to look at first, and why, in words; which visits are overdue or due."""

from typing import Any

import polars as pl

from analytics.catalog import Parameter
from analytics.numerals import describe_number
from analytics.panel import StudyData, list_parameters
from analytics.patient import KEY_PARAMETERS
from analytics.places import key_place
from analytics.schedule import DONE, EARLY, LATE, derive_assessments
from analytics.scores import find_score
from analytics.units import order_parameters

DAYS_AHEAD = 14
KEY_SCORES = ("child_pugh", "meld")
BASELINE, PREVIOUS = "baseline", "the value before"
ENDED = ("death", "transplant")
TAKEN = (DONE, EARLY, LATE)
NOBODY_WORSE = "nothing got worse"


def derive_moves(panel: pl.DataFrame, parameters: list[Parameter], since: str = BASELINE) -> pl.DataFrame:
    """One row a subject: ``paramcd`` of its worst move, ``worse`` (in SD of the baseline), before, now, moved.

    The move is that of the latest value after baseline against the baseline, or against the value before it.
    Looked at are those of ``parameters`` that are key parameters with a direction of benefit. ``worse`` is the
    move away from benefit over the standard deviation of all baselines; a parameter whose baselines do not vary
    or are fewer than two cannot be compared and is left out. Below 0 everything got better.
    """
    gains = {item.paramcd: {"higher": -1.0, "lower": 1.0}[item.better] for item in parameters if is_judged(item)}
    own = panel.filter(pl.col("paramcd").is_in(list(gains)), pl.col("aval").is_not_null())
    keys = ["usubjid", "paramcd"]
    spread = own.group_by(keys).agg(pl.col("base").first()).group_by("paramcd").agg(sd=pl.col("base").std())
    ordered = own.sort("day", nulls_last=False, maintain_order=True).with_columns(
        before="base" if since == BASELINE else pl.col("aval").shift().over(keys)
    )
    latest = ordered.filter("post").group_by(keys, maintain_order=True).last()
    known = latest.filter(pl.col("before").is_not_null()).join(spread.filter(pl.col("sd") > 0), on="paramcd")
    gain = pl.col("paramcd").replace_strict(gains, default=None, return_dtype=pl.Float64)
    moves = known.with_columns(moved=pl.col("aval") - pl.col("before")).with_columns(
        worse=gain * pl.col("moved") / pl.col("sd")
    )
    worst = moves.sort("worse", "paramcd", descending=[True, False]).group_by("usubjid", maintain_order=True).first()
    return worst.select("usubjid", "paramcd", "worse", "before", now="aval", moved="moved", day="day", avisit="avisit")


def list_key_parameters(panel: pl.DataFrame, system: str) -> list[Parameter]:
    """The key parameters that a panel has, in the unit system."""
    known = set(list_parameters(panel))
    return order_parameters([code for code in KEY_PARAMETERS if code in known], system)


def is_judged(parameter: Parameter) -> bool:
    """Whether a parameter counts for the worst move."""
    return parameter.paramcd in KEY_PARAMETERS and parameter.better != "none"


def describe_moves(moves: pl.DataFrame, parameters: list[Parameter]) -> pl.DataFrame:
    """Usubjid, ``worse`` and ``move``, the worst move in words."""
    known = {item.paramcd: item for item in parameters}
    rows = [(row["usubjid"], row["worse"], say_move(row, known[row["paramcd"]])) for row in moves.iter_rows(named=True)]
    return pl.DataFrame(rows, {"usubjid": pl.String, "worse": pl.Float64, "move": pl.String}, orient="row")


def say_move(row: dict[str, Any], parameter: Parameter) -> str:
    """One move in words, with its size against the spread of all baselines."""
    if row["worse"] <= 0:
        return NOBODY_WORSE
    before, now = (describe_number(row[name], parameter.decimals) for name in ("before", "now"))
    moved = describe_number(row["moved"], parameter.decimals, sign=True)
    return f"{parameter.name} {before} → {now} ({moved}), {row['worse']:.1f} SD worse"


def derive_open_visits(panel: pl.DataFrame, subjects: pl.DataFrame, study: StudyData) -> pl.DataFrame:
    """Planned visits that are overdue or due at the data cut: usubjid, avisit, target_day, from_day, to_day, state.

    A visit not taken is ``overdue`` when the cut lies behind its target and tolerance (without one, behind its
    window), ``due`` when that time lies within the 14 days from the cut on or holds the cut. Visits before one that was
    taken are missed, not overdue. Whoever died or was transplanted, and whoever has no data cut, has no open visit.
    """
    ended = study.events.filter(pl.col("kind").is_in(list(ENDED)))["usubjid"].unique().to_list()
    alive = subjects.filter(~pl.col("usubjid").is_in(ended), pl.col("cut_day").is_not_null())
    planned = derive_assessments(panel, alive, study.visits)
    taken = pl.col("status").is_in(list(TAKEN))
    behind = pl.col("position") > pl.col("position").filter(taken).max().over("usubjid").fill_null(-1)
    windows = study.visits.select("avisit", "first_day", "last_day", "tolerance")
    later = planned.filter(~taken, behind).join(windows, on="avisit", how="left", maintain_order="left")
    cut = alive.select("usubjid", "cut_day")
    near = pl.col("tolerance").is_not_null()
    target = pl.col("target_day")
    rows = later.join(cut, on="usubjid", how="left", maintain_order="left").with_columns(
        from_day=pl.when(near).then(target - pl.col("tolerance")).otherwise(pl.coalesce("first_day", "target_day")),
        to_day=pl.when(near).then(target + pl.col("tolerance")).otherwise(pl.coalesce("last_day", "target_day")),
    )
    state = (
        pl.when(pl.col("to_day") < pl.col("cut_day")).then(pl.lit("overdue"))
        .when(pl.col("from_day") <= pl.col("cut_day") + DAYS_AHEAD).then(pl.lit("due"))
    )  # fmt: skip
    columns = ["usubjid", "avisit", "position", "target_day", "from_day", "to_day", "cut_day"]
    return rows.select(*columns, state=state).filter(pl.col("state").is_not_null())


def describe_open_visits(visits: pl.DataFrame) -> pl.DataFrame:
    """Usubjid with ``overdue`` and ``due`` in words: the first such visit, and how many more."""
    said = (
        pl.format("{} (day {})", "avisit", "target_day").first()
        + pl.when(pl.len() > 1).then(pl.format(", {} more", pl.len() - 1)).otherwise(pl.lit(""))
    ).alias("said")
    grouped = visits.sort("position").group_by("usubjid", "state", maintain_order=True).agg(said)
    sides = {
        name: grouped.filter(pl.col("state") == name).select("usubjid", said=pl.col("said"))
        for name in ("overdue", "due")
    }
    return (
        sides["overdue"]
        .rename({"said": "overdue"})
        .join(sides["due"].rename({"said": "due"}), on="usubjid", how="full", coalesce=True)
    )


def describe_gaps(panel: pl.DataFrame) -> pl.DataFrame:
    """Usubjid and ``missing``: which inputs of a key score the patient's latest visit lacks, in words.

    Only scores that somebody of these patients has: one that nobody can have is no gap of a visit.
    """
    measured = panel.filter(pl.col("reported").is_not_null(), pl.col("aval").is_not_null())
    ordered = measured.sort("day", nulls_last=False, maintain_order=True)
    latest = ordered.group_by("usubjid", maintain_order=True).agg(place=key_place().last())
    frames = [list_gaps(panel, latest, code) for code in KEY_SCORES]
    rows = pl.concat(frames)
    return rows.group_by("usubjid", maintain_order=True).agg(missing=pl.col("missing").str.join("; "))


def list_gaps(panel: pl.DataFrame, latest: pl.DataFrame, code: str) -> pl.DataFrame:
    """Usubjid and ``missing`` for one score at everybody's latest place."""
    own = panel.filter(pl.col("paramcd") == code)
    name = find_score(code).parameter.name
    if not own["aval"].count():
        return pl.DataFrame(schema={"usubjid": pl.String, "missing": pl.String})
    here = own.with_columns(place=key_place()).join(latest, on=["usubjid", "place"], how="semi")
    where = pl.coalesce("avisit", "place")
    lacking = here.filter(pl.col("aval").is_null(), pl.col("missing").list.len() > 0)
    words = pl.format("{} without {} at {}", pl.lit(name), pl.col("missing").list.join(", "), where)
    return lacking.select("usubjid", missing=words)


def make_worklist(
    panel: pl.DataFrame, subjects: pl.DataFrame, study: StudyData, parameters: list[Parameter], since: str
) -> pl.DataFrame:
    """One row a subject, the worst move first: usubjid, arm, site, ended, worse, move, overdue, due, missing.

    Who died or was transplanted stands last, ``ended`` says which and when. Empty words are missing.
    """
    moves = describe_moves(derive_moves(panel, parameters, since), parameters)
    ends = study.events.filter(pl.col("kind").is_in(list(ENDED))).sort("day", nulls_last=True)
    when = pl.when(pl.col("day").is_null()).then("kind").otherwise(pl.format("{} on day {}", "kind", "day"))
    ended = ends.group_by("usubjid", maintain_order=True).agg(ended=when.last())
    frames = (ended, moves, describe_open_visits(derive_open_visits(panel, subjects, study)), describe_gaps(panel))
    rows = subjects.select("usubjid", "arm", "site")
    for frame in frames:
        rows = rows.join(frame, on="usubjid", how="left", validate="1:1", maintain_order="left")
    last = [pl.col("ended").is_not_null(), pl.col("worse")]
    return rows.sort(*last, "usubjid", descending=[False, True, False], nulls_last=True)


OPEN = ["site", "usubjid", "arm", "avisit", "state", "target_day", "window", "cut_day", "missing"]
OPEN_TITLES = ["Site", "Patient", "Visit", "State", "Target day", "Window", "Missing at the latest visit", "Done"]


def tabulate_open_visits(visits: pl.DataFrame, subjects: pl.DataFrame, panel: pl.DataFrame) -> pl.DataFrame:
    """The open visits by site and patient, with the window in words and what the latest visit lacked."""
    window = pl.format("day {} to {}", "from_day", "to_day")
    named = visits.join(subjects.select("usubjid", "arm", "site"), on="usubjid", how="left", maintain_order="left")
    gaps = describe_gaps(panel)
    rows = named.join(gaps, on="usubjid", how="left", maintain_order="left").with_columns(window=window)
    return rows.sort("site", "usubjid", "position", nulls_last=True).select(OPEN)


def make_due_sheet(table: pl.DataFrame, title: str, foot: str, simulated: bool) -> dict[str, Any]:
    """The content of the printed list of ``tabulate_open_visits``."""
    cells = table.select(
        pl.col("site").fill_null("–"),
        "usubjid",
        "avisit",
        "state",
        pl.col("target_day").cast(pl.String),
        "window",
        pl.col("missing").fill_null(""),
        pl.lit("☐"),
    )
    return {
        "title": f"Visits overdue, or due within {DAYS_AHEAD} days of the data cut",
        "study": title,
        "simulated": simulated,
        "head": OPEN_TITLES,
        "rows": [list(row) for row in cells.rows()],
        "empty": "No visit is overdue or due.",
        "foot": foot,
    }
