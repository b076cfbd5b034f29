"""What an import decides: findings and fixes, updates, corrections, data cuts, a withdrawn consent."""

import json

import duckdb
import polars as pl
import pytest

from data import queries
from data.backup import back_up, restore, verify
from data.corrections import list_drafts, publish_corrections, save_draft
from data.cuts import (
    UnknownRevision,
    find_revision,
    list_cuts,
    list_prunable,
    list_revisions,
    pin_cut,
    prune,
    unpin_cut,
)
from data.cuts_compare import compare_revisions
from data.database import open_reader
from data.importers import screen
from data.importers.cells import FIXES
from data.importers.context import open_scratch
from data.importers.keep import keep_mappings
from data.importers.preview import preview_sources
from data.importers.readers.archive import NamedFile
from data.importers.recognize import propose
from data.importers.recognize.mappings import write_mappings
from data.importers.rejects import ORIGIN, REASON, collect_rejects
from data.importers.run import import_sources
from data.importers.screen import BadCorrection, Correction
from data.importers.sources import Source, open_file, order_sources
from data.importers.study_file import parse_study
from data.importers.updates import fetch_stored
from data.revisions import undo_last
from data.withdraw import UnknownSubject, mentions, withdraw
from data.workspace import fetch_items, make_item, save_item
from pages.shared import cache
from pages.shared.memory import SHELF
from tests.made_files import write_zip
from tests.test_pages import open_page

HEAD = "id,Infusion date,Visit date,T-Bil (mg/dL),D-Bil (mg/dL),Alb (g/dL),Crea (mg/dL),INR,AFP (ng/mL)\n"
BASE = [
    "P1,2024-01-10,2024-01-10,2.0,0.8,3.0,0.9,1.2,5", "P1,2024-01-10,2024-02-10,2.1,0.9,3.1,0.8,1.2,5",
    "P1,2024-01-10,2024-03-10,2.2,0.8,3.0,0.9,1.3,5", "P2,2024-02-01,2024-02-01,1.0,0.3,3.8,1.1,1.1,4",
]  # fmt: skip
PLAN = {"study": "trial", "title": "Trial", "time_zero": "infusion"}
VISITS = [
    {"avisit": "Baseline", "target": 0, "first": -30, "last": 0},
    {"avisit": "Month 3", "target": 91, "first": 60, "last": 120},
]


def open_sources(text: str, name: str = "labs.csv", fixes: pl.DataFrame | None = None) -> list[Source]:
    """A CSV file as sources of the study."""
    file = open_file(NamedFile(name, text.encode()))
    ((item),) = propose([(name, file.digest, table) for table in file.tables])
    given = {} if fixes is None else {"fixes": fixes.select(list(FIXES))}
    return order_sources(
        [Source(name, file.digest, item.table, "trial", one, **given) for one in write_mappings(item.reading, name)]
    )


@pytest.fixture
def plan():
    """The study."""
    return parse_study(PLAN, "test")


@pytest.fixture
def take(home, plan):
    """Import a CSV file; the values in the store by subject, parameter and day."""

    def take_(text: str, name: str = "labs.csv", fixes: pl.DataFrame | None = None) -> dict:
        sources = open_sources(text, name, fixes)
        import_sources(home, [keep_mappings(plan, [item.mapping for item in sources])], sources)
        return values(home)

    return take_


def values(home) -> dict:
    """Values by subject, parameter and day."""
    connection = open_reader(home, home.current())
    rows = queries.fetch_measurements(connection, "trial").to_dicts()
    connection.close()
    return {(row["usubjid"], row["paramcd"], row["day"]): row["aval"] for row in rows}


def changes(home) -> list[tuple]:
    """What was changed, old to new."""
    connection = open_reader(home, home.current())
    rows = (
        queries.fetch_changes(connection, "trial")
        .select("usubjid", "item", "before", "after", "cause", "reason")
        .rows()
    )
    connection.close()
    return rows


