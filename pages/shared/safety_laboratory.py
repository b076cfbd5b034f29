"""Safety: laboratory grades and shifts, eDISH in both forms, kidney, organs and tumor markers."""

from typing import Any

import polars as pl
import streamlit as st

from analytics.catalog import PARAMETER_NAMES, PARAMETERS
from analytics.figures.safety import plot_edish, plot_shift, plot_stages
from analytics.safety.edish import (
    BASELINE,
    ENZYMES,
    NAMED,
    NORMS,
    QUADRANTS,
    ULN,
    derive_path,
    derive_points,
    explain_absence,
    summarize_quadrants,
)
from analytics.safety.grades import READINGS, name_grade, read_rule, tabulate_shift
from analytics.safety.stages import AFP_CALL, AFP_SOURCE, LABELS, STAGED, explain_stage, say_worst
from analytics.safety.tables import Choice, Safety
from pages.shared import cohorts, controls, output, patients, tables
from pages.shared.safety_events import WIDE, command

NO_CHOICE = "nobody"
READ = (
    "In cirrhosis nearly everybody starts above a limit. **By the limit alone** an unchanged patient has a high grade; "
    "**CTCAE v5** reads a value by the patient's own baseline where that was above the limit."
)


def show_grades(view: cohorts.View, data: Safety) -> None:
    """What the two readings of the CTCAE grades say of every analyte, and the shift of one of them."""
    summary = data.table("grades")
    if summary.is_empty():
        st.info("No value after baseline can be graded: the study reports no limits of normal, or no such analyte.")
        return
    st.markdown(READ)
    show_summary(view, data, summary)
    codes = summary["paramcd"].unique(maintain_order=True).to_list()
    left, right = st.columns(2)
    with left:
        names = {code: PARAMETERS[code].name for code in codes}
        code = controls.ask_detail("Shift of", names, "analyte", "bilirubin" if "bilirubin" in names else codes[0])
    with right:
        reading = controls.ask_detail("Grades", READINGS, "reading", next(reversed(READINGS)))
    rows = tabulate_shift(data.worst, code, reading)
    figure = plot_shift(rows, data.arms, f"worst grade of {names[code]} after it", controls.theme())
    options = f" --analyte {code} --reading {reading}"
    alt = f"Shift of the CTCAE grade of {names[code]} from baseline to worst"
    clicked = output.show_figure(figure, "grade_shift", alt, rows, command(view, data, "shift", options), select=True)
    st.caption(
        f"CTCAE v5.0: {read_rule(code)} Grade 5 and grades by symptoms are not derived. Click a cell to list it."
    )
    if clicked:
        list_cell(data, code, reading, str(clicked[-1]))


def show_summary(view: cohorts.View, data: Safety, summary: pl.DataFrame) -> None:
    """Grade 3 or more and rises by two grades of every analyte, both readings side by side."""
    named = summary.with_columns(analyte=pl.col("paramcd").replace(PARAMETER_NAMES))
    cells = named.sort(pl.col("severe").sum().over("paramcd"), descending=True, maintain_order=True).with_columns(
        severe=pl.format("{}/{} (before: {})", "severe", "n", "severe_before"),
        worse_2=pl.format("{}/{}", "worse_2", "n"),
    )
    wide = cells.pivot(on="reading", index=["analyte", "arm"], values=["severe", "worse_2"], maintain_order=True)
    columns = {
        "analyte": "Analyte",
        "arm": "Arm",
        "severe_limit": "Worst grade ≥ 3, by limit",
        "severe_baseline": "Worst grade ≥ 3, CTCAE v5",
        "worse_2_limit": "Up ≥ 2 grades, by limit",
        "worse_2_baseline": "Up ≥ 2 grades, CTCAE v5",
    }
    order = [name for name in columns if name in wide.columns]
    table = wide.select(order)  # what got worse stands first
    tables.show(table, hide_index=True, height=300, column_config=columns, alt="Grades of all analytes, both readings")
    output.offer_table(summary, "grade_summary")
    st.caption(f"The same in the terminal: `{command(view, data, 'grades')}`")


