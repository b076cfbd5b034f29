"""One patient's course: points, ranges, timeline, words, tables, what is new; values typed in by hand."""

import csv
import io
import zipfile
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from analytics.catalog import PARAMETERS
from analytics.catalog.constants import ABOVE, BELOW, UNJUDGED, WITHIN
from analytics.cohort import derive_traits, list_events, list_extremes
from analytics.documents.printed import print_patient
from analytics.documents.workbook import write_workbook
from analytics.figures.strip import list_spans
from analytics.panel import assemble_study, derive_baselines, derive_panel, prepare_study
from analytics.patient import describe_infusions, select_patient, summarize_latest
from analytics.places import list_places
from analytics.profile.components import derive_components
from analytics.profile.news import compare_classes, compare_records, compare_values
from analytics.profile.points import CATALOG, LABORATORY, REPORTED, derive_points
from analytics.profile.ribbons import estimate_slopes, summarize_ribbons
from analytics.profile.sheet import Origin, choose_printed, list_sheets, make_sheet
from analytics.profile.strips import GROUPS, KEY, list_absent, list_groups
from analytics.profile.timeline import derive_timeline, list_drugs, merge_intervals
from analytics.profile.visit_table import tabulate_visits
from analytics.profile.words import describe_course, join_ends
from analytics.scores import find_any_parameter, find_score, list_series
from data import queries
from data.database import open_reader
from tests.conftest import SIMULATED
from tests.test_architecture import ROOT

KIM = ROOT / "data" / "studies" / "kim-abmi"
STUDIES = ("mayo-pbc", "kim-abmi", "ahd", SIMULATED)
PANEL = {
    **dict.fromkeys(("usubjid", "paramcd", "avisit", "avalc", "reported", "reported_unit", "file_name"), pl.String),
    **dict.fromkeys(("aval", "base", "chg", "pchg", "ref_low", "ref_high"), pl.Float64),
    **dict.fromkeys(("day", "line", "carried_days"), pl.Int32),
    **dict.fromkeys(("missing", "carried", "assumed"), pl.List(pl.String)),
    "post": pl.Boolean,
    "variant": pl.String,
}


def make_panel(rows: list[dict]) -> pl.DataFrame:
    """A patient's panel from what is said of each row."""
    return pl.DataFrame([{"usubjid": "P", **row} for row in rows], schema=PANEL)


def course(paramcd: str, values: dict[int, float], classes: dict[int, str] | None = None) -> list[dict]:
    """Rows of one parameter by day, the value of day 0 as baseline."""
    base = values[0]
    return [
        {
            "paramcd": paramcd, "day": day, "aval": value, "base": base, "chg": value - base, "post": day > 0,
            "avalc": (classes or {}).get(day),
        }
        for day, value in values.items()
    ]  # fmt: skip


EVENTS = {"usubjid": pl.String, "kind": pl.String, "day": pl.Int32}


def test_the_sentence_of_the_specification_comes_out_of_its_values():
    panel = make_panel(
        [
            *course("child_pugh", {0: 8, 180: 6}, {0: "B", 180: "A"}),
            *course("albumin", {0: 3.0, 180: 3.5}),
            *course("fibrosis_index", {0: 20.0, 180: 5.3}),
            *course("furosemide_dose", {0: 80, 180: 40}),
            *course("spironolactone_dose", {0: 0, 180: 0}),
        ]
    )
    parameters = [find_any_parameter(code) for code in panel["paramcd"].unique(maintain_order=True)]
    assert describe_course(panel, parameters, pl.DataFrame(schema=EVENTS), "infusion") == (
        "Child-Pugh B8 → A6 since infusion; albumin +0.50 g/dL; fibrosis index (MRI) −14.70; "
        "still on furosemide 40 mg/d, down from 80."
    )


