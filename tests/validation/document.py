"""docs/validation.md."""

from tests.test_statistics import COVERED
from tests.validation.compare import Case, compare, read_entries
from tests.validation.entries import CASES, ELSEWHERE, REMARKS

STEPS = (1e-12, 1e-10, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3)
HEAD = """# Validation

Written by `make validation`; edit the code, not this file. R 4.2.2 with survival 3.5.3 and cmprsk 2.2.11 made the
answers (`tests/reference/r_reference.json`, each with its call); `tests/test_validation.py` compares every number of
every entry at each run, and fails when an entry, or a number of an entry, is left out without a reason.

## Survival, entry by entry

Tolerance: 1e-8 relative for closed forms, 1e-5 for Cox models, 1e-3 for Fine-Gray (cmprsk stops its search early).

| entry | topic | data | numbers compared | agree within |
|---|---|---|---|---|
"""


def write_document() -> str:
    """The whole document."""
    entries = read_entries()
    rows = [describe(name, case) for name, case in CASES.items()]
    left = [
        f"- `{name}`, {part} …: {reason}." for name, case in CASES.items() for part, reason in (case.left or {}).items()
    ]
    others = [f"| `{name}` | {entries[name]['topic']} | {where} |" for name, where in COVERED.items()]
    elsewhere = [f"| {method} | {against} | `{test}` |" for method, against, test in ELSEWHERE]
    parts = [
        HEAD + "\n".join(rows),
        "## Remarks\n\n" + "\n".join(f"- `{name}`: {remark}." for name, remark in REMARKS.items()),
        "## Numbers left out\n\n" + "\n".join(left),
        "## What R's file does not hold\n\n| method | checked against | test |\n|---|---|---|\n" + "\n".join(elsewhere),
        "## Change, response and baseline\n\n| entry | topic | compared in (tests/test_statistics.py unless named) |\n"
        "|---|---|---|\n" + "\n".join(others),
    ]
    return "\n\n".join(parts) + "\n"


def describe(name: str, case: Case) -> str:
    """One row of the table."""
    found, entry = compare(name, case), read_entries()[name]
    within = next((step for step in STEPS if found.largest < step), None)
    agree = f"{within:.0e}" if within else "DIFFERS"
    return f"| `{name}` | {entry['topic']} | {entry['dataset']} | {found.compared} | {agree} |"
