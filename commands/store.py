"""The store in the terminal: data cuts, and a withdrawn consent."""

import click

from commands.shared import as_json, show, study_option, told
from data.cuts import find_revision, list_prunable, list_revisions, pin_cut, prune, unpin_cut
from data.cuts_compare import compare_revisions
from data.home import find_home
from data.withdraw import withdraw


@click.group()
def cuts() -> None:
    """Data cuts: revisions with a name, which are never pruned."""


@cuts.command("list")
@as_json
@told
def list_(as_json: bool) -> None:
    """List every revision with its data cuts."""
    show(list_revisions(find_home()), as_json)


@cuts.command()
@click.argument("name")
@click.option("--revision", help="The revision; without it the current one.")
@told
def pin(name: str, revision: str | None) -> None:
    """Give a revision a name."""
    home = find_home()
    pin_cut(home, name, revision or home.current())
    click.echo(f"{name} is {revision or home.current()}")


@cuts.command()
@click.argument("name")
@told
def unpin(name: str) -> None:
    """Take the name off a revision."""
    unpin_cut(find_home(), name)
    click.echo(f"{name} is no data cut any more")


@cuts.command()
@click.argument("before")
@click.argument("after")
@study_option
@as_json
@told
def compare(before: str, after: str, study: str, as_json: bool) -> None:
    """List what is new, changed (old to new) and removed between two data cuts or revisions."""
    home = find_home()
    show(compare_revisions(home, study, find_revision(home, before), find_revision(home, after)), as_json)


@cuts.command("prune")
@click.option("--keep", default=5, show_default=True, type=click.IntRange(1), help="The newest revisions that stay.")
@click.option("--preview", is_flag=True, help="Show what would be removed; change nothing.")
@told
def prune_(keep: int, preview: bool) -> None:
    """Remove old revisions; the current one, its parent and every data cut stay."""
    home = find_home()
    gone = list_prunable(home, keep) if preview else prune(home, keep)
    for revision in gone:
        click.echo(revision)
    click.echo(f"{len(gone)} revisions {'would be' if preview else 'are'} removed")


@click.command("withdraw")
@click.argument("usubjid")
@study_option
@click.confirmation_option(prompt="Erase this subject everywhere? It cannot be undone")
@told
def withdraw_(usubjid: str, study: str) -> None:
    """Consent withdrawn: erase a subject everywhere; the backups that may still hold it are named."""
    done = withdraw(find_home(), study, usubjid)
    click.echo(f"Erased from {done.revisions} revisions and {done.items} saved items; current is {done.revision}")
    for backup in done.backups:
        click.echo(f"Still in a backup: {backup}")
    if done.backups:
        click.echo("Delete these backups, or restore them with this store: a restored subject is erased again.")
