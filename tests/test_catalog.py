"""The catalog against the list it was made from, and laws on units and ranges."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.catalog import PARAMETERS, UnknownParameter, UnknownUnit, find_parameter, match_parameter
from analytics.catalog.unit import normalize_unit
from analytics.scores import SCORES, find_any_parameter
from tests.conftest import REFERENCE

MEASURED = [parameter for parameter in PARAMETERS.values() if not parameter.derived]
ADDED = ("well_being", "liver_volume_pct", "progenitor_cells", "edema", "hepatomegaly", "spider_nevi", "histologic_stage_pbc",
         "metavir", "ishak", "cldq_fatigue", "sf36_pf", "spironolactone_dose", "furosemide_dose", "infused_cells")  # fmt: skip
# EX-CV-1 to EX-CV-5 of the score document.
CONVERSIONS = [
    ("bilirubin", 34.2, "umol/L", 2.0),
    ("creatinine", 106, "umol/L", 1.1991),
    ("bun", 7.0, "mmol/L", 19.6042),
    ("platelets", 9.8, "10*4/uL", 98),
    ("ast", 0.9, "ukat/L", 54),
]


def rows() -> list[dict[str, str]]:
    """The rows of the analyte list."""
    return list(csv.DictReader(io.StringIO((REFERENCE / "analytes.csv").read_text(encoding="utf-8"))))


def test_all_96_analytes_are_parameters_as_listed():
    assert len(rows()) == 96
    for row in rows():
        parameter = find_parameter(row["code"])
        assert (parameter.label, parameter.unit, parameter.loinc, parameter.sdtm, parameter.ucum) == (
            row["name"], row["canonical_unit"], row["loinc"], row["sdtm_testcd"], row["ucum"],
        )  # fmt: skip
        assert {"up": "higher", "down": "lower", "none": "none"}[row["better_direction"]] == parameter.better
        for bounds, low, high in ((parameter.reference, "ref_low", "ref_high"), (parameter.hard, "hard_min", "hard_max"),
                                  (parameter.soft, "soft_min", "soft_max")):  # fmt: skip
            assert bounds == tuple(float(row[name]) if row[name] else None for name in (low, high))
        listed = dict(pair.rsplit("=", 1) for pair in row["alt_units"].split(";") if pair)
        assert parameter.accepted == {unit: float(factor) for unit, factor in listed.items()}


@pytest.mark.parametrize("code", ADDED)
def test_what_cell_therapy_trials_need_beyond_the_list_is_there(code):
    assert find_parameter(code).label


@pytest.mark.parametrize(("code", "value", "unit", "expected"), CONVERSIONS)
def test_the_conversion_examples_of_the_score_document(code, value, unit, expected):
    assert value * find_parameter(code).factor(unit) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("spelling", ["µmol/L", "μmol/l", " umol/L ", "umol / L"])
def test_one_unit_in_several_spellings_is_one_unit(spelling):
    assert normalize_unit(spelling) == "umol/L"


def test_a_prefix_is_not_changed_by_the_spelling_of_the_litre():
    assert normalize_unit("mmol/l") != normalize_unit("Mmol/l")
    assert normalize_unit("×10^9/L") == "10^9/L"


@given(value=st.floats(0.1, 1000), data=st.data())
def test_conversion_there_and_back_changes_nothing(value, data):
    parameter = data.draw(st.sampled_from([item for item in MEASURED if item.accepted]))
    unit = data.draw(st.sampled_from(list(parameter.accepted)))
    assert value * parameter.factor(unit) / parameter.factor(unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("parameter", MEASURED, ids=lambda item: item.paramcd)
def test_ranges_of_a_parameter_lie_in_each_other(parameter):
    low, high = parameter.hard
    high = float("inf") if high is None else high  # a rate or a time may have no upper bound
    assert low < high
    for inner in (parameter.soft, parameter.reference):
        assert inner[0] is None or low <= inner[0]
        assert inner[1] is None or inner[1] <= high
    assert all(low <= grade <= high for grade in parameter.levels)


def test_no_two_parameters_answer_to_one_name():
    seen: dict[str, str] = {}
    for parameter in PARAMETERS.values():
        for name in {parameter.paramcd, parameter.label, parameter.name, *parameter.synonyms}:
            assert match_parameter(name) is parameter, name
            assert seen.setdefault(name.casefold(), parameter.paramcd) == parameter.paramcd
    names = [parameter.name for parameter in PARAMETERS.values()]
    assert len(set(names)) == len(names)


def test_factor_ii_activity_is_not_taken_for_prothrombin_activity():
    assert match_parameter("PTA") is None  # SDTM's PTA is factor II; in Chinese papers it is PT %: asked, not guessed


def test_what_is_not_known_is_refused_by_name():
    with pytest.raises(UnknownUnit, match="Albumin, serum was given in 'mol/L'; it is known in g/dL, g/L"):
        find_parameter("albumin").factor("mol/L")
    with pytest.raises(UnknownParameter, match="soup"):
        find_parameter("soup")
    with pytest.raises(UnknownParameter):
        find_any_parameter("soup")


def test_scores_are_parameters_too():
    benefits = {score: find_any_parameter(score).better for score in SCORES}
    higher = {"liver_volume_pct", "recompensation"}
    assert {score for score, better in benefits.items() if better == "higher"} == higher
    assert {score for score, better in benefits.items() if better == "none"} == {"convert", "hys_law"}
