"""Completeness, timeliness, queries, proposed windows, the plan of a study and its Excel file."""

import io

import openpyxl
import polars as pl
import pytest

from analytics.plan import propose_windows
from analytics.quality import (
    derive_grid,
    list_missing,
    summarize_completeness,
    summarize_timeliness,
    write_queries,
)
from analytics.schedule import derive_assessments
from data import queries
from data.database import open_reader
from data.exports.folder import write_toml
from data.exports.template import write_template
from data.home import Home
from data.importers.run import import_paths
from data.importers.study_file import parse_study
from tests.conftest import SIMULATED
from tests.test_pages import open_page, texts

VISITS = pl.DataFrame(
    {
        "avisit": ["Baseline", "Month 3"],
        "position": [0, 1],
        "target_day": [0, 91],
        "first_day": [-30, 61],
        "last_day": [0, 121],
        "tolerance": [7, 7],
    },
    schema_overrides={"tolerance": pl.Int64},
)
SUBJECTS = pl.DataFrame(
    {"usubjid": ["P1", "P2", "P3"], "arm": [None] * 3, "site": ["A", "A", None], "last_contact_day": [200, 200, 50]},
    schema_overrides={"arm": pl.String},
)


def measure(rows: list[tuple]) -> pl.DataFrame:
    """Measurements of usubjid, paramcd, avisit, day."""
    frame = pl.DataFrame(rows, schema=["usubjid", "paramcd", "avisit", "day"], orient="row")
    return frame.with_columns(aval=pl.lit(1.0), reported=pl.lit("1"))


ROWS = [
    ("P1", "bilirubin", "Baseline", 0), ("P1", "albumin", "Baseline", 0), ("P1", "bilirubin", "Month 3", 95), ("P1", "albumin", "Month 3", 95),
    ("P2", "bilirubin", "Baseline", 0), ("P2", "bilirubin", "Month 3", 115), ("P3", "bilirubin", "Baseline", -1), ("P3", "albumin", "Baseline", -1),
]  # fmt: skip
NOT_DONE = pl.DataFrame(
    {"usubjid": ["P2"], "paramcd": ["albumin"], "avisit": ["Baseline"], "day": [0], "reported": ["n.d."]}
)


def test_completeness_counts_who_was_due_and_not_who_left_before():
    grid = derive_grid(measure(ROWS), NOT_DONE, SUBJECTS, VISITS)
    rows = summarize_completeness(grid).select("paramcd", "avisit", "expected", "present", "undone", "percent").rows()
    assert rows == [
        ("albumin", "Baseline", 3, 2, 1, pytest.approx(66.667, abs=0.001)), ("albumin", "Month 3", 2, 1, 0, 50.0),
        ("bilirubin", "Baseline", 3, 3, 0, 100.0), ("bilirubin", "Month 3", 2, 2, 0, 100.0),
    ]  # fmt: skip
    by_site = summarize_completeness(grid, "site").filter(pl.col("avisit") == "Baseline")
    assert by_site.select("site", "expected", "present").rows() == [("A", 4, 3), ("site not stated", 2, 2)]


def test_what_somebody_marked_as_not_done_is_no_query_and_what_is_missing_is_one():
    grid = derive_grid(measure(ROWS), NOT_DONE, SUBJECTS, VISITS)
    missing = list_missing(grid)
    assert missing.rows() == [("A", "P2", "Month 3", "albumin")]
    findings = pl.DataFrame({"site": ["A", None], "usubjid": ["P1", None], "file_name": ["l.csv", "l.csv"], "line": [4, 5], "column": ["Alb", "AFP"], "value": ["x", "<3"],
                             "reason": ["“x” is not a number", "“<3” is a limit, not a number: kept as text"]})  # fmt: skip
    listed = write_queries(missing, findings, {"albumin": "Albumin, serum"})
    assert listed["number"].to_list() == [1, 2]
    assert listed["query"].to_list() == [
        "Albumin, serum has no value at Month 3: please enter it, or write n.d.",
        "“x” is not a number (value: x)",
    ]


def test_timeliness_counts_visits_of_each_site_by_status():
    assessed = derive_assessments(measure(ROWS), SUBJECTS, VISITS)
    table = summarize_timeliness(assessed, SUBJECTS)
    assert table.rows() == [("A", 3, 1, 0), ("site not stated", 1, 0, 1)]
    assert table.columns == ["site", "done", "late", "not due"]


def test_windows_are_proposed_where_a_quarter_of_the_subjects_was_measured():
    rows = [(f"P{at}", "bilirubin", None, day) for at in range(8) for day in (0, 90 + at, 365)] + [
        ("P0", "bilirubin", None, 30)
    ]
    proposed = propose_windows(measure(rows))
    assert proposed.rows() == [("Baseline", 0, -90, 0), ("Month 3", 91, 1, 228), ("Year 1", 365, 229, 501)]
    assert propose_windows(measure(rows).clear()).is_empty()


