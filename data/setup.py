"""The first store: the three bundled studies and one SIMULATED trial, and later ones brought up to date."""

import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.database import open_reader, read_migrations
from data.home import Home
from data.importers.run import ImportReport, import_paths
from data.importers.study_file import read_study_file
from data.revisions import write_revision
from data.simulate import FILES, simulate_trial

STUDIES = Path(__file__).with_name("studies")
TEMPLATES = Path(__file__).with_name("templates")
SUBJECTS, SEED = 60, 1


def list_bundled() -> list[Path]:
    """The folders of the bundled studies."""
    return sorted(path.parent for path in STUDIES.glob("*/study.toml"))


def read_templates() -> dict[str, dict[str, Any]]:
    """The protocol templates by title: the content of a study.toml without the study's name."""
    contents = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(TEMPLATES.glob("*.toml"))]
    return {content["title"]: content for content in contents}


def count_files() -> int:
    """How many files the first store is made of, for a progress bar."""
    return sum(len(read_study_file(folder / "study.toml").files) for folder in list_bundled()) + len(FILES)


def set_up(home: Home, progress: Callable[[str], None]) -> ImportReport:
    """Make the first store: import the bundled studies and the SIMULATED trial as one revision."""
    with tempfile.TemporaryDirectory() as folder:
        simulated = simulate_trial(SUBJECTS, SEED, Path(folder))
        return import_paths(home, [*list_bundled(), simulated], progress=progress)


def is_outdated(home: Home) -> bool:
    """Whether the current revision lacks a migration."""
    with open_reader(home, home.current()) as connection:
        rows = connection.execute("SELECT number FROM schema_migration ORDER BY number").fetchall()
    return {row[0] for row in rows} != set(read_migrations())


def bring_up_to_date(home: Home) -> str:
    """Publish the current revision with the newest schema; its name."""
    return write_revision(home, "migrate", lambda *_: {})
