"""The literature shelf: every number traces to a row of the files, directions as printed, pooling equal to metafor, planning."""

import csv
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.evidence.grid import OURS, describe_ours, judge, list_doses, make_grid
from analytics.evidence.pooling import (
    explain_few,
    make_forest,
    read_example,
    read_own,
    tabulate_forest,
)
from analytics.evidence.shelf import (
    FOLDER,
    add_own,
    find_problem,
    read_effects,
    read_endpoints,
    read_entries,
    read_markers,
    read_trials,
    select_trials,
)
from analytics.statistics.meta_analysis import DL, FIXED, KNAPP_HARTUNG, MANTEL_HAENSZEL, METHODS, PETO, PM, REML
from analytics.statistics.planning import (
    half_paired,
    plan_events,
    plan_paired,
    plan_single_stage,
    plan_two_arms,
    plan_without_event,
    power_paired,
)
from tests.conftest import SIMULATED
from tests.test_pages import open_page, texts

LOOKS = (
    "Trials",
    "Directions of effect",
    "Doses",
    "Fibrosis markers",
    "Meta-analysis",
    "The next trial",
    "Add a trial",
)
GOOD = {
    "name": "Author 2020",
    "disease": "cirrhosis",
    "cell_type": "UC-MSC",
    "citation": "Author A. J Hepatol 2020;1:1",
    "effects": "ALB up; MELD up",
}


