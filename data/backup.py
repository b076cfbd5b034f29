"""Backup and restore of the current revision, and the proof that a store was not changed by hand."""

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import duckdb

from data.audit import AuditEntry, check_audit
from data.database import open_reader
from data.home import DamagedStore, Home
from data.importers.keyring import read_keyring
from data.integrity import check_integrity
from data.revisions import hash_file, hold_lock, record_action, write_revision
from data.withdraw import clean
from data.workspace import Item, fetch_items, merge_items

DATABASE, WORKSPACE = "hepatrace.duckdb", "workspace.duckdb"


class BadBackup(ValueError):
    """A file that is no backup of a store."""


def back_up(home: Home, path: Path) -> str:
    """Write the current revision, what users made and the audit log into a new zip file; the revision's name.

    Raises FileExistsError rather than overwrite, NoStore without data.
    """
    revision = home.current()
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
        archive.write(home.revision_file(revision), DATABASE)
        archive.write(home.audit_file, "audit.jsonl")
        if home.workspace_file.exists():
            archive.write(home.workspace_file, WORKSPACE)
    record_action(home, "backup", {"of": revision, "file": path.name})
    return revision


def restore(home: Home, path: Path) -> str:
    """Publish the revision of a backup as the newest one; its name. What was there stays as older revisions.

    What users saved comes back too, beside what they saved since; of two of one name the newer stays.
    Raises BadBackup.
    """
    with tempfile.TemporaryDirectory() as folder:
        database = unpack(path, Path(folder))
        clean(database, read_keyring(home))
        saved = unpack_workspace(path, Path(folder))

        def change(connection: duckdb.DuckDBPyConnection, _: str) -> dict[str, Any]:
            check_integrity(connection)
            return {"file": path.name}

        revision = write_revision(home, "restore", change, base=database)
        merge_items(home, saved)
        return revision


def unpack(path: Path, folder: Path) -> Path:
    """The database of a backup. Raises BadBackup."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(DATABASE) as source:
            database = folder / DATABASE
            with database.open("wb") as target:
                shutil.copyfileobj(source, target)
        with duckdb.connect(str(database), read_only=True) as connection:
            connection.execute("SELECT revision FROM revision ORDER BY revision")
    except (OSError, KeyError, zipfile.BadZipFile, duckdb.Error) as error:
        raise BadBackup(f"{path.name} is no backup made by 'cli.py backup'") from error
    return database


def unpack_workspace(path: Path, folder: Path) -> list[Item]:
    """What users had saved when a backup was made; nothing in a backup without it."""
    with zipfile.ZipFile(path) as archive:
        if WORKSPACE in archive.namelist():
            archive.extract(WORKSPACE, folder)
    return fetch_items(Home(folder))


def verify(home: Home) -> list[str]:
    """What was proved, a line each; what a killed import left behind is cleared first.

    Raises BrokenAudit, DamagedStore, NoStore, BrokenIntegrity, StoreBusy.
    """
    home.current()
    with hold_lock(home):
        entries = check_audit(home)
    proved = [f"audit log: {len(entries)} entries in an unbroken chain"]
    published = list_published(entries)
    present = [name for name in home.revisions() if name in published]
    for name in present:
        if hash_file(home.revision_file(name)) != published[name]:
            raise DamagedStore(f"{name} was changed after it was published")
    strange = [name for name in home.revisions() if name not in published]
    if strange:
        raise DamagedStore(f"{strange[0]} is in no entry of the audit log")
    proved.append(f"revisions: {len(present)} unchanged since they were published")
    with open_reader(home, home.current()) as connection:
        check_integrity(connection)
    return [*proved, f"current revision: {home.current()}, without contradiction"]


def list_published(entries: list[AuditEntry]) -> dict[str, str]:
    """The SHA-256 of every revision that was published, by name."""
    published: dict[str, str] = {}
    for entry in entries:
        if "sha256" in entry.details:
            published[entry.details["revision"]] = entry.details["sha256"]
        # A withdrawn consent writes revisions anew, without the subject.
        published |= entry.details.get("rewritten", {})
    return published
