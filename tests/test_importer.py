"""The importer on ugly files: every kind of damage gives one clear sentence, and nothing is lost."""

import json

import polars as pl
import pytest

from data import queries
from data.database import open_reader

STUDY = """
study = "trial"
title = "A trial"
time_zero = "infusion"
[[files]]
path = "subjects.csv"
shape = "subjects"
[files.columns]
usubjid = "usubjid"
sex = { column = "sex", codes = { Male = "M", Female = "F" } }
time_zero_date = "infused"
last_contact_day = "last"
"""
SUBJECTS = "usubjid,sex,infused,last\nP1,Male,2024-01-31,200\nP2,Female,,200\n"
HEAD = "subject,day,parameter,value,unit\n"
GOOD = "P1,0,albumin,3.1,g/dL\n"

# name: content of labs.csv, what the sentence says. A row-level damage leaves the good row in.
ROWS = {
    "wrong unit": (
        HEAD + GOOD + "P1,7,albumin,3.1,mg/mL\n",
        "Albumin, serum was given in 'mg/mL'; it is known in g/dL, g/L",
    ),
    "no unit": (
        HEAD + GOOD + "P1,7,albumin,3.1,\n",
        "Albumin, serum was given without a unit; it is known in g/dL, g/L",
    ),
    "text in a number": (HEAD + GOOD + "P1,7,albumin,pending,g/dL\n", "“pending” is not a number"),
    "two numbers in a cell": (HEAD + GOOD + "P1,7,albumin,3.1 3.2,g/dL\n", "“3.1 3.2” is not a number"),
    "impossible date": (
        "subject,date,parameter,value,unit\nP1,2024-01-31,albumin,3.1,g/dL\nP1,2024-02-30,albumin,3.1,g/dL\n",
        "“2024-02-30” is not a date that exists",
    ),
    "date read in two ways": (
        "subject,date,parameter,value,unit\nP1,2024-01-31,albumin,3.1,g/dL\nP1,03/04/2024,albumin,3.1,g/dL\n",
        "“03/04/2024” can be read day first or month first; write it as 2024-03-31",
    ),
    "date without time zero": (
        "subject,date,parameter,value,unit\nP1,2024-01-31,albumin,3.1,g/dL\nP2,2024-02-03,albumin,3.1,g/dL\n",
        "the date cannot become a day: the subject has no date of time zero",
    ),
    "half a day": (HEAD + GOOD + "P1,7.5,albumin,3.1,g/dL\n", "day 7.5 is not a whole number"),
    "day in words": (HEAD + GOOD + "P1,week 1,albumin,3.1,g/dL\n", "“week 1” is not a day"),
    "day of another century": (HEAD + GOOD + "P1,45321,albumin,3.1,g/dL\n", "day 45321 lies more than a hundred years"),
    "no day": (HEAD + GOOD + "P1,,albumin,3.1,g/dL\n", "neither a day, a date nor a visit is given"),
    "duplicate row": (HEAD + GOOD + GOOD, "the row repeats line 2"),
    "contradicting row": (
        HEAD + GOOD + "P1,0,albumin,3.4,g/dL\n",
        "line 2 already says 3.1 g/dL for the same subject and day",
    ),
    "unknown subject": (HEAD + GOOD + "P9,0,albumin,3.1,g/dL\n", "no subject “P9” is in this study"),
    "no subject": (HEAD + GOOD + ",0,albumin,3.1,g/dL\n", "the subject is missing"),
    "unknown parameter": (HEAD + GOOD + "P1,0,albunim,3.1,g/dL\n", "no parameter of the catalog is called “albunim”"),
    "no parameter": (HEAD + GOOD + "P1,0,,3.1,g/dL\n", "the parameter is missing"),
    "out of hard range": (
        HEAD + GOOD + "P1,7,albumin,31,g/dL\n",
        "Albumin, serum 31 g/dL is impossible: outside 0.5 to 10",
    ),
    "infinite number": (HEAD + GOOD + "P1,7,albumin,inf,g/dL\n", "“inf” is not a number"),
    "grade that does not exist": (
        HEAD + GOOD + "P1,0,ascites,5,\n",
        "Ascites grade (International Ascites Club 0-3) has no grade 5",
    ),
    "word that is no grade": (HEAD + GOOD + "P1,0,ascites,some,\n", "“some” is none of the words or grades of ascites"),
    "thousands or decimals": (HEAD + GOOD + 'P1,0,afp,"1,234",ng/mL\n', "“1,234” can be read in two ways"),
    "thousands or decimals beside a decimal comma": (
        HEAD.replace(",", ";") + "P1;0;albumin;3,1;g/dL\nP1;0;platelets;150.000;/uL\n",
        "“150.000” can be read in two ways",
    ),
    "too many cells": (HEAD + GOOD + "P1,7,albumin,3.1,g/dL,extra\n", "the row has 6 cells and the header has 5"),
    "too few cells": (HEAD + GOOD + "P1,7,albumin\n", "the row has 3 cells and the header has 5"),
}
# These stop the file: nothing of the import stays.
FILES = {
    "empty file": (b"", "labs.csv is empty"),
    "only a header": (HEAD.encode(), "labs.csv has a header and no rows below it"),
    "no header": (b"1,0,7,3.1\n1,7,7,3.2\n", "labs.csv has no header: its first line holds only numbers"),
    "wrong header": (b"a,b,c\n1,2,3\n", "labs.csv has no column for the subject (such as 'usubjid')"),
    "two columns of one name": (b"subject,day,value,value\nP1,0,1,2\n", "labs.csv has more than one column 'value'"),
    "open quotation mark": ((HEAD + 'P1,0,albumin,"3.1,g/dL\nP1,7,albumin,3.1,g/dL\n').encode(), "a quotation mark is opened"),
    "an Excel file": (b"PK\x03\x04rest", "labs.csv is a damaged zip or Excel file"),
    "zero bytes": (HEAD.encode() + b"P1,0,albumin,\x00\x00,g/dL\n", "labs.csv is not a text file: it holds zero bytes"),
    "another encoding": (HEAD.encode() + b"P1,0,albumin,\x81\xff\x8d,g/dL\n", "neither UTF-8, UTF-16 nor Windows-1252"),
    "a name as the subject": (b"Patient name,day,parameter,value,unit\nKim,0,albumin,3,g/dL\n", "labs.csv has no column for the subject"),
}  # fmt: skip
# These are read, with a remark.
REMARKS = {
    "below the limit": (HEAD + GOOD + "P1,7,bilirubin,<0.2,mg/dL\n", "“<0.2” is a limit, not a number: kept as text"),
    "unusual value": (HEAD + GOOD + "P1,7,albumin,6.1,g/dL\n", "Albumin, serum 6.1 g/dL is unusual: outside 1.2 to 5.8"),
    "name column": ("Patient name," + HEAD + "Kim,P1,0,albumin,3.1,g/dL\n", "'Patient name' looks like it identifies a person"),
    "birth date column": ("birth_date," + HEAD + "1960-01-01,P1,0,albumin,3.1,g/dL\n", "'birth_date' looks like it identifies"),
    "e-mail column": ("E-Mail," + HEAD + "a@b.org,P1,0,albumin,3.1,g/dL\n", "'E-Mail' looks like it identifies a person"),
    "semicolon and decimal comma": (HEAD.replace(",", ";") + "P1;0;albumin;3,1;g/dL\n", "numbers are read with a decimal comma"),
}  # fmt: skip


