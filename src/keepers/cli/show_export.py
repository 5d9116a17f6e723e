"""What `choose`, `export`, `undo` and `jobs` leave on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from keepers.app import Chosen, Exported
from keepers.app.measuring import quoted
from keepers.cli.show import STYLES, WORST, console, safe
from keepers.export.journal import Job, Undone
from keepers.settings import settings
from keepers.types import VERDICT_TITLES

_DRY_LINES = 40
"""Changes that a dry run names one by one on a terminal; a pipe gets all of them."""


def chosen(result: Chosen) -> None:
    """A line per photo, printed only when the choice is on the disk."""
    out = console()
    for opinion in result.opinions:
        if opinion.verdict is None:
            continue
        name = opinion.verdict.verdict
        whose = "your choice" if result.verdict is not None else "by the machine; no choice of yours"
        line = Text(f"{safe(opinion.path)}: ")
        line.append(VERDICT_TITLES[name], STYLES[name])
        out.print(line.append(f" ({whose})"), soft_wrap=True)


def exported(result: Exported, dry_run: bool) -> None:
    """The summary of an export or of a dry run."""
    out = console()
    done = result.done
    if dry_run:
        _lines(out, done.lines)
    what = _counts(done.counts, "would be " if dry_run else "")
    photos = f"{result.photos} {'photo' if result.photos == 1 else 'photos'}"
    if dry_run:
        out.print(f"Dry run, nothing was changed. {photos}: {what or 'nothing to do'}.", soft_wrap=True)
    else:
        trouble = done.failures or done.left_out or done.skipped
        nothing = "nothing done" if trouble else "nothing to do, all is as it should be"
        out.print(f"{photos} to {result.to}: {what or nothing}.", soft_wrap=True)
    _rest(out, result)
    _named(out, "Left as they are", done.skipped)
    _named(out, "Could not be done" if not dry_run else "Could not be done now", done.failures)
    if done.left_out:
        were = "was" if done.left_out == 1 else "were"
        out.print(f"{_files(done.left_out)} {were} not done; run the same command again to go on.", style="yellow")
    if done.job is not None:
        option = _catalog_option(result.catalog)
        out.print(f"Job {done.job}. To take it back: keepers undo {int(done.job)}{option}", style="dim", soft_wrap=True)


def _rest(out: Console, result: Exported) -> None:
    """Photos that were not exported, and why."""
    if result.imported:
        ratings = "1 rating" if result.imported == 1 else f"{result.imported} ratings"
        out.print(f"{ratings} of other programs taken over as your choice", style="dim")
    if result.unknown:
        cull = f"keepers cull {quoted(result.folder)}{_catalog_option(result.catalog)}"
        photos = "1 photo is" if result.unknown == 1 else f"{result.unknown} photos are"
        out.print(f"{photos} new or changed since the cull and left out; first: {cull}", style="yellow", soft_wrap=True)
    if result.unreadable:
        photos, them = ("1 photo", "it") if result.unreadable == 1 else (f"{result.unreadable} photos", "them")
        out.print(f"{photos} could not be read, so nothing is exported of {them}.", style="yellow")
    if result.spared:
        photos = "1 photo" if result.spared == 1 else f"{result.spared} photos"
        out.print(f"{photos} with your stars: a Maybe, though keepers would delete. Choose yourself to change that.")
    if result.beside:
        photos = "1 JPEG" if result.beside == 1 else f"{result.beside} JPEGs"
        out.print(f"{photos} without a RAW: Lightroom and Bridge see ratings inside the file only, so add --embed.")


def about_to_undo(job: Job) -> None:
    """The job that `undo` takes back."""
    out = console()
    when = job.started.astimezone().strftime("%Y-%m-%d %H:%M")
    out.print(f"Job {job.id}, export to {job.exporter}, {when}: {_files(job.left)} to take back.", soft_wrap=True)


def undone(result: Undone) -> None:
    """What `undo` did."""
    out = console()
    out.print(f"Job {result.job}: {_files(result.restored)} as before.")
    _named(out, "Stay as they are", result.refused)
    if not result.complete:
        out.print("Some could not be reached; run the same command again when they can be.", style="yellow")


def jobs(found: Sequence[Job]) -> None:
    """The table of jobs."""
    out = console()
    if not found:
        out.print("No export has changed a file yet.")
        return
    rows = Table("job", "when", "to", "files", "state", "kept for undo", box=None, padding=(0, 2), header_style="dim")
    for job in found:
        when = job.started.astimezone().strftime("%Y-%m-%d %H:%M")
        kept = f"{job.backup_bytes / 2**20:.1f} MiB" if job.backup_bytes else ""
        rows.add_row(job.id, when, job.exporter, _counts(job.counts), job.state, kept)
    out.print(rows)


def _lines(out: Console, lines: Sequence[str]) -> None:
    """What a dry run would do; on a terminal the first ones."""
    shown = lines[:_DRY_LINES] if out.is_terminal else lines
    for line in shown:
        out.print(safe(line), soft_wrap=True)
    if len(shown) < len(lines):
        out.print(f"and {len(lines) - len(shown)} more (all of them: ... --dry-run | less)", style="dim")


def _named(out: Console, title: str, sentences: Sequence[tuple[Path, str]]) -> None:
    if not sentences:
        return
    out.print(f"{title} ({len(sentences)})", style="bold")
    for path, sentence in sentences[:WORST]:
        # Most sentences name the file themselves.
        prefix = "" if path.name in sentence else f"{path.name}: "
        out.print(f"  {safe(prefix + sentence)}", soft_wrap=True)
    if len(sentences) > WORST:
        out.print(f"  and {len(sentences) - WORST} more", style="dim")


def _counts(counts: Mapping[str, int], mood: str = "") -> str:
    return ", ".join(f"{_files(count)} {mood}{word}" for word, count in counts.items() if count)


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _catalog_option(catalog: Path) -> str:
    """Nothing where the next command finds the same catalog by itself."""
    return "" if settings().catalog == catalog else f" --catalog {quoted(catalog)}"