@pytest.mark.parametrize(
    ("doses", "said"),
    [
        ({0: 80, 90: 0}, "furosemide stopped (was 80 mg/d)"),
        ({0: 0, 90: 40}, "furosemide 40 mg/d, begun since"),
        ({0: 40, 90: 80}, "still on furosemide 80 mg/d, up from 40"),
        ({0: 40, 90: 40}, "still on furosemide 40 mg/d, unchanged"),
    ],
)
def test_what_became_of_a_diuretic_is_said(doses, said):
    panel = make_panel([*course("albumin", {0: 3.0, 90: 3.0}), *course("furosemide_dose", doses)])
    parameters = [PARAMETERS["albumin"], PARAMETERS["furosemide_dose"]]
    sentence = describe_course(panel, parameters, pl.DataFrame(schema=EVENTS), "infusion")
    assert sentence == f"No key score or value moved since infusion; {said}."


def test_a_class_that_stayed_is_said_once_on_a_card():
    assert join_ends({"Baseline": "−1.57 (2b)", "Latest": "−1.86 (2b)"}) == "−1.57 → −1.86 (2b)"
    assert join_ends({"Baseline": "9 (B)", "Latest": "6 (A)"}) == "9 (B) → 6 (A)"
    assert join_ends({"Baseline": "20.00", "Latest": "–"}) == "20.00"
    assert join_ends({"Baseline": "–", "Latest": "145"}) == "145"


def test_a_death_is_said_and_so_is_that_nothing_can_be_compared():
    panel = make_panel(course("albumin", {0: 3.0}))
    ends = pl.DataFrame({"usubjid": ["P"], "kind": ["death"], "day": [3]}, schema=EVENTS)
    said = describe_course(panel, [PARAMETERS["albumin"]], ends, "infusion")
    assert said == (
        "No value after baseline can be compared with one before: nothing is said of change; died on day 3."
    )


@pytest.mark.parametrize(
    ("patient", "sentence"),
    [
        ("KIM-1", "Fibrosis index (MRI) −14.70 since infusion; liver volume 145 % of that before infusion."),
        ("KIM-2", "Fibrosis index (MRI) −4.06 since infusion."),
        ("KIM-3", "Fibrosis index (MRI) −14.00 since infusion."),
        ("KIM-4", "No key score or value moved since infusion."),
        ("KIM-5", "Fibrosis index (MRI) +3.00 since infusion."),
    ],
)
def test_the_five_patients_of_the_thesis_in_a_sentence(read_case, patient, sentence):
    case = read_case("kim-abmi", patient)
    assert describe_course(case.panel, case.parameters, case.events, case.origin) == sentence


def read_rows(name: str, number: str) -> dict[str, str]:
    """The row of one patient in a transcribed table of the thesis."""
    with (KIM / name).open(encoding="utf-8") as file:
        return next(row for row in csv.DictReader(file) if row["patient"] == number)


@pytest.mark.parametrize("number", ["1", "2", "3", "4", "5"])
def test_a_patient_of_the_thesis_shows_everything_it_prints_and_nothing_else(read_case, number):
    case = read_case("kim-abmi", f"KIM-{number}")
    baseline, index = read_rows("kim_patients.csv", number), read_rows("kim_fibrosis_index.csv", number)
    printed = {
        ("bilirubin", "Baseline"): float(baseline["total_bilirubin_mg_dl"]),
        ("albumin", "Baseline"): float(baseline["albumin_g_dl"]),
        ("pt_activity", "Baseline"): float(baseline["prothrombin_time_pct"]),
        ("icg_r15", "Baseline"): float(baseline["icg_r15_pct"]),
        ("ascites_grade", "Baseline"): {"None": 0.0, "Minimal": 1.0, "Large": 3.0}[baseline["ascites"]],
        ("he_grade", "Baseline"): 0.0,
        ("fibrosis_index", "Baseline"): float(index["initial"]),
        ("fibrosis_index", "Latest"): float(index["latest"]),
    } | ({("liver_volume_pct", "Month 6"): 145.0} if number == "1" else {})
    measured = case.points.filter(pl.col("reported").is_not_null())
    assert {(row["paramcd"], row["avisit"]): row["aval"] for row in measured.iter_rows(named=True)} == printed
    assert measured["day"].null_count() == measured.height
    assert list_absent([item.paramcd for item in case.parameters]) == ["Quality of life", "Tumor marker", "Safety"]
    infusion = read_rows("kim_infusion.csv", number)
    said = describe_infusions(case.treatments)
    assert f"{float(infusion['infused_cells_e9']) * 1000:,.0f} × 10⁶ cells" in said
    assert f"CD34+ {float(infusion['cd34_e6']):g} × 10⁶" in said
    assert "viability" not in said  # the thesis prints none
    assert case.events.is_empty()
    assert case.medications.is_empty()