def rows_of(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_trial_and_every_number_is_a_row_of_the_file():
    printed, trials = rows_of("trials.csv"), read_trials()
    assert trials.height == len(printed) == 29
    assert trials["trial"].n_unique() == 29
    for row, shown in zip(printed, trials.to_dicts(), strict=True):
        where = f"Table {row['table_no']}, row {row['row_in_table']}, reference {row['reference_no']}"
        assert where in shown["source"]
        assert (shown["dose_text"], shown["effects"], shown["citation"]) == (
            row["dose_text"],
            row["effects_en"],
            row["citation"],
        )
        assert row["note"] in (shown["note"] or "")
        assert shown["dose_low"] == (float(row["dose_cells_low"]) if row["dose_cells_low"] else None)
        assert shown["followup_months"] == float(row["followup_months_high"])
    effects = read_effects()
    assert effects.height == len(rows_of("trials_effects.csv")) == 93
    assert set(effects["trial"]) <= set(trials["trial"])


def test_a_number_of_patients_comes_from_the_review_that_prints_it_for_the_same_trial():
    known = {row["trial"]: (row["n"], row["source"]) for row in read_trials().to_dicts() if row["n"] is not None}
    assert known["Lin 2017 [17]"] == (
        110,
        "Yu 2021, Table 1, row 3, reference 17; n from Moudi 2025, Razi J Med Sci 32:43",
    )
    assert known["Shi 2012 [19]"][0] == 24  # only the treated are printed
    assert set(known) == {
        "Lin 2017 [17]",
        "Zhang 2012 [18]",
        "El-Ansary 2012 [21]",
        "Kharazia 2009 [33]",
        "Suk 2016 [34]",
        "Shi 2012 [19]",
    }


@pytest.mark.parametrize(
    ("endpoint", "printed", "state"),
    [
        ("ALB", "up", "better"),
        ("TBIL", "down", "better"),
        ("TBIL", "up", "worse"),
        ("INR", "normalised", "better"),
        ("ALB", "higher_vs_other_group", "transient or unclear"),
        ("LIVER_ELASTICITY", "transient_up", "transient or unclear"),
        ("TISSUE_AFP", "up", "transient or unclear"),
        ("ALT", "unclear", "transient or unclear"),
        ("AE_HRS1", "1_patient", "worse"),
    ],
)
def test_a_printed_direction_is_read_for_the_patient_and_nothing_is_guessed(endpoint, printed, state):
    assert judge(endpoint, printed) == state


def test_the_grid_says_not_mentioned_wherever_the_table_is_silent():
    grid = make_grid(read_trials(), read_effects())
    assert grid.height == 29 * read_effects()["endpoint"].n_unique()
    assert grid.filter(pl.col("state") != "not mentioned").height == 93
    assert grid.filter(pl.col("printed").is_null())["state"].unique().to_list() == ["not mentioned"]
    assert set(grid["endpoint"]) == {row["endpoint"] for row in rows_of("trials_effects.csv")} <= set(read_endpoints())


def test_this_study_stands_beside_them_with_the_direction_of_its_mean_change(panels):
    ours = {
        row["endpoint"]: row
        for row in describe_ours(panels["kim-abmi"], ["ALB", "LIVER_VOLUME", "SURVIVAL"]).to_dicts()
    }
    assert ours["ALB"]["state"] == ours["SURVIVAL"]["state"] == "not mentioned"
    panel = panels["mayo-pbc"].filter(pl.col("paramcd") == "albumin", pl.col("post"), pl.col("chg").is_not_null())
    latest = panel.sort("day").group_by("usubjid").agg(pl.col("chg").last())["chg"]
    mayo = describe_ours(panels["mayo-pbc"], ["ALB"]).row(0, named=True)
    assert (mayo["n"], mayo["mean"]) == (latest.len(), pytest.approx(latest.mean()))
    assert mayo["state"] == "worse"


def test_cells_and_cells_per_kg_never_share_an_axis(read_study):
    doses = list_doses(read_trials(), read_study("kim-abmi").treatments)
    printed = rows_of("trials.csv")
    assert doses.filter(~pl.col("own"), pl.col("per_kg")).height == sum(row["dose_per_kg"] == "true" for row in printed)
    assert doses.filter(~pl.col("own"), ~pl.col("per_kg")).height == sum(
        row["dose_per_kg"] == "false" for row in printed
    )
    ours = doses.filter(pl.col("trial") == OURS)
    assert ours["per_kg"].to_list() == [False]  # the thesis prints no dose per kg
    given = read_study("kim-abmi").treatments["cells_e6"]
    assert ours.select("low", "high").row(0) == (given.min() * 1e6, given.max() * 1e6)


def test_filters_keep_only_trials_that_say_so():
    trials = read_trials()
    assert select_trials(trials, {}).height == 29
    assert set(select_trials(trials, {"cell_type": ["UC-MSC"]})["cell_type"]) == {"UC-MSC"}
    assert (select_trials(trials, {}, months=12)["followup_months"] >= 12).all()
    assert select_trials(trials, {}, sized=True)["n"].null_count() == 0
    assert select_trials(trials, {"route": ["nowhere"]}).is_empty()
    # Kim 2010, 0.995 x 10^8 per kg; Terai 2006, 5 x 10^9 cells.
    assert "Kim 2010 [27]" in select_trials(trials, {"dose": ["10^7 to 10^8 cells per kg"]})["trial"].to_list()
    assert select_trials(trials, {"dose": ["10^9 to 10^10 cells"]})["trial"].to_list() == [
        "Terai 2006 [29]",
        "Lyra 2010 [30]",
    ]
    assert set(select_trials(trials, {"dose": ["not printed"]})["dose_text"]) == {"/"}


def test_every_cut_off_has_a_source_and_without_one_there_is_no_number():
    for row in read_markers().to_dicts():
        assert (row["cut_off"] is None) == (row["source"] == "")
    assert {"m2bpgi", "autotaxin", "pro_c3", "lsm", "mre", "elf"} == set(read_markers()["paramcd"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"citation": " "}, "needs its citation"),
        ({"name": "", "disease": None}, "needs its name and its disease"),
        ({"n": "many"}, "n must be a number above 0"),
        ({"dose_low": "-5"}, "dose_low must be a number above 0"),
        ({"effects": "feels better"}, "write effects as ALB up; MELD down"),
        ({"effects": "ALB"}, "write effects as"),
        ({"colour": "red"}, "unknown columns colour"),
    ],
)
def test_a_trial_without_what_it_needs_is_refused_in_words(change, words):
    assert find_problem(GOOD) == ""
    assert words in find_problem(GOOD | change)


def test_a_trial_of_ones_own_stands_on_the_shelf_and_in_the_grid():
    trials, effects = add_own(
        read_trials(), read_effects(), [(json.dumps(GOOD | {"n": "12", "dose_low": "5e7"}), "entered by me")]
    )
    own = trials.filter(pl.col("own")).row(0, named=True)
    assert (own["trial"], own["n"], own["dose_low"], own["source"]) == (
        "Author 2020 (own entry)",
        12,
        5e7,
        "entered by me",
    )
    states = make_grid(trials.filter(pl.col("own")), effects).select("endpoint", "state").rows()
    assert states == [("ALB", "better"), ("MELD", "worse")]


def test_a_csv_of_trials_is_taken_row_by_row():
    text = "name,disease,cell_type,citation\nA 2020,cirrhosis,MSC,A. J 2020\nB 2021,cirrhosis,MSC,\n"
    entries, problems = read_entries(text)
    assert [entry["name"] for entry in entries] == ["A 2020"]
    assert problems == ["line 3: a trial needs its citation; without a citation no number can be traced"]


