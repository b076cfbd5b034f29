"""Whom to look at first, and which visits are open: small cohorts typed in by hand."""

from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.documents.printed import print_open_visits
from analytics.profile.worklist import (
    BASELINE,
    PREVIOUS,
    derive_moves,
    derive_open_visits,
    describe_gaps,
    describe_moves,
    describe_open_visits,
    make_due_sheet,
    make_worklist,
    tabulate_open_visits,
)
from analytics.scores import find_any_parameter
from analytics.units import order_parameters
from tests.conftest import SIMULATED
from tests.test_profile import PANEL

ALBUMIN, MELD = find_any_parameter("albumin"), find_any_parameter("meld")


def make_cohort(values: dict[str, dict[str, dict[int, float]]]) -> pl.DataFrame:
    """A panel of patients: patient, parameter, day, value."""
    rows = [
        {
            "usubjid": usubjid, "paramcd": code, "day": day, "aval": value, "base": course.get(0), "post": day > 0,
            "reported": str(value), "chg": value - course[0] if 0 in course else None,
        }
        for usubjid, courses in values.items() for code, course in courses.items() for day, value in course.items()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=PANEL)


COHORT = make_cohort(
    {
        "A": {"albumin": {0: 3.0, 30: 3.5}, "meld": {0: 10, 30: 9}},
        "B": {"albumin": {0: 3.4, 30: 2.6, 60: 3.6}, "meld": {0: 14, 30: 20, 60: 16}},
        "C": {"albumin": {0: 3.2}, "meld": {0: 12}},
    }
)


def test_the_worst_move_is_measured_in_standard_deviations_of_the_baselines():
    moves = derive_moves(COHORT, [ALBUMIN, MELD])
    # Baselines of albumin 3.0, 3.4, 3.2: SD 0.2; of MELD 10, 14, 12: SD 2.
    assert moves.select("usubjid", "paramcd", "worse").rows() == [
        ("B", "meld", pytest.approx(1.0)),
        ("A", "meld", pytest.approx(-0.5)),
    ]
    said = dict(describe_moves(moves, [ALBUMIN, MELD]).select("usubjid", "move").rows())
    assert said == {"B": "MELD 14 → 16 (+2), 1.0 SD worse", "A": "nothing got worse"}


def test_since_the_value_before_a_recovery_is_none():
    moves = derive_moves(COHORT, [ALBUMIN, MELD], PREVIOUS)
    found = {row["usubjid"]: (row["paramcd"], row["before"], row["now"]) for row in moves.iter_rows(named=True)}
    assert found["B"] == ("meld", 20.0, 16.0)
    assert moves.filter(pl.col("usubjid") == "B")["worse"][0] < 0


def test_a_parameter_whose_baselines_do_not_vary_cannot_be_compared():
    same = make_cohort({"A": {"albumin": {0: 3.0, 30: 2.0}}, "B": {"albumin": {0: 3.0, 30: 2.5}}})
    assert derive_moves(same, [ALBUMIN]).is_empty()
    assert derive_moves(make_cohort({"A": {"albumin": {0: 3.0, 30: 2.0}}}), [ALBUMIN]).is_empty()


@given(st.permutations(range(COHORT.height)))
def test_the_order_of_rows_does_not_change_the_worst_move(order):
    assert derive_moves(COHORT[list(order)], [ALBUMIN, MELD]).equals(derive_moves(COHORT, [ALBUMIN, MELD]))


VISITS = pl.DataFrame(
    {
        "avisit": ["Baseline", "Month 1", "Month 3", "Month 6"],
        "position": [0, 1, 2, 3],
        "target_day": [0, 30, 91, 183],
        "first_day": [-30, 1, 61, 137],
        "last_day": [0, 60, 136, 250],
        "tolerance": [0, 3, 7, 7],
    }
)


