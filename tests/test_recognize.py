"""Columns recognized with a reason, asked where unsure: the real files as they are, a coordinator's sheet, every standard."""

import polars as pl
import pytest

from analytics.catalog import find_parameter, match_parameter
from data import queries
from data.database import open_reader
from data.importers.readers.archive import NamedFile, list_files
from data.importers.recognize import propose
from data.importers.recognize.contents import find_units, is_settled
from data.importers.recognize.headers import split_header
from data.importers.recognize.mappings import list_questions
from data.importers.recognize.roles import UNSURE
from data.importers.sources import NO_FIXES, open_file, propose_paths
from data.importers.study_file import parse_study
from pages.shared.intake import Draft, list_sources
from tests import made_files
from tests.conftest import REFERENCE
from tests.test_architecture import ROOT

STATUS = "status=0:none,1:transplant,2:death"
AHD = ROOT / "data" / "studies" / "ahd" / "ahd_methylprednisolone.csv"
SERIAL = ROOT / "data" / "studies" / "mayo-pbc" / "mayo_pbcseq.csv"


def read(path):
    """The proposals for the tables at a path."""
    opened = [open_file(file) for file in list_files(path)]
    return propose([(file.name, file.digest, table) for file in opened for table in file.tables])


def propose_text(text: str):
    """How a CSV file is read."""
    file = open_file(NamedFile("x.csv", text.encode()))
    return propose([("x.csv", file.digest, table) for table in file.tables])[0].reading


def role(reading, column: str) -> tuple[str, str, str]:
    """Role, parameter and unit of a column."""
    guess = next(item for item in reading.guesses if item.column == column)
    return guess.role, guess.paramcd, guess.unit


@pytest.fixture
def make(run, home):
    """Make a study of files with these answers; its tables by name."""

    def make_(path, *answers: str, day_0: str = "randomization") -> dict[str, pl.DataFrame]:
        said = [part for text in answers for part in ("--answer", text)]
        result = run("create", path, "--study", "mine", "--title", "Mine", "--day-0", day_0, *said)
        assert "Traceback" not in result.output
        assert result.exit_code in (0, 1), result.output
        assert home.read_pointer(), result.output
        connection = open_reader(home, home.current())
        frames = queries.fetch_frames(connection, "mine") | {"batches": queries.fetch_batches(connection)}
        frames["not_done"] = queries.fetch_not_done(connection, "mine")
        connection.close()
        return frames

    return make_


# File, questions that only a person can answer, their answers, subjects, values, events: counted in the files by hand.
REAL = [
    (REFERENCE / "mayo_pbc.csv", {"status", "trt", "ascites", "stage"},
     [STATUS, "trt=1:D-penicillamine,2:placebo", "ascites=ascites_present", "stage=histologic_stage_pbc"], 418, 186),
    (SERIAL, {"status", "trt", "ascites", "stage"},
     [STATUS, "trt=1:D-penicillamine,0:placebo", "ascites=ascites_present", "stage=histologic_stage_pbc"], 312, 169),
    (AHD, {"sbvalue"}, ["sbvalue=umol/L"], 66, 0),
    (REFERENCE / "pbc3_cyclosporin.csv", {"tment", "sex", "stage", "status"},
     ["tment=0:placebo,1:cyclosporin A", "sex=0:F,1:M", "stage=histologic_stage_pbc", STATUS], 349, 90),
    (REFERENCE / "mayo_udca.csv", {"trt", "stage"}, ["trt=0:placebo,1:UDCA", "stage=none"], 170, 116),
    (REFERENCE / "mayo_transplant_waitlist.csv", set(), [], 815, 739),
]  # fmt: skip
VALUE_COLUMNS = {
    "mayo_pbc.csv": "ascites hepato spiders edema bili chol albumin alk.phos ast trig platelet protime stage",
    "mayo_pbcseq.csv": "ascites hepato spiders edema bili chol albumin alk.phos ast platelet protime stage",
    "ahd_methylprednisolone.csv": "sbvalue",
    "pbc3_cyclosporin.csv": "stage crea alb bili alkph asptr weight",
    "mayo_udca.csv": "bili",
    "mayo_transplant_waitlist.csv": "",
}