def list_cell(data: Safety, code: str, reading: str, clicked: str) -> None:
    """The patients of a cell of the shift."""
    arm, before, after = clicked.split("|")
    own = data.worst.filter(pl.col("paramcd") == code, pl.col("reading") == reading, pl.col("arm") == arm)
    chosen = own.filter(name_grade("base_grade") == before, name_grade("worst_grade") == after)
    patients.list_members(chosen["usubjid"].to_list(), f"{arm}: {before} → {after}", "shift_members")


def show_liver_injury(view: cohorts.View, data: Safety) -> None:
    """The eDISH plot, classic and by the own baseline, side by side, with one patient's path; the counts open lists."""
    left, middle, right = st.columns(3)
    with left:
        there = [code for code in ENZYMES if (data.records["test"] == code).any()] or list(ENZYMES)
        enzyme = controls.ask_detail("Aminotransferase", {code: code.upper() for code in there}, "enzyme", there[0])
    with middle:
        windows = {"": "any day after baseline", "30": "within 30 days of the peak", "90": "within 90 days of the peak"}
        window = controls.ask_detail("Highest bilirubin", windows, "window", "")
    with right:
        ids = {usubjid: usubjid for usubjid in data.subjects["usubjid"].sort()}
        chosen = controls.ask_detail("Course of", {"": NO_CHOICE} | ids, "edish_patient", "")
    choice = Choice(enzyme=enzyme, window=int(window) if window else None)
    with st.container(horizontal=True, gap="medium"):  # side by side where there is room for both
        for norm in (ULN, BASELINE):
            with st.container(width=WIDE):
                show_edish(view, data, choice, norm, chosen)
    st.caption(
        "Dashed: aminotransferase from 3, bilirubin above 2 (FDA 2009). Only multiples of the upper limit make Hy's "
        "law, and only after other causes are excluded by a person. By the own baseline a point upper right is a "
        "patient who got worse from wherever they started."
    )
    show_actions(view, data)


def show_edish(view: cohorts.View, data: Safety, choice: Choice, norm: str, chosen: str) -> None:
    """One of the two forms."""
    st.header("Classic eDISH" if norm == ULN else "By the own baseline")
    if reason := explain_absence(data.records, norm, choice.enzyme):
        st.info(reason)
        return
    points = derive_points(data.records, norm, choice.enzyme, choice.window)
    path = derive_path(data.records, chosen, norm, choice.enzyme).with_columns(words=describe_place())
    word = "ULN" if norm == ULN else "own baseline"
    names = NAMED if norm == ULN else QUADRANTS
    corners = (names[code] for code in ("both", "transferase", "bilirubin"))
    titles = (f"Peak {choice.enzyme.upper()}, x {word}", f"Highest bilirubin, x {word}", *corners)
    drawn = points.with_columns(hover=describe_point(choice.enzyme, norm))
    figure = plot_edish(drawn, path, titles, chosen, controls.theme())
    options = f" --norm {norm} --enzyme {choice.enzyme}" + (f" --window {choice.window}" if choice.window else "")
    clicked = output.show_figure(
        figure, f"edish_{norm}", f"eDISH, {NORMS[norm]}", points, command(view, data, "edish", options), select=True
    )
    show_quadrants(points, norm)
    if clicked and isinstance(clicked[-1], str) and clicked[-1] in set(points["usubjid"]):
        controls.open_patient(clicked[-1])


def describe_place() -> pl.Expr:
    """A day of a path in words; baseline for day 0."""
    dated = pl.col("dated")
    when = pl.when(dated).then(pl.format("day {}", "day")).when(~dated).then(pl.lit("after baseline"))
    return pl.when(pl.col("day") == 0).then(pl.lit("baseline")).when(pl.col("day") != 0).then(when)


def describe_point(enzyme: str, norm: str) -> pl.Expr:
    """What a hover says of a patient: both peaks, the days between them, and by limits the R ratio."""
    number = {name: pl.col(name).round(2) for name in ("at_x", "tbl_x", "r_ratio")}
    peak = pl.format(f"{enzyme.upper()} {{}} x", number["at_x"]) + pl.format(" on day {}", "at_day").fill_null("")
    yellow = pl.format("bilirubin {} x", number["tbl_x"]) + pl.format(" on day {}", "tbl_day").fill_null("")
    apart = pl.format("{} days between the peaks", pl.col("offset_days").abs())
    ratio = pl.format("R {}", number["r_ratio"]) if norm == ULN else pl.lit(None, dtype=pl.String)
    return pl.concat_str([peak, yellow, apart, ratio], separator="<br>", ignore_nulls=True)


