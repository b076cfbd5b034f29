"""The scores of a cohort: the map of what can be computed, and the mean change attributed to its inputs."""

from typing import Any

import polars as pl
import streamlit as st

from analytics.attribution import attribute_study, describe_attribution, select_moved, summarize_attribution
from analytics.computability import ANY, name_scores, summarize_computability
from analytics.figures.attribution import plot_shares
from analytics.figures.cohort import plot_completeness
from analytics.scores import Score, find_score, list_series
from analytics.shapley import is_attributable
from analytics.visits import choose_visit, order_visits
from pages.shared import cohorts, controls, output, patients, tables
from pages.shared.memory import remember

FEW = 3  # of fewer patients no mean is attributed


def show_computability(view: cohorts.View) -> None:
    """The map of scores and visits, and what stops the others."""
    st.header("Which score can be computed at which visit")
    table = remember(summarize_computability, view.panel, view.study.visits)
    whole = table.filter(pl.col("avisit") == ANY)
    names = name_scores(whole.filter(pl.col("n") > 0)["paramcd"].to_list())
    command = f"python cli.py computability {view.cohort.options}"
    if names:
        figure = remember(plot_completeness, table, names, controls.theme())
        alt = "Number of patients with each score, by visit"
        output.show_figure(figure, "computability", alt, table.drop("order", "position"), command)
    never = whole.filter(pl.col("n") == 0).height
    st.markdown(f"**What stops the others.** {never} scores can be computed for none of these patients.")
    every = controls.ask_one("Count", "stops", [ANY, "Every visit"]) != ANY
    rows = table.filter(pl.col("n") < pl.col("expected"), (pl.col("avisit") != ANY) == every)
    labels = name_scores(list(list_series()))
    shown = rows.select(pl.col("paramcd").replace_strict(labels), "avisit", "n", "expected", "stops")
    columns = {"paramcd": "Score", "avisit": "Visit", "n": "Patients with it", "expected": "of"}
    missing = {"stops": st.column_config.TextColumn("What is missing, and for how many", width="large")}
    tables.show(shown, hide_index=True, placeholder="–", column_config=columns | missing, alt="What stops scores")


def show_attribution(view: cohorts.View) -> None:
    """The mean change of a score from baseline to a visit, attributed to its inputs."""
    st.header("Why did it change?")
    pairs = view.panel.filter(pl.col("analysis"), pl.col("post"), pl.col("chg").is_not_null())
    codes = set(pairs["paramcd"])
    names = {
        code: item.parameter.name for code, item in list_series().items() if code in codes and is_attributable(item)
    }
    if not names:
        st.info("No score is known at baseline and at a later visit, so no change can be attributed.")
        return
    left, right = st.columns(2)
    with left:
        score = find_score(controls.ask_detail("Change of", names, "why", next(iter(names))))
    own = pairs.filter(pl.col("paramcd") == score.id)
    visits, first = order_visits(own["avisit"], view.study.visits), choose_visit(own, view.study.visits)
    with right:
        visit = controls.ask_detail("From baseline to", dict(zip(visits, visits, strict=True)), "to_visit", first)
    show_shares(view, score, visit)


def show_shares(view: cohorts.View, score: Score, visit: str) -> None:
    """The sentence, the bars and the list of patients."""
    shares = remember(attribute_study, score, view.study, view.panel, visit)
    summary = remember(summarize_attribution, shares)
    n = shares["usubjid"].n_unique()
    sentence = describe_attribution(score, dict(summary.select("part", "share").rows()), mean=True)
    st.markdown(f"**{f'Mean of {n} patients' if n > 1 else 'One patient'}. {sentence}**")
    if n < FEW:
        st.caption("So few patients: read the single ones in the table.")
    moved, points = remember(select_moved, summary, shares)
    figure = remember(plot_shares, moved, score.parameter, controls.theme(), points)
    command = f"python cli.py attribution {view.cohort.options} --score {score.id} --visit '{visit}' --single"
    alt = f"Mean share of each input in the change of {score.parameter.name} from baseline to {visit}"
    output.show_figure(figure, f"why_{score.id}", alt, shares.drop("part"), command)
    st.caption(
        "Bars: mean share of each input; points: single patients, larger where several have the same. Shapley values: "
        "the average effect of an input over all orders of change. They add up exactly to the change. Only patients "
        "with the score at both visits count."
    )
    show_single(shares, score)


def show_single(shares: pl.DataFrame, score: Score) -> None:
    """One row a patient; a click opens it."""
    wide = shares.pivot(on="label", index=["usubjid", "chg"], values="share").sort("chg", "usubjid")
    decimals = max(1, score.parameter.decimals)
    numbers = [column for column in wide.columns if column != "usubjid"]
    columns: dict[str, Any] = {name: st.column_config.NumberColumn(name, format=f"%+.{decimals}f") for name in numbers}
    columns |= {"usubjid": "Patient", "chg": st.column_config.NumberColumn("Change", format=f"%+.{decimals}f")}
    patients.choose_patient(wide, "why_patients", columns, "Change of each patient with the share of each input")
