"""Every page on an empty store, on one patient, and on every bundled study: no exception, and words where there is nothing."""

import json
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from analytics.scores import SCORES
from analytics.scores.examples import list_examples
from data.home import Home
from data.importers.run import import_paths
from tests.conftest import SIMULATED
from tests.test_architecture import ROOT

PAGES = (
    "trial/cohort",
    "trial/trajectories",
    "trial/response",
    "trial/compare",
    "trial/scores",
    "trial/survival",
    "trial/safety",
    "patient/profile",
    "patient/worklist",
    "patient/pair",
    "patient/review",
    "study/plan",
    "study/import_data",
    "study/corrections",
    "study/quality",
    "study/cuts",
    "study/export",
    "study/about",
    "library/evidence",
    "library/report",
    "library/definitions",
    "library/published",
)
WITHOUT_DATA = (
    "library/evidence",
    "library/definitions",
    "library/published",
    "study/plan",
    "study/import_data",
)  # these need no study
STUDIES = ("mayo-pbc", "kim-abmi", "ahd", SIMULATED)  # az-liver-safety: test_safety, test_passport, test_report
ONE = """
study = "one"
title = "One patient, one visit"
time_zero = "infusion"
[[files]]
path = "subjects.csv"
shape = "subjects"
[files.columns]
usubjid = "usubjid"
[[files]]
path = "labs.csv"
shape = "measurements"
[files.columns]
usubjid = "usubjid"
day = "day"
paramcd = "test"
aval = "value"
unit = "unit"
"""


def open_page(home: Home, monkeypatch, path: str, **params: str) -> AppTest:
    """A page with these parameters in its address."""
    monkeypatch.setenv("HEPATRACE_HOME", str(home.folder))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.switch_page(f"pages/{path}.py")
    for name, value in params.items():
        app.query_params[name] = value
    return app.run()


def open_folds(app: AppTest) -> list[str]:
    """Open what is drawn at a click only (Passport, Figure, Table …); the keys of what was opened."""
    blocks, keys = [app._tree], []  # AppTest has no other way to the blocks
    while blocks:
        block = blocks.pop()
        blocks += getattr(block, "children", {}).values()
        if block.type in ("popover", "expander") and getattr(block.proto, "id", ""):
            keys.append(block.proto.id.split("-", 2)[2])
    for key in keys:
        app.session_state[key] = True
    app.run()
    return keys


def read_figure(app: AppTest) -> dict:
    """The first figure of a page."""
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def texts(app: AppTest) -> str:
    """Everything that a page says."""
    elements = (*app.caption, *app.info, *app.markdown, *app.warning, *app.title, *app.header, *app.subheader)
    return "\n".join(element.value for element in elements)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """A store with one patient, one visit, one value."""
    folder = tmp_path_factory.mktemp("one")
    (folder / "study.toml").write_text(ONE)
    (folder / "subjects.csv").write_text("usubjid\nP1\n")
    (folder / "labs.csv").write_text("usubjid,day,test,value,unit\nP1,0,albumin,3.1,g/dL\n")
    home = Home(folder / "home")
    assert import_paths(home, [folder]).rejected == 0
    return home


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A store with a subject and no value at all."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "study.toml").write_text(ONE.split('[[files]]\npath = "labs.csv"', maxsplit=1)[0])
    (folder / "subjects.csv").write_text("usubjid\nP1\n")
    home = Home(folder / "home")
    import_paths(home, [folder])
    return home


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_on_an_empty_store_and_says_what_to_do(path, tmp_path, monkeypatch):
    app = open_page(Home(tmp_path / "nothing"), monkeypatch, path)
    assert not app.exception
    if path not in WITHOUT_DATA:
        assert "There is no study yet" in texts(app)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_on_one_patient_with_one_value(path, one, monkeypatch):
    app = open_page(one, monkeypatch, path)
    assert not app.exception


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_where_every_value_is_missing(path, bare, monkeypatch):
    app = open_page(bare, monkeypatch, path)
    assert not app.exception
    if path in ("trial/trajectories", "patient/profile"):
        assert "No value has been imported" in texts(app)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("study", STUDIES)