@pytest.fixture
def study(tmp_path, run):
    """A study of two subjects in the store; its folder."""
    folder = tmp_path / "trial"
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY)
    (folder / "subjects.csv").write_text(SUBJECTS)
    assert run("import", folder).exit_code == 0
    return folder


@pytest.fixture
def import_labs(study, run):
    """Import a file of laboratory values into the study."""

    def import_(content: str | bytes, name: str = "labs.csv"):
        path = study / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return run("import", path, "--study", "trial")

    return import_


def measured(home) -> pl.DataFrame:
    """The measurements in the store."""
    connection = open_reader(home, home.current())
    try:
        return queries.fetch_measurements(connection, "trial")
    finally:
        connection.close()


@pytest.mark.parametrize("damage", ROWS)
def test_a_damaged_row_is_rejected_with_its_line_and_reason_and_the_others_are_in(damage, import_labs, home):
    content, sentence = ROWS[damage]
    result = import_labs(content)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert sentence in result.stdout
    assert "labs.csv, line 3" in result.stdout
    assert measured(home)["aval"].to_list() == [3.1]
    connection = open_reader(home, home.current())
    kept = queries.fetch_findings(connection, "trial").filter(pl.col("level") == "rejected").row(0, named=True)
    connection.close()
    assert (kept["file_name"], kept["line"]) == ("labs.csv", 3)
    assert sentence in kept["reason"]


