"""Every survival entry of R's results, number by number, and docs/validation.md."""

import re

import pytest

from tests.test_architecture import ROOT
from tests.test_statistics import COVERED
from tests.validation.compare import compare, differ, read_entries
from tests.validation.document import write_document
from tests.validation.entries import CASES, ELSEWHERE, TOPICS

AGREE = re.compile(r"\| [\de-]+ \|$", re.MULTILINE)


def test_every_survival_entry_is_compared():
    entries = {name for name, entry in read_entries().items() if entry["topic"] in TOPICS}
    assert entries == set(CASES), "an entry is left out without a reason"


def test_no_entry_of_any_topic_is_left_out_without_a_reason():
    for name in read_entries():
        assert name in CASES or name in COVERED, name


@pytest.mark.parametrize("name", CASES)
def test_an_entry_equals_r_in_every_number(name):
    found = compare(name, CASES[name])
    assert found.uncovered == [], "numbers of this entry are left out without a reason"
    assert found.differing == []
    assert found.compared > 0


def test_the_comparison_notices_a_difference():
    assert differ(1.0, 1.0 + 1e-6) == pytest.approx(1e-6, rel=1e-3)
    assert differ(None, 1.0) == differ(1.0, None) == float("inf")
    assert differ(None, None) == 0
    assert differ("case", "control") == float("inf")


def test_the_validation_document_is_the_one_that_the_comparison_gives():
    # How many digits agree may differ by one between machines; that they agree is tested above.
    written = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    assert AGREE.sub("|", written) == AGREE.sub("|", write_document())


def test_the_tests_that_the_document_names_exist():
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py"))
    for _, _, test in ELSEWHERE:
        assert f"def {test}(" in sources, test
