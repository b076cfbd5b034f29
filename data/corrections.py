"""Corrections on screen: drafted one by one with a reason, published together as one revision.

A draft is a saved item (kind ``correction``) of a study. What is published is a batch of its own, beside the
files' batches; what each value was before stands in the table ``change``.
"""

import hashlib
import json
from dataclasses import asdict
from typing import Any

import duckdb

from data.database import open_reader
from data.home import Home, find_user
from data.importers.context import open_scratch
from data.importers.screen import FILE, MAPPING, BadCorrection, Correction, apply_corrections
from data.importers.store_rows import find_next_batch, insert_batch
from data.integrity import check_integrity
from data.long_table import cluster_measurements, is_clustered
from data.revisions import utc_now, write_revision
from data.workspace import fetch_items, make_item, remove_item, save_item

DRAFT = "correction"


def list_drafts(home: Home, study: str) -> list[Correction]:
    """The corrections of a study that are drafted."""
    own = [item for item in fetch_items(home) if (item.kind, item.study) == (DRAFT, study)]
    return [Correction(**json.loads(item.content)) for item in own]


def name_draft(correction: Correction) -> str:
    """What a draft is saved under: one for each value; the name says nothing of the subject."""
    place = f"day {correction.day}" if correction.day is not None else correction.avisit
    key = hashlib.sha256(f"{correction.usubjid}|{correction.paramcd}|{place}".encode()).hexdigest()[:12]
    return f"{correction.paramcd} {key}"


def save_draft(home: Home, study: str, correction: Correction) -> bool:
    """Put a correction into the draft; False while another writer does not end. Raises BadCorrection."""
    if not correction.reason.strip():
        raise BadCorrection("say why the value is entered, corrected or removed: the reason is kept with it")
    if correction.day is None and not correction.avisit.strip():
        raise BadCorrection("say the day or the visit that the value belongs to")
    check_correction(home, study, correction)
    return save_item(home, make_item(DRAFT, study, name_draft(correction), json.dumps(asdict(correction))))


def drop_draft(home: Home, study: str, correction: Correction) -> bool:
    """Take a correction out of the draft."""
    return remove_item(home, make_item(DRAFT, study, name_draft(correction), ""))


def check_correction(home: Home, study: str, correction: Correction) -> None:
    """Raise BadCorrection where a correction would be rejected, or would change nothing."""
    with open_reader(home, home.current()) as reader, open_scratch(reader, study, [correction.usubjid]) as scratch:
        outcome = apply_corrections(scratch, study, [correction], 0)
    if outcome.changes is None or outcome.changes.is_empty():
        raise BadCorrection("the value is as it was: there is nothing to correct")


def publish_corrections(home: Home, study: str) -> str:
    """Publish every drafted correction of a study as one revision; its name. Raises BadCorrection, StoreBusy."""
    drafts = list_drafts(home, study)
    if not drafts:
        raise BadCorrection("no correction is drafted")

    def change(connection: duckdb.DuckDBPyConnection, revision: str) -> dict[str, Any]:
        batch = find_next_batch(connection)
        outcome = apply_corrections(connection, study, drafts, batch)
        told = json.dumps([asdict(item) for item in drafts], sort_keys=True)
        facts: dict[str, Any] = {"study": study, "kind": "measurements", "file_name": FILE, "revision": revision}
        facts |= {"sha256": hashlib.sha256(told.encode()).hexdigest(), "mapping": MAPPING.to_json()}
        insert_batch(connection, batch, facts | {"imported_at": utc_now(), "who": find_user()}, outcome)
        if not is_clustered(connection):
            cluster_measurements(connection)
        check_integrity(connection, batch)
        return {"batch": batch, "study": study, "values": len(drafts)}

    revision = write_revision(home, "correction", change)
    for draft in drafts:
        drop_draft(home, study, draft)
    return revision
