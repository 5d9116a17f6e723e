"""`keepers cull`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keepers.cli.options import Catalog, Model, Workers

_EPILOG = """\b
Examples:
  keepers cull ~/Pictures/wedding
  keepers cull /media/card --catalog ./card.db --workers 4
  keepers cull ~/Pictures/wedding --keep 300
  keepers cull /media/card --quick
  keepers cull ~/Pictures/wedding --shoot-type wedding --strictness strict --max-false-rejects 0.5%

Run it again after adding photos: only what is new or changed is measured. Ctrl-C keeps what is done.
Flags and stars that Lightroom, darktable, digiKam and others left in sidecars or photos count as your choices.
"""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=_EPILOG, short_help="Sort a folder of photos into three piles.")(cull)


def cull(
    folder: Annotated[Path, typer.Argument(help="A folder of photos; it is searched recursively.")],
    catalog: Catalog = None,
    workers: Workers = None,
    model: Model = None,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER", help="How many Must Haves to end with: 300, or 20%. Default: as many as there are."
        ),
    ] = None,
    max_false_rejects: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="Budget of good photos that may be To be Deleted. Default: 1%."),
    ] = None,
    strictness: Annotated[
        str | None,
        typer.Option(metavar="HOW", help="How soon a photo is a Maybe: gentle, normal, strict, or 0 to 1."),
    ] = None,
    shoot_type: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE", help="portrait, wedding, sport, landscape, general, or a TOML file: which flaws count."
        ),
    ] = None,
    thumbnails: Annotated[
        bool,
        typer.Option("--thumbnails/--no-thumbnails", help="Keep small pictures for the review page in your cache."),
    ] = True,
    quick: Annotated[
        bool, typer.Option("--quick", help="Look only at embedded previews, within seconds; a later cull measures.")
    ] = False,
) -> None:
    """Measure a folder and sort it into Must Haves, Maybes and To be Deleted.

    Finds blur, camera shake, distortion, over- and underexposure and noise, and says why. Reads JPEG, PNG, TIFF,
    WebP, HEIC, AVIF and RAW; a RAW and a JPEG of one name are one photo. No photo is changed or deleted, and
    nothing is written into the folder: the facts go into a catalog in your user-data directory.
    """
    from keepers import app
    from keepers.cli import show
    from keepers.cli.group import INTERRUPTED, complain
    from keepers.errors import StorageError

    stopped = False
    with show.progress_bar() as progress:
        try:
            shoot = app.cull(
                folder,
                catalog=catalog,
                workers=workers,
                model=model,
                keep=keep,
                max_false_rejects=max_false_rejects,
                strictness=strictness,
                shoot_type=shoot_type,
                thumbnails=thumbnails,
                quick=quick,
                progress=progress,
                note=complain,
            )
        except app.Stopped as stop:
            shoot, stopped = stop.shoot, True
    show.summary(shoot)
    if stopped:
        raise typer.Exit(INTERRUPTED)
    if shoot.unsaved is not None:
        raise StorageError(shoot.unsaved)
    if len(shoot.unreadable) == len(shoot.opinions):
        raise typer.Exit(1)
