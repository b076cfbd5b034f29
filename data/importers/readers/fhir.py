"""A FHIR R4 bundle as flat tables: one a kind of resource, a row a resource.

Names, addresses, telephone numbers and birth dates of patients are never taken out of the bundle;
the birth date alone comes along, because it becomes an age. Source: http://hl7.org/fhir/R4.
"""

from collections.abc import Callable
from typing import Any

from data.importers.text import UnreadableFile

Row = dict[str, Any]


def flatten_bundle(document: Row, name: str) -> list[tuple[str, list[Row]]]:
    """Every kind of resource that is read, with its rows. Raises UnreadableFile."""
    entries = document.get("entry")
    resources = (
        [entry.get("resource") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    )
    found = []
    for kind, flatten in FLATTEN.items():
        rows = [
            row
            for item in resources
            if isinstance(item, dict) and item.get("resourceType") == kind
            for row in flatten(item)
        ]
        if rows:
            found.append((kind, rows))
    if not found:
        raise UnreadableFile(f"{name} is a FHIR bundle without {', '.join(FLATTEN)}")
    return found


def dig(node: Any, *path: str | int) -> Any:
    """What stands at a path of keys and positions; None where it ends early."""
    for key in path:
        if isinstance(node, dict) and isinstance(key, str):
            node = node.get(key)
        elif isinstance(node, list) and isinstance(key, int) and len(node) > key:
            node = node[key]
        else:
            return None
    return node


def find_subject(resource: Row) -> str:
    """The id of the patient that a resource refers to."""
    reference = dig(resource, "subject", "reference")
    return str(reference).rsplit("/", 1)[-1].removeprefix("urn:uuid:") if isinstance(reference, str) else ""


def name_concept(concept: Any) -> str:
    """The text of a coded concept, else its first display, else its code."""
    said = dig(concept, "text"), dig(concept, "coding", 0, "display"), dig(concept, "coding", 0, "code")
    return next((str(text) for text in said if text), "")


def find_code(concept: Any, system: str) -> str:
    """The code of a concept in a code system; empty where it has none."""
    codings = dig(concept, "coding")
    listed = codings if isinstance(codings, list) else []
    return next(
        (str(item.get("code", "")) for item in listed if isinstance(item, dict) and system in str(item.get("system"))),
        "",
    )


def flatten_patient(resource: Row) -> list[Row]:
    """One row a patient: id, sex, birth date, and the day of death where the patient died."""
    return [
        {
            "usubjid": resource.get("id"),
            "sex": resource.get("gender"),
            "birthDate": resource.get("birthDate"),
            "deceasedDateTime": resource.get("deceasedDateTime"),
        }
    ]


def flatten_observation(resource: Row) -> list[Row]:
    """One row a value; a panel with components gives a row a component."""
    shared = {
        "usubjid": find_subject(resource),
        "date": dig(resource, "effectiveDateTime")
        or dig(resource, "effectivePeriod", "start")
        or dig(resource, "issued"),
    }
    components = dig(resource, "component")
    parts = [
        resource,
        *(part for part in (components if isinstance(components, list) else []) if isinstance(part, dict)),
    ]
    rows = [{**shared, **describe_value(part)} for part in parts]
    return [row for row in rows if row["value"] is not None] or rows[:1]


def describe_value(part: Row) -> Row:
    """The name, value, unit and limits of an observation or of one of its components."""
    quantity = dig(part, "valueQuantity")
    number = dig(quantity, "value")
    words = name_concept(dig(part, "valueCodeableConcept")) or dig(part, "valueString") or dig(part, "valueInteger")
    value = f"{dig(quantity, 'comparator') or ''}{number}" if number is not None else (words or None)
    limits = dig(part, "referenceRange", 0)
    return {
        "test": find_code(part.get("code"), "loinc") or name_concept(part.get("code")),
        "label": name_concept(part.get("code")),
        "value": value,
        "unit": dig(quantity, "code") or dig(quantity, "unit"),
        "ref_low": dig(limits, "low", "value"),
        "ref_high": dig(limits, "high", "value"),
    }


def flatten_condition(resource: Row) -> list[Row]:
    """One row a condition: an event with its beginning."""
    return [
        {
            "usubjid": find_subject(resource),
            "kind": name_concept(resource.get("code")),
            "date": resource.get("onsetDateTime")
            or dig(resource, "onsetPeriod", "start")
            or resource.get("recordedDate"),
        }
    ]


def flatten_medication(resource: Row) -> list[Row]:
    """One row a medication with its dose and period."""
    dose = dig(resource, "dosage", 0, "doseAndRate", 0, "doseQuantity")
    return [
        {
            "usubjid": find_subject(resource),
            "drug": name_concept(resource.get("medicationCodeableConcept")),
            "start": dig(resource, "effectivePeriod", "start") or resource.get("effectiveDateTime"),
            "end": dig(resource, "effectivePeriod", "end"),
            "daily_dose": dig(dose, "value"),
            "unit": dig(dose, "unit") or dig(dose, "code"),
        }
    ]


FLATTEN: dict[str, Callable[[Row], list[Row]]] = {
    "Patient": flatten_patient,
    "Observation": flatten_observation,
    "Condition": flatten_condition,
    "MedicationStatement": flatten_medication,
}
