"""Readers: every encoding and shape that people send; hostile files in a sentence; no input makes a traceback or loses a row."""

import io
import json
import os
import zipfile

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from data.importers.readers.archive import NamedFile, expand, list_files
from data.importers.readers.open_file import open_tables
from data.importers.recognize import propose
from data.importers.recognize.mappings import list_questions
from data.importers.text import UnreadableFile, is_unit
from tests.made_files import save, write_wide, write_zip

# make test looks at 500 inputs, make nightly at 10,000.
INPUTS = int(os.environ.get("HEPATRACE_FUZZ", "500"))
FUZZ = settings(max_examples=INPUTS, suppress_health_check=list(HealthCheck), deadline=None)


def read(content: bytes, name: str = "labs.csv", encoding: str = ""):
    """The tables of a file, or of the files in it."""
    return [table for file in expand(NamedFile(name, content)) for table in open_tables(file, encoding)]


def refuse(content: bytes, name: str = "labs.csv") -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(UnreadableFile) as caught:
        read(content, name)
    return str(caught.value)


@pytest.mark.parametrize(
    ("encoding", "header"),
    [
        ("shift_jis", "患者,アルブミン,血小板"), ("gb18030", "病人,总胆红素,白蛋白"), ("cp949", "환자,알부민,혈소판"),
        ("cp1252", "Größe,ALB,T-Bil"), ("utf-16", "patient,ALB,T-Bil"), ("utf-8-sig", "patient,アルブミン,T-Bil"),
    ],
)  # fmt: skip
def test_a_text_file_is_read_in_the_encoding_that_it_has(encoding, header):
    (table,) = read(f"{header}\n1,3.2,2.0\n".encode(encoding))
    assert table.columns == header.split(",")
    assert table.rows.row(0)[1:] == ("1", "3.2", "2.0")


def test_an_encoding_that_a_person_names_counts():
    (table,) = read("пациент;ALB\n1;3,2\n".encode("cp1251"), encoding="cp1251")
    assert table.columns == ["пациент", "ALB"]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "^", "~", "\x1f"])
def test_any_delimiter_is_found(mark):
    rows = [["id", "T-Bil", "Alb"], ["P1", "2.0", "3.1"], ["P2", "1.0", "3.3"]]
    (table,) = read("\n".join(mark.join(row) for row in rows).encode())
    assert table.columns == rows[0]
    assert table.rows.rows() == [(2, *rows[1]), (3, *rows[2])]


def test_the_quick_reader_and_the_slow_one_give_the_same_table():
    plain = "id,value\r\nP1, 2.0 \r\nP2,\r\nP3,'=1+1\r\n"
    quoted = 'id,value\nP1," 2.0 "\nP2,""\nP3,\'=1+1\n'
    quick, slow = (read(text.encode())[0].rows for text in (plain, quoted))
    assert quick.equals(slow)
    assert quick["value"].to_list() == ["2.0", "", "=1+1"]


def test_lines_are_those_of_the_file_also_behind_a_blank_line_and_a_cell_of_two_lines():
    (table,) = read(b'id,text\n\nP1,"two\nlines"\nP2,one\n')
    assert table.rows.select("__line__", "id").rows() == [(3, "P1"), (5, "P2")]


def test_a_sheet_with_title_three_header_rows_and_a_remark_below_is_one_table():
    (table,) = read(write_wide(), "wide.xlsx")
    assert table.columns[:5] == [
        "Patient",
        "Geschlecht",
        "Infusionsdatum",
        "Baseline | Datum",
        "Baseline | T-Bil | mg/dl",
    ]
    assert table.rows.height == 4
    assert table.notes == ("above the table stands “ABMi-Studie, Zentrum 1”",)
    assert table.rejected["reason"].to_list() == [
        "the row has text in its first cell and nothing else: a remark, not a patient"
    ]
    assert table.rows["Infusionsdatum"].to_list()[:2] == ["2024-01-10", "15.01.2024"]


def test_a_sheet_that_holds_no_table_is_named_and_the_others_are_read():
    book = openpyxl.Workbook()
    book.active.append(["Subject", "Day", "T-Bil"])
    book.active.append(["P1", 0, 2.0])
    book.create_sheet("Legend").append(["only a heading", "and no rows"])
    book.create_sheet("Empty")
    (table,) = read(save(book), "labs.xlsx")
    assert table.notes == ("labs.xlsx, sheet Legend has a header and no rows below it",)


