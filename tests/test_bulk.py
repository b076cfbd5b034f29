"""A large file gives the same store whether it is read in bulk or cell by cell."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from data.database import open_reader
from data.home import Home
from data.importers import bulk_layout
from data.importers.outcome import Outcome
from data.importers.run import import_paths

STUDY = """
study = "large"
title = "SIMULATED"
simulated = true
time_zero = "infusion"
[[files]]
path = "subjects.csv"
shape = "subjects"
columns = {usubjid = "id", age = "age"}
[[files]]
path = "deaths.csv"
shape = "events"
columns = {usubjid = "id", day = "day", kind = "kind"}
[[files]]
path = "labs.csv"
shape = "measurements"
columns = {usubjid = "id", day = "day", paramcd = "test", aval = "result", unit = "unit", avisit = "visit"}
"""
TESTS = [
    ("bilirubin", "mg/dL", 2), ("Bilirubin", "umol/L", 1), ("bilirubin_direct", "mg/dL", 2), ("albumin", "g/L", 0),
    ("inr", "", 2), ("ascites_grade", "", 0), ("platelets", "10*9/L", 0), ("edema", "", 1), ("creatinine", "mg/dl", 2),
]  # fmt: skip
ODD = {
    "result": [
        "",
        "NA",
        "pending",
        "<0.2",
        "1,500",
        "1.250",
        " 2.1",
        "+3",
        "1e1",
        "999999",
        "0",
        "not done",
        "=1",
        ".5",
        "007",
        "0.0001",
        "0.00",
        "-2",
        "2.",
    ],
    "unit": ["mmol/L", "furlongs", " mg/dL", ""],
    "day": ["12.0", "1.5", "x", "", "99999", "+7", " 8"],
    "id": ["P9999", "", " P0001", "max@example.org"],
    "test": ["nonsense", "", "ALT "],
    "visit": ["Screening", " odd ", "'=x"],
}


def write_study(folder: Path, seed: int, rows: int) -> None:
    """A study with a long file in which about one row in twelve is odd, repeated or contradicted."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY)
    ids = [f"P{number:04d}" for number in range(40)]
    pl.DataFrame({"id": ids, "age": rng.integers(1, 80, 40)}).write_csv(folder / "subjects.csv")
    deaths = pl.DataFrame({"id": ids[::7], "day": rng.integers(50, 300, 6), "kind": "death"})
    deaths.write_csv(folder / "deaths.csv")
    listed: list[dict[str, Any]] = []
    for _ in range(rows):
        test, unit, decimals = TESTS[rng.integers(len(TESTS))]
        value = float(rng.integers(0, 4)) if "grade" in test else float(np.exp(rng.normal(0.7, 0.5)))
        scale = {"umol/L": 17.1, "g/L": 18.0, "10*9/L": 50.0}.get(unit, 1.0)
        far = 12.0 if rng.random() < 0.02 and "grade" not in test else 1.0
        row = {"id": ids[rng.integers(40)], "day": str(rng.integers(-600, 400)), "test": test}
        row |= {"result": f"{value * scale * far:.{decimals}f}", "unit": unit, "visit": "", "note": "x"}
        if rng.random() < 0.08:
            field = list(ODD)[rng.integers(len(ODD))]
            row[field] = ODD[field][rng.integers(len(ODD[field]))]
        listed.append(row)
        if rng.random() < 0.02:
            listed.append(listed[rng.integers(len(listed))] | {"result": f"{value:.1f}"})
    pl.DataFrame(listed).write_csv(folder / "labs.csv")


def read(folder: Path, home: Path) -> tuple[dict[str, pl.DataFrame], Outcome]:
    """What the store holds after an import, and what was said of the long file."""
    report = import_paths(Home(home), [folder])
    tables = ("measurements", "rejected_row", "import_warning", "not_done", "change", "import_batch")
    with open_reader(Home(home), Home(home).current()) as connection:
        stored = {table: connection.sql(f"SELECT * FROM {table} ORDER BY ALL").pl() for table in tables}
    stored["import_batch"] = stored["import_batch"].drop("imported_at")
    return stored, report.batches[-1].outcome


