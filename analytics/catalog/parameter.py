"""What a parameter is: the one place for its unit, its ranges and its direction of benefit."""

from dataclasses import dataclass, field
from typing import Literal

from analytics.catalog.unit import normalize_unit

DIMENSIONLESS = frozenset({"1", "{score}", "{grade}", "{stage}", "{COI}"})

Better = Literal["lower", "higher", "none"]
Range = tuple[float | None, float | None]


class UnknownUnit(ValueError):
    """A unit that the catalog does not list for this parameter."""


class UnknownParameter(KeyError):
    """A parameter code that the catalog does not list."""


@dataclass(frozen=True)
class Parameter:
    """A measured or derived quantity. Ranges are in ``unit``; None means that no bound is entered.

    ``accepted`` maps further units to their factor (value in ``unit`` = reported value x factor).
    ``levels`` maps a grade to its words, the first of which is its label. ``derived`` parameters
    are computed and never imported.
    """

    paramcd: str
    label: str
    unit: str
    short: str = ""
    better: Better = "none"
    decimals: int = 1
    category: str = "scores"
    accepted: dict[str, float] = field(default_factory=dict)
    reference: Range = (None, None)
    hard: Range = (None, None)
    soft: Range = (None, None)
    loinc: str = ""
    sdtm: str = ""
    ucum: str = ""
    synonyms: tuple[str, ...] = ()
    levels: dict[float, tuple[str, ...]] = field(default_factory=dict)
    note: str = ""
    derived: bool = False

    @property
    def units(self) -> tuple[str, ...]:
        """Every unit that values may come in, the catalog's own first."""
        return (self.unit, *self.accepted)

    @property
    def unit_label(self) -> str:
        """The unit as axes and tables print it; empty for a number without dimension."""
        return "" if self.unit in DIMENSIONLESS else self.unit.replace("[", "").replace("]", "")

    @property
    def name(self) -> str:
        """The name that axes and tables print: the short one where there is one."""
        return self.short or self.label

    @property
    def title(self) -> str:
        """Name and unit."""
        return f"{self.name}, {self.unit_label}" if self.unit_label else self.name

    @property
    def benefit(self) -> str:
        """The direction of benefit in words; empty where the catalog names none."""
        return {"lower": "lower is better", "higher": "higher is better", "none": ""}[self.better]

    @property
    def grades(self) -> dict[float, str]:
        """Every grade with its label, as tables and legends print them: 1 (slight)."""
        return {grade: f"{grade:g} ({words[0]})" for grade, words in self.levels.items()}

    @property
    def arrow(self) -> str:
        """The direction of benefit as an arrow; empty where the catalog names none."""
        return {"lower": "↓ better", "higher": "↑ better", "none": ""}[self.better]

    def judge(self, change: float | None) -> str:
        """Whether a change is for the better, with a mark that needs no color; empty where nothing is known."""
        gain = {"lower": -1, "higher": 1, "none": 0}[self.better]
        if change is None or not gain:
            return ""
        return "= unchanged" if change == 0 else "▲ better" if change * gain > 0 else "▼ worse"

    def factor(self, unit: str) -> float:
        """The factor from ``unit`` to the catalog's unit.

        A number without dimension may come without a unit. Raises UnknownUnit otherwise.
        """
        wanted = normalize_unit(unit)
        if not wanted and self.unit in DIMENSIONLESS:
            return 1.0
        factors = {normalize_unit(known): factor for known, factor in self.accepted.items()}
        factors[normalize_unit(self.unit)] = 1.0
        if wanted not in factors:
            raise UnknownUnit(f"{self.label} {describe_unit(unit)}; it is known in {', '.join(self.units)}")
        return factors[wanted]

    def level(self, word: str) -> float | None:
        """The grade that a word stands for; None for a word that the catalog does not list."""
        wanted = word.strip().casefold()
        for grade, words in self.levels.items():
            if wanted in (known.casefold() for known in words):
                return grade
        return None

    def describe_impossible(self, value: float) -> str:
        """A sentence for a value that no patient has or a grade that does not exist; empty otherwise."""
        if self.levels and value not in self.levels:
            return f"{self.label} has no grade {value:g}; it has {', '.join(f'{grade:g}' for grade in self.levels)}"
        if is_within(value, self.hard):
            return ""
        return f"{self.label} {value:g} {self.unit_label} is impossible: outside {describe_range(self.hard)}"

    def describe_unusual(self, value: float) -> str:
        """A sentence for a value outside the plausible range; empty otherwise."""
        if is_within(value, self.soft):
            return ""
        return f"{self.label} {value:g} {self.unit_label} is unusual: outside {describe_range(self.soft)}"

    def format(self, value: float | None) -> str:
        """The value with the parameter's decimals; an en dash where it is missing."""
        return "–" if value is None else f"{value:.{self.decimals}f}"


def describe_unit(unit: str) -> str:
    """How a message names the unit that a value came with."""
    return f"was given in {unit!r}" if unit.strip() else "was given without a unit"


def is_within(value: float, bounds: Range) -> bool:
    """Whether a value lies in a range, bounds included; a missing bound holds nothing back."""
    low, high = bounds
    return (low is None or value >= low) and (high is None or value <= high)


def describe_range(bounds: Range) -> str:
    """A range in words."""
    low, high = bounds
    if low is None:
        return f"values up to {high:g}"
    return f"{low:g} to {high:g}" if high is not None else f"values from {low:g}"