@pytest.mark.parametrize("damage", FILES)
def test_a_file_that_cannot_be_read_is_refused_whole_in_one_sentence(damage, import_labs, home):
    content, sentence = FILES[damage]
    before = home.current()
    result = import_labs(content)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert sentence in result.stderr
    assert home.current() == before
    assert home.revisions() == [before]


@pytest.mark.parametrize("kind", REMARKS)
def test_what_is_read_with_a_remark_is_told(kind, import_labs, home):
    content, sentence = REMARKS[kind]
    result = import_labs(content)
    assert result.exit_code == 0
    assert sentence in result.stdout
    assert measured(home).filter(pl.col("paramcd") == "albumin")["aval"][0] == 3.1


def test_the_list_of_damages_is_at_least_30_long():
    assert len(ROWS) + len(FILES) + len(REMARKS) >= 30


def test_a_value_below_the_limit_is_kept_as_text_and_is_no_number(import_labs, home):
    import_labs(HEAD + "P1,7,bilirubin,<0.2,mg/dL\n")
    row = measured(home).row(0, named=True)
    assert (row["aval"], row["avalc"], row["reported"]) == (None, "<0.2", "<0.2")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_same_file_reads_alike_in_every_encoding(encoding, import_labs, home):
    result = import_labs((HEAD + "P1,0,bilirubin,34.2,µmol/l\n").encode(encoding))
    assert result.exit_code == 0
    assert measured(home)["aval"].to_list() == [2.0]  # 34.2 umol/L is exactly 2.0 mg/dL


def test_a_value_keeps_what_was_reported_and_where(import_labs, home):
    import_labs(HEAD + "\n" + "P1,0,T-Bil,34.2,umol/L\n")
    row = measured(home).row(0, named=True)
    assert (row["reported"], row["reported_unit"], row["file_name"], row["line"]) == ("34.2", "umol/L", "labs.csv", 3)


def test_the_line_is_right_below_a_cell_that_holds_a_line_break(import_labs):
    result = import_labs(
        'subject,day,parameter,value,unit,note\nP1,0,albumin,3.1,g/dL,"two\nlines"\nP9,0,albumin,3,g/dL,\n'
    )
    assert "labs.csv, line 4" in result.stdout


def test_a_date_becomes_a_day_since_the_infusion_and_no_date_is_kept(import_labs, home):
    import_labs("subject,date,parameter,value,unit\nP1,07.02.2024,albumin,3.1,g/dL\n")
    assert measured(home)["day"].to_list() == [7]


def test_words_of_ascites_become_grades(import_labs, home):
    rows = [f"P1,{day},ascites,{word}," for day, word in enumerate(["None", "mild", "moderate", "Large"])]
    import_labs(HEAD + "\n".join(rows) + "\n")
    assert measured(home).sort("day")["aval"].to_list() == [0, 1, 2, 3]


def test_cells_that_say_there_is_no_value_are_no_rows(import_labs, home):
    assert import_labs(HEAD + GOOD + "P1,7,albumin,NA,g/dL\nP1,14,albumin,,g/dL\n").exit_code == 0
    assert measured(home).height == 1


def test_importing_the_same_file_again_adds_nothing(import_labs, home):
    import_labs(HEAD + GOOD)
    before = home.current()
    result = import_labs(HEAD + GOOD)
    assert result.exit_code == 0
    assert "already imported" in result.stdout
    assert home.current() == before


def test_a_grown_export_adds_only_what_is_new(import_labs, home):
    import_labs(HEAD + GOOD)
    result = import_labs(HEAD + GOOD + "P1,7,albumin,3.2,g/dL\n")
    assert result.exit_code == 0
    assert "1 unchanged" in result.stdout
    assert measured(home).sort("day")["aval"].to_list() == [3.1, 3.2]


def test_a_later_file_that_contradicts_the_store_is_rejected_and_says_where_the_value_came_from(import_labs, home):
    import_labs(HEAD + GOOD)
    result = import_labs("patient,day,test,result,unit\nP1,0,albumin,3.9,g/dL\n", name="other.csv")
    assert result.exit_code == 1
    assert "the store holds 3.1 g/dL from batch 2, line 2" in result.stdout
    assert measured(home)["aval"].to_list() == [3.1]


