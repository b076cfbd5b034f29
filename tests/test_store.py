"""The store: readers never see half an import, nothing is lost, and changes by hand are noticed."""

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl
import pytest

from data import queries
from data.audit import BrokenAudit, check_audit, read_entries
from data.backup import verify
from data.cuts import prune
from data.database import open_reader
from data.home import DamagedStore, Home, find_user
from data.importers.run import import_paths
from data.integrity import BrokenIntegrity, check_integrity
from data.revisions import StoreBusy, hold_lock, undo_last, write_revision
from data.setup import STUDIES, bring_up_to_date, is_outdated
from data.simulate import simulate_trial

ROOT = Path(__file__).parent.parent
KIM, AHD = STUDIES / "kim-abmi", STUDIES / "ahd"
KILLS = 50
# Loads what an import needs once, and at each line makes a copy of itself that imports the folder named there, so that
# a kill falls into the import and not into Python's start.
PARENT = """
import os, sys, cli, commands.intake
for line in sys.stdin:
    child = os.fork()
    if not child:
        os.setsid()
        sys.stdout = open(os.devnull, "w")
        cli.main(["import", line.strip()])
    print(child, flush=True)
    os.waitpid(child, 0)
    print("over", flush=True)
"""


def count(home: Home) -> dict[str, int]:
    """Measurements by study, through a reader of the current revision."""
    connection = open_reader(home, home.current())
    try:
        return dict(queries.fetch_studies(connection).select("study", "measurements").rows())
    finally:
        connection.close()


@pytest.fixture
def kim(home) -> Home:
    """A store with the Kim study."""
    import_paths(home, [KIM])
    return home


@contextmanager
def start_parent(home: Home) -> Iterator[subprocess.Popen[str]]:
    """A process that imports folders into a store, each in a copy of itself."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], text=True, cwd=ROOT, env={**os.environ, "HEPATRACE_HOME": str(home.folder)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with parent:
        yield parent
        assert parent.stdin is not None
        parent.stdin.close()


def kill_import(parent: subprocess.Popen[str], folder: Path, delay: float) -> bool:
    """Start an import in another process and kill it after a delay; whether it was still running."""
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(f"{folder}\n")
    parent.stdin.flush()
    child = int(parent.stdout.readline())
    time.sleep(delay)
    running = not select.select([parent.stdout], [], [], 0)[0]
    if running:
        os.kill(child, signal.SIGKILL)
    parent.stdout.readline()
    return running


def test_an_import_killed_at_50_instants_leaves_the_last_revision_and_a_rerun_completes_it(kim, tmp_path):
    folder = simulate_trial(40, 7, tmp_path)
    before, start = count(kim), time.monotonic()
    import_paths(kim, [folder])
    whole, duration = count(kim), time.monotonic() - start
    undo_last(kim)
    chance = random.Random(20_240_229)
    hit = 0
    with start_parent(kim) as parent:
        for _ in range(KILLS):
            hit += kill_import(parent, folder, chance.uniform(0, 1.3 * duration))
            seen = count(kim)
            assert seen in (before, whole)
            verify(kim)
            import_paths(kim, [folder])
            assert count(kim) == whole
            undo_last(kim)
            assert count(kim) == before
            prune(kim, 1)  # two hundred revisions would be hashed again at every proof
    assert hit >= KILLS // 2  # most kills fell into a running import
    assert not list(kim.folder.glob(".*"))


def test_a_reader_keeps_its_revision_while_another_is_published(kim):
    connection = open_reader(kim, kim.current())
    import_paths(kim, [AHD])
    assert queries.fetch_studies(connection)["study"].to_list() == ["kim-abmi"]
    connection.close()
    assert count(kim) == {"kim-abmi": 41, "ahd": 288}


def test_two_writers_at_once_are_not_possible(kim):
    with hold_lock(kim), pytest.raises(StoreBusy, match="another import is running"):
        import_paths(kim, [AHD])


def test_a_change_that_raises_leaves_nothing(kim):
    before = kim.revisions()

    def fail(connection, revision):
        connection.execute("DELETE FROM subjects")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        write_revision(kim, "fail", fail)
    assert kim.revisions() == before
    assert count(kim) == {"kim-abmi": 41}


def test_undo_takes_back_the_last_import_and_the_next_one_gets_a_new_name(kim, run):
    import_paths(kim, [AHD])
    result = run("undo")
    assert result.exit_code == 0
    assert count(kim) == {"kim-abmi": 41}
    assert import_paths(kim, [AHD]).revision == "hepatrace-000003"
    assert run("undo").exit_code == 0
    assert run("undo").exit_code == 1


def test_an_older_batch_is_taken_out_by_a_revision_without_it(kim, run):
    import_paths(kim, [AHD])
    connection = open_reader(kim, kim.current())
    batches = queries.fetch_batches(connection, "kim-abmi").filter(pl.col("file_name") == "kim_fibrosis_index.csv")
    connection.close()
    assert run("undo", "--batch", batches["batch"][0]).exit_code == 0
    assert count(kim) == {"kim-abmi": 31, "ahd": 288}
    assert import_paths(kim, [KIM]).revision is not None
    assert count(kim) == {"kim-abmi": 41, "ahd": 288}


def test_a_batch_that_others_rest_on_is_not_taken_out(kim, run):
    result = run("undo", "--batch", 1)
    assert result.exit_code == 1
    assert "belong to a subject that is not there" in result.stderr
    assert run("undo", "--batch", 99).exit_code == 1


def test_verify_proves_an_untouched_store(kim, run):
    assert run("verify").exit_code == 0
    assert len(verify(kim)) == 3


def change_line(home: Home) -> None:
    """Say that somebody else did it."""
    text = home.audit_file.read_text(encoding="utf-8")
    home.audit_file.write_text(text.replace(json.dumps(find_user()), '"nobody"', 1), encoding="utf-8")


def remove_first_line(home: Home) -> None:
    """Make the first import vanish."""
    home.audit_file.write_text("".join(home.audit_file.read_text().splitlines(keepends=True)[1:]), encoding="utf-8")


def remove_last_line(home: Home) -> None:
    """Make the last import vanish."""
    home.audit_file.write_text("".join(home.audit_file.read_text().splitlines(keepends=True)[:-1]), encoding="utf-8")


def forge_with_another_key(home: Home) -> None:
    """Sign with a key of one's own."""
    home.key_file.write_text("0" * 64)