def test_a_range_comes_with_the_value_else_from_the_laboratory_else_from_the_catalog():
    rows = [
        {"paramcd": "alt", "day": 0, "aval": 41.0, "ref_low": 5.0, "ref_high": 45.0, "reported": "41"},
        {"paramcd": "alt", "day": 7, "aval": 41.0, "reported": "41"},
        {"paramcd": "bilirubin", "day": 0, "aval": 1.2, "reported": "1.2"},
        {"paramcd": "bilirubin", "day": 7, "aval": 1.3, "reported": "1.3"},
        {"paramcd": "bilirubin", "day": 9, "aval": 0.1, "reported": "0.1"},
        {"paramcd": "fibrosis_index", "day": 0, "aval": 12.0, "reported": "12"},
        {"paramcd": "ascites_grade", "day": 0, "aval": 2.0, "reported": "2"},
    ]
    parameters = [PARAMETERS[code] for code in ("alt", "bilirubin", "fibrosis_index", "ascites_grade")]
    found = derive_points(make_panel(rows), parameters, {"alt": (None, 40.0)})
    assert found["range_source"].to_list() == [REPORTED, LABORATORY, CATALOG, CATALOG, CATALOG, None, None]
    # The catalog's 0.2 to 1.2 mg/dL holds its ends; an index and a grade have no range.
    assert found["standing"].to_list() == [WITHIN, ABOVE, WITHIN, ABOVE, BELOW, UNJUDGED, UNJUDGED]


@pytest.mark.parametrize(
    ("text", "unit", "paramcd", "limit", "side"),
    [
        ("<0.2", "mg/dL", "bilirubin", 0.2, "<"),
        ("<3.42", "umol/L", "bilirubin", 0.2, "<"),
        ("< 0,2", "mg/dL", "bilirubin", 0.2, "<"),
        (">=1000", "ng/mL", "afp", 1000, ">"),
        ("≤3", "ug/L", "afp", 3, "≤"),
    ],
)
def test_a_value_below_a_limit_is_a_point_at_that_limit(text, unit, paramcd, limit, side):
    panel = make_panel([{"paramcd": paramcd, "day": 0, "reported": text, "reported_unit": unit, "avalc": text}])
    found = derive_points(panel, [PARAMETERS[paramcd]], {})
    assert found["limit"].to_list() == pytest.approx([limit])
    assert found["side"].to_list() == [side]
    assert found["aval"].to_list() == [None]


def test_a_value_below_the_limit_stands_in_figure_table_and_hover_as_it_was_reported(read_case):
    case = next(
        case for number in range(1, 61) if (case := read_case(SIMULATED, f"SIM-{number:03d}")).points["limit"].count()
    )
    row = case.points.filter(pl.col("limit").is_not_null()).row(0, named=True)
    assert row["limit"] == pytest.approx(3)
    assert "&lt;3" in row["hover"]
    table = tabulate_visits(case.points, case.parameters, case.places)
    assert any("<3 " in (cell or "") for cell in table.filter(pl.col("Parameter") == "AFP, ng/mL").row(0))