def test_every_page_opens_on_every_study(path, study, store, monkeypatch):
    app = open_page(store, monkeypatch, path, study=study)
    assert not app.exception
    if path not in WITHOUT_DATA:
        assert app.sidebar.selectbox(key="study").value == study
        assert ("SIMULATED" in texts(app)) == (study == SIMULATED)
        subjects = {"mayo-pbc": 312, "kim-abmi": 5, "ahd": 66, SIMULATED: 60}[study]
        assert f"{subjects} of {subjects} patients" in texts(app)
        assert "data as of revision hepatrace-000001" in texts(app)
        assert "filter_shelf" in open_folds(app)
        assert not app.exception
        figures = len(app.get("plotly_chart"))
        assert len([item for item in app.text_area if item.label == "Note on this figure"]) <= figures


@pytest.mark.parametrize("study", STUDIES)
def test_what_opens_at_a_click_is_there(study, store, monkeypatch):
    """The passport and the files of a figure, the numbers behind it, who has no value, the saved filters."""
    app = open_page(store, monkeypatch, "trial/trajectories", study=study)
    before = len(app.dataframe)
    assert not app.text_area
    assert not app.get("code")
    keys = open_folds(app)
    assert {"passport_trajectories", "pictures_trajectories", "trajectories_table", "filter_shelf"} <= set(keys)
    assert [item.label for item in app.text_area] == ["Note on this figure"] * len(app.get("plotly_chart"))
    assert any("cli.py figure trajectories" in item.value for item in app.code)
    assert any("Revision: hepatrace-000001" in item.value for item in app.text)
    assert len(app.dataframe) == before + 1 + ("lost" in keys)
    assert app.text_input(key="filter_name").label == "Save the present ones as"


def test_a_variation_is_entered_with_its_source_and_belongs_to_its_study(tmp_path, store, monkeypatch):
    """What is typed in stays while the popover is shut, and is that of this study only."""
    shutil.copytree(store.folder, tmp_path / "home")
    home = Home(tmp_path / "home")
    app = open_page(home, monkeypatch, "trial/trajectories", study="mayo-pbc", paramcd="albumin")
    key = "variation_mayo-pbc_albumin"
    assert "no published value entered for Albumin" in texts(app)
    app.session_state["variation_albumin_popover"] = True  # a click on it
    app.run()
    app.number_input(key=f"{key}_within").set_value(2.5).run()
    assert app.button(key=f"{key}_save").disabled  # a number without a source
    app.session_state["variation_albumin_popover"] = False
    app.run()
    app.session_state["variation_albumin_popover"] = True
    app.run()
    assert app.number_input(key=f"{key}_within").value == 2.5
    app.text_input(key=f"{key}_source").set_value("our laboratory, 2024").run()
    app.button(key=f"{key}_save").click().run()
    assert not app.exception
    assert "our laboratory, 2024" in texts(app)
    app.sidebar.selectbox(key="study").set_value("ahd").run()
    assert "our laboratory, 2024" not in texts(app)