@pytest.mark.parametrize("seed", range(6))
def test_a_file_read_in_bulk_gives_what_it_gives_cell_by_cell(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, lines, rejections, warnings, offered fixes and counts are the same."""
    write_study(tmp_path / "study", seed, 900)
    cells, slow = read(tmp_path / "study", tmp_path / "cells")
    monkeypatch.setattr(bulk_layout, "LEAST_BYTES", 0)
    stored, fast = read(tmp_path / "study", tmp_path / "bulk")
    assert fast.bulk > 400
    for table, rows in cells.items():
        assert rows.equals(stored[table]), table
    for name in ("rejected", "warnings", "proposals", "not_done"):
        ours, theirs = getattr(fast, name), getattr(slow, name)
        assert ours.sort(pl.all()).equals(theirs.sort(pl.all())), name
    assert (fast.read, fast.taken, fast.empty) == (slow.read, slow.taken, slow.empty)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("\n", "\n\n", 3),  # blank lines: a row is no longer its line
        lambda text: text + 'P0001,7,inr,"1.2\n3",,,x\n',  # a cell of two lines
        lambda text: text + "P0001,7,inr,1.2\n",  # too few cells
        lambda text: text.replace(".", ",").replace(",", ";"),  # another delimiter, and nothing can be read
        lambda text: text + 'P0001,7,inr,"1,25",,,x\nP0001,8,inr,"1,2",,,x\n',  # decimal commas
    ],
)
def test_what_is_no_case_for_the_bulk_is_read_cell_by_cell(
    spoil: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of a try is left behind."""
    write_study(tmp_path / "study", 1, 60)
    labs = tmp_path / "study" / "labs.csv"
    labs.write_text(spoil(labs.read_text()))
    results = []
    for least in (10**12, 0):
        monkeypatch.setattr(bulk_layout, "LEAST_BYTES", least)
        try:
            results.append(read(tmp_path / "study", tmp_path / str(least))[0])
        except ValueError as error:
            results.append(str(error))
    assert isinstance(results[0], str) == isinstance(results[1], str)
    if isinstance(results[0], str):
        assert results[0] == results[1]
    else:
        assert all(rows.equals(results[1][table]) for table, rows in results[0].items())


def test_a_newer_version_of_a_large_file_is_compared_with_what_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second import of a study is no bulk, the same file again adds nothing, and no table is left behind."""
    monkeypatch.setattr(bulk_layout, "LEAST_BYTES", 0)
    write_study(tmp_path / "study", 3, 300)
    home = tmp_path / "home"
    assert read(tmp_path / "study", home)[1].bulk > 0
    again = import_paths(Home(home), [tmp_path / "study"])
    assert again.revision is None
    assert again.batches[-1].outcome.unchanged > 0
    labs = tmp_path / "study" / "labs.csv"
    labs.write_text(labs.read_text() + "P0003,399,inr,1.75,,,x\n")
    stored, outcome = read(tmp_path / "study", home)
    assert outcome.bulk == 0
    assert outcome.taken == 1
    assert stored["measurements"].filter(pl.col("day") == 399, pl.col("paramcd") == "inr").height >= 1
    with open_reader(Home(home), Home(home).current()) as connection:
        names = connection.sql("SELECT table_name FROM duckdb_tables() ORDER BY 1").pl()["table_name"]
        types = connection.sql("SELECT type_name FROM duckdb_types() WHERE type_name LIKE 'bulk%' ORDER BY 1").pl()
    assert not names.str.contains("bulk").any()
    assert types.is_empty()


def test_the_rows_of_many_threads_keep_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a million rows are read by several threads; every value still names its line."""
    monkeypatch.setattr(bulk_layout, "LEAST_BYTES", 0)
    folder = tmp_path / "study"
    write_study(folder, 1, 1)
    days, ids = np.tile(np.arange(5_000), 100), np.repeat(np.arange(40), 12_500)
    tests = np.tile(np.repeat(["inr", "creatinine", "bilirubin"], 5_000), 34)[: len(days)]
    rows = pl.DataFrame({"id": [f"P{number:04d}" for number in ids], "day": days, "test": tests}).unique(
        ["id", "day", "test"], maintain_order=True
    )
    rows = rows.with_columns(result=((pl.int_range(pl.len()) % 89) / 100 + 1).cast(pl.String), visit=pl.lit(""))
    unit = pl.when(pl.col("test") == "inr").then(pl.lit("")).otherwise(pl.lit("mg/dL"))
    rows.select("id", "day", "test", "result", unit.alias("unit"), "visit").write_csv(folder / "labs.csv")
    (stored, outcome) = read(folder, tmp_path / "home")
    assert outcome.bulk > 400_000
    found = stored["measurements"].sort("line")
    expected = rows.with_row_index("line", 2).with_columns(pl.col("line").cast(pl.Int32))
    both = found.join(expected, on="line", how="inner")
    assert both.height == found.height
    assert (both["reported"] == both["result"]).all()
    assert (both["usubjid"] == both["id"]).all()


def test_what_a_killed_import_had_put_aside_is_removed(tmp_path: Path) -> None:
    """DuckDB sorts on disk what it cannot hold; a killed process leaves that folder behind."""
    write_study(tmp_path / "study", 1, 30)
    aside = tmp_path / "home" / ".hepatrace-000001.duckdb.tmp.tmp"
    aside.mkdir(parents=True)
    (aside / "duckdb_temp_storage-0.tmp").write_bytes(b"P0001")
    read(tmp_path / "study", tmp_path / "home")
    assert not aside.exists()
