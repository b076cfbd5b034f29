"""Responder rules: what counts as a response, and what takes the credit from it."""

import json
from dataclasses import asdict, dataclass
from typing import Any

LAST, BEST = "last", "best"  # besides the name of a visit
CHANGE, PERCENT, VALUE = "chg", "pchg", "aval"
MEASURES = {CHANGE: "change from baseline", PERCENT: "% change from baseline", VALUE: "value"}
FALL, RISE = "fall", "rise"


@dataclass(frozen=True)
class Rule:
    """A responder rule. ``threshold`` is in the catalog's unit, or percent, and reaching it counts.

    ``direction``: ``fall`` counts values at or below the threshold, ``rise`` at or above. ``at``: a
    visit, ``last`` or ``best``. ``confirmed``: the next value must reach it too (the one before, where
    ``at`` is ``last``). ``albumin`` and ``diuretics``: not credited where albumin was infused since
    baseline, or a diuretic dose is above that at baseline. ``causal_days``: causal therapy begun up to
    so many days before day 0 is named too.
    """

    paramcd: str
    direction: str
    threshold: float
    measure: str = CHANGE
    at: str = LAST
    confirmed: bool = False
    albumin: bool = False
    diuretics: bool = False
    causal_days: int = 0

    def to_json(self) -> str:
        """The rule as it is saved."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Rule":
        """The rule that ``to_json`` wrote."""
        return cls(**json.loads(text))

    def reaches(self, column: Any) -> Any:
        """Whether values reach the threshold; a rounding in the last binary digit is no miss."""
        slack = 1e-9 * max(1.0, abs(self.threshold))
        return column <= self.threshold + slack if self.direction == FALL else column >= self.threshold - slack

    @property
    def words(self) -> str:
        """The rule in words, in the catalog's unit."""
        side = "at or below" if self.direction == FALL else "at or above"
        unit = " %" if self.measure == PERCENT else ""
        marks = {"confirmed": self.confirmed, "not if albumin": self.albumin, "not if diuretics raised": self.diuretics}
        parts = [f"{self.paramcd.replace('_', ' ')}: {MEASURES[self.measure]} {side} {self.threshold:g}{unit}", self.at]
        return ", ".join([*parts, *(word for word, set_ in marks.items() if set_)])

    @property
    def reach(self) -> str:
        """What counts for the moment of a response, as options of the terminal: threshold and confirmation."""
        parts = [f"--parameter {self.paramcd}", f"--{self.direction} {self.threshold:g}", f"--measure {self.measure}"]
        return " ".join([*parts, *(["--confirmed"] if self.confirmed else [])])

    @property
    def options(self) -> str:
        """The rule as options of the terminal."""
        flags = [f"--{name}" for name in ("confirmed", "albumin", "diuretics") if getattr(self, name)]
        flags += [f"--causal-days {self.causal_days}"] if self.causal_days else []
        parts = [f"--parameter {self.paramcd}", f"--{self.direction} {self.threshold:g}", f"--measure {self.measure}"]
        return " ".join([*parts, f"--at '{self.at}'", *flags])
