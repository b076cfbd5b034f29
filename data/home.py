"""Where the data live: one folder with the revisions, the pointer, the lock and the audit log."""

import getpass
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

REVISION_FILE = re.compile(r"hepatrace-(\d{6,})\.duckdb")


class NoStore(FileNotFoundError):
    """There is no revision to read yet."""


class DamagedStore(RuntimeError):
    """The store's own files contradict each other."""


@dataclass(frozen=True)
class Pointer:
    """The current revision, and the hash of the audit entry that published it."""

    revision: str
    audit: str


@dataclass(frozen=True)
class Home:
    """The folder of one store."""

    folder: Path

    @property
    def pointer_file(self) -> Path:
        """The file that names the current revision."""
        return self.folder / "current.json"

    @property
    def lock_file(self) -> Path:
        """The file whose lock makes a writer the only one."""
        return self.folder / "writer.lock"

    @property
    def audit_file(self) -> Path:
        """The append-only audit log."""
        return self.folder / "audit.jsonl"

    @property
    def key_file(self) -> Path:
        """The key of the audit log's hash chain."""
        return self.folder / "audit.key"

    @property
    def workspace_file(self) -> Path:
        """What users made: saved filters, rules, values with their citation."""
        return self.folder / "workspace.duckdb"

    def revision_file(self, revision: str) -> Path:
        """The database of a revision."""
        return self.folder / f"{revision}.duckdb"

    def revisions(self) -> list[str]:
        """The names of the revisions on disk, oldest first."""
        names = sorted(path.name for path in self.folder.glob("hepatrace-*.duckdb"))
        return [Path(name).stem for name in names if REVISION_FILE.fullmatch(name)]

    def read_pointer(self) -> Pointer | None:
        """The current revision; None in a new store. Raises DamagedStore."""
        try:
            content = json.loads(self.pointer_file.read_text(encoding="utf-8"))
            return Pointer(revision=content["revision"], audit=content["audit"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedStore(f"{self.pointer_file} does not name a revision") from error

    def current(self) -> str:
        """The name of the current revision. Raises NoStore, DamagedStore."""
        pointer = self.read_pointer()
        if pointer is None:
            raise NoStore(f"{self.folder} holds no data yet: import a study first")
        if not self.revision_file(pointer.revision).is_file():
            raise DamagedStore(f"{self.pointer_file} names {pointer.revision}, which is not there")
        return pointer.revision


def find_home() -> Home:
    """The store of this user: ``HEPATRACE_HOME``, else ``hepatrace-data`` in the working folder."""
    return Home(Path(os.environ.get("HEPATRACE_HOME", "hepatrace-data")))


def find_user() -> str:
    """Who is at work: ``HEPATRACE_USER``, else the system's user."""
    try:
        return os.environ.get("HEPATRACE_USER") or getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without a name, as in some containers
        return "unknown"


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def replace_file(path: Path, content: str) -> None:
    """Write a file so that readers see the old content or the new, never a part."""
    fresh = path.with_name(f".{path.name}.tmp")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)
