"""The selected day: every value of it with its source, and the explanation of a score."""

import polars as pl
import streamlit as st

from analytics.explain import explain_score
from analytics.numerals import describe_number
from analytics.panel import prepare_study
from analytics.places import name_place
from analytics.profile.hover import describe_range
from analytics.profile.timeline import list_happenings
from analytics.scores import find_score
from pages.shared import controls, explanations, output, tables
from pages.shared.labels import LABELS
from pages.shared.patient_course import show_course
from pages.shared.person import Person


def show_course_and_day(person: Person) -> None:
    """The figure, and everything of the day that is selected in it; in words where there is no value."""
    if person.points.is_empty():
        st.info("No value has been imported for this patient.")
    else:
        show_day(person, show_course(person))


def show_day(person: Person, selected: str) -> None:
    """Everything of one day."""
    place = person.days[selected]
    name = name_place(selected, place)
    st.subheader(f"On {name}", anchor=False)
    happened = [] if place["day"] is None else list_happenings(person.timeline, place["day"])
    if happened:
        st.markdown(f"**What happened or held:** {output.plain('; '.join(happened))}.")
    rows = person.points.filter(pl.col("key") == selected)
    if rows.is_empty():
        st.caption("No value was measured on this day.")
    else:
        tables.show(
            tabulate_day(person, rows),
            hide_index=True,
            placeholder="–",
            height=min(320, 38 + 35 * rows.height),
            column_config=LABELS | {"aval": "Value", "standing": "Range of normal"},
            alt=f"Values of {person.usubjid} on {name}",
        )
    # Opened by a click on a score, or by a link that names one.
    if "score" in st.query_params:
        st.session_state.setdefault("explain", True)
    panel = st.expander("Explain a score", key="explain", on_change="rerun", icon=":material/calculate:")
    if panel.open:
        with panel:
            show_explanation(person, selected)


def tabulate_day(person: Person, rows: pl.DataFrame) -> pl.DataFrame:
    """The values of one day, the measured ones first, as text, with what was reported and where."""
    known = {item.paramcd: item for item in person.parameters}
    rank = {code: place for place, code in enumerate(known)}
    lines = [
        {
            "parameter": known[row["paramcd"]].title,
            "aval": describe_number(row["aval"], known[row["paramcd"]].decimals),
            "avalc": row["avalc"] if row["reported"] is None else None,
            "standing": describe_range(row, known[row["paramcd"]]) or None,
            "chg": describe_number(row["chg"] if row["post"] else None, known[row["paramcd"]].decimals, sign=True),
            **{name: row[name] for name in ("reported", "reported_unit", "file_name", "line", "remark")},
        }
        for row in sorted(rows.iter_rows(named=True), key=lambda row: (row["reported"] is None, rank[row["paramcd"]]))
    ]
    return pl.DataFrame(lines, infer_schema_length=None)


@st.fragment
def show_explanation(person: Person, selected: str) -> None:
    """Why a score is what it is on the selected day, or on the latest day before it that has one."""
    names = explanations.name_scores(person.panel)
    if not names:
        st.info("No value has been imported that a score could use.")
        return
    if (clicked := st.session_state.pop("clicked", None)) in names:
        st.session_state["score"] = clicked
    code = controls.ask_detail("Score", names, "score", next(iter(names)))
    place = find_place(person, code, selected)
    if place != selected:
        st.caption(f"{names[code]} has no input on {name_place(selected, person.days[selected])}; shown is {place}.")
    score, measurements = find_score(code), person.study.measurements
    context = prepare_study(score, person.study, measurements)
    explanation = explain_score(score, context, measurements, explanations.list_own(person.panel, code)[place])
    if explanation is None:
        st.info("This value was reported as it is: no input of the score was measured on that day.")
        return
    explanations.show_parts(score, explanation)
    study = person.view.cohort.study
    command = f"python cli.py explain --study {study} --patient {person.usubjid} --score {code} --at '{place}'"
    st.caption(f"The same in the terminal: `{command}`")


def find_place(person: Person, code: str, selected: str) -> str:
    """The selected place where the score has an input there; else the latest one before it, else its first."""
    own = list(explanations.list_own(person.panel, code))
    order = {key: position for position, key in enumerate(person.days)}
    earlier = [key for key in own if order.get(key, 0) <= order[selected]]
    return earlier[-1] if earlier else own[0]
