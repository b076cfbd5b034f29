"""Why a score is what it is, which input changed it, and what stops the others: on real and simulated patients."""

import json
import shutil

import polars as pl
import pytest

from analytics.attribution import (
    attribute_visit,
    describe_attribution,
    select_ends,
    summarize_attribution,
    tabulate_pair,
)
from analytics.computability import ANY, summarize_computability
from analytics.explain import explain_score, explain_values
from analytics.figures.attribution import plot_shares
from analytics.figures.theme import Theme
from analytics.frames import EVENTS, empty
from analytics.pairing import ScoreSettings
from analytics.places import UnknownPlace, find_place, list_places, name_places
from analytics.scores import find_score
from analytics.scores.examples import list_examples
from analytics.scores.exchange import read_record
from analytics.scoring import derive_scores, prepare_context
from tests.conftest import SIMULATED
from tests.test_architecture import ROOT


def explain(study, score_id: str, patient: str, day: int | None, avisit: str | None = None):
    """The explanation of a patient's score."""
    own = study.measurements.filter(pl.col("usubjid") == patient)
    score = find_score(score_id)
    context = prepare_context(score, own, study.subjects, study.events, study.settings)
    return explain_score(score, context, own, {"day": day, "avisit": avisit})


def context_of(study, score_id: str):
    """What a score of the whole study is computed from."""
    return prepare_context(find_score(score_id), study.measurements, study.subjects, study.events, study.settings)


def row(table: pl.DataFrame, column: str, value: str) -> dict:
    """The row of a table with this value."""
    return table.row(by_predicate=pl.col(column) == value, named=True)


def test_kim_patient_3_lies_exactly_on_the_cut_off_of_prothrombin_activity(read_study):
    found = explain(read_study("kim-abmi"), "child_pugh", "KIM-3", None, "Baseline")
    assert found.result == "9 (B)"
    assert found.borders == [
        "PT activity 70 % lies exactly on a cut-off of coagulation points: a hair less gives 2, a hair more 1; here it gives 2."
    ]
    activity = row(found.inputs, "Input", "PT activity")
    assert (activity["As reported"], activity["Source"]) == ("70 %", "kim_patients.csv, line 4")
    assert row(found.inputs, "Input", "ascites grade")["As reported"] == "Large"
    assert row(found.inputs, "Input", "INR")["Remark"] == "not needed: another one suffices"
    reading = row(found.readings, "Other reading", "PT activity of exactly 70 % gives 1 point (>= 70)")
    assert (reading["Would give"], reading["Differs"], reading["Register"]) == ("8 (B)", "yes", "3")
    assert row(found.parts, "Component", "coagulation test")["Points"] == "2"


def test_no_other_kim_patient_lies_on_a_cut_off_of_prothrombin_activity(read_study):
    for patient in ("KIM-1", "KIM-2", "KIM-4", "KIM-5"):
        found = explain(read_study("kim-abmi"), "child_pugh", patient, None, "Baseline")
        assert not any("PT activity" in sentence for sentence in found.borders)


def test_the_terms_of_a_mayo_patient_are_those_of_the_formula_written_out(read_study):
    # PBC-005, day 0: age 38.11, bilirubin 3.4, albumin 3.53, prothrombin time 10.9, edema 0.
    # 0.039 x 38.1054 = 1.486; 0.871 ln 3.4 = 1.066; -2.53 ln 3.53 = -3.191; 2.38 ln 10.9 = 5.685
    terms = dict(explain(read_study("mayo-pbc"), "mayo_pbc", "PBC-005", 0).parts.rows())
    assert terms == {"age": "+1.486", "bilirubin": "+1.066", "albumin": "-3.191", "prothrombin time": "+5.685",
                     "edema": "+0.000", "sum": "+5.046"}  # fmt: skip


def explain_example(score_id: str, **inputs):
    """The explanation of a worked example with some inputs replaced."""
    example = list_examples(score_id)[0]
    reading = read_record({"score": score_id, "inputs": {**example.inputs, **inputs}})
    frame = pl.DataFrame([reading.values]).select(pl.all().exclude(pl.Null))
    return explain_values(reading.score, frame)