@pytest.mark.parametrize(("path", "asked", "answers", "subjects", "events"), REAL, ids=[row[0].name for row in REAL])
def test_a_real_file_becomes_a_study_with_only_the_questions_a_person_must_answer(
    make, path, asked, answers, subjects, events
):
    questions = list_questions(read(path)[0].reading, has_dates=False)
    assert {question.column for question in questions} == asked
    study = make(path, *answers)
    frame = pl.read_csv(path, infer_schema=False, null_values=[""])
    cells = sum(frame[name].count() for name in VALUE_COLUMNS[path.name].split())
    assert study["subjects"].height == subjects
    assert study["measurements"].height == cells
    assert study["events"].height == events
    assert study["batches"]["rejected"].sum() == 0


def test_a_column_named_unit_with_whole_numbers_is_the_hospital_and_si_units_are_known_by_their_size(make):
    reading = read(REFERENCE / "pbc3_cyclosporin.csv")[0].reading
    assert role(reading, "unit")[0] == "subjects.site"
    assert [role(reading, name)[2] for name in ("crea", "alb", "bili", "alkph")] == ["umol/L", "g/L", "umol/L", "U/L"]
    study = make(REFERENCE / "pbc3_cyclosporin.csv", *REAL[3][2])
    assert study["subjects"]["site"].value_counts().sort("site").rows() == [
        ("1", 23),
        ("2", 150),
        ("3", 46),
        ("4", 79),
        ("5", 23),
        ("6", 28),
    ]
    # Patient 1: creatinine 82 umol/L, albumin 33 g/L, bilirubin 106 umol/L.
    first = study["measurements"].filter(pl.col("usubjid") == "1")
    values = dict(first.select("paramcd", "aval").rows())
    assert values["creatinine"] == pytest.approx(0.9276, abs=1e-3)
    assert (values["albumin"], values["bilirubin"]) == (3.3, pytest.approx(6.199, abs=1e-3))


def test_calendar_dates_become_days_after_entry_and_no_date_is_stored_of_an_event(make):
    study = make(REFERENCE / "mayo_udca.csv", *REAL[4][2])
    # Patient 2: entry 1988-04-27, worsening 1992-04-22, last seen 1993-06-30.
    event = study["events"].filter(pl.col("usubjid") == "2")
    assert event.select("kind", "day").rows() == [("worsening", 1456)]
    assert study["subjects"].filter(pl.col("usubjid") == "2")["last_contact_day"].item() == 1890
    assert study["events"]["kind"].value_counts().sort("kind").rows() == [
        ("ascites", 6), ("bilirubin_doubling", 17), ("death", 16), ("encephalopathy", 4), ("histologic_progression", 20),
        ("transplant", 12), ("varices", 25), ("worsening", 16),
    ]  # fmt: skip


def test_weeks_become_days_and_a_repeated_baseline_is_not_read_twice(make):
    reading = read(AHD)[0].reading
    assert (
        next(item for item in reading.guesses if item.column == "baseline").reason
        == "it repeats each subject's first sbvalue"
    )
    assert sorted(make(AHD, "sbvalue=umol/L")["measurements"]["day"].unique()) == [0, 7, 14, 21, 28]


def test_the_number_of_the_row_is_the_identifier_where_there_is_none(make):
    study = make(REFERENCE / "mayo_transplant_waitlist.csv")
    assert study["subjects"]["usubjid"].to_list()[:2] == ["ROW-0001", "ROW-0002"]
    assert study["events"]["kind"].value_counts().sort("kind").rows() == [
        ("death", 66),
        ("transplant", 636),
        ("withdrawal", 37),
    ]


def test_a_coordinators_sheet_is_read_with_every_cell_accounted_for(make, tmp_path, run, home):
    (tmp_path / "wide.xlsx").write_bytes(made_files.write_wide())
    study = make(tmp_path / "wide.xlsx", day_0="infusion")
    batch = study["batches"].filter(pl.col("kind") == "measurements")
    assert batch.select("accepted", "rejected").row(0) == (25, 3)
    assert batch["accepted"].item() + batch["rejected"].item() == made_files.WIDE_CELLS
    values = {
        (row["usubjid"], row["paramcd"], row["day"]): (row["aval"], row["avalc"])
        for row in study["measurements"].to_dicts()
    }
    assert values["P01", "bilirubin", -2] == (3.4, None)  # "3,4" on 8 January, infusion on the 10th
    assert values["P01", "albumin", 91] == (3.35, None)  # "33,5" g/l
    assert values["P01", "ascites_grade", -2] == (2.0, None)
    assert values["P02", "ascites_grade", -1] == (0.0, None)
    assert values["P02", "bilirubin", 92] == (None, "<0,2")
    assert study["not_done"].select("usubjid", "paramcd", "avisit").rows() == [
        ("P02", "pt_activity", "Baseline"),
        ("P02", "pt_activity", "Monat 3"),
    ]
    assert study["subjects"]["sex"].to_list() == ["F", "M", "M", "F"]
    connection = open_reader(home, home.current())
    reasons = queries.fetch_findings(connection, "mine").filter(pl.col("level") == "rejected")["reason"].to_list()
    connection.close()
    assert [
        any(word in reason for reason in reasons) for word in ("a remark", "verloren", "impossible", "formula")
    ] == [True] * 4