def test_proposed_windows_do_not_overlap_on_the_real_trial(store):
    connection = open_reader(store, store.current())
    proposed = propose_windows(queries.fetch_measurements(connection, "mayo-pbc"))
    connection.close()
    assert proposed["avisit"].to_list()[:2] == ["Baseline", "Month 6"]
    assert (proposed["first"][1:] == proposed["last"][:-1] + 1).all()


PLAN = {"study": "trial", "title": "A trial", "time_zero": "infusion", "coagulation_basis": "inr", "arms": ["ABMi", "Control"],
        "reference_arm": "Control", "visits": [{"avisit": "Baseline", "target": 0, "first": -30, "last": 0}, {"avisit": "Month 3", "target": 91, "first": 61, "last": 121}],
        "endpoints": [{"role": "primary", "code": "meld", "avisit": "Month 3"}],
        "eligibility": [{"item": "Bilirubin", "paramcd": "bilirubin", "high": 3.0, "unit": "mg/dL", "source": "4.1"}]}  # fmt: skip


def test_the_excel_file_of_a_plan_imports_without_a_question_once_it_is_filled_in(run, home, tmp_path):
    book = openpyxl.load_workbook(
        io.BytesIO(write_template(PLAN, ["bilirubin", "albumin", "inr", "ascites_grade", "weight"]))
    )
    book["Subjects"].append(["P1", "ABMi", "S1", "F", 55, "HBV", "2026-01-10", "2026-06-01"])
    book["Visits"].append(["P1", "Baseline", "2026-01-09", 3.1, 2.9, 1.4, "moderate", 60])
    book["Visits"].append(["P1", "Month 3", "2026-04-12", "<0.2", "n.d.", 1.3, "slight", 61])
    book["Events"].append(["P1", "death", "2026-06-01", 5, "yes", "no", "sepsis"])
    book["Infusions"].append(["P1", "BM-MNC", "intravenous", "2026-01-10", 5200, 200, 95])
    book["Medication"].append(["P1", "spironolactone", "2026-01-01", "2026-02-01", 100, "mg"])
    book.save(tmp_path / "filled.xlsx")
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "study.toml").write_text(write_toml(PLAN))
    assert import_paths(home, [tmp_path / "plan"]).revision
    result = run("import", tmp_path / "filled.xlsx", "--study", "trial")
    assert result.exit_code == 0, result.output
    connection = open_reader(home, home.current())
    frames = queries.fetch_frames(connection, "trial")
    connection.close()
    assert frames["subjects"].select("usubjid", "arm", "site", "age", "last_contact_day").rows() == [
        ("P1", "ABMi", "S1", 55.0, 142)
    ]
    assert frames["measurements"].height == 9
    assert frames["events"].select("kind", "day", "grade", "serious", "related").rows() == [
        ("death", 142, 5, True, False)
    ]
    assert frames["treatments"].select("product", "day", "cells_e6").rows() == [("BM-MNC", 0, 5200.0)]
    assert frames["medications"].select("drug", "start_day", "end_day", "daily_dose", "unit").rows() == [
        ("spironolactone", -9, 22, 100.0, "mg")
    ]
    assert frames["visits"]["avisit"].to_list() == ["Baseline", "Month 3"]


def test_a_plan_comes_back_from_its_study_toml(tmp_path):
    import tomllib

    assert parse_study(tomllib.loads(write_toml(PLAN)), "x").config == PLAN


def test_a_new_study_is_planned_on_screen_and_every_page_says_that_it_has_no_patients(tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    app = open_page(home, monkeypatch, "study/plan")
    app.text_input(key="plan_name").set_value("fresh").run()
    assert not app.exception
    app.button(key="plan_save").click().run()
    assert not app.exception
    for path in (
        "trial/cohort",
        "trial/survival",
        "study/quality",
        "study/corrections",
        "study/export",
        "study/cuts",
        "patient/profile",
    ):
        page = open_page(home, monkeypatch, path, study="fresh")
        assert not page.exception, path
        assert "no patient" in texts(page).lower() or "no subject" in texts(page).lower(), path


def test_a_finding_is_closed_with_a_reason_and_leaves_the_queries(store, tmp_path, monkeypatch):
    import shutil

    shutil.copytree(store.folder, tmp_path / "home")
    app = open_page(Home(tmp_path / "home"), monkeypatch, "study/quality", study=SIMULATED)
    assert not app.exception
    assert "open, 0 closed with a reason." in texts(app)
    from pages.shared.intake_quality import name_finding

    assert name_finding({"file_name": "a", "line": 1, "column": "b", "value": None, "reason": "c"})
