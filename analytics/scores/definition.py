"""What a score is: inputs with their units and clamps, a formula, a source and worked examples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from analytics.catalog import PARAMETERS, Parameter

Origin = Literal["parameter", "subject", "event", "study"]
Formula = Callable[..., dict[str, pl.Expr]]
ExampleValue = tuple[float | str | bool, str] | float | str | bool


@dataclass(frozen=True)
class Input:
    """One input of a score.

    ``unit`` is the unit in which the formula reads it, ``floor`` and ``cap`` are in that unit.
    ``origin`` says where it comes from: a parameter of the catalog (``paramcd``, by default the
    name), the subject (age, sex), an event or the study's settings. ``max_age`` is how many days an
    earlier value may be carried forward. ``recorded_instead`` names parameters that resemble the
    input and do not suffice, with the words that say so. A flag that is absent counts as false;
    ``choices`` are what a study's setting may be.
    """

    name: str
    unit: str = ""
    floor: float | None = None
    cap: float | None = None
    origin: Origin = "parameter"
    paramcd: str = ""
    label: str = ""
    max_age: int = 7
    flag: bool = False
    choices: tuple[str | int, ...] = ()
    recorded_instead: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameter(self) -> Parameter | None:
        """The parameter of the catalog that supplies this input, if one does."""
        return PARAMETERS[self.paramcd or self.name] if self.origin == "parameter" else None

    @property
    def words(self) -> str:
        """How a sentence names the input."""
        return self.label or self.name


@dataclass(frozen=True)
class Example:
    """A worked example from ``source``: inputs as (value, unit) or a bare value, and its outputs."""

    id: str
    inputs: Mapping[str, ExampleValue]
    expected: Mapping[str, object]


@dataclass(frozen=True)
class Score:
    """A score. ``formula`` takes one expression per input, already in the input's unit and clamped.

    It returns one expression per output. ``value`` names the output that becomes ``aval`` of the
    score's parameter, ``category`` the one that becomes ``avalc``,
    ``variant`` the one that must stay the same within a series. ``needs`` lists groups of inputs
    of which one each must be known, under the words that name the group in a sentence; where
    ``decided_by`` gives an output for such a group, it is known when that output is.
    """

    parameter: Parameter
    version: str
    inputs: tuple[Input, ...]
    formula: Formula
    value: str
    reading: str
    source: str
    needs: Mapping[str, tuple[str, ...]]
    category: str = ""
    variant: str = ""
    decided_by: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()

    @property
    def id(self) -> str:
        """The code of the score, which is that of its parameter."""
        return self.parameter.paramcd

    def find(self, name: str) -> Input | None:
        """The input with this name; None if the score has none."""
        return next((item for item in self.inputs if item.name == name), None)


def needs(*names: str) -> dict[str, tuple[str, ...]]:
    """Inputs that are needed each for itself."""
    return {name: (name,) for name in names}


def round_half_up(value: pl.Expr) -> pl.Expr:
    """The nearest integer, halves upwards, decided at nine decimals (scores.md, "Rounding")."""
    return (value.round(9) + 0.5).floor().cast(pl.Int64)


def points_rising(value: pl.Expr, low: float, high: float) -> pl.Expr:
    """1, 2, 3 points for a value below, within (both ends included) and above the middle band."""
    rounded = value.round(9)
    return pl.when(rounded < low).then(1).when(rounded <= high).then(2).when(rounded > high).then(3)


def points_falling(value: pl.Expr, low: float, high: float) -> pl.Expr:
    """1, 2, 3 points for a value above, within (both ends included) and below the middle band."""
    rounded = value.round(9)
    return pl.when(rounded > high).then(1).when(rounded >= low).then(2).when(rounded < low).then(3)