# A damaged fourth visit of P1: the finding, its level, the fix that is offered, what the fix gives.
DOUBTS = {
    "umol/L for mg/dL": ("P1,2024-01-10,2024-04-10,37.6,,,,,", "look", "17 times the median", ("bilirubin", 91, 2.19883)),
    "88.4 for creatinine": ("P1,2024-01-10,2024-04-10,,,,79.6,,", "stops", "impossible", ("creatinine", 91, 0.900452)),
    "g/L for g/dL": ("P1,2024-01-10,2024-04-10,,,30,,,", "stops", "impossible", ("albumin", 91, 3.0)),
    "PT % in the INR column": ("P1,2024-01-10,2024-04-10,,,,,65,", "stops", "impossible", ("pt_activity", 91, 65.0)),
    "a decimal comma beside points": ('P1,2024-01-10,2024-04-10,"2,125",,,,,', "stops", "can be read in two ways", ("bilirubin", 91, 2.125)),
    "direct above total": ("P1,2024-01-10,2024-04-10,1.0,1.5,,,,", "look", "direct bilirubin 1.5 is above the total 1.0", None),
    "a jump without a unit that fits": ("P1,2024-01-10,2024-04-10,14,,,,,", "look", "6.5 times the median", None),
    "an identical row": (BASE[0], "note", "the row repeats line 2", None),
    "a second value of the visit": ("P1,2024-01-10,2024-01-10,2.4,,,,,", "stops", "line 2 already says 2.0", None),
}  # fmt: skip


@pytest.mark.parametrize("damage", DOUBTS)
def test_a_doubt_has_its_level_its_sentence_and_a_fix_where_one_reading_is_left(damage, home, plan, take):
    row, level, sentence, fixed = DOUBTS[damage]
    text = HEAD + "\n".join([*BASE, row]) + "\n"
    preview = preview_sources(home, plan, open_sources(text))
    found = preview.findings.filter(pl.col("sentence").str.contains(sentence, literal=True), pl.col("line") == 6)
    assert found["level"].to_list()[:1] == [level]
    assert home.read_pointer() is None  # a preview writes nothing
    offered = found["proposal"].drop_nulls().to_list()
    assert bool(offered) == (fixed is not None), preview.findings
    if fixed:
        code, day, value = fixed
        own = preview.fixes.join(found.select("line", "column"), on=["line", "column"], how="semi")
        stored = take(text, fixes=own)
        assert stored["P1", code, day] == pytest.approx(value, abs=1e-5)
        ((_, _, before, _, cause, reason),) = [row for row in changes(home) if row[4] == "fix"][:1]
        assert (cause, bool(reason)) == ("fix", True)
        assert before.split()[0] in row  # what was reported stays beside it
        assert take(text + "P2,2024-02-01,2024-05-01,1.1,,,,,\n")["P1", code, day] == pytest.approx(value, abs=1e-5)


def test_an_exchanged_day_and_month_is_offered_where_the_date_then_falls_into_a_visit(home):
    plan = parse_study(PLAN | {"visits": VISITS}, "test")
    text = HEAD + "P1,2024-01-10,2024-01-10,2.0,,,,,\nP1,2024-01-10,2024-10-04,2.1,,,,,\n"  # 10 April was meant
    preview = preview_sources(home, plan, open_sources(text))
    (proposal,) = preview.findings["proposal"].drop_nulls().unique().to_list()
    assert proposal == "2024-10-04 read as 2024-04-10"
    said = "2024-10-04 is day 268, outside every visit; with day and month exchanged it is day 91"
    assert said in preview.findings["sentence"].to_list()
    import_sources(home, [plan], open_sources(text, fixes=preview.fixes))
    assert set(values(home)) == {("P1", "bilirubin", 0), ("P1", "bilirubin", 91)}


def test_values_before_birth_and_after_death_are_pointed_out(home, plan):
    head = "id,age,Infusion date,Visit date,Death date,T-Bil (mg/dL)\n"
    text = head + "P1,40,2024-01-10,1980-01-10,2024-02-01,2.0\nP1,40,2024-01-10,2024-03-10,2024-02-01,2.0\n"
    found = preview_sources(home, plan, open_sources(text)).findings.filter(pl.col("level") == "look")
    said = dict(found.select("line", "sentence").rows())
    assert said[2] == "day -16071 lies before the birth of this subject, who was 40.0 at day 0"
    assert said[3] == "measured on day 60, and the subject died on day 22"
    assert found["usubjid"].unique().to_list() == ["P1"]