NAMES = [("T-Bil", "bilirubin"), ("TBIL", "bilirubin"), ("总胆红素", "bilirubin"), ("総ビリルビン", "bilirubin"), ("총빌리루빈", "bilirubin"),
         ("アルブミン", "albumin"), ("ｱﾙﾌﾞﾐﾝ", "albumin"), ("白蛋白", "albumin"), ("آلبومین", "albumin"), ("알부민", "albumin"),
         ("PT%", "pt_activity"), ("凝血酶原活动度", "pt_activity"), ("Quick-Wert", "pt_activity"), ("پلاکت", "platelets"),
         ("血小板", "platelets"), ("γ-GTP", "ggt"), ("Kreatinin", "creatinine"), ("肌酐", "creatinine"), ("谷丙转氨酶", "alt")]  # fmt: skip


@pytest.mark.parametrize(("name", "paramcd"), NAMES)
def test_names_in_use_in_many_languages_are_known(name, paramcd):
    assert match_parameter(name).paramcd == paramcd


HEADERS = [("T-Bil (mg/dL)", "T-Bil", "mg/dL", ""), ("ALT, U/L", "ALT", "U/L", ""), ("Alb [g/L]", "Alb", "g/L", ""), ("PT (%)", "PT (%)", "%", ""),
           ("bili_M3", "bili", "", "M3"), ("ALT 3 months", "ALT", "", "3 months"), ("Baseline | T-Bil | mg/dl", "T-Bil", "mg/dl", "Baseline"),
           ("アルブミン（g/dL）", "アルブミン", "g/dL", ""), ("Week 12 Albumin", "Albumin", "", "Week 12")]  # fmt: skip


@pytest.mark.parametrize(("header", "name", "unit", "visit"), HEADERS)
def test_a_header_is_taken_apart_into_quantity_unit_and_visit(header, name, unit, visit):
    split = split_header(header)
    assert (split.name, split.unit, split.avisit) == (name, unit, visit)


def test_an_abbreviation_with_two_meanings_is_asked_and_never_guessed():
    reading = propose_text("id,day,PTA\nP1,0,60\nP2,0,70\n")
    guess = next(item for item in reading.guesses if item.column == "PTA")
    assert (guess.confidence, guess.choices) == (UNSURE, ("pt_activity",))
    assert [question.column for question in list_questions(reading)] == ["PTA"]


@pytest.mark.parametrize(("numbers", "unit"), [([0.4, 2.1, 14.0, 22.0], "mg/dL"), ([14.0, 36.0, 240.0, 380.0], None)])
def test_the_unit_is_proposed_only_where_no_other_is_possible(numbers, unit):
    bilirubin = find_parameter("bilirubin")
    series = pl.Series(numbers)
    units = find_units(bilirubin, series)
    assert (units[0] if is_settled(bilirubin, series, units) else None) == unit


def test_what_identifies_a_person_is_neither_read_nor_shown_and_a_birth_date_becomes_an_age(make, tmp_path):
    text = "id,Patient name,Geburtsdatum,Infusionsdatum,Visit date,E-Mail,T-Bil (mg/dL)\nP1,Kim,10.02.1960,09.02.2024,08.02.2024,a@b.org,2.0\n"
    reading = propose_text(text)
    shown = {guess.column: guess.examples for guess in reading.guesses}
    assert (shown["Patient name"], shown["Geburtsdatum"], shown["E-Mail"]) == ("", "", "")
    (tmp_path / "x.csv").write_text(text)
    study = make(tmp_path / "x.csv")
    assert study["subjects"]["age"].to_list() == [63.0]  # 64 on the day after
    assert "Kim" not in str(study)


