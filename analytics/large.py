"""A large study: what is derived of everybody once, when it is published, and the sample that is derived as a whole.

Everybody has traits, events and baselines, so counts, filters and survival are exact. Whole courses are
derived of a sample of subjects that does not depend on what is looked at.
"""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from analytics.cohort import derive_traits, list_events, select_subjects
from analytics.panel import assemble_study, derive_baselines, derive_panel

LARGE = 1_000_000  # measurements: of a larger study the whole panel is never made
SAMPLE = 2_000  # subjects whose courses are derived
SHOWN = 500  # subjects of a cohort that figures rest on: the first of the sample that pass its filters
FEWEST = 300  # of a cohort with fewer in the sample, subjects are derived when they are asked for
HERE = Path(__file__).parent
MADE_BY = ("*.py", "catalog/*", "scores/*")  # what decides the derived numbers, below this folder

Frames = Mapping[str, pl.DataFrame]


@cache
def digest_definitions() -> str:
    """A digest of everything that the derived tables rest on: definitions, rules and code."""
    digest = sha256()
    for path in sorted(path for pattern in MADE_BY for path in HERE.glob(pattern) if path.is_file()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def derive_everybody(frames: Frames, config: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """``traits`` (as for filters) and ``baselines`` (as ``derive_baselines``) of these subjects.

    ``frames`` need no measurement after day 0.
    """
    study = assemble_study(frames, config)
    baselines = derive_baselines(study)
    traits = derive_traits(study.subjects, baselines, list_events(study.events, study.treatments))
    return {"traits": traits, "baselines": baselines}


def derive_courses(frames: Frames, config: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """``panel`` of these subjects, with their arm, and ``measurements`` as they are."""
    study = assemble_study(frames, config)
    panel = select_subjects(derive_panel(study), study.subjects)
    return {"panel": panel, "measurements": frames["measurements"]}
