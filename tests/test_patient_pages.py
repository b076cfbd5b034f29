"""The pages of patients: every part on every study, the order of the cohort, search, what is new, sparse data, terminal."""

import json
import threading
import time

import pytest

from analytics import large
from analytics.panel import derive_panel
from data.home import Home
from data.importers.run import import_paths
from data.undo import undo_batch
from pages.shared import cache, navigation
from tests.conftest import SIMULATED
from tests.test_pages import STUDIES, open_page, read_figure, texts

PARTS = ("Course", "Why it changed", "All results", "New since last cut", "Outlook")
HEAD = """
study = "sparse"
title = "Sparse"
time_zero = "infusion"
baseline_visit = "Baseline"
visits = [{ avisit = "Baseline", target = 0, first = -90, last = 0 },
          { avisit = "Month 1", target = 30, first = 1, last = 60, tolerance = 5 }]
"""
FILES = {
    "subjects": "usubjid,arm,site,age,sex,etiology,last_contact_day,cut_day",
    "measurements": "usubjid,day,avisit,paramcd,aval,unit",
    "events": "usubjid,kind,day,grade,serious,value,unit,text",
    "treatments": "usubjid,day,product,cells_e6",
    "medications": "usubjid,drug,start_day,end_day,daily_dose,unit",
}


def make_study(folder, **rows: list[str]):
    """A study of these rows of each file, imported; the store."""
    head = HEAD
    for shape, lines in rows.items():
        columns = FILES[shape].split(",")
        (folder / f"{shape}.csv").write_text("\n".join([FILES[shape], *lines]) + "\n")
        head += f'\n[[files]]\npath = "{shape}.csv"\nshape = "{shape}"\n[files.columns]\n'
        head += "".join(f'{name} = "{name}"\n' for name in columns)
    (folder / "study.toml").write_text(head)
    home = Home(folder / "home")
    report = import_paths(home, [folder])
    assert report.rejected == 0
    return home


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("study", STUDIES)
def test_every_part_of_the_patient_page_opens_on_every_study(part, study, store, monkeypatch):
    app = open_page(store, monkeypatch, "patient/profile", study=study, part=part)
    assert not app.exception
    assert ("SIMULATED" in texts(app)) == (study == SIMULATED)


@pytest.mark.parametrize("arguments", [{"units": "SI"}, {"markers": "CTCAE grade"}, {"strip_groups": "Safety"}])
def test_the_course_is_drawn_in_si_units_by_grade_and_for_other_strips(arguments, store, monkeypatch):
    app = open_page(store, monkeypatch, "patient/profile", study=SIMULATED, usubjid="SIM-034", **arguments)
    assert not app.exception
    said = [item["text"] for item in read_figure(app)["layout"]["annotations"]]
    expected = {"units": "Bilirubin, umol/L", "markers": "Bilirubin, mg/dL", "strip_groups": "ALT, U/L"}
    assert any(expected[next(iter(arguments))] in text for text in said)


def test_components_of_scores_stand_below_them(store, monkeypatch):
    app = open_page(store, monkeypatch, "patient/profile", study=SIMULATED, usubjid="SIM-034")
    app.toggle(key="components").set_value(True).run()
    assert not app.exception
    figure = read_figure(app)
    labels = [axis["ticktext"] for axis in figure["layout"].values() if isinstance(axis, dict) and "ticktext" in axis]
    assert ["bilirubin", "albumin", "coagulation test", "ascites grade", "encephalopathy grade"] in labels


def test_the_selected_day_is_drawn_listed_and_explained(store, monkeypatch):
    link = {"study": SIMULATED, "usubjid": "SIM-034", "at": "day 99", "score": "meld"}
    app = open_page(store, monkeypatch, "patient/profile", **link)
    assert "On Month 3 (day 99)" in texts(app)
    broad = [shape for shape in read_figure(app)["layout"]["shapes"] if shape["line"].get("width") == 8]
    assert [round(shape["x0"] * 30.4375) for shape in broad] == [99]
    day = next(frame.value for frame in app.dataframe if "standing" in frame.value.columns)
    assert day[day["parameter"] == "Bilirubin, mg/dL"]["reported"].to_list() == ["2.5"]
    assert "cli.py explain --study" in texts(app)
    assert "--at 'day 99'" in texts(app)


