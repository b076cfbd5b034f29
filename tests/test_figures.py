"""Figures: they draw empty frames, one trace an arm however many patients, and typed arrays."""

import json

import numpy as np
import polars as pl
import pytest

from analytics.catalog import PARAMETERS
from analytics.courses import Measure, describe_axis, place_courses, summarize_courses
from analytics.documents.pictures import render_figure
from analytics.figures.association import Titles, plot_correlations, plot_pairs
from analytics.figures.cohort import plot_completeness, plot_follow_up
from analytics.figures.counts import say_count, thin
from analytics.figures.flow import plot_flow
from analytics.figures.incidence import plot_incidence, plot_mean_count, plot_stacked
from analytics.figures.multiples import plot_multiples
from analytics.figures.outlook import plot_calibration, plot_expected, plot_extrapolation, plot_prediction
from analytics.figures.patient import Axis, Behind, plot_patient
from analytics.figures.regression import plot_effect, plot_forest, plot_form
from analytics.figures.schedule import plot_assessments
from analytics.figures.survival import ROWS as COUNTS
from analytics.figures.survival import Curve, make_axis, plot_survival
from analytics.figures.theme import STATUS_COLORS, Theme, choose_time_unit, stamp_figure
from analytics.figures.trajectory import Axes, plot_trajectories
from analytics.figures.waterfall import plot_thresholds, plot_waterfall
from analytics.profile.timeline import COLUMNS as TIMELINE
from analytics.profile.timeline import derive_timeline
from analytics.summary import summarize_completeness
from analytics.survival.competing import SCHEMA as INCIDENCE
from analytics.survival.kaplan_meier import estimate_kaplan_meier, select_days
from tests.conftest import SIMULATED

COURSES = {"usubjid": pl.String, "arm": pl.String, "avisit": pl.String, "x": pl.Float64, "y": pl.Float64}
SUMMARY = {
    "arm": pl.String,
    "x": pl.Float64,
    "n": pl.UInt32,
    "mean": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
}
TIMES = {"time": pl.Int64, "event": pl.Boolean}
DRAWN = {
    **dict.fromkeys(("paramcd", "avisit", "standing", "side", "key", "hover"), pl.String),
    **dict.fromkeys(("aval", "low", "high", "limit"), pl.Float64),
    **dict.fromkeys(("day", "grade"), pl.Int32),
}
MARKS = {"usubjid": pl.String, "kind": pl.String, "day": pl.Int32}
FOLLOWED = {"usubjid": pl.String, "arm": pl.String, "last_contact_day": pl.Int32}
COMPLETE = {
    "paramcd": pl.String,
    "avisit": pl.String,
    "position": pl.Int32,
    "n": pl.UInt32,
    "expected": pl.Int64,
    "share": pl.Float64,
}
THEMES = [Theme(), Theme(dark=True)]


def draw_curve(times, longest=0.0) -> Curve:
    """A curve with its counts."""
    curve = estimate_kaplan_meier(times)
    return Curve("all", curve, select_days(curve, make_axis(longest, "infusion").days))


@pytest.mark.parametrize("theme", THEMES)
def test_every_figure_draws_an_empty_frame(theme):
    empty = [pl.DataFrame(schema=schema) for schema in (COURSES, SUMMARY, TIMES, DRAWN, MARKS, FOLLOWED, COMPLETE)]
    courses, summary, times, points, marks, followed, complete = empty
    assert plot_trajectories(courses, summary, Axes("x", "y"), theme).layout.height
    assert plot_survival(
        [draw_curve(times)], "Overall survival", make_axis(0, "infusion"), tuple(COUNTS), theme
    ).layout.height
    assert plot_survival([], "Overall survival", make_axis(0, "infusion"), ("at_risk",), theme).layout.height
    assert plot_patient(points, [PARAMETERS["albumin"]], Behind(), Axis("infusion"), theme).layout.height
    lanes = pl.DataFrame(schema=TIMELINE)
    assert plot_patient(points, [], Behind(timeline=lanes), Axis("infusion"), theme).layout.height
    assert plot_follow_up(followed, marks, "infusion", theme).layout.height
    assert plot_completeness(complete, {}, theme).layout.height


