"""Why a score is what it is, and why it changed: panels for one patient."""

from typing import Any

import polars as pl
import streamlit as st

from analytics.attribution import describe_attribution, tabulate_pair
from analytics.explain import Explanation
from analytics.figures.attribution import plot_shares
from analytics.panel import prepare_study
from analytics.places import list_places, name_places
from analytics.scores import Score, find_score, list_series
from analytics.shapley import is_attributable
from pages.shared import controls, output, tables
from pages.shared.person import Person


def list_own(panel: pl.DataFrame, code: str) -> dict[str, dict[str, Any]]:
    """The places of one patient at which a score has an input."""
    return list_places(panel.filter(pl.col("paramcd") == code))


def name_scores(own: pl.DataFrame) -> dict[str, str]:
    """The scores of which a patient has an input, by code; those that are known stand first."""
    codes = [code for code in list_series() if code in set(own["paramcd"])]
    known = set(own.filter(pl.col("aval").is_not_null())["paramcd"])
    names = {code: find_score(code).parameter.name for code in sorted(codes, key=lambda code: code not in known)}
    return {code: name if code in known else f"{name} (not computable)" for code, name in names.items()}


def show_parts(score: Score, explanation: Explanation) -> None:
    """The result, its inputs, points or terms, cut-offs and other readings."""
    st.markdown(f"### {score.parameter.name}: {explanation.result}")
    for sentence in explanation.borders:
        st.warning(sentence, icon=":material/straighten:")
    for sentence in explanation.notes:
        st.caption(sentence)
    wide = {"Remark": st.column_config.TextColumn(width="medium")}
    show_table(explanation.inputs, "Inputs of the score", wide)
    left, right = st.columns(2)
    with left:
        if explanation.parts.height:
            show_table(explanation.parts, "Points or terms")
    with right, st.expander("All outputs", expanded=explanation.parts.is_empty()):
        show_table(explanation.outputs, "Outputs of the score")
    show_readings(explanation.readings, known=not explanation.result.startswith("–"))


def show_readings(readings: pl.DataFrame, known: bool) -> None:
    """Where sources disagree: the readings that would change the result, and those that would not."""
    differing, same = (readings.filter(pl.col("Differs") == word).drop("Differs") for word in ("yes", "no"))
    if differing.height:
        st.caption("Where sources disagree, this patient would be read differently:")
        show_table(differing, "Other readings that differ")
    if known and same.height:
        with st.expander(f"Other readings of the register that give the same result ({same.height})"):
            show_table(same, "Other readings")


def show_table(table: pl.DataFrame, alt: str, columns: dict[str, Any] | None = None) -> None:
    """A table of text, as high as it is."""
    tables.show(table, hide_index=True, placeholder="–", height="content", column_config=columns, alt=alt)


@st.fragment
def show_change(person: Person) -> None:
    """The panel that attributes the change of a score between two visits."""
    st.subheader("Why did it change?", anchor=False)
    own = person.panel.filter(pl.col("aval").is_not_null())
    counts = own.group_by("paramcd", maintain_order=True).len().filter(pl.col("len") > 1)["paramcd"].to_list()
    scores = [item for code, item in list_series().items() if code in counts and is_attributable(item)]
    if not scores:
        st.info("No score of this patient is known at two visits, so no change can be attributed.")
        return
    names = {item.id: item.parameter.name for item in scores}
    columns = st.columns(3)
    with columns[0]:
        score = find_score(controls.ask_detail("Change of", names, "why", scores[0].id))
    places = list_own(own, score.id)
    visits, keys = name_places(places), list(places)
    base = next((key for key in reversed(keys) if not places[key]["post"]), keys[0])
    with columns[1]:
        earlier = controls.ask_detail("From", visits, "from", base)
    with columns[2]:
        later = controls.ask_detail("To", visits, "to", keys[-1])
    if earlier == later:
        st.info("Choose two different visits.")
        return
    show_shares(person, score, {"usubjid": person.usubjid, "earlier": earlier, "later": later})


def show_shares(person: Person, score: Score, pair: dict[str, Any]) -> None:
    """The sentence, the bars and the table of one pair of visits."""
    context = prepare_study(score, person.study, person.study.measurements)
    table = tabulate_pair(score, context, pl.DataFrame([pair]))
    if table["share"].null_count():
        st.info("The score was reported as it is at one of these visits, or an input is missing there.")
        return
    st.markdown(f"**{describe_attribution(score, dict(table.select('part', 'share').rows()))}**")
    moved = table.filter((pl.col("share").abs() > 0) | (pl.col("earlier") != pl.col("later")))
    if moved.is_empty():
        st.caption("No input changed between these visits.")
        return
    figure = plot_shares(moved, score.parameter, controls.theme())
    command = (
        f"python cli.py attribution --study {person.view.cohort.study} --score {score.id} --patient {pair['usubjid']} "
        f"--from '{pair['earlier']}' --to '{pair['later']}'"
    )
    alt = f"Share of each input in the change of {score.parameter.name}"
    output.show_figure(figure, f"why_{score.id}_{pair['usubjid']}", alt, table, command)
    show_moved(moved)


def show_moved(moved: pl.DataFrame) -> None:
    """The inputs that moved, with their values at both ends and their share."""
    columns = {"part": None, "label": "Input", "earlier": "From", "later": "To"}
    share = st.column_config.NumberColumn("Share", format="%+.2f")
    tables.show(
        moved,
        hide_index=True,
        placeholder="–",
        column_config=columns | {"share": share},
        height="content",
        alt="Shares of the inputs",
    )
    st.caption("Shapley values: the average effect of each input over all orders of change. They add up exactly.")