@pytest.mark.parametrize("tamper", [change_line, remove_first_line, remove_last_line, forge_with_another_key])
def test_verify_notices_a_changed_audit_log(kim, run, tamper):
    import_paths(kim, [AHD])
    tamper(kim)
    with pytest.raises(BrokenAudit):
        check_audit(kim)
    result = run("verify")
    assert result.exit_code == 1
    assert "audit log" in result.stderr


def test_verify_notices_a_changed_revision(kim):
    with duckdb.connect(str(kim.revision_file(kim.current()))) as connection:
        connection.execute("UPDATE measurement SET aval = 1 WHERE paramcd = 'albumin'")
    with pytest.raises(DamagedStore, match="was changed after it was published"):
        verify(kim)


def test_the_audit_log_names_who_did_what_and_never_a_clinical_value(kim, run, tmp_path):
    run("export", "--study", "kim-abmi", "--out", tmp_path / "out")
    entries = read_entries(kim)
    assert [entry.action for entry in entries] == ["import", "export"]
    assert entries[0].who == find_user()
    allowed = {
        "batches",
        "studies",
        "revision",
        "sha256",
        "study",
        "undone",
        "batch",
        "file",
        "of",
        "reason",
        "format",
        "de_identified",
    }
    assert {key for entry in entries for key in entry.details} <= allowed


def test_a_torn_last_line_of_the_audit_log_is_cleared_by_the_next_writer(kim):
    with kim.audit_file.open("a") as file:
        file.write('{"number": 2, "who"')
    import_paths(kim, [AHD])
    assert [entry.action for entry in check_audit(kim)] == ["import", "import"]


def test_every_measurement_names_its_file_and_line(store):
    connection = open_reader(store, store.current())
    for study in queries.fetch_studies(connection)["study"]:
        rows = queries.fetch_measurements(connection, study)
        assert rows["file_name"].null_count() == 0
        assert rows["line"].min() >= 2
        assert rows["reported"].null_count() == 0
    connection.close()


