"""Making and keeping the store: set up, list, undo, export, simulate, back up, restore, verify, definitions."""

import sys
from pathlib import Path

import click

from analytics.definitions import write_document
from commands.shared import as_json, open_current, show, study_option, told
from data import queries
from data.backup import back_up, restore, verify
from data.exports.study import FORMATS, export_study
from data.home import find_home
from data.revisions import record_action, undo_last
from data.setup import bring_up_to_date, count_files, is_outdated, set_up
from data.simulate import simulate_trial
from data.undo import undo_batch


@click.command()
@told
def setup() -> None:
    """Make the store if there is none: three bundled studies and one SIMULATED trial."""
    home = find_home()
    if home.read_pointer() is not None:
        click.echo(bring_up_to_date(home) if is_outdated(home) else f"The store is there: {home.current()}")
        return
    with click.progressbar(length=count_files(), label="Loading the studies", file=sys.stdout) as bar:
        report = set_up(home, lambda _: bar.update(1))
    click.echo(f"The store is made: {report.revision}")


@click.command()
@as_json
@told
def studies(as_json: bool) -> None:
    """List the studies in the store."""
    show(queries.fetch_studies(open_current()), as_json)


@click.command()
@click.option("--batch", type=int, help="An older batch to take out; without it the last import is undone.")
@told
def undo(batch: int | None) -> None:
    """Take back the last import, or one older batch."""
    if batch is not None:
        click.echo(f"Batch {batch} is taken out: {undo_batch(find_home(), batch)}")
    else:
        revision, parent = undo_last(find_home())
        click.echo(f"{revision} is undone; current is {parent}")


@click.command()
@study_option
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder to write into."
)
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="csv", show_default=True)
@click.option("--de-identified", is_flag=True, help="Number the subjects anew; no dates, sites or free text.")
@told
def export(study: str, out: Path, form: str, de_identified: bool) -> None:
    """Write a study as files: CSV, Parquet and Excel import again, the others follow CDISC."""
    for path in export_study(open_current(), study, out, form, de_identified):
        click.echo(path)
    record_action(find_home(), "export", {"study": study, "format": form, "de_identified": de_identified})


@click.command()
@click.option("--subjects", required=True, type=click.IntRange(min=1))
@click.option("--seed", required=True, type=click.IntRange(min=0))
@click.option("--arms", default=2, type=click.IntRange(1, 4), show_default=True)
@click.option("--out", default=Path("simulated"), type=click.Path(file_okay=False, path_type=Path), show_default=True)
def simulate(subjects: int, seed: int, arms: int, out: Path) -> None:
    """Write the folder of a SIMULATED trial, ready to import."""
    click.echo(simulate_trial(subjects, seed, out, arms))


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@told
def backup(path: Path) -> None:
    """Write the current revision into a new zip file."""
    click.echo(f"{path} holds {back_up(find_home(), path)}")


@click.command("restore")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@told
def restore_(path: Path) -> None:
    """Publish a backup as the newest revision; older ones stay."""
    click.echo(f"{path} is restored as {restore(find_home(), path)}")


@click.command("verify")
@told
def verify_() -> None:
    """Prove that neither the audit log nor a revision was changed by hand."""
    for line in verify(find_home()):
        click.echo(line)


@click.command()
def definitions() -> None:
    """Print all definitions as Markdown (docs/definitions.md)."""
    click.echo(write_document(), nl=False)
