"""``study.toml``: what a study is, and how its files are to be read."""

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analytics.catalog import PARAMETERS, UnknownUnit
from data.importers.plan import BadStudyFile, check_plan, is_number

SHAPES = ("measurements", "subjects", "events", "treatments", "medications", "statements", "protocol")
TIME_ZEROS = ("infusion", "randomization", "enrolment")
BASES = ("inr", "pt_sec", "pt_activity")
DAY_NUMBERINGS = ("day 0", "cdisc")
DATE_ORDERS = ("", "day first", "month first")
DECIMALS = ("", "point", "comma")


@dataclass(frozen=True)
class Column:
    """Where a field comes from: a column of the file, one value for all rows, or the number of the row.

    ``codes`` maps what the file says to what is stored ("" skips the row); ``prefix`` and ``width``
    make subject identifiers of bare numbers; ``times`` multiplies (weeks into days: 7). ``hashed``
    stores a keyed hash instead of the text; ``first`` takes the earliest date of each subject.
    """

    column: str = ""
    value: str = ""
    codes: dict[str, str] = field(default_factory=dict)
    prefix: str = ""
    width: int = 0
    times: float = 1.0
    row_number: bool = False
    hashed: bool = False
    first: bool = False


@dataclass(frozen=True)
class ValueColumn:
    """One column of a wide file: the parameter (or kind of event), the unit and what the header names.

    ``avisit`` is the visit of the column, ``date`` the column that holds its date, ``codes`` says what
    the file's words stand for.
    """

    column: str
    paramcd: str
    unit: str = ""
    avisit: str = ""
    date: str = ""
    codes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FileMapping:
    """How one file, or one ``sheet`` of it, is read into one table.

    ``repeated`` allows rows that say the same once more; ``date_order`` ("day first" or "month first")
    and ``decimal`` ("point" or "comma") settle what could be read in two ways; ``encoding`` is the
    file's where it was said.
    """

    path: str
    shape: str
    columns: dict[str, Column]
    values: tuple[ValueColumn, ...] = ()
    where: dict[str, str] = field(default_factory=dict)
    repeated: bool = False
    day_numbering: str = "day 0"
    sheet: str = ""
    date_order: str = ""
    decimal: str = ""
    encoding: str = ""

    @property
    def wanted(self) -> set[str]:
        """The columns that the file must have."""
        named = {column.column for column in self.columns.values()} | set(self.where)
        values = {name for value in self.values for name in (value.column, value.date)}
        return (named | values) - {""}

    def to_json(self) -> str:
        """The mapping as it is kept with the batch."""
        return json.dumps(self, default=vars, sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True)
class VisitWindow:
    """An analysis visit: target day, first and last day of its window; no window where none is published.

    ``tolerance``: days around the target within which the protocol calls the visit on time.
    """

    avisit: str
    target: int | None = None
    first: int | None = None
    last: int | None = None
    tolerance: int | None = None


@dataclass(frozen=True)
class StudyFile:
    """A study: its settings, visits and file mappings. ``config`` is everything that pages may show."""

    study: str
    title: str
    simulated: bool
    visits: tuple[VisitWindow, ...]
    files: tuple[FileMapping, ...]
    config: dict[str, Any]


def read_study_file(path: Path) -> StudyFile:
    """The study described by a file. Raises BadStudyFile."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadStudyFile(
            f"{path.parent} holds no study.toml: it names the study and says how its files are read"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadStudyFile(f"{path.name} cannot be read: {error}") from error
    return parse_study(content, path.name)


def parse_study(content: dict[str, Any], name: str) -> StudyFile:
    """The study described by the content of a study file. Raises BadStudyFile."""
    for key in ("study", "title"):
        if not isinstance(content.get(key), str) or not content[key].strip():
            raise BadStudyFile(f"{name} must give {key!r} as text")
    check_choice(name, "time_zero", content.get("time_zero"), TIME_ZEROS)
    check_choice(name, "coagulation_basis", content.get("coagulation_basis", "inr"), BASES)
    check_choice(name, "ascites_grade_2_points", content.get("ascites_grade_2_points", 3), (2, 3))
    check_limits(name, content.get("limits", {}))
    check_plan(name, content)
    return StudyFile(
        study=content["study"],
        title=content["title"],
        simulated=bool(content.get("simulated", False)),
        visits=tuple(build(VisitWindow, visit, f"{name}, [[visits]]") for visit in content.get("visits", [])),
        files=tuple(parse_mapping(entry, name) for entry in content.get("files", [])),
        config=content,
    )


def check_limits(name: str, limits: Any) -> None:
    """Raise BadStudyFile unless [limits] gives numbers, in a unit of the parameter, by its code."""
    for code, limit in (limits if isinstance(limits, dict) else {"[limits]": None}).items():
        where = f"{name}, [limits] {code}"
        if code not in PARAMETERS or not isinstance(limit, dict):
            raise BadStudyFile(f"{where}: write a parameter's code with its limits, such as alt = {{ high = 40 }}")
        if not set(limit) <= {"low", "high", "unit"} or not all(
            is_number(limit.get(side, 0)) for side in ("low", "high")
        ):
            raise BadStudyFile(
                f"{where}: the limits are numbers named low and high, with a unit if it is not the catalog's"
            )
        try:
            PARAMETERS[code].factor(str(limit.get("unit", PARAMETERS[code].unit)))
        except UnknownUnit as error:
            raise BadStudyFile(f"{where}: {error}") from error


def parse_mapping(entry: dict[str, Any], name: str) -> FileMapping:
    """One [[files]] entry. Raises BadStudyFile."""
    where = f"{name}, [[files]] {entry.get('path', '')}"
    check_choice(where, "shape", entry.get("shape"), SHAPES)
    check_choice(where, "day_numbering", entry.get("day_numbering", "day 0"), DAY_NUMBERINGS)
    check_choice(where, "date_order", entry.get("date_order", ""), DATE_ORDERS)
    check_choice(where, "decimal", entry.get("decimal", ""), DECIMALS)
    path = Path(str(entry.get("path", "")))
    if path.is_absolute() or ".." in path.parts:
        raise BadStudyFile(f"{where}: a file must lie in the study's own folder")
    columns = {key: parse_column(value, where) for key, value in entry.get("columns", {}).items()}
    values = tuple(build(ValueColumn, value, where) for value in entry.get("values", []))
    return build(FileMapping, {**entry, "columns": columns, "values": values}, where)


def parse_column(value: Any, where: str) -> Column:
    """A column named by its header, or described by a table. Raises BadStudyFile."""
    if isinstance(value, str):
        return Column(column=value)
    if not isinstance(value, dict) or not ({"column", "value", "row_number"} & value.keys()):
        raise BadStudyFile(f"{where}: a column is a header, or a table with 'column', 'value' or 'row_number'")
    return build(Column, value, where)


def build(kind: type, entry: dict[str, Any], where: str) -> Any:
    """A dataclass of a table. Raises BadStudyFile for a key it does not have."""
    try:
        return kind(**entry)
    except TypeError as error:
        raise BadStudyFile(f"{where}: {error}") from error


def check_choice(where: str, key: str, value: Any, allowed: tuple[Any, ...]) -> None:
    """Raise BadStudyFile for a value that is not one of the choices."""
    if value not in allowed:
        raise BadStudyFile(f"{where}: {key} is {value!r}; it must be one of {', '.join(map(repr, allowed))}")