ANSWERS = {"usubjid": pl.String, "arm": pl.String, "y": pl.Float64, "outcome": pl.String, "reason": pl.String}
STRIP = {
    "arm": pl.String,
    **dict.fromkeys(("threshold", "share", "lower", "upper"), pl.Float64),
    "responders": pl.Int64,
    "n": pl.Int64,
}
POINTS = {"usubjid": pl.String, "arm": pl.String, "x": pl.Float64, "y": pl.Float64}
FLOW = {"step": pl.Int32, "source": pl.String, "target": pl.String, "n": pl.UInt32}
PLANNED = {"usubjid": pl.String, "arm": pl.String, "avisit": pl.String, "position": pl.Int32, "target_day": pl.Int32,
           "day": pl.Int32, "status": pl.String}  # fmt: skip
PAIRS = {"first": pl.String, "second": pl.String, "n": pl.Int64, "spearman": pl.Float64}


@pytest.mark.parametrize("theme", THEMES)
def test_every_figure_of_response_draws_an_empty_frame(theme):
    answers, strip, points, flow, planned, pairs = (
        pl.DataFrame(schema=schema) for schema in (ANSWERS, STRIP, POINTS, FLOW, PLANNED, PAIRS)
    )
    assert plot_waterfall(answers, "MELD, change", "lower", 0, theme).layout.height
    assert plot_thresholds(strip, "MELD, change", 0, theme).layout.height
    assert plot_pairs(points, Titles("x", "y"), theme).layout.height
    assert plot_flow(flow, ["Baseline"], theme).layout.height
    assert plot_assessments(planned, theme).layout.height
    assert plot_correlations(pairs, {}, theme).layout.height
    assert plot_multiples({}, "x", (), theme).layout.height


@pytest.mark.parametrize("better", ["lower", "higher", "none"])
def test_bars_are_colored_by_the_direction_of_benefit_and_every_patient_can_be_clicked(better):
    theme = Theme()
    rows = pl.DataFrame({"usubjid": ["P1", "P2", "P3"], "arm": ["A"] * 3, "y": [-2.0, 0.0, 3.0],
                         "outcome": ["responder", "no response", "no response"], "reason": [None, None, None]},
                        schema_overrides={"reason": pl.String})  # fmt: skip
    figure = plot_waterfall(rows, "x", better, -1, theme)
    bars, still = figure.data
    colors = dict(zip([item[0] for item in bars.customdata], bars.marker.color, strict=True))
    expected = {"lower": (theme.better, theme.worse), "higher": (theme.worse, theme.better)}
    assert (colors["P1"], colors["P3"]) == expected.get(better, (theme.neutral, theme.neutral))
    assert [item[0] for item in still.customdata] == ["P2"]  # a bar of height 0 cannot be seen
    worst_first = [item[0] for item in bars.customdata]
    assert worst_first == (["P1", "P2", "P3"] if better == "higher" else ["P3", "P2", "P1"])


