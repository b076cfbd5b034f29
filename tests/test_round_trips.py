"""Out of the store and in again: identical where the format carries all, and in what it can carry elsewhere."""

import io
import zipfile

import polars as pl
import pytest

from analytics.catalog import PARAMETERS, match_parameter
from data import queries
from data.database import open_reader
from data.exports.sdtm import LOST, TESTS
from data.exports.study import FORMATS, describe_loss, export_study
from data.exports.tables import fetch_tables
from data.home import Home
from data.importers.run import import_paths
from tests import made_files
from tests.conftest import SIMULATED

STUDIES = ("mayo-pbc", "kim-abmi", "ahd", SIMULATED)
TABLES = (
    "subjects",
    "measurements",
    "events",
    "treatments",
    "medications",
    "visits",
    "statements",
    "protocol",
    "not_done",
)
FETCH = {name: getattr(queries, f"fetch_{name}") for name in TABLES}


@pytest.fixture(scope="module")
def stores(store, tmp_path_factory):
    """The store of the bundled studies, and one with a coordinator's sheet: commas, codes, limits, cells not done."""
    folder = tmp_path_factory.mktemp("wide")
    (folder / "wide.xlsx").write_bytes(made_files.write_wide())
    home = Home(folder / "home")
    from data.importers.keep import keep_mappings
    from data.importers.recognize.mappings import write_mappings
    from data.importers.run import import_sources
    from data.importers.sources import Source, order_sources, propose_paths
    from data.importers.study_file import parse_study

    (item,) = propose_paths([folder / "wide.xlsx"])
    sources = order_sources(
        [Source(item.file, item.digest, item.table, "wide", one) for one in write_mappings(item.reading, item.file)]
    )
    plan = keep_mappings(
        parse_study({"study": "wide", "title": "Wide", "time_zero": "infusion"}, "x"), [one.mapping for one in sources]
    )
    import_sources(home, [plan], sources)
    return dict.fromkeys(STUDIES, store) | {"wide": home}


def frames(home: Home, study: str) -> dict[str, pl.DataFrame]:
    """Every table of a study, without where a row came from."""
    connection = open_reader(home, home.current())
    try:
        found = {
            name: fetch(connection, study).drop("file_name", "line", "batch", strict=False)
            for name, fetch in FETCH.items()
        }
        return {name: table.sort(table.columns) for name, table in found.items()}
    finally:
        connection.close()


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
@pytest.mark.parametrize("study", [*STUDIES, "wide"])
def test_an_export_that_carries_all_imports_again_to_the_identical_study(stores, tmp_path, study, form):
    connection = open_reader(stores[study], stores[study].current())
    export_study(connection, study, tmp_path, form)
    connection.close()
    again = Home(tmp_path / "again")
    assert import_paths(again, [tmp_path / study]).rejected == 0
    new, old = frames(again, study), frames(stores[study], study)
    for name in TABLES:
        assert new[name].equals(old[name]), name
    assert describe_loss(form) == []


def create(run, folder, study: str):
    """Make a study of exported datasets, as a user would who was sent them."""
    return run("create", folder, "--study", study, "--title", "Again", "--day-0", "infusion", "--json")


@pytest.mark.parametrize("form", ["sdtm-xpt", "sdtm-json"])
@pytest.mark.parametrize("study", [*STUDIES, "wide"])
def test_sdtm_brings_back_everything_that_it_can_carry(stores, tmp_path, run, home, study, form):
    connection = open_reader(stores[study], stores[study].current())
    export_study(connection, study, tmp_path, form)
    connection.close()
    result = create(run, tmp_path / study, "again")
    assert '"rejected": []' in result.stdout, result.output
    new, old = frames(home, "again"), frames(stores[study], study)
    carried = {
        "subjects": ["usubjid", "arm", "site", "age", "sex", "time_zero_date"],
        "measurements": ["usubjid", "paramcd", "avisit", "day", "aval", "reported_unit"],
        "events": ["usubjid", "kind", "day", "grade", "serious", "related"],
        "treatments": ["usubjid", "product", "route", "day", "cells_e6"],
        "medications": ["usubjid", "drug", "start_day", "end_day", "daily_dose", "unit"],
        "not_done": ["usubjid", "paramcd", "avisit", "day"],
    }
    for name, columns in carried.items():
        there = [column for column in columns if column in old[name].columns]
        ours, theirs = (table[name].select(there).sort(there) for table in (new, old))
        assert ours.equals(theirs), (name, ours, theirs)
    assert set(LOST) <= {line.removeprefix("- ") for line in describe_loss(form)}
    assert "cannot carry" in (tmp_path / study / "README.txt").read_text()


