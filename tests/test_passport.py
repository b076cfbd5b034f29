"""The figure passport: the command of every figure, run in the terminal, prints the numbers that the figure shows."""

import json
import math
import shlex

import pytest
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from analytics import panel
from cli import main
from pages.shared import output
from tests.conftest import SIMULATED
from tests.test_architecture import ROOT

SURVIVAL = ("Curves", "Competing risks", "Models", "Responders", "Expected", "Extrapolation", "Repeated events")
SAFETY = ("Adverse events", "Laboratory grades", "Liver injury", "Kidney, organs, tumor")
EVIDENCE = ("Directions of effect", "Doses", "Meta-analysis")
VIEWS = {
    "trial/cohort": [{}],
    "trial/trajectories": [{}, {"measure": "% change", "along": "Days", "group": "sex", "units": "SI"}],
    "trial/response": [{}],
    "trial/compare": [{}],
    "trial/scores": [{}],
    "trial/survival": [*({"look": look} for look in SURVIVAL), {"look": "Models", "term": "Age, per year"}],
    "trial/safety": [{"safety": look} for look in SAFETY],
    "patient/profile": [{"part": part} for part in ("Course", "Why it changed", "Outlook")],
    "patient/pair": [{}],
    "library/evidence": [{"evidence": look} for look in EVIDENCE],
}
# What must be among the figures of a study, so that a page that draws nothing cannot pass.
EXPECTED = {
    "mayo-pbc": {"follow_up", "trajectories", "waterfall", "flow", "survival", "incidence", "stacked", "effect", "form", "calibration"},
    "kim-abmi": {"completeness", "trajectories", "waterfall", "doses", "effect_grid", "dose_strip"},
    "ahd": {"trajectories", "waterfall", "thresholds", "meta_forest"},
    "az-liver-safety": {"edish_baseline", "trajectories", "correlations"},
    SIMULATED: {"quadrant", "landmark", "naive_figure", "expected", "extrapolation", "safety_timeline", "grade_shift", "edish_uln"},
}  # fmt: skip


KNOWN = {}


@pytest.fixture
def scores_once(monkeypatch):
    """Scores of the same frames are computed once, not for every command: they are a function of these frames."""
    derive = panel.derive_scores

    def derive_once(measurements, subjects, events, settings):
        frames = (measurements, subjects, events)
        key = (*((frame.height, frame.hash_rows().sum()) for frame in frames), repr(settings))
        if key not in KNOWN:
            KNOWN[key] = derive(measurements, subjects, events, settings)
        return KNOWN[key]

    monkeypatch.setattr(panel, "derive_scores", derive_once)


@pytest.fixture
def collect(store, monkeypatch, scores_once):
    """Every figure that a view of a page draws: its key, its table, its command."""
    monkeypatch.setenv("HEPATRACE_HOME", str(store.folder))
    drawn = []
    show = output.show_figure

    def spy(figure, key, alt, table, command, select=False):
        drawn.append((key, table, command))
        return show(figure, key, alt, table, command, select)

    monkeypatch.setattr(output, "show_figure", spy)

    def run(page: str, **params):
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        app.switch_page(f"pages/{page}.py")
        for name, value in params.items():
            app.query_params[name] = value
        drawn.clear()
        app.run()
        assert not app.exception
        return list(drawn)

    return run


def simplify(value):
    """A value as JSON has it, numbers to nine digits."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return None if math.isnan(value) else float(f"{value:.9g}")
    return [simplify(item) for item in value] if isinstance(value, list) else str(value)


def check(key, table, command) -> None:
    """The command prints every row of the figure's table, and no other."""
    assert command.startswith("python cli.py "), f"{key} has no command"
    answer = CliRunner().invoke(main, [*shlex.split(command)[2:], "--json"])
    assert answer.exit_code == 0, f"{command}: {answer.output} {answer.exception}"
    rows = json.loads(answer.stdout)
    assert table.height, f"{key} has no row"
    shown = sorted(json.dumps([simplify(value) for value in row]) for row in table.rows())
    printed = sorted(json.dumps([simplify(row[name]) for name in table.columns]) for row in rows)
    assert printed == shown, command


@pytest.mark.parametrize("study", list(EXPECTED))
def test_the_command_of_every_figure_prints_its_numbers(study, collect):
    found = set()
    followed = study in ("mayo-pbc", SIMULATED)  # the others have no follow-up: the page Survival draws nothing
    for page, views in VIEWS.items():
        for params in views if followed or page != "trial/survival" else []:
            for key, table, command in collect(page, study=study, **params):
                check(key, table, command)
                found.add(key)
    assert EXPECTED[study] <= found


@pytest.mark.parametrize(
    ("page", "params"),
    [
        ("trial/trajectories", {"group": "albumin"}),
        ("trial/cohort", {"assessment": "bilirubin"}),
        ("trial/survival", {"look": "Curves", "by": "sex", "limits": "log"}),
        ("trial/survival", {"look": "Models"}),
        ("trial/response", {}),
        ("trial/safety", {"safety": "Liver injury"}),
    ],
)
def test_a_filter_and_other_units_change_nothing_of_that(page, params, collect):
    for figure in collect(page, study="mayo-pbc", sex="F", range="albumin:2:4", units="SI", **params):
        check(*figure)


def test_the_check_notices_a_number_that_is_not_the_figures(collect):
    key, table, command = next(item for item in collect("trial/survival", study="mayo-pbc") if item[0] == "survival")
    with pytest.raises(AssertionError):
        check(key, table.with_columns(survival=table["survival"] + 1e-6), command)
    with pytest.raises(AssertionError):
        check(key, table.head(5), command)
