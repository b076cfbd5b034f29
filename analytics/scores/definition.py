"""What a score is: inputs with their units and clamps, a formula, outputs, a source, other readings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from analytics.catalog import PARAMETERS, Parameter
from analytics.catalog.parameter import Range

Kind = Literal["number", "flag", "word", "records"]
Origin = Literal[
    "parameter",
    "upper limit",
    "lower limit",
    "times upper limit",
    "times lower limit",
    "score",
    "subject",
    "event",
    "course",
    "study",
    "given",
]
Moment = Literal["visit", "baseline", "mean before", "earlier"]
Formula = Callable[..., dict[str, pl.Expr]]
Need = str | tuple[str, ...]

OF_A_PARAMETER = ("parameter", "upper limit", "lower limit")


@dataclass(frozen=True)
class Input:
    """One input of a score.

    ``unit`` is the unit in which the formula reads it; ``floor`` and ``cap`` are in that unit.
    ``origin`` says where a study has it: a parameter of the catalog (``paramcd``, by default the
    name), the limit of normal beside that parameter's value or the value as a multiple of it, another
    score, the subject, an event, the course of the values, or the study's settings; ``given`` is known
    only where it is typed in.
    ``moment`` is the visit, the baseline, the mean of at least two values up to day 0, or the latest
    value of an earlier day. ``max_age`` is how many days an earlier value may be carried forward.

    ``if_missing`` is what an absent input counts as, flagged as assumed; None means that it is not
    known. ``worse`` is the direction in which the score may only get worse. ``recorded_instead`` names
    parameters that resemble the input and do not suffice, with the words that say so. ``effect`` says
    what a flag that is true does. ``fields`` are the inputs of each record of a list.
    """

    name: str
    unit: str = ""
    kind: Kind = "number"
    label: str = ""
    floor: float | None = None
    cap: float | None = None
    origin: Origin = "parameter"
    paramcd: str = ""
    moment: Moment = "visit"
    max_age: int = 7
    if_missing: float | bool | str | None = None
    choices: tuple[str | int, ...] = ()
    bounds: Range = (None, None)
    worse: Literal["higher", "lower", ""] = ""
    effect: str = ""
    recorded_instead: Mapping[str, str] = field(default_factory=dict)
    fields: tuple["Input", ...] = ()

    @property
    def code(self) -> str:
        """The code of the parameter or score that supplies this input."""
        return self.paramcd or self.name

    @property
    def parameter(self) -> Parameter | None:
        """The parameter of the catalog in whose unit this input is stored, if one supplies it."""
        return PARAMETERS[self.code] if self.origin in OF_A_PARAMETER else None

    @property
    def words(self) -> str:
        """How a sentence names the input."""
        return self.label or self.name


@dataclass(frozen=True)
class Output:
    """One output of a score. ``needs`` are the needs of the score without which it is missing (None: all).

    ``sometimes`` are needs on which it depends only in some states; ``of`` is the input whose points
    it gives; ``words`` are the categories that it can take, in order
    (of an output that is true or false the words for no and yes), ``bounds`` its range.
    """

    name: str
    needs: tuple[str, ...] | None = None
    sometimes: tuple[str, ...] = ()
    of: str = ""
    words: tuple[str, ...] = ()
    bounds: Range = (None, None)

    @property
    def label(self) -> str:
        """The name as a sentence prints it."""
        return self.name.replace("_", " ")


@dataclass(frozen=True)
class Alternative:
    """Another reading of the rule, with who reads it so; ``entry`` is its number in the register of disagreements."""

    entry: int
    rule: str
    formula: Formula


@dataclass(frozen=True)
class Score:
    """A score. ``formula`` takes one expression per input, already in the input's unit and clamped.

    It returns one expression per output; for a score of ``records`` each expression aggregates them.
    ``value`` names the output that becomes ``aval`` of the score's parameter (a word by its place
    among its words), ``category`` the one that becomes ``avalc``, ``variant`` the one that must stay
    the same within a series. ``needs`` lists what must be known, each as alternatives of which one
    suffices (a tuple: all of its inputs); where ``decided_by`` names an output, the need is met when
    that output is known. ``if_missing`` says in words which exceptions this makes. ``terms`` gives the
    summands of output ``terms_of``. A score of which each analyte has its own rules has one score an
    analyte in ``variants``, chosen by the input ``term``. ``days`` are the days on which it is defined,
    ``post`` ones those after baseline; ``etiology`` the pattern of the diseases for which it is made (a subject whose
    etiology is not recorded passes). A score that is no ``series`` is computed from what is typed in only.
    """

    parameter: Parameter
    version: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    formula: Formula
    value: str
    reading: str
    source: str
    needs: Mapping[str, tuple[Need, ...]]
    category: str = ""
    variant: str = ""
    decided_by: Mapping[str, str] = field(default_factory=dict)
    if_missing: tuple[str, ...] = ()
    terms: Formula | None = None
    terms_of: str = ""
    alternatives: tuple[Alternative, ...] = ()
    disagreements: tuple[tuple[int, str], ...] = ()
    note: str = ""
    series: bool = True
    days: tuple[int, int | None] = (-(10**6), None)
    post: bool = False
    etiology: str = ""
    term: str = ""
    variants: Mapping[str, "Score"] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The code of the score, which is that of its parameter."""
        return self.parameter.paramcd

    @property
    def records(self) -> Input | None:
        """The input that is a list of records; None for a score of single values."""
        return next((item for item in self.inputs if item.kind == "records"), None)

    def find(self, name: str) -> Input | None:
        """The input with this name; None if the score has none."""
        return next((item for item in self.inputs if item.name == name), None)

    def output(self, name: str) -> Output:
        """The output with this name."""
        return next(item for item in self.outputs if item.name == name)


def needs(*names: str) -> dict[str, tuple[Need, ...]]:
    """Inputs that are needed each for itself."""
    return {name: (name,) for name in names}


def flatten(alternatives: tuple[Need, ...]) -> list[str]:
    """The inputs that are named in a need."""
    return [name for need in alternatives for name in ((need,) if isinstance(need, str) else need)]