def test_a_newer_version_of_a_file_changes_only_what_changed_and_lists_it_old_to_new(import_labs, home):
    import_labs(HEAD + GOOD + "P1,7,albumin,3.2,g/dL\nP1,14,albumin,3.3,g/dL\n")
    result = import_labs(HEAD + GOOD + "P1,7,albumin,34,g/L\n")
    assert result.exit_code == 0
    assert "1 accepted, 0 rejected, 1 unchanged" in result.stdout
    assert "changed: P1, albumin, day 7: 3.2 g/dL → 34 g/L" in result.stdout
    assert (
        "1 rows of an earlier version of this file are not in this one (the first: P1, albumin, 14); they stay"
        in result.stdout
    )
    assert measured(home).sort("day")["aval"].to_list() == [3.1, 3.4, 3.3]


def test_an_updated_list_of_subjects_brings_follow_up_up_to_date_and_lists_each_change(study, run, home):
    (study / "subjects.csv").write_text(
        "usubjid,sex,infused,last\nP1,Male,2024-01-31,260\nP2,Female,,200\nP3,Male,,10\n"
    )
    result = run("import", study)
    assert result.exit_code == 0
    assert "subjects.csv, line 2, column usubjid: P1 is brought up to date: last_contact_day 200 → 260" in result.stdout
    connection = open_reader(home, home.current())
    subjects = queries.fetch_subjects(connection, "trial")
    connection.close()
    assert subjects.select("usubjid", "last_contact_day").rows() == [("P1", 260), ("P2", 200), ("P3", 10)]
    run("undo")
    connection = open_reader(home, home.current())
    assert queries.fetch_subjects(connection, "trial")["last_contact_day"].to_list() == [200, 200]
    connection.close()


def test_an_empty_cell_of_a_later_list_erases_nothing(study, run, home):
    (study / "subjects.csv").write_text("usubjid,sex,infused,last\nP1,,,\n")
    before = home.current()
    result = run("import", study)
    assert "0 accepted, 0 rejected, 1 unchanged" in result.stdout
    connection = open_reader(home, home.current())
    subjects = queries.fetch_subjects(connection, "trial")
    connection.close()
    assert subjects.select("usubjid", "sex", "last_contact_day").rows() == [("P1", "M", 200), ("P2", "F", 200)]
    assert home.current() != before  # the batch is on record


def test_a_stopped_drug_replaces_the_running_one_and_is_not_added_to_it(study, run, home):
    head = "usubjid,drug,start_day,end_day,daily_dose,unit\n"
    path = study / "drugs.csv"
    for rows in ("P1,furosemide,0,,40,mg/d\n", "P1,furosemide,0,30,40,mg/d\nP1,furosemide,31,,20,mg/d\n"):
        path.write_text(head + rows)
        assert run("import", path, "--study", "trial").exit_code == 0
    connection = open_reader(home, home.current())
    drugs = queries.fetch_medications(connection, "trial")
    connection.close()
    assert drugs.select("start_day", "end_day", "daily_dose").rows() == [(0, 30, 40.0), (31, None, 20.0)]


def test_a_preview_tells_all_and_changes_nothing(study, run, home):
    (study / "labs.csv").write_text(HEAD + GOOD + "P9,0,albumin,3,g/dL\n")
    before = home.current()
    result = run("import", study / "labs.csv", "--study", "trial", "--preview")
    assert result.exit_code == 1
    assert "no subject “P9”" in result.stdout
    assert "this was a preview" in result.stdout
    assert home.current() == before


def test_a_failed_import_of_several_files_leaves_nothing(study, run, home):
    (study / "labs.csv").write_text(HEAD + GOOD)
    (study / "broken.csv").write_text("")
    before = home.current()
    result = run("import", study / "labs.csv", study / "broken.csv", "--study", "trial")
    assert result.exit_code == 1
    assert "broken.csv is empty" in result.stderr
    assert home.current() == before
    assert measured(home).is_empty()
    assert not list(home.folder.glob(".*"))


