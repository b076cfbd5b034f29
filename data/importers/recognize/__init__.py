"""What the columns of a file are: proposed with a confidence and a reason, asked where unsure, never guessed."""

from dataclasses import dataclass

from data.importers.recognize.own import read_own
from data.importers.recognize.redcap import (
    Dictionary,
    is_dictionary,
    is_redcap,
    prepare_redcap,
    read_dictionary,
    settle_redcap,
)
from data.importers.recognize.standards import prepare_standard
from data.importers.recognize.table import Reading, recognize
from data.importers.text import TextTable

__all__ = ["Proposal", "propose"]


@dataclass(frozen=True)
class Proposal:
    """A table of a file, as it will be read, and how."""

    file: str
    digest: str
    table: TextTable
    reading: Reading

    @property
    def label(self) -> str:
        """The file, and its sheet where it has several."""
        return f"{self.file}, {self.table.sheet}" if self.table.sheet else self.file


def propose(files: list[tuple[str, str, TextTable]]) -> list[Proposal]:
    """A proposal for every table (file name, digest, table); a data dictionary serves the others and has none."""
    dictionaries = [read_dictionary(table) for _, _, table in files if is_dictionary(table)]
    dictionary = dictionaries[0] if dictionaries else Dictionary()
    tables = [(name, digest, table) for name, digest, table in files if not is_dictionary(table)]
    return [Proposal(name, digest, *read_table(table, dictionary)) for name, digest, table in tables]


def read_table(table: TextTable, dictionary: Dictionary) -> tuple[TextTable, Reading]:
    """A table as its standard wants it read, and its reading."""
    own = read_own(table)
    if own:
        return table, own
    standard = prepare_standard(table)
    if standard:
        return standard
    if is_redcap(table):
        ready = prepare_redcap(table, dictionary)
        return ready, settle_redcap(recognize(ready), dictionary)
    return table, recognize(table)
