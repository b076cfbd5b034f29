"""Answers to the questions of recognized tables as text, for the terminal: ``column=answer``."""

from collections.abc import Sequence
from dataclasses import replace

from analytics.catalog import match_parameter
from data.importers.recognize import Proposal
from data.importers.recognize.answers import BadAnswer, answer
from data.importers.recognize.mappings import Question, give_day_0, list_questions
from data.importers.recognize.table import Reading

__all__ = ["BadAnswer", "answer_all", "describe_questions"]
NONE = ("none", "no", "skip", "-", "")
WHOLE = {"order": "dates", "day_0": "day_0"}


def answer_all(proposals: Sequence[Proposal], answers: Sequence[str]) -> list[Proposal]:
    """The proposals with every answer that fits a question of theirs. Raises BadAnswer for one that fits none."""
    said = dict(parse(text) for text in answers)
    there = give_day_0(item.reading for item in proposals)
    done = []
    for item in proposals:
        reading = answer_table(item.reading, said, there)
        done.append(replace(item, reading=reading))
        there = there or give_day_0([reading])  # one table says what day 0 is, for all
    known = {
        name_question(question) for item in proposals for question in list_questions(item.reading, has_dates=False)
    }
    strange = [name for name in said if name not in known]
    if strange:
        raise BadAnswer(
            f"no question is about {strange[0]!r}; questions are about {', '.join(sorted(known)) or 'nothing'}"
        )
    return done


def parse(text: str) -> tuple[str, str]:
    """Name and answer. Raises BadAnswer."""
    name, mark, said = text.partition("=")
    if not mark:
        raise BadAnswer(f"an answer is written as column=answer, not {text!r}")
    return name.strip(), said.strip()


def name_question(question: Question) -> str:
    """What an answer calls a question."""
    return question.column or WHOLE[question.kind]


def answer_table(reading: Reading, said: dict[str, str], has_dates: bool) -> Reading:
    """The reading with what was said about it."""
    for question in list_questions(reading, has_dates):
        if name_question(question) in said:
            reading = answer_one(reading, question, said[name_question(question)])
    return reading


def answer_one(reading: Reading, question: Question, said: str) -> Reading:
    """The reading with one question answered. Raises BadAnswer."""
    if question.kind == "codes":
        pairs = dict(part.split(":", 1) for part in said.split(",") if ":" in part)
        return answer(reading, question, "", {code: "" if word in NONE else word for code, word in pairs.items()})
    if question.kind in WHOLE:
        return answer(reading, question, said)
    if said.lower() in NONE:
        return answer(reading, question, "")
    if question.kind == "role":
        parameter = match_parameter(said)
        if parameter is None:
            raise BadAnswer(f"{question.column}: no parameter of the catalog is called {said!r}")
        return answer(reading, question, parameter.paramcd)
    return answer(reading, question, said)


def describe_questions(proposals: Sequence[Proposal]) -> list[str]:
    """Every open question of these tables, with how it is answered."""
    there = give_day_0(item.reading for item in proposals)
    return [
        f"{item.file}: {question.text} {describe_choices(question)}"
        for item in proposals
        for question in list_questions(item.reading, there)
    ]


def describe_choices(question: Question) -> str:
    """How a question is answered in the terminal."""
    name = name_question(question)
    if question.kind == "codes":
        return f'(--answer "{name}={",".join(f"{code}:…" for code in question.codes)}")'
    choices = question.choices or ("a parameter's code",)
    return f'(--answer "{name}={" | ".join(choices)}"{", or none" if question.column else ""})'
