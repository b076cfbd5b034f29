"""The scores of cirrhosis, each one declarative definition."""

from functools import cache

from analytics.catalog import PARAMETERS, Parameter, UnknownParameter
from analytics.scores.albi import ALBI, EZ_ALBI, PALBI
from analytics.scores.alcohol import LILLE, MADDREY
from analytics.scores.child_pugh import ASCITES_POINTS, CHILD_PUGH, HE_POINTS
from analytics.scores.cholestatic import GLOBE, MAYO_PBC
from analytics.scores.clif import CLIF_C_ACLF, CLIF_C_AD, CLIF_C_OF
from analytics.scores.conversion import CONVERT
from analytics.scores.course import DECOMPENSATION, RECOMPENSATION, RESPONSE
from analytics.scores.ctcae import CTCAE5
from analytics.scores.definition import Input, Output, Score
from analytics.scores.fibrosis import APRI, BAVENO, FIB4, LSM_CHANGE
from analytics.scores.imaging import FIBROSIS_INDEX_DELTA, FIBROSIS_INDEX_SUMMARY, LIVER_VOLUME_PCT
from analytics.scores.meld import MELD, MELD3, MELD_NA, UKELD
from analytics.scores.organ_failure import AARC, AKI
from analytics.scores.safety import DILI_ACTION, EDISH_POINT, HYS_LAW
from analytics.scores.sofa import SOFA

__all__ = ["SCORES", "Input", "Output", "Score", "UnknownScore", "find_any_parameter", "find_score", "list_series"]

DEFINITIONS = (
    *(CHILD_PUGH, MELD, MELD_NA, MELD3, ALBI, MAYO_PBC, FIB4, APRI, PALBI, EZ_ALBI, UKELD, BAVENO, LSM_CHANGE),
    *(MADDREY, LILLE, GLOBE, SOFA, CLIF_C_OF, CLIF_C_ACLF, CLIF_C_AD, AARC, AKI),
    *(DECOMPENSATION, RECOMPENSATION, RESPONSE, FIBROSIS_INDEX_DELTA, LIVER_VOLUME_PCT, HYS_LAW, DILI_ACTION, CTCAE5),
    *(EDISH_POINT, FIBROSIS_INDEX_SUMMARY, ASCITES_POINTS, HE_POINTS, CONVERT),
)
SCORES = {score.id: score for score in DEFINITIONS}


class UnknownScore(KeyError):
    """A score that is not defined here."""


@cache
def list_series() -> dict[str, Score]:
    """The scores that a study has at its visits, by code; of a score with variants each of them."""
    return {
        item.id: item
        for score in SCORES.values()
        if score.series
        for item in (score.variants.values() if score.variants else [score])
    }


def find_score(score_id: str) -> Score:
    """The score with this id, or the variant of one. Raises UnknownScore."""
    known = list_series() | SCORES
    if score_id not in known:
        raise UnknownScore(f"no score has the id {score_id!r}; known are {', '.join(SCORES)}")
    return known[score_id]


def find_any_parameter(paramcd: str) -> Parameter:
    """The parameter of the catalog, or of a score, with this code. Raises UnknownParameter."""
    known = list_series() | SCORES
    if paramcd in known:
        return known[paramcd].parameter
    if paramcd not in PARAMETERS:
        raise UnknownParameter(f"neither a parameter nor a score has the code {paramcd!r}")
    return PARAMETERS[paramcd]
