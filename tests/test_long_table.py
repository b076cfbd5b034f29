"""The long table as it is written: subjects by number, texts that the number says left out, older revisions."""

from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from analytics.dense import place_series
from data import queries
from data.database import migrate, open_reader, read_migrations
from data.home import Home
from data.importers.run import import_paths
from data.importers.store_rows import insert_frame
from data.integrity import BrokenIntegrity, check_integrity
from data.series import fetch_later, fetch_measured, fetch_numbers, fetch_series
from data.undo import undo_batch

STUDY = """
study = "trial"
title = "SIMULATED"
simulated = true
time_zero = "infusion"
[[files]]
path = "subjects.csv"
shape = "subjects"
columns = {usubjid = "id", sex = "sex"}
[[files]]
path = "labs.csv"
shape = "measurements"
columns = {usubjid = "id", day = "day", paramcd = "test", aval = "result", unit = "unit"}
"""
ROWS = ["P2,0,bilirubin,1.0,mg/dL", "P1,30,bilirubin,34.2,umol/L", "P1,0,albumin,3.50,g/dL", "P1,0,bilirubin,2,mg/dL"]


def take(folder: Path, subjects: str, rows: list[str]) -> Home:
    """Import a study; its home."""
    (folder / "study.toml").write_text(STUDY)
    (folder / "subjects.csv").write_text("id,sex\n" + subjects)
    (folder / "labs.csv").write_text("id,day,test,result,unit\n" + "\n".join(rows) + "\n")
    home = Home(folder / "home")
    import_paths(home, [folder])
    return home


def read(home: Home, query: str) -> list[tuple]:
    """The rows of a query of the current revision."""
    with open_reader(home, home.current()) as connection:
        return connection.execute(query).fetchall()


