"""A whole table: what its columns are together, and whether it is a list of values, of visits or of subjects."""

from dataclasses import dataclass, field, replace

import polars as pl

from analytics.catalog.si import SI_UNITS
from data.importers.recognize.columns import (
    PRIVATE,
    describe_unknown,
    guess_event_date,
    guess_role,
    guess_value,
    is_parameter_list,
)
from data.importers.recognize.contents import Contents, look_at
from data.importers.recognize.headers import is_visit, split_header
from data.importers.recognize.roles import (
    EVENT_DATE,
    FOLLOW_UP,
    HASHED,
    LIKELY,
    NOT_READ,
    STATUS,
    SURE,
    UNSURE,
    VALUE,
    WHEN,
    Guess,
)
from data.importers.text import TextTable

SAMPLE = 50_000  # rows that are looked at
SINGLE = ("usubjid", "avisit", "paramcd", "aval", "unit", "ref_low", "ref_high", STATUS, FOLLOW_UP)
# A role counts only beside another: a start date is one of a drug, a grade one of an event.
NEEDS = {"medications": ("medications.drug",), "events": ("events.kind",),
         "treatments": ("treatments.product", "treatments.cells_e6", "treatments.cells_e6_per_kg")}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """How a table is to be read: a guess a column, and what holds for all of it.

    ``row_ids``: the number of the row is the subject. ``at_day_0``: values without any day count as of
    day 0. ``first_date``: day 0 is each subject's earliest date; None while nobody has said it.
    ``two_ways``: dates that can be read day first or month first, settled by ``date_order``. ``where`` reads
    only these rows.
    """

    guesses: tuple[Guess, ...]
    row_ids: bool = False
    at_day_0: bool = False
    first_date: bool | None = None
    two_ways: bool = False
    date_order: str = ""
    repeated: bool = False
    where: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    standard: str = ""

    @property
    def says_something(self) -> bool:
        """Whether a column is more than the subject's identifier."""
        return any(guess.role not in (NOT_READ, "usubjid", HASHED) for guess in self.guesses)

    @property
    def describes_subjects(self) -> bool:
        """Whether a column holds a fact of a subject: arm, age, day 0, follow-up and the like."""
        return any(guess.role.startswith("subjects.") or guess.role == FOLLOW_UP for guess in self.guesses)

    def find(self, role: str) -> list[Guess]:
        """The columns of a role."""
        return [guess for guess in self.guesses if guess.role == role]

    def has(self, *roles: str) -> bool:
        """Whether a column has one of these roles."""
        return any(guess.role in roles for guess in self.guesses)


def recognize(table: TextTable) -> Reading:
    """How a table is probably read, column by column, each with its reason."""
    sample = table.rows.head(SAMPLE)
    contents = {column: look_at(sample[column]) for column in table.columns}
    guesses = [guess_column(column, table, contents[column]) for column in table.columns]
    guesses = settle_lists(guesses, contents)
    guesses = settle_roles(guesses, sample)
    guesses = settle_values(guesses, sample)
    shown = [replace(guess, examples="" if is_hidden(guess) else contents[guess.column].examples) for guess in guesses]
    return describe_table(shown, sample, contents)


def is_hidden(guess: Guess) -> bool:
    """Whether the cells of a column must not be shown, because they identify a person."""
    return guess.role == "subjects.birth_date" or PRIVATE in guess.reason


def guess_column(column: str, table: TextTable, contents: Contents) -> Guess:
    """The first guess that fits: a role, a measured value, the date of an event; else nothing is known."""
    label = table.labels.get(column, column)
    header, long = split_header(column), split_header(label)
    header = replace(header, unit=header.unit or long.unit)
    guess = guess_role(column, label, contents) or guess_value(column, label, header, contents)
    return guess or guess_event_date(column, label, contents) or describe_unknown(column, contents)