def test_rejected_rows_go_out_whole_with_their_reasons_and_come_in_again_after_correction(home, plan, take, tmp_path):
    text = HEAD + "\n".join([*BASE, "P1,2024-01-10,2024-04-10,pending,,3.3,,,"]) + "\n"
    sources = open_sources(text)
    preview = preview_sources(home, plan, sources)
    file = open_file(NamedFile("labs.csv", text.encode()))
    rejects = collect_rejects(propose([("labs.csv", file.digest, file.tables[0])]), preview.rejected)
    assert rejects[ORIGIN].to_list() == [6]
    assert "“pending” is not a number" in rejects[REASON].item()
    take(text)
    corrected = rejects.with_columns(pl.lit("2.3").alias("T-Bil (mg/dL)")).write_csv()
    stored = take(corrected, "rejected-rows.csv")
    assert (stored["P1", "bilirubin", 91], stored["P1", "albumin", 91]) == (2.3, 3.3)


def test_a_value_that_was_not_done_is_kept_as_such_until_it_comes(home, take):
    take(HEAD + "P1,2024-01-10,2024-01-10,n.d.,,3.0,,,\n")
    connection = open_reader(home, home.current())
    assert queries.fetch_not_done(connection, "trial").select("usubjid", "paramcd", "reported").rows() == [
        ("P1", "bilirubin", "n.d.")
    ]
    connection.close()
    assert take(HEAD + "P1,2024-01-10,2024-01-10,2.0,,3.0,,,\n")["P1", "bilirubin", 0] == 2.0
    connection = open_reader(home, home.current())
    assert queries.fetch_not_done(connection, "trial").is_empty()
    connection.close()


def test_corrections_are_drafted_checked_and_published_together_with_their_reasons(home, take):
    take(HEAD + "\n".join(BASE) + "\n")
    before = home.current()
    save_draft(home, "trial", Correction("P1", "albumin", 0, "", "31", "g/L", "typing error"))
    save_draft(home, "trial", Correction("P1", "bilirubin", 60, "", "", "", "wrong patient"))
    save_draft(home, "trial", Correction("P2", "sodium", 0, "", "138", "mmol/L", "entered late"))
    assert home.current() == before
    assert len(list_drafts(home, "trial")) == 3
    publish_corrections(home, "trial")
    stored = values(home)
    assert (stored["P1", "albumin", 0], stored["P2", "sodium", 0]) == (3.1, 138.0)
    assert ("P1", "bilirubin", 60) not in stored
    assert set(changes(home)) == {
        ("P1", "albumin", "3.0 g/dL", "31 g/L", "correction", "typing error"),
        ("P1", "bilirubin", "2.2 mg/dL", None, "correction", "wrong patient"),
        ("P2", "sodium", None, "138 mmol/L", "correction", "entered late"),
    }
    assert list_drafts(home, "trial") == []
    entry = json.loads(
        next(line for line in home.audit_file.read_text().splitlines() if '"action": "correction"' in line)
    )
    assert set(entry["details"]) == {"batch", "study", "values", "revision", "sha256"}  # never a clinical value
    # The same export again does not bring the wrong value back.
    assert take(HEAD + "\n".join([*BASE, "P2,2024-02-01,2024-03-01,1.0,,,,,"]) + "\n")["P1", "albumin", 0] == 3.1
    undo_last(home)
    undo_last(home)
    assert values(home)["P1", "albumin", 0] == 3.0


def test_a_correction_reads_the_values_of_its_patients_only(home, take, monkeypatch):
    """In a study of millions of values the others would not fit into memory."""
    take(HEAD + "\n".join(BASE) + "\n")
    with open_reader(home, home.current()) as connection:
        everybody = fetch_stored(connection, "trial", "measurements")
        own = fetch_stored(connection, "trial", "measurements", ["P1"])
        assert own.equals(everybody.filter(pl.col("usubjid") == "P1"))
        assert 0 < own.height < everybody.height
        with open_scratch(connection, "trial", ["P2"]) as scratch:
            query = "SELECT DISTINCT usubjid FROM measurements ORDER BY usubjid"
            assert scratch.execute(query).fetchall() == [("P2",)]
    read: list[int] = []

    def watch(*given):
        rows = fetch_stored(*given)
        read.append(rows.height)
        return rows

    monkeypatch.setattr(screen, "fetch_stored", watch)
    save_draft(home, "trial", Correction("P1", "albumin", 0, "", "31", "g/L", "typing error"))
    publish_corrections(home, "trial")
    assert read
    assert max(read) <= own.height