def test_limits_that_change_with_the_laboratory_hold_up_to_the_middle_between_two_values():
    values = pl.DataFrame({"day": [0, 30, 90, 120], "low": [5.0, 5.0, 7.0, 7.0], "high": [40.0, 40.0, 45.0, 45.0]})
    assert list_spans(values) == [(0, 60.0, 5.0, 40.0), (60.0, 120, 7.0, 45.0)]
    assert list_spans(values.head(2)) == [(None, None, 5.0, 40.0)]
    undated = values.with_columns(day=pl.lit(None, pl.Int32))
    assert list_spans(undated) == []


def test_ribbons_are_r_s_quantiles_of_type_7_where_ten_values_are():
    values = [3.1, 2.4, 2.9, 3.8, 3.3, 2.2, 4.0, 3.5, 2.7, 3.0]
    rows = [("A", f"P{n}", "V1", value) for n, value in enumerate(values)] + [("A", "P1", "V2", 3.0)]
    panel = pl.DataFrame(rows, ["arm", "usubjid", "avisit", "aval"], orient="row").with_columns(
        paramcd=pl.lit("albumin"), analysis=pl.lit(True)
    )
    visits = pl.DataFrame({"avisit": ["V1", "V2"], "target_day": [30, 60]})
    found = summarize_ribbons(panel, visits, panel.select("usubjid").unique())
    assert found["avisit"].to_list() == ["V1"]
    # By hand: at 0.05 the place is 0.45 between 2.2 and 2.4, at 0.25 it is 2.25 between 2.7 and 2.9, and so on.
    assert found.select("p5", "q1", "median", "q3", "p95").row(0) == pytest.approx((2.29, 2.75, 3.05, 3.45, 3.91))
    assert summarize_ribbons(panel, visits, panel.select("usubjid").unique().head(9)).is_empty()


def test_the_slope_before_day_0_is_the_least_squares_line_and_needs_three_days():
    rows = course("albumin", {-60: 2.0, -30: 2.6, 0: 2.9, 30: 9.0})
    found = estimate_slopes(make_panel(rows)).row(0, named=True)
    # By hand: sum of (x + 30)(y - 2.5) is 27, of (x + 30)^2 1800; 2.5 + 0.015 x 30 is 2.95.
    assert (found["n"], found["first"]) == (3, -60)
    assert (found["intercept"], found["slope"]) == pytest.approx((2.95, 0.015))
    assert estimate_slopes(make_panel(rows[1:])).is_empty()


@given(
    st.lists(st.integers(-400, 0), min_size=3, max_size=8, unique=True),
    st.floats(-5, 5),
    st.floats(-0.1, 0.1),
)
def test_values_on_a_line_give_that_line(days, intercept, slope):
    rows = [{"paramcd": "albumin", "day": day, "aval": intercept + slope * day} for day in days]
    found = estimate_slopes(make_panel(rows)).row(0, named=True)
    assert (found["intercept"], found["slope"]) == pytest.approx((intercept, slope), abs=1e-6)


def test_every_parameter_can_be_reached_by_a_group_and_a_score_stands_among_scores():
    everything = [*list_series(), *PARAMETERS]
    groups = list_groups(everything)
    reached = {code for codes in groups.values() for code in codes}
    assert set(everything) - reached == {code for code in list_series() if code.startswith("ctcae5_")}
    assert all(code in PARAMETERS for codes in GROUPS.values() for code in codes)
    assert len(groups[KEY]) == 8
    assert list_groups([]) == {}
    assert list_groups(["weight"])[KEY] == ["weight"]  # the page of one parameter is not empty


def make_medications(rows: list[tuple]) -> pl.DataFrame:
    """Medication intervals: drug, start, end, dose, unit."""
    schema = {
        "drug": pl.String,
        "start_day": pl.Int32,
        "end_day": pl.Int32,
        "daily_dose": pl.Float64,
        "unit": pl.String,
    }
    return pl.DataFrame(rows, schema, orient="row").with_columns(file_name=pl.lit("m.csv"), line=pl.lit(2))


