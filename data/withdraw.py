"""Consent withdrawn: a subject leaves every revision, data cut, note and saved view.

Each revision is written anew without the subject's rows, because rows that are only deleted stay readable
in the file's free space. What is left is a keyed hash of the identifier, by which an import knows
that nothing of this subject may be stored again. Backups lie elsewhere: those that may still hold the
subject are named.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data.audit import append_entry, read_entries
from data.database import migrate, open_reader
from data.home import Home
from data.importers.keyring import add_withdrawn, forget, read_keyring
from data.importers.privacy import Keyring, hash_subject
from data.long_table import delete_subject
from data.publish import remove_derived
from data.revisions import change_file, hash_file, hold_lock, next_name, publish
from data.workspace import fetch_items, remove_item

TABLES = ("events", "treatments", "medications", "not_done", "change", "subjects")
NOTED = ("rejected_row", "import_warning")
# The identifier stands in a text with no letter or digit beside it.
ALONE = "'(^|[^0-9A-Za-z])' || regexp_escape($usubjid) || '($|[^0-9A-Za-z])'"
NAMED = f"regexp_matches(coalesce(value, ''), {ALONE}) OR regexp_matches(reason, {ALONE})"


class UnknownSubject(KeyError):
    """A subject that no revision holds."""


@dataclass(frozen=True)
class Withdrawal:
    """What was erased: how many revisions and saved items, and the backups that may still hold the subject."""

    revision: str
    revisions: int
    items: int
    backups: tuple[str, ...]


def withdraw(home: Home, study: str, usubjid: str) -> Withdrawal:
    """Erase a subject everywhere. Raises UnknownSubject, StoreBusy.

    Connections that were opened before still see the old files: caches must be dropped afterwards. If it is
    interrupted, calling it again completes it.
    """
    items = [item for item in fetch_items(home) if item.study == study and mentions(item.name + item.content, usubjid)]
    with hold_lock(home):
        holding = [revision for revision in home.revisions() if holds(home, revision, study, usubjid)]
        if not holding:
            raise UnknownSubject(f"no revision holds a subject {usubjid!r} of the study {study!r}")
        backups = list_backups(home, holding)
        add_withdrawn(home, hash_subject(read_keyring(home).key, study, usubjid))
        keyring = read_keyring(home)
        fresh = {revision: rewrite(home.revision_file(revision), study, usubjid, keyring) for revision in holding}
        digests = {revision: hash_file(path) for revision, path in fresh.items()}
        append_entry(home, "withdraw", {"study": study, "rewritten": digests, "backups": list(backups)})
        for revision, path in fresh.items():
            path.replace(home.revision_file(revision))
        remove_derived(home)
        revision = publish_without(home, study)
    for item in items:
        remove_item(home, item)
    rewrite_workspace(home)
    return Withdrawal(revision, len(holding), len(items), backups)


def list_backups(home: Home, holding: list[str]) -> tuple[str, ...]:
    """The backups that were made of a revision with the subject, or of one that is gone."""
    there = set(home.revisions())
    made = [entry.details for entry in read_entries(home) if entry.action == "backup"]
    return tuple(str(item.get("file")) for item in made if item.get("of") in holding or item.get("of") not in there)


def mentions(text: str, usubjid: str) -> bool:
    """Whether a text names a subject, and not merely one whose identifier begins or ends alike."""
    start = text.find(usubjid)
    while start >= 0:
        around = text[max(0, start - 1) : start] + text[start + len(usubjid) : start + len(usubjid) + 1]
        if not any(char.isalnum() for char in around):
            return True
        start = text.find(usubjid, start + 1)
    return False


def holds(home: Home, revision: str, study: str, usubjid: str) -> bool:
    """Whether a revision has this subject."""
    with open_reader(home, revision) as connection:
        query = "SELECT count(*) FROM subjects WHERE study = $study AND usubjid = $usubjid ORDER BY 1"
        rows = connection.execute(query, {"study": study, "usubjid": usubjid}).fetchall()
    return rows[0][0] > 0


def rewrite(path: Path, study: str, usubjid: str, keyring: Keyring) -> Path:
    """A copy of a database without a subject, and without the free space that still held its rows."""
    copy = path.with_name(f".{path.stem}.copy.tmp")
    fresh = path.with_name(f".{path.stem}.fresh.tmp")
    shutil.copyfile(path, copy)
    with duckdb.connect(str(copy)) as connection:
        migrate(connection)  # an older revision lacks columns that name the subject of a finding
        erase(connection, study, usubjid, keyring)
    compact(copy, fresh)
    copy.unlink()
    return fresh


def compact(path: Path, fresh: Path) -> None:
    """Write a database anew into another file, so that nothing deleted is left in its free space."""
    fresh.unlink(missing_ok=True)
    with duckdb.connect(":memory:") as connection:
        # The names of files are our own; ATTACH takes no parameter.
        connection.execute(f"ATTACH '{quote(path)}' AS old (READ_ONLY)")
        connection.execute(f"ATTACH '{quote(fresh)}' AS fresh")
        connection.execute("COPY FROM DATABASE old TO fresh")


def clean(path: Path, keyring: Keyring) -> None:
    """Take every withdrawn subject out of a database, such as one from a backup."""
    with duckdb.connect(str(path)) as connection:
        migrate(connection)
        rows = connection.execute("SELECT study, usubjid FROM subjects ORDER BY study, usubjid").fetchall()
        gone = [row for row in rows if keyring.withdrawn and keyring.is_withdrawn(*row)]
        for study, usubjid in gone:
            erase(connection, study, usubjid, keyring)
    if gone:
        fresh = path.with_name(f".{path.name}.fresh.tmp")
        compact(path, fresh)
        fresh.replace(path)


def quote(path: Path) -> str:
    """A path inside quotation marks of SQL."""
    return str(path).replace("'", "''")


def erase(connection: duckdb.DuckDBPyConnection, study: str, usubjid: str, keyring: Keyring) -> None:
    """Delete every row of a subject, and what imports noted about its rows."""
    own = {"study": study, "usubjid": usubjid}
    lines = " UNION ".join(
        f"SELECT batch, line FROM {table} WHERE study = $study AND usubjid = $usubjid"
        for table in ("measurements", *TABLES)
    )
    for table in NOTED:
        connection.execute(
            f"DELETE FROM {table} WHERE batch IN (SELECT batch FROM import_batch WHERE study = $study) "
            f"AND ((batch, line) IN ({lines}) OR usubjid = $usubjid OR {NAMED})",
            own,
        )
    delete_subject(connection, study, usubjid)
    for table in TABLES:
        connection.execute(f"DELETE FROM {table} WHERE study = $study AND usubjid = $usubjid", own)
    query = "SELECT config FROM study WHERE study = $study ORDER BY study"
    for (config,) in connection.execute(query, {"study": study}).fetchall():
        cleaned = json.dumps(forget(json.loads(config), study, keyring), sort_keys=True, ensure_ascii=False)
        connection.execute(
            "UPDATE study SET config = $config WHERE study = $study", {"study": study, "config": cleaned}
        )


def publish_without(home: Home, study: str) -> str:
    """Publish the current revision, already without the subject, under a new name, so that every cache is left."""
    current, revision = home.current(), next_name(home)
    fresh = home.folder / f".{revision}.duckdb.tmp"
    try:
        shutil.copyfile(home.revision_file(current), fresh)
        details = change_file(fresh, revision, current, "withdraw", lambda *_: {"study": study})
        publish(home, fresh, revision, "withdraw", details)
    finally:
        fresh.unlink(missing_ok=True)
    return revision


def rewrite_workspace(home: Home) -> None:
    """Write the saved items anew, so that none that was removed is left in the file's free space."""
    if not home.workspace_file.exists():
        return
    with hold_lock(home):
        fresh = home.folder / ".workspace.fresh.tmp"
        compact(home.workspace_file, fresh)
        fresh.replace(home.workspace_file)