BAD = [
    (Correction("P1", "albumin", 0, "", "3.0", "g/dL", "why"), "nothing to correct"),
    (Correction("P1", "albumin", 0, "", "3.4", "g/dL", " "), "say why"),
    (Correction("P1", "albumin", None, "", "3.4", "g/dL", "why"), "say the day or the visit"),
    (Correction("P1", "albumin", 0, "", "34", "g/dL", "why"), "impossible"),
    (Correction("P9", "albumin", 0, "", "3.4", "g/dL", "why"), "no subject “P9”"),
    (Correction("P1", "albumin", 0, "", "soon", "g/dL", "why"), "is not a number"),
    (Correction("P1", "albumin", 999, "", "", "", "why"), "nothing to correct"),
]


@pytest.mark.parametrize(("correction", "sentence"), BAD)
def test_a_correction_that_cannot_be_is_refused_before_it_is_drafted(correction, sentence, home, take):
    take(HEAD + "\n".join(BASE) + "\n")
    with pytest.raises(BadCorrection, match=sentence):
        save_draft(home, "trial", correction)
    assert list_drafts(home, "trial") == []


def test_a_data_cut_keeps_its_revision_through_pruning_and_two_cuts_are_compared(home, take, run):
    take(HEAD + "\n".join(BASE) + "\n")
    pin_cut(home, "DSMB 1", home.current())
    for day in (11, 12, 13):
        take(HEAD + "\n".join([*BASE, f"P1,2024-01-10,2024-04-{day},2.{day},,,,,"]) + "\n")
    take(HEAD.replace("INR", "PT-INR") + "\n".join(BASE).replace("3.8", "3.9") + "\n")
    first = find_revision(home, "DSMB 1")
    found = compare_revisions(home, "trial", first, home.current())
    assert found.filter(pl.col("what") == "changed").select("usubjid", "item", "day", "old", "new").rows() == [
        ("P2", "albumin", 0, "3.8 g/dL", "3.9 g/dL")
    ]
    assert found.filter(pl.col("what") == "new").height == 3
    gone = list_prunable(home, 1)
    assert first not in gone
    assert prune(home, 1) == gone
    assert set(list_revisions(home)["revision"]) == {first, *home.revisions()}
    assert verify(home)
    with pytest.raises(UnknownRevision, match="already"):
        pin_cut(home, "DSMB 1", home.current())
    unpin_cut(home, "DSMB 1")
    assert list_cuts(home) == {}
    assert run("cuts", "compare", first, home.current(), "--study", "trial").exit_code == 0


def count_places(home, word: bytes) -> int:
    """How many files of a store hold a word, whether as bytes or in a table."""
    found = 0
    for path in home.folder.iterdir():
        told = path.read_bytes()
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                tables = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
                told += "".join(
                    str(connection.execute(f"SELECT * FROM {table}").fetchall()) for table in tables
                ).encode()
        found += word in told
    return found


def test_a_withdrawn_consent_leaves_no_trace_but_a_hash_and_names_the_backups(home, take, tmp_path, run):
    take(HEAD + "\n".join(BASE).replace("P1", "PX-4711") + "\n")
    pin_cut(home, "DSMB 1", home.current())
    back_up(home, tmp_path / "old.zip")
    take(HEAD + "\n".join([*BASE, "PX-4711,2024-01-10,2024-05-10,soon,,,,,"]).replace("P1,", "PX-4711,") + "\n")
    save_item(home, make_item("note", "trial", "look at PX-4711", json.dumps({"usubjid": "PX-4711"})))
    save_item(home, make_item("note", "trial", "other", json.dumps({"usubjid": "PX-47110"})))
    assert count_places(home, b"PX-4711") >= 3
    done = withdraw(home, "trial", "PX-4711")
    assert (done.revisions, done.items, done.backups) == (2, 1, ("old.zip",))
    for path in home.folder.glob("*.duckdb"):
        assert b"PX-4711," not in path.read_bytes()
    assert count_places(home, b"PX-4711'") == 0
    assert [item.name for item in fetch_items(home) if item.kind == "note"] == ["other"]
    assert verify(home)
    assert "PX-4711" not in home.audit_file.read_text()
    assert find_revision(home, "DSMB 1") in home.revisions()
    assert {key[0] for key in values(home)} == {"P2"}
    # Neither the same file nor the backup brings the subject back.
    take(HEAD + "\n".join(BASE).replace("P1", "PX-4711") + "\n", "again.csv")
    restore(home, tmp_path / "old.zip")
    assert {key[0] for key in values(home)} == {"P2"}
    with pytest.raises(UnknownSubject):
        withdraw(home, "trial", "PX-4711")


