"""Files as people have them, made for the tests: a coordinator's sheet, REDCap, FHIR, SDTM."""

import datetime as dt
import io
import json
import zipfile

import openpyxl
import polars as pl

DICTIONARY = """\
"Variable / Field Name","Form Name","Field Type","Field Label","Choices, Calculations, OR Slider Labels","Field Note","Text Validation Type OR Show Slider Number","Identifier?"
record_id,demographics,text,Record ID,,,,
full_name,demographics,text,Full name,,,,y
sex,demographics,radio,Sex,"1, Female | 2, Male",,,
infusion,demographics,text,Date of infusion,,,date_ymd,
lab_date,labs,text,Date of blood sample,,,date_ymd,
tbil,labs,text,Total bilirubin,,mg/dL,number,
asc,labs,dropdown,Ascites grade,"0, none | 1, slight | 2, moderate | 3, large",,,
"""
REDCAP = """\
record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,full_name,sex,infusion,lab_date,tbil,asc
R1,baseline_arm_1,,,Kim Person,1,2024-01-10,2024-01-09,3.1,2
R1,follow_up_arm_1,labs,1,,,,2024-02-10,2.5,1
R1,follow_up_arm_1,labs,2,,,,2024-03-10,2.1,
R2,baseline_arm_1,,,Lee Person,2,2024-02-01,2024-02-01,4.0,3
"""
# Three header rows, a title, a remark below; units in the header; dates as text and as Excel's; German decimals.
WIDE = [
    ["ABMi-Studie, Zentrum 1"],
    [],
    ["Patient", "Geschlecht", "Infusionsdatum", "Baseline", None, None, None, None, "Monat 3", None, None, None, None],
    [None, None, None, "Datum", "T-Bil", "Albumin", "Quick-Wert", "Aszites", "Datum", "T-Bil", "Albumin", "Quick-Wert", "Aszites"],
    [None, None, None, None, "mg/dl", "g/l", "%", None, None, "mg/dl", "g/l", "%", None],
    ["P01", "weiblich", dt.date(2024, 1, 10), dt.date(2024, 1, 8), "3,4", 29, 55, "++", dt.datetime(2024, 4, 10), "2,1", "33,5", 70, "+"],
    ["P02", "männlich", "15.01.2024", "14.01.2024", 2.5, "31", "n.d.", "-", "16.04.2024", "<0,2", 30, "n.d.", "+++"],
    ["P03", "m", dt.date(2024, 2, 1), "01.02.2024", "1,9", "28", "48", "+", None, None, None, None, None],
    ["P04", "w", dt.date(2024, 2, 2), "02.02.2024", "verloren", "280", "48", "+", "03.05.2024", "=1+1", 31, "60", "++"],
    ["n.d. = nicht bestimmt"],
]  # fmt: skip
MERGED = ("A1:M1", "D3:H3", "I3:M3", "A3:A5", "B3:B5", "C3:C5")
WIDE_CELLS = 8 * 4 - 4  # eight columns of values, four patients, one without a second visit


def save(book: openpyxl.Workbook) -> bytes:
    """A workbook as bytes."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def write_wide() -> bytes:
    """The coordinator's sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in WIDE:
        sheet.append(row)
    for area in MERGED:
        sheet.merge_cells(area)
    return save(book)


def write_zip(files: dict[str, bytes]) -> bytes:
    """Files in a zip."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def write_fhir() -> bytes:
    """A bundle with a patient, three observations, a condition and a medication."""

    def observation(code: str, text: str, when: str, **value) -> dict:
        coded = {"coding": [{"system": "http://loinc.org", "code": code}], "text": text}
        return {
            "resourceType": "Observation",
            "subject": {"reference": "Patient/f1"},
            "code": coded,
            "effectiveDateTime": when,
            **value,
        }

    patient = {"resourceType": "Patient", "id": "f1", "gender": "female", "birthDate": "1960-05-01",
               "name": [{"family": "Person"}], "telecom": [{"value": "+49 30 1234567"}]}  # fmt: skip
    resources = [
        patient,
        observation("1975-2", "Bilirubin", "2024-01-10", valueQuantity={"value": 34.2, "code": "umol/L"}),
        observation("1751-7", "Albumin", "2024-01-10", valueQuantity={"value": 29, "unit": "g/L"}),
        observation("1975-2", "Bilirubin", "2024-04-09T08:30:00Z", valueQuantity={"value": 0.2, "comparator": "<", "unit": "mg/dL"}),
        {"resourceType": "Condition", "subject": {"reference": "Patient/f1"}, "code": {"text": "ascites"}, "onsetDateTime": "2024-02-10"},
        {"resourceType": "MedicationStatement", "subject": {"reference": "Patient/f1"},
         "medicationCodeableConcept": {"text": "spironolactone"}, "effectivePeriod": {"start": "2024-01-10"},
         "dosage": [{"doseAndRate": [{"doseQuantity": {"value": 100, "unit": "mg"}}]}]},
    ]  # fmt: skip
    return json.dumps({"resourceType": "Bundle", "entry": [{"resource": item} for item in resources]}).encode()


def write_xport(frame: pl.DataFrame, name: str, path) -> None:
    """A SAS transport file."""
    import pyreadstat

    pyreadstat.write_xport(frame.to_pandas(), str(path), table_name=name, file_format_version=5)