def test_clamps_dialysis_and_assumptions_are_named():
    found = explain_example(
        "meld", bilirubin={"value": 0.7, "unit": "mg/dL"}, creatinine={"value": 5.0, "unit": "mg/dL"}
    )
    assert row(found.inputs, "Input", "bilirubin")["Remark"] == "below 1 counts as 1"
    assert row(found.inputs, "Input", "creatinine")["Remark"] == "above 4 counts as 4"
    assert row(found.inputs, "Input", "dialysis twice within 7 days")["Remark"] == "not recorded: counts as no"
    assert "Assumed, because not recorded: no dialysis twice within 7 days." in found.notes
    dialysed = explain_example("meld", dialysis={"value": True})
    assert row(dialysed.inputs, "Input", "dialysis twice within 7 days")["Remark"] == "creatinine counts as 4.0 mg/dL"


def test_a_value_in_si_units_exactly_on_a_cut_off_is_marked_too():
    found = explain_example("child_pugh", bilirubin={"value": 34.2, "unit": "umol/L"})
    assert any(sentence.startswith("bilirubin 2 mg/dL lies exactly") for sentence in found.borders)
    off = explain_example("child_pugh", bilirubin={"value": 34.3, "unit": "umol/L"})
    assert not any(sentence.startswith("bilirubin") for sentence in off.borders)


def test_the_rounding_order_of_meld_na_is_read_both_ways():
    example = list_examples("meld_na")[3]  # EX-MN-4
    reading = read_record({"score": "meld_na", "inputs": example.inputs})
    found = explain_values(reading.score, pl.DataFrame([reading.values]).select(pl.all().exclude(pl.Null)))
    assert found.result == "22"
    other = row(found.readings, "Register", "5")
    assert (other["Would give"], other["Differs"]) == ("23", "yes")


@pytest.mark.parametrize(
    ("score_id", "inputs", "entry", "result"),
    [
        ("sofa", {"bilirubin": {"value": 12.0, "unit": "mg/dL"}}, "10", "11"),
        ("clif_c_of", {"bilirubin": {"value": 12.0, "unit": "mg/dL"}}, "11", "10 (1)"),
        ("hys_law", {"bilirubin": {"value": 2.4, "unit": "mg/dL"}}, "13", "hys_law"),
        ("albi", {}, "9", "-2.21 (2b)"),
        ("child_pugh", {"ascites": {"value": "moderate"}}, "4", "8 (B)"),
    ],
)
def test_other_readings_of_the_register(score_id, inputs, entry, result):
    readings = explain_example(score_id, **inputs).readings.filter(
        pl.col("Register") == entry, pl.col("Differs") == "yes"
    )
    assert result in readings["Would give"].to_list()


def test_what_is_missing_is_said_in_words(read_study):
    found = explain(read_study("kim-abmi"), "meld", "KIM-3", None, "Baseline")
    assert found.result == "–"
    assert "MELD: not computable, INR and creatinine are missing" in found.notes
    assert row(found.inputs, "Input", "INR")["Value"] == "missing"


def test_an_output_that_lacks_something_is_told_apart_from_a_score_that_does():
    alp = {"alp": {"value": None, "unit": "U/L"}}
    notes = explain_example("hys_law", **alp).notes
    assert notes[0].startswith(
        "Not known: alkaline phosphatase with its upper limit. So these outputs are missing: potential"
    )
    assert not any("not computable" in sentence for sentence in notes)


