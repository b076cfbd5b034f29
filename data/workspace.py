"""What users make (saved filters, responder rules, values entered with their citation), beside the revisions.

``workspace.duckdb`` is replaced as a whole: a writer changes a copy under the store's lock and renames
it, so a reader sees the old or the new one. Every change is noted in the audit log, the name as a keyed hash.
"""

import hashlib
import hmac
import shutil
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from data.audit import append_entry, read_key
from data.home import Home, find_user, sync_folder
from data.revisions import StoreBusy, hold_lock

SCHEMA = """
CREATE TABLE IF NOT EXISTS item (
    kind VARCHAR NOT NULL,
    study VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    content VARCHAR NOT NULL,
    who VARCHAR NOT NULL,
    saved_at TIMESTAMP NOT NULL
)
"""
INSERT = """
INSERT INTO item (kind, study, name, content, who, saved_at)
VALUES ($kind, $study, $name, $content, $who, $saved_at)
"""
PATIENCE = 5.0  # seconds
LONGEST = 80  # characters of a name
READING = threading.Lock()  # connections of one process to one path share its content: one at a time


class BadName(ValueError):
    """A name that nothing can be saved under."""


@dataclass(frozen=True)
class Item:
    """Something that a user made: its kind, study, name, content (JSON), author and time (UTC)."""

    kind: str
    study: str
    name: str
    content: str
    who: str
    saved_at: datetime


def fetch_items(home: Home) -> list[Item]:
    """Everything saved, by kind, study and name; nothing where nothing was saved yet."""
    if not home.workspace_file.exists():
        return []
    query = "SELECT kind, study, name, content, who, saved_at FROM item ORDER BY kind, study, name"
    with READING, duckdb.connect(str(home.workspace_file), read_only=True) as connection:
        return [Item(*row) for row in connection.execute(query).fetchall()]


def save_item(home: Home, item: Item) -> bool:
    """Save under a name; what stood there is replaced. False while another writer does not end within 5 s.

    Raises BadName.
    """
    if not item.name.strip() or len(item.name) > LONGEST:
        raise BadName(f"a name has 1 to {LONGEST} characters")
    return change_items(home, f"save {item.kind}", item, keep=True)


def make_item(kind: str, study: str, name: str, content: str) -> Item:
    """An item of the present user, made now."""
    return Item(kind, study, name.strip(), content, find_user(), datetime.now(UTC).replace(tzinfo=None))


def remove_item(home: Home, item: Item) -> bool:
    """Remove what is saved under the item's name. False while another writer does not end within 5 s."""
    return change_items(home, f"remove {item.kind}", item, keep=False)


def merge_items(home: Home, items: list[Item]) -> None:
    """Save items of a backup, but those that were saved again since."""
    newest = {(item.kind, item.study, item.name): item.saved_at for item in fetch_items(home)}
    for item in items:
        known = newest.get((item.kind, item.study, item.name))
        if known is None or known < item.saved_at:
            save_item(home, item)


def change_items(home: Home, action: str, item: Item, keep: bool) -> bool:
    """Publish a copy of the file with the item in it or out of it; False where the lock could not be had."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with hold_lock(home):
                write_items(home, item, keep)
                append_entry(home, action, {"study": item.study, "item": hash_name(home, item.name)})
                return True
        except StoreBusy:
            if time.monotonic() > until:
                return False
            time.sleep(0.1)


def hash_name(home: Home, name: str) -> str:
    """What the audit log calls an item: its name may hold a subject's identifier, and the log is never rewritten."""
    return hmac.new(read_key(home), name.encode(), hashlib.sha256).hexdigest()[:12]


def write_items(home: Home, item: Item, keep: bool) -> None:
    """Replace the file by a copy without the item of this kind, study and name, or with the new one."""
    fresh = home.folder / ".workspace.duckdb.tmp"
    if home.workspace_file.exists():
        shutil.copyfile(home.workspace_file, fresh)
    key = {"kind": item.kind, "study": item.study, "name": item.name}
    with duckdb.connect(str(fresh)) as connection:
        connection.execute(SCHEMA)
        connection.execute("DELETE FROM item WHERE kind = $kind AND study = $study AND name = $name", key)
        if keep:
            connection.execute(INSERT, vars(item))
    with READING:
        fresh.replace(home.workspace_file)
    sync_folder(home.folder)
