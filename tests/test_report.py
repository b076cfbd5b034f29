"""The report: five kinds of files of one document, numbers and figures those of the pages, made again from its recipe."""

import json
import os
import zipfile
from io import BytesIO

import polars as pl
import pytest
from click.testing import CliRunner

from analytics.documents import report as documents
from analytics.documents.pictures import has_browser
from analytics.documents.report import WRITERS, list_kinds, read_recipe, write_report
from analytics.report.build import SECTIONS, TITLES, USUAL, BadReport, build_report
from analytics.report.problems import NoRecipe
from analytics.report.trial import Choice
from cli import main
from commands.report import read_trial
from data.home import Home
from tests.conftest import SIMULATED
from tests.test_architecture import ROOT
from tests.test_pages import open_page, read_figure, texts

STUDIES = ("kim-abmi", "ahd", "mayo-pbc", "az-liver-safety", SIMULATED)
needs_browser = pytest.mark.skipif(
    not has_browser() and os.environ.get("CI") != "true", reason="no browser is installed"
)
HOSTILE = '<script>alert(1)</script> #read("/etc/passwd") =1+1 {"hepatrace-report": 1} & "quoted" Ünïcode'


def cohort_of(study: str, **filters):
    from analytics.cohort import Cohort

    return Cohort.of(study, {name: (value,) for name, value in filters.items()})


@pytest.fixture(scope="module")
def make(store):
    """The document of a study of the shared store, made once."""
    made = {}

    def build(study: str, sections=USUAL, comments=None, **filters):
        key = json.dumps([study, list(sections), comments, filters])
        if key not in made:
            trial = read_trial(store, cohort_of(study, **filters), store.current(), "conventional")
            made[key] = build_report(trial, Choice(tuple(sections), comments or {}))
        return made[key]

    return build


@pytest.fixture
def terminal(store, monkeypatch):
    """The terminal on the shared store."""
    monkeypatch.setenv("HEPATRACE_HOME", str(store.folder))
    return lambda *arguments: CliRunner().invoke(main, [str(item) for item in arguments])


def find(document, code: str, title: str):
    """A table or figure of a section."""
    section = next(item for item in document.sections if item.code == code)
    return next(block for block in section.blocks if getattr(block, "title", "") == title)


@pytest.mark.parametrize("study", STUDIES)
def test_every_section_is_made_of_every_study_and_says_where_there_is_nothing(study, make):
    document = make(study)
    assert [section.title for section in document.sections] == [TITLES[code] for code in SECTIONS if code != "patients"]
    assert all(section.blocks for section in document.sections)
    assert document.simulated == (study == SIMULATED)
    for part in (f"study {study}", "revision hepatrace-", "no filter", "n = ", "Hepatrace 0.1.0"):
        assert part in document.stamp
    assert document.stamp.startswith("SIMULATED") == (study == SIMULATED)


def test_its_numbers_are_those_of_the_terminal(make, terminal):
    document = make("mayo-pbc")
    counts = json.loads(terminal("safety", "--study", "mayo-pbc", "--table", "counts", "--json").output)
    assert find(document, "safety", "Patients with adverse events").numbers.to_dicts() == counts
    within = json.loads(
        terminal("change", "--study", "mayo-pbc", "--parameter", "albumin", "--by", "arm", "--json").output
    )
    own = find(document, "change", "Albumin: change from baseline").numbers.to_dicts()
    assert json.loads(json.dumps(own)) == within
    groups = json.loads(
        terminal("survival", "--study", "mayo-pbc", "--endpoint", "overall", "--by", "arm", "--json").output
    )["groups"]
    shown = find(document, "survival", "Overall survival")
    table = next(block for block in document.tables if block.title == "Overall survival").frame
    assert table["Events"].to_list() == [str(group["events"]) for group in groups]
    assert [row.split(" ")[0] for row in table["Median, days"]] == [f"{group['median']:.0f}" for group in groups]
    assert set(shown.numbers["group"]) == {group["group"] for group in groups}


@pytest.mark.parametrize(
    ("page", "params", "section", "title"),
    [
        ("trial/survival", {"by": "arm"}, "survival", "Overall survival"),
        ("trial/trajectories", {"paramcd": "albumin", "by": "arm"}, "change", "Albumin, g/dL"),
        ("trial/safety", {}, "safety", "The 120 patients with the gravest events"),
    ],
)
def test_a_figure_is_the_same_on_screen_and_on_paper(page, params, section, title, make, store, monkeypatch):
    screen = read_figure(open_page(store, monkeypatch, page, study="mayo-pbc", **params))
    paper = json.loads(find(make("mayo-pbc"), section, title).figure.to_json())
    assert [trace.get("name") for trace in paper["data"]] == [trace.get("name") for trace in screen["data"]]
    for one, other in zip(paper["data"], screen["data"], strict=True):
        assert (one.get("x"), one.get("y")) == (other.get("x"), other.get("y"))
    assert paper["layout"]["xaxis"].get("title") == screen["layout"]["xaxis"].get("title")