def test_record_numbers_are_kept_as_a_keyed_hash_where_that_is_asked(home, run, tmp_path):
    from data.importers.recognize.answers import edit
    from data.importers.recognize.mappings import write_mappings
    from data.importers.run import import_sources
    from data.importers.sources import Source

    file = open_file(NamedFile("x.csv", b"MRN,day,T-Bil (mg/dL)\n4711,0,2.0\n4711,7,1.8\n"))
    reading = edit(propose([("x.csv", "0", file.tables[0])])[0].reading, "MRN", "usubjid_hashed")
    study = parse_study({"study": "mine", "title": "Mine", "time_zero": "infusion"}, "x")
    sources = [Source("x.csv", file.digest, file.tables[0], "mine", item) for item in write_mappings(reading, "x.csv")]
    import_sources(home, [study], sources)
    connection = open_reader(home, home.current())
    (name,) = queries.fetch_subjects(connection, "mine")["usubjid"].to_list()
    assert queries.fetch_measurements(connection, "mine")["usubjid"].to_list() == [name, name]
    connection.close()
    assert len(name) == 16
    assert "4711" not in name


def test_the_mapping_is_kept_with_the_study_and_reapplied_to_the_next_export(make, tmp_path, run, home):
    head = "ptno,tment,sex,days,status,bili\n"
    (tmp_path / "may.csv").write_text(head + "1,0,0,100,0,36\n2,1,1,90,2,90\n")
    make(tmp_path / "may.csv", "tment=0:placebo,1:CyA", "sex=0:F,1:M", STATUS, "bili=umol/L")
    (tmp_path / "june.csv").write_text(head + "1,0,0,130,0,36\n2,1,1,90,2,90\n3,1,0,30,0,40\n")
    result = run("import", tmp_path / "june.csv", "--study", "mine")
    assert result.exit_code == 0
    assert "changed: 1, last_contact_day: 100 → 130" in result.stdout
    connection = open_reader(home, home.current())
    assert queries.fetch_subjects(connection, "mine").select("usubjid", "arm", "last_contact_day").rows() == [
        ("1", "placebo", 130), ("2", "CyA", 90), ("3", "CyA", 30),
    ]  # fmt: skip
    assert queries.fetch_events(connection, "mine")["kind"].to_list() == ["death"]
    connection.close()


def test_a_redcap_export_is_read_with_its_data_dictionary(make, tmp_path):
    (tmp_path / "dictionary.csv").write_text(made_files.DICTIONARY)
    (tmp_path / "export.csv").write_text(made_files.REDCAP)
    study = make(tmp_path, day_0="infusion")
    assert study["subjects"].select("usubjid", "sex").rows() == [("R1", "F"), ("R2", "M")]
    values = (
        study["measurements"]
        .select("usubjid", "paramcd", "avisit", "day", "aval")
        .sort("paramcd", "usubjid", "day")
        .rows()
    )
    assert values == [
        ("R1", "ascites_grade", "baseline", -1, 2.0), ("R1", "ascites_grade", "follow up", 31, 1.0), ("R2", "ascites_grade", "baseline", 0, 3.0),
        ("R1", "bilirubin", "baseline", -1, 3.1), ("R1", "bilirubin", "follow up", 31, 2.5), ("R1", "bilirubin", "follow up", 60, 2.1),
        ("R2", "bilirubin", "baseline", 0, 4.0),
    ]  # fmt: skip
    assert "Person" not in str(study)


def test_a_fhir_bundle_is_read_without_what_identifies_the_patient(make, tmp_path):
    (tmp_path / "bundle.json").write_bytes(made_files.write_fhir())
    study = make(tmp_path / "bundle.json", "day_0=yes", day_0="infusion")
    assert study["subjects"].select("usubjid", "sex", "age").rows() == [("f1", "F", 63.0)]  # born on 1 May 1960
    assert study["measurements"].sort("day", "paramcd").select("paramcd", "day", "aval", "avalc").rows() == [
        ("albumin", 0, 2.9, None), ("bilirubin", 0, 2.0, None), ("bilirubin", 90, None, "<0.2"),
    ]  # fmt: skip
    assert study["events"].select("kind", "day").rows() == [("ascites", 31)]
    assert study["medications"].select("drug", "start_day", "daily_dose", "unit").rows() == [
        ("spironolactone", 0, 100.0, "mg")
    ]
    assert "Person" not in str(study)


DM = {"DOMAIN": ["DM", "DM"], "USUBJID": ["S1", "S2"], "RFSTDTC": ["2024-01-10", "2024-02-01"], "AGE": [54.0, 61.0], "SEX": ["F", "M"],
      "ARM": ["ABMi", "Control"], "DTHDTC": ["", "2024-08-01"]}  # fmt: skip
