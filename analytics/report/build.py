"""The report as a document: the chosen sections, one after the other, with the comments that were typed."""

from collections.abc import Callable, Iterable, Iterator

from analytics.documents.model import Block, Document, Section, Words
from analytics.report.more_sections import build_data, build_definitions, build_patients, build_safety
from analytics.report.problems import BadReport
from analytics.report.sections import (
    build_change,
    build_disposition,
    build_exposure,
    build_population,
    build_response,
    build_survival,
)
from analytics.report.trial import Choice, Trial, write_recipe
from analytics.versions import say_versions

SECTIONS: dict[str, tuple[str, Callable[[Trial], Iterator[Block]]]] = {
    "population": ("Population", build_population),
    "disposition": ("Disposition and follow-up", build_disposition),
    "exposure": ("Exposure and product", build_exposure),
    "change": ("Change from baseline", build_change),
    "response": ("Response", build_response),
    "survival": ("Survival", build_survival),
    "safety": ("Safety", build_safety),
    "patients": ("Patient pages", build_patients),
    "definitions": ("Definitions used", build_definitions),
    "data": ("Deviations and missing data", build_data),
}
TITLES = {code: title for code, (title, _) in SECTIONS.items()}
USUAL = tuple(code for code in SECTIONS if code != "patients")


def check_choice(choice: Choice) -> None:
    """Raise BadReport where nothing, or something that does not exist, is chosen."""
    if not choice.sections:
        raise BadReport("no section is chosen")
    if unknown := [code for code in choice.sections if code not in SECTIONS]:
        raise BadReport(f"there is no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")


def build_report(trial: Trial, choice: Choice, tell: Callable[[str], None] = lambda _: None) -> Document:
    """The document of the chosen sections; ``tell`` is told what is being made. Raises BadReport."""
    check_choice(choice)
    if trial.subjects.is_empty():
        raise BadReport("no patient passes the filters, so there is nothing to report")
    sections = tuple(build_section(trial, code, choice, tell) for code in choice.sections)
    origin = trial.origin
    facts = {
        "Study": origin.title,
        "Patients": f"{trial.subjects.height} of {trial.everybody}",
        "Filter": trial.cohort.words or "none",
        "Data": f"{origin.cut}; revision {origin.revision}",
        "Units": choice.units,
        "Made with": say_versions(),
    }
    return Document(origin.title, trial.stamp, origin.simulated, facts, sections, write_recipe(trial, choice))


def build_section(trial: Trial, code: str, choice: Choice, tell: Callable[[str], None]) -> Section:
    """One section, its comment first."""
    title, build = SECTIONS[code]
    tell(title)
    comment = choice.comments.get(code, "").strip()
    blocks: Iterable[Block] = [*([Words(comment, comment=True)] if comment else []), *build(trial)]
    return Section(code, title, tuple(blocks))
