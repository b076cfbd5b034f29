"""Data cuts: revisions with a name that are never pruned, and the pruning of the others.

A cut is a saved item of the workspace (kind ``cut``) that names a revision; it belongs to the whole store,
because a revision holds every study.
"""

import json
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from data.audit import append_entry
from data.database import open_reader
from data.home import Home
from data.revisions import find_parent, hold_lock
from data.workspace import Item, fetch_items, make_item, remove_item, save_item

CUT = "cut"
REVISIONS = {
    "revision": pl.String,
    "cut": pl.String,
    "current": pl.Boolean,
    "action": pl.String,
    "created_at": pl.Datetime,
    "who": pl.String,
    "size_mb": pl.Float64,
}


class UnknownRevision(KeyError):
    """A revision or data cut that is not in the store."""


def list_cuts(home: Home) -> dict[str, str]:
    """The revision of every data cut, by name."""
    return {item.name: json.loads(item.content)["revision"] for item in fetch_items(home) if item.kind == CUT}


def list_revisions(home: Home) -> pl.DataFrame:
    """Every revision on disk, newest first: name, data cuts, whether it is current, what made it, size."""
    if home.read_pointer() is None:
        return pl.DataFrame(schema=REVISIONS)
    names = list_cuts(home)
    current = home.current()
    rows = []
    for revision in reversed(home.revisions()):
        action, created_at, who = describe_revision(home, revision)
        rows.append(
            {
                "revision": revision,
                "cut": ", ".join(name for name, of in names.items() if of == revision),
                "current": revision == current,
                "action": action,
                "created_at": created_at,
                "who": who,
                "size_mb": round(home.revision_file(revision).stat().st_size / 1e6, 1),
            }
        )
    return pl.DataFrame(rows, schema=REVISIONS)


def describe_revision(home: Home, revision: str) -> tuple[str, datetime | None, str]:
    """What made a revision, when (UTC) and who."""
    with open_reader(home, revision) as connection:
        row = connection.execute(
            "SELECT action, created_at, who FROM revision WHERE revision = $revision ORDER BY revision",
            {"revision": revision},
        ).fetchone()
    return row or ("", None, "")


def find_revision(home: Home, name: str) -> str:
    """The revision of a data cut, or the one of this name. Raises UnknownRevision."""
    revision = list_cuts(home).get(name, name)
    if revision not in home.revisions():
        raise UnknownRevision(f"there is no data cut or revision {name!r}; 'python cli.py cuts list' lists them")
    return revision


def pin_cut(home: Home, name: str, revision: str) -> bool:
    """Give a revision a name, so that it is kept; False while another writer does not end.

    Raises UnknownRevision, BadName.
    """
    if revision not in home.revisions():
        raise UnknownRevision(f"there is no revision {revision!r}")
    known = list_cuts(home).get(name.strip())
    if known and known != revision:
        raise UnknownRevision(f"the data cut {name.strip()!r} is {known} already: choose another name")
    return save_item(home, make_item(CUT, "", name, json.dumps({"revision": revision})))


def unpin_cut(home: Home, name: str) -> bool:
    """Take the name off a revision, which may then be pruned. Raises UnknownRevision."""
    if name not in list_cuts(home):
        raise UnknownRevision(f"there is no data cut {name!r}")
    return remove_item(home, Item(CUT, "", name, "", "", datetime.min))


def list_prunable(home: Home, keep: int) -> list[str]:
    """The revisions that pruning would remove: not the current one, its parent, a data cut, or the newest ``keep``."""
    if home.read_pointer() is None:
        return []
    current = home.current()
    safe = {current, find_parent(home, current), *list_cuts(home).values(), *home.revisions()[-keep:]}
    return [revision for revision in home.revisions() if revision not in safe]


def prune(home: Home, keep: int) -> list[str]:
    """Remove the revisions that nothing holds; their names. Raises StoreBusy."""
    with hold_lock(home):
        gone = list_prunable(home, keep)
        if gone:
            # Noted first: a crash in between leaves files that the log calls pruned, and the next pruning takes them.
            append_entry(home, "prune", {"pruned": gone})
            remove_files(home, gone)
        return gone


def remove_files(home: Home, revisions: Sequence[str]) -> None:
    """Remove revisions from the disk."""
    for revision in revisions:
        home.revision_file(revision).unlink(missing_ok=True)
