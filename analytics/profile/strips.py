"""Which strips stand together: what a hepatologist looks at in one glance."""

from collections.abc import Iterable

from analytics.catalog import PARAMETERS
from analytics.patient import KEY_PARAMETERS
from analytics.scores import list_series

KEY = "Key"
SCORES = "Scores"
OTHER = "Other"
MOST = 12  # strips that are drawn at once
GROUPS: dict[str, tuple[str, ...]] = {
    "Liver function": (
        *("bilirubin", "bilirubin_direct", "bilirubin_indirect", "albumin", "inr", "pt_activity", "pt_sec"),
        *("pt_prolongation_sec", "cholinesterase", "icg_r15", "icg_k", "ammonia", "prealbumin", "bile_acids"),
        *("protein_total", "fibrinogen", "cholesterol", "he_grade"),
    ),
    "Ascites and portal hypertension": (
        *("ascites_grade", "ascites_present", "spironolactone_dose", "furosemide_dose", "edema", "weight", "hvpg"),
        *("platelets", "spleen_volume", "sodium", "creatinine", "spider_nevi"),
    ),
    "Imaging and fibrosis": (
        *("fibrosis_index", "liver_volume", "liver_volume_pct", "lsm", "mre", "cap", "hepatomegaly"),
        *("collagen_area_pct", "metavir", "ishak", "histologic_stage_pbc", "progenitor_cells"),
        *(code for code, item in PARAMETERS.items() if item.category == "fibrosis marker"),
    ),
    "Quality of life": tuple(
        code for code, item in PARAMETERS.items() if item.category == "quality of life and performance"
    ),
    "Tumor marker": tuple(code for code, item in PARAMETERS.items() if item.category == "tumor marker"),
    "Safety": (
        *("alt", "ast", "alp", "ggt", "ldh", "creatinine", "bun", "sodium", "potassium", "hemoglobin", "wbc"),
        *("neutrophils", "crp"),
    ),
}


def list_groups(codes: Iterable[str], most: int = 8) -> dict[str, list[str]]:
    """The groups of strips of a patient who has these parameters: name to codes, groups without one left out.

    ``Key`` has at most ``most``, the grades of single analytes stand in no group, and whatever no
    group names stands under ``Other``, so that every other parameter can be reached.
    """
    known = list(dict.fromkeys(codes))
    scores = [code for code in list_series() if code in known and not code.startswith("ctcae5_")]
    groups = {KEY: [code for code in KEY_PARAMETERS if code in known][:most]}
    groups |= {SCORES: scores} | {name: [code for code in listed if code in known] for name, listed in GROUPS.items()}
    placed = {code for listed in groups.values() for code in listed}
    groups[OTHER] = [code for code in known if code not in placed and not code.startswith("ctcae5_")]
    filled = {name: listed for name, listed in groups.items() if listed}
    return filled if KEY in filled else {KEY: next(iter(filled.values()))[:most], **filled} if filled else {}


def list_absent(codes: Iterable[str]) -> list[str]:
    """The groups of which a patient has no value, by name."""
    groups = list_groups(codes)
    return [name for name in (SCORES, *GROUPS) if name not in groups]