def test_a_score_without_an_input_on_the_selected_day_is_explained_on_the_latest_day_before(store, monkeypatch):
    link = {"study": "kim-abmi", "usubjid": "KIM-3", "score": "child_pugh", "at": "Latest"}
    said = texts(open_page(store, monkeypatch, "patient/profile", **link))
    assert "Child-Pugh has no input on Latest, day not reported; shown is Baseline." in said
    assert "### Child-Pugh: 9 (B)" in said


def test_next_follows_the_identifier_or_the_worst_move(store, monkeypatch):
    app = open_page(store, monkeypatch, "patient/profile", study="kim-abmi")
    assert app.button(key="step_previous").disabled
    app.button(key="step_next").click().run()
    assert app.selectbox(key="usubjid").value == "KIM-2"
    app.selectbox(key="order").set_value("worst").run()
    app.selectbox(key="usubjid").set_value("KIM-5").run()  # the only one whose index rose: the first
    assert app.button(key="step_previous").disabled
    assert "1 of 5" in texts(app)
    app.button(key="step_next").click().run()
    assert app.selectbox(key="usubjid").value == "KIM-4"


def test_a_day_without_a_value_can_be_selected_and_tells_what_happened(store, monkeypatch):
    link = {"study": SIMULATED, "usubjid": "SIM-034", "at": "day 243", "score": "child_pugh"}
    app = open_page(store, monkeypatch, "patient/profile", **link)
    said = texts(app)
    assert "No value was measured on this day." in said
    assert "admitted for hepatic encephalopathy, grade 3, serious, 10 d; entecavir 0.5 mg/d, day 118 to 422;" in said
    assert "furosemide 40 mg/d, day 15 to 369" in said
    assert "Child-Pugh has no input on day 243; shown is day 177." in said


def test_the_day_selected_of_one_patient_is_not_that_of_the_next(store, monkeypatch):
    app = open_page(store, monkeypatch, "patient/profile", study="mayo-pbc", usubjid="PBC-010")
    assert app.selectbox(key="at").value == "day 0"  # died on day 51, with one visit
    app.button(key="step_next").click().run()
    assert app.selectbox(key="at").value == "day 3694"  # the last visit of PBC-011 in the file
    app.selectbox(key="at").set_value("day 0").run()
    app.selectbox(key="usubjid").set_value("PBC-002").run()
    assert app.selectbox(key="at").value == "day 3226"


def test_a_filter_stays_and_the_order_is_that_of_the_cohort(store, monkeypatch):
    app = open_page(store, monkeypatch, "patient/profile", study="mayo-pbc", arm="Placebo", usubjid="PBC-003")
    assert not app.exception
    options = app.selectbox(key="usubjid").options
    assert len(options) == 154
    chosen = app.selectbox(key="usubjid").value
    app.button(key="step_next").click().run()
    assert app.selectbox(key="usubjid").value == options[options.index(chosen) + 1]
    assert "154 of 312 patients (arm Placebo)" in texts(app)


def test_among_many_patients_one_is_found_by_part_of_the_identifier(store, monkeypatch):
    monkeypatch.setattr(navigation, "LISTED", 10)
    app = open_page(store, monkeypatch, "patient/profile", study="mayo-pbc")
    assert len(app.selectbox(key="usubjid").options) == 50
    app.text_input(key="usubjid_search").set_value("pbc-31").run()
    assert app.selectbox(key="usubjid").options == ["PBC-001", "PBC-310", "PBC-311", "PBC-312"]
    app.selectbox(key="usubjid").set_value("PBC-311").run()
    assert "311 of 312" in texts(app)
    app.text_input(key="usubjid_search").set_value("nobody").run()
    assert not app.exception
    assert app.selectbox(key="usubjid").options == ["PBC-311"]