@needs_browser
@pytest.mark.parametrize("kind", list(WRITERS))
def test_a_report_of_every_kind_holds_its_recipe_and_hostile_text_stays_text(kind, make):
    document = make(SIMULATED, ["population", "response", "survival", "safety"], {"safety": HOSTILE}, sex="F")
    data = write_report(document, kind)
    recipe = read_recipe(data)
    assert recipe == json.loads(document.recipe_text)
    assert recipe["comments"]["safety"] == HOSTILE
    assert recipe["cohort"]["choices"] == {"sex": ["F"]}
    if kind == "html":
        text = data.decode()
        assert "<script>alert(1)</script>" not in text
        assert text.count("SIMULATED data: no patient") == 1 + len(document.sections)
        assert 'src="http' not in text
    if kind == "xlsx":
        import openpyxl

        book = openpyxl.load_workbook(BytesIO(data))
        assert all(str(sheet["A2"].value).startswith("SIMULATED") for sheet in book)
        words = {row[2].value for row in book["Words"].iter_rows(min_row=5)}
        assert HOSTILE in words
    if kind == "pptx":
        from pptx import Presentation

        slides = list(Presentation(BytesIO(data)).slides)
        for slide in slides:
            said = "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)
            assert "SIMULATED data" in said
            assert document.stamp in said
        assert sum(shape.has_chart for slide in slides for shape in slide.shapes) >= 3
        assert sum(shape.has_table for slide in slides for shape in slide.shapes) >= 4
    if kind == "docx":
        import docx

        page = docx.Document(BytesIO(data)).sections[0]
        assert "SIMULATED" in page.header.paragraphs[0].text
        assert page.footer.paragraphs[0].text == document.stamp
    if kind == "pdf":
        assert data.startswith(b"%PDF")


@needs_browser
@pytest.mark.parametrize("study", ["kim-abmi", "ahd", "mayo-pbc"])
def test_every_kind_is_made_of_the_bundled_studies(study, make):
    document = make(study)
    told = []
    for kind in WRITERS:
        assert len(write_report(document, kind, told.append)) > 10_000, kind
    assert f"Figure {len(document.pictures)} of {len(document.pictures)}" in told
    assert "Setting the pages" in told


def test_the_terminal_makes_a_report_and_says_what_is_in_it(terminal, tmp_path):
    out = tmp_path / "report.xlsx"
    answer = terminal("report", "--study", "ahd", "--section", "response", "--section", "change", "--out", out)
    assert answer.exit_code == 0, answer.output
    assert "2 sections, 2 figures" in answer.output
    assert read_recipe(out.read_bytes())["sections"] == ["response", "change"]


def test_charts_of_the_slides_hold_the_numbers_of_the_figure(make):
    from analytics.documents.slides import make_categories, make_steps

    document = make("mayo-pbc", ["survival", "change"])
    chart = find(document, "survival", "Overall survival").chart
    steps, _ = make_steps(chart)
    curve = find(document, "survival", "Overall survival").numbers.filter(pl.col("group") == "Placebo")
    points = [(point.x, point.y) for point in next(series for series in steps if series.name == "Placebo")]
    for day, share in curve.select("day", "survival").rows():
        assert (day / 365.25, 100 * share) in points
    xs = [[point.x for point in series] for series in steps]
    assert xs[0] == xs[1]  # some programs draw only the last of several lines with x of their own
    picture = find(document, "change", "Albumin, g/dL")
    bars, _ = make_categories(picture.chart)
    means = picture.numbers.filter(pl.col("arm") == "Placebo").sort("x")["mean"].to_list()
    assert list(next(series for series in bars if series.name == "Placebo").values) == means


def test_a_report_is_made_again_from_its_recipe_with_the_same_numbers_after_new_data(run, home, tmp_path):
    assert run("import", ROOT / "data" / "studies" / "ahd").exit_code == 0
    first, again = tmp_path / "first.xlsx", tmp_path / "again.xlsx"
    assert (
        run("report", "--study", "ahd", "--sex", "M", "--out", first).exit_code == 1
    )  # no patient passes: said in words
    assert (
        run(
            "report", "--study", "ahd", "--arm", "Placebo", "--units", "SI", "--comment", "change=Seen.", "--out", first
        ).exit_code
        == 0
    )
    folder = tmp_path / "ahd"
    folder.mkdir()
    for path in (ROOT / "data" / "studies" / "ahd").iterdir():
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        (folder / path.name).write_text("".join(lines[:200]) if path.suffix == ".csv" else text, encoding="utf-8")
    assert run("import", folder).exit_code == 0
    assert run("import", ROOT / "data" / "studies" / "kim-abmi").exit_code == 0
    answer = run("report", "--recipe", first, "--out", again)
    assert answer.exit_code == 0, answer.output
    assert read_recipe(first.read_bytes()) == read_recipe(again.read_bytes())
    sheets = [zipfile.ZipFile(path) for path in (first, again)]
    names = [name for name in sheets[0].namelist() if name.startswith(("xl/worksheets/sheet", "xl/sharedStrings"))]
    assert names
    assert all(sheets[0].read(name) == sheets[1].read(name) for name in names)