def test_parquet_dates_whole_numbers_and_missing_values_become_plain_text():
    file = io.BytesIO()
    pl.DataFrame({"id": [1.0, 2.5, None], "on": [None, "2024-01-31", "2024-02-01"]}).with_columns(
        pl.col("on").str.to_date()
    ).write_parquet(file)
    (table,) = read(file.getvalue(), "x.parquet")
    assert table.rows.rows() == [(1, "1", ""), (2, "2.5", "2024-01-31"), (3, "", "2024-02-01")]


def test_dataset_json_gives_labels_and_a_row_that_does_not_fit_is_rejected():
    document = {"name": "LB", "columns": [{"name": "A", "label": "Alpha"}, {"name": "B"}], "rows": [["1", 2.0], ["1"]]}
    (table,) = read(json.dumps(document).encode(), "lb.json")
    assert (table.sheet, table.labels, table.rows.rows()) == ("LB", {"A": "Alpha"}, [(1, "1", "2")])
    assert table.rejected["line"].to_list() == [2]


def test_a_zip_and_a_folder_give_their_files_without_hidden_ones(tmp_path):
    files = {"a/labs.csv": b"id,T-Bil\nP1,2\n", "__MACOSX/labs.csv": b"x", ".hidden.csv": b"x", "notes.docx": b"x"}
    assert [file.name for file in expand(NamedFile("all.zip", write_zip(files)))] == ["labs.csv"]
    (tmp_path / "labs.csv").write_bytes(b"id,T-Bil\nP1,2\n")
    (tmp_path / "notes.docx").write_bytes(b"x")
    assert [file.name for file in list_files(tmp_path)] == ["labs.csv"]


def bomb() -> bytes:
    """A zip that unpacks to a thousand times its size."""
    return write_zip({"zeros.csv": b"0" * 50_000_000})


