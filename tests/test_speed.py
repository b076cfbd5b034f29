"""Wires that trip when speed is lost, without a clock: what is loaded, stored, cached and sent to the browser."""

import json
import re
import subprocess
import sys

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

from analytics.figures.theme import Theme
from analytics.figures.trajectory import MANY, MOST_COURSES, RIBBONS, Axes, plot_trajectories
from analytics.survival.counting import count_leaving
from data.database import open_reader
from data.home import Home
from tests.conftest import SIMULATED
from tests.test_architecture import FILES, ROOT
from tests.test_pages import open_page

BUDGET = 150_000  # bytes of all figures of a page
HEAVY = ("lifelines", "scipy.stats", "scipy.optimize", "scipy.interpolate", "sklearn", "statsmodels", "great_tables")
VISITS = 10


def simulate_courses(subjects: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Courses and their summary by arm and visit."""
    rng = np.random.default_rng(1)
    rows = pl.DataFrame(
        {
            "usubjid": np.repeat([f"P{number:06d}" for number in range(subjects)], VISITS),
            "arm": np.repeat(np.where(np.arange(subjects) % 2, "A", "B"), VISITS),
            "x": np.tile(np.arange(VISITS, dtype=float), subjects),
            "y": rng.normal(10, 2, subjects * VISITS).round(1),
        }
    )
    y = pl.col("y")
    quantiles = {"q1": 0.25, "q3": 0.75, "p5": 0.05, "p95": 0.95, "median": 0.5, "lower": 0.4, "upper": 0.6}
    summary = rows.group_by("arm", "x").agg(
        n=pl.len(), mean=y.mean(), **{name: y.quantile(share) for name, share in quantiles.items()}
    )
    return rows, summary


def draw(subjects: int, chosen: str = "") -> go.Figure:
    """The figure of trajectories of so many."""
    return plot_trajectories(*simulate_courses(subjects), Axes("x", "y", (), False, RIBBONS), Theme(), chosen=chosen)


def test_the_figure_of_many_is_no_larger_than_that_of_few() -> None:
    """From the number on at which a sample stands for all: bytes and traces do not grow with subjects."""
    few, many = draw(MANY + 1), draw(20 * MANY)
    assert len(many.data) == len(few.data) == len(draw(10).data)
    assert len(many.to_json()) < 1.1 * len(few.to_json())
    assert len(many.to_json()) < BUDGET


def test_the_sample_is_the_same_at_every_look_and_the_chosen_patient_lies_on_top() -> None:
    """Whoever passes a filter and was drawn before is drawn again; the chosen one is the last trace."""
    rows, _ = simulate_courses(2 * MANY)
    drawn = {name for trace in draw(2 * MANY).data if trace.customdata is not None for name in trace.customdata if name}
    assert len(drawn) == MOST_COURSES
    half = rows.filter(pl.col("arm") == "A")["usubjid"].n_unique()
    assert half <= MANY
    chosen = next(name for name in rows["usubjid"].unique().sort() if name not in drawn)
    last = draw(2 * MANY, chosen).data[-1]
    assert set(last.customdata) == {chosen}


def test_numbers_of_figures_are_typed_arrays_of_32_bits() -> None:
    """Lists are ten times slower to build, and 64 bits twice as long to send."""
    for trace in draw(50).data:
        if trace.x is not None and len(trace.x) > VISITS:
            assert isinstance(trace.y, np.ndarray)
            assert trace.y.dtype.itemsize <= 4


@pytest.mark.parametrize("path", ["trial/cohort", "trial/trajectories", "trial/response", "trial/survival"])
def test_the_figures_of_a_page_fit_their_budget(path: str, store: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of sixty patients, everything that is drawn at first."""
    app = open_page(store, monkeypatch, path, study=SIMULATED)
    sizes = [len(json.dumps(json.loads(chart.proto.spec))) for chart in app.get("plotly_chart")]
    assert sum(sizes) < BUDGET


def test_no_figure_needs_webgl() -> None:
    """Without a graphics card scattergl is five times slower."""
    for file in FILES:
        assert not re.search(r"scattergl|Scattergl|render_mode=.webgl", (ROOT / file).read_text(encoding="utf-8")), file


def test_the_drawn_start_page_has_loaded_nothing_heavy(store: Home) -> None:
    """In a process of its own: what a test needs is loaded when the test is asked for."""
    program = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(ROOT / 'app.py')!r}, default_timeout=60).run()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], [item.value for item in app.exception], flush=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT,
        env={"HEPATRACE_HOME": str(store.folder), "PATH": "", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "[] []" in done.stdout, done.stdout + done.stderr[-500:]


def test_the_long_table_is_sorted_without_a_key_and_a_parameter_is_found_without_reading_the_others(
    store: Home,
) -> None:
    """The filter on the parameter is pushed down into the scan."""
    with open_reader(store, store.current()) as connection:
        assert connection.execute("SELECT count(*) FROM duckdb_indexes() ORDER BY 1").fetchall() == [(0,)]
        keys = "SELECT count(*) FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY' ORDER BY 1"
        assert connection.execute(keys).fetchall() == [(0,)]
        plan = connection.execute("EXPLAIN SELECT avg(aval) FROM measurement WHERE paramcd = 'bilirubin'").fetchall()
    assert "Filters: paramcd = 'bilirubin'" in plan[0][1].partition("Seq Scan")[2]
    assert "─ Filter ─" not in plan[0][1]


def test_whole_days_are_never_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path for any times is not taken for a million whole days."""
    monkeypatch.setattr("analytics.survival.counting.count_sorted", None)
    time = np.repeat(np.arange(1_000.0), 5)
    assert count_leaving(time, np.zeros(5_000, dtype=np.int64), 1)[1].sum() == 5_000


TOGETHER = """
import threading, time
import polars as pl
from analytics.scores import find_score
from analytics.scores.evaluate import derive_score
rows = pl.DataFrame({"bilirubin": [2.0, None] * 400, "inr": 1.2, "creatinine": 1.0})
table = pl.DataFrame({f"c{n}": [1.0] * 5_000 for n in range(30)} | {"text": "a"})
def score():
    while True:
        derive_score(rows, find_score("meld"))
threading.Thread(target=score, daemon=True).start()
end = time.monotonic() + 3
while time.monotonic() < end:
    table.to_pandas()
"""


def test_scores_and_tables_of_two_users_do_not_wait_for_each_other():
    """A Python function within a Polars expression stops both for ever when a table is shown meanwhile."""
    subprocess.run([sys.executable, "-c", TOGETHER], cwd=ROOT, timeout=60, check=True)


SHOWN = """
import os, threading, time
import polars as pl
import streamlit as st
from pages.shared import tables
st.dataframe = lambda table: table.to_pandas()  # all columns are read, as they are before a table is sent
texts, numbers = ({f"{kind}{n}": [value] * 40 for n in range(9)} for kind, value in (("c", "a"), ("n", 1.0)))
parts = [pl.DataFrame(texts | numbers) for _ in range(20)]
start, box = threading.Barrier(4), {}
def session():
    while True:
        start.wait()
        tables.show(box["table"])
        start.wait()
for _ in range(3):
    threading.Thread(target=session, daemon=True).start()
end = time.monotonic() + 4
while time.monotonic() < end:
    box["table"] = pl.concat(parts, rechunk=False)
    start.wait()
    start.wait()
os._exit(0)
"""


def test_sessions_that_show_the_same_table_do_not_wait_for_each_other():
    """Handed over by two threads at once, one frame object stops both for ever: on a busy machine within seconds.

    By chance it may not; test_architecture.py forbids the cause without chance.
    """
    subprocess.run([sys.executable, "-c", SHOWN], cwd=ROOT, timeout=60, check=True)