def copy_as_before(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """A store with the same rows and the tables of the second migration, in which a value names its subject."""
    with duckdb.connect(str(path)) as old:
        old.execute("CREATE TABLE schema_migration (number INTEGER NOT NULL)")
        for number in (1, 2):
            old.execute(read_migrations()[number])
            old.execute("INSERT INTO schema_migration VALUES ($number)", {"number": number})
        for table in ("study", "subjects", "measurements", "import_batch", "events"):
            old.register("incoming", connection.cursor().sql(f"SELECT * FROM {table}").pl())
            old.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
            old.unregister("incoming")


def ask(connection: duckdb.DuckDBPyConnection, study: str) -> list[pl.DataFrame]:
    """What pages read of the long table, subjects by their place."""
    numbers = fetch_numbers(connection, study)
    found = [queries.fetch_studies(connection), queries.fetch_measurements(connection, study)]
    for code, dated in fetch_measured(connection, study).items():
        found.append(fetch_later(connection, study, code, "Baseline"))
        placed = place_series(fetch_series(connection, study, code), numbers)
        found.append(pl.DataFrame({"subject": placed.subject, "day": placed.day, "aval": placed.aval}))
        found.append(pl.DataFrame({"code": code, "dated": dated}))
    return found


@pytest.mark.parametrize("study", ["kim-abmi", "mayo-pbc", "ahd", "SIMULATED-abmi-60-s1"])
def test_an_older_revision_is_read_as_it_was_and_brought_up_to_date(store: Home, tmp_path: Path, study: str) -> None:
    """Every query of the long table gives the same of a store of before, of that store migrated, and of a new one."""
    with open_reader(store, store.current()) as connection:
        now = ask(connection, study)
        copy_as_before(connection, tmp_path / "old.duckdb")
    with duckdb.connect(str(tmp_path / "old.duckdb")) as connection:
        before = ask(connection, study)
        assert migrate(connection) == [3]
        check_integrity(connection)
        after = ask(connection, study)
    for one, two, three in zip(now, before, after, strict=True):
        assert_frame_equal(one, two)
        assert_frame_equal(one, three)


NUMBERS = st.floats(0, 2e6, allow_nan=False).map(lambda value: round(value, 4))
TEXTS = st.one_of(
    NUMBERS.map(str),
    NUMBERS.map(lambda value: f"{value:.2f}"),
    NUMBERS.map(lambda value: f"{value:.0f}"),
    NUMBERS.map(lambda value: f"{value:e}"),
    st.sampled_from(
        ["<3", "007", "-0", "1e15", "1000000000000000000", "0.00001", "1,5", "pending", "nan", "inf", " 3"]
    ),
)


@settings(max_examples=40)
@given(st.lists(st.tuples(TEXTS, st.none() | NUMBERS), min_size=1, max_size=20))
def test_what_a_file_said_is_given_back_letter_by_letter(rows: list[tuple[str, float | None]]) -> None:
    """Whether it is kept or left out because the number says it."""
    with duckdb.connect(":memory:") as connection:
        migrate(connection)
        insert_frame(connection, "subjects", pl.DataFrame({"study": "s", "usubjid": "P", "batch": 1, "line": 1}))
        texts, values = [text for text, _ in rows], [value for _, value in rows]
        numbers = pl.Series(texts).cast(pl.Float64, strict=False)
        none = {name: pl.lit(None, pl.Float64) for name in ("ref_low", "ref_high")}
        frame = pl.DataFrame({"study": "s", "usubjid": "P", "paramcd": "afp", "reported": texts, "given": values})
        frame = frame.with_columns(
            aval=pl.coalesce(numbers, "given"), avisit=pl.lit(None, pl.String), avalc=pl.lit(None, pl.String),
            reported_unit=pl.lit("ng/mL"), day=pl.int_range(pl.len(), dtype=pl.Int32), batch=1, line=2, **none,
        ).drop("given")  # fmt: skip
        insert_frame(connection, "measurements", frame)
        found = connection.execute("SELECT reported FROM measurements ORDER BY day").fetchall()
    assert [text for (text,) in found] == texts


def test_the_text_is_kept_where_the_number_does_not_say_it(tmp_path: Path) -> None:
    """2 mg/dL is said by the number; 1.0, 3.50 and a value in another unit are not."""
    home = take(tmp_path, "P1,F\nP2,M\n", ROWS)
    query = "SELECT line, reported FROM measurement ORDER BY line"
    assert read(home, query) == [(2, "1.0"), (3, "34.2"), (4, "3.50"), (5, None)]
    assert read(home, query.replace("measurement", "measurements"))[-1] == (5, "2")


def test_a_subject_keeps_its_number_when_its_row_is_brought_up_to_date(tmp_path: Path) -> None:
    """A newer roster replaces the row of a subject, and its values stay its own; a new one gets the next number."""
    home = take(tmp_path, "P1,F\nP2,M\n", ROWS)
    before = read(home, "SELECT usubjid, paramcd, day, aval FROM measurements ORDER BY ALL")
    take(tmp_path, "P0,F\nP1,M\nP2,M\n", ROWS)
    assert read(home, "SELECT usubjid, sex FROM subjects ORDER BY 1") == [("P0", "F"), ("P1", "M"), ("P2", "M")]
    assert read(home, "SELECT usubjid, number FROM subject_number ORDER BY 1") == [("P0", 3), ("P1", 1), ("P2", 2)]
    assert read(home, "SELECT usubjid, paramcd, day, aval FROM measurements ORDER BY ALL") == before


def test_values_are_placed_by_the_names_of_subjects_and_by_day_whatever_their_order(tmp_path: Path) -> None:
    """A later subject stands before the others; a value of a later file stands behind later days."""
    home = take(tmp_path, "P1,F\nP2,M\n", ROWS)
    take(tmp_path, "P0,F\nP1,F\nP2,M\n", [*ROWS, "P0,5,bilirubin,4,mg/dL", "P2,-3,bilirubin,5,mg/dL"])
    with open_reader(home, home.current()) as connection:
        rows = fetch_series(connection, "trial", "bilirubin")
        placed = place_series(rows, fetch_numbers(connection, "trial"))
        last = place_series(rows.filter(pl.col("subject") == 2), fetch_numbers(connection, "trial"))
    assert placed.subject.tolist() == [0, 1, 1, 2, 2]
    assert placed.day.tolist() == [5, 0, 30, -3, 0]
    assert placed.aval.tolist() == [4.0, 2.0, 2.0, 5.0, 1.0]
    assert last.day.tolist() == [-3, 0]  # of one subject alone the order of the days is looked at as well


def test_an_undone_roster_leaves_no_name(tmp_path: Path) -> None:
    """Subjects whose batch is taken back have no number any more."""
    home = take(tmp_path, "P1,F\nP2,M\n", ROWS)
    for (batch,) in read(home, "SELECT batch FROM import_batch ORDER BY batch DESC"):
        undo_batch(home, batch)
    assert read(home, "SELECT * FROM subject_number") == []
    assert read(home, "SELECT * FROM measurements") == []


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ("INSERT INTO subject_number SELECT 9, study, usubjid FROM subject_number", "a subject has two numbers"),
        ("INSERT INTO subject_number VALUES (1, 'trial', 'P9')", "a number belongs to two subjects"),
        ("DELETE FROM subject_number WHERE usubjid = 'P1'", "measurements belong to a number that is not there"),
        ("UPDATE measurement SET study = 'other' WHERE line = 2", "measurements belong to a number that is not there"),
        ("DELETE FROM subjects WHERE usubjid = 'P1'", "measurements belong to a subject that is not there: trial, P1"),
        ("UPDATE measurement SET batch = 99", "rows belong to a batch that is not recorded"),
    ],
)
def test_integrity_looks_at_the_numbers(tmp_path: Path, damage: str, rule: str) -> None:
    """No value may lose its subject, or belong to two."""
    home = take(tmp_path, "P1,F\nP2,M\n", ROWS)
    with duckdb.connect(str(home.revision_file(home.current()))) as connection:
        check_integrity(connection)
        connection.execute(damage)
        with pytest.raises(BrokenIntegrity, match=rule):
            check_integrity(connection)
