"""The door from the Import page to the importers: what was dropped, how it will be read, what would become of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import streamlit as st

from data.exports.safe import make_harmless
from data.home import find_home
from data.importers.cells import FIXES
from data.importers.keep import keep_mappings
from data.importers.preview import Preview, preview_sources
from data.importers.readers.archive import NamedFile, expand
from data.importers.recognize import Proposal, propose
from data.importers.recognize.answers import BadAnswer
from data.importers.recognize.mappings import give_day_0, write_mappings
from data.importers.recognize.table import Reading
from data.importers.rejects import collect_rejects
from data.importers.run import ImportReport, import_sources
from data.importers.sources import OpenFile, Source, find_kept, open_file, order_sources
from data.importers.study_file import BadStudyFile, FileMapping, StudyFile, parse_study
from data.importers.text import UnreadableFile
from data.integrity import BrokenIntegrity
from data.revisions import NothingToUndo, StoreBusy, undo_last
from pages.shared import store

__all__ = ["Draft", "Preview", "Reading", "StudyFile", "give_day_0"]
TIME_ZEROS = {"infusion": "first infusion", "randomization": "randomization", "enrolment": "enrolment"}
# What can be wrong with a person's files or answers; each says so in a sentence.
MOST_UPLOADED = 100_000_000  # bytes
EXPECTED = (BadAnswer, BadStudyFile, BrokenIntegrity, NothingToUndo, StoreBusy, UnreadableFile)


@dataclass(frozen=True)
class Draft:
    """A table that was dropped: its proposal, and the mappings of an earlier export that fit it, if any."""

    proposal: Proposal
    kept: tuple[FileMapping, ...]

    @property
    def key(self) -> str:
        """What widgets about this table are keyed by."""
        return f"{self.proposal.digest[:12]}_{self.proposal.table.sheet}"

    @property
    def name(self) -> str:
        """The file, and its sheet where it has several."""
        return self.proposal.label


def open_drafts(files: list[tuple[str, bytes]], encoding: str, study: StudyFile) -> list[Draft]:
    """The tables of the files that were dropped. Raises UnreadableFile."""
    opened = [item for name, content in files for item in read_upload(name, encoding, content)]
    proposals = propose([(file.name, file.digest, table) for file in opened for table in file.tables])
    return [Draft(item, tuple(find_kept(study, item.file, item.table))) for item in proposals]


def check_size(name: str, size: int) -> None:
    """Raise UnreadableFile for an upload that a browser should not be burdened with."""
    if size > MOST_UPLOADED:
        said = f"{name} has {size / 1e6:,.0f} MB; the browser takes {MOST_UPLOADED / 1e6:,.0f} MB"
        raise UnreadableFile(f"{said}. The terminal takes any size: python cli.py import {name} --study STUDY")


@st.cache_resource(show_spinner="Reading the file …", max_entries=8)
def read_upload(name: str, encoding: str, content: bytes) -> list[OpenFile]:
    """The files in an upload, opened; keyed by name, encoding and content. Raises UnreadableFile."""
    check_size(name, len(content))
    return [open_file(file, encoding) for file in expand(NamedFile(name, content))]


def describe_study(name: str) -> StudyFile:
    """A study of the store. Raises BadStudyFile."""
    return parse_study(store.config(name), name)


def new_study(name: str, title: str, time_zero: str) -> StudyFile:
    """A study that is not there yet. Raises BadStudyFile."""
    return parse_study({"study": name, "title": title or name, "time_zero": time_zero}, "the new study")


def list_sources(drafts: list[tuple[Draft, Reading | None]], study: StudyFile, fixes: pl.DataFrame) -> list[Source]:
    """What is to be read: every table by its reading, or by the mappings that are kept where it has none.

    Raises OpenQuestions.
    """
    own = not any(reading and reading.describes_subjects for _, reading in drafts)
    sources = []
    for draft, reading in drafts:
        proposal = draft.proposal
        mappings = (
            list(draft.kept) if reading is None else write_mappings(reading, proposal.file, proposal.table.sheet, own)
        )
        mine = fixes.filter(pl.col("file") == proposal.label).select(list(FIXES)) if fixes.height else fixes
        for mapping in mappings:
            source = Source(proposal.file, proposal.digest, proposal.table, study.study, mapping)
            sources.append(replace(source, fixes=mine) if mine.height else source)
    return order_sources(sources)


def check_subjects(drafts: list[tuple[Draft, Reading | None]], known: int) -> None:
    """Raise UnreadableFile for a table without subjects where the study has some: its rows would be new subjects."""
    for draft, reading in drafts:
        if known and reading is not None and reading.row_ids and reading.says_something:
            said = (
                "no column names the subject, and the study has subjects already: choose the column in the table above"
            )
            raise UnreadableFile(f"{draft.name}: {said}")


def try_import(study: StudyFile, sources: list[Source]) -> Preview:
    """What an import would do; held until something of it changes. Raises what is EXPECTED."""
    told: list[Any] = [study.config, [(item.digest, item.mapping.to_json(), item.fixes.rows()) for item in sources]]
    stamp = st.session_state.get("stamp")
    return cached_preview(json.dumps([str(stamp), told], default=str, sort_keys=True), study, sources)


@st.cache_resource(show_spinner="Trying the import …", max_entries=4)
def cached_preview(key: str, _study: StudyFile, _sources: list[Source]) -> Preview:
    """The preview of an import; ``key`` holds all that it depends on."""
    del key
    return preview_sources(find_home(), _study, _sources)


def commit(study: StudyFile, sources: list[Source]) -> ImportReport:
    """Publish the import, and keep its mappings with the study. Raises what is EXPECTED."""
    kept = keep_mappings(study, [source.mapping for source in sources])
    return import_sources(find_home(), [kept], sources)


def undo() -> tuple[str, str]:
    """Point back to the revision before; the names of both. Raises NothingToUndo, StoreBusy."""
    return undo_last(find_home())


def write_rejects(drafts: list[Draft], rejected: pl.DataFrame) -> Callable[[], bytes]:
    """The rows of the files that hold something rejected, with the reasons, to be corrected and imported again."""
    return lambda: (
        make_harmless(collect_rejects([item.proposal for item in drafts], rejected)).write_csv().encode("utf-8-sig")
    )