def test_figures_of_ten_thousand_patients_stay_within_the_drawing_budget():
    n = 10_000
    rows = pl.DataFrame({"usubjid": [f"S{k}" for k in range(n)], "arm": ["A", "B"] * (n // 2), "x": np.arange(n) % 97.0,
                         "y": np.sin(np.arange(n)), "outcome": ["responder"] * n, "reason": [None] * n},
                        schema_overrides={"reason": pl.String})  # fmt: skip
    planned = rows.select("usubjid", "arm", avisit=pl.lit("M1"), position=pl.lit(0), target_day=pl.lit(30), day=pl.lit(30),
                          status=pl.lit("done"))  # fmt: skip
    bars = plot_waterfall(rows, "x", "lower", 0, Theme())
    points = plot_pairs(rows, Titles("x", "y"), Theme())
    cells = plot_assessments(planned, Theme())
    assert sum(len(trace.x) for trace in bars.data) <= 400
    assert sum(len(trace.x) for trace in points.data) <= 800
    assert len(cells.data[0].z) <= 300
    for figure in (bars, points, cells):
        assert len(figure.to_json()) < 300_000
        assert len(figure.data) < 12


def plan_visits(patients: int, visits: int) -> pl.DataFrame:
    """Planned visits of patients, their states in turn, each 3 days after its target where it took place."""
    states = pl.Series(list(STATUS_COLORS))
    grid = pl.DataFrame({"usubjid": [f"P{n:03d}" for n in range(patients)], "arm": "A"}).join(
        pl.DataFrame({"position": range(visits)}), how="cross"
    )
    turn = pl.int_range(grid.height, eager=True) % len(states)
    target = 30 * pl.col("position")
    days = {"target_day": target, "day": pl.when(turn < 3).then(target + 3)}
    return grid.with_columns(avisit=pl.format("V{}", "position"), status=states.gather(turn), **days)


@pytest.mark.parametrize("patients", [4, 100])
def test_a_cell_of_a_planned_visit_says_whose_it_is_and_what_became_of_it(patients):
    rows = plan_visits(patients, 7)
    figure = plot_assessments(rows, Theme())
    heat = figure.data[0]
    names = list(STATUS_COLORS)
    for number, row in enumerate(rows.iter_rows(named=True)):
        y, x = divmod(number, 7)
        assert names[heat.z[y][x]] == row["status"]
        if patients == 4:
            usubjid, said = figure.data[1].customdata[number]
            assert usubjid == row["usubjid"]
            assert said.startswith(row["status"])
            assert f"day {row['day']} (target {row['target_day']})" in said or row["day"] is None
        else:
            assert heat.y[y] == row["usubjid"]
            done = f"day {row['day']}" if row["status"] == "done" else f"{row['status']}, day {row['day']}"
            assert heat.text[y][x] == (row["status"] if row["day"] is None else done)


def test_counts_of_a_registry_fit_under_their_ticks():
    """Six digits would run into each other on a tablet; the table below the figure has them all."""
    assert [say_count(n) for n in (0, 99_999, 100_000, 456_549)] == ["0", "99999", "100k", "457k"]
    courses, summary = make_courses(10)
    many = summary.with_columns(n=pl.lit(456_549), lost=pl.lit(123_456))
    figure = plot_trajectories(courses, many, Axes("x", "y"), Theme())
    texts = {text for trace in figure.data if trace.mode == "text" for text in trace.text}
    assert texts == {"457k<br>−123k"}


def test_planned_visits_of_300_patients_over_two_years_weigh_little():
    assert len(plot_assessments(plan_visits(300, 25), Theme()).to_json()) < 120_000


def test_courses_of_many_arms_share_one_budget_of_markers():
    courses, summary = make_courses(299)
    arms = pl.Series([f"arm {k % 4}" for k in range(courses.height // 6) for _ in range(6)])
    figure = plot_trajectories(courses.with_columns(arm=arms), summary, Axes("x", "y"), Theme())
    marked = [trace for trace in figure.data if trace.mode and "markers" in trace.mode]
    assert sum(len(trace.x) for trace in marked) <= 3_000


def test_a_figure_for_a_document_says_what_it_shows():
    figure = plot_pairs(pl.DataFrame(schema=POINTS), Titles("x", "y"), Theme())
    stamped = stamp_figure(figure, "SIMULATED: a trial · 60 of 60 patients", dark=False)
    assert "SIMULATED" in stamped.layout.annotations[-1].text
    assert not figure.layout.annotations  # the one on the page stays as it is
    assert b"SIMULATED" in render_figure(stamped, "html")


def make_courses(n: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Courses of n subjects in two arms over six visits, and their summary."""
    rng = np.random.default_rng(1)
    courses = pl.DataFrame(
        {
            "usubjid": np.repeat([f"S{number:05d}" for number in range(n)], 6),
            "arm": np.repeat(np.where(np.arange(n) % 2, "A", "B"), 6),
            "avisit": np.tile([f"V{visit}" for visit in range(6)], n),
            "x": np.tile(np.arange(6.0), n),
            "y": rng.normal(3, 1, 6 * n),
        }
    )
    summary = courses.group_by("arm", "x").agg(
        n=pl.len(), mean=pl.col("y").mean(), lower=pl.col("y").min(), upper=pl.col("y").max()
    )
    return courses, summary


@pytest.mark.parametrize("n", [5, 300, 10_000])
def test_the_number_of_traces_does_not_depend_on_the_patients_and_the_figure_stays_small(n):
    figure = plot_trajectories(*make_courses(n), Axes("x", "y"), Theme())
    assert len(figure.data) == 6  # courses, mean and counts of two arms
    assert not any(trace.type.endswith("gl") for trace in figure.data)
    assert len(figure.to_json()) < 120_000


def test_arrays_in_a_figure_are_typed_and_not_lists():
    figure = json.loads(plot_trajectories(*make_courses(100), Axes("x", "y"), Theme()).to_json())
    lines = [trace for trace in figure["data"] if "lines" in trace["mode"]]
    assert all("bdata" in trace["x"] and "bdata" in trace["y"] for trace in lines)


def test_courses_of_two_subjects_are_not_joined():
    figure = plot_trajectories(*make_courses(4), Axes("x", "y"), Theme())
    y = np.asarray(figure.data[0].y)
    assert np.isnan(y[[6, 13]]).all()
    assert figure.data[0].connectgaps is False


def test_the_axis_of_a_trajectory_names_unit_and_direction_of_benefit(panels, read_study):
    study = read_study("mayo-pbc")
    panel = panels["mayo-pbc"].join(study.subjects.select("usubjid", "arm"), on="usubjid")
    measure = Measure("Change", PARAMETERS["albumin"])
    courses = place_courses(panel, study.visits, measure, by_visit=True)
    x, y, visits = describe_axis(courses, measure, True, "randomization (day 0)")
    assert y == "Albumin, change, g/dL (higher is better)"
    assert visits == ("Baseline", "M6", "Y1", "Y2", "Y3", "Y4", "Y5")
    assert x == "Visit"
    summary = summarize_courses(panel, study.visits, measure, by_visit=True)
    assert summary.filter(pl.col("avisit") == "M6").select("arm", "n").rows() == [
        ("D-penicillamine", 125),
        ("Placebo", 131),
    ]


def test_numbers_at_risk_stand_under_the_axis():
    times = pl.DataFrame({"time": [10, 20, 30], "event": [True, False, True]})
    figure = plot_survival(
        [draw_curve(times, 30)], "Overall survival", make_axis(30, "infusion"), ("at_risk",), Theme()
    )
    counts = next(trace for trace in figure.data if trace.mode == "text")
    assert list(counts.x)[:3] == [0, 5, 10]
    assert list(counts.text) == ["3", "3", "3", "2", "2", "1", "1"]


def test_counts_that_would_overlap_are_left_out():
    assert thin([-0.5, 0, 0.2, 0.5, 1, 2, 24], 24.5) == [0, 4, 6]
    assert thin([], 0.0) == []
    assert thin([0, 1, 2], 2) == [0, 1, 2]


def test_a_value_without_a_day_is_never_placed_on_the_time_axis(read_case):
    case = read_case("kim-abmi", "KIM-1")
    timeline = derive_timeline(case.study, case.panel, "KIM-1")
    parameters = case.select(["fibrosis_index", "albumin"])
    axis = Axis("infusion", ("Baseline", "Month 6", "Latest"))
    figure = plot_patient(case.points, parameters, Behind(timeline=timeline, day=None), axis, Theme())
    assert list(figure.data[0].x) == ["Baseline", "Latest"]
    assert list(figure.data[0].y) == pytest.approx([20, 5.3])
    assert figure.layout.xaxis2.title.text == "Visit, day not reported"
    assert all(shape.type == "rect" for shape in figure.layout.shapes)  # no infusion line where there is no day


def test_dated_and_undated_values_stand_in_two_columns():
    rows = [("albumin", None, 0, 3.0), ("albumin", None, 90, 3.4), ("albumin", "Latest", None, 3.6)]
    frame = pl.DataFrame(rows, ["paramcd", "avisit", "day", "aval"], orient="row")
    points = pl.concat([pl.DataFrame(schema=DRAWN), frame.cast({"day": pl.Int32})], how="diagonal").with_columns(
        standing=pl.lit(""), key=pl.lit("k"), hover=pl.lit("a.csv, line 2")
    )
    figure = plot_patient(points, [PARAMETERS["albumin"]], Behind(), Axis("infusion"), Theme())
    drawn = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert list(drawn[0].x) == [0, 90]
    assert list(drawn[1].x) == ["Latest"]
    assert "a.csv, line 2" in drawn[1].customdata[0]


def test_a_visit_that_the_study_does_not_plan_is_drawn_behind_the_planned_ones():
    rows = [("a", "A", "Latest", 1.0), ("a", "A", "V1", 2.0)]
    panel = pl.DataFrame(rows, schema=["usubjid", "arm", "avisit", "aval"], orient="row").with_columns(
        paramcd=pl.lit("albumin"),
        day=pl.lit(None, dtype=pl.Int32),
        analysis=pl.lit(True),
        base=pl.lit(None, dtype=pl.Float64),
    )
    visits = pl.DataFrame({"avisit": ["V1"], "position": [0], "target_day": [0]})
    courses = place_courses(panel, visits, Measure("Value", PARAMETERS["albumin"]), by_visit=True)
    assert dict(courses.select("avisit", "x").rows()) == {"V1": 0.0, "Latest": 1.0}


def test_completeness_counts_only_those_still_followed(panels, read_study):
    study = read_study("mayo-pbc")
    table = summarize_completeness(panels["mayo-pbc"], study.subjects, study.visits)
    row = table.filter(pl.col("paramcd") == "bilirubin", pl.col("avisit") == "Y5").row(0, named=True)
    # 130 values (R: change_bili, Y5), of the patients with futime >= 1825 in the source.
    assert (row["n"], row["expected"]) == (130, study.subjects.filter(pl.col("last_contact_day") >= 1825).height)


@pytest.mark.parametrize(("longest", "unit"), [(28, "Days"), (365, "Months"), (5000, "Years")])
def test_the_time_axis_has_the_unit_that_fits(longest, unit):
    assert choose_time_unit(longest).name == unit


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("study", ["mayo-pbc", "kim-abmi", "ahd", SIMULATED])
def test_every_study_is_drawn_in_both_themes(study, theme, panels, read_study):
    frames = read_study(study)
    panel = panels[study].join(frames.subjects.select("usubjid", "arm"), on="usubjid")
    measure = Measure("Value", PARAMETERS["bilirubin"])
    courses = place_courses(panel, frames.visits, measure, by_visit=True)
    summary = summarize_courses(panel, frames.visits, measure, by_visit=True)
    figure = plot_trajectories(courses, summary, Axes("Visit", "Bilirubin"), theme)
    assert len(figure.to_json()) < 300_000


def test_a_survival_curve_of_ten_thousand_has_few_marks_and_every_step():
    times = pl.DataFrame({"time": range(1, 10_001), "event": [place % 2 == 0 for place in range(10_000)]})
    axis = make_axis(10_000, "infusion")
    curve = estimate_kaplan_meier(times)
    figure = plot_survival([Curve("all", curve, select_days(curve, axis.days))], "x", axis, ("at_risk",), Theme())
    marks = [len(trace.x) for trace in figure.data if trace.mode == "markers"]
    assert max(marks) <= 400
    assert sum(len(trace.x) for trace in figure.data if trace.mode == "lines" and trace.line.width == 2.5) >= 10_000


def test_a_count_and_a_step_say_what_a_click_on_them_means():
    times = pl.DataFrame({"time": [10, 20, 30], "event": [True, False, True]})
    figure = plot_survival([draw_curve(times, 30)], "x", make_axis(30, "infusion"), tuple(COUNTS), Theme())
    clicks = [str(item[0]) for trace in figure.data if trace.customdata is not None for item in trace.customdata]
    assert "all|10.0" in clicks  # the step on day 10
    assert {"all|at_risk|0", "all|censored|20", "all|events|30"} <= set(clicks)
    assert [trace.name for trace in figure.data if trace.showlegend] == ["all"]


def test_a_tail_with_few_left_is_faint():
    times = pl.DataFrame({"time": range(1, 41), "event": [True] * 40})
    curve = estimate_kaplan_meier(times)
    axis = make_axis(40, "infusion")
    figure = plot_survival([Curve("all", curve, select_days(curve, axis.days))], "x", axis, ("at_risk",), Theme())
    head, tail = (trace for trace in figure.data if trace.mode == "lines" and trace.line.width == 2.5)
    assert head.line.color != tail.line.color
    assert min(tail.x) == 38  # on day 38 three of forty are left: fewer than a tenth


@pytest.mark.parametrize("theme", THEMES)
def test_every_other_survival_figure_draws_an_empty_frame(theme):
    axis = make_axis(0, "infusion")
    curve = estimate_kaplan_meier(pl.DataFrame(schema=TIMES))
    incidence = pl.DataFrame(schema=INCIDENCE)
    rows = pl.DataFrame(schema={"term": pl.String, "ratio": pl.Float64, "lower": pl.Float64, "upper": pl.Float64})
    points = pl.DataFrame(schema={"time": pl.Float64, "value": pl.Float64})
    assert plot_incidence({"all": incidence}, {}, "x", axis, theme).layout.height
    assert plot_stacked({"all": incidence}, axis, theme).layout.height
    assert plot_stacked({}, axis, theme).layout.height
    assert plot_mean_count({}, "x", axis, theme).layout.height
    assert plot_forest(rows, "x", theme).layout.height
    assert plot_effect(points, points, 0.0, "x", theme).layout.height
    assert plot_form(points, points, "x", theme).layout.height
    assert plot_expected(curve, curve.select("day", "survival"), ("a", "b"), axis, theme).layout.height
    assert plot_extrapolation(curve, {}, 0.0, axis, theme).layout.height
    assert plot_prediction(curve, axis, theme).layout.height
    calibration = {"predicted": pl.Float64, "observed": pl.Float64, "n": pl.Int64, "events": pl.Int64}
    assert plot_calibration(pl.DataFrame(schema=calibration), theme).layout.height
