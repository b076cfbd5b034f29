"""How a dropped table is read: its questions, and every column in a table that can be changed."""

import polars as pl
import streamlit as st

from analytics.catalog import PARAMETERS
from data.importers.recognize.answers import SAID, answer, edit
from data.importers.recognize.columns import PRIVATE
from data.importers.recognize.mappings import Question, list_questions
from data.importers.recognize.roles import ROLES, UNSURE, VALUE, Guess
from data.importers.recognize.table import Reading
from pages.shared.intake import Draft
from pages.shared.labels import WITH_CODES
from pages.shared.output import plain

NONE = "– not read –"
NO_PARAMETER = "–"
KINDS = ["no event", "death", "transplant", "decompensation", "hcc", "withdrawal", "something else"]
SEXES = {"female": "F", "male": "M"}
MARKS = {"sure": "● sure", "likely": "◐ likely", UNSURE: "○ asked"}
CODES = {label: code for code, label in WITH_CODES.items()}
WORDS = {label: role for role, label in ROLES.items()}


def ask_reading(draft: Draft, has_dates: bool) -> tuple[Reading | None, list[Question]]:
    """How a table is read after what was said, and the questions that are still open.

    None where it is read as an earlier export of its study was.
    """
    table, reading = draft.proposal.table, draft.proposal.reading
    facts = f"{table.rows.height:,} rows, {len(reading.guesses)} columns"
    st.subheader(draft.name)
    st.caption(
        plain("; ".join([facts, *([reading.standard] if reading.standard else []), *table.notes, *reading.notes]))
    )
    show_privacy(reading)
    if draft.kept and not st.toggle("Read it anew, not as the last export of this study", key=f"anew_{draft.key}"):
        st.success(
            f"Read as {plain(draft.kept[0].path)} was read before: its columns are known.", icon=":material/history:"
        )
        return None, []
    changed = show_columns(draft, reading)
    asked = list_questions(changed, has_dates)
    for question in asked:
        changed = ask(draft, question, changed)
    return changed, list_questions(changed, has_dates)


def show_privacy(reading: Reading) -> None:
    """Which columns are not read because they identify a person, and what becomes of a birth date."""
    left_out = [guess.column for guess in reading.guesses if PRIVATE in guess.reason and guess.role == ""]
    turned = [guess.column for guess in reading.guesses if guess.role == "subjects.birth_date"]
    said = [f"not read, because they look like they identify a person: {', '.join(left_out)}"] if left_out else []
    said += [f"turned into the age at day 0 and not kept: {', '.join(turned)}"] if turned else []
    if said:
        st.info(plain("; ".join(said).capitalize() + "."), icon=":material/shield_person:")


def show_columns(draft: Draft, reading: Reading) -> Reading:
    """Every column with what it is taken for; what the reader changes there counts."""
    with st.expander("What each column is taken for, and why (change it here)", expanded=not list_questions(reading)):
        shown = pl.DataFrame([describe(guess) for guess in reading.guesses])
        edited = st.data_editor(
            shown,
            key=f"columns_{draft.key}",
            hide_index=True,
            disabled=["Column", "Confidence", "Examples", "Why"],
            column_config={
                "Read as": st.column_config.SelectboxColumn(options=list(WORDS), required=True, width="medium"),
                "Parameter": st.column_config.SelectboxColumn(options=[NO_PARAMETER, *CODES], width="medium"),
                "Unit": st.column_config.TextColumn(width="small"),
                "Visit or event": st.column_config.TextColumn(width="small"),
                "Why": st.column_config.TextColumn(width="large"),
            },
        )
    for before, after in zip(shown.to_dicts(), edited.to_dicts(), strict=True):
        if before != after:
            reading = read_edited(reading, before, after)
    told = [f"{guess.column} → {name_guess(guess)}" for guess in reading.guesses if guess.reason == SAID]
    if told:
        st.caption(plain(f"As you said: {'; '.join(told)}"))
    return reading


def read_edited(reading: Reading, before: dict[str, str], after: dict[str, str]) -> Reading:
    """The reading with one row of the table as the reader changed it; a parameter alone means a measured value."""
    paramcd = CODES.get(after["Parameter"] or "", "")
    other = after["Parameter"] != before["Parameter"]
    role = VALUE if paramcd and other else WORDS[after["Read as"]]
    # The unit of another parameter says nothing of this one.
    unit = after["Unit"] if after["Unit"] != before["Unit"] or not other else ""
    return edit(reading, before["Column"], role, paramcd, unit or "", after["Visit or event"] or "")


def name_guess(guess: Guess) -> str:
    """What a column is read as, in short."""
    if guess.role != VALUE:
        return ROLES[guess.role]
    return " ".join(part for part in (PARAMETERS[guess.paramcd].label, guess.unit, guess.avisit) if part)


def describe(guess: Guess) -> dict[str, str]:
    """One column as a row of the table."""
    return {
        "Column": guess.column,
        "Read as": ROLES[guess.role],
        "Parameter": WITH_CODES.get(guess.paramcd, NO_PARAMETER) if guess.role == VALUE else NO_PARAMETER,
        "Unit": guess.unit,
        "Confidence": MARKS[guess.confidence],
        "Visit or event": guess.avisit or guess.kind,
        "Examples": guess.examples,
        "Why": guess.reason,
    }


def ask(draft: Draft, question: Question, reading: Reading) -> Reading:
    """One question with its answer, if there is one yet."""
    key = f"{question.kind}_{question.column}_{draft.key}"
    if question.kind == "codes":
        return ask_codes(question, reading, key)
    labels = {choice: name_choice(question, choice) for choice in question.choices}
    options = [*labels.values(), *([NONE] if question.column else [])]
    if question.kind == "role" and not question.choices:
        options = [*CODES, NONE]
    said = st.selectbox(plain(question.text), options, index=None, key=key, placeholder="Choose")
    if said is None:
        return reading
    chosen = (
        "" if said == NONE else next((code for code, label in labels.items() if label == said), CODES.get(said, said))
    )
    return answer(reading, question, chosen)


def name_choice(question: Question, choice: str) -> str:
    """What a choice is called on screen."""
    return WITH_CODES.get(choice, choice) if question.kind == "role" else choice


def ask_codes(question: Question, reading: Reading, key: str) -> Reading:
    """What each code of a column stands for; answered once every code is."""
    guess = next(item for item in reading.guesses if item.column == question.column)
    st.markdown(f"**{plain(question.text)}**")
    said: dict[str, str | None] = {}
    with st.container(horizontal=True, key=f"codes_{key}".replace(" ", "_")):
        for code in sorted(question.codes):
            said[code] = ask_code(guess, code, f"{key}_{code}")
    if None in said.values():
        return reading
    return answer(reading, question, "", {code: meaning or "" for code, meaning in said.items()})


def ask_code(guess: Guess, code: str, key: str) -> str | None:
    """What one code stands for; None while nobody has said it."""
    if guess.role == "subjects.arm":
        proposed = guess.codes.get(code) or code
        return st.text_input(f"{plain(guess.column)} = {code}", value=proposed, key=key, width=220).strip() or None
    if guess.role == "subjects.sex":
        chosen = st.selectbox(
            f"{plain(guess.column)} = {code}", list(SEXES), index=None, key=key, width=220, placeholder="Choose"
        )
        return SEXES[chosen] if chosen else None
    label = f"{plain(guess.column)} = {code}"
    own = st.selectbox(label, KINDS, index=None, key=key, width=220, placeholder="Choose", accept_new_options=True)
    return {"no event": "", KINDS[-1]: "event"}.get(own, own) if own else None
