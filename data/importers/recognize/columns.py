"""One column to its guess: what its header says, checked against what its cells hold."""

from analytics.catalog import PARAMETERS, Parameter, UnknownUnit, match_parameter, name_key
from data.importers.privacy import is_private
from data.importers.recognize.codes import find_kind, name_arms, name_event, read_pluses, read_sexes, read_statuses
from data.importers.recognize.contents import Contents, find_units, fits_levels, is_settled, measure_fit
from data.importers.recognize.headers import Header, find_parameter_name, is_unit, is_visit, split_header
from data.importers.recognize.roles import (
    EVENT_DATE,
    FOLLOW_UP,
    LIKELY,
    NOT_READ,
    STATUS,
    SURE,
    UNSURE,
    VALUE,
    Guess,
    find_roles,
)

PRIVATE = "looks like it identifies a person"
HALF = 0.5  # of the cells
# Names that mean different things in different places: asked, never guessed.
SEVERAL = {
    "pta": ("pt_activity",),
    "stage": ("histologic_stage_pbc", "metavir", "ishak"),
    "fibrosis": ("metavir", "ishak"),
    "fibrosisstage": ("metavir", "ishak"),
    "ascites": ("ascites_grade", "ascites_present"),
    "腹水": ("ascites_grade", "ascites_present"),
    "urea": ("bun",),
}
NUMERIC = {"subjects.age": (0, 120), FOLLOW_UP: (0, 36_525), "day": (-36_525, 36_525), "cdisc_day": (-36_525, 36_525),
           "week": (-520, 5_200), "month": (-120, 1_200)}  # fmt: skip


def guess_role(column: str, label: str, contents: Contents) -> Guess | None:
    """The guess by the header, or by its long label, where its cells fit; None where neither says anything."""
    if is_private(column) or is_private(label):
        return guess_private(column, label, contents)
    for header in dict.fromkeys((column, split_header(column).name, label)):
        for role in find_roles(header):
            guess = check_role(role, column, header, contents)
            if guess:
                return guess
    return None


def guess_private(column: str, label: str, contents: Contents) -> Guess:
    """A column that looks like it identifies a person: an age comes of a birth date, nothing else is read."""
    said = f"{PRIVATE} ({label or column})"
    if "subjects.birth_date" in (*find_roles(column), *find_roles(label)) and contents.is_date:
        return Guess(column, "subjects.birth_date", SURE, f"{said}: it becomes the age at day 0 and is not kept")
    return Guess(column, NOT_READ, SURE, f"{said}: it is not read, not shown and not kept")


def check_role(role: str, column: str, header: str, contents: Contents) -> Guess | None:
    """The guess that a column has a role, where its cells allow it."""
    said = f"called “{header}”"
    if role in CODED:
        return CODED[role](column, said, contents)
    if role in NUMERIC:
        low, high = NUMERIC[role]
        fits = contents.is_numeric and bool(contents.numbers.is_between(low, high).all())
        return Guess(column, role, SURE, f"{said}, numbers from {low} to {high}") if fits else None
    if role.endswith("date"):
        visit = split_header(column).avisit if role == "date" else ""
        return Guess(column, role, SURE, f"{said}, holds dates", avisit=visit) if contents.is_date else None
    fits = contents.filled and (role == "aval" or not contents.is_date) and is_fitting(role, contents)
    return Guess(column, role, SURE, said) if fits else None


def is_fitting(role: str, contents: Contents) -> bool:
    """Whether a column can be identifiers (no decimals), or visits (no outcomes)."""
    if role == "usubjid":
        return not contents.is_numeric or contents.is_whole
    return role != "avisit" or any(map(is_visit, contents.words)) or not any(map(find_kind, contents.words))


def guess_unit(column: str, said: str, contents: Contents) -> Guess | None:
    """A column of units of measurement; one with a few whole numbers is none, rather a hospital."""
    if contents.is_whole and contents.is_coded:
        reason = f"{said}, but holds {len(contents.words)} whole numbers: no unit of measurement, rather a site"
        return Guess(column, "subjects.site", LIKELY, reason)
    known = [word for word in contents.words if is_unit(word)]
    return Guess(column, "unit", SURE if known else LIKELY, said) if not contents.is_numeric else None


def guess_sex(column: str, said: str, contents: Contents) -> Guess | None:
    """A column of sexes; codes that are numbers are asked."""
    if not contents.is_coded or len(contents.words) > 4:
        return None
    codes = read_sexes(contents.words)
    unsure = None in codes.values()
    return Guess(column, "subjects.sex", UNSURE if unsure else SURE, said, codes=codes)


def guess_arm(column: str, said: str, contents: Contents) -> Guess | None:
    """A column of arms; what arms that are numbers are called is asked."""
    if not contents.is_coded:
        return None
    codes = name_arms(column, contents.words)
    reason = f"{said}; its arms are numbers: say what they stand for" if codes else said
    return Guess(column, "subjects.arm", UNSURE if codes else SURE, reason, codes=codes)


def guess_status(column: str, said: str, contents: Contents) -> Guess | None:
    """A column of statuses; what codes that are numbers stand for is asked."""
    codes = read_statuses(contents.words) if contents.is_coded else {}
    return Guess(column, STATUS, UNSURE if None in codes.values() else LIKELY, said, codes=codes) if codes else None


CODED = {"unit": guess_unit, "subjects.sex": guess_sex, "subjects.arm": guess_arm, STATUS: guess_status}