@pytest.mark.parametrize("part", ["Course", "All results"])
def test_a_patient_of_a_large_study_is_read_alone_and_says_the_same(part, store, monkeypatch):
    link = {"study": SIMULATED, "usubjid": "SIM-034", "part": part, "behind": "Nobody"}
    whole = open_page(store, monkeypatch, "patient/profile", **link)
    monkeypatch.setattr(large, "LARGE", 0)
    alone = open_page(store, monkeypatch, "patient/profile", **link)
    assert texts(alone) == texts(whole)
    assert len(alone.dataframe) == len(whole.dataframe)
    for one, other in zip(alone.dataframe, whole.dataframe, strict=True):
        assert one.value.equals(other.value)


def test_the_neighbours_in_a_large_study_are_made_ready_beside_the_page(store, monkeypatch):
    for thread in threading.enumerate():  # what another test's page still makes ready would be taken for this one's
        if thread.name.endswith("(work)"):
            thread.join(20)
    derived = []
    monkeypatch.setattr(large, "LARGE", 0)
    monkeypatch.setattr(
        cache, "derive_panel", lambda data: derived.append(data.subjects["usubjid"][0]) or derive_panel(data)
    )
    cache.cached_patient_panel.clear()
    link = {"study": SIMULATED, "usubjid": "SIM-034", "behind": "Nobody"}
    open_page(store, monkeypatch, "patient/profile", **link)
    for _ in range(100):
        if {"SIM-033", "SIM-035"} <= set(derived):
            break
        time.sleep(0.1)
    assert derived.count("SIM-034") == 1
    assert {"SIM-033", "SIM-035"} <= set(derived)


def test_the_cohort_behind_a_patient_of_a_large_study_is_a_sample_and_says_so(store, monkeypatch):
    link = {"study": SIMULATED, "usubjid": "SIM-034", "behind": "Same arm"}
    whole = read_figure(open_page(store, monkeypatch, "patient/profile", **link))
    monkeypatch.setattr(large, "LARGE", 0)
    cache.cached_ribbons.clear()
    app = open_page(store, monkeypatch, "patient/profile", **link)
    assert "It is a sample of 2,000 patients" in texts(app)
    # Thirty patients are fewer than the sample: all are in it, and the quantiles are the same.
    assert read_figure(app)["data"] == whole["data"]
    assert app.selectbox(key="order").options == ["Identifier (large study)"]
    cache.cached_ribbons.clear()


def test_what_is_new_names_values_classes_and_records(tmp_path, monkeypatch):
    first = ["P1,0,,bilirubin,2.0,mg/dL", "P1,30,,bilirubin,3.0,mg/dL", "P1,30,,albumin,3.0,g/dL"]
    labs = [f"P1,{day},,{code},{value},{unit}" for day in (0, 30) for code, value, unit in
            (("inr", "1.2", "1"), ("ascites_grade", "1", ""), ("he_grade", "0", ""))] + ["P1,0,,albumin,3.6,g/dL"]  # fmt: skip
    home = make_study(tmp_path, subjects=["P1,A,,60,F,HBV,40,40"], measurements=[*first, *labs])
    app = open_page(home, monkeypatch, "patient/profile", part="New since last cut")
    assert "This is the only data cut of this study that is kept" in texts(app)
    undo_batch(home, 2)
    second = ["P1,0,,bilirubin,2.0,mg/dL", "P1,30,,bilirubin,1.0,mg/dL", "P1,60,,albumin,3.4,g/dL"]
    (tmp_path / "measurements.csv").write_text("\n".join([FILES["measurements"], *second, *labs]) + "\n")
    import_paths(home, [tmp_path])
    app = open_page(home, monkeypatch, "patient/profile", part="New since last cut")
    # Compared with what stood before the batch was taken back, not with the gap between.
    assert "1 value new; 1 value changed; 1 value removed" in texts(app)
    values = next(frame.value for frame in app.dataframe if "old" in frame.value.columns)
    changed = values[values["what"] == "changed"].iloc[0]
    assert (changed["old"], changed["new"]) == ("3.0 mg/dL", "1.0 mg/dL")
    app.selectbox(key="since").set_value("hepatrace-000002").run()
    assert not app.exception


SUBJECT = "P1,A,,60,F,HBV,40,40"


