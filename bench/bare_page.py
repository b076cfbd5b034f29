"""The unit of the patient page's speed: a page that draws the same figures from ready frames, and nothing else."""

from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from analytics.figures.patient import Axis, Behind, plot_patient
from analytics.figures.theme import Theme
from analytics.panel import assemble_study, derive_panel
from analytics.profile.case import make_case
from analytics.profile.ribbons import estimate_slopes, summarize_ribbons
from analytics.profile.strips import KEY, list_groups
from analytics.profile.timeline import derive_timeline, find_extent
from analytics.profile.words import label_latest
from analytics.units import CONVENTIONAL
from bench.browser import PRESSES
from bench.cohort import STUDY
from data import queries
from data.database import open_reader
from data.home import find_home


@st.cache_resource
def prepare() -> list[tuple[Any, ...]]:
    """What the figures of the first patients are drawn from, as the patient page draws them."""
    home = find_home()
    connection = open_reader(home, home.current())
    config = queries.fetch_config(connection, STUDY)
    study = assemble_study(queries.fetch_frames(connection, STUDY), config)
    panel = derive_panel(study).join(study.subjects.select("usubjid", "arm"), on="usubjid")
    ready = []
    for subject in study.subjects.head(PRESSES + 1).iter_rows(named=True):
        own = panel.filter(panel["usubjid"] == subject["usubjid"])
        case = make_case(study, own, subject, CONVENTIONAL)
        chosen = case.select(list_groups([item.paramcd for item in case.parameters])[KEY])
        places = list(case.places.values())
        behind = Behind(
            timeline=derive_timeline(study, own, case.usubjid),
            ribbons=summarize_ribbons(
                panel, study.visits, study.subjects.filter(study.subjects["arm"] == subject["arm"])
            ),
            slopes=estimate_slopes(case.points),
            latest=label_latest(own, chosen),
            day=places[-1]["day"],
            extent=find_extent(study, own, case.usubjid),
        )
        ready.append((case.points, chosen, behind, Axis("infusion (day 0)", tuple(study.visits["avisit"]))))
    return ready


def advance() -> None:
    """On to the next patient."""
    st.session_state["place"] = st.session_state.get("place", 0) + 1


st.set_page_config(layout="wide")
st.title("Patient")
frames = prepare()
if "plain" in st.query_params:  # as the page of a large study, which draws the cohort only when it is asked for
    frames = [(points, chosen, replace(behind, ribbons=None), axis) for points, chosen, behind, axis in frames]
number = st.session_state.get("place", 0) % len(frames)
st.button("Next", on_click=advance)
st.markdown(f"Patient {number + 1}")
figure: go.Figure = plot_patient(*frames[number], Theme())
st.plotly_chart(figure, key=f"course_{number}", on_select="rerun", selection_mode="points")