def guess_value(column: str, label: str, header: Header, contents: Contents) -> Guess | None:
    """A column of measured values: the parameter that its name stands for, and the unit."""
    several = SEVERAL.get(name_key(header.name)) or SEVERAL.get(name_key(label))
    parameter = find_parameter_name(header.name) or find_parameter_name(label)
    if several:
        return guess_several(column, header, [PARAMETERS[code] for code in several], contents)
    if parameter is None or parameter.derived or not (contents.filled or contents.undone):
        return None
    return guess_measured(column, header, parameter, contents)


def guess_several(column: str, header: Header, choices: list[Parameter], contents: Contents) -> Guess | None:
    """A name with several meanings: the parameters whose grades or range hold every cell are offered."""
    pluses = [item for item in choices if read_pluses(item, contents.words)]
    fitting = pluses[:1] or [item for item in choices if fits_contents(item, contents)]
    if not fitting:
        return Guess(
            column, NOT_READ, LIKELY, f"“{header.name}” holds {contents.examples}: no grade of the catalog fits"
        )
    if len(fitting) == 1 and fitting[0].levels and (pluses or not contents.is_numeric):
        return guess_measured(column, header, fitting[0], contents)
    reason = f"“{header.name}” can mean several things, and its cells ({contents.examples}) do not tell which"
    unit = "" if fitting[0].levels else fitting[0].unit
    codes = tuple(item.paramcd for item in fitting)
    return Guess(column, VALUE, UNSURE, reason, codes[0], unit, header.avisit, choices=codes)


def fits_contents(parameter: Parameter, contents: Contents) -> bool:
    """Whether the cells of a column can be grades or values of a parameter."""
    if parameter.levels:
        return fits_levels(parameter, contents)
    return contents.is_numeric and bool(find_units(parameter, contents.numbers))


def guess_measured(column: str, header: Header, parameter: Parameter, contents: Contents) -> Guess | None:
    """A column of one parameter: grades need no unit; else the header's, else the one that the numbers leave."""
    name = f"“{header.name}” is {parameter.label}"
    if parameter.levels:
        pluses = read_pluses(parameter, contents.words)
        known = bool(pluses) or fits_levels(parameter, contents) or not contents.is_numeric
        reason = f"{name}; – and + to +++ are read as grades" if pluses else name
        level = (LIKELY if pluses else SURE) if known else UNSURE
        return Guess(column, VALUE, level, reason, parameter.paramcd, "", header.avisit, codes=pluses)
    if len(contents.numbers) < HALF * contents.filled:
        return Guess(column, NOT_READ, LIKELY, f"{name}, but its cells are no numbers ({contents.examples})")
    unit, level, reason, choices = find_unit(parameter, header.unit, contents)
    return Guess(column, VALUE, level, f"{name}; {reason}", parameter.paramcd, unit, header.avisit, choices=choices)


def find_unit(parameter: Parameter, said: str, contents: Contents) -> tuple[str, str, str, tuple[str, ...]]:
    """Unit, confidence, reason, and the units that come into question where it is unsure."""
    if contents.numbers.is_empty():
        return said or parameter.unit, LIKELY if said else UNSURE, "no number tells the unit", parameter.units
    if said:
        return check_unit(parameter, said, contents)
    if len({parameter.factor(unit) for unit in parameter.units}) == 1:
        return parameter.unit, SURE, f"always in {parameter.unit_label or 'numbers without a unit'}", ()
    return choose_unit(parameter, contents)


def check_unit(parameter: Parameter, said: str, contents: Contents) -> tuple[str, str, str, tuple[str, ...]]:
    """The unit of the header, where the catalog knows it and most numbers are possible in it."""
    try:
        factor = parameter.factor(said)
    except UnknownUnit as error:
        return "", UNSURE, str(error), parameter.units
    if measure_fit(parameter, contents.numbers * factor)[0] >= HALF:
        return said, SURE, f"unit {said} in the header", ()
    doubt = f"the header says {said}, but most numbers are impossible in it"
    return said, UNSURE, doubt, tuple(find_units(parameter, contents.numbers))


def choose_unit(parameter: Parameter, contents: Contents) -> tuple[str, str, str, tuple[str, ...]]:
    """The unit that the numbers leave; where they leave several, it is asked."""
    possible = find_units(parameter, contents.numbers)
    span = f"the numbers from {contents.numbers.min():g} to {contents.numbers.max():g}"
    if not possible:
        return "", UNSURE, f"{span} are possible in no unit", parameter.units
    if is_settled(parameter, contents.numbers, possible):
        return possible[0], LIKELY, f"{span} are {possible[0]}: in other units they cannot be", ()
    return possible[0], UNSURE, f"{span} can be {' or '.join(possible)}", tuple(possible)


def guess_event_date(column: str, label: str, contents: Contents) -> Guess | None:
    """A column with the date of an event that its header names."""
    kind = name_event(label or column) if contents.is_date else ""
    return Guess(column, EVENT_DATE, LIKELY, f"holds dates and is called “{column}”", kind=kind) if kind else None


def is_parameter_list(contents: Contents) -> bool:
    """Whether most different words of a column are names of the catalog."""
    known = sum(1 for word in contents.words if match_parameter(word))
    return len(contents.words) > 1 and known >= HALF * len(contents.words)


def describe_unknown(column: str, contents: Contents) -> Guess:
    """A column of which nothing is known: it is not read, and says so."""
    reason = (
        "it is empty" if not contents.filled and not contents.undone else "its name says nothing that the catalog knows"
    )
    return Guess(column, NOT_READ, LIKELY, reason)