@pytest.mark.parametrize(
    ("entry", "method"),
    [
        ("inverse_variance_FE", FIXED),
        ("inverse_variance_DL", DL),
        ("inverse_variance_REML", REML),
        ("inverse_variance_PM", PM),
        ("REML_knapp_hartung", KNAPP_HARTUNG),
        ("mantel_haenszel_or", MANTEL_HAENSZEL),
        ("peto_or", PETO),
    ],
)
def test_pooled_odds_ratios_equal_metafor(entry, method, r_reference):
    expected = r_reference["meta_beta_blockers"]["result"]
    forest = make_forest(read_example("beta-blockers"), method)
    found = dict(zip(("estimate", "lower", "upper"), forest.ratio, strict=True))
    found |= {
        "p": forest.pooled.p,
        "Q": forest.pooled.q,
        "Q_p": forest.pooled.q_p,
        "tau2": forest.pooled.tau2,
        "I2": forest.pooled.i2,
    }
    # metafor stops REML and Paule-Mandel at a change of 1e-5 in tau2; ours go to 1e-12.
    tolerance = 1e-4 if method in (REML, PM, KNAPP_HARTUNG) else 1e-9
    for name, value in found.items():
        assert value == pytest.approx(expected[entry][name], rel=tolerance, abs=1e-12), name
    assert forest.pooled.k == expected["k"] == 9


def test_single_odds_ratios_and_weights_equal_metafor(r_reference):
    import numpy as np

    expected = r_reference["meta_beta_blockers"]["result"]
    rows = make_forest(read_example("beta-blockers"), FIXED).rows
    assert np.log(rows["estimate"].to_numpy()) == pytest.approx(expected["log_or"])
    weights = 1 / np.array(expected["var"])
    assert rows["weight"].to_list() == pytest.approx(100 * weights / weights.sum())


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=2, max_size=8), st.sampled_from(list(METHODS))
)
def test_turning_the_groups_around_inverts_the_pooled_ratio(events, method):
    trials = pl.DataFrame(
        [(f"T{i}", a, 40, b, 50) for i, (a, b) in enumerate(events)],
        schema=["trial", "events", "n", "control_events", "control_n"],
        orient="row",
    )
    turned = trials.select("trial", events="control_events", n="control_n", control_events="events", control_n="n")
    one, other = make_forest(trials, method), make_forest(turned, method)
    assert one.ratio[0] * other.ratio[0] == pytest.approx(1, rel=1e-6)
    assert sum(one.pooled.weights) == pytest.approx(100)
    assert one.ratio[1] <= one.ratio[0] <= one.ratio[2]
    assert tabulate_forest(one).height == len(events) + 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("trial,events\nA,1\n", "the columns must be"),
        ("trial,events,n,control_events,control_n\nA,9,5,1,5\n", "no more events than patients"),
        ("trial,events,n,control_events,control_n\nA,x,5,1,5\n", "must be whole numbers"),
        ("trial,events,n,control_events,control_n\nA,0,5,0,5\n", "nobody or everybody had the event"),
        ("trial,ratio,lower,upper\nA,2,3,4\n", "must lie between its limits"),
        ("trial,ratio,lower,upper\n,2,1,4\n", "has no name"),
    ],
)
def test_trials_that_cannot_be_pooled_say_why(text, words):
    trials, problems = read_own(text)
    assert any(words in problem for problem in problems)
    assert trials.is_empty()


def test_ratios_with_limits_pool_like_their_logarithms():
    # By hand: ln 0.5 and ln 0.8 with equal limits on the log scale: the fixed effect is their geometric mean, 0.6325.
    trials, problems = read_own("trial,ratio,lower,upper\nA,0.5,0.25,1.0\nB,0.8,0.4,1.6\n")
    assert problems == []
    assert make_forest(trials, FIXED).ratio[0] == pytest.approx(0.4**0.5)
    assert explain_few(trials.head(1)) == "1 trial with numbers: at least 2 are needed to pool."