def test_neighbouring_intervals_of_one_dose_are_one_bar_as_high_as_the_dose():
    rows = [
        ("furosemide", -30, 9, 80.0, "mg/d"),
        ("furosemide", 10, 40, 80.0, "mg/d"),
        ("furosemide", 41, None, 40.0, "mg/d"),
    ]
    found = list_drugs(make_medications(rows), -10, 100)
    assert [(row["start"], row["end"], row["size"]) for row in found] == [(-10, 41, 1.0), (41, 101, 0.5)]
    gap = [("furosemide", 0, 9, 80.0, "mg/d"), ("furosemide", 20, 40, 80.0, "mg/d")]
    assert len(list_drugs(make_medications(gap), 0, 100)) == 2


def test_a_dose_that_is_not_recorded_says_so_and_a_seventh_drug_has_no_lane():
    rows = [(f"drug {n}", 0, 10 * n, None, None) for n in range(1, 8)]
    found = list_drugs(make_medications(rows), 0, 100)
    assert {row["lane"] for row in found} == {f"drug {n}" for n in range(2, 8)}  # the shortest is left to the table
    assert all("dose not recorded" in row["text"] and row["size"] is None for row in found)


def test_merging_intervals_keeps_every_day():
    spans = pl.DataFrame(
        {
            "drug": ["a", "a", "b"],
            "start": [0, 5, 3],
            "end": [4, 9, 9],
            "daily_dose": [1.0, 1.0, 1.0],
            "unit": ["mg"] * 3,
        }
    ).with_columns(file_name=pl.lit("m.csv"), line=pl.lit(2))
    merged = merge_intervals(spans)
    assert merged.select("drug", "start", "end").rows() == [("a", 0, 9), ("b", 3, 9)]


def test_the_timeline_has_infusions_events_stays_paracenteses_and_imaging_with_their_source(read_case):
    case = read_case(SIMULATED, "SIM-034")
    lanes = derive_timeline(case.study, case.panel, "SIM-034")
    assert lanes["lane"].unique(maintain_order=True).to_list()[:4] == [
        "Infusions",
        "Events",
        "Hospital",
        "Paracentesis",
    ]
    assert lanes.filter(pl.col("lane") == "Hospital")["end"].null_count() == 0
    assert all("line " in text for text in lanes["hover"])
    own = case.events
    assert lanes.filter(pl.col("lane").is_in(["Events", "Hospital", "Paracentesis"])).height == own.height


def test_a_hostile_text_is_no_markup_in_a_hover(read_case):
    case = read_case(SIMULATED, "SIM-034")
    hostile = case.study.events.with_columns(text=pl.lit("<a href='http://x'>click</a>"))
    lanes = derive_timeline(replace(case.study, events=hostile), case.panel, "SIM-034")
    assert not any("<a" in text for text in lanes["hover"])


def test_components_add_up_to_the_score(read_case):
    case = read_case(SIMULATED, "SIM-034")
    for code, rounded in (("child_pugh", False), ("meld", True)):
        score = find_score(code)
        parts = derive_components(score, prepare_study(score, case.study, case.study.measurements))
        sums = parts.group_by("day").agg(pl.col("value").sum(), n=pl.len())
        known = case.panel.filter(pl.col("paramcd") == code, pl.col("aval").is_not_null()).select("day", "aval")
        joined = known.join(sums, on="day")
        assert joined.height > 5
        assert joined["value"].round(0 if rounded else 9).to_list() == pytest.approx(joined["aval"].to_list())


def test_the_wide_table_of_kim_1_typed_from_the_thesis(read_case):
    case = read_case("kim-abmi", "KIM-1")
    table = {row[0]: row[1:] for row in tabulate_visits(case.points, case.parameters, case.places).rows()}
    columns = tabulate_visits(case.points, case.parameters, case.places).columns[1:]
    assert columns == ["Baseline, day not reported", "day 0", "Month 6, day not reported", "Latest, day not reported"]
    assert table["Fibrosis index (MRI)"] == ("20.00", None, None, "5.30 [−14.70]")
    assert table["Liver volume of baseline, %"] == (None, None, "145", None)
    assert table["Albumin, g/dL"] == ("2.60 L", None, None, None)
    assert table["Child-Pugh, points"] == ("10 (C)", None, None, None)


