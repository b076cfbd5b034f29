"""The scores of cirrhosis, each one declarative definition."""

from analytics.catalog import PARAMETERS, Parameter, UnknownParameter
from analytics.scores.albi import ALBI
from analytics.scores.child_pugh import CHILD_PUGH
from analytics.scores.cholestatic import MAYO_PBC
from analytics.scores.definition import Example, Input, Score
from analytics.scores.meld import MELD, MELD3, MELD_NA

__all__ = ["SCORES", "Example", "Input", "Score", "find_any_parameter", "find_score"]

SCORES = {score.id: score for score in (CHILD_PUGH, MELD, MELD_NA, MELD3, ALBI, MAYO_PBC)}


class UnknownScore(KeyError):
    """A score that is not defined here."""


def find_score(score_id: str) -> Score:
    """The score with this id. Raises UnknownScore."""
    if score_id not in SCORES:
        raise UnknownScore(f"no score has the id {score_id!r}; known are {', '.join(SCORES)}")
    return SCORES[score_id]


def find_any_parameter(paramcd: str) -> Parameter:
    """The parameter of the catalog, or of a score, with this code. Raises UnknownParameter."""
    if paramcd in SCORES:
        return SCORES[paramcd].parameter
    if paramcd not in PARAMETERS:
        raise UnknownParameter(f"neither a parameter nor a score has the code {paramcd!r}")
    return PARAMETERS[paramcd]
