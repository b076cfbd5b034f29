"""A large study: derived tables are what direct computation gives, filters included; pages say what is a sample."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal
from streamlit.testing.v1 import AppTest

from analytics import large
from analytics.catalog import PARAMETERS
from analytics.cohort import (
    AGE,
    Bounds,
    Cohort,
    derive_traits,
    list_choices,
    list_events,
    list_extremes,
    select_cohort,
    select_subjects,
)
from analytics.courses import Measure, summarize_courses
from analytics.documents.model import Table
from analytics.large import derive_courses, read_bases
from analytics.panel import assemble_study, derive_baselines, derive_panel
from analytics.profile.sheet import name_origin
from analytics.report.more_sections import build_safety
from analytics.report.trial import make_trial
from analytics.safety.stopping import (
    AT_MOST,
    CROSSED,
    NOT_COMPUTED,
    OPEN,
    TIMES_BASELINE,
    TIMES_LIMIT,
    VALUE,
    StoppingRule,
    say_status,
)
from analytics.safety.tables import POOLED, Choice, Safety
from analytics.scores import find_any_parameter
from analytics.units import CONVENTIONAL
from bench.cohort import STUDY, Size, write_cohort
from cli import main
from data import publish, queries
from data.corrections import publish_corrections, save_draft
from data.database import open_reader
from data.home import Home
from data.importers.run import import_paths
from data.importers.screen import Correction
from data.publish import derived_file, open_derived, publish_derived
from data.simulate import simulate_trial
from data.withdraw import withdraw
from pages.shared import cache, everybody, everybody_safety
from tests.conftest import SIMULATED
from tests.test_pages import open_page, texts

BUNDLED = ("kim-abmi", "ahd", "mayo-pbc", "az-liver-safety", SIMULATED)
PAGES = ("trial/cohort", "trial/trajectories", "trial/response", "trial/compare", "trial/scores", "trial/survival",
         "trial/safety", "patient/worklist", "patient/pair", "study/quality", "library/report")  # fmt: skip


def make_derived(home: Home, study: str, sample: int, part: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The derived tables of a study of the store, subjects taken ``part`` by ``part``."""
    monkeypatch.setattr(publish, "PART", part)
    monkeypatch.setattr(large, "SAMPLE", sample)
    publish_derived(home, home.current(), study)
    return open_derived(home, home.current(), study)