def test_a_patient_with_sixteen_visits_has_sixteen_columns(panels, read_case):
    days = panels["mayo-pbc"].filter(pl.col("reported").is_not_null()).group_by("usubjid").agg(pl.col("day").n_unique())
    longest = days.sort("day").row(-1)
    assert longest[1] == 16
    case = read_case("mayo-pbc", longest[0])
    assert tabulate_visits(case.points, case.parameters, case.places).width == 17


@pytest.mark.parametrize("study", STUDIES)
def test_a_patient_derived_alone_is_the_patient_of_the_whole_study(study, read_study, panels, store):
    connection = open_reader(store, store.current())
    config = queries.fetch_config(connection, study)
    ids = read_study(study).subjects["usubjid"]
    for usubjid in ids.gather_every(max(1, ids.len() // 7)):
        own = derive_panel(assemble_study(queries.fetch_frames(connection, study, usubjid), config))
        keys = ["paramcd", "day", "avisit"]
        assert_frame_equal(select_patient(own, usubjid).sort(keys), select_patient(panels[study], usubjid).sort(keys))


@pytest.mark.parametrize("study", STUDIES)
def test_filters_need_no_value_after_day_0(study, read_study, panels, store):
    connection = open_reader(store, store.current())
    early = assemble_study(queries.fetch_frames(connection, study, until=0), queries.fetch_config(connection, study))
    whole, based = read_study(study), derive_baselines(early)
    events = list_events(whole.events, whole.treatments)
    assert derive_traits(whole.subjects, based, events).equals(derive_traits(whole.subjects, panels[study], events))
    assert list_extremes(whole.subjects, based) == list_extremes(whole.subjects, panels[study])
    assert based.select("usubjid", "paramcd").is_duplicated().sum() == 0


VALUES = {
    **dict.fromkeys(("usubjid", "paramcd", "avisit", "reported", "reported_unit", "file_name"), pl.String),
    **dict.fromkeys(("day", "line", "batch"), pl.Int32),
}


def make_values(rows: dict[tuple, str], unit: str = "g/dL") -> pl.DataFrame:
    """Measurements as reported, by parameter, day and visit."""
    named = [("P", code, visit, text, unit, "a.csv", day, 2, 1) for (code, day, visit), text in rows.items()]
    return pl.DataFrame(named, VALUES, orient="row")


def test_new_changed_and_removed_values_are_told_apart():
    before = make_values(
        {("albumin", 0, None): "3.0", ("albumin", 30, None): "3.2", ("fibrosis_index", None, "Latest"): "5"}
    )
    now = make_values({("albumin", 0, None): "3.0", ("albumin", 30, None): "2.3", ("albumin", 60, None): "3.3"})
    found = compare_values(before, now)
    assert found.select("what", "parameter", "day", "avisit", "old", "new").rows() == [
        ("changed", "Albumin", 30, None, "3.2 g/dL", "2.3 g/dL"),
        ("new", "Albumin", 60, None, None, "3.3 g/dL"),
        ("removed", "Fibrosis index (MRI)", None, "Latest", "5 g/dL", None),
    ]
    assert set(found["source"]) == {"a.csv, line 2"}
    assert compare_values(now, now).is_empty()


def test_a_changed_unit_is_a_changed_value():
    rows = {("albumin", 0, None): "30"}
    found = compare_values(make_values(rows), make_values(rows, "g/L"))
    assert found.select("old", "new").rows() == [("30 g/dL", "30 g/L")]


def test_a_class_that_moved_is_listed_and_a_new_day_is_no_move():
    before = make_panel(course("child_pugh", {0: 8, 30: 7}, {0: "B", 30: "B"}))
    now = make_panel(course("child_pugh", {0: 8, 30: 6, 60: 6}, {0: "B", 30: "A", 60: "A"}))
    assert compare_classes(before, now).rows() == [("Child-Pugh", None, 30, "B", "A")]


def test_new_and_removed_records_are_listed(read_case):
    case = read_case(SIMULATED, "SIM-034")
    fewer = replace(case.study, events=case.study.events.filter(pl.col("kind") != "death"))
    found = compare_records(fewer, case.study, "SIM-034")
    assert found.select("what", "record").rows() == [("new", "event")]
    assert "kind death" in found["text"][0]
    assert compare_records(case.study, fewer, "SIM-034")["what"].to_list() == ["removed"]


ORIGIN = Origin("s", "Study", "hepatrace-000001", True, "data cut day 422")


def test_the_printed_page_says_the_same_numbers_as_the_screen(read_case):
    case = read_case(SIMULATED, "SIM-034")
    sheet = make_sheet(case, ORIGIN)
    screen = {row["Parameter"]: row for row in summarize_latest(case.panel, case.parameters).iter_rows(named=True)}
    for row in sheet["changes"]:
        said = dict(zip(sheet["head"], row, strict=True))
        assert said == {name: screen[said["Parameter"]][name] for name in sheet["head"]}
    assert sheet["sentence"] == describe_course(case.panel, case.parameters, case.events, case.origin)
    assert sheet["foot"] == "SIM-034 · SIMULATED · study s · data cut day 422 · revision hepatrace-000001"
    assert "day 422: death, grade 5, serious" in sheet["lists"]["Events"]


def test_a_page_is_set_also_with_hostile_text_and_without_any_value(read_case):
    case = read_case(SIMULATED, "SIM-034")
    hostile = {**case.subject, "usubjid": "#panic() *x* $y$ @z", "arm": '</script> #import "x"', "site": "[[" * 40}
    content = print_patient(make_sheet(replace(case, subject=hostile), ORIGIN), None)
    assert content.startswith(b"%PDF")
    bare = replace(case, panel=case.panel.clear(), points=case.points.clear(), parameters=[])
    assert print_patient(make_sheet(bare, ORIGIN), None).startswith(b"%PDF")


def test_the_printed_figure_prefers_courses_to_single_values(read_case):
    case = read_case("kim-abmi", "KIM-1")
    _, parameters, behind, _ = choose_printed(case)
    assert parameters[0].paramcd == "fibrosis_index"
    assert behind.timeline is not None


def test_a_workbook_holds_every_table_and_no_formula(read_case):
    case = read_case(SIMULATED, "SIM-034")
    sheets = list_sheets(case, "conventional")
    sheets["Events"] = sheets["Events"].with_columns(text=pl.lit('=HYPERLINK("http://x")'))
    book = zipfile.ZipFile(io.BytesIO(write_workbook(sheets, {"Source": ORIGIN.words})))
    pages = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(pages) == 1 + len(sheets)
    assert not any("<f>" in page or "hyperlink" in page for page in pages)
    assert "SIMULATED" in book.read("xl/sharedStrings.xml").decode()


@given(st.permutations(range(6)))
def test_the_order_of_rows_changes_nothing_in_the_sentence_or_the_table(order):
    rows = [*course("albumin", {-5: 2.9, 0: 3.0, 90: 3.4}), *course("bilirubin", {-5: 1.9, 0: 2.0, 90: 1.0})]
    parameters = [PARAMETERS["bilirubin"], PARAMETERS["albumin"]]
    whole, mixed = make_panel(rows), make_panel([rows[place] for place in order])
    for panel in (whole, mixed):
        assert describe_course(panel, parameters, pl.DataFrame(schema=EVENTS), "infusion") == (
            "Albumin +0.40 g/dL since infusion; bilirubin −1.0 mg/dL."
        )
    tables = [
        tabulate_visits(points, parameters, list_places(points))
        for points in (derive_points(panel, parameters, {}) for panel in (whole, mixed))
    ]
    assert tables[0].equals(tables[1])
    assert np.array_equal(tables[0].columns, ["Parameter", "day -5", "day 0", "day 90"])