def settle_lists(guesses: list[Guess], contents: dict[str, Contents]) -> list[Guess]:
    """Find the parameter column of a long list by its cells; a column called value alone is no list."""
    roles = {guess.role for guess in guesses}
    if "paramcd" not in roles:
        named = [guess for guess in guesses if guess.role == NOT_READ and is_parameter_list(contents[guess.column])]
        if named and "aval" in roles:
            first = named[0].column
            why = "most of its words are names of the catalog"
            guesses = [Guess(first, "paramcd", LIKELY, why) if item.column == first else item for item in guesses]
    roles = {guess.role for guess in guesses}
    if {"paramcd", "aval"} <= roles:
        return guesses
    if "medications.drug" in roles:
        guesses = [replace(item, role="medications.unit") if item.role == "unit" else item for item in guesses]
    lone = ("paramcd", "aval", "unit", "ref_low", "ref_high")
    return [
        give_up(item, "it belongs to a long list, and this is none") if item.role in lone else item for item in guesses
    ]


def give_up(guess: Guess, reason: str) -> Guess:
    """The guess that a column is not read after all."""
    return Guess(guess.column, NOT_READ, LIKELY, f"{guess.reason}; {reason}")


def settle_roles(guesses: list[Guess], sample: pl.DataFrame) -> list[Guess]:
    """Each role once, and no role without the one that it needs."""
    subject = next((guess.column for guess in guesses if guess.role == "usubjid"), None)
    several = subject is not None and sample[subject].n_unique() < sample.height
    taken: set[str] = set()
    settled = []
    for guess in guesses:
        role = settle_follow_up(guess, guesses, sample, str(subject)) if several else guess
        shape = role.role.split(".", maxsplit=1)[0]
        if shape in NEEDS and "." in role.role and not any(item.role in NEEDS[shape] for item in guesses):
            role = give_up(role, f"it belongs to {shape}, and no column names one")
        if role.role in taken and role.role in SINGLE:
            role = give_up(role, "another column is taken for it")
        taken.add(role.role)
        settled.append(role)
    return settle_status(settled)


def settle_follow_up(guess: Guess, guesses: list[Guess], sample: pl.DataFrame, subject: str) -> Guess:
    """Days of follow-up that differ from row to row of a subject are the days of its visits or events."""
    if guess.role != FOLLOW_UP or not varies(sample, subject, guess.column):
        return guess
    why = "differs from row to row of a subject"
    if any(item.role == "events.kind" for item in guesses):
        return Guess(guess.column, "events.day", LIKELY, why)
    return (
        give_up(guess, why) if any(item.role in WHEN for item in guesses) else Guess(guess.column, "day", LIKELY, why)
    )


def varies(sample: pl.DataFrame, subject: str, column: str) -> bool:
    """Whether a column says several things of one subject."""
    return bool((sample.group_by(subject).agg(pl.col(column).n_unique())[column] > 1).any())


def settle_status(guesses: list[Guess]) -> list[Guess]:
    """A status beside a column of kinds says whether the event came; one without follow-up has no day."""
    kinds = any(guess.role == "events.kind" for guess in guesses)
    days = (FOLLOW_UP, "events.day", "events.date", "subjects.last_contact_date")
    follow = any(guess.role in days for guess in guesses)
    return [read_status(guess, kinds, follow) if guess.role == STATUS else guess for guess in guesses]


def read_status(guess: Guess, kinds: bool, follow: bool) -> Guess:
    """What a column of statuses is, by the columns beside it."""
    if kinds and set(guess.codes) <= {"0", "1"}:
        why = f"{guess.reason}; beside a kind of event, 1 is taken for “it came”"
        return replace(guess, codes={"0": "", "1": "it came"}, confidence=LIKELY, reason=why)
    return guess if follow else give_up(guess, "no column says when")


