"""`keepers choose`, `keepers export`, `keepers undo` and `keepers jobs`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepers.cli.look import VerdictChoice
from keepers.cli.options import Catalog, Model

if TYPE_CHECKING:
    from keepers.types import VerdictName

_CHOOSE = """\b
Examples:
  keepers choose IMG_0042.CR3 IMG_0043.CR3 --keep
  keepers choose ~/Pictures/wedding/*_blurry.jpg --delete
  keepers choose IMG_0042.CR3 --undo

Your choice always wins, also over later culls. Nothing is deleted: To be Deleted is a pile, and what becomes of it
is up to you and `keepers export`.
"""
_EXPORT = """\b
Examples:
  keepers export ~/Pictures/wedding --to xmp --dry-run
  keepers export ~/Pictures/wedding --to xmp
  keepers export ~/Pictures/wedding --to xmp --profile darktable --stars
  keepers export ~/Pictures/wedding --to csv -o wedding.csv
  keepers export ~/Pictures/wedding --to files -o ~/Pictures/sorted --verdict keep
  keepers export ~/Pictures/wedding --to files -o ~/Pictures/sorted --move

\b
xmp    flags and colour labels for Lightroom, Bridge, darktable, digiKam: into sidecars, with --embed into JPEG files
csv    a table of all facts, for a spreadsheet
json   the same for scripts
files  copies (or with --move the files themselves) in a folder per pile; RAW, JPEG and sidecar stay together

Every change can be taken back: keepers undo. What is written where is described in docs/export.md.
"""
_UNDO = """\b
Examples:
  keepers undo              take back the latest export
  keepers undo 3            take back job 3
  keepers undo --dry-run    only say what it would do
"""
_JOBS = """\b
Example:
  keepers jobs
"""


class Profile(StrEnum):
    """Whose habits XMP follows."""

    adobe = "adobe"
    bridge = "bridge"
    darktable = "darktable"
    digikam = "digikam"


class Names(StrEnum):
    """How sidecars are called."""

    short = "short"
    long = "long"
    both = "both"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=_CHOOSE, short_help="Decide yourself; your choice always wins.")(choose)
    app.command(epilog=_EXPORT, short_help="Hand the verdicts to other programs.")(export)
    app.command(epilog=_UNDO, short_help="Take an export back.")(undo)
    app.command(epilog=_JOBS, short_help="List what exports changed.")(jobs)


def choose(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photos; any file of a pair will do.")],
    keep: Annotated[bool, typer.Option("--keep", help="They are Must Haves.")] = False,
    maybe: Annotated[bool, typer.Option("--maybe", help="They are Maybes.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="They are To be Deleted. No file is touched.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take your choice back.")] = False,
    catalog: Catalog = None,
    model: Model = None,
) -> None:
    """Record your choice for photos. Those that were not culled yet are measured first.

    A line per photo says what counts now; once it is printed, the choice is safe on the disk.
    """
    from keepers import app
    from keepers.cli import show, show_export
    from keepers.cli.group import complain
    from keepers.errors import UserError

    wanted: dict[VerdictName | None, bool] = {"keep": keep, "maybe": maybe, "delete": delete, None: undo}
    named = [verdict for verdict, given in wanted.items() if given]
    if len(named) != 1:
        raise UserError("Say what you choose with exactly one of --keep, --maybe, --delete and --undo.")
    with show.progress_bar() as progress:
        chosen = app.choose(photos, named[0], catalog=catalog, model=model, progress=progress, note=complain)
    show_export.chosen(chosen)
    for opinion in chosen.unreadable:
        complain(f"No choice for {opinion.path}: {opinion.report.error}")
    if chosen.unreadable:
        raise typer.Exit(0 if chosen.opinions else 1)


def export(
    folder: Annotated[Path, typer.Argument(help="A folder that was culled, or one inside it.")],
    to: Annotated[str, typer.Option("--to", metavar="xmp|csv|json|files", help="How; see below.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="PATH", help="The file or, for files, the folder to write.")
    ] = None,
    verdict: Annotated[
        list[VerdictChoice] | None, typer.Option(help="Only photos of this pile; may be repeated.")
    ] = None,
    profile: Annotated[Profile | None, typer.Option(help="xmp: whose habits to follow (adobe).")] = None,
    names: Annotated[
        Names | None, typer.Option(help="xmp: IMG.xmp, IMG.CR3.xmp or both, instead of the profile's.")
    ] = None,
    stars: Annotated[bool, typer.Option("--stars", help="xmp: write stars for verdicts, too (5, 3, 1).")] = False,
    embed: Annotated[bool, typer.Option("--embed", help="xmp: write into JPEG files, not beside them.")] = False,
    move: Annotated[bool | None, typer.Option("--move/--copy", help="files: move or copy (copy).")] = None,
    flat: Annotated[bool, typer.Option("--flat", help="files: without the subfolders of FOLDER.")] = False,
    trash: Annotated[
        bool, typer.Option("--trash", help="files: To be Deleted goes to the desktop's trash.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only say what would be done.")] = False,
    catalog: Catalog = None,
    model: Model = None,
) -> None:
    """Hand the verdicts of a culled folder to other programs, or sort its files.

    Your choices count before what keepers thinks, and ratings that you changed in another program since the cull
    count as your choices. Originals stay as they are, except for --embed, --move and --trash; no RAW is ever written
    to, and nothing is ever deleted or overwritten.
    """
    from keepers import app
    from keepers.cli import show, show_export
    from keepers.cli.group import INTERRUPTED, complain

    options = _given(
        out=out,
        profile=profile.value if profile else None,
        names=names.value if names else None,
        stars=stars,
        embed=embed,
        mode={True: "move", False: "copy", None: None}[move],
        flat=flat,
        trash=trash,
    )
    verdicts = [choice.value for choice in verdict or ()]
    stopped = False
    with show.progress_bar(doing="Exporting", what="files") as progress:
        try:
            done = app.export(
                folder,
                to,
                options=options,
                verdicts=verdicts,  # type: ignore[arg-type]
                dry_run=dry_run,
                catalog=catalog,
                model=model,
                progress=progress,
                note=complain,
            )
        except app.ExportStopped as stop:
            done, stopped = stop.exported, True
    show_export.exported(done, dry_run)
    if stopped:
        raise typer.Exit(INTERRUPTED)
    if done.done.failures or done.done.left_out:
        raise typer.Exit(3)


def _given(**options: Any) -> dict[str, Any]:
    """The options that were named: an exporter refuses those it does not know."""
    return {name: value for name, value in options.items() if value not in (None, False)}


def undo(
    job: Annotated[str | None, typer.Argument(help="Its number; the latest that is not undone, unless given.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    catalog: Catalog = None,
) -> None:
    """Take an export back: every file byte for byte as it was before, with its time.

    Files that were changed since stay as they are now and are named. On a terminal it asks first; in a script and
    behind a pipe it does not. Files that went to the trash are restored from there, by you.
    """
    from keepers import app
    from keepers.cli import show_export
    from keepers.cli.group import complain

    found = app.job_to_undo(job, catalog=catalog, note=complain)
    if found is None:  # it was cut short, and has been taken back; what became of it is said
        return
    show_export.about_to_undo(found)
    if dry_run:
        return
    asking = sys.stdin.isatty() and sys.stdout.isatty() and not yes
    if asking and not typer.confirm("Take it back?", default=True):
        return
    undone = app.undo(found.id, catalog=catalog, note=complain)
    show_export.undone(undone)
    if undone.refused:
        raise typer.Exit(3)


def jobs(catalog: Catalog = None) -> None:
    """List the exports that changed files, the latest first, with their numbers for `keepers undo`."""
    from keepers import app
    from keepers.cli import show_export

    show_export.jobs(app.jobs(catalog=catalog))