def test_a_value_known_only_as_a_limit_is_shown_as_reported(tmp_path, home, run):
    folder = tmp_path / "kim-abmi"
    shutil.copytree(ROOT / "data" / "studies" / "kim-abmi", folder)
    lines = (folder / "kim_patients.csv").read_text().splitlines()
    place = lines[0].split(",").index("albumin_g_dl")
    cells = lines[1].split(",")
    cells[place] = "<2"
    (folder / "kim_patients.csv").write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n")
    assert run("import", folder).exit_code == 0
    told = run("explain", "--study", "kim-abmi", "--patient", "KIM-1", "--score", "albi", "--at", "Baseline", "--json")
    albumin = next(item for item in json.loads(told.stdout)["inputs"] if item["Input"] == "albumin")
    assert (albumin["As reported"], albumin["Value"]) == ("<2 g/dL", "missing")
    assert (albumin["Remark"], albumin["Source"]) == ("a limit, not a number", "kim_patients.csv, line 2")


def test_a_limit_of_zero_is_no_limit():
    values = {"usubjid": "S1", "day": 0, "avisit": None, "ref_low": None, "ref_high": 0.0}
    rows = [values | {"paramcd": code, "aval": value} for code, value in (("alt", 50.0), ("bilirubin", 2.0))]
    schema = {"day": pl.Int32, "avisit": pl.String, "ref_low": pl.Float64, "ref_high": pl.Float64}
    subjects = pl.DataFrame({"usubjid": ["S1"], "age": [50.0], "sex": ["F"], "etiology": ["HBV"]})
    scores = derive_scores(pl.DataFrame(rows, schema_overrides=schema), subjects, empty(EVENTS), ScoreSettings())
    assert scores.filter(pl.col("paramcd").is_in(["hys_law", "ctcae5_alt", "dili_action"]))["aval"].null_count() == 3


def test_a_value_carried_forward_shows_its_age_and_its_own_line(read_study, panels):
    carried = (
        panels[SIMULATED]
        .filter(pl.col("paramcd") == "child_pugh", pl.col("carried").list.contains("albumin"))
        .row(0, named=True)
    )
    found = explain(read_study(SIMULATED), "child_pugh", carried["usubjid"], carried["day"])
    albumin = row(found.inputs, "Input", "albumin")
    assert int(albumin["Age, days"]) > 0
    assert albumin["Remark"].startswith(f"carried forward {albumin['Age, days']} day")
    assert int(albumin["Day"]) == carried["day"] - int(albumin["Age, days"])
    values = read_study(SIMULATED).measurements
    line = int(albumin["Source"].rsplit(" ", 1)[1])
    source = values.filter(pl.col("line") == line, pl.col("file_name") == "measurements.csv").row(0, named=True)
    assert (source["paramcd"], source["usubjid"]) == ("albumin", carried["usubjid"])


def test_the_explanation_of_every_simulated_score_gives_the_value_of_the_panel(read_study, panels):
    study, checked = read_study(SIMULATED), 0
    own = panels[SIMULATED].filter(
        pl.col("usubjid") == "SIM-034", pl.col("missing").is_not_null(), pl.col("aval").is_not_null()
    )
    for item in own.unique("paramcd", maintain_order=True).iter_rows(named=True):
        score = find_score(item["paramcd"])
        found = explain(study, score.id, "SIM-034", item["day"])
        shown = score.parameter.format(item["aval"]) if not score.output(score.value).words else item["avalc"]
        assert found.result.split(" (")[0] == shown, score.id
        checked += 1
    assert checked > 20


def test_a_simulated_meld_that_fell_through_creatinine_alone_says_the_kidney_not_the_liver(read_study):
    pair = pl.DataFrame({"usubjid": ["SIM-059"], "earlier": ["day -15"], "later": ["day 15"]})
    table = tabulate_pair(find_score("meld"), context_of(read_study(SIMULATED), "meld"), pair)
    assert dict(table.select("part", "share").rows()) == {"bilirubin": 0.0, "inr": 0.0, "creatinine": -2.0}
    sentence = describe_attribution(find_score("meld"), dict(table.select("part", "share").rows()))
    assert sentence == "MELD −2 = creatinine −2.0, bilirubin 0, INR 0: the kidney, not the liver"