def test_planned_sizes_equal_published_worked_examples():
    # G*Power 3.1 manual, "difference between two dependent means": dz = 0.421637, n = 50, power 0.832114.
    assert power_paired(50, 0.421637, 1) == pytest.approx(0.832114, abs=1e-6)
    # Cohen J. A power primer. Psychol Bull 1992;112:155-159, Table 2: medium effect 64, large effect 26 a group.
    assert (plan_two_arms(0.5, 1).n, plan_two_arms(0.8, 1).n) == (64, 26)
    # A'Hern RP. Stat Med 2001;20:859-866: 30 against 50 %, one-sided 0.05, power 0.80: 17 responders of 39.
    design = plan_single_stage(0.3, 0.5)
    assert (design.n, design.responders) == (39, 17)
    # Collett D. Modelling Survival Data in Medical Research: hazard ratio 0.57, power 0.90: 133.02 deaths, rounded up.
    assert plan_events(0.57, 0.9) == 134
    # Hanley JA, Lippman-Hand A. JAMA 1983;249:1743-1745 with a two-sided limit: 0 of 36 is compatible with up to 10 %.
    assert plan_without_event(0.1) == 36
    # t(0.975, 4) = 2.776: the half-width of five values with SD 1 is 1.2417.
    assert half_paired(5, 1) == pytest.approx(1.2417, abs=1e-4)


@given(st.floats(0.05, 3), st.floats(0.5, 5))
def test_the_planned_number_is_the_smallest_that_reaches_the_power(effect, sd):
    design = plan_paired(effect, sd)
    if design is not None:
        assert power_paired(design.n, effect, sd) >= 0.8
        assert design.n == 2 or power_paired(design.n - 1, effect, sd) < 0.8


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("study", ["kim-abmi", SIMULATED])
def test_every_part_of_the_page_opens_beside_every_study(look, study, store, monkeypatch):
    app = open_page(store, monkeypatch, "library/evidence", study=study)
    app.button_group(key="evidence").set_value(look).run()
    assert not app.exception
    assert ("SIMULATED" in texts(app)) == (study == SIMULATED)
    if look == "Directions of effect":
        assert ("its row is empty" in texts(app)) == (study == "kim-abmi")
    if look == "Meta-analysis":
        assert "Odds ratio 0.53 (95 % limits 0.28 to 1.00" in texts(app)
    if look == "The next trial":
        assert "**39 patients**; go on with **17 or more**" in texts(app)


@pytest.mark.parametrize("look", LOOKS)
def test_every_part_of_the_page_opens_without_a_study(look, home, monkeypatch):
    app = open_page(home, monkeypatch, "library/evidence")
    app.button_group(key="evidence").set_value(look).run()
    assert not app.exception


def test_a_trial_is_put_on_the_shelf_on_screen_and_one_without_citation_is_not(home, run, monkeypatch):
    app = open_page(home, monkeypatch, "library/evidence")
    app.button_group(key="evidence").set_value("Add a trial").run()
    for name in ("name", "disease", "cell_type"):
        app.text_input(key=f"own_{name}").set_value(GOOD[name])
    press = next(item for item in app.button if item.label == "Put on the shelf")
    press.click().run()
    assert "needs its citation" in app.error[0].value
    app.text_input(key="own_citation").set_value(GOOD["citation"])
    next(item for item in app.button if item.label == "Put on the shelf").click().run()
    assert not app.exception
    rows = json.loads(run("evidence", "--json").output)
    assert [row["citation"] for row in rows if row["own"]] == [GOOD["citation"]]
    assert len(rows) == 30


@pytest.mark.parametrize("table", ["trials", "grid", "doses", "others", "markers", "forest"])
def test_the_terminal_prints_every_table_of_the_shelf(table, run):
    answer = run("evidence", "--table", table, "--json")
    assert answer.exit_code == 0
    assert json.loads(answer.output)


@pytest.mark.parametrize("title", ["ABMi", "BM-MSC", "Allogeneic adipose", "UC-MSC", "CD34+"])
def test_a_study_is_planned_from_a_template_whose_every_line_names_its_source(title, home, monkeypatch):
    from data.importers.study_file import parse_study
    from data.setup import read_templates

    name, content = next((name, content) for name, content in read_templates().items() if title in name)
    assert content["citation"]
    assert all(criterion["source"] for criterion in content.get("eligibility", []))
    assert parse_study({"study": "x", **content}, "template").study == "x"
    app = open_page(home, monkeypatch, "study/plan")
    box = app.selectbox(key="plan_study")
    box.set_value(next(option for option in box.options if name in option)).run()
    app.text_input(key="plan_name").set_value("mine").run()
    assert not app.exception
    text = app.code[0].value
    assert 'study = "mine"' in text
    assert content["citation"][0][:40] in text
    assert all(visit["avisit"] in text for visit in content["visits"])