def find_open(cut: int | None, taken: dict[str, int], event: str | None = None, visits: pl.DataFrame = VISITS):
    """The open visits of one patient at a data cut: visit and state."""
    rows = [
        {"usubjid": "P", "paramcd": "albumin", "avisit": visit, "day": day, "aval": 3.0, "reported": "3"}
        for visit, day in taken.items()
    ]
    panel = pl.DataFrame(rows, schema=PANEL)
    subjects = pl.DataFrame(
        {"usubjid": ["P"], "arm": ["A"], "site": ["S"], "last_contact_day": [None], "cut_day": [cut]},
        schema_overrides={"last_contact_day": pl.Int32, "cut_day": pl.Int32},
    )
    events = pl.DataFrame(
        {"usubjid": ["P"] if event else [], "kind": [event] if event else []},
        schema={"usubjid": pl.String, "kind": pl.String},
    )
    study = SimpleNamespace(events=events, visits=visits)
    return derive_open_visits(panel, subjects, study)


@pytest.mark.parametrize(
    ("cut", "open_visits"),
    [
        (69, []),  # Month 3 begins on day 84, 15 days after the cut
        (70, [("Month 3", "due")]),
        (98, [("Month 3", "due")]),  # the last day of its tolerance
        (99, [("Month 3", "overdue")]),
        (162, [("Month 3", "overdue"), ("Month 6", "due")]),
        (191, [("Month 3", "overdue"), ("Month 6", "overdue")]),
        (None, []),
    ],
)
def test_a_visit_is_due_from_14_days_before_its_tolerance_and_overdue_behind_it(cut, open_visits):
    found = find_open(cut, {"Baseline": 0, "Month 1": 31})
    assert found.select("avisit", "state").rows() == open_visits


def test_a_visit_before_one_that_was_taken_is_missed_not_overdue():
    assert find_open(170, {"Baseline": 0, "Month 3": 92}).select("avisit", "state").rows() == [("Month 6", "due")]


@pytest.mark.parametrize("event", ["death", "transplant"])
def test_who_died_or_was_transplanted_has_no_open_visit(event):
    assert find_open(300, {"Baseline": 0}, event).is_empty()


def test_without_a_tolerance_the_window_decides():
    plain = VISITS.with_columns(tolerance=pl.lit(None, pl.Int64))
    assert find_open(136, {"Baseline": 0, "Month 1": 31}, visits=plain)["state"].to_list() == ["due", "due"]
    assert find_open(137, {"Baseline": 0, "Month 1": 31}, visits=plain)["state"].to_list() == ["overdue", "due"]


def test_open_visits_are_said_in_words():
    said = describe_open_visits(find_open(191, {"Baseline": 0, "Month 1": 31}))
    assert said.select("overdue", "due").rows() == [("Month 3 (day 91), 1 more", None)]


def test_the_latest_visit_without_inr_is_a_gap_of_meld(panels):
    panel = panels[SIMULATED]
    gaps = dict(describe_gaps(panel).rows())
    # SIM-020 has no encephalopathy grade on its last visit: looked up in the file.
    assert gaps["SIM-020"] == "Child-Pugh without encephalopathy at Month 12"
    assert describe_gaps(panels["kim-abmi"]).is_empty()  # nobody there can have a MELD; Child-Pugh is at baseline only


def test_the_worklist_has_every_patient_once_and_the_dead_last(read_study, panels):
    study, panel = read_study(SIMULATED), panels[SIMULATED]
    parameters = order_parameters(["meld", "albumin", "child_pugh"], "conventional")
    table = make_worklist(panel, study.subjects, study, parameters, BASELINE)
    assert table["usubjid"].sort().to_list() == study.subjects["usubjid"].to_list()
    ended = table["ended"].is_not_null().to_list()
    assert ended == sorted(ended)
    alive = table.filter(pl.col("ended").is_null())["worse"].drop_nulls().to_list()
    assert alive == sorted(alive, reverse=True)


def test_the_list_to_print_is_by_site_and_set_also_when_it_is_empty(read_study, panels):
    study, panel = read_study(SIMULATED), panels[SIMULATED]
    table = tabulate_open_visits(derive_open_visits(panel, study.subjects, study), study.subjects, panel)
    assert table["site"].is_sorted()
    assert table.height > 3
    sheet = make_due_sheet(table, "Study", "SIMULATED", simulated=True)
    assert len(sheet["rows"][0]) == len(sheet["head"])
    assert print_open_visits(sheet).startswith(b"%PDF")
    assert print_open_visits(make_due_sheet(table.clear(), "Study", "foot", simulated=False)).startswith(b"%PDF")
