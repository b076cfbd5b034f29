"""What tests share: stores made through the importer, R's answers, the examples of the score document."""

import json
import os
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import settings

from analytics.panel import StudyData, assemble_study, derive_panel
from analytics.profile.case import Case, derive_case
from analytics.scores.examples import FILE
from analytics.scores.exchange import score_records
from analytics.units import CONVENTIONAL
from cli import main
from data import queries
from data.database import open_reader
from data.home import Home
from data.importers.run import import_paths
from data.setup import list_bundled
from data.simulate import simulate_trial

# A busy machine is no fault of a law; in CI the same examples come every time, elsewhere new ones.
settings.register_profile("hepatrace", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("hepatrace")
REFERENCE = Path(__file__).with_name("reference")
SIMULATED = "SIMULATED-abmi-60-s1"


def score_record(record) -> dict:
    """The answer to one record of the exchange shape."""
    return score_records([record])[0]


@pytest.fixture(scope="session")
def r_reference() -> dict:
    """R's results, by id (tests/reference/README.md)."""
    return json.loads((REFERENCE / "r_reference.json").read_text())["entries"]


@pytest.fixture(scope="session")
def score_examples() -> list:
    """The worked examples of the scores."""
    return json.loads(FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Home:
    """A store with the three bundled studies and the SIMULATED trial; tests only read it."""
    folder = tmp_path_factory.mktemp("store")
    home = Home(folder / "home")
    import_paths(home, [*list_bundled(), simulate_trial(60, 1, folder)])
    return home


@pytest.fixture(scope="session")
def read_study(store):
    """A study of that store by name."""
    connection = open_reader(store, store.current())

    def read(study: str) -> StudyData:
        return assemble_study(queries.fetch_frames(connection, study), queries.fetch_config(connection, study))

    return read


@pytest.fixture(scope="session")
def panels(read_study) -> dict[str, pl.DataFrame]:
    """The panel of every study of that store."""
    return {study: derive_panel(read_study(study)) for study in ("mayo-pbc", "kim-abmi", "ahd", SIMULATED)}


@pytest.fixture(scope="session")
def read_case(store):
    """A patient of that store by study and name, from the patient's rows alone."""
    connection = open_reader(store, store.current())

    def read(study: str, usubjid: str, system: str = CONVENTIONAL) -> Case:
        config = queries.fetch_config(connection, study)
        data = assemble_study(queries.fetch_frames(connection, study, usubjid), config)
        return derive_case(data, system)

    return read


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    """An empty store of the test's own, which the terminal uses too."""
    monkeypatch.setenv("HEPATRACE_HOME", str(tmp_path / "home"))
    return Home(tmp_path / "home")


@pytest.fixture
def run(home):
    """The terminal on that store: arguments in, result out."""
    return lambda *arguments, **options: CliRunner().invoke(main, [str(item) for item in arguments], **options)
