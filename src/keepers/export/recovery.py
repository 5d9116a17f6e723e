"""Taking jobs back: because a person asks, because a set failed half way, or because a job was cut short.

An interrupted job is always taken back and an interrupted undo always finished, so that recovery knows one direction
only: towards the state before the job (docs/decisions/009-journal.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from keepers.errors import KeepersError, NotFound, NothingToDo, Refused
from keepers.export import disk
from keepers.export.lock import Busy, locked
from keepers.export.log import Log, Record, records, unsettled
from keepers.export.steps import Step, Unfinished, back, clean

Sentences = list[tuple[Path, str]]


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of taking back a job.

    restored: files that are as they were before. refused: those that stay, each with a sentence; the files of a set
    stay together. complete: False where a disk was away or full, so that the next start, or another undo, goes on.
    """

    job: str
    restored: int
    refused: tuple[tuple[Path, str], ...]
    complete: bool


def undo(journal: Path, job: str | None = None) -> Undone:
    """Take a job back: every file byte for byte with its time and permissions. It can be repeated.

    Args:
        journal: its folder.
        job: its number; None for the latest that was not undone yet, else the latest of which something was refused.

    Raises:
        NothingToDo: there is nothing to undo.
        NotFound: there is no such job.
        Refused: another keepers is changing files, or a newer one wrote the journal.
        StorageError: the journal cannot be read or written.
    """
    with locked(journal):
        record = find(records(journal), job)
        return _undo(record, record.left())


def find(known: Sequence[Record], job: str | None) -> Record:
    """The job of that number that `undo` would take back; None as in `undo`.

    Raises:
        NothingToDo: there is nothing to undo. NotFound: there is no such job.
    """
    if job is None:
        left = [record for record in known if record.left()]
        if not left:
            raise NothingToDo("There is nothing to undo; no export changed a file, or all of them are undone.")
        fresh = [record for record in left if not record.undone]  # what was refused once does not bar the way
        return (fresh or left)[-1]
    for record in known:
        if record.id == job or (job.isdecimal() and int(record.id) == int(job)):
            if not record.left():
                raise NothingToDo(f"Job {record.id} is undone already; `keepers jobs` lists what can be undone.")
            return record
    raise NotFound(f"There is no job {disk.shown(job)}; `keepers jobs` lists those that there are.")


def recover(journal: Path) -> list[Undone]:
    """Take back jobs that were cut short, and finish undoing what was being undone; for every start of keepers.

    Returns at once, and does nothing, while another keepers is at work or where there is no journal.

    Raises:
        Refused: a newer keepers wrote the journal.
        StorageError: the journal cannot be read or written.
    """
    if not journal.is_dir():
        return []
    try:
        with locked(journal, wait_s=0):
            return recover_locked(journal)
    except Busy:
        return []


def recover_locked(journal: Path) -> list[Undone]:
    """`recover` for whoever holds the lock; the latest job first, for it may stand on earlier ones."""
    return [_recover(record) for record in reversed(unsettled(journal))]


def _recover(record: Record) -> Undone:
    return _mend(record) if record.ended and not record.undoing else _undo(record, record.pending())


def _undo(record: Record, sets: list[list[Step]]) -> Undone:
    with Log(record.folder) as log:
        log.mark("undo")
        restored, hanging, sentences = _back(record, sets, log)
        remove_folders(record.steps)
        if not hanging:
            log.mark("undone", sentences)
    return Undone(record.id, restored, tuple(sentences), not hanging)


def _mend(record: Record) -> Undone:
    """Take back the sets that hang in a job that came to its end; the others stay done."""
    with Log(record.folder) as log:
        sets = record.pending()
        restored, hanging, sentences = _back(record, sets, log)
        remove_folders([step for steps in sets for step in steps])
        log.mark("end", record.sentences, hanging)
    return Undone(record.id, restored, tuple(sentences), not hanging)


def _back(record: Record, sets: list[list[Step]], log: Log) -> tuple[int, int, Sentences]:
    """Take sets back, the last first: files restored, sets that hang, and sentences for what stays."""
    restored, hanging = 0, 0
    sentences: Sentences = []
    for steps in reversed(sets):
        try:
            restored += take_back(steps, record, log)
            log.group(steps[0].group, "back")
        except Kept as kept:
            sentences += kept.sentences
            if kept.final:
                log.group(steps[0].group, "kept")
            else:
                hanging += 1
    return restored, hanging, sentences


class Kept(KeepersError):
    """A set that was not taken back. `final` is False where its disk was away or full and it may be later."""

    def __init__(self, sentences: Sentences, final: bool) -> None:
        super().__init__(sentences[0][1])
        self.sentences = sentences
        self.final = final


def take_back(steps: Sequence[Step], record: Record, log: Log, doubtful: int | None = None) -> int:
    """Take back the steps of one set; the number of files restored.

    A set that was done is taken back whole or, as far as one can tell before, not at all. Of one that was only half
    done, everything is taken back that may be.

    doubtful: the number of the step that failed; where it cannot be told from what somebody else did, it was not done.

    Raises:
        Kept: something stays.
    """
    sentences: Sentences = []
    final, actions = True, []
    for step in reversed(steps):
        try:
            clean(step, record.site)
            actions.append((step, back(step, record.site, record.ready.get(step.number), ready_of(step, record, log))))
        except Refused as refusal:
            if step.number != doubtful:
                sentences.append((step.target or step.path, str(refusal)))
        except (Unfinished, OSError) as error:
            final = False
            sentences.append((step.target or step.path, _words(step, error)))
    if sentences and record.groups.get(steps[0].group) is not None:
        raise Kept(sentences, final)
    restored, folders = 0, set[Path]()
    for step, action in actions:
        try:
            if action is not None:
                folders |= action()
                restored += 1
        except (Refused, Unfinished, OSError) as error:
            final = final and isinstance(error, Refused)
            sentences.append((step.target or step.path, _words(step, error)))
    disk.sync_folders(folders)
    if sentences:
        raise Kept(sentences, final)
    return restored


def ready_of(step: Step, record: Record, log: Log) -> Callable[[str], None]:
    """What a step calls when its copy is whole: it stands in the log before the copy gets its name."""

    def ready(digest: str) -> None:
        log.ready(step.number, digest)
        record.ready[step.number] = digest

    return ready


def _words(step: Step, error: Exception) -> str:
    return disk.sentence(step.target or step.path, error) if isinstance(error, OSError) else str(error)


def remove_folders(steps: Sequence[Step]) -> None:
    """Remove the folders that were made for targets, where they are empty again; the innermost first."""
    folders = {folder for step in steps for folder in step.folders}
    for folder in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        with suppress(OSError):
            os.rmdir(folder)  # noqa: PTH106