def compare(home: Home, study: str, part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traits, baselines, options, ends and the members of filters by both ways."""
    derived = make_derived(home, study, 10_000, part, monkeypatch)
    with open_reader(home, home.current()) as connection:
        whole = assemble_study(queries.fetch_frames(connection, study), queries.fetch_config(connection, study))
    direct = derive_baselines(whole)
    traits = derive_traits(whole.subjects, direct, list_events(whole.events, whole.treatments))
    stored = publish.fetch_traits(derived)
    assert_frame_equal(stored, traits.sort("usubjid"), check_dtypes=False)
    codes = direct["paramcd"].unique().sort().to_list()
    order = ["paramcd", "usubjid"]
    based = publish.fetch_baselines(derived, codes)
    assert_frame_equal(based.sort(order), direct.sort(order).select(based.columns), check_dtypes=False)
    assert list_choices(stored) == list_choices(traits)
    extremes = list_extremes(stored, publish.fetch_based(derived))
    assert extremes == list_extremes(traits, direct)
    filters = [Cohort(study, ((name, (next(iter(options)),)),)) for name, options in list_choices(traits).items()]
    ends = [(code, (low, (low + high) / 2)) for code, (low, high) in extremes.items()]
    filters += [Cohort(study, (), (Bounds(code, *both),)) for code, both in ends[:6]]
    for cohort in filters:
        wanted = [bounds.paramcd for bounds in cohort.ranges if bounds.paramcd != AGE]
        found = select_cohort(stored, publish.fetch_baselines(derived, wanted), cohort)
        same = select_cohort(traits.sort("usubjid"), direct, cohort)["usubjid"].to_list()
        assert found["usubjid"].to_list() == same
        for code in set(wanted) & set(publish.list_grids(derived)):
            bases = read_bases(publish.fetch_bases(derived, code), code)
            if bases is not None:
                found = select_cohort(stored.with_columns(bases), stored.clear(), cohort)
                assert found["usubjid"].to_list() == same
    panel = publish.fetch_courses(derived, "panel", traits["usubjid"].to_list())
    courses = derive_courses(queries.fetch_frames(open_reader(home, home.current()), study), whole.config)["panel"]
    keys = ["paramcd", "usubjid", "day", "avisit", "aval", "avalc"]
    assert_frame_equal(panel.sort(keys), courses.sort(keys).select(panel.columns), check_dtypes=False)


@pytest.mark.parametrize("study", BUNDLED)
def test_derived_tables_of_every_bundled_study_are_the_direct_computation(
    study: str, store: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken seventeen subjects at a time."""
    compare(store, study, 17, monkeypatch)
    publish.remove_derived(store)


@pytest.mark.parametrize("seed", [11, 12])
def test_derived_tables_of_random_trials_are_the_direct_computation(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIMULATED trials of other patients."""
    home = Home(tmp_path / "home")
    folder = simulate_trial(45, seed, tmp_path)
    import_paths(home, [folder])
    compare(home, f"SIMULATED-abmi-45-s{seed}", 7, monkeypatch)


def read_derived(home: Home, study: str) -> dict[str, pl.DataFrame]:
    """Every derived table as pages read it: some by a key, all others in their order."""
    keys = {"traits": ["usubjid"], "baselines": ["paramcd", "usubjid"]}
    with open_derived(home, home.current(), study) as derived:
        names = derived.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
        tables = {name: queries.fetch(derived, f'SELECT * FROM "{name}" ORDER BY rowid') for (name,) in names}
    return {name: table.sort(keys[name]) if name in keys else table for name, table in tables.items()}


def correct_some(home: Home, study: str, seed: int) -> None:
    """Change two values of the study, take one out, and enter one on a day of its own, each of another subject."""
    with open_reader(home, home.current()) as connection:
        rows = queries.fetch_measurements(connection, study).filter(pl.col("aval") > 0.5)
    counted = [code for code, item in PARAMETERS.items() if not item.levels and not item.derived]
    shuffled = rows.filter(pl.col("paramcd").is_in(counted)).sample(fraction=1, shuffle=True, seed=seed)
    many = shuffled.unique("usubjid", maintain_order=True).head(4)
    for place, row in enumerate(many.iter_rows(named=True)):
        text = "" if place == 0 and many.height > 2 else f"{row['aval'] * 0.95:.4g}"
        day = row["day"] if place != 3 or row["day"] is None else row["day"] + 1
        names = (
            row["usubjid"],
            row["paramcd"],
            day,
            row["avisit"] or "",
            text,
            PARAMETERS[row["paramcd"]].unit,
            "typing error",
        )
        save_draft(home, study, Correction(*names))
    publish_corrections(home, study)


@pytest.mark.parametrize("study", BUNDLED)
@pytest.mark.parametrize("seed", [1, 2])
def test_after_corrections_derived_tables_are_brought_up_to_date_as_if_made_anew(
    study: str, seed: int, store: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two revisions of corrections, between which nobody looked; another study's tables are copied."""
    shutil.copytree(store.folder, tmp_path / "home")
    home = Home(tmp_path / "home")
    monkeypatch.setattr(large, "SAMPLE", 30)
    other = "ahd" if study != "ahd" else "kim-abmi"
    for name in (study, other):
        publish_derived(home, home.current(), name)
    before = read_derived(home, other)
    for part in (0, 10):
        correct_some(home, study, seed + part)
    with monkeypatch.context() as patched:
        patched.setattr(publish, "write_tables", None)
        for name in (study, other):
            publish_derived(home, home.current(), name)
    found, same = read_derived(home, study), read_derived(home, other)
    publish.remove_derived(home)
    publish_derived(home, home.current(), study)
    anew = read_derived(home, study)
    assert found.keys() == anew.keys()
    assert same.keys() == before.keys()
    for name, table in anew.items():
        assert_frame_equal(found[name], table, check_exact=True)
    assert all(table.equals(same[name], null_equal=True) for name, table in before.items() if "cells" not in name)


def test_derived_tables_are_made_anew_where_a_correction_changes_what_stands_on_a_grid(
    store: Home, tmp_path: Path
) -> None:
    """A parameter that nobody had."""
    shutil.copytree(store.folder, tmp_path / "home")
    home = Home(tmp_path / "home")
    publish_derived(home, home.current(), "mayo-pbc")
    assert "cells inr" not in read_derived(home, "mayo-pbc")
    save_draft(home, "mayo-pbc", Correction("PBC-001", "inr", 0, "", "1.2", "", "from the chart"))
    publish_corrections(home, "mayo-pbc")
    publish_derived(home, home.current(), "mayo-pbc")
    assert "cells inr" in read_derived(home, "mayo-pbc")


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_a_large_study_say_the_same_where_everybody_is_drawn(
    path: str, store: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty patients are fewer than are drawn: every number is that of the small study."""
    whole = texts(open_page(store, monkeypatch, path, study=SIMULATED))
    monkeypatch.setattr(large, "LARGE", 0)
    assert texts(open_page(store, monkeypatch, path, study=SIMULATED)) == whole


def draw_twenty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every study is large, and twenty of it are drawn."""
    monkeypatch.setattr(large, "LARGE", 0)
    for name, number in (("SHOWN", 20), ("FEWEST", 10)):
        monkeypatch.setattr(cache, name, number)
    for cached in (cache.cached_drawn, cache.cached_drawn_panel):
        cached.clear()


@pytest.fixture(autouse=True)
def forget_drawn() -> Iterator[None]:
    """No other test may see who was drawn here."""
    yield
    for cached in (cache.cached_drawn, cache.cached_drawn_panel):
        cached.clear()


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_a_large_study_say_that_they_rest_on_a_sample(
    path: str, store: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty of sixty are drawn; the head says so, and survival counts all."""
    draw_twenty(monkeypatch)
    app = open_page(store, monkeypatch, path, study=SIMULATED, paramcd="bilirubin")
    if path != "patient/worklist":
        assert "figures and tables are of 20 of them, drawn at random" in texts(app)
    if path == "trial/survival":
        assert "All 60 patients are counted." in texts(app)
    if path == "trial/cohort":
        assert "## 60" in texts(app)
    if path == "trial/trajectories":
        assert "Means, quartiles and numbers are those of all 60 patients" in texts(app)
        assert "Paired t test" not in texts(app)  # of the drawn it is computed when it is asked for
        app.session_state["drawn_tests"] = True  # a click on it
        assert "Paired t test" in texts(app.run())
        linked = open_page(store, monkeypatch, path, study=SIMULATED, paramcd="bilirubin", tests="Between groups")
        assert "Welch and Student t tests" in texts(linked)


def test_a_change_of_a_definition_makes_the_tables_anew_and_a_withdrawal_removes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file carries the digest; what is derived of a subject leaves with the subject."""
    home = Home(tmp_path / "home")
    import_paths(home, [simulate_trial(12, 3, tmp_path)])
    study = "SIMULATED-abmi-12-s3"
    with make_derived(home, study, 5, 4, monkeypatch) as derived:
        assert publish.fetch_sample(derived, 5).height == 5
        kept = publish.fetch_sample(derived, 5)
    assert derived_file(home, home.current(), study).exists()
    monkeypatch.setattr(large, "digest_definitions", lambda: "after")
    assert not derived_file(home, home.current(), study).exists()
    publish.remove_derived(home)
    with make_derived(home, study, 5, 100, monkeypatch) as derived:
        assert publish.fetch_sample(derived, 5).equals(kept)
    withdraw(home, study, kept["usubjid"][0])
    assert not list(home.folder.glob("*.derived"))


def read_sizes(app: AppTest) -> dict[str, tuple[int, int]]:
    """Patients and events of every group in the table below the curves."""
    table = next(frame.value for frame in app.dataframe if "Patients" in frame.value.columns)
    rows = table[["Group", "Patients", "Events"]].itertuples(index=False)
    return {group: (int(patients), int(events)) for group, patients, events in rows}


def test_survival_counts_everybody_of_a_large_study(store: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """By arm, and by class at baseline."""
    for by in ("arm", "child_pugh"):
        whole = read_sizes(open_page(store, monkeypatch, "trial/survival", study=SIMULATED, by=by))
        with monkeypatch.context() as patched:
            draw_twenty(patched)
            assert read_sizes(open_page(store, patched, "trial/survival", study=SIMULATED, by=by)) == whole
        assert sum(patients for patients, _ in whole.values()) > 50


@pytest.mark.parametrize("path", ["patient/profile", "study/corrections"])
def test_a_patient_who_was_not_drawn_can_be_opened(path: str, store: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every patient of the study stands in the list, with all values."""
    draw_twenty(monkeypatch)
    drawn = cache.cached_drawn(cache.Stamp(str(store.folder.resolve()), store.current()), Cohort(SIMULATED).to_json())
    other = next(name for name in (f"SIM-{number:03d}" for number in range(1, 61)) if name not in set(drawn["usubjid"]))
    app = open_page(store, monkeypatch, path, study=SIMULATED, usubjid=other)
    lists = [box for box in app.selectbox if box.value == other]
    assert lists
    assert len(lists[0].options) == 60
    if path == "study/corrections":
        stored = next(box for box in app.selectbox if box.key == "correct_place")
        assert len(stored.options) > 1


def compare_means(stamp: cache.Stamp, study: str, code: str) -> None:
    """Every statistic of every arm and visit, counted of everybody and from the panel."""
    panel, visits = cache.cached_panel(stamp, study, CONVENTIONAL), cache.cached_study(stamp, study).visits
    for measure in (Measure(name, find_any_parameter(code)) for name in ("Value", "Change")):
        found = everybody.cached_means(stamp, Cohort(study).to_json(), code, measure.column, "arm")
        expected = summarize_courses(panel, visits, measure, by_visit=True).drop("x")
        order = ["arm", "avisit"]
        assert_frame_equal(found.sort(order), expected.sort(order).select(found.columns), check_dtypes=False)


@pytest.mark.parametrize("code", ["bilirubin", "meld", "meld_na", "child_pugh"])
def test_means_of_everybody_are_those_of_the_rules(code: str, store: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every arm and visit, or the grid says that it cannot tell."""
    monkeypatch.setattr(large, "LARGE", 0)
    stamp = cache.Stamp(str(store.folder.resolve()), store.current())
    if not everybody.cached_exact(stamp, SIMULATED, code):
        assert code != "bilirubin"
        return
    compare_means(stamp, SIMULATED, code)


def import_registry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> cache.Stamp:
    """A SIMULATED registry of eighty, taken for a large one, whose visits have one day each."""
    monkeypatch.setattr(large, "LARGE", 0)
    write_cohort(Size("test", 80, 8, 10), folder / "files")
    home = Home(folder / "home")
    import_paths(home, [folder / "files"])
    return cache.Stamp(str(home.folder.resolve()), home.current())


def test_an_import_in_the_terminal_prepares_a_large_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first page then only reads; a preview prepares nothing."""
    monkeypatch.setattr(large, "LARGE", 0)
    monkeypatch.setenv("HEPATRACE_HOME", str(tmp_path / "home"))
    write_cohort(Size("test", 20, 4, 10), tmp_path / "files")
    CliRunner().invoke(main, ["import", str(tmp_path / "files"), "--preview"])
    assert not list(tmp_path.glob("home/*.derived"))
    result = CliRunner().invoke(main, ["import", str(tmp_path / "files")])
    assert result.stderr == f"Prepared for the dashboard: {STUDY}\n"
    home = Home(tmp_path / "home")
    assert derived_file(home, home.current(), STUDY).exists()


@pytest.mark.parametrize("code", ["meld", "meld_na", "child_pugh"])
def test_scores_of_everybody_of_a_large_file_are_those_of_the_rules(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A SIMULATED registry whose visits have one day each: the grid holds everybody."""
    stamp = import_registry(tmp_path, monkeypatch)
    assert everybody.cached_exact(stamp, STUDY, code)
    compare_means(stamp, STUDY, code)


RULES = (
    StoppingRule("deaths", 2, finding="death"),
    StoppingRule("serious", 5, finding="serious", window=180),
    StoppingRule("first", 1, finding="serious", of=20),
    StoppingRule("bilirubin", 3, paramcd="bilirubin", threshold=2.5),
    StoppingRule("liver", 2, paramcd="alt", threshold=1.5, scale=TIMES_LIMIT, of=30),
    StoppingRule("kidney", 4, paramcd="creatinine", threshold=1.3, scale=TIMES_BASELINE),
    StoppingRule("albumin", 4, paramcd="albumin", side=AT_MOST, threshold=2.8, window=200),
)


def derive_whole(stamp: cache.Stamp, study: str) -> Safety:
    """What safety rests on, computed from the rows of everybody."""
    with open_reader(Home(Path(stamp.folder)), stamp.revision) as connection:
        data = assemble_study(queries.fetch_frames(connection, study), queries.fetch_config(connection, study))
    return Safety(data, select_subjects(derive_panel(data), data.subjects), data.subjects)


@pytest.mark.parametrize("pooled", ["", POOLED])
def test_events_and_rules_of_everybody_are_those_of_the_whole_study(
    pooled: str, store: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty of sixty are drawn, and none of the tables notices."""
    draw_twenty(monkeypatch)
    stamp = cache.Stamp(str(store.folder.resolve()), store.current())
    found = everybody_safety.cached_safety(stamp, Cohort(SIMULATED).to_json(), pooled)
    whole = derive_whole(stamp, SIMULATED)
    whole = whole.blind() if pooled else whole
    for name in ("counts", "terms", "events"):
        assert_frame_equal(found.table(name), whole.table(name))
    assert_frame_equal(found.lanes, whole.lanes)
    status = found.table("rules", Choice(rules=RULES))
    assert_frame_equal(status, whole.table("rules", Choice(rules=RULES)))
    assert set(status["state"]) >= {OPEN, CROSSED}


def test_a_rule_on_a_score_counts_everybody_or_says_that_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MELD stands on the grid of a SIMULATED registry; ALBI is computed of those who are drawn."""
    stamp = import_registry(tmp_path, monkeypatch)
    found = everybody_safety.cached_safety(stamp, Cohort(STUDY).to_json(), "")
    scales = {VALUE: 12.0, TIMES_BASELINE: 1.2}
    known = tuple(StoppingRule(scale, 9, paramcd="meld", threshold=edge, scale=scale) for scale, edge in scales.items())
    status = found.table("rules", Choice(rules=known))
    assert_frame_equal(status, derive_whole(stamp, STUDY).table("rules", Choice(rules=known)))
    assert status["found"].min() > 0
    unknown = found.table("rules", Choice(rules=(StoppingRule("albi", 9, paramcd="albi", threshold=-1.0),)))
    assert unknown["state"].to_list() == [NOT_COMPUTED] * 2
    assert "no status" in say_status(unknown.row(0, named=True))


def test_a_report_of_a_large_study_says_who_was_drawn_and_counts_the_events_of_all(
    store: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty of sixty: the stamp says so, and the tables of safety are those of sixty."""
    draw_twenty(monkeypatch)
    stamp, cohort = cache.Stamp(str(store.folder.resolve()), store.current()), Cohort(SIMULATED)
    counted = everybody_safety.cached_safety(stamp, cohort.to_json(), "")
    study, drawn = cache.cached_study(stamp, SIMULATED), cache.cached_drawn(stamp, cohort.to_json())
    origin = name_origin(SIMULATED, study.config, store.current(), drawn["cut_day"])
    nothing = pl.DataFrame(schema={"kind": pl.String, "n": pl.Int64, "of_n": pl.Int64, "text": pl.String,
                                   "time": pl.String, "source": pl.String})  # fmt: skip
    trial = make_trial(cohort, study, drawn, origin=origin, statements=nothing, findings=nothing, counted=counted,
                       everybody=60)  # fmt: skip
    assert "n = 20, drawn at random of 60, of 60" in trial.stamp
    blocks = list(build_safety(trial))
    assert any("those of all 60 patients" in getattr(block, "text", "") for block in blocks)
    tables = [block for block in blocks if isinstance(block, Table)]
    assert tables[0].numbers is not None
    assert_frame_equal(tables[0].numbers, derive_whole(stamp, SIMULATED).table("counts"))