def test_the_rise_of_a_mayo_score_is_the_rise_of_its_terms(read_study):
    # PBC-005 from day 0 (age 38.1054) to day 1455: bilirubin 3.4 to 19, 0.871 ln(19/3.4) = 1.499;
    # albumin 3.53 to 2.09, -2.53 ln(2.09/3.53) = 1.326; age 0.039 x 1455/365.25 = 0.155
    pair = pl.DataFrame({"usubjid": ["PBC-005"], "earlier": ["day 0"], "later": ["day 1455"]})
    shares = dict(
        tabulate_pair(find_score("mayo_pbc"), context_of(read_study("mayo-pbc"), "mayo_pbc"), pair)
        .select("part", "share")
        .rows()
    )
    assert shares == pytest.approx(
        {"age": 0.155, "bilirubin": 1.499, "albumin": 1.326, "pt_sec": 0.579, "edema": 0.4295}, abs=1e-3
    )


def test_the_shares_of_child_pugh_are_the_changes_of_its_points(read_study, panels):
    study, score = read_study(SIMULATED), find_score("child_pugh")
    shares = attribute_visit(score, context_of(study, "child_pugh"), panels[SIMULATED], "Month 6")
    assert shares["usubjid"].n_unique() > 20
    for patient in shares["usubjid"].unique(maintain_order=True).to_list()[:10]:
        own = dict(shares.filter(pl.col("usubjid") == patient).select("part", "share").rows())
        places = panels[SIMULATED].filter(pl.col("paramcd") == "child_pugh", pl.col("usubjid") == patient)
        later = places.filter(pl.col("avisit") == "Month 6", pl.col("analysis")).row(0, named=True)
        parts = [
            dict(explain(study, "child_pugh", patient, day).parts.rows()) for day in (later["base_day"], later["day"])
        ]
        points = {name: int(parts[1][name]) - int(parts[0][name]) for name in parts[0]}
        assert own["bilirubin"] == points["bilirubin"]
        assert own["ascites"] == points["ascites grade"]
        assert sum(own.values()) == later["chg"]


@pytest.mark.parametrize(
    "score_id", ["meld", "meld_na", "meld3", "albi", "fib4", "ukeld", "clif_c_ad", "child_pugh", "palbi"]
)
def test_the_mean_shares_of_a_cohort_add_up_to_its_mean_change(score_id, read_study, panels):
    shares = attribute_visit(
        find_score(score_id), context_of(read_study(SIMULATED), score_id), panels[SIMULATED], "Month 3"
    )
    changes = panels[SIMULATED].filter(
        pl.col("paramcd") == score_id, pl.col("avisit") == "Month 3", pl.col("analysis"), pl.col("chg").is_not_null()
    )
    assert shares["usubjid"].n_unique() == changes.height > 20
    assert summarize_attribution(shares)["share"].sum() == pytest.approx(changes["chg"].mean(), abs=1e-9)
    by_patient = shares.group_by("usubjid").agg(pl.col("share").sum(), pl.col("chg").first())
    assert (by_patient["share"] - by_patient["chg"]).abs().max() < 1e-8


def test_a_pair_without_the_score_has_no_shares(read_study):
    pair = pl.DataFrame({"usubjid": ["SIM-059"], "earlier": ["day -15"], "later": ["day 9999"]})
    before, after = select_ends(find_score("meld"), context_of(read_study(SIMULATED), "meld"), pair)
    assert before["bilirubin"][0] is not None
    assert after["bilirubin"][0] is None
    table = tabulate_pair(find_score("meld"), context_of(read_study(SIMULATED), "meld"), pair)
    assert table["share"].null_count() == table.height


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"bilirubin": -1.0, "inr": 0.0, "creatinine": -3.0}, "MELD −4 = creatinine −3.0, bilirubin −1.0, INR 0: the kidney, not the liver"),
        ({"bilirubin": -3.0, "inr": -1.0, "creatinine": 0.0}, "MELD −4 = bilirubin −3.0, INR −1.0, creatinine 0: the liver"),
        ({"bilirubin": 1.0, "inr": 0.0, "creatinine": 1.0}, "MELD +2 = bilirubin +1.0, creatinine +1.0, INR 0: shared by the liver, the kidney"),
        ({"bilirubin": 2.0, "inr": 0.0, "creatinine": -2.0}, "MELD 0 = bilirubin +2.0, creatinine −2.0, INR 0"),
        ({"bilirubin": 0.0, "inr": 0.0, "creatinine": 0.0}, "MELD 0: no input changed"),
    ],
)  # fmt: skip
def test_the_sentence_names_the_system_that_carries_more_than_half(shares, words):
    assert describe_attribution(find_score("meld"), shares) == words


