"""Stores of 312 and of 100,000 SIMULATED patients with the same courses, for the page of one patient."""

import shutil
from pathlib import Path
from typing import Any

import duckdb

from data.home import Home
from data.importers.run import import_paths
from data.revisions import write_revision
from data.simulate import simulate_trial

FEW, COPIES, SEED = 312, 320, 1  # 312 patients and 320 copies of each are 100,152
STUDY = f"SIMULATED-abmi-{FEW}-s{SEED}"
TABLES = ("subjects", "measurements", "events", "treatments", "medications")
PRESSES = 8
ORDER = {"measurements": "paramcd, usubjid, day, line"}


def make_small_store(folder: Path) -> Home:
    """A store with 312 patients, through the importer."""
    home = Home(folder / "few")
    import_paths(home, [simulate_trial(FEW, SEED, folder)])
    return home


def make_large_store(folder: Path, small: Home) -> Home:
    """The same store with copies of every patient, written past the importer: only for measuring speed."""
    home = Home(folder / "many")
    shutil.copytree(small.folder, home.folder)
    write_revision(home, "bench", copy_patients)
    return home


def copy_patients(connection: duckdb.DuckDBPyConnection, _: str) -> dict[str, Any]:
    """Give every patient copies with names of their own, each table in its order."""
    for table in TABLES:
        described = connection.execute(f"DESCRIBE {table}").fetchall()
        columns = [row[0] for row in described]
        named = ", ".join("usubjid || printf('-%03d', copy)" if name == "usubjid" else name for name in columns)
        connection.execute(
            f"CREATE TEMP TABLE copied AS SELECT {named.replace('copy)', 'copy) AS usubjid')} FROM {table}, "
            f"(SELECT unnest(range(1, {COPIES + 1})) AS copy) AS copies"
        )
        order = ORDER.get(table, "usubjid")
        connection.execute(
            f"CREATE TEMP TABLE whole AS SELECT {', '.join(columns)} FROM (SELECT {', '.join(columns)} FROM {table} "
            f"UNION ALL SELECT {', '.join(columns)} FROM copied) AS every ORDER BY {order}"
        )
        connection.execute(f"DELETE FROM {table}")
        connection.execute(f"INSERT INTO {table} SELECT {', '.join(columns)} FROM whole")
        connection.execute("DROP TABLE copied")
        connection.execute("DROP TABLE whole")
    return {"copies": COPIES}
