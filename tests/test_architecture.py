"""The layers of docs/design.md, read off the syntax tree of every file, and the limits of docs/style.md."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OWN = {"analytics", "commands", "data", "pages", "app", "cli"}
SURVIVAL = ("analytics/survival/",)
# folder: what of our own it may import, what of others. The first that fits a file counts.
LAYERS = [
    ("analytics/catalog/", {"analytics.catalog"}, set()),
    ("analytics/scores/", {"analytics.catalog", "analytics.scores"}, {"polars"}),
    ("analytics/figures/", {"analytics.catalog", "analytics.figures"}, {"polars", "plotly"}),
    ("analytics/documents/", {"analytics"}, {"polars", "plotly", "kaleido", "choreographer", "great_tables", "typst", "xlsxwriter", "docx", "pptx"}),
    ("analytics/survival/", {"analytics.catalog", "analytics.scores", "analytics.statistics", "analytics.survival"},
     {"polars", "numpy", "scipy", "statsmodels", "lifelines", "pandas"}),
    ("analytics/", {"analytics"}, {"polars", "numpy", "scipy", "statsmodels"}),
    ("data/simulate", {"analytics.catalog", "data"}, {"polars", "numpy"}),
    ("data/publish.py", {"analytics", "data"}, {"duckdb", "polars"}),
    ("data/importers/readers/", {"analytics.catalog", "data.importers"}, {"polars", "duckdb", "openpyxl", "pyreadstat"}),
    ("data/exports/", {"analytics.catalog", "data"}, {"duckdb", "polars", "pyreadstat", "xlsxwriter"}),
    ("data/", {"analytics.catalog", "data"}, {"duckdb", "polars"}),
    ("pages/shared/", {"analytics", "data", "pages.shared"}, {"polars", "plotly", "streamlit", "duckdb"}),
    ("pages/", {"analytics", "pages.shared"}, {"polars", "streamlit"}),
    ("app.py", {"analytics", "pages.shared"}, {"streamlit"}),
    ("commands/", {"analytics", "commands", "data"}, {"click", "polars"}),
    ("cli.py", {"commands"}, {"click"}),
]  # fmt: skip
PATHS = [path for folder in ("analytics", "commands", "data", "pages") for path in (ROOT / folder).rglob("*.py")]
FILES = ["app.py", "cli.py", *sorted(str(path.relative_to(ROOT)) for path in PATHS)]


def read_tree(file: str) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def list_imports(file: str) -> set[str]:
    """The modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(read_tree(file)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def fits(module: str, allowed: set[str]) -> bool:
    """Whether a module is one of these or lies in one of them."""
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


@pytest.mark.parametrize("file", FILES)
def test_a_file_imports_only_what_its_layer_may(file):
    own, others = next((own, others) for folder, own, others in LAYERS if file.startswith(folder))
    for module in list_imports(file):
        top = module.split(".")[0]
        if top in OWN:
            # "from pages.shared import controls" names the package; anything else must be in the layer's list.
            assert fits(module, own), f"{file} imports {module}"
        elif top not in sys.stdlib_module_names:
            assert top in others, f"{file} imports {module}"


def test_pages_reach_data_only_through_the_store_its_cache_and_the_intake():
    for file in FILES:
        doors = ("pages/shared/store.py", "pages/shared/cache.py", "pages/shared/everybody", "pages/shared/intake")
        if file.startswith("pages/") and not file.startswith(doors):
            assert not any(module.split(".")[0] == "data" for module in list_imports(file)), file


def test_the_check_notices_a_forbidden_import():
    assert not fits("data.queries", {"analytics", "pages.shared"})
    assert not fits("analytics.scoresheet", {"analytics.scores"})
    assert fits("analytics.scores.meld", {"analytics.scores"})


@pytest.mark.parametrize("file", FILES)
def test_a_file_has_at_most_300_lines_and_a_page_80(file):
    lines = len((ROOT / file).read_text(encoding="utf-8").splitlines())
    page = file.startswith("pages/") and not file.startswith("pages/shared/")
    assert lines <= (80 if page else 300), lines


@pytest.mark.parametrize("file", FILES)
def test_a_function_is_short_and_says_what_it_promises(file):
    tree = read_tree(file)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for node in [item for body in (tree, *classes) for item in body.body]:
        if isinstance(node, ast.FunctionDef):
            assert ast.get_docstring(node), f"{file}: {node.name} has no docstring"
            body = node.body[1:] or node.body
            length = (body[-1].end_lineno or 0) - body[0].lineno + 1
            assert length <= 25, f"{file}: {node.name} has {length} lines"


@pytest.mark.parametrize("file", [file for file in FILES if file.startswith("analytics/")])
def test_no_row_is_imputed_by_otherwise_in_a_chain_of_bands(file):
    if file.startswith("analytics/scores/"):
        assert ".otherwise(" not in (ROOT / file).read_text(encoding="utf-8")


def test_no_python_function_runs_within_a_polars_expression():
    """Polars' threads would wait for the interpreter while its holder waits for them: the server would stop."""
    for file in FILES:
        calls = {node.attr for node in ast.walk(read_tree(file)) if isinstance(node, ast.Attribute)}
        assert not calls & {"map_batches", "map_elements", "map_groups", "map_rows", "rolling_map"}, file


def test_a_table_is_shown_from_a_copy_of_its_frame():
    """Two sessions that hand over one frame object at once wait for ever: ``tables.show`` hands over a copy, once."""
    for file in FILES:
        if file.startswith(("pages/", "app.py")) and file != "pages/shared/tables.py":
            assert "st.dataframe(" not in (ROOT / file).read_text(encoding="utf-8"), file


def test_only_the_doors_catch_in_order_to_show():
    allowed = {
        "commands/shared.py",
        "commands/survival.py",
        "commands/scores.py",
        "pages/study/import_data.py",
        "pages/study/cuts.py",
        "pages/study/corrections.py",
        "pages/study/plan.py",
    }
    for file in FILES:
        if file in allowed or file.startswith("data/"):
            continue
        handlers = [node for node in ast.walk(read_tree(file)) if isinstance(node, ast.ExceptHandler)]
        # An unusable input is a finding; a family of curves that does not converge is left out by name.
        # A text that is no recipe is followed by the next one.
        named = {
            "analytics/scores/reading.py",
            "analytics/survival/parametric.py",
            "analytics/documents/report.py",
        }
        assert not handlers or file in named, file


def test_no_cached_function_takes_a_frame():
    nodes = [
        node
        for name in ("cache", "everybody", "everybody_safety")
        for node in ast.walk(read_tree(f"pages/shared/{name}.py"))
    ]
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and any("cache" in ast.unparse(item) for item in node.decorator_list):
            assert {ast.unparse(item.annotation) for item in node.args.args if item.annotation} <= {"str", "Stamp"}, (
                node.name
            )
            assert "cache_data" not in "".join(ast.unparse(item) for item in node.decorator_list)


def test_the_server_is_local_quiet_and_does_not_stall():
    import tomllib

    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["allowedHosts"]
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorDetails"] == "type"
    assert config["runner"]["postScriptGC"] is False


def test_the_start_page_does_not_load_heavy_modules():
    import subprocess

    program = (
        "import sys; import pages.shared.controls, analytics.figures.cohort, analytics.summary; "
        "print([name for name in ('lifelines', 'scipy.stats', 'sklearn', 'statsmodels') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_definitions_document_is_the_one_that_the_catalog_gives():
    from analytics.definitions import write_document

    assert (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8") == write_document()


def test_the_terminal_answers_before_a_library_of_statistics_is_loaded():
    import subprocess

    program = (
        "import sys, cli; cli.main(['--help'], standalone_mode=False); "
        "print([name for name in ('polars', 'scipy', 'duckdb', 'plotly') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"
