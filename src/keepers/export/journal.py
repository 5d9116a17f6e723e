"""Doing a plan so that it can be taken back, whatever happens in between.

    plan ──> Dry        tells what would happen
         └─> Journalled announces each set of files in the journal, does it, and says in the journal that it is done

`undo` takes a job back; `recover`, at every start, what a kill or a power cut left unfinished.
"""

from __future__ import annotations

import errno
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from keepers.errors import KeepersError, Refused, StorageError
from keepers.export import disk
from keepers.export.disk import shown
from keepers.export.lock import locked
from keepers.export.log import Job, Log, Record, create, jobs
from keepers.export.operations import CopyFile, MoveFile, Operation, Plan, TrashFile, WriteFile
from keepers.export.recovery import Kept, Undone, ready_of, recover, recover_locked, remove_folders, take_back, undo
from keepers.export.steps import Step, back_up, look, perform

__all__ = ["Doer", "Done", "Dry", "Job", "Journalled", "Stopped", "Undone", "jobs", "recover", "undo"]

_KINDS = {WriteFile: "written", CopyFile: "copied", MoveFile: "moved", TrashFile: "trashed"}
Sentences = list[tuple[Path, str]]


def _kind(operation: Operation) -> str:
    return next(word for kind, word in _KINDS.items() if isinstance(operation, kind))


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a plan.

    job: its number in the journal; None where nothing was to be done, or for a dry run.
    counts: files by what was done to them: written, copied, moved, trashed (in a dry run: would be).
    failures: a sentence for each file that could not be done; its whole set is as it was before.
    skipped: what the planner left out, passed on. lines: a dry run's sentences, one per operation.
    recovered: interrupted jobs that were taken back first.
    left_out: operations not tried, after Ctrl-C or because a disk was full.
    """

    job: str | None
    counts: Mapping[str, int]
    failures: tuple[tuple[Path, str], ...] = ()
    skipped: tuple[tuple[Path, str], ...] = ()
    lines: tuple[str, ...] = ()
    recovered: tuple[Undone, ...] = ()
    left_out: int = 0


class Stopped(KeyboardInterrupt):
    """Ctrl-C while a plan was done. `done` is what was done until then; it can be undone."""

    def __init__(self, done: Done) -> None:
        super().__init__("stopped")
        self.done = done


class Doer(Protocol):
    """Whoever does a plan."""

    def do(self, plan: Plan) -> Done:
        """Do it, set by set, and say what became of it."""
        ...


class Dry:
    """Changes nothing and tells what would happen, with the refusals that can be foreseen."""

    def do(self, plan: Plan) -> Done:
        """Look at every operation; no job, no journal."""
        counts: Counter[str] = Counter()
        failures: Sentences = []
        lines: list[str] = []
        for group in sets(plan.operations):
            refused = [found for operation in group if (found := _foreseen(operation)) is not None]
            failures += refused
            if not refused:
                counts.update(_kind(operation) for operation in group)
                lines += [line(operation) for operation in group]
        return Done(None, counts, tuple(failures), plan.skipped, tuple(lines))


def _foreseen(operation: Operation) -> tuple[Path, str] | None:
    try:
        look(operation)
    except (KeepersError, OSError) as error:
        return failure(operation, error)
    return None


def line(operation: Operation) -> str:
    """An operation in words, on one line."""
    if isinstance(operation, WriteFile):
        return f"{shown(operation.path)}: {operation.what}"
    if isinstance(operation, TrashFile):
        return f"{shown(operation.source)}: to the trash"
    verb = "move" if isinstance(operation, MoveFile) else "copy"
    return f"{shown(operation.source)}: {verb} to {shown(operation.target)}"


def sets(operations: tuple[Operation, ...]) -> Iterator[list[Operation]]:
    """Operations that are done together or not at all: neighbours of one group, and each one without a group."""
    numbered = enumerate(operations)
    for _, some in itertools.groupby(numbered, key=lambda pair: pair[1].group or pair[0]):
        yield [operation for _, operation in some]


@dataclass
class Journalled:
    """Really does a plan, after saying so in the journal.

    folder: the journal. progress: called with the number of operations done or given up, and of all.
    """

    folder: Path
    progress: Callable[[int, int], None] | None = None

    def do(self, plan: Plan) -> Done:
        """Do a plan; sets that fail are taken back and the others go on, except when a disk is full.

        Interrupted jobs are taken back first.

        Raises:
            Refused: another keepers is changing files.
            StorageError: the journal cannot be written. What is unfinished is taken back by the next start.
            Stopped: Ctrl-C.
        """
        with locked(self.folder):
            recovered = tuple(recover_locked(self.folder))
            if not plan.operations:
                return Done(None, {}, skipped=plan.skipped, recovered=recovered)
            record = create(self.folder, plan.exporter)
            with Log(record.folder) as log:
                return _Run(plan, record, log, self.progress, recovered).all()


class _Full(Exception):
    """A disk is full: more of the same would fail as well."""


@dataclass
class _Run:
    """One plan being done. `at` is the operation, and its number, that is being looked at or done."""

    plan: Plan
    record: Record
    log: Log
    progress: Callable[[int, int], None] | None
    recovered: tuple[Undone, ...]
    counts: Counter[str] = field(default_factory=Counter)
    failures: Sentences = field(default_factory=list)
    tried: int = 0
    hanging: int = 0
    at: tuple[int, Operation] | None = None

    def all(self) -> Done:
        """Do it set by set, until the end, a full disk or Ctrl-C."""
        ground = _Ground(self.plan)
        try:
            for number, group in enumerate(sets(self.plan.operations)):
                self._set(number, group, ground)
                self.tried += len(group)
                if self.progress is not None:
                    self.progress(self.tried, len(self.plan.operations))
        except _Full:
            pass
        except KeyboardInterrupt:
            raise Stopped(self._end()) from None
        return self._end()

    def _end(self) -> Done:
        left_out = len(self.plan.operations) - self.tried
        self.log.mark("end", self.failures, self.hanging)
        failures, skipped = tuple(self.failures), self.plan.skipped
        return Done(self.record.id, self.counts, failures, skipped, (), self.recovered, left_out)

    def _set(self, number: int, group: list[Operation], ground: _Ground) -> None:
        steps: list[Step] = []
        try:
            steps = self._look(number, group, ground)
            folders: set[Path] = set()
            for operation, step in zip(group, steps, strict=True):
                self.at = (step.number, operation)
                folders |= perform(operation, step, self.record.site, ready_of(step, self.record, self.log))
            disk.sync_folders(folders)
            self.log.group(number, "done")
            self.counts.update(_kind(operation) for operation in group)
        except (KeepersError, OSError) as error:
            assert self.at is not None
            self.failures.append(failure(self.at[1], error))
            self._take_back(number, steps)
            if isinstance(error, StorageError) or (isinstance(error, OSError) and error.errno in disk.FULL):
                raise _Full from error
        except KeyboardInterrupt:
            self._take_back(number, steps)
            raise

    def _look(self, number: int, group: list[Operation], ground: _Ground) -> list[Step]:
        """Look at a set whole, keep what will be replaced, and announce it."""
        steps = []
        for place, operation in enumerate(group):
            self.at = (self.tried + place, operation)
            ground.check(operation)
            steps.append(look(operation, self.tried + place, number))
            back_up(steps[-1], self.record.site)
        _refuse_twice(steps)
        self.log.steps(steps)
        return steps

    def _take_back(self, number: int, steps: list[Step]) -> None:
        assert self.at is not None
        try:
            take_back(steps, self.record, self.log, doubtful=self.at[0])
            remove_folders(steps)
            self.log.group(number, "back")
        except Kept as kept:
            self.failures += kept.sentences
            if kept.final:
                self.log.group(number, "kept")
            else:  # the set has no end in the log, so the next start tries again
                self.hanging += 1
        except StorageError:  # the same
            self.hanging += 1


def _refuse_twice(steps: list[Step]) -> None:
    """A set is looked at before it is done, so no operation of it may change what another one saw."""
    changed = [step.path for step in steps if step.kind != "copy"] + [step.target for step in steps if step.target]
    read = {step.path for step in steps if step.kind == "copy"}
    for path, times in Counter(changed).items():
        if times > 1 or path in read:
            raise Refused(f"{shown(path)} would be changed twice at once and stays as it is; export it by itself.")


class _Ground:
    """The disks on which the targets' folders were at the start.

    A card that is pulled out may leave its mount point behind, an empty folder of another disk: nothing goes there.
    """

    def __init__(self, plan: Plan) -> None:
        self._disks: dict[Path, tuple[Path, int]] = {}
        for operation in plan.operations:
            home = _home(operation)
            if home not in self._disks:
                with suppress(OSError):  # then looking at the operation says what is wrong
                    missing = disk.missing_folders(home)
                    nearest = missing[0].parent if missing else home
                    self._disks[home] = (nearest, nearest.stat().st_dev)

    def check(self, operation: Operation) -> None:
        """Raises FileNotFoundError where the disk is away."""
        if (home := _home(operation)) in self._disks:
            nearest, device = self._disks[home]
            if nearest.stat().st_dev != device:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(home))


def _home(operation: Operation) -> Path:
    return (operation.path if isinstance(operation, WriteFile) else _target(operation)).parent


def _target(operation: CopyFile | MoveFile | TrashFile) -> Path:
    return operation.source if isinstance(operation, TrashFile) else operation.target


def failure(operation: Operation, error: KeepersError | OSError) -> tuple[Path, str]:
    """The file that an operation was about, and what went wrong in a sentence."""
    about = operation.path if isinstance(operation, WriteFile) else operation.source
    if isinstance(error, KeepersError):
        return about, str(error)
    named = error.filename2 or error.filename
    culprit = about if isinstance(operation, WriteFile) else _target(operation)
    if isinstance(named, str | bytes) and ".keepers-" not in os.fsdecode(named):
        culprit = Path(os.fsdecode(named))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and not os.access(about.parent, os.W_OK):
        culprit = about
    return about, disk.sentence(culprit, error)
