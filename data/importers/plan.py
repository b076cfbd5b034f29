"""What a study file says of the plan: reference arm, eligibility, variation of laboratories, published tables."""

from typing import Any


class BadStudyFile(ValueError):
    """The study file cannot be used; the message says what is wrong and what would be right."""


def is_number(value: Any) -> bool:
    """Whether a value of a study file is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_plan(name: str, content: dict[str, Any]) -> None:
    """Raise BadStudyFile unless the tables of the plan have the form that docs/import.md shows."""
    if not isinstance(content.get("reference_arm", ""), str):
        raise BadStudyFile(f"{name}: reference_arm is the name of an arm")
    criteria = content.get("eligibility", [])
    if not isinstance(criteria, list):
        raise BadStudyFile(f"{name}: write every criterion as a table of its own, [[eligibility]]")
    for criterion in criteria:
        check_criterion(f"{name}, [[eligibility]]", criterion)
    for code, entry in read_tables(name, content, "variation"):
        if not all(is_number(entry.get(part)) for part in ("analytical", "within")) or not entry.get("source"):
            raise BadStudyFile(f"{name}, [variation.{code}]: give analytical and within in percent, and their source")
    for code, entry in read_tables(name, content, "published"):
        changes = entry.get("changes")
        if not isinstance(changes, dict) or not all(map(is_number, changes.values())) or not entry.get("source"):
            raise BadStudyFile(f"{name}, [published.{code}]: give changes by subject as numbers, and their source")


def read_tables(name: str, content: dict[str, Any], key: str) -> list[tuple[str, dict[str, Any]]]:
    """The tables under a key, by parameter. Raises BadStudyFile."""
    tables = content.get(key, {})
    if not isinstance(tables, dict) or not all(isinstance(entry, dict) for entry in tables.values()):
        raise BadStudyFile(f"{name}: [{key}] holds a table for each parameter's code")
    return list(tables.items())


def check_criterion(where: str, criterion: Any) -> None:
    """Raise BadStudyFile unless a criterion has a text, and limits that are numbers or classes that are texts."""
    if not isinstance(criterion, dict) or not isinstance(criterion.get("item"), str):
        raise BadStudyFile(f"{where}: a criterion needs 'item', its text")
    if not all(is_number(criterion.get(side, 0)) for side in ("low", "high")):
        raise BadStudyFile(f"{where} {criterion['item']!r}: low and high are numbers")
    classes = criterion.get("classes", [])
    if not isinstance(classes, list) or not all(isinstance(word, str) for word in classes):
        raise BadStudyFile(f"{where} {criterion['item']!r}: classes is a list of texts")
    if criterion.get("paramcd") and not {"low", "high", "classes"} & set(criterion):
        raise BadStudyFile(f"{where} {criterion['item']!r}: give low, high or classes of {criterion['paramcd']}")
