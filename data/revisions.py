"""Revisions: a writer changes a copy and publishes it whole; readers never see half a change.

Order of a publication: the new file is complete and synced, then comes the audit entry, then the
file's final name, then the pointer. A crash before the pointer leaves the last revision current; the
next writer removes the abandoned one and says so in the audit log.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from data.audit import append_entry, read_entries, remove_torn_line
from data.database import migrate, open_reader, transaction
from data.home import Home, find_user, replace_file, sync_folder

Change = Callable[[duckdb.DuckDBPyConnection, str], dict[str, Any]]


class StoreBusy(RuntimeError):
    """Another process is writing."""


class NothingToUndo(RuntimeError):
    """The current revision has none before it."""


def lock_handle(handle: int) -> None:
    """Take the system's lock on an open file; it goes with the process. Raises OSError if it is taken."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def hold_lock(home: Home) -> Generator[None]:
    """Be the only writer. Raises StoreBusy at once when there is another."""
    home.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(home.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            lock_handle(handle)
        except OSError as error:
            raise StoreBusy("another import is running; wait until it has ended, then try again") from error
        clear_leftovers(home)
        yield
    finally:
        os.close(handle)


def clear_leftovers(home: Home) -> None:
    """Remove what a killed writer left half done, and note in the log what it never published."""
    for leftover in (*home.folder.glob(".*.tmp"), *home.folder.glob(".*.tmp.wal")):
        if leftover.is_dir():  # what DuckDB put on disk while it sorted more than it could hold
            shutil.rmtree(leftover)
        else:
            leftover.unlink()
    remove_torn_line(home)
    pointer = home.read_pointer()
    last = next((entry for entry in reversed(read_entries(home)) if "revision" in entry.details), None)
    if last is None or last.action == "abandon" or (pointer and pointer.audit == last.hash):
        return
    revision = last.details["revision"]
    if last.action != "undo":
        home.revision_file(revision).unlink(missing_ok=True)
    append_entry(home, "abandon", {"revision": revision, "reason": "interrupted before publishing"})


def record_action(home: Home, action: str, details: dict[str, Any]) -> None:
    """Note in the audit log what was done without changing the data. Raises StoreBusy."""
    with hold_lock(home):
        append_entry(home, action, details)


def write_revision(home: Home, action: str, change: Change, base: Path | None = None) -> str:
    """Publish the current revision with a change as the new one; its name.

    ``change`` gets a connection inside a transaction and the new revision's name, and returns what
    the audit log should say. If it raises, nothing stays. ``base`` replaces the current revision
    as the starting point (restoring a backup). Raises StoreBusy.
    """
    with hold_lock(home):
        pointer = home.read_pointer()
        revision = next_name(home)
        fresh = home.folder / f".{revision}.duckdb.tmp"
        source = base or (home.revision_file(pointer.revision) if pointer else None)
        try:
            if source:
                shutil.copyfile(source, fresh)
            details = change_file(fresh, revision, pointer.revision if pointer else None, action, change)
            publish(home, fresh, revision, action, details)
        finally:
            fresh.unlink(missing_ok=True)
        return revision


def change_file(fresh: Path, revision: str, parent: str | None, action: str, change: Change) -> dict[str, Any]:
    """Apply a change to the copy in one transaction and write it all to its file."""
    with duckdb.connect(str(fresh)) as connection:
        migrate(connection)
        with transaction(connection):
            details = change(connection, revision)
            connection.execute(
                "INSERT INTO revision (revision, parent, action, created_at, who) "
                "VALUES ($revision, $parent, $action, $now, $who)",
                {"revision": revision, "parent": parent, "action": action, "now": utc_now(), "who": find_user()},
            )
        connection.execute("CHECKPOINT")
    return details


def publish(home: Home, fresh: Path, revision: str, action: str, details: dict[str, Any]) -> None:
    """Make a finished file the current revision."""
    with fresh.open("rb+") as file:
        os.fsync(file.fileno())
    entry = append_entry(home, action, {**details, "revision": revision, "sha256": hash_file(fresh)})
    fresh.replace(home.revision_file(revision))
    sync_folder(home.folder)
    point_to(home, revision, entry.hash)


def point_to(home: Home, revision: str, audit: str) -> None:
    """Make a revision the current one."""
    replace_file(home.pointer_file, f'{{"revision": "{revision}", "audit": "{audit}"}}\n')


def undo_last(home: Home) -> tuple[str, str]:
    """Point back to the revision before the current one; the names of both. Raises NothingToUndo."""
    with hold_lock(home):
        revision = home.current()
        parent = find_parent(home, revision)
        if parent is None or not home.revision_file(parent).is_file():
            raise NothingToUndo(f"{revision} is the first revision: there is nothing before it")
        entry = append_entry(home, "undo", {"revision": parent, "undone": revision})
        point_to(home, parent, entry.hash)
        return revision, parent


def find_parent(home: Home, revision: str) -> str | None:
    """The revision that this one was made from."""
    with open_reader(home, revision) as connection:
        row = connection.execute(
            "SELECT parent FROM revision WHERE revision = $revision ORDER BY revision", {"revision": revision}
        ).fetchone()
    return row[0] if row else None


def next_name(home: Home) -> str:
    """A name that no revision has had, also not an undone or abandoned one."""
    logged = [entry.details["revision"] for entry in read_entries(home) if "revision" in entry.details]
    numbers = [int(name.split("-")[1]) for name in (*home.revisions(), *logged)]
    return f"hepatrace-{max(numbers, default=0) + 1:06d}"


def hash_file(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def utc_now() -> datetime:
    """The time now, in UTC, as DuckDB stores it."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
