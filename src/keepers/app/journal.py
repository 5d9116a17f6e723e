"""The verbs `jobs` and `undo`, and what changing verbs do first: taking back what was cut short."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from keepers.app.importing import take_over
from keepers.catalog.db import Catalog
from keepers.errors import KeepersError
from keepers.export import journal
from keepers.export.log import Record, records
from keepers.export.recovery import find
from keepers.io.scan import scan
from keepers.settings import Settings, settings
from keepers.types import PhotoFile

Note = Callable[[str], None]
"""Called with a sentence about what a verb did besides what it was asked for."""


def journal_of(chosen: Settings) -> Path:
    """The folder of the journal: beside the catalog."""
    return chosen.catalog.parent / "journal"


def recover(chosen: Settings, note: Note | None = None) -> list[journal.Undone]:
    """Take back what an earlier keepers left half done, and say so; trouble with it is said, too, and stops nobody."""
    tell = note or (lambda sentence: None)
    try:
        undone = journal.recover(journal_of(chosen))
    except KeepersError as error:
        tell(str(error))
        return []
    for one in undone:
        tell(_recovered(one))
    return undone


def _recovered(undone: journal.Undone) -> str:
    what = f"Job {undone.job} was cut short"
    if undone.refused:
        kept = f"{_files(undone.restored)} as before, {_files(len(undone.refused))} not: {undone.refused[0][1]}"
        return f"{what} and was taken back as far as possible; {kept}"
    if not undone.restored:
        return f"{what} before it changed anything."
    return f"{what} and was taken back; {_files(undone.restored)} as before."


def _files(count: int) -> str:
    return f"{count} {'file is' if count == 1 else 'files are'}"


def jobs(*, catalog: Path | str | None = None) -> list[journal.Job]:
    """The exports that changed files, the latest first.

    Args:
        catalog: file of the catalog, beside which the journal lies.

    Raises:
        Refused: a newer keepers wrote the journal.
        StorageError: it cannot be read.
    """
    return journal.jobs(journal_of(settings(catalog=catalog)))


def job_to_undo(
    job: str | None = None, *, catalog: Path | str | None = None, note: Note | None = None
) -> journal.Job | None:
    """The job that `undo` would take back. None where that was cut short, and has been taken back just now.

    Raises:
        NothingToDo, NotFound, Refused, StorageError: as `undo`.
    """
    chosen = settings(catalog=catalog)
    if _of(recover(chosen, note), job):
        return None
    found = find(records(journal_of(chosen)), job)
    return next(one for one in jobs(catalog=catalog) if one.id == found.id)


def undo(
    job: str | None = None, *, catalog: Path | str | None = None, note: Note | None = None
) -> journal.Undone:
    """Take an export back: every file byte for byte as it was, with its time. Files changed since stay, and are named.

    Args:
        job: its number; None for the latest that is not undone.
        catalog: file of the catalog, beside which the journal lies.
        note: called with a sentence about an earlier job that was cut short.

    Raises:
        NothingToDo: there is nothing to undo.
        NotFound: there is no such job.
        Refused: another keepers is changing files, or a newer one wrote the journal.
        StorageError: the journal cannot be read or written.
    """
    chosen = settings(catalog=catalog)
    undone = _of(recover(chosen, note), job) or journal.undo(journal_of(chosen), job)
    record = next((r for r in records(journal_of(chosen)) if r.id == undone.job), None)
    if record is not None and chosen.catalog.is_file():
        with suppress(KeepersError), Catalog(chosen.catalog) as store:
            store.renew(_as_before(record))
            _read_again(store, record)
    return undone


def _of(recovered: list[journal.Undone], job: str | None) -> journal.Undone | None:
    """The job that a person means among those that were cut short: who asks for the latest does not mean another."""
    return next((one for one in recovered if job is None or _is(one.job, job)), None)


def _is(number: str, job: str) -> bool:
    """Whether `job` names a job: 7, 07 and 0007 are the same."""
    return number == job or (job.isdecimal() and int(number) == int(job))


def _as_before(record: Record) -> list[PhotoFile]:
    """The photos into which the job had written and that are as before: their facts need not be measured again."""
    files = []
    for step in record.steps:
        if step.kind == "write" and step.facts is not None:
            file = PhotoFile(step.path, "image", step.facts.size, step.facts.mtime_ns)
            if now(file.path) == (file.size, file.mtime_ns):
                files.append(file)
    return files


def _read_again(store: Catalog, record: Record) -> None:
    """What the files of the photos say now is what they said before: not what the job wrote, and no news later."""
    folders = {step.path.parent for step in record.steps if step.kind == "write" and step.path.parent.is_dir()}
    take_over(store, store.load(scan(folders)))


def now(path: Path) -> tuple[int, int] | None:
    """Size and time of a file, None where it is gone."""
    with suppress(OSError):
        facts = path.stat()
        return facts.st_size, facts.st_mtime_ns
    return None
