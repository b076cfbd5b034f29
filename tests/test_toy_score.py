"""A new score is one definition and one name in the tuple: tried on a copy of the project."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_architecture import ROOT

TOY = '''"""A toy."""

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.definition import Input, Output, Score, needs


def toy(*, bilirubin: pl.Expr, albumin: pl.Expr) -> dict[str, pl.Expr]:
    """Twice bilirubin minus albumin."""
    return {"value": 2 * bilirubin - albumin}


TOY = Score(
    parameter=Parameter("toy", "Toy score", unit="{score}", better="lower", decimals=2),
    version="2026",
    inputs=(Input("bilirubin", unit="mg/dL", worse="higher"), Input("albumin", unit="g/dL", worse="lower")),
    outputs=(Output("value"),),
    formula=toy,
    value="value",
    needs=needs("bilirubin", "albumin"),
    reading="2 x bilirubin - albumin.",
    source="nobody",
)
'''
PAGE = """
import sys
from streamlit.testing.v1 import AppTest
def open_page(path, **params):
    app = AppTest.from_file("app.py", default_timeout=60)
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    app.switch_page(f"pages/{path}.py")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app
app = open_page("library/definitions", defined="toy")
assert any("2 x bilirubin - albumin." in item.value for item in app.markdown)
assert "Toy score" in open_page("library/definitions", part="Calculator").selectbox(key="calculate").options
assert "Toy score" in open_page("trial/trajectories", study="kim-abmi").selectbox(key="paramcd").options
assert "Toy score" in open_page("patient/profile", study="kim-abmi", score="toy").selectbox(key="score").options
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A copy of the project with the toy added: one file, one import and one name in the tuple."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("analytics", "commands", "data", "pages", "tests", ".streamlit", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "cli.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    scores = folder / "analytics" / "scores"
    (scores / "toy.py").write_text(TOY)
    listed = (scores / "__init__.py").read_text()
    named = listed.replace("DEFINITIONS = (", "DEFINITIONS = (\n    TOY,", 1)
    imported = named.replace(
        "from analytics.scores.sofa import SOFA\n",
        "from analytics.scores.sofa import SOFA\nfrom analytics.scores.toy import TOY\n",
    )
    assert imported != listed
    (scores / "__init__.py").write_text(imported)
    return folder


def run_python(copy: Path, *arguments: str, given: str | None = None) -> str:
    """What Python prints in the copy."""
    environment = os.environ | {"HEPATRACE_HOME": str(copy / "home"), "PYTHONPATH": str(copy)}
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return result.stdout


def test_the_terminal_scores_it(copy):
    inputs = {"bilirubin": {"value": 34.2, "unit": "umol/L"}, "albumin": {"value": 3.5, "unit": "g/dL"}}
    told = run_python(copy, "cli.py", "score", "-", given=json.dumps([{"id": 1, "score": "toy", "inputs": inputs}]))
    assert json.loads(told)[0]["outputs"]["value"] == pytest.approx(0.5)  # 2 x 2.0 - 3.5


def test_the_document_and_the_pages_show_it(copy):
    assert "### Toy score" in run_python(copy, "cli.py", "definitions")
    run_python(copy, "cli.py", "import", "data/studies/kim-abmi")
    run_python(copy, "-c", PAGE)


def test_the_laws_are_tested_on_it(copy):
    told = run_python(copy, "-m", "pytest", "tests/test_score_laws.py", "-k", "toy", "-q", "-p", "no:cacheprovider")
    assert "[100%]" in told
    names = run_python(
        copy, "-m", "pytest", "tests/test_score_laws.py", "-k", "toy", "--collect-only", "-q", "-p", "no:cacheprovider"
    )
    assert "test_score_laws.py: 9" in names  # all but the three for scores with terms, several outputs or flags