@pytest.mark.parametrize(
    "rows",
    [
        {"measurements": ["P1,0,,albumin,3.1,g/dL"]},
        {"measurements": ["P1,,Baseline,albumin,3.1,g/dL"]},
        {"measurements": ["P1,0,,afp,<3,ng/mL"]},
        {"measurements": ["P1,0,,albumin,3.1,g/dL"], "events": ["P1,death,3,5,yes,,,death"]},
        {"measurements": [f"P1,{30 * n},,albumin,3.{n % 10},g/dL" for n in range(183)]},
        {"events": ["P1,death,3,5,yes,,,death"]},
        {"events": ["P1,biopsy,,,,,,"], "measurements": ["P1,0,,albumin,3.1,g/dL"]},
        {
            "measurements": ["P1,0,,albumin,3.1,g/dL", "P1,30,,albumin,3.2,g/dL"],
            "treatments": [f"P1,{30 * n},cells,{100 + n}" for n in range(6)],
            "medications": ["P1,furosemide,,,,", "P1,furosemide,5,2,40,mg/d", "P1,albumin,1,1,20,g/d"],
        },
    ],
    ids=[
        "one visit",
        "no day",
        "only a limit",
        "death on day 3",
        "15 years",
        "no value",
        "no event day",
        "six infusions",
    ],
)
@pytest.mark.parametrize("part", PARTS)
def test_sparse_and_long_courses_open_on_every_part(tmp_path, monkeypatch, rows, part):
    home = make_study(tmp_path, subjects=[SUBJECT], **rows)
    app = open_page(home, monkeypatch, "patient/profile", part=part)
    assert not app.exception
    assert "P1: A, 60 years, woman, HBV" in texts(app)


def test_forty_parameters_are_reached_by_their_groups(tmp_path, monkeypatch):
    codes = [
        "bilirubin",
        "albumin",
        "inr",
        "creatinine",
        "sodium",
        "platelets",
        "alt",
        "ast",
        "alp",
        "ggt",
        "ldh",
        "potassium",
        "hemoglobin",
        "wbc",
        "neutrophils",
        "crp",
        "ammonia",
        "cholesterol",
        "afp",
        "pivka_ii",
        "m2bpgi",
        "autotaxin",
        "pro_c3",
        "elf",
        "lsm",
        "mre",
        "cap",
        "hvpg",
        "fibrosis_index",
        "liver_volume",
        "spleen_volume",
        "quality_of_life",
        "performance_score",
        "well_being",
        "weight",
        "bun",
        "glucose",
        "igg",
        "iga",
        "igm",
    ]
    values = {
        "inr": "1.2",
        "pro_c3": "12",
        "sodium": "138",
        "hvpg": "12",
        "elf": "9",
        "mre": "4",
        "lsm": "20",
        "cap": "200",
    }
    units = {"alt": "U/L", "ast": "U/L"}
    from analytics.catalog import PARAMETERS

    rows = [
        f"P1,{day},,{code},{values.get(code, f'{sum(PARAMETERS[code].soft) / 3:.1f}')},{units.get(code, PARAMETERS[code].unit)}"
        for code in codes for day in (0, 30)
    ]  # fmt: skip
    home = make_study(tmp_path, subjects=[SUBJECT], measurements=rows)
    app = open_page(home, monkeypatch, "patient/profile")
    assert not app.exception
    app.button_group(key="strip_groups").set_value(["Safety", "Liver function"]).run()
    assert not app.exception
    assert "The first 12 strips are drawn. Left out: " in texts(app)
    app.button_group(key="strip_groups").set_value([]).run()
    assert "No strip is chosen." in texts(app)


def test_the_worklist_opens_a_patient_and_says_what_is_due(store, monkeypatch):
    app = open_page(store, monkeypatch, "patient/worklist", study=SIMULATED)
    assert "over the standard deviation of the study's baseline values" in texts(app)
    table = app.dataframe[0].value
    assert table.shape[0] == 60
    app.button_group(key="reason").set_value("overdue").run()
    assert app.dataframe[0].value["overdue"].notna().all()
    kim = texts(open_page(store, monkeypatch, "patient/worklist", study="kim-abmi"))
    assert "No data cut is recorded" in kim