@pytest.mark.parametrize("form", ["adam-xpt", "adam-json"])
def test_adam_brings_back_subjects_values_and_deaths(stores, tmp_path, run, home, form):
    connection = open_reader(stores["mayo-pbc"], stores["mayo-pbc"].current())
    export_study(connection, "mayo-pbc", tmp_path, form)
    connection.close()
    create(run, tmp_path / "mayo-pbc", "again")
    new, old = frames(home, "again"), frames(stores["mayo-pbc"], "mayo-pbc")
    columns = ["usubjid", "paramcd", "day", "aval"]
    assert new["measurements"].select(columns).sort(columns).equals(old["measurements"].select(columns).sort(columns))
    assert (
        new["events"]
        .sort("usubjid")
        .select("usubjid", "kind", "day")
        .equals(old["events"].sort("usubjid").select("usubjid", "kind", "day"))
    )
    assert new["subjects"].select("usubjid", "arm").equals(old["subjects"].select("usubjid", "arm"))


def test_every_parameter_has_a_test_code_and_name_by_which_it_is_known_again():
    assert len({code for code, _ in TESTS.values()}) == len(TESTS)
    for paramcd, (code, name) in TESTS.items():
        assert len(code) <= 8
        assert len(name) <= 40
        assert match_parameter(code) in (None, PARAMETERS[paramcd])
        assert match_parameter(name) == PARAMETERS[paramcd]


def test_a_de_identified_export_holds_no_identifier_date_site_or_free_text(stores, tmp_path):
    connection = open_reader(stores[SIMULATED], stores[SIMULATED].current())
    data = fetch_tables(connection, SIMULATED)
    files = export_study(connection, SIMULATED, tmp_path, "csv", de_identified=True)
    connection.close()
    text = "\n".join(path.read_text() for path in files)
    assert "SIM-0" not in text.replace(SIMULATED, "")
    assert "time_zero_date" not in text
    assert "Site 1" not in text
    assert "numbered anew" in (tmp_path / SIMULATED / "README.txt").read_text()
    again = Home(tmp_path / "again")
    assert import_paths(again, [tmp_path / SIMULATED]).rejected == 0
    kept = frames(again, SIMULATED)["measurements"]
    assert kept.height == frames(stores[SIMULATED], SIMULATED)["measurements"].height
    assert kept["usubjid"].n_unique() == data.tables["measurements"]["usubjid"].n_unique()


def test_a_text_that_begins_like_a_formula_stays_text_in_csv_and_excel(tmp_path, run, home):
    (tmp_path / "subjects.csv").write_text("usubjid,etiology\nP1,=HYPERLINK(1)\n")
    (tmp_path / "study.toml").write_text(
        'study = "s"\ntitle = "S"\ntime_zero = "infusion"\n[[files]]\npath = "subjects.csv"\nshape = "subjects"\n'
        '[files.columns]\nusubjid = "usubjid"\netiology = "etiology"\n'
    )
    import_paths(home, [tmp_path])
    connection = open_reader(home, home.current())
    for form in ("csv", "xlsx"):
        export_study(connection, "s", tmp_path / form, form)
    connection.close()
    assert "'=HYPERLINK" in (tmp_path / "csv" / "s" / "subjects.csv").read_text()
    with zipfile.ZipFile(tmp_path / "xlsx" / "s" / "s.xlsx") as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def test_the_page_writes_the_same_files_into_a_zip(stores, monkeypatch):
    from pages.shared.intake_export import make_zip

    home = stores["wide"]
    monkeypatch.setenv("HEPATRACE_HOME", str(home.folder))
    for form in FORMATS:
        with zipfile.ZipFile(io.BytesIO(make_zip(home.current(), "wide", form, False))) as archive:
            assert archive.namelist()
