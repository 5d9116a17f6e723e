"""`keepers learn`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from keepers.cli.options import Catalog, Model

_EPILOG = """\b
Examples:
  keepers learn                          from all choices that the catalog knows
  keepers learn ~/Pictures/2024          from those shoots only
  keepers learn --status
  keepers learn --off
  keepers learn --export taste.json      take it to another computer: keepers learn --import taste.json

At least 3 culled shoots are needed, each with 8 photos that you keep and 8 that you do not.
"""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=_EPILOG, short_help="Learn your taste from your choices.")(learn)


def learn(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Culled folders to learn from. Default: all that were culled.")
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="Say what was learned, and whether it is used.")] = False,
    on: Annotated[
        bool | None, typer.Option("--on/--off", help="Use what was learned, or do exactly as without it.")
    ] = None,
    export: Annotated[Path | None, typer.Option("--export", metavar="FILE", help="Write it into a file.")] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", metavar="FILE", help="Take it from a file that --export wrote.")
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Forget what was learned. Your choices stay.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    catalog: Catalog = None,
    model: Model = None,
) -> None:
    """Learn what you keep from your choices, those made in other programs included, and test it.

    The test is on whole shoots from which nothing was learned. Only if your taste ranks their photos clearly better
    than keepers does by itself is it used: for the order, for --keep, between frames that are equally good, and
    between Must Haves and Maybes without a flaw. It never puts a photo into To be Deleted, and your choices always win.
    No photo is measured, and nothing leaves your computer.
    """
    from keepers import app
    from keepers.cli import show_learn

    asked = [status, on is not None, export is not None, import_ is not None, delete, bool(folders)]
    if sum(asked) > 1:
        raise typer.BadParameter("Name folders, or one of --status, --on, --off, --export, --import and --delete.")
    if export is not None:
        typer.echo(f"{app.export_taste(export, catalog=catalog)} written")
    elif delete:
        _delete(catalog, yes)
    elif import_ is not None:
        show_learn.status(app.import_taste(import_, catalog=catalog))
    elif on is not None:
        show_learn.status(app.switch_taste(on, catalog=catalog))
    elif status:
        show_learn.status(app.taste_status(catalog=catalog, model=model))
    else:
        show_learn.learned(app.learn(folders or (), catalog=catalog, model=model))


def _delete(catalog: Path | None, yes: bool) -> None:
    from keepers import app

    asking = sys.stdin.isatty() and sys.stdout.isatty() and not yes
    question = "Forget what was learned? It can be learned again from your choices."
    if asking and not typer.confirm(question, default=False):
        return
    typer.echo("Forgotten." if app.forget_taste(catalog=catalog) else "There was nothing to forget.")
