"""Safety in the terminal: the same tables as the page."""

from typing import Any

import click

from analytics.cohort import select_subjects
from analytics.panel import derive_panel
from analytics.safety.edish import ENZYMES
from analytics.safety.grades import READINGS
from analytics.safety.stages import STAGED
from analytics.safety.tables import NORMS, TABLES, Choice, Safety
from analytics.scores.ctcae import TERMS
from analytics.summary import name_missing_arms
from commands.shared import as_json, filter_options, read_cohort, read_stopping, show, study_option, told
from data.home import find_home


@click.command()
@study_option
@click.option("--table", type=click.Choice(list(TABLES)), default="counts", show_default=True)
@click.option("--blinded", is_flag=True, help="All arms as one.")
@click.option("--analyte", type=click.Choice(list(TERMS)), default="bilirubin", show_default=True, help="Of shift.")
@click.option("--reading", type=click.Choice(list(READINGS)), default="baseline", show_default=True, help="Of shift.")
@click.option("--norm", type=click.Choice(NORMS), default="baseline", show_default=True, help="Of edish, quadrants.")
@click.option("--enzyme", type=click.Choice(ENZYMES), default="alt", show_default=True, help="Of edish, quadrants.")
@click.option("--window", type=int, help="Of edish, quadrants: days around the peak.")
@click.option("--stage", type=click.Choice(list(STAGED)), default="aki", show_default=True, help="Of stages.")
@filter_options
@as_json
@told
def safety(study: str, table: str, blinded: bool, as_json: bool, **options: Any) -> None:
    """Adverse events with exact limits, grades, shifts, eDISH, stages, tumor watch, decompensation, stopping rules."""
    chosen = {name: options.pop(name) for name in ("analyte", "reading", "norm", "enzyme", "window", "stage")}
    data, subjects = read_cohort(study, options)
    known = name_missing_arms(subjects)
    made = Safety(data, select_subjects(derive_panel(data), known), known)
    rules, problems = read_stopping(find_home(), study, data)
    for problem in problems:
        click.echo(f"A stopping rule cannot be read: {problem}", err=True)
    result = TABLES[table](made.blind() if blinded else made, Choice(**chosen, rules=tuple(rules)))
    show(result, as_json)
