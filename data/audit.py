"""The audit log: who did what to which batch or export, in a chain of keyed hashes.

Each line carries the keyed hash of the line before, so that a line changed, removed or put in
between breaks the chain, and the pointer of the store names the last published entry, so that lines
cut from the end are noticed too. It never holds a clinical value. Whoever can read the key
beside the log can forge the chain: ``HEPATRACE_AUDIT_KEY`` keeps the key elsewhere.
"""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data.home import Home, find_user

START = "0" * 64


@dataclass(frozen=True)
class AuditEntry:
    """One entry: number in the log, time (UTC), user, action, details, and the hash over all of it."""

    number: int
    time: str
    who: str
    action: str
    details: dict[str, Any]
    before: str
    hash: str

    def to_line(self) -> str:
        """The entry as a line of the log."""
        return json.dumps(vars(self), sort_keys=True, ensure_ascii=False) + "\n"


class BrokenAudit(RuntimeError):
    """The audit log was changed; the message names the first line that does not fit."""


def read_key(home: Home) -> bytes:
    """The key of the chain, made at the first use. The file is readable by its owner only."""
    if key := os.environ.get("HEPATRACE_AUDIT_KEY"):
        return key.encode()
    if not home.key_file.exists():
        handle = os.open(home.key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
    return home.key_file.read_bytes()


def hash_entry(key: bytes, entry: dict[str, Any]) -> str:
    """The keyed hash of everything in an entry but its own hash."""
    content = {name: value for name, value in entry.items() if name != "hash"}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def read_entries(home: Home) -> list[AuditEntry]:
    """All entries, oldest first. Raises BrokenAudit for a line that is no entry."""
    entries = []
    lines = home.audit_file.read_text(encoding="utf-8").splitlines() if home.audit_file.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(AuditEntry(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise BrokenAudit(f"line {number} of the audit log is no entry") from error
    return entries


def append_entry(home: Home, action: str, details: dict[str, Any]) -> AuditEntry:
    """Add an entry and make it durable. The caller holds the writer's lock."""
    remove_torn_line(home)
    entries = read_entries(home)
    content: dict[str, Any] = {
        "number": len(entries) + 1,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": find_user(),
        "action": action,
        "details": details,
        "before": entries[-1].hash if entries else START,
    }
    entry = AuditEntry(**content, hash=hash_entry(read_key(home), content))
    with home.audit_file.open("a", encoding="utf-8") as file:
        file.write(entry.to_line())
        file.flush()
        os.fsync(file.fileno())
    return entry


def remove_torn_line(home: Home) -> None:
    """Take out a last line without its end: its writer died in it, so nothing rests on it."""
    if not home.audit_file.exists():
        return
    content = home.audit_file.read_bytes()
    if content and not content.endswith(b"\n"):
        whole = content.rfind(b"\n") + 1
        with home.audit_file.open("r+b") as file:
            file.truncate(whole)


def check_audit(home: Home) -> list[AuditEntry]:
    """The entries of an unbroken chain. Raises BrokenAudit naming the first line that does not fit."""
    key, before = read_key(home), START
    entries = read_entries(home)
    for number, entry in enumerate(entries, start=1):
        if entry.number != number or entry.before != before or entry.hash != hash_entry(key, vars(entry)):
            raise BrokenAudit(f"line {number} of the audit log was changed, or a line before it was removed")
        before = entry.hash
    pointer = home.read_pointer()
    if pointer and pointer.audit not in {entry.hash for entry in entries}:
        raise BrokenAudit("the end of the audit log was removed: the current revision's entry is not in it")
    return entries
