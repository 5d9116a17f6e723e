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
Examples:
  keepers bench                                   photos that it makes, of 12, 24 and 45 megapixels
  keepers bench ~/Pictures/wedding --limit 100    yours
  keepers bench --out bench                       tables (Markdown, CSV, JSON) and a figure as files
  keepers bench --brief --megapixels 24           the shortest
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
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of photos; photos are made where none is named.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most N photos, spread over the folder.")
    ] = None,
    megapixels: Annotated[
        str, typer.Option(metavar="N,...", help="Sizes of the photos that are made: 12, 24, 45 or several of them.")
    ] = "12,24,45",
    count: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many photos of each size are made, and RAW files.")
    ] = 24,
    photos: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the made photos there for the next time. Else they are thrown away."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write tables and a figure there, too.")
    ] = None,
    brief: Annotated[
        bool, typer.Option("--brief", help="Leave out the pass with one thread, and the limits of the machine.")
    ] = False,
    repeat: Annotated[
        int, typer.Option(min=1, metavar="N", help="Make every pass N times; the best counts.")
    ] = 1,
    workers: Workers = None,
    model: Model = None,
) -> None:
    """Say how fast this machine culls, what each stage costs, and what it would have to cost.

    Photos are culled with everything on (networks, faces, groups, small pictures, a catalog), with all threads and with
    one, into a catalog that is thrown away. In the same run, on the same photos, the parts that nobody can save are
    measured alone: reading, decoding, running the networks, hashing, encoding, storing. "CPU / limits" says how far
    keepers is from the best that this machine could do; 1.00 would be it.

    CPU milliseconds hardly change when other programs run; photos a second and the gain of a second thread do, so
    close them. It takes about two minutes; --brief --megapixels 24 takes a quarter of that.
    """
    from keepers import app
    from keepers.app.benching import report
    from keepers.cli import show

    sizes = report.sizes(megapixels)
    with show.progress_bar() as progress:
        result = app.bench(
            folder, workers=workers, model=model, limit=limit, megapixels=sizes, count=count, photos=photos,
            brief=brief, repeat=repeat, progress=progress,
        )  # fmt: skip
    typer.echo(report.markdown(result), nl=False)
    if out is not None:
        for path in report.write(result, out):
            typer.echo(f"Wrote {path}", err=True)
    if result.unreadable == result.photos:
        raise typer.Exit(1)
