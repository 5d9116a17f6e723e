"""`keepers assess`, `keepers explain` and `keepers list`."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keepers.cli.options import Catalog, Engine, Model, Workers

if TYPE_CHECKING:
    from keepers.types import Opinion

_ASSESS = """\b
Examples:
  keepers assess IMG_0001.jpg IMG_0002.cr3
  keepers assess ~/Pictures/wedding --json | jq -r 'select(.verdict == "delete") | .path'

\b
Exit codes:
  0  it went through, even where single photos were unreadable (their "error" says why)
  1  not one photo could be read
  2  a path does not exist or holds no photo; the others are assessed nevertheless
The JSON is described in docs/assess-schema.md.
"""
_EXPLAIN = """\b
Examples:
  keepers explain ~/Pictures/wedding/IMG_0042.jpg
  keepers explain ~/Pictures/wedding/IMG_0042.jpg -o why.png    draw it over the photo
  keepers explain IMG_0042.jpg -o why.png --layers highlights,shadows
"""
_GROUPS = """\b
Examples:
  keepers groups ~/Pictures/wedding
  keepers groups ~/Pictures/wedding --format json | jq '.[] | select(.kind == "burst") | .best'
"""
_LIST = """\b
Examples:
  keepers list ~/Pictures/wedding --verdict delete
  keepers list ~/Pictures/wedding --format csv > wedding.csv
"""


class VerdictChoice(StrEnum):
    """The three piles."""

    keep = "keep"
    maybe = "maybe"
    delete = "delete"


class Format(StrEnum):
    """How a list is printed."""

    table = "table"
    json = "json"
    csv = "csv"


class GroupsFormat(StrEnum):
    """How groups are printed."""

    table = "table"
    json = "json"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=_ASSESS, short_help="Judge photos or folders; for scripts.")(assess)
    app.command(epilog=_EXPLAIN, short_help="Say why one photo is where it is.")(explain)
    app.command("list", epilog=_LIST, short_help="List the photos of a culled folder.")(list_)
    app.command(epilog=_GROUPS, short_help="Show bursts, copies and series, and the best of each.")(groups)


def assess(
    paths: Annotated[list[Path], typer.Argument(help="Photos and folders.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per photo and line.")] = False,
    groups: Annotated[
        bool,
        typer.Option("--groups", help="Judge the photos together: find bursts and copies. Answers come at the end."),
    ] = False,
    workers: Workers = None,
    model: Model = None,
    engine: Engine = None,
) -> None:
    """Judge photos without a catalog, in the order given, each as soon as it is ready.

    This is the command to script against. Standard output carries the answers and nothing else; the progress bar
    is on standard error, and only where that is a terminal.
    """
    from keepers import app
    from keepers.cli import show

    seen: list[Opinion] = []
    try:
        # Lines that arrive on the terminal are progress enough, and a bar would get between them.
        with show.progress_bar(wanted=not (as_json and sys.stdout.isatty())) as progress:
            asked = app.assess(
                paths, workers=workers, model=model, engine=engine, groups=groups, progress=progress
            )
            for opinion in asked:
                seen.append(opinion)
                if as_json:
                    _print_json(app.to_json(opinion))
    finally:
        if seen and not as_json:
            show.table(seen)
    code = _exit_code(seen)
    if code:
        raise typer.Exit(code)


def explain(
    photo: Annotated[Path, typer.Argument(help="One photo.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="The JSON of assess and what every check said.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Draw it over the photo, too: a PNG or JPEG."),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers", metavar="NAMES", help="Of: sharpness,patches,faces,shake,highlights,shadows. Default: all."
        ),
    ] = None,
    catalog: Catalog = None,
    model: Model = None,
) -> None:
    """Say everything that is known of one photo: the verdict, why, what every check saw, what would change it.

    With -o also as a figure: which tiles were judged sharp or blurred and which of them decided, which areas are
    clipped, and along which line it is shaken. Facts come from the catalog where the photo was culled and is unchanged;
    else it is measured now.
    """
    from keepers import app
    from keepers.app.schema import explain_to_json
    from keepers.cli import show

    if out is None and layers is not None:
        raise typer.BadParameter("Nothing is drawn without -o FILE.", param_hint="--layers")
    if out is None:
        opinion = app.explain(photo, catalog=catalog, model=model)
    else:
        wanted = None if layers is None else [name.strip() for name in layers.split(",") if name.strip()]
        opinion = app.picture(photo, out, layers=wanted, catalog=catalog, model=model)
    if as_json:
        _print_json(explain_to_json(opinion))
    else:
        show.explanation(opinion)
    if opinion.verdict is None:
        raise typer.Exit(1)
    if out is not None:
        typer.echo(f"{out} written", err=True)


def list_(
    folder: Annotated[Path, typer.Argument(help="A folder that was culled, or one inside it.")],
    verdict: Annotated[VerdictChoice | None, typer.Option(help="Only these photos.")] = None,
    format_: Annotated[Format, typer.Option("--format", "-f", help="How to print them.")] = Format.table,
    catalog: Catalog = None,
) -> None:
    """List the photos of a culled folder with verdict, score and first reason, from the catalog alone.

    JSON is one array of the objects that assess prints; CSV has a header line.
    """
    from keepers import app
    from keepers.cli import show
    from keepers.cli.group import complain

    opinions = app.list_photos(
        folder,
        verdict=verdict.value if verdict else None,
        catalog=catalog,
        on_missing=lambda count: complain(_missing(count)),
    )
    if format_ is Format.json:
        typer.echo(json.dumps([app.to_json(opinion) for opinion in opinions], indent=1))
    elif format_ is Format.csv:
        show.csv_rows(opinions)
    else:
        show.table(opinions)


def groups(
    folder: Annotated[Path, typer.Argument(help="A folder that was culled, or one inside it.")],
    format_: Annotated[GroupsFormat, typer.Option("--format", "-f", help="How to print them.")] = GroupsFormat.table,
    catalog: Catalog = None,
) -> None:
    """Show which photos of a culled folder belong together: bursts, near duplicates, copies and series.

    Each group comes with its best frame and why it is the best. Exposure brackets, focus stacks, panoramas and
    time-lapses are protected: their frames are never thinned out, and none is the best.
    """
    from keepers import app
    from keepers.app.schema import group_to_json
    from keepers.cli import show

    found = app.list_groups(folder, catalog=catalog)
    if format_ is GroupsFormat.json:
        typer.echo(json.dumps([group_to_json(group, opinions) for group, opinions in found], indent=1))
    else:
        show.groups(found)


def _missing(count: int) -> str:
    photos, them = ("1 photo is", "it") if count == 1 else (f"{count} photos are", "them")
    return f"{photos} not listed, being new or changed since; cull the folder again to judge {them} too."


def _print_json(answer: dict[str, object]) -> None:
    print(json.dumps(answer), flush=True)


def _exit_code(opinions: list[Opinion]) -> int:
    """See the examples of `assess`. What was never found has no files."""
    if any(not opinion.report.source.files for opinion in opinions):
        return 2
    return 0 if any(opinion.verdict is not None for opinion in opinions) else 1
