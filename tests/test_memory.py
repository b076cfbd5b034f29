"""What is computed once: the same question has the same answer, another frame another, and nothing grows for ever."""

import gc
import json

import plotly.graph_objects as go
import polars as pl
import pytest

from analytics.change import select_pairs
from analytics.cohort import keep_subjects
from analytics.courses import Measure
from analytics.figures.multiples import plot_multiples
from analytics.figures.theme import Theme, stamp_figure
from analytics.panel import list_parameters
from analytics.scores import find_any_parameter
from data.home import Home
from pages.shared import memory
from pages.shared.memory import SHELF, Answer, Shelf, identify, remember
from pages.shared.store import write_figure
from tests.conftest import SIMULATED
from tests.test_architecture import FILES
from tests.test_pages import open_page, texts

PAGES = [file for file in FILES if file.startswith("pages/trial/")]


def make_panel(codes: list[str]) -> pl.DataFrame:
    """A panel of which only the parameters are looked at."""
    return pl.DataFrame({"paramcd": codes, "usubjid": "P1", "aval": 1.0})


def test_the_same_frame_is_asked_once_and_another_one_anew():
    first, other = make_panel(["bilirubin"]), make_panel(["albumin"])
    found = remember(list_parameters, first)
    assert remember(list_parameters, first) is found
    assert remember(list_parameters, other) == ["albumin"]


def test_a_question_is_the_same_where_it_says_the_same():
    panel = pl.DataFrame({"paramcd": ["meld", "albi"], "post": True, "analysis": True, "chg": 1.0})
    assert remember(select_pairs, panel, "meld").height == 1
    assert remember(select_pairs, panel, "albi")["paramcd"].to_list() == ["albi"]
    meld, albi = (Measure("Change", find_any_parameter(code)) for code in ("meld", "albi"))
    assert identify(meld, []) == identify(Measure("Change", find_any_parameter("meld")), [])
    assert identify(meld, []) != identify(albi, [])
    assert identify({"a": [panel]}, []) != identify({"a": [panel.clone()]}, [])


def test_a_frame_that_comes_to_lie_where_another_one_lay_is_not_taken_for_it():
    """The identity of a frame is worth nothing after its death."""
    for number in range(200):
        panel = make_panel([f"code {number}"])
        assert remember(list_parameters, panel) == [f"code {number}"]


def test_answers_about_frames_that_are_gone_are_given_up():
    panel = make_panel(["bilirubin"])
    remember(list_parameters, panel)
    del panel
    gc.collect()
    remember(list_parameters, make_panel(["albumin"]))
    assert not any(kept.is_lost for kept in list(SHELF.answers.values())[:-1])


def test_a_shelf_holds_no_more_than_it_may(monkeypatch):
    monkeypatch.setattr(memory, "MOST_BYTES", 1_000)
    shelf = Shelf()
    for number in range(5):
        shelf.keep(number, Answer(number, 400, ()))
    assert list(shelf.answers) == [3, 4]
    assert shelf.find(3, [])
    shelf.keep(5, Answer(5, 400, ()))
    assert list(shelf.answers) == [3, 5]  # 4 was asked for longest ago
    shelf.keep(6, Answer(6, 5_000, ()))
    assert list(shelf.answers) == [6]  # what is asked for now has room
    monkeypatch.setattr(memory, "MOST_ANSWERS", 1)
    shelf.keep(7, Answer(7, 1, ()))
    assert list(shelf.answers) == [7]


def test_a_function_that_may_draw_is_not_remembered():
    with pytest.raises(ValueError, match="no part of analytics"):
        remember(make_panel, ["bilirubin"])


def test_who_is_kept_depends_on_both_frames():
    rows = pl.DataFrame({"usubjid": ["P1", "P2"]})
    one, both = rows.head(1), rows
    assert remember(keep_subjects, rows, one).height == 1
    assert remember(keep_subjects, rows, both).height == 2


def test_figures_that_were_drawn_once_follow_the_theme():
    summaries = {}
    light, dark = (remember(plot_multiples, summaries, "x", (), Theme(dark)) for dark in (False, True))
    assert light is not dark


def test_what_is_shown_and_exported_leaves_remembered_figures_as_they_were(store: Home, monkeypatch) -> None:
    """Every session draws from the same figure."""
    SHELF.forget()
    open_page(store, monkeypatch, "trial/trajectories", study=SIMULATED)
    figures = [kept.value for kept in SHELF.answers.values() if isinstance(kept.value, go.Figure)]
    before = [json.loads(str(figure.to_json())) for figure in figures]
    assert len(before) > 1
    open_page(store, monkeypatch, "trial/trajectories", study=SIMULATED)
    for figure in figures:
        write_figure(stamp_figure(figure, "a note", dark=True), "html")
    assert [json.loads(str(figure.to_json())) for figure in figures] == before


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_the_same_at_the_second_look(path: str, store: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing remembered, with everything, and after other filters."""
    SHELF.forget()
    page = path.removeprefix("pages/").removesuffix(".py")
    first = texts(open_page(store, monkeypatch, page, study=SIMULATED))
    other = texts(open_page(store, monkeypatch, page, study=SIMULATED, sex="F"))
    assert texts(open_page(store, monkeypatch, page, study=SIMULATED)) == first != other
