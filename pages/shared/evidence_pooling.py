"""Meta-analysis on screen: the worked example, or trials of one's own, with a forest plot."""

import polars as pl
import streamlit as st

from analytics.evidence.pooling import (
    CONTRASTS,
    COUNTS,
    EXAMPLE,
    RATIOS,
    explain_few,
    list_methods,
    make_forest,
    read_example,
    read_own,
    say_pooled,
    tabulate_forest,
)
from analytics.figures.evidence import plot_forest
from analytics.present import say_p
from analytics.statistics.meta_analysis import METHODS, REML
from pages.shared import cohorts, controls, output

OWN = "your own trials"
REMARK = (
    "0.5 is added to the cells of a trial with an empty one. Trials of cell therapy on the shelf print directions "
    "without a variance: none of them can be pooled."
)
PLACEHOLDER = ",".join(COUNTS) + "\nAuthor 2020,3,25,8,24\nAuthor 2022,2,40,5,41"


def show_pooling(view: cohorts.View | None) -> None:  # noqa: ARG001  # every part of the page is given the cohort
    """Trials with numbers and their variance, pooled."""
    left, right = st.columns(2)
    names = {name: f"Worked example: first bleeding, {name} against control" for name in CONTRASTS} | {
        OWN: "Your own trials"
    }
    with left:
        chosen = controls.ask_detail("Trials", names, "pooled", CONTRASTS[0])
    trials, problems = read_own(ask_text()) if chosen == OWN else (read_example(chosen), [])
    for problem in problems:
        st.warning(output.plain(problem[0].upper() + problem[1:]) + ".")
    if trials.is_empty() or explain_few(trials):
        st.info(explain_few(trials) if trials.height else "No trial with numbers is given yet.")
        return
    with right:
        method = controls.ask_detail("Method", list_methods(trials), "method", REML)
    draw_forest(trials, method, chosen)
    source = EXAMPLE if chosen != OWN else "your own entries, which are not stored"
    st.caption(f"Source: {source}. {METHODS[method][0].upper() + METHODS[method][1:]}; {REMARK}")


def draw_forest(trials: pl.DataFrame, method: str, chosen: str) -> None:
    """The pooled effect in a sentence, and the forest plot."""
    forest = make_forest(trials, method)
    word = "Odds ratio" if "events" in trials.columns else "Ratio"
    st.markdown(output.plain(say_pooled(forest, word, say_p(forest.pooled.p))))
    estimate, lower, upper = forest.ratio
    pooled = {"label": "Pooled", "estimate": estimate, "lower": lower, "upper": upper}
    title = f"{word} (below 1: fewer events with the treatment)"
    figure = plot_forest(forest.rows, pooled, title, controls.theme())
    flag = f' --method "{method}"' if method != REML else ""
    command = "" if chosen == OWN else f"python cli.py evidence --table forest --contrast {chosen}{flag}"
    output.show_figure(figure, "meta_forest", "Forest plot of the trials", tabulate_forest(forest), command)


def ask_text() -> str:
    """The trials as text, typed or pasted, or a CSV file."""
    st.caption(f"Columns {', '.join(COUNTS)}; or {', '.join(RATIOS)} (95 % limits). Paste, or choose a file.")
    sent = st.file_uploader("CSV", type="csv", key="pooled_file")
    typed = st.text_area("Trials", key="pooled_text", placeholder=PLACEHOLDER, height=140)
    return (
        sent.getvalue().decode("utf-8-sig", errors="replace")
        if sent is not None
        else typed or PLACEHOLDER.split("\n", maxsplit=1)[0]
    )