def test_an_older_revision_whose_findings_name_no_subject_can_be_reported(run, home):
    import duckdb

    from data import queries

    assert run("import", ROOT / "data" / "studies" / "mayo-pbc").exit_code == 0
    path = home.revision_file(home.current())
    with duckdb.connect(str(path)) as connection:
        for table in ("rejected_row", "import_warning"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN usubjid")
        found = queries.fetch_findings(connection, "mayo-pbc")
    assert found.height
    assert found["usubjid"].null_count() == found.height


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--study", "nothing", "--out", "x.html"), "there is no study 'nothing'"),
        (("--study", "kim-abmi", "--out", "x.txt"), "ends in .html, .pdf"),
        (("--out", "x.html"), "name the study with --study"),
        (("--study", "kim-abmi", "--out", "x.html", "--arm", "None such"), "no patient passes the filters"),
        (("--study", "kim-abmi", "--out", "x.html", "--comment", "soup=hot"), "there is no section 'soup'"),
        (("--recipe", "README.md", "--out", "x.html"), "holds no recipe"),
        (("--recipe", "nowhere.pdf", "--out", "x.html"), "there is no file"),
    ],
)
def test_a_report_that_cannot_be_made_says_why(arguments, words, terminal, tmp_path, monkeypatch):
    (tmp_path / "README.md").write_text("no report")
    monkeypatch.chdir(tmp_path)
    answer = terminal("report", *arguments)
    assert answer.exit_code in (1, 2)
    assert words in answer.output
    assert not (tmp_path / "x.html").exists()


def test_without_a_browser_html_and_xlsx_are_still_made_and_a_sentence_says_why(terminal, tmp_path, monkeypatch, store):
    monkeypatch.setattr(documents, "has_browser", lambda: False)
    assert list_kinds() == ["html", "xlsx"]
    answer = terminal("report", "--study", "kim-abmi", "--out", tmp_path / "x.pdf")
    assert answer.exit_code == 1
    assert "No Chrome, Edge or Chromium was found" in answer.output
    assert terminal("report", "--study", "kim-abmi", "--out", tmp_path / "x.html").exit_code == 0
    from pages.shared import store as pages_store

    monkeypatch.setattr(pages_store, "can_draw_pictures", lambda: False)
    app = open_page(store, monkeypatch, "library/report", study="kim-abmi")
    assert not app.exception
    assert "No Chrome, Edge or Chromium" in texts(app)
    assert len(app.selectbox(key="report_kind").options) == 2


def test_nothing_chosen_is_an_answer_in_words(make, store, monkeypatch):
    with pytest.raises(BadReport, match="no section"):
        make("kim-abmi", [])
    with pytest.raises(BadReport, match="there is no section soup"):
        make("kim-abmi", ["soup"])
    app = open_page(store, monkeypatch, "library/report", study="kim-abmi")
    app.button_group(key="report_sections").set_value([]).run()
    assert "Choose at least one section." in texts(app)


def test_the_page_makes_a_report_with_a_comment_and_keeps_it_over_a_rerun(store, monkeypatch):
    app = open_page(store, monkeypatch, "library/report", study="kim-abmi")
    app.text_area(key="report_comment_safety").set_value("The board met.").run()
    next(item for item in app.button if item.key == "report_make").click().run()
    assert not app.exception
    assert app.get("download_button")
    app.run()
    assert app.get("download_button")
    assert any("safety=The board met." in item.value for item in app.code)


def test_patient_pages_name_every_patient_and_their_figure(make):
    document = make("kim-abmi", ["patients"])
    words = [block.text for section in document.sections for block in section.blocks if hasattr(block, "text")]
    assert [f"KIM-{number}" for number in range(1, 6)] == [
        text.split(":")[0] for text in words if text.startswith("KIM-")
    ]
    assert [picture.key for picture in document.pictures] == [f"patient_KIM-{number}" for number in range(1, 6)]


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7 nothing", b"PK\x03\x04", b'{"hepatrace-report": ', b"hepatrace-report {broken"]
)
def test_a_file_without_a_recipe_is_refused_in_words(data):
    if data.startswith(b"PK"):
        buffer = BytesIO()
        zipfile.ZipFile(buffer, "w").close()
        data = buffer.getvalue()
    with pytest.raises(NoRecipe, match="no recipe"):
        read_recipe(data)


def test_the_report_page_opens_on_an_empty_selection(store, monkeypatch):
    app = open_page(store, monkeypatch, "library/report", study="mayo-pbc")
    assert isinstance(store, Home)
    app.sidebar.multiselect(key="arm").set_value(["Placebo"]).run()
    assert "154 of 312" in texts(app)


def test_the_version_in_every_report_is_that_of_the_package():
    import tomllib

    from analytics.versions import HEPATRACE

    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == HEPATRACE