def test_the_bars_show_every_part_and_the_whole_change():
    shares = pl.DataFrame({"label": ["bilirubin", "creatinine"], "share": [1.0, -3.0]})
    points = pl.DataFrame({"label": ["bilirubin"] * 2, "share": [1.0, None]})
    figure = plot_shares(shares, find_score("meld").parameter, Theme(), points)
    assert list(figure.data[0].y) == [
        "bilirubin  <b>+1.00</b>",
        "creatinine  <b>-3.00</b>",
        "whole change  <b>-2.00</b>",
    ]
    assert figure.data[0].marker.color[0] != figure.data[0].marker.color[1]
    assert len(figure.data[1].x) == 1
    assert "better" in figure.layout.xaxis.title.text
    empty = pl.DataFrame(schema={"label": pl.String, "share": pl.Float64})
    assert plot_shares(empty, find_score("meld").parameter, Theme(dark=True), empty).data


def test_kim_can_be_scored_by_child_pugh_and_albi_and_the_rest_says_why_not(read_study, panels):
    table = summarize_computability(panels["kim-abmi"], read_study("kim-abmi").visits)
    first = table.filter(pl.col("avisit") == ANY)
    counts = dict(first.select("paramcd", "n").rows())
    assert (counts["child_pugh"], counts["albi"], counts["meld"]) == (5, 5, 0)
    assert row(first, "paramcd", "meld")["stops"] == "INR (5), creatinine (5)"
    assert row(first, "paramcd", "meld_na")["stops"] == "INR (5), creatinine (5), sodium (5)"
    assert row(first, "paramcd", "baveno")["stops"] == "no value that it uses, or not its days or disease (5)"
    assert (
        row(first, "paramcd", "decompensation")["n"] == 2
    )  # ascites of grade 3; without bleeding events the rest is unknown


def test_computability_counts_what_the_panel_has(read_study, panels):
    table = summarize_computability(panels[SIMULATED], read_study(SIMULATED).visits)
    panel = panels[SIMULATED].filter(pl.col("aval").is_not_null())
    for item in table.filter(pl.col("n") > 0).iter_rows(named=True):
        own = panel.filter(pl.col("paramcd") == item["paramcd"])
        there = own if item["avisit"] == ANY else own.filter(pl.col("avisit") == item["avisit"])
        assert there["usubjid"].n_unique() == item["n"] <= item["expected"]


def test_places_are_in_time_and_named_by_visit_and_day(panels):
    kim = panels["kim-abmi"].filter(pl.col("usubjid") == "KIM-1", pl.col("paramcd") == "fibrosis_index")
    assert list(list_places(kim)) == ["Baseline", "Latest"]
    assert name_places(list_places(kim))["Latest"] == "Latest, day not reported"
    mayo = panels["mayo-pbc"].filter(pl.col("usubjid") == "PBC-005", pl.col("paramcd") == "albi")
    places = list_places(mayo)
    assert next(iter(places)) == "day 0"
    assert [place["day"] for place in places.values()] == sorted(place["day"] for place in places.values())
    assert name_places(places)["day 0"] == "Baseline (day 0)"
    with pytest.raises(UnknownPlace, match="known are Baseline, Latest"):
        find_place(list_places(kim), "day 3")