def test_a_measurement_leads_back_to_the_cell_of_the_source(store):
    # Line 9 of mayo_pbcseq.csv is the first visit of patient 2 but one; the file is read here on its own.
    connection = open_reader(store, store.current())
    rows = queries.fetch_measurements(connection, "mayo-pbc").filter(pl.col("paramcd") == "bilirubin")
    source = (STUDIES / "mayo-pbc" / "mayo_pbcseq.csv").read_text().splitlines()
    header = source[0].replace('"', "").split(",")
    for row in rows.sample(200, seed=1).iter_rows(named=True):
        cells = dict(zip(header, source[row["line"] - 1].split(","), strict=True))
        assert float(cells["bili"]) == row["aval"]
        assert f"PBC-{int(cells['id']):03d}" == row["usubjid"]
        assert int(cells["day"]) == row["day"]
    connection.close()


def test_the_long_table_is_sorted_has_an_enum_and_no_key(store):
    connection = open_reader(store, store.current())
    rows = connection.execute("SELECT study, paramcd, subject, day FROM measurement").fetchall()
    order = "SELECT study, paramcd, subject, day FROM measurement ORDER BY study, paramcd, subject, day, avisit, line"
    assert rows == connection.execute(order).fetchall()
    column = (
        "SELECT data_type FROM duckdb_columns() WHERE table_name = 'measurement' AND column_name = 'paramcd' ORDER BY 1"
    )
    assert connection.execute(column).fetchall()[0][0].startswith("ENUM")
    assert connection.execute("SELECT count(*) FROM duckdb_indexes() ORDER BY 1").fetchall() == [(0,)]
    connection.close()


def test_a_reader_can_neither_write_nor_reach_other_files(kim):
    connection = open_reader(kim, kim.current())
    for query in ("DELETE FROM subjects", "SELECT * FROM read_csv('/etc/passwd')", "SET enable_external_access = true"):
        with pytest.raises(duckdb.Error):
            connection.execute(query)
    connection.close()


def test_integrity_forbids_the_same_value_twice(kim):
    def double(connection, revision):
        connection.execute("INSERT INTO measurement SELECT * FROM measurement")
        check_integrity(connection)
        return {}

    with pytest.raises(BrokenIntegrity, match="listed twice"):
        write_revision(kim, "double", double)


def test_integrity_looks_at_the_subjects_of_a_new_batch(kim):
    """As a correction asks for: a value that came with it twice is found, and where none did nothing is said."""

    def double(connection, revision):
        batch, subject = connection.execute("SELECT batch, subject FROM measurement ORDER BY 1, 2").fetchall()[0]
        check_integrity(connection, batch)
        connection.execute(
            "INSERT INTO measurement SELECT * FROM measurement WHERE subject = $subject", {"subject": subject}
        )
        check_integrity(connection, batch)
        return {}

    with pytest.raises(BrokenIntegrity, match="listed twice"):
        write_revision(kim, "double", double)


def test_an_export_imports_again_to_the_same_rows(store, tmp_path, run, monkeypatch, home):
    for study in count(store):
        connection = open_reader(store, store.current())
        from data.exports.study import export_study

        export_study(connection, study, tmp_path)
        assert import_paths(home, [tmp_path / study]).rejected == 0
        again = open_reader(home, home.current())
        for fetch in (queries.fetch_subjects, queries.fetch_events, queries.fetch_treatments, queries.fetch_medications,
                      queries.fetch_visits, queries.fetch_statements, queries.fetch_protocol):  # fmt: skip
            new, old = (fetch(item, study).drop("file_name", "line", strict=False) for item in (again, connection))
            assert new.sort(new.columns).equals(old.sort(old.columns)), fetch.__name__
        ours, theirs = (
            queries.fetch_measurements(item, study).drop("file_name", "line", "batch") for item in (again, connection)
        )
        assert ours.sort(ours.columns).equals(theirs.sort(theirs.columns))
        again.close()
        connection.close()


def test_exports_of_simulated_data_say_so(store, tmp_path, run, monkeypatch):
    monkeypatch.setenv("HEPATRACE_HOME", str(store.folder))
    result = run("export", "--study", "SIMULATED-abmi-60-s1", "--out", tmp_path)
    assert all("SIMULATED" in line for line in result.stdout.splitlines())
    assert "SIMULATED" in (tmp_path / "SIMULATED-abmi-60-s1" / "study.toml").read_text()


def test_a_cell_that_looks_like_a_formula_is_made_harmless():
    from data.exports.safe import make_harmless

    table = pl.DataFrame({"text": ["=1+1", "@x", "-3.5", "+5", "fine"], "number": [1, 2, 3, 4, 5]})
    assert make_harmless(table)["text"].to_list() == ["'=1+1", "'@x", "-3.5", "+5", "fine"]