def test_a_note_begun_on_a_figure_of_one_study_is_not_offered_in_another(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/survival", study="mayo-pbc")
    app.session_state["passport_survival"] = True  # a click on it
    app.run().text_area(key="note_mayo-pbc_survival").set_value("half a thought").run()
    app.sidebar.selectbox(key="study").set_value(SIMULATED).run()
    assert [item.value for item in app.text_area if item.label == "Note on this figure"] == [""]
    app.sidebar.selectbox(key="study").set_value("mayo-pbc").run()
    assert app.text_area(key="note_mayo-pbc_survival").value == "half a thought"


def test_a_filter_narrows_the_cohort_and_says_so(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/cohort", study="mayo-pbc")
    app.sidebar.multiselect(key="arm").set_value(["Placebo"]).run()
    assert not app.exception
    assert "154 of 312 patients (arm Placebo)" in texts(app)
    app.switch_page("pages/trial/survival.py").run()
    assert "cli.py survival --study mayo-pbc --arm Placebo --endpoint overall" in texts(app)


def test_two_filters_that_nobody_passes_are_an_answer_in_words(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/survival", study="kim-abmi")
    app.sidebar.multiselect(key="sex").set_value(["F"]).run()
    assert "2 of 5 patients (sex F)" in texts(app)
    assert "No follow-up time is recorded" in texts(app)


@pytest.mark.parametrize("measure", ["Value", "Change", "% change"])
@pytest.mark.parametrize("along", ["Visits", "Days"])
@pytest.mark.parametrize(
    ("study", "paramcd"), [("mayo-pbc", "mayo_pbc"), ("kim-abmi", "fibrosis_index"), (SIMULATED, "meld3")]
)
def test_trajectories_draw_every_measure_along_both_axes(study, paramcd, measure, along, store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/trajectories", study=study, paramcd=paramcd)
    assert app.selectbox(key="paramcd").value == paramcd
    app.button_group(key="measure").set_value(measure)
    app.button_group(key="along").set_value(along)
    app.run()
    assert not app.exception
    if (study, along) == ("kim-abmi", "Days"):  # the thesis names no days: nothing is placed on a time axis
        assert not app.get("plotly_chart")
        assert "No patient of this cohort" in texts(app)
    else:
        assert app.get("plotly_chart")


def test_kim_says_in_words_why_there_is_no_meld(store, monkeypatch):
    app = open_page(store, monkeypatch, "patient/profile", study="kim-abmi", usubjid="KIM-2")
    assert app.selectbox(key="usubjid").value == "KIM-2"
    assert "MELD: not computable, INR and creatinine are missing" in texts(app)


def test_mayo_says_in_words_why_there_is_no_child_pugh(store, monkeypatch):
    said = texts(open_page(store, monkeypatch, "trial/trajectories", study="mayo-pbc"))
    for words in (
        "encephalopathy grade",
        "in seconds without a control value",
        "yes or no, without a grade",
        "INR and creatinine",
    ):
        assert words in said


def test_survival_by_a_baseline_class_is_one_link(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/survival", study=SIMULATED, endpoint="transplant_free", by="child_pugh")
    assert (app.selectbox(key="endpoint").value, app.selectbox(key="by").value) == ("transplant_free", "child_pugh")
    assert app.dataframe[0].value["Group"].to_list() == [f"Child-Pugh class {name}" for name in "ABC"]
    assert "Event: death or transplant, whichever comes first." in texts(app)


@pytest.mark.parametrize(
    "params", [{"study": "nothing"}, {"study": "mayo-pbc", "paramcd": "soup", "by": "<script>", "usubjid": "'--"}]
)
@pytest.mark.parametrize("path", PAGES)
def test_a_link_with_nonsense_opens_the_page_all_the_same(params, path, store, monkeypatch):
    assert not open_page(store, monkeypatch, path, **params).exception


def test_every_study_shows_where_it_comes_from(store, monkeypatch):
    for study in STUDIES:
        said = texts(open_page(store, monkeypatch, "study/about", study=study))
        assert all(label in said for label in ("**Provenance:**", "**Licence:**", "**Citation**"))
        assert "not stated" not in said


def test_a_study_without_visit_windows_is_drawn_by_day_and_says_what_it_lacks(one, monkeypatch):
    app = open_page(one, monkeypatch, "trial/trajectories")
    assert app.button_group(key="along").options == ["Days"]
    assert app.get("plotly_chart")
    assert "the study file names no visit windows" in texts(open_page(one, monkeypatch, "trial/cohort"))


def test_an_import_is_seen_by_an_open_page_at_its_next_run(tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    import_paths(home, [ROOT / "data" / "studies" / "ahd"])
    app = open_page(home, monkeypatch, "trial/cohort")
    assert app.sidebar.selectbox(key="study").options == ["ahd"]
    import_paths(home, [ROOT / "data" / "studies" / "kim-abmi"])
    app.run()
    assert set(app.sidebar.selectbox(key="study").options) == {"ahd", "kim-abmi"}
    assert "data as of revision hepatrace-000002" in texts(app)


def test_the_definitions_can_be_searched(store, monkeypatch):
    app = open_page(store, monkeypatch, "library/definitions", part="Parameters")
    app.text_input(key="search").set_value("FibroScan").run()
    assert app.dataframe[0].value["Code"].to_list() == ["lsm"]


def test_the_explanation_opens_for_any_score_at_any_visit_by_one_link(store, monkeypatch):
    app = open_page(store, monkeypatch, "patient/profile", study="kim-abmi", usubjid="KIM-3", score="child_pugh")
    assert "### Child-Pugh: 9 (B)" in texts(app)
    assert "PT activity 70 % lies exactly on a cut-off" in texts(app)
    app.selectbox(key="score").set_value("meld").run()
    assert not app.exception
    assert "MELD: not computable, INR and creatinine are missing" in texts(app)


def test_every_score_of_a_patient_can_be_explained(store, monkeypatch):
    app = open_page(store, monkeypatch, "patient/profile", study=SIMULATED, usubjid="SIM-034", score="meld")
    for code in app.selectbox(key="score").options:
        app.selectbox(key="score").set_value(code).run()
        assert not app.exception, code


def test_the_change_between_two_visits_is_attributed_in_a_sentence(store, monkeypatch):
    why = {"part": "Why it changed", "why": "meld", "from": "day -15", "to": "day 15"}
    link = {"study": SIMULATED, "usubjid": "SIM-059", **why}
    app = open_page(store, monkeypatch, "patient/profile", **link)
    assert "MELD −2 = creatinine −2.0, bilirubin 0, INR 0: the kidney, not the liver" in texts(app)
    app.selectbox(key="to").set_value("day -15").run()
    assert "Choose two different visits." in texts(app)
    kim = open_page(store, monkeypatch, "patient/profile", study="kim-abmi", usubjid="KIM-3", part="Why it changed")
    assert "No score of this patient is known at two visits" in texts(kim)


def test_the_cohort_s_mean_change_is_attributed_and_leads_to_the_patients(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/scores", study=SIMULATED, why="meld", to_visit="Month 6")
    assert "Mean of 39 patients. MELD −0.79 = bilirubin −0.42, INR −0.38, creatinine 0: the liver" in texts(app)
    assert "No score is known at baseline and at a later visit" in texts(
        open_page(store, monkeypatch, "trial/scores", study="kim-abmi")
    )


@pytest.mark.parametrize("code", list(SCORES))
def test_the_calculator_gives_every_worked_example(code, store, monkeypatch):
    app = open_page(store, monkeypatch, "library/definitions", part="Calculator", calculate=code)
    assert "Type values in, or start from a worked example." in texts(app)
    for example in list_examples(code)[:2]:
        app.selectbox(key=f"start_{code}").set_value(example.id).run()
        assert not app.exception
        if example.expected.get(SCORES[code].value) is not None:
            assert "Nothing that is typed in here is stored." in texts(app)


def test_the_calculator_reads_si_units_and_says_what_is_wrong(store, monkeypatch):
    app = open_page(store, monkeypatch, "library/definitions", part="Calculator", calculate="albi")
    app.selectbox(key="albi_empty_bilirubin_unit").set_value("umol/L")
    app.selectbox(key="albi_empty_albumin_unit").set_value("g/L")
    app.number_input(key="albi_empty_bilirubin").set_value(20.0)
    app.number_input(key="albi_empty_albumin").set_value(36.0).run()
    assert "### ALBI score: -2.20 (2b)" in texts(app)  # EX-AL-1
    app.selectbox(key="albi_empty_albumin_unit").set_value("g/dL").run()
    assert "Albumin, serum 36 g/dL is impossible" in texts(app)


def test_filters_by_class_and_range_stand_in_the_address_and_at_the_head(store, monkeypatch):
    link = {"study": SIMULATED, "child_pugh": "B", "range": "albumin:2.5:3.2"}
    app = open_page(store, monkeypatch, "trial/response", **link)
    assert not app.exception
    assert "(Child-Pugh class B; baseline albumin 2.5 to 3.2 g/dL)" in texts(app)
    assert "--child-pugh B --range albumin:2.5:3.2" in texts(app)
    app.sidebar.multiselect(key="child_pugh").set_value([]).run()
    assert "(baseline albumin 2.5 to 3.2 g/dL)" in texts(app)
    app.sidebar.multiselect(key="ranges").set_value([]).run()
    assert "60 of 60 patients ·" in texts(app)


def test_a_range_in_which_nobody_lies_is_an_answer_and_is_not_moved(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/cohort", study=SIMULATED, range="albumin:1:1.1")
    assert not app.exception
    assert "0 of 60 patients (baseline albumin 1 to 1.1 g/dL)" in texts(app)
    assert "No subject of this study passes the filters" in texts(app)


def test_a_range_keeps_its_patients_in_si_units(store, monkeypatch):
    link = {"study": SIMULATED, "range": "bilirubin:1:2"}
    said = texts(open_page(store, monkeypatch, "trial/cohort", **link))
    shown = texts(open_page(store, monkeypatch, "trial/cohort", **link, units="SI"))
    count = next(part for part in said.split(" · ") if " of 60 patients" in part)
    assert count.split(" (")[0] in shown


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_in_si_units(path, store, monkeypatch):
    app = open_page(store, monkeypatch, path, study=SIMULATED, units="SI")
    assert not app.exception


def test_the_hepatitis_trial_in_si_units_is_in_micromoles(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/trajectories", study="ahd", units="SI")
    assert read_figure(app)["layout"]["yaxis"]["title"]["text"] == "Bilirubin, umol/L (lower is better)"


def test_the_three_answers_stand_on_one_screen_also_as_ratios(store, monkeypatch):
    link = {"study": "ahd", "tests": "Missing follow-up", "scale": "Ratios (logarithms)"}
    app = open_page(store, monkeypatch, "trial/trajectories", **link)
    table = next(frame.value for frame in app.dataframe if "Method" in frame.value.columns).head(3)
    assert table["Visit"].to_list() == ["Week 4"] * 3
    assert table["p"].to_list() == ["0.20", "0.030", "0.030"]
    assert table["Difference"].to_list() == ["−0.29", "−0.40", "−0.41"]
    assert table["SE"].to_list() == ["0.23", "0.18", "0.19"]
    assert table["Ratio"].to_list() == ["0.75", "0.67", "0.66"]
    app.session_state["lost"] = True  # a click on it
    lost = next(frame.value for frame in app.run().dataframe if "Without" in frame.value.columns)
    assert lost["Without"].to_list()[-2:] == [8, 11]


def test_the_thesis_has_exact_p_values_only_and_says_what_is_reachable(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/trajectories", study="kim-abmi", paramcd="fibrosis_index")
    said = texts(app)
    assert "p = 0.25 (exact sign flip); one of five changes is zero, so no p below 0.125 is reachable" in said
    assert "(0.0625 with five non-zero changes)" in said
    table = next(frame.value for frame in app.dataframe if "p, paired t" in frame.value.columns)
    row = table.iloc[0]
    assert [row[name] for name in ("p, paired t", "p, signed rank", "p, sign flip", "95 % CI")] == [
        "–",
        "0.25",
        "0.25",
        "–",
    ]
    for tests in ("Between groups", "All groups at a visit", "Missing follow-up", "Slope over time"):
        app.button_group(key="tests").set_value(tests).run()
        assert not app.exception
        for frame in app.dataframe:
            shown = [name for name in frame.value.columns if name.startswith("p,")]
            assert all(value == "–" for name in shown for value in frame.value[name]), tests


def test_the_response_page_has_the_thesis_table_as_printed(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/response", study="kim-abmi")
    table = next(frame.value for frame in app.dataframe if "printed" in frame.value.columns)
    assert table["printed"].to_list() == [-14.7, -4.1, -14.0, 0.0, 3.0, -5.96]
    assert table["chg"].to_list()[-1] == pytest.approx(-5.952)
    assert "3 of 4 patients" in texts(app)  # ascites: a statement of the group, never spread over patients


@pytest.mark.parametrize("by", ["all", "sex", "age", "child_pugh", "bilirubin", "ascites_grade"])
@pytest.mark.parametrize("center", ["Median, quartiles", "Quantile ribbons"])
def test_trajectories_part_patients_by_anything_known_at_baseline(by, center, store, monkeypatch):
    app = open_page(
        store, monkeypatch, "trial/trajectories", study=SIMULATED, paramcd="bilirubin", group=by, center=center
    )
    assert not app.exception
    assert app.selectbox(key="group").value == by
    assert app.get("plotly_chart")


@pytest.mark.parametrize("tests", ["Within groups", "Between groups", "All groups at a visit", "Slope over time"])
@pytest.mark.parametrize("scale", ["As measured", "Ratios (logarithms)"])
def test_every_test_of_change_is_shown_with_the_number_of_comparisons(tests, scale, store, monkeypatch):
    app = open_page(
        store, monkeypatch, "trial/trajectories", study="mayo-pbc", paramcd="bilirubin", tests=tests, scale=scale
    )
    assert not app.exception
    said = texts(app)
    assert "Exploratory" in said or tests == "All groups at a visit"


def test_p_values_are_adjusted_on_request_and_that_is_said(store, monkeypatch):
    link = {"study": "mayo-pbc", "paramcd": "bilirubin", "tests": "Within groups"}
    app = open_page(store, monkeypatch, "trial/trajectories", **link, adjust="holm")
    assert "12 comparisons, 3 tests each, p values each test adjusted for their number (holm)" in texts(app)
    app.button_group(key="adjust").set_value("none").run()
    assert "p values not adjusted for their number" in texts(app)


def test_the_response_page_compares_the_arms(store, monkeypatch):
    said = texts(open_page(store, monkeypatch, "trial/response", study=SIMULATED, respond="meld"))
    assert "**ABMi minus Control: " in said
    assert "(Fisher's exact test). Exploratory." in said


def test_multiples_of_the_upper_limit_are_offered_where_a_limit_is_recorded(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/trajectories", study=SIMULATED, paramcd="alt", measure="× upper limit")
    assert read_figure(app)["layout"]["yaxis"]["title"]["text"] == "ALT, × upper limit (lower is better)"
    assert "No patient of this cohort has a value of Albumin" not in texts(app)  # the other figures keep their values
    other = open_page(store, monkeypatch, "trial/trajectories", study="mayo-pbc", paramcd="bilirubin")
    assert "× upper limit" not in other.button_group(key="measure").options


def test_what_noise_is_is_entered_with_its_source_or_not_said_at_all(store, monkeypatch):
    said = texts(open_page(store, monkeypatch, "trial/trajectories", study="mayo-pbc", paramcd="bilirubin"))
    assert "no published value entered for Bilirubin" in said
    said = texts(open_page(store, monkeypatch, "trial/trajectories", study=SIMULATED, paramcd="bilirubin"))
    assert "Noise alone seldom exceeds −28 % or +39 %" in said  # CV 12 %: exp(1.96 sqrt2 sqrt(ln 1.0144)) = 1.393
    assert "SIMULATED: the noise of the generator" in said


def test_two_arms_and_two_studies_stand_side_by_side(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/compare", study=SIMULATED, paramcd="meld")
    assert "**Arm ABMi**: 30 patients · **Arm Control**: 30 patients" in texts(app)
    app.selectbox(key="second").set_value("study mayo-pbc").run()
    assert not app.exception
    assert "**Study mayo-pbc**: 312 patients" in texts(app)
    assert "Two studies differ in more than treatment" in texts(app)
    app.selectbox(key="second").set_value("all").run()
    assert "30 patients are in both cohorts and count twice." in texts(app)
    assert "Tests between cohorts need different patients" in texts(app)


def test_a_rule_is_edited_on_screen_and_the_rate_follows(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/response", study=SIMULATED, respond="meld")
    first = app.dataframe[0].value["Responders"].sum()
    key = next(item.key for item in app.number_input if item.key.startswith("rule_threshold_meld"))
    app.number_input(key=key).set_value(-3.0).run()
    assert app.dataframe[0].value["Responders"].sum() < first
    app.checkbox(key="rule_confirmed").set_value(True).run()
    assert "reached, not confirmed" in texts(app)
    assert "--fall -3" in texts(app)
    assert "--confirmed" in texts(app)


def test_published_means_are_tested_as_they_are_typed(store, monkeypatch):
    app = open_page(store, monkeypatch, "library/published")
    table = app.dataframe[0].value
    assert table["p as printed"].to_list() == ["0.02", "0.027", "0.003", "0.008"]
    marked = [[name for name in table.columns if "←" in str(row[name])] for row in table.to_dict("records")]
    assert marked == [["n 6, 6: Student"], ["n 6, 6: Welch"], ["n 8, 6: Welch"], ["n 6, 6: Welch", "n 8, 6: Welch"]]
    assert "pseudo-replication" in texts(app)


def test_a_patient_in_si_units_has_the_si_unit_beside_every_number(store, monkeypatch):
    app = open_page(
        store, monkeypatch, "patient/profile", study="ahd", usubjid="AHD-02", units="SI", part="All results"
    )
    values = next(frame.value for frame in app.dataframe if "reported" in frame.value.columns)
    bilirubin = values[values["parameter"] == "Bilirubin, umol/L"]
    # The source is in umol/L: what is shown is what was reported.
    assert bilirubin["aval"].to_list() == pytest.approx([float(text) for text in bilirubin["reported"]])
    assert not (values["parameter"] == "Bilirubin, mg/dL").any()


LOOKS = ("Curves", "Competing risks", "Models", "Responders", "Expected", "Extrapolation", "Repeated events")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("study", ["mayo-pbc", SIMULATED])
def test_every_look_at_survival_draws_where_there_is_follow_up(store, monkeypatch, study, look):
    app = open_page(store, monkeypatch, "trial/survival", study=study, look=look)
    assert not app.exception
    assert app.get("plotly_chart") or (study == "mayo-pbc" and look == "Repeated events")


@pytest.mark.parametrize(
    ("study", "look"), [("kim-abmi", "Models"), ("ahd", "Competing risks"), ("kim-abmi", "Expected")]
)
def test_without_follow_up_every_look_at_survival_says_so(store, monkeypatch, study, look):
    app = open_page(store, monkeypatch, "trial/survival", study=study, look=look)
    assert not app.exception
    assert "No follow-up time is recorded" in texts(app)


@pytest.mark.parametrize(
    ("built", "said"),
    [
        ("death+transplant||infusion|0|contact|", "From the first infusion"),
        ("death|transplant|landmark|90|contact|", "Only who is event-free on day 90"),
        ("death||birth|0|contact|", "The time scale is age"),
        ("ascites|death+transplant|day_0|0|cut|365", "Followed for 365 days at most."),
    ],
)
def test_an_endpoint_built_on_screen_is_one_link(store, monkeypatch, built, said):
    app = open_page(store, monkeypatch, "trial/survival", study=SIMULATED, endpoint="built", built=built, by="arm")
    assert not app.exception
    assert said in texts(app)
    assert app.query_params["built"] in (built, [built])


def test_a_built_endpoint_without_an_event_asks_for_one(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/survival", study=SIMULATED, endpoint="built")
    app.multiselect(key="built_events").set_value([]).run()
    assert not app.exception
    assert "Choose at least one event." in texts(app)


def test_small_groups_get_no_asymptotic_p_value(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/survival", study=SIMULATED, by="child_pugh", arm="ABMi")
    said = texts(app)
    assert "Log-rank test by permutation" in said
    assert "χ² =" not in said
    assert "no interval and no asymptotic p value" in said
    contrasts = next(frame.value for frame in app.dataframe if "Measure" in frame.value)
    assert set(contrasts[contrasts["Groups"].str.contains("class C")]["p"]) == {"–"}


def test_time_to_response_needs_no_last_contact(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/survival", study="ahd", endpoint="response", by="arm")
    assert not app.exception
    assert app.dataframe[0].value["Patients"].to_list() == ["34", "30"]
    assert read_figure(app)["layout"]["yaxis"]["title"]["text"] == "Without response, %"


def test_models_say_why_there_is_none(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/survival", study="mayo-pbc", look="Models")
    app.multiselect(key="covariates").set_value([]).run()
    assert "Choose at least one covariate" in texts(app)
    app.multiselect(key="covariates").set_value(["age"]).run()
    app.selectbox(key="method").set_value("firth").run()
    assert not app.exception
    assert "140 events" in texts(app)


def test_the_same_model_in_si_units_names_its_units(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/survival", study="mayo-pbc", look="Models", units="SI")
    terms = next(frame.value for frame in app.dataframe if "Hazard ratio" in frame.value)
    albumin = terms[terms["Term"] == "Albumin, per 1 g/L"].iloc[0]
    assert albumin["Coefficient"] == "−0.0928"  # a tenth of that per g/dL


def test_the_naive_curve_comes_with_its_warning(store, monkeypatch):
    app = open_page(store, monkeypatch, "trial/survival", study="mayo-pbc", look="Competing risks")
    assert "overstates the incidence" not in texts(app)
    app.toggle(key="naive").set_value(True).run()
    assert "overstates the incidence" in texts(app)


def test_a_patient_of_a_large_cohort_has_an_outlook_with_its_calibration(store, monkeypatch):
    app = open_page(store, monkeypatch, "patient/profile", study="mayo-pbc", usubjid="PBC-002", part="Outlook")
    said = texts(app)
    assert "alive without transplant 2 years after day" in said
    assert "Landmark super-model (312 patients of this study, " in said


@pytest.mark.parametrize("study", ["kim-abmi", "ahd", SIMULATED])
def test_without_enough_events_nothing_is_predicted(store, monkeypatch, study):
    app = open_page(store, monkeypatch, "patient/profile", study=study, part="Outlook")
    assert "No prediction is shown." in texts(app)
    assert "needs at least 30" in texts(app)
