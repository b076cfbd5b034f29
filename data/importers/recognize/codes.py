"""Codes and words: what stands for an arm, a sex, an event; what only a person can say."""

import re

from analytics.catalog import Parameter, name_key
from data.importers.records import SEXES

# What a word in a column of events means; the empty kind is no event.
KINDS = {
    "death": "death dead died deceased exitus tod verstorben 死亡 사망 فوت",
    "transplant": "transplant transplantation ltx tx olt lt livertransplantation 移植 肝移植 이식 پیوند",
    "": "censored censor alive living none noevent lebend 存活 生存 생존 زنده",
    "withdrawal": "withdraw withdrawal withdrawn lost losttofollowup dropout ausgeschieden 失访 脱落",
    "ascites": "ascites aszites 腹水 복수",
    "encephalopathy": "encephalopathy enceph hepaticencephalopathy enzephalopathie he 肝性脑病 肝性脳症",
    "variceal_bleeding": "varicealbleeding varicealbleed bleeding bleed varizenblutung 静脉曲张出血",
    "hcc": "hcc hepatocellularcarcinoma 肝癌 肝细胞癌 肝細胞癌",
    "decompensation": "decompensation decomp dekompensation",
    "varices": "varices varizen 静脉曲张 静脈瘤",
    "hospitalization": "hospitalization hospitalisation admission 住院 入院",
    "histologic_progression": "hprogress histologicprogression",
    "bilirubin_doubling": "double bilirubindoubling doubling",
    "worsening": "worsen worsening",
}
KIND_OF = {name_key(word): kind for kind, words in KINDS.items() for word in words.split()}
DATE_WORDS = re.compile(r"(?i)\b(date|dt|dat|datum|of|day|tag|on|onset|start)\b|日期|日付|날짜|تاریخ")
NUMBER = re.compile(r"^[-+]?\d+([.,]\d+)?$")
PLUSES = {"-": "0", "–": "0", "(-)": "0", "+": "1", "(+)": "1", "1+": "1", "++": "2", "2+": "2", "+++": "3", "3+": "3"}


def is_code(text: str) -> bool:
    """Whether a text is a bare number, which says nothing by itself."""
    return bool(NUMBER.match(text))


def find_kind(text: str) -> str | None:
    """The kind of event that a word stands for, empty for no event; None for a word that says nothing."""
    return KIND_OF.get(name_key(text))


def name_event(header: str) -> str:
    """The kind of event that a column of dates is about, by its header; empty where it says nothing."""
    bare = DATE_WORDS.sub(" ", re.sub(r"[._\-/]+", " ", header)).strip()
    known = find_kind(bare)
    return known if known else re.sub(r"\W+", "_", bare).strip("_").lower()


def read_statuses(words: tuple[str, ...]) -> dict[str, str | None]:
    """What each word of a status stands for; None for a code that only a person can explain."""
    return {
        word: None if is_code(word) else (find_kind(word) if find_kind(word) is not None else word) for word in words
    }


def read_sexes(words: tuple[str, ...]) -> dict[str, str | None]:
    """The codes of a sex; none where its words are known, None for a code that only a person can explain."""
    unknown = [word for word in words if word.lower() not in SEXES]
    return {} if not unknown else {word: SEXES.get(word.lower()) for word in words}


def name_arms(header: str, words: tuple[str, ...]) -> dict[str, str | None]:
    """Names for arms that a file gives as numbers; none where it names them."""
    return {word: f"{header} {word}" for word in sorted(words)} if any(is_code(word) for word in words) else {}


def read_pluses(parameter: Parameter, words: tuple[str, ...]) -> dict[str, str | None]:
    """The grades of a column that writes them as +, ++, +++; none where it does not."""
    if not any(set(word) == {"+"} for word in words) or not parameter.levels:
        return {}
    grades = {f"{grade:g}" for grade in parameter.levels}
    # A lone dash is as good as empty elsewhere; beside + and ++ it says none.
    return {word: PLUSES[word] for word in ("-", "–", *words) if PLUSES.get(word) in grades}