@pytest.fixture
def terminal(store, monkeypatch, run):
    """The terminal on the store of the session."""
    monkeypatch.setenv("HEPATRACE_HOME", str(store.folder))
    return run


def test_the_terminal_explains_attributes_and_counts_the_same(terminal):
    told = terminal(
        "explain", "--study", "kim-abmi", "--patient", "KIM-3", "--score", "child_pugh", "--at", "Baseline", "--json"
    )
    assert json.loads(told.stdout)["result"] == "9 (B)"
    one = terminal(
        "attribution",
        "--study",
        SIMULATED,
        "--score",
        "meld",
        "--patient",
        "SIM-059",
        "--from",
        "day -15",
        "--to",
        "day 15",
    )
    assert "the kidney, not the liver" in one.stdout
    mean = terminal("attribution", "--study", SIMULATED, "--score", "meld", "--visit", "Month 6", "--json")
    assert {item["part"] for item in json.loads(mean.stdout)} == {"bilirubin", "inr", "creatinine"}
    counts = json.loads(terminal("computability", "--study", "kim-abmi", "--json").stdout)
    assert {
        "paramcd": "meld",
        "n": 0,
        "expected": 5,
        "avisit": ANY,
        "share": 0.0,
        "stops": "INR (5), creatinine (5)",
    } in counts


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("explain", "--patient", "KIM-9", "--score", "meld", "--at", "Baseline"), "no value of a subject 'KIM-9'"),
        (("explain", "--patient", "KIM-3", "--score", "soup", "--at", "Baseline"), "no score has the id 'soup'"),
        (("explain", "--patient", "KIM-3", "--score", "meld", "--at", "day 7"), "there is no value on 'day 7'"),
        (
            ("attribution", "--score", "child_pugh", "--patient", "KIM-3", "--from", "Baseline", "--to", "Latest"),
            "not known at both",
        ),
    ],
)
def test_the_terminal_says_what_is_not_there(arguments, sentence, terminal):
    result = terminal(arguments[0], "--study", "kim-abmi", *arguments[1:])
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert terminal("attribution", "--study", "kim-abmi", "--score", "meld").exit_code == 2


def test_the_limits_of_the_study_s_laboratory_count_where_a_value_has_none(tmp_path, home, run):
    folder = tmp_path / "kim-abmi"
    shutil.copytree(ROOT / "data" / "studies" / "kim-abmi", folder)
    text = (folder / "study.toml").read_text()
    limits = 'limits.albumin = { low = 35, unit = "g/L" }\n'
    (folder / "study.toml").write_text(limits + text)
    assert run("import", folder).exit_code == 0
    told = run(
        "explain",
        "--study",
        "kim-abmi",
        "--patient",
        "KIM-1",
        "--score",
        "ctcae5_albumin",
        "--at",
        "Baseline",
        "--json",
    )
    found = json.loads(told.stdout)
    limit = next(item for item in found["inputs"] if item["Input"] == "its lower limit")
    assert (limit["Value"], limit["As reported"], limit["Source"]) == ("3.5 g/dL", "–", "study file (laboratory)")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("limits.soup = { high = 3 }", "[limits] soup: write a parameter's code"),
        ("limits.alt = 40", "[limits] alt: write a parameter's code"),
        ('limits.alt = { high = "a" }', "[limits] alt: the limits are numbers"),
        ("limits.alt = { most = 3 }", "[limits] alt: the limits are numbers"),
        ('limits.alt = { high = 3, unit = "parsec" }', "was given in 'parsec'"),
        ("limits = 3", "[limits]: write a parameter's code"),
    ],
)
def test_limits_that_cannot_be_read_are_refused_in_one_sentence(line, sentence, tmp_path, home, run):
    folder = tmp_path / "kim-abmi"
    shutil.copytree(ROOT / "data" / "studies" / "kim-abmi", folder)
    (folder / "study.toml").write_text(f"{line}\n{(folder / 'study.toml').read_text()}")
    result = run("import", folder)
    assert result.exit_code == 1
    assert sentence in result.stderr
