"""Notes, queries and review marks: kept beside the data, audited, and open again when a value changes."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.review import AGAIN, MARKS, OPEN, REVIEWED, Note, derive_reviews, digest_values, tabulate_marks
from data.audit import read_entries
from data.home import Home
from tests.test_architecture import ROOT
from tests.test_pages import open_page, texts

KIM = ROOT / "data" / "studies" / "kim-abmi"
COLUMNS = {
    "usubjid": pl.String, "paramcd": pl.String, "day": pl.Int32, "avisit": pl.String, "aval": pl.Float64, "avalc": pl.String,
    "reported": pl.String, "reported_unit": pl.String,
}  # fmt: skip


def values(*rows) -> pl.DataFrame:
    """Values of patient A's albumin: day and value."""
    return pl.DataFrame(
        [("A", "albumin", day, None, value, None, str(value), "g/dL") for day, value in rows], COLUMNS, orient="row"
    )


def mark_of(measurements) -> pl.DataFrame:
    row = digest_values(measurements).row(0, named=True)
    content = json.dumps({name: row[name] for name in ("usubjid", "paramcd", "digest")})
    import datetime

    return tabulate_marks([(content, "me", datetime.datetime(2026, 1, 2))])


@given(st.lists(st.tuples(st.integers(0, 300), st.floats(1, 6)), min_size=1, max_size=6), st.randoms())
def test_a_mark_holds_as_long_as_the_values_do_whatever_their_order(rows, random):
    now = values(*rows)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert derive_reviews(values(*shuffled), mark_of(now))["state"].to_list() == [REVIEWED]
    assert derive_reviews(now, pl.DataFrame(schema=MARKS))["state"].to_list() == [OPEN]
    for other in (
        [*rows, (301, 3.0)],
        [(rows[0][0], rows[0][1] + 0.5), *rows[1:]],
        [(rows[0][0] + 301, rows[0][1]), *rows[1:]],
    ):
        assert derive_reviews(values(*other), mark_of(now))["state"].to_list() == [AGAIN]


def test_a_mark_made_on_screen_falls_back_to_open_when_a_correction_changes_the_value(run, home, monkeypatch, tmp_path):
    assert run("import", KIM).exit_code == 0
    app = open_page(home, monkeypatch, "patient/profile", study="kim-abmi", usubjid="KIM-1", part="Notes and review")
    assert not app.exception
    button = next(item for item in app.button if item.label == "Mark all that is open as reviewed")
    button.click().run()
    assert not app.exception
    states = {
        (row["usubjid"], row["paramcd"]): row
        for row in json.loads(run("notes", "--study", "kim-abmi", "--table", "reviews", "--json").output)
    }
    assert states["KIM-1", "albumin"]["state"] == REVIEWED
    assert states["KIM-2", "albumin"]["state"] == OPEN
    folder = tmp_path / "kim-abmi"
    folder.mkdir()
    for path in KIM.iterdir():
        text = path.read_text(encoding="utf-8")
        (folder / path.name).write_text(
            text.replace(",2.6,", ",2.8,") if path.name == "kim_patients.csv" else text, encoding="utf-8"
        )
    assert run("import", folder).exit_code == 0
    states = {
        (row["usubjid"], row["paramcd"]): row["state"]
        for row in json.loads(run("notes", "--study", "kim-abmi", "--table", "reviews", "--json").output)
    }
    assert states["KIM-1", "albumin"] == AGAIN
    assert states["KIM-1", "bilirubin"] == REVIEWED
    assert "open again because a value changed" in texts(
        open_page(home, monkeypatch, "patient/review", study="kim-abmi")
    )


def test_a_query_on_a_value_is_asked_answered_listed_and_audited(run, home, monkeypatch):
    assert run("import", KIM).exit_code == 0
    revision = home.current()
    app = open_page(home, monkeypatch, "patient/profile", study="kim-abmi", usubjid="KIM-2", part="Notes and review")
    app.button_group(key="note_about").set_value("value").run()
    app.text_area(key="note_text").set_value("Is this <b>right</b>?")
    app.checkbox(key="note_query").check()
    next(item for item in app.button if item.key == "note_save").click().run()
    assert not app.exception
    assert "1** of them open queries" in texts(open_page(home, monkeypatch, "patient/review", study="kim-abmi"))
    app = open_page(home, monkeypatch, "patient/profile", study="kim-abmi", usubjid="KIM-2", part="Notes and review")
    box = next(item for item in app.text_input if (item.key or "").startswith("answer_"))
    box.set_value("Yes, seen in the source").run()
    next(item for item in app.button if item.label == "Close the query").click().run()
    rows = json.loads(run("notes", "--study", "kim-abmi", "--json").output)
    assert [(row["usubjid"], row["about"], row["answer"]) for row in rows] == [
        ("KIM-2", "value", "Yes, seen in the source")
    ]
    assert home.current() == revision  # notes are no data
    actions = [entry.action for entry in read_entries(home)]
    assert actions.count("save note") == 2
    assert "Is this" not in json.dumps([entry.details for entry in read_entries(home)])


def test_a_note_under_a_figure_stands_in_its_passport(run, home, monkeypatch):
    assert run("import", ROOT / "data" / "studies" / "mayo-pbc").exit_code == 0
    app = open_page(home, monkeypatch, "trial/survival", study="mayo-pbc")
    app.session_state["passport_survival"] = True  # a click on it
    app.run()
    app.text_area(key="note_mayo-pbc_survival").set_value("Cut at ten years for the report").run()
    next(item for item in app.button if item.key == "save_note_mayo-pbc_survival").click().run()
    assert not app.exception
    assert any("Cut at ten years" in item.value for item in app.text)
    assert any("Revision: hepatrace-000001" in item.value for item in app.text)
    assert any("cli.py survival --study mayo-pbc" in item.value for item in app.code)


def test_an_empty_note_is_not_saved(run, home, monkeypatch):
    assert run("import", KIM).exit_code == 0
    app = open_page(home, monkeypatch, "patient/profile", study="kim-abmi", usubjid="KIM-2", part="Notes and review")
    next(item for item in app.button if item.key == "note_save").click().run()
    assert json.loads(run("notes", "--study", "kim-abmi", "--json").output) == []


def test_what_was_noted_on_a_patient_goes_with_the_patient(run, home):
    from data.workspace import fetch_items, make_item, save_item

    assert run("import", KIM).exit_code == 0
    save_item(home, make_item("note", "kim-abmi", "n1", Note("patient", "doing well", "KIM-3").to_json()))
    save_item(home, make_item("note", "kim-abmi", "n2", Note("patient", "doing well", "KIM-4").to_json()))
    assert run("withdraw", "KIM-3", "--study", "kim-abmi", "--yes").exit_code == 0
    assert [item.name for item in fetch_items(Home(home.folder))] == ["n2"]


@pytest.mark.parametrize("text", ["Ünïcode ✓", "=1+1", "a\nb", "'; DROP TABLE item; --"])
def test_a_note_comes_back_as_it_was_written(text):
    assert Note.from_json(Note("patient", text, "A").to_json()).text == text