def settle_values(guesses: list[Guess], sample: pl.DataFrame) -> list[Guess]:
    """Values get the date of their visit; a column that repeats another's first value is not read."""
    dates = {guess.avisit: guess.column for guess in guesses if guess.role == "date" and guess.avisit}
    dated = [replace(item, date=dates.get(item.avisit, "")) if item.role == VALUE else item for item in guesses]
    subject = next((guess.column for guess in dated if guess.role == "usubjid"), None)
    values = [guess.column for guess in dated if guess.role == VALUE]
    done = []
    for guess in dated:
        same = (
            subject
            and guess.role == NOT_READ
            and is_visit(guess.column)
            and repeats(sample, subject, guess.column, values)
        )
        done.append(Guess(guess.column, NOT_READ, SURE, f"it repeats each subject's first {same}") if same else guess)
    done = prefer_si(done)
    twice = [item.column for item in done if item.role == VALUE and not item.avisit]
    return [mark_twice(item, done) if item.column in twice else item for item in done]


def prefer_si(guesses: list[Guess]) -> list[Guess]:
    """Where another column can only be in SI units, so is one whose numbers leave several."""
    settled = [item for item in guesses if item.role == VALUE and item.confidence != UNSURE and item.unit]
    witness = next((item for item in settled if is_si(item.paramcd, item.unit)), None)
    if witness is None:
        return guesses
    return [take_si(guess, witness) for guess in guesses]


def take_si(guess: Guess, witness: Guess) -> Guess:
    """A guess whose unit is open, settled for the SI unit because the witness is in one."""
    own = [unit for unit in guess.choices if is_si(guess.paramcd, unit)]
    if guess.role != VALUE or guess.confidence != UNSURE or len(own) != 1:
        return guess
    why = f"{guess.reason}; {witness.column!r} is in {witness.unit}, so this is taken for {own[0]}"
    return replace(guess, unit=own[0], confidence=LIKELY, reason=why, choices=())


def is_si(paramcd: str, unit: str) -> bool:
    """Whether a unit is the one of the SI system for a parameter whose usual unit is another."""
    return SI_UNITS.get(paramcd, ("", 0))[0] == unit


def repeats(sample: pl.DataFrame, subject: str, column: str, values: list[str]) -> str:
    """The column of values whose first one of every subject stands in this column; empty where there is none."""
    firsts = sample.group_by(subject, maintain_order=True).agg(pl.all().first())
    return next((value for value in values if firsts[value].equals(firsts[column])), "")


def mark_twice(guess: Guess, guesses: list[Guess]) -> Guess:
    """A guess that says so where an earlier column holds the same parameter."""
    earlier = [
        item.column for item in guesses if item.role == VALUE and item.paramcd == guess.paramcd and not item.avisit
    ]
    if earlier[0] == guess.column:
        return guess
    return replace(guess, role=NOT_READ, confidence=UNSURE, reason=f"{guess.reason}; {earlier[0]!r} is that too",
                   choices=(guess.paramcd,))  # fmt: skip


def describe_table(guesses: list[Guess], sample: pl.DataFrame, contents: dict[str, Contents]) -> Reading:
    """The reading of settled guesses, with what holds for the whole table."""
    subject = next((guess.column for guess in guesses if guess.role in ("usubjid", HASHED)), None)
    repeated = subject is not None and sample[subject].n_unique() < sample.height
    whens = [guess for guess in guesses if guess.role in WHEN]
    bare = any(guess.role == VALUE and not guess.avisit for guess in guesses)
    notes = (
        []
        if subject
        else ["no column names the subject: each row is taken for one subject, its number for the identifier"]
    )
    constant = not any(varies(sample, str(subject), item.column) for item in guesses if item.role == VALUE and repeated)
    at_day_0 = bare and not whens and constant
    if at_day_0:
        notes.append("no column says when, and each subject has one value: the values count as of day 0")
    dates = [guess for guess in guesses if guess.role.endswith("date") or guess.role == EVENT_DATE]
    return Reading(
        guesses=tuple(guesses),
        row_ids=subject is None,
        at_day_0=at_day_0,
        two_ways=any(contents[guess.column].two_ways for guess in dates),
        repeated=repeated,
        notes=tuple(notes),
    )
