"""The days and visits of one patient's parameter, by the key under which links and the terminal name them."""

from typing import Any

import polars as pl


class UnknownPlace(KeyError):
    """A day or visit, or a subject, for which there is no value."""


def key_place(day: str = "day", avisit: str = "avisit") -> pl.Expr:
    """The key of a place: its day, or its visit where it has none."""
    return pl.coalesce(pl.format("day {}", pl.col(day)), pl.col(avisit))


def list_places(rows: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """The places of one patient's rows of the panel in time: key to ``day``, ``avisit``, ``post`` (after baseline)."""
    undated = pl.col("day").is_null()
    ordered = rows.select("day", "avisit", "post", key=key_place()).unique("key", maintain_order=True)
    # Undated values before baseline stand first, undated later ones last.
    placed = ordered.sort(
        pl.when(undated & ~pl.col("post")).then(0).when(~undated).then(1).otherwise(2), "day", maintain_order=True
    )
    return {row["key"]: row for row in placed.filter(pl.col("key").is_not_null()).iter_rows(named=True)}


def name_places(places: dict[str, dict[str, Any]]) -> dict[str, str]:
    """How each place is called: its visit with its day, where it has both."""
    return {key: name_place(key, place) for key, place in places.items()}


def name_place(key: str, place: dict[str, Any]) -> str:
    """One place in words."""
    if place["day"] is None:
        return f"{key}, day not reported"
    return f"{place['avisit']} ({key})" if place["avisit"] else key


def find_place(places: dict[str, dict[str, Any]], key: str) -> dict[str, Any]:
    """The place with this key. Raises UnknownPlace."""
    if key not in places:
        raise UnknownPlace(f"there is no value on {key!r}; known are {', '.join(places) or 'none'}")
    return places[key]
