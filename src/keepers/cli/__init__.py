"""The command line: a thin client of `keepers.app`. `main` is the entry point.

Nothing heavy is imported before a command runs, so that `keepers --help` answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from keepers.cli.group import KeepersGroup

ROOMS = (
    "cull", "look", "audit", "learn", "export", "tools", "engines", "evaluate", "training", "nets", "experiments",
)  # fmt: skip
"""Modules of this package; each adds its commands in `register(app)`, in this order. They may import typer and the
standard library at their top, and everything else inside their commands."""

_EPILOG = """\b
A first cull:
  keepers sample sample-shoot            write 24 small photos with every flaw
  keepers cull sample-shoot              measure and triage them
  keepers list sample-shoot --verdict delete
  keepers explain sample-shoot/KPR_0007.JPG
  keepers choose sample-shoot/KPR_0007.JPG --keep
  keepers export sample-shoot --to xmp   tell Lightroom and its kin; keepers undo takes it back
"""


def _version(wanted: bool) -> None:
    if wanted:
        from keepers import __version__

        typer.echo(f"keepers {__version__}")
        raise typer.Exit()


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Cull photos: measure every photo once, say what is wrong with it and why, and sort a shoot into
    Must Haves, Maybes and To be Deleted. keepers never deletes a photo, and culling changes none."""


def build() -> typer.Typer:
    """The command line with all its commands."""
    # Plain help: drawing it with rich would triple the time that --help takes.
    app = typer.Typer(
        name="keepers",
        cls=KeepersGroup,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=_EPILOG,
    )
    app.callback()(_root)
    for room in ROOMS:
        import_module(f"keepers.cli.{room}").register(app)
    return app


def main() -> None:
    """Run the command line and leave with its exit code."""
    from keepers.cli.group import forgiving_streams

    forgiving_streams()
    build()(prog_name="keepers")
