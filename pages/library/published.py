"""Tests from published means: the thesis' mouse table under each number and test, and any other table."""

import polars as pl
import streamlit as st

from analytics.present import describe_p, say_p
from analytics.published_means import (
    ASSUMED,
    COLUMNS,
    REPLICATION,
    compare_table,
    compare_weeks,
    read_mice,
    reproduces,
    tabulate_mice,
)
from pages.shared import output, tables
from pages.shared.labels import PUBLISHED


def render() -> None:
    """The page."""
    st.title("Published tables")
    st.markdown("What a table prints (mean, SD, n) is enough for a t test: check a p value, or find the n behind it.")
    show_mice()
    show_own()


def show_mice() -> None:
    """The mouse table of the thesis, and why its p values are too small."""
    st.header("Kim thesis, Table 2: fibrotic area in mice, cells against saline")
    table = tabulate_mice()
    rows = []
    for part in table.partition_by("label", maintain_order=True):
        line = {"Week": part["label"][0], "p as printed": f"{part['printed'][0]:g}"}
        for row in part.iter_rows(named=True):
            for test, name in (("p_student", "Student"), ("p_welch", "Welch")):
                mark = " ←" if reproduces(row[test], row["printed"]) else ""
                line[f"{row['assumed']}: {name}"] = f"{describe_p(row[test])}{mark}"
        rows.append(line)
    tables.show(pl.DataFrame(rows), hide_index=True, height="content", alt="p values of the mouse table under each n")
    st.caption("←: rounds to the printed p value. n is not printed: 3 would be mice, 6 and 8 are image areas.")
    st.markdown(f"**The printed p values count areas, not mice.** {REPLICATION}")
    f, df1, df2, p = compare_weeks(2, 6)
    st.caption(f"Over the four weeks of saline (n = 6 each): F = {f:.2f} with {df1:.0f} and {df2:.0f} df, {say_p(p)}.")
    output.offer_table(table, "mouse_table")


def show_own() -> None:
    """Any other table, typed or pasted in."""
    st.header("Your own table")
    st.caption("One row a comparison of two groups. Type, or paste from a spreadsheet. Nothing is stored.")
    start = read_mice().with_columns(n1=pl.lit(3), n2=pl.lit(3)).select(COLUMNS).head(1)
    columns = {name: label for name, label in PUBLISHED.items() if name in COLUMNS}
    edited = st.data_editor(start, num_rows="dynamic", hide_index=True, key="published_editor", column_config=columns)
    results = compare_table(pl.DataFrame(edited))
    tables.show(
        results,
        hide_index=True,
        placeholder="–",
        height="content",
        column_config=PUBLISHED,
        alt="t tests of your table",
    )
    if results["p_welch"].null_count():
        st.caption("A row needs all six numbers, n of 2 or more and no negative SD.")
    small = min(ASSUMED.values())[0]
    st.caption(
        f"Below 10 a group a t test rests on normality that {small} values cannot show: read it with the raw data."
    )
    output.offer_table(results, "published_means")


render()
