"""What does not change is computed once: the answer of a pure function to the same shared frames."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar
from weakref import ref

import polars as pl

T = TypeVar("T")
MOST_ANSWERS, MOST_BYTES = 512, 400_000_000  # of all sessions; beyond, what was asked for longest ago is given up
SMALL = 50_000  # bytes, about, of an answer that is no frame


@dataclass(frozen=True)
class Answer:
    """What was answered, about how large it is, and the frames that it is an answer to, as long as they live."""

    value: Any
    size: int
    about: tuple[Callable[[], Any], ...]

    def is_about(self, things: list[Any]) -> bool:
        """Whether these are the frames: another one may have come to lie where one of them lay."""
        return all(known() is thing for known, thing in zip(self.about, things, strict=True))

    @property
    def is_lost(self) -> bool:
        """Whether nobody can ask for it again."""
        return any(known() is None for known in self.about)


class Shelf:
    """The answers of all sessions, the one that was asked for last at the end."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self.lock = threading.Lock()

    def find(self, key: Hashable, things: list[Any]) -> Answer | None:
        """The answer; None where there is none."""
        with self.lock:
            found = self.answers.get(key)
            if found is None or not found.is_about(things):
                return None
            self.answers.move_to_end(key)
            return found

    def keep(self, key: Hashable, answer: Answer) -> None:
        """Keep an answer, and give up those that are lost or too much."""
        with self.lock:
            lost = [old for old, kept in self.answers.items() if kept.is_lost]
            for old in lost:
                del self.answers[old]
            self.answers[key] = answer
            size = sum(kept.size for kept in self.answers.values())
            while len(self.answers) > MOST_ANSWERS or (size > MOST_BYTES and len(self.answers) > 1):
                size -= self.answers.popitem(last=False)[1].size

    def forget(self) -> None:
        """Give up every answer."""
        with self.lock:
            self.answers.clear()


SHELF = Shelf()


def identify(thing: Any, things: list[Any]) -> Hashable:
    """What can be hashed by what it says; a frame, and whatever else can change, by where it lies: into ``things``."""
    if isinstance(thing, dict):
        return tuple((name, identify(part, things)) for name, part in thing.items())
    if isinstance(thing, list | tuple):
        return tuple(identify(part, things) for part in thing)
    if is_dataclass(thing):
        return type(thing), tuple(identify(getattr(thing, field.name), things) for field in fields(thing))
    if isinstance(thing, Hashable):
        return thing
    things.append(thing)
    return id(thing)


def weigh(thing: Any) -> int:
    """About how many bytes an answer has."""
    if isinstance(thing, pl.DataFrame):
        return int(thing.estimated_size())
    if hasattr(thing, "nbytes"):
        return int(thing.nbytes)
    if isinstance(thing, dict):
        return sum(map(weigh, thing.values()))
    return sum(map(weigh, thing)) if isinstance(thing, list | tuple) else SMALL


def remember(answer: Callable[..., T], *asked: Any, **named: Any) -> T:
    """What a function of ``analytics`` gives, computed once for all sessions; it must not be changed.

    Frames among ``asked`` are to be shared ones (of ``store``, or remembered themselves): nobody changes a frame, so
    the same one has the same answer, and one that was made for this run is never met again. Raises ValueError for
    a function of a page, which may draw.
    """
    if not answer.__module__.startswith("analytics."):
        raise ValueError(f"{answer.__module__} is no part of analytics")
    things: list[Any] = []
    key = (answer, identify((asked, named), things))
    found = SHELF.find(key, things)
    if found is None:
        value = answer(*asked, **named)
        found = Answer(value, weigh(value), tuple(ref(thing) for thing in things))
        SHELF.keep(key, found)
    return found.value