LB = {"DOMAIN": ["LB"] * 4, "USUBJID": ["S1", "S1", "S1", "S2"], "LBTESTCD": ["BILI", "ALB", "BILI", "INR"], "LBORRES": ["34.2", "2.9", "", "1.4"],
      "LBORRESU": ["umol/L", "g/dL", "", ""], "LBORNRLO": ["", "3.5", "", ""], "LBSTAT": ["", "", "NOT DONE", ""],
      "VISIT": ["BASELINE", "BASELINE", "MONTH 3", "BASELINE"], "LBDY": [-2.0, -2.0, 92.0, 1.0], "LBDTC": ["2024-01", "", "", ""]}  # fmt: skip
AE = {"DOMAIN": ["AE"], "USUBJID": ["S1"], "AETERM": ["swollen belly"], "AEDECOD": ["Ascites"], "AESTDY": [60.0], "AESER": ["N"],
      "AEREL": ["POSSIBLY RELATED"], "AETOXGR": ["2"]}  # fmt: skip


def test_sdtm_datasets_need_no_question_and_their_day_1_is_day_0(make, tmp_path):
    for name, rows in (("DM", DM), ("LB", LB), ("AE", AE)):
        made_files.write_xport(pl.DataFrame(rows), name, tmp_path / f"{name.lower()}.xpt")
    study = make(tmp_path, day_0="infusion")
    assert study["subjects"].select("usubjid", "arm", "age", "sex").rows() == [
        ("S1", "ABMi", 54.0, "F"),
        ("S2", "Control", 61.0, "M"),
    ]
    assert study["measurements"].sort("usubjid", "paramcd").select("usubjid", "paramcd", "day", "aval", "ref_low").rows() == [
        ("S1", "albumin", -2, 2.9, 3.5), ("S1", "bilirubin", -2, 2.0, None), ("S2", "inr", 0, 1.4, None),
    ]  # fmt: skip
    assert study["not_done"].select("usubjid", "paramcd", "day").rows() == [("S1", "bilirubin", 91)]
    assert study["events"].sort("kind").select("usubjid", "kind", "day", "grade", "related").rows() == [
        ("S1", "ascites", 59, 2, True), ("S2", "death", 182, None, None),
    ]  # fmt: skip


def test_in_adtte_only_rows_that_are_not_censored_are_events(make, tmp_path):
    (tmp_path / "adsl.csv").write_text(
        "USUBJID,TRT01A,AGE,SEX,TRTSDT\nS1,ABMi,54,F,2024-01-10\nS2,Control,60,M,2024-01-11\n"
    )
    (tmp_path / "adtte.csv").write_text(
        "USUBJID,PARAMCD,AVAL,CNSR,EVNTDESC\nS1,OS,201,0,Death\nS1,TFS,201,0,Death\nS2,OS,300,1,last contact\n"
    )
    study = make(tmp_path)
    assert study["events"].select("usubjid", "kind", "day").rows() == [("S1", "death", 200)]
    assert study["subjects"]["arm"].to_list() == ["ABMi", "Control"]


def test_a_file_for_a_study_that_is_there_without_a_subject_column_is_refused(make, tmp_path, run):
    (tmp_path / "a.csv").write_text("id,day,T-Bil (mg/dL)\nP1,0,2.0\n")
    make(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("day,Alb (g/dL)\n0,3.0\n")
    result = run("import", tmp_path / "b.csv", "--study", "mine")
    assert result.exit_code == 1
    assert "has no column for the subject" in result.stderr


def test_subjects_are_made_of_a_table_of_values_only_where_no_table_describes_them(tmp_path):
    (tmp_path / "causes.csv").write_text("usubjid,etiology\nP1,HBV\nP2,alcohol\n")
    (tmp_path / "labs.csv").write_text("usubjid,day,T-Bil (mg/dL)\nP1,0,2.0\nP3,0,1.8\n")
    drafts = [Draft(item, ()) for item in propose_paths([tmp_path / "causes.csv", tmp_path / "labs.csv"])]
    plan = parse_study({"study": "two", "title": "two", "time_zero": "infusion"}, "two")

    def shapes(drafts):
        sources = list_sources([(draft, draft.proposal.reading) for draft in drafts], plan, NO_FIXES)
        return [(source.name, source.mapping.shape) for source in sources]

    assert shapes(drafts) == [("causes.csv", "subjects"), ("labs.csv", "measurements")]
    assert shapes(drafts[1:]) == [("labs.csv", "subjects"), ("labs.csv", "measurements")]