def show_quadrants(points: pl.DataFrame, norm: str) -> None:
    """How many patients lie where; a click on a count lists them."""
    words = NAMED if norm == ULN else QUADRANTS
    counts = summarize_quadrants(points)
    wide = counts.with_columns(pl.col("quadrant").replace(words)).pivot(
        on="quadrant", index="arm", values="n", maintain_order=True
    )
    event = tables.show(
        wide,
        key=f"quadrants_{norm}",
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-cell",
        column_config={"arm": "Arm"},
        alt=f"Patients by quadrant, {NORMS[norm]}",
    )
    cells = event["selection"]["cells"]
    if cells and cells[0][1] != "arm":
        row, column = cells[0]
        code = next(code for code, word in words.items() if word == column)
        own = points.filter(pl.col("arm") == wide["arm"][row], pl.col("quadrant") == code)
        patients.list_members(own["usubjid"].to_list(), f"{wide['arm'][row]}: {column}", f"quadrant_members_{norm}")
    absent = points["quadrant"].null_count()
    if absent:
        st.caption(f"{absent} of {points.height} patients lack one of the two coordinates.")


def show_actions(view: cohorts.View, data: Safety) -> None:
    """The DILI action levels."""
    st.header(LABELS["dili_action"])
    show_stage(view, data, "dili_action")


def show_stages(view: cohorts.View, data: Safety) -> None:
    """Kidney injury and ACLF over time; tumor markers."""
    for code in ("aki", "clif_c_of"):
        st.header(LABELS[code])
        show_stage(view, data, code)
    st.header("Tumor watch")
    table = data.table("tumor")
    if table.is_empty():
        st.info("No tumor marker after baseline and no tumor is recorded of these patients.")
        return
    columns: dict[str, Any] = {"usubjid": "Patient", "arm": "Arm", "base": "Baseline", "highest": "Highest"}
    columns |= {"highest_day": "on day", "latest": "Latest", "hcc_day": "HCC on day"}
    columns["fold"] = st.column_config.NumberColumn("Highest / baseline", format="%.1f")
    columns["call"] = f"First day from {AFP_CALL:g} ng/mL"
    named = table.with_columns(marker=pl.col("paramcd").replace(PARAMETER_NAMES))
    shown = named.select("usubjid", "arm", "marker", *(name for name in columns if name not in ("usubjid", "arm")))
    patients.choose_patient(shown, "tumor_watch", columns | {"marker": "Marker"}, "Tumor markers and tumors by patient")
    output.offer_table(table, "tumor_watch")
    n, called = table["usubjid"].n_unique(), table.filter(pl.col("called"))["usubjid"].n_unique()
    tumors = table.filter(pl.col("hcc"))["usubjid"].n_unique()
    st.caption(
        f"{n} patients, {called} with AFP from {AFP_CALL:g} ng/mL after baseline, {tumors} with hepatocellular "
        f"carcinoma. From {AFP_CALL:g} ng/mL surveillance calls for imaging: {AFP_SOURCE}. A marker is no diagnosis."
    )


def show_stage(view: cohorts.View, data: Safety, code: str) -> None:
    """One stage over the visits, and the patients by their worst."""
    if reason := explain_stage(data.panel, code):
        st.info(reason)
        return
    table = data.table("stages", Choice(stage=code))
    worst = data.table("worst-stages", Choice(stage=code))
    gravest = worst.filter(pl.col("rank") > 0)
    st.markdown("  \n".join(output.plain(say_worst(worst, code, arm)) for arm in data.arms))
    visits = [name for name in data.study.visits["avisit"] if name in set(table["avisit"])]
    if gravest.height and visits:
        figure = plot_stages(table, STAGED[code], visits, controls.theme())
        options = f" --stage {code}"
        output.show_figure(figure, f"stages_{code}", LABELS[code], table, command(view, data, "stages", options))
    if gravest.height:
        columns = {"usubjid": "Patient", "arm": "Arm", "stage": "Worst", "day": "First on day", "last": "Latest"}
        patients.choose_patient(gravest.drop("rank"), f"worst_{code}", columns, f"Patients by worst {LABELS[code]}")