def entities() -> bytes:
    """A sheet of Excel whose text grows by XML entities."""
    book = openpyxl.Workbook()
    book.active.append(["id", "value"])
    with zipfile.ZipFile(io.BytesIO(save(book))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    evil = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    name = "xl/worksheets/sheet1.xml"
    files[name] = files[name].replace(b"<worksheet", evil + b"<worksheet", 1)
    return write_zip(files)


def spoilt() -> bytes:
    """A zip whose packed bytes were changed."""
    whole = bytearray(write_zip({"a.csv": bytes(range(256)) * 20}))
    whole[45:75] = b"\xff" * 30
    return bytes(whole)


HOSTILE = {
    "a zip with changed bytes": (spoilt, "all.zip", "is damaged"),
    "zip bomb": (bomb, "all.zip", "would unpack to 50 MB"),
    "XML entities": (entities, "labs.xlsx", "cannot be read as an Excel file"),
    "a PDF renamed .csv": (lambda: b"%PDF-1.7\n1 0 obj", "labs.csv", "labs.csv is a PDF"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n", "labs.csv", "is a picture"),
    "old Excel": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1", "labs.xls", "save it as .xlsx"),
    "10,000 columns": ((",".join(f"c{at}" for at in range(10_000)) + "\n" + "1," * 9_999 + "1\n").encode, "labs.csv", "10,000 columns"),
    "10,000 quoted columns": ((",".join(f'"c{at}"' for at in range(10_000)) + '\n"1"\n').encode, "labs.csv", "10,000 columns"),
    "NUL bytes": (lambda: b"id,value\nP1,\x00\x00\n", "labs.csv", "holds zero bytes"),
    "a path out of a zip": (lambda: write_zip({"../../etc/passwd.csv": b"a,b\n1,2\n"}), "all.zip", "points outside of it"),
    "an absolute path in a zip": (lambda: write_zip({"/etc/x.csv": b"a,b\n1,2\n"}), "all.zip", "points outside of it"),
    "a zip in a zip": (lambda: write_zip({"inner.zip": write_zip({"a.csv": b"a,b\n1,2"})}), "all.zip", "holds another zip"),
    "half a zip": (lambda: write_wide()[:900], "labs.xlsx", "damaged zip or Excel file"),
    "a program": (lambda: b"MZ\x90\x00", "labs.csv", "is a program"),
    "a web page": (lambda: b"<!DOCTYPE html><html></html>", "labs.csv", "XML or a web page"),
    "deep JSON": (lambda: b"[{" + b"[" * 100_000, "labs.json", "is no JSON that can be read"),
    "JSON that is something else": (lambda: b'{"a": 1}', "labs.json", "neither Dataset-JSON 1.1"),
    "SAS transport cut off": (lambda: b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!000", "dm.xpt", "SAS transport"),
    "half a Parquet": (lambda: b"PAR1\x00\x01", "x.parquet", "Parquet"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_unknown_file_is_refused_in_a_sentence(name):
    make, file, sentence = HOSTILE[name]
    said = refuse(make(), file)
    assert sentence in said
    assert "\n" not in said


VALID = [
    b"id,day,T-Bil (mg/dL)\nP1,0,2.0\nP2,0,<0.2\n", b'"id";"Alb"\n"P1";"3,1"\n', write_wide(),
    json.dumps({"columns": [{"name": "USUBJID"}, {"name": "LBTESTCD"}, {"name": "LBORRES"}], "rows": [["1", "ALB", 3]]}).encode(),
    json.dumps({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Observation", "code": {"text": "ALB"}, "valueString": "3"}}]}).encode(),
    write_zip({"a.csv": b"id,T-Bil\n1,2\n"}),
]  # fmt: skip


@st.composite
def damaged(draw):
    """A valid file with some of its bytes changed, cut or repeated; or bytes of no meaning."""
    content = draw(st.sampled_from([*VALID, None]))
    if content is None:
        return draw(st.binary(max_size=400))
    at = draw(st.integers(0, len(content)))
    until = draw(st.integers(at, min(len(content), at + 40)))
    return content[:at] + draw(st.binary(max_size=20)) + content[until:]


@FUZZ
@given(content=damaged())
@example(content=b"{")
@example(content=b"[{}]")
@example(content=b'{"columns": [], "rows": [[]]}')
@example(
    content=b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Observation", "component": 3}}]}'
)
def test_whatever_a_file_holds_it_is_read_or_refused_in_a_sentence(content):
    try:
        tables = read(content, "file.csv")
    except UnreadableFile:
        return
    for proposal in propose([("file.csv", "0", table) for table in tables]):
        list_questions(proposal.reading, False)


@settings(FUZZ, max_examples=INPUTS // 4)  # each opens a database
@given(
    rows=st.lists(st.lists(st.text(alphabet="ab \";,'=\\", max_size=5), min_size=3, max_size=3), min_size=1, max_size=6)
)
def test_both_readers_of_delimited_text_give_the_same_table(rows):
    import csv

    from data.importers.readers.delimited import read_records, read_regular
    from data.importers.text import make_table

    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([["id", "value", "unit"], *rows])
    text = file.getvalue()
    try:
        quick = read_regular(text, ",", "x.csv", ())
        slow = make_table(read_records(text, ",", "x.csv"), "x.csv")
    except UnreadableFile:
        return
    if quick is not None:
        assert quick.rows.equals(slow.rows)
        assert quick.rejected.select("line", "reason").equals(slow.rejected.select("line", "reason"))


CELL = st.text(alphabet=st.characters(exclude_characters="\x00\r", exclude_categories=["Cs"]), max_size=6)


@FUZZ
@given(rows=st.lists(st.lists(CELL, min_size=1, max_size=4), min_size=1, max_size=8), mark=st.sampled_from(",;\t"))
def test_no_row_is_lost_every_record_is_read_or_rejected_with_its_line(rows, mark):
    import csv

    # Rows of units alone below the header belong to it, and are named in the columns.
    assume(not all(is_unit(cell.strip()) for cell in rows[0] if cell.strip()))

    file = io.StringIO()
    writer = csv.writer(file, delimiter=mark, lineterminator="\n")
    writer.writerow(["id", "value", "unit"])
    writer.writerows(rows)
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    if not filled:
        assert "no rows below" in refuse(file.getvalue().encode())
        return
    (table,) = read(file.getvalue().encode())
    assert table.rows.height + table.rejected.height == len(filled)