def test_machines_get_the_same_findings_as_json(study, run):
    (study / "labs.csv").write_text(HEAD + GOOD + "P9,0,albumin,3,g/dL\n")
    report = json.loads(run("import", study / "labs.csv", "--study", "trial", "--json").stdout)
    assert report["batches"][0]["rejected"][0]["line"] == 3
    assert report["batches"][0]["accepted"] == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("title", "titel"), "must give 'title' as text"),
        (('time_zero = "infusion"', 'time_zero = "birth"'), "time_zero is 'birth'; it must be one of"),
        (('shape = "subjects"', 'shape = "persons"'), "shape is 'persons'"),
        (('path = "subjects.csv"', 'path = "../subjects.csv"'), "must lie in the study's own folder"),
        (('usubjid = "usubjid"', 'usubjid = "nobody"'), "subjects.csv has no column 'nobody'"),
        (('last_contact_day = "last"', 'last_seen = "last"'), "subjects have no field 'last_seen'"),
        (("[[files]]", "[[files]"), "cannot be read"),
        (('study = "trial"', 'study = "a/b"'), "a name has letters, digits"),
    ],
)
def test_a_study_file_that_cannot_be_used_says_what_would_be_right(change, sentence, tmp_path, run):
    folder = tmp_path / "trial"
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY.replace(*change))
    (folder / "subjects.csv").write_text(SUBJECTS)
    result = run("import", folder)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert sentence in result.stderr


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("P3,Unknown,,200", "“Unknown” is no code of sex; known codes: Male, Female"),
        ("P1,Female,,200", "line 2 already says"),
        ("P3,Male,,soon", "“soon” is not a day"),
        ("someone@hospital.org,Male,,200", "looks like an e-mail address or a phone number"),
        ("+81 3 1234 5678,Male,,200", "looks like an e-mail address or a phone number"),
        (",Male,,200", "usubjid is missing"),
    ],
)
def test_a_damaged_subject_is_rejected_with_its_reason(row, sentence, tmp_path, run):
    folder = tmp_path / "trial"
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY)
    (folder / "subjects.csv").write_text(SUBJECTS + row + "\n")
    result = run("import", folder)
    assert result.exit_code == 1
    assert sentence in result.stdout


def test_a_name_mapped_as_the_subject_refuses_the_file(tmp_path, run, home):
    folder = tmp_path / "trial"
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY.replace('usubjid = "usubjid"', 'usubjid = "Patient name"'))
    (folder / "subjects.csv").write_text(SUBJECTS.replace("usubjid", "Patient name"))
    result = run("import", folder)
    assert result.exit_code == 1
    assert "column 'Patient name' looks like it identifies a person; use a pseudonymous identifier" in result.stderr
    assert home.revisions() == []


def test_nothing_that_identifies_a_person_is_kept_in_the_rejected_rows_either(study, run, home):
    (study / "subjects.csv").write_text(SUBJECTS + "kim@hospital.org,Male,,200\n")
    (study / "labs.csv").write_text(HEAD + "kim@hospital.org,0,albumin,3.1,g/dL\n+82 2 1234 5678,0,albumin,3.1,g/dL\n")
    (study / "named.csv").write_text("Patient name," + HEAD + "Kim Jong,P1,0,albumin,3.1,g/dL,one cell too many\n")
    run("import", study / "subjects.csv", "--study", "trial")
    run("import", study / "labs.csv", study / "named.csv", "--study", "trial")
    connection = open_reader(home, home.current())
    kept = queries.fetch_findings(connection, "trial").filter(pl.col("level") == "rejected")
    connection.close()
    assert kept.height == 4
    for word in ("hospital.org", "1234", "Jong"):
        assert word not in kept.write_csv()
        assert word.encode() not in home.revision_file(home.current()).read_bytes()


def test_the_cdisc_study_day_has_no_day_0(tmp_path, run, study, home):
    described = STUDY + (
        '[[files]]\npath = "labs.csv"\nshape = "measurements"\nday_numbering = "cdisc"\n'
        '[files.columns]\nusubjid = "subject"\nday = "day"\nparamcd = "parameter"\naval = "value"\nunit = "unit"\n'
    )
    (study / "study.toml").write_text(described)
    rows = [f"P1,{day},albumin,3.{index},g/dL" for index, day in enumerate((-1, 0, 1, 8))]
    (study / "labs.csv").write_text(HEAD + "\n".join(rows) + "\n")
    result = run("import", study)
    assert "CDISC study days have no day 0" in result.stdout
    assert measured(home).sort("day")["day"].to_list() == [-1, 0, 7]


def test_text_that_looks_like_sql_or_a_path_stays_text(import_labs, home):
    result = import_labs(HEAD + GOOD + "'; DROP TABLE subjects; --,0,albumin,3.1,g/dL\n")
    assert "no subject “'; DROP TABLE subjects; --”" in result.stdout
    assert measured(home).height == 1


def test_misuse_of_the_terminal_exits_with_2(run):
    assert run("import").exit_code == 2
    assert run("survival", "--study", "trial", "--endpoint", "soup").exit_code == 2
