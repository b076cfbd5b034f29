"""Notes, queries and the state of review in the terminal."""

import click

from analytics.review import MARK, NOTE, derive_reviews, tabulate_marks, tabulate_notes
from commands.shared import as_json, read_cohort, show, study_option, told
from data.home import find_home
from data.workspace import fetch_items


@click.command()
@study_option
@click.option("--table", type=click.Choice(["notes", "reviews"]), default="notes", show_default=True)
@as_json
@told
def notes(study: str, table: str, as_json: bool) -> None:
    """Notes and queries on patients, values and figures; or which patient's parameter is reviewed, open, open again."""
    data, _ = read_cohort(study, {})
    items = [item for item in fetch_items(find_home()) if item.study == study]
    if table == "notes":
        saved = [(item.name, item.content, item.who, item.saved_at) for item in items if item.kind == NOTE]
        show(tabulate_notes(saved), as_json)
        return
    marks = tabulate_marks((item.content, item.who, item.saved_at) for item in items if item.kind == MARK)
    show(derive_reviews(data.measurements, marks), as_json)