def test_after_a_withdrawal_on_the_page_nothing_computed_before_is_kept(home, take, monkeypatch):
    """An older revision keeps its name and is another file now: what was read of it may name the subject."""
    take(HEAD + "\n".join(BASE) + "\n")
    take("id,Visit date,Na (mmol/L)\nP1,2024-01-10,140\n", "sodium.csv")
    stamp = cache.Stamp(str(home.folder.resolve()), home.revisions()[0])
    known = cache.cached_config(stamp, "trial")
    app = open_page(home, monkeypatch, "study/cuts", study="trial")
    answers = set(SHELF.answers)
    for key in ("withdraw_id", "withdraw_again"):
        app.text_input(key=key).set_value("P1")
    next(item for item in app.button if item.label == "Erase for good").click().run()
    assert not app.exception
    assert cache.cached_config(stamp, "trial") is not known
    assert not answers & set(SHELF.answers)
    assert {key[0] for key in values(home)} == {"P2"}


def test_an_older_batch_is_taken_out_on_the_page_and_a_large_upload_is_refused_in_a_sentence(home, take, monkeypatch):
    from data.importers.text import UnreadableFile
    from pages.shared import intake

    take(HEAD + "\n".join(BASE) + "\n")
    take("id,Visit date,Na (mmol/L)\nP1,2024-01-10,140\n", "sodium.csv")
    assert ("P1", "sodium", 0) in values(home)
    app = open_page(home, monkeypatch, "study/cuts", study="trial")
    connection = open_reader(home, home.current())
    batch = (
        queries.fetch_batches(connection, "trial")
        .filter(pl.col("file_name") == "sodium.csv", pl.col("kind") == "measurements")["batch"]
        .item()
    )
    connection.close()
    app.selectbox(key="undo_batch").set_value(batch).run()
    app.button(key="undo_batch_do").click().run()
    assert not app.exception
    assert ("P1", "sodium", 0) not in values(home)
    assert ("P1", "bilirubin", 0) in values(home)
    monkeypatch.setattr(intake, "MOST_UPLOADED", 10)
    with pytest.raises(UnreadableFile, match="The terminal takes any size"):
        intake.check_size("labs.csv", 11)


def test_what_a_batch_replaced_comes_back_when_it_is_taken_out(home, take):
    from data.undo import UnknownBatch, undo_batch

    take(HEAD + "\n".join(BASE) + "\n")
    changed = HEAD + "\n".join(BASE).replace("P2,2024-02-01,2024-02-01,1.0", "P2,2024-02-01,2024-02-01,1.4") + "\n"
    assert take(changed)["P2", "bilirubin", 0] == 1.4
    take("id,Visit date,Na (mmol/L)\nP1,2024-01-10,140\n", "sodium.csv")
    connection = open_reader(home, home.current())
    batches = queries.fetch_batches(connection, "trial").filter(pl.col("kind") == "measurements")
    connection.close()
    second = batches.sort("batch")["batch"][1]
    undo_batch(home, second)
    assert values(home)["P2", "bilirubin", 0] == 1.0
    assert values(home)["P1", "sodium", 0] == 140.0
    assert values(home)["P1", "bilirubin", 0] == 2.0
    take(changed)
    take(
        HEAD + "\n".join(BASE).replace("P1,2024-01-10,2024-01-10,2.0", "P1,2024-01-10,2024-01-10,2.6") + "\n",
        "labs2.csv",
    )
    prune(home, 1)
    connection = open_reader(home, home.current())
    batch = (
        queries.fetch_batches(connection, "trial").filter(pl.col("kind") == "measurements").sort("batch")["batch"][2]
    )
    connection.close()
    with pytest.raises(UnknownBatch, match="was pruned"):
        undo_batch(home, batch)


def test_a_text_mentions_a_subject_and_not_one_whose_name_begins_alike():
    assert mentions('{"usubjid": "P1"}', "P1")
    assert not mentions('{"usubjid": "P10"}', "P1")
    assert not mentions("XP1", "P1")
    assert mentions("P10 and P1", "P1")


