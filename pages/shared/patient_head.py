"""The head of a patient's page: who, what was infused, how it stands, and what changed in one sentence."""

import streamlit as st

from analytics.patient import KEY_PARAMETERS, describe_infusions
from analytics.profile.sheet import describe_person
from analytics.profile.words import describe_course, describe_move, describe_status, join_ends, list_cards
from pages.shared import output
from pages.shared.person import Person

CARDS = 6
COLORS = {"▲": "green", "▼": "red"}


def show_head(person: Person) -> None:
    """The card of one patient."""
    with st.container(border=True, key=f"head_{person.usubjid}"):
        st.header(output.plain(f"{person.usubjid}: {describe_person(person.subject)}"), anchor=False)
        st.markdown(f"**{describe_course(person.panel, person.parameters, person.events, person.origin)}**")
        show_cards(person)
        facts = {
            "Product and dose": output.plain(describe_infusions(person.treatments)),
            "Status": describe_status(person.subject, person.events),
        }
        st.caption(" · ".join(f"**{label}:** {value}" for label, value in facts.items()))


def show_cards(person: Person) -> None:
    """Baseline and latest value of the key parameters, with the direction of benefit as mark, word and color."""
    cards = list_cards(person.panel, person.select(list(KEY_PARAMETERS)), CARDS)
    with st.container(horizontal=True, gap="small"):
        for card in cards.values():
            with st.container(width=134, gap=None):
                st.caption(card["Parameter"])
                st.markdown(f"**{join_ends(card)}**")
                st.markdown(paint(describe_move(card)))


def paint(move: str) -> str:
    """A move in the color of its direction; the mark and the word say it too."""
    color = COLORS.get(move[:1], "gray" if move.startswith("no ") else "")
    return f":{color}[{move}]" if color else move