def test_two_patients_stand_on_the_same_scales(store, monkeypatch):
    link = {"study": SIMULATED, "usubjid": "SIM-034", "against": "SIM-005"}
    app = open_page(store, monkeypatch, "patient/pair", **link)
    assert not app.exception
    first, second = (json.loads(chart.proto.spec)["layout"] for chart in app.get("plotly_chart"))
    assert first["xaxis"]["range"] == second["xaxis"]["range"]
    last = [max((name for name in layout if name.startswith("yaxis")), key=len) for layout in (first, second)]
    assert first[last[0]]["range"] == second[last[1]]["range"]


def test_one_patient_has_nobody_to_be_compared_with(tmp_path, monkeypatch):
    home = make_study(tmp_path, subjects=[SUBJECT], measurements=["P1,0,,albumin,3.1,g/dL"])
    assert "there is nobody to compare with" in texts(open_page(home, monkeypatch, "patient/pair"))


def test_the_terminal_prints_the_patient_and_writes_the_documents(store, run, monkeypatch, tmp_path):
    monkeypatch.setenv("HEPATRACE_HOME", str(store.folder))
    said = run("patient", "--study", "kim-abmi", "--patient", "KIM-1")
    assert said.exit_code == 0
    assert said.stdout.startswith(
        "Fibrosis index (MRI) −14.70 since infusion; liver volume 145 % of that before infusion."
    )
    found = json.loads(run("patient", "--study", SIMULATED, "--patient", "SIM-034", "--json").stdout)
    assert found["usubjid"] == "SIM-034"
    assert {"paramcd", "aval", "low", "high", "standing", "file_name", "line"} <= set(found["points"][0])
    for kind, magic in ((".pdf", b"%PDF"), (".xlsx", b"PK"), (".csv", b"\xef\xbb\xbfParameter")):
        out = tmp_path / f"page{kind}"
        assert run("patient", "--study", "kim-abmi", "--patient", "KIM-3", "--out", out).exit_code == 0
        assert out.read_bytes().startswith(magic)


def test_the_terminal_says_what_is_wrong_with_a_patient(store, run, monkeypatch, tmp_path):
    monkeypatch.setenv("HEPATRACE_HOME", str(store.folder))
    nobody = run("patient", "--study", "kim-abmi", "--patient", "X")
    assert (nobody.exit_code, "kim-abmi has no subject 'X'" in nobody.stderr) == (1, True)
    kind = run("patient", "--study", "kim-abmi", "--patient", "KIM-1", "--out", tmp_path / "a.docx")
    assert (kind.exit_code, "a.docx is none of .pdf, .xlsx, .csv" in kind.stderr) == (2, True)
    cut = run("patient", "--study", "kim-abmi", "--patient", "KIM-1", "--since", "hepatrace-000099")
    assert (cut.exit_code, "there is no revision 'hepatrace-000099'" in cut.stderr) == (1, True)


def test_the_terminal_prints_the_worklist_and_the_open_visits(store, run, monkeypatch, tmp_path):
    monkeypatch.setenv("HEPATRACE_HOME", str(store.folder))
    rows = json.loads(run("worklist", "--study", "kim-abmi", "--json").stdout)
    assert [row["usubjid"] for row in rows] == ["KIM-5", "KIM-4", "KIM-2", "KIM-3", "KIM-1"]
    women = json.loads(run("worklist", "--study", "kim-abmi", "--sex", "F", "--json").stdout)
    assert [row["usubjid"] for row in women] == ["KIM-5", "KIM-4"]
    assert "overdue" in run("worklist", "--study", SIMULATED, "--open").stdout
    assert run("worklist", "--study", SIMULATED, "--open", "--out", tmp_path / "due.pdf").exit_code == 0
    assert (tmp_path / "due.pdf").read_bytes().startswith(b"%PDF")


def test_text_from_a_file_is_no_markup_on_the_page(tmp_path, monkeypatch):
    home = make_study(
        tmp_path,
        subjects=["[P](http://x),**bold**,S_1,60,F,HBV,40,40"],
        measurements=["[P](http://x),0,,albumin,3.1,g/dL"],
    )
    app = open_page(home, monkeypatch, "patient/profile")
    assert not app.exception
    assert r"\[P\](http://x): \*\*bold\*\*, S\_1, 60 years, woman, HBV" in [item.value for item in app.header]