def test_the_next_export_under_another_name_adds_no_mapping(plan):
    may, june = (
        [item.mapping for item in open_sources(HEAD + BASE[0] + "\n", name)] for name in ("may.csv", "june.csv")
    )
    once = keep_mappings(plan, may)
    assert keep_mappings(once, june).config == once.config


def test_a_zip_of_several_files_makes_one_revision(run, home, tmp_path):
    files = {"patients.csv": b"id,sex,age\nP1,f,50\n", "labs.csv": b"id,day,T-Bil (mg/dL)\nP1,0,2.0\nP9,0,2.0\n"}
    (tmp_path / "all.zip").write_bytes(write_zip(files))
    result = run("create", tmp_path / "all.zip", "--study", "trial", "--title", "T", "--day-0", "infusion")
    assert "no subject “P9” is in this study" in result.stdout
    assert len(home.revisions()) == 1
    assert values(home) == {("P1", "bilirubin", 0): 2.0}


def test_open_questions_are_listed_in_the_terminal_with_how_they_are_answered(run, home, tmp_path):
    (tmp_path / "a.csv").write_text("id,sex,days,status\nP1,0,100,2\nP2,1,90,1\n")
    result = run("create", tmp_path / "a.csv", "--study", "trial", "--title", "T", "--day-0", "infusion")
    assert result.exit_code == 1
    assert '--answer "sex=0:…,1:…"' in result.stderr
    assert home.read_pointer() is None
    shown = run("recognize", tmp_path / "a.csv", "--json")
    assert [row["read as"] for row in json.loads(shown.stdout)][:2] == ["subject: identifier", "subject: sex"]
    wrong = run(
        "create", tmp_path / "a.csv", "--study", "trial", "--title", "T", "--day-0", "infusion", "--answer", "age=3"
    )
    assert "no question is about 'age'" in wrong.stderr


def test_a_fix_belongs_to_its_sheet_and_leaves_the_same_line_of_another_alone(home, plan):
    import io

    import openpyxl

    from data.importers.recognize.mappings import write_mappings as write

    book = openpyxl.Workbook()
    book.active.title = "A"
    for name, sheet in (("A", book.active), ("B", book.create_sheet("B"))):
        sheet.append(
            ["id", "Visit day", "Alb (g/dL)"] if name == "A" else ["id", "Visit day", "Alb (g/dL)", "Na (mmol/L)"]
        )
        for day in (0, 30, 60):
            sheet.append([name, day, 3.0] + ([140] if name == "B" else []))
        sheet.append([name, 90, 31])
    file_bytes = io.BytesIO()
    book.save(file_bytes)
    file = open_file(NamedFile("two.xlsx", file_bytes.getvalue()))
    proposals = propose([("two.xlsx", file.digest, table) for table in file.tables])

    def sources(fixes: pl.DataFrame) -> list[Source]:
        made = []
        for item in proposals:
            own = fixes.filter(pl.col("file") == item.label).select(list(FIXES)) if fixes.height else fixes
            given = {"fixes": own} if own.height else {}
            made += [
                Source(item.file, item.digest, item.table, "trial", one, **given)
                for one in write(item.reading, item.file, item.table.sheet)
            ]
        return order_sources(made)

    plain = preview_sources(home, plan, sources(pl.DataFrame()))
    assert plain.fixes["file"].to_list() == ["two.xlsx, A", "two.xlsx, B"]
    import_sources(home, [plan], sources(plain.fixes.filter(pl.col("file") == "two.xlsx, A")))
    stored = values(home)
    assert stored["A", "albumin", 90] == 3.1
    assert ("B", "albumin", 90) not in stored


def test_on_the_page_too_a_table_without_subjects_is_refused_where_the_study_has_some():
    from data.importers.recognize.answers import edit
    from data.importers.text import UnreadableFile
    from pages.shared.intake import Draft, check_subjects

    file = open_file(NamedFile("labs.csv", b"nr.,day,Alb (g/dL)\nP1,0,3.0\n"))
    (item,) = propose([("labs.csv", file.digest, table) for table in file.tables])
    loose = edit(item.reading, "nr.", "")
    with pytest.raises(UnreadableFile, match="no column names the subject"):
        check_subjects([(Draft(item, ()), loose)], known=5)
    check_subjects([(Draft(item, ()), loose)], known=0)
    check_subjects([(Draft(item, ()), edit(loose, "nr.", "usubjid"))], known=5)
