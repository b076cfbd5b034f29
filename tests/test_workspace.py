"""What users save: filters and rules by name, kept beside the revisions, in backups, and noted in the audit log."""

import json
import multiprocessing
from datetime import datetime

import pytest

from data.audit import check_audit
from data.backup import back_up, restore, verify
from data.home import Home
from data.importers.run import import_paths
from data.revisions import hold_lock
from data.workspace import BadName, Item, fetch_items, make_item, remove_item, save_item
from tests.test_architecture import ROOT

AHD = ROOT / "data" / "studies" / "ahd"


def names(home: Home) -> list[tuple[str, str]]:
    """Names and contents saved."""
    return [(item.name, item.content) for item in fetch_items(home)]


def test_what_is_saved_is_read_again_and_a_name_is_replaced(home):
    assert fetch_items(home) == []
    assert save_item(home, make_item("filter", "ahd", " Placebo ", '{"a": 1}'))
    assert save_item(home, make_item("filter", "ahd", "Placebo", '{"a": 2}'))
    assert save_item(home, make_item("rule", "ahd", "Placebo", "{}"))
    assert names(home) == [("Placebo", '{"a": 2}'), ("Placebo", "{}")]
    assert remove_item(home, make_item("rule", "ahd", "Placebo", ""))
    assert names(home) == [("Placebo", '{"a": 2}')]


def test_a_name_is_text_and_never_sql(home):
    for name in ("'; DROP TABLE item; --", "=1+1", "名前"):
        assert save_item(home, make_item("filter", "ahd", name, "{}"))
    assert len(names(home)) == 3
    for name in ("", "   ", "x" * 81):
        with pytest.raises(BadName, match="1 to 80 characters"):
            save_item(home, make_item("filter", "ahd", name, "{}"))


def test_saving_is_noted_without_content_and_does_not_break_the_proof(home):
    import_paths(home, [AHD])
    save_item(home, make_item("filter", "ahd", "severe", json.dumps({"bilirubin": 17.3})))
    remove_item(home, make_item("filter", "ahd", "severe", ""))
    entries = check_audit(home)
    assert [entry.action for entry in entries][-2:] == ["save filter", "remove filter"]
    # The name may hold a subject's identifier, and the log is never rewritten: it stands there as a keyed hash.
    assert entries[-1].details["study"] == "ahd"
    assert "severe" not in home.audit_file.read_text()
    assert "17.3" not in home.audit_file.read_text()
    assert verify(home)
    import_paths(home, [ROOT / "data" / "studies" / "kim-abmi"])  # the next writer finds nothing to clear
    assert verify(home)


def test_while_another_writes_nothing_is_saved_and_that_is_said(home, monkeypatch):
    monkeypatch.setattr("data.workspace.PATIENCE", 0.3)
    with hold_lock(home):
        assert save_item(home, make_item("filter", "ahd", "x", "{}")) is False
    assert names(home) == []
    assert save_item(home, make_item("filter", "ahd", "x", "{}")) is True


def save_many(folder: str, who: str) -> None:
    """Save ten items, as another process."""
    from pathlib import Path

    for number in range(10):
        assert save_item(Home(Path(folder)), make_item("filter", "ahd", f"{who} {number}", "{}"))


def test_two_people_who_save_at_once_lose_nothing(home, monkeypatch):
    home.folder.mkdir(parents=True)
    context = multiprocessing.get_context("spawn")
    people = [context.Process(target=save_many, args=(str(home.folder), who)) for who in ("first", "second")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert [person.exitcode for person in people] == [0, 0]
    assert len(names(home)) == 20


def test_a_backup_brings_saved_things_back_and_keeps_newer_ones(home, tmp_path):
    import_paths(home, [AHD])
    save_item(home, make_item("filter", "ahd", "old", "1"))
    save_item(home, make_item("filter", "ahd", "lost", "1"))
    back_up(home, tmp_path / "backup.zip")
    remove_item(home, make_item("filter", "ahd", "lost", ""))
    save_item(home, make_item("filter", "ahd", "old", "2"))
    restore(home, tmp_path / "backup.zip")
    assert names(home) == [("lost", "1"), ("old", "2")]
    other = Home(tmp_path / "other")
    restore(other, tmp_path / "backup.zip")
    assert names(other) == [("lost", "1"), ("old", "1")]


def test_an_item_says_who_made_it_and_when(home, monkeypatch):
    monkeypatch.setenv("HEPATRACE_USER", "Dr. Who")
    save_item(home, make_item("filter", "ahd", "x", "{}"))
    item = fetch_items(home)[0]
    assert isinstance(item, Item)
    assert item.who == "Dr. Who"
    assert (datetime.now() - item.saved_at).days <= 1
