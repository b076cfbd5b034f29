"""One patient in one sentence: which class and values moved, which diuretic is still taken, how it ended."""

from typing import Any

import polars as pl

from analytics.catalog import Parameter
from analytics.exposure import DOSES
from analytics.numerals import describe_number
from analytics.patient import describe_latest, select_patient
from analytics.scores import list_series

SPOKEN_SCORES = ("child_pugh", "meld3", "meld", "mayo_pbc", "albi")
MOST_SCORES = 2
SPOKEN_VALUES = (
    *("ascites_grade", "he_grade", "albumin", "bilirubin", "fibrosis_index", "liver_volume"),
    *("inr", "pt_activity", "quality_of_life"),
)
MOST_VALUES = 4
VOLUME = "liver_volume_pct"
NO_CHANGE = "No value after baseline can be compared with one before: nothing is said of change"
ENDS = {"death": "died", "transplant": "was transplanted"}


def describe_course(panel: pl.DataFrame, parameters: list[Parameter], events: pl.DataFrame, origin: str) -> str:
    """The course of a patient in one sentence, by rules: latest value against baseline.

    ``panel`` and ``parameters`` are in one unit system, ``events`` are the patient's (kind, day), ``origin``
    is the study's time zero in a word. First the two leading scores with their class, then up to four values
    that moved, then what became of the diuretics, then how it ended. A parameter without a pair is not
    mentioned.
    """
    known = {item.paramcd: item for item in parameters}
    pairs = {code: pair for code in known if (pair := find_pair(panel, code))}
    scores = [say_score(known[code], pairs[code]) for code in SPOKEN_SCORES if code in pairs][:MOST_SCORES]
    moved = [code for code in SPOKEN_VALUES if code in pairs and round(pairs[code]["chg"], known[code].decimals)]
    parts = [*scores, *(say_value(known[code], pairs[code]) for code in moved[:MOST_VALUES])]
    volume = say_volume(panel, pairs, origin)
    if parts:
        parts[0] += f" since {origin}"
    elif pairs:
        parts = [f"No key score or value moved since {origin}"]
    moves = [*parts, *volume] or [NO_CHANGE]
    said = "; ".join([*moves, *say_doses(pairs), *say_ends(events)])
    return f"{said[0].upper()}{said[1:]}."


def find_pair(panel: pl.DataFrame, code: str) -> dict[str, Any] | None:
    """Baseline and latest value of a parameter after it, each with its class; None without both."""
    own = panel.filter(pl.col("paramcd") == code, pl.col("aval").is_not_null())
    later = own.filter(pl.col("post"), pl.col("chg").is_not_null()).sort("day", nulls_last=False, maintain_order=True)
    if later.is_empty():
        return None
    at_base = own.filter(~pl.col("post"), pl.col("aval") == pl.col("base")).tail(1)["avalc"]
    return later.row(-1, named=True) | {"base_class": at_base[0] if at_base.len() else None}


def say_score(parameter: Parameter, pair: dict[str, Any]) -> str:
    """A score before and after, with its class where it has one: Child-Pugh B8 → A6."""
    ends = [
        (pair["base_class"] or "", describe_number(pair["base"], parameter.decimals)),
        (pair["avalc"] or "", describe_number(pair["aval"], parameter.decimals)),
    ]
    lettered = parameter.paramcd in list_series() and all(len(name) == 1 and name.isalpha() for name, _ in ends)
    before, after = (f"{name}{number}" if lettered else number for name, number in ends)
    return f"{parameter.name} still {after}" if before == after else f"{parameter.name} {before} → {after}"


def say_value(parameter: Parameter, pair: dict[str, Any]) -> str:
    """A value by its change, a grade by both ends."""
    name = parameter.name if parameter.name.isupper() else f"{parameter.name[0].lower()}{parameter.name[1:]}"
    if parameter.levels:
        return f"{name} {pair['base']:g} → {pair['aval']:g}"
    return f"{name} {describe_number(pair['chg'], parameter.decimals, sign=True)} {parameter.unit_label}".strip()


def say_volume(panel: pl.DataFrame, pairs: dict[str, dict[str, Any]], origin: str) -> list[str]:
    """The liver volume of a source that prints only percent of that before, which has no pair."""
    own = panel.filter(pl.col("paramcd") == VOLUME, pl.col("post"), pl.col("reported").is_not_null())
    known = own.filter(pl.col("aval").is_not_null()).sort("day", nulls_last=False, maintain_order=True)
    if known.is_empty() or VOLUME in pairs:
        return []
    return [f"liver volume {known['aval'][-1]:.0f} % of that before {origin}"]


def say_doses(pairs: dict[str, dict[str, Any]]) -> list[str]:
    """What became of each diuretic: still taken, stopped, begun."""
    said = []
    for drug, code in DOSES.items():
        if code not in pairs or not (pairs[code]["base"] or pairs[code]["aval"]):
            continue
        before, now = pairs[code]["base"], pairs[code]["aval"]
        if not now:
            said.append(f"{drug} stopped (was {before:g} mg/d)")
        elif not before:
            said.append(f"{drug} {now:g} mg/d, begun since")
        else:
            move = "unchanged" if now == before else f"{'down' if now < before else 'up'} from {before:g}"
            said.append(f"still on {drug} {now:g} mg/d, {move}")
    return said


def say_ends(events: pl.DataFrame) -> list[str]:
    """Death or transplant with its day."""
    ends = events.filter(pl.col("kind").is_in(list(ENDS))).sort("day", nulls_last=True)
    return [
        f"{ENDS[kind]} on day {day}" if day is not None else f"{ENDS[kind]}, day not reported"
        for kind, day in ends.select("kind", "day").rows()
    ]


def list_cards(panel: pl.DataFrame, parameters: list[Parameter], most: int) -> dict[str, dict[str, str]]:
    """What changed of these parameters, at most so many, those with a change first: code to a row of text."""
    rows = {item.paramcd: describe_latest(panel.filter(pl.col("paramcd") == item.paramcd), item) for item in parameters}
    return {code: rows[code] for code in sorted(rows, key=lambda code: rows[code]["Change"] == "–")[:most]}


def join_ends(card: dict[str, str]) -> str:
    """Before and after; one of them where there is no other. A class that stayed is said once."""
    before, after = card["Baseline"], card["Latest"]
    if "–" in (before, after):
        return before if after == "–" else after
    number, _, category = before.partition(" (")
    return f"{number if category and after.endswith(f' ({category}') else before} → {after}"


def describe_move(card: dict[str, str]) -> str:
    """The change with its direction, or what is missing for one."""
    if card["Change"] == "–":
        return "no later value" if card["Latest"] == "–" else "no baseline"
    return card["Direction"] if card["Direction"].startswith("=") else f"{card['Direction']} {card['Change']}".strip()


def label_latest(panel: pl.DataFrame, parameters: list[Parameter]) -> dict[str, str]:
    """What is written beside each strip: the latest value and its move."""
    cards = list_cards(panel, parameters, len(parameters))
    return {code: f"<b>{join_ends(card).split(' → ')[-1]}</b><br>{describe_move(card)}" for code, card in cards.items()}


def describe_status(subject: dict[str, Any], events: pl.DataFrame) -> str:
    """Alive or how it ended, and until when that is known."""
    ends = say_ends(select_patient(events, subject["usubjid"]))
    contact = subject["last_contact_day"]
    until = "last contact not reported" if contact is None else f"last contact day {contact}"
    return f"{', '.join(ends)}; {until}" if ends else f"no death or transplant recorded; {until}"
