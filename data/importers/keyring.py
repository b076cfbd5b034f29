"""The key of a store, and the list of subjects whose consent was withdrawn."""

import json
from pathlib import Path
from typing import Any

from data.audit import read_key
from data.home import Home, replace_file
from data.importers.privacy import Keyring


def withdrawn_file(home: Home) -> Path:
    """The file with the keyed hashes of the subjects whose consent was withdrawn."""
    return home.folder / "withdrawn.json"


def read_keyring(home: Home) -> Keyring:
    """The key, made at the first use, and the withdrawn subjects."""
    home.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = withdrawn_file(home)
    hashes = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return Keyring(read_key(home), frozenset(hashes))


def forget(content: Any, study: str, keyring: Keyring) -> Any:
    """A study's settings without what they say of a withdrawn subject (published changes by subject)."""
    if isinstance(content, dict):
        kept = {key: value for key, value in content.items() if not keyring.is_withdrawn(study, str(key))}
        return {key: forget(value, study, keyring) for key, value in kept.items()}
    if isinstance(content, list):
        return [forget(value, study, keyring) for value in content]
    return content


def add_withdrawn(home: Home, digest: str) -> None:
    """Put a subject on the list."""
    hashes = read_keyring(home).withdrawn | {digest}
    replace_file(withdrawn_file(home), json.dumps(sorted(hashes)))
