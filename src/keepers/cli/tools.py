"""`keepers serve`, `keepers sample` and `keepers bench`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keepers.cli.options import Catalog, Model, Workers

_SERVE = """\b
Examples:
  keepers serve
  keepers serve --port 8080 --no-browser
"""
_REVIEW = """\b
Examples:
  keepers review ~/Pictures/wedding
  keepers review ~/Pictures/wedding --port 8080 --no-browser
"""
_SAMPLE = """\b
Example:
  keepers sample sample-shoot && keepers cull sample-shoot
"""
_BENCH = """\b
Example:
  keepers bench ~/Pictures/wedding --limit 100
"""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=_REVIEW, short_help="Look through a shoot in the browser, and decide.")(review)
    app.command(epilog=_SERVE, short_help="Judge photos dropped on a page.")(serve)
    app.command(epilog=_SAMPLE, short_help="Write a small shoot to try keepers on.")(sample)
    app.command(epilog=_BENCH, short_help="Measure the speed of this machine.")(bench)


def review(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of photos; a list of all shoots unless given.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to try first; the next free one is taken.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in your browser.")] = True,
    catalog: Catalog = None,
    workers: Workers = None,
    model: Model = None,
) -> None:
    """Cull what is new in a folder and open it in your browser: look, compare, decide, export.

    Every choice is on the disk before the page shows it as stored, and can be undone. Only this computer can reach the
    page. Ctrl-C ends it.
    """
    from keepers import web
    from keepers.app.review import Desk

    desk = Desk(catalog=catalog, workers=workers, model=model)
    first = desk.open(folder).id if folder is not None else None
    if port is None:
        web.serve(open_browser=browser, desk=desk, first=first)
    else:
        web.serve(port=port, open_browser=browser, desk=desk, first=first)


def serve(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to try first; the next free one is taken.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in your browser.")] = True,
) -> None:
    """Open a page on this computer where you drop photos and see what keepers says of them.

    Only this computer can reach it, and nothing is stored. Ctrl-C ends it.
    """
    from keepers import web

    if port is None:
        web.serve(open_browser=browser)
    else:
        web.serve(port=port, open_browser=browser)


def sample(
    out: Annotated[Path, typer.Argument(help="A new folder.")],
) -> None:
    """Write the sample shoot: 24 small photos with bursts and each flaw, to try keepers on."""
    from keepers import app

    photos = app.make_sample(out)
    typer.echo(f"Wrote {len(photos)} photos to {out}. Next: keepers cull {out}")


def bench(
    folder: Annotated[Path, typer.Argument(help="A folder of photos.")],
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most N photos, spread over the folder.")
    ] = None,
    workers: Workers = None,
    model: Model = None,
) -> None:
    """Say how many photos a second this machine measures, and what each stage costs. Nothing is stored."""
    from keepers import app
    from keepers.cli import show

    with show.progress_bar() as progress:
        result = app.bench(folder, workers=workers, model=model, limit=limit, progress=progress)
    show.bench(result)
    if result.unreadable == result.photos:
        raise typer.Exit(1)