def test_a_backup_restores_into_an_empty_store_and_over_another(kim, run, tmp_path, monkeypatch):
    assert run("backup", tmp_path / "b.zip").exit_code == 0
    assert run("backup", tmp_path / "b.zip").exit_code == 1  # never overwrites
    import_paths(kim, [AHD])
    assert run("restore", tmp_path / "b.zip").exit_code == 0
    assert count(kim) == {"kim-abmi": 41}
    assert run("undo").exit_code == 0
    assert count(kim) == {"kim-abmi": 41, "ahd": 288}
    monkeypatch.setenv("HEPATRACE_HOME", str(tmp_path / "other"))
    assert run("restore", tmp_path / "b.zip").exit_code == 0
    assert count(Home(tmp_path / "other")) == {"kim-abmi": 41}
    assert run("verify").exit_code == 0


@pytest.mark.parametrize("content", [b"", b"PK", b"soup"])
def test_what_is_no_backup_is_refused(kim, run, tmp_path, content):
    (tmp_path / "b.zip").write_bytes(content)
    assert "is no backup" in run("restore", tmp_path / "b.zip").stderr
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("hepatrace.duckdb", content)
    duckdb.connect(str(tmp_path / "foreign.duckdb")).close()
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.write(tmp_path / "foreign.duckdb", "hepatrace.duckdb")
    assert "is no backup" in run("restore", tmp_path / "d.zip").stderr
    result = run("restore", tmp_path / "c.zip")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert count(kim) == {"kim-abmi": 41}


def test_a_current_store_needs_no_migration_and_an_old_one_gets_it(kim):
    assert not is_outdated(kim)

    def forget(connection, revision):
        connection.execute("UPDATE schema_migration SET number = 0")
        return {}

    write_revision(kim, "forget", forget)
    assert is_outdated(kim)
    with pytest.raises(duckdb.Error):  # the tables are there: the migration cannot make them again, and nothing stays
        bring_up_to_date(kim)
    assert count(kim) == {"kim-abmi": 41}


def test_every_terminal_command_says_what_it_does(run):
    for command in ("import", "setup", "studies", "undo", "export", "score", "change", "survival", "simulate", "backup",
                    "restore", "verify", "definitions"):  # fmt: skip
        result = run(command, "--help")
        assert result.exit_code == 0
        assert len(result.stdout) > 80


def test_an_empty_store_is_told_in_words(run):
    for arguments in (["studies"], ["verify"], ["undo"], ["export", "--study", "x", "--out", "y"]):
        result = run(*arguments)
        assert result.exit_code == 1
        assert "holds no data yet" in result.stderr
        assert "Traceback" not in result.output


@pytest.mark.parametrize("subjects", [1, 2, 300])
def test_a_simulated_trial_of_any_size_imports_without_a_rejected_row(home, tmp_path, subjects):
    folder = simulate_trial(subjects, 3, tmp_path, arms=min(subjects, 4))
    assert "SIMULATED" in folder.name
    assert import_paths(home, [folder]).rejected == 0


def test_the_same_seed_gives_the_same_files_and_another_seed_does_not(tmp_path):
    first, again, other = (simulate_trial(20, seed, tmp_path / str(place)) for place, seed in enumerate((5, 5, 6)))
    name = "measurements.csv"
    assert (first / name).read_bytes() == (again / name).read_bytes()
    assert (first / name).read_bytes() != (other / name).read_bytes()


def test_the_simulated_trial_is_what_it_says(store):
    connection = open_reader(store, store.current())
    rows = queries.fetch_measurements(connection, "SIMULATED-abmi-60-s1")
    units = rows.filter(pl.col("paramcd") == "bilirubin")["reported_unit"].unique()
    assert set(units) == {"mg/dL", "umol/L"}
    assert set(rows.filter(pl.col("paramcd") == "platelets")["reported_unit"]) == {"10*9/L", "10*4/uL"}
    events = queries.fetch_events(connection, "SIMULATED-abmi-60-s1")
    assert {"death", "transplant"} <= set(events["kind"])
    assert queries.fetch_treatments(connection, "SIMULATED-abmi-60-s1")["day"].unique().to_list() == [0]
    drugs = set(queries.fetch_medications(connection, "SIMULATED-abmi-60-s1")["drug"])
    assert drugs == {"spironolactone", "furosemide", "albumin", "entecavir", "sofosbuvir"}
    connection.close()
