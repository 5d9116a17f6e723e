"""One operation as the journal knows it: looked at before, done, and taken back by what is found on the disk.

A step is written into the log before its first change. Taking back needs no record of how far it came: what is found
tells. `back` looks at everything first and changes nothing; what it returns changes, so that a set of files can be
asked whole before the first of them is touched. Taking back twice does no more than once.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from keepers.errors import KeepersError, Refused, StorageError
from keepers.export import disk
from keepers.export.disk import Facts, shown
from keepers.export.operations import ABSENT, MoveFile, Operation, Stamp, TrashFile, WriteFile
from keepers.export.trash import in_trash, send
from keepers.io.files import hash_bytes

Folders = set[Path]
"""Folders whose new names are not forced to the disk yet; a set of files forces each of them once."""
Action = Callable[[], Folders]


class Unfinished(KeepersError):
    """A file could not be taken back now, but perhaps later: its disk is away or full."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a step works: the job's folder of backups and the mark in the names of its temporary files."""

    backups: Path
    mark: str

    def temporary(self, number: int, folder: Path, use: str = "part") -> Path:
        """A hidden name that no other program and no other job uses, short whatever the file is called."""
        return folder / f".keepers-{self.mark}-{number}.{use}"


@dataclass(frozen=True, slots=True)
class Step:
    """An operation with what was found before it.

    kind: write, copy, move or trash. path: the file that is written or read; links are followed for a write.
    target: where it goes; None for write and trash. facts: of `path` before; None where there was no file.
    before, after: digests of a written file; `before` names its backup. folders: those made for the target.
    """

    number: int
    group: int
    kind: str
    path: Path
    target: Path | None = None
    facts: Facts | None = None
    before: str | None = None
    after: str | None = None
    folders: tuple[Path, ...] = field(default=())

    @property
    def home(self) -> Path:
        """The folder where the new file appears."""
        return (self.target or self.path).parent


def look(operation: Operation, number: int = 0, group: int = 0) -> Step:
    """What an operation will find; nothing is changed.

    Raises:
        Refused: it must not be done: its file changed since the plan, its target exists, it is a link, read-only ...
        OSError: it cannot be looked at.
    """
    if isinstance(operation, WriteFile):
        return _look_at_write(operation, number, group)
    source = operation.source.absolute()  # undo may be asked for from another folder
    facts = Facts.of(source)
    stamp = operation.expected
    if stamp is not None and stamp != Stamp(facts.size, facts.mtime_ns):
        raise Refused(f"{shown(source)} changed since it was looked at; cull the folder again, then export.")
    if isinstance(operation, TrashFile):
        return Step(number, group, "trash", source, facts=facts)
    target = operation.target.absolute()
    if disk.there(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(target))
    kind = "move" if isinstance(operation, MoveFile) else "copy"
    return Step(number, group, kind, source, target, facts, folders=tuple(disk.missing_folders(target.parent)))


def _look_at_write(operation: WriteFile, number: int, group: int) -> Step:
    link = operation.path.is_symlink()
    path = Path(os.path.realpath(operation.path)) if link else operation.path.absolute()
    after = hash_bytes(operation.data)
    if not disk.there(path):
        if link:
            raise Refused(f"{shown(operation.path)} is a link that leads nowhere; remove it and run again.")
        path.parent.stat()  # a folder that is gone is said before anything is done
        if operation.expected not in (None, ABSENT):
            raise Refused(f"{shown(path)} was there when the export was planned and is gone; run again.")
        return Step(number, group, "write", path, after=after)
    facts = Facts.of(path)
    if not facts.mode & 0o222:
        raise Refused(f"{shown(path)} is marked read-only; allow writing to it if keepers may change it.")
    before = disk.digest_of(path)
    if operation.expected is not None and operation.expected != before:
        raise Refused(f"{shown(path)} changed since the export was planned; run again to start from its new content.")
    return Step(number, group, "write", path, facts=facts, before=before, after=after)


# Doing


def back_up(step: Step, site: Site) -> None:
    """Keep the file that a write is about to replace; the same content is kept once."""
    if step.before is None:
        return
    kept = site.backups / step.before
    if kept.exists():
        return
    partial = kept.with_suffix(".part")
    try:
        partial.unlink(missing_ok=True)
        if disk.copy_new(step.path, partial) != step.before:
            raise Refused(f"{shown(step.path)} changed while it was read; run again when nothing else writes to it.")
        os.replace(partial, kept)  # noqa: PTH105
        disk.sync_folder(site.backups)
    except OSError as error:
        if error.errno in disk.FULL:
            where = shown(site.backups)
            raise StorageError(f"The disk of {where} is full, so no backup could be made; free some space.") from error
        raise


def perform(operation: Operation, step: Step, site: Site, ready: Callable[[str], None]) -> Folders:
    """Do what `look` found to be right and the log holds; the folders to force to the disk.

    ready: called with the digest of a finished copy before it gets its name.

    Raises:
        Refused: the file changed at the last moment.
        OSError: the disk failed. Either way the step is then taken back by `back`.
    """
    if isinstance(operation, WriteFile):
        # What is there already keeps its time.
        return _write(operation.data, step, site) if step.before != step.after else set()
    if isinstance(operation, TrashFile):
        _still(step.path, step.facts)
        send(step.path)
        return {step.path.parent}
    disk.make_folders(list(step.folders))
    _still(step.path, step.facts)
    assert step.target is not None
    temporary = site.temporary(step.number, step.home)
    do = _move if isinstance(operation, MoveFile) else _copy
    return do(step.path, step.target, temporary, ready)


def _still(path: Path, facts: Facts | None) -> None:
    """Refuse a file that someone else changed, made or took away since it was looked at."""
    if facts is None:
        if disk.there(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(path))
    elif not Facts.of(path).same_as(facts):
        raise Refused(f"{shown(path)} was changed by another program just now; run again.")


def _write(data: bytes, step: Step, site: Site) -> Folders:
    temporary = site.temporary(step.number, step.home)
    disk.write_new(temporary, data, 0o666 if step.facts is None else 0o600)
    if disk.digest_of(temporary, cold=True) != step.after:
        raise Refused(f"{shown(step.path)} could not be written without an error; check its disk.")
    _still(step.path, step.facts)
    if step.facts is None:
        disk.rename_new(temporary, step.path)
    else:
        disk.dress(temporary, step.facts, step.path, now=True)
        os.replace(temporary, step.path)  # noqa: PTH105
    return {step.home}


def _copy(source: Path, target: Path, temporary: Path, ready: Callable[[str], None]) -> Folders:
    ready(disk.copy_new(source, temporary))
    disk.rename_new(temporary, target)
    return {target.parent}


def _move(source: Path, target: Path, temporary: Path, ready: Callable[[str], None]) -> Folders:
    try:
        disk.rename_new(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        facts = Facts.of(source)
        _copy(source, target, temporary, ready)
        disk.sync_folder(target.parent)
        _still(source, facts)
        os.unlink(source)  # noqa: PTH108 - the verified copy has its name, and both are on the disk
    return {source.parent, target.parent}


# Taking back


def back(step: Step, site: Site, ready: str | None, ready_again: Callable[[str], None]) -> Action | None:
    """How to take a step back, or None where there is nothing (left) to take back. Looks, and changes nothing.

    ready: the digest of the copy that the step finished, where the log has one.
    ready_again: as in `perform`, for a file that has to be copied back.

    Raises:
        Refused: it must not be taken back, for the file was changed since.
        Unfinished: its disk is away; later it can be.
        OSError: the same.
    """
    if step.kind == "write":
        return _unwrite(step, site)
    if step.kind == "copy":
        return _uncopy(step, ready)
    if step.kind == "move":
        return _unmove(step, site, ready, ready_again)
    return _untrash(step)


def _unwrite(step: Step, site: Site) -> Action | None:
    path, name = step.path, shown(step.path)
    if not path.parent.is_dir():
        raise Unfinished(f"The folder of {name} is not there; connect its disk or card, then undo again.")
    kept = "" if step.before is None else f" What it was before is kept as {shown(site.backups / step.before)}."
    if not disk.there(path):
        if step.before is None:
            return None
        raise Refused(f"{name} is no longer there; if a later job moved it, undo that one first.{kept}")
    found, now = Facts.of(path), disk.digest_of(path)
    if now == step.before:
        return None
    if now != step.after:
        raise Refused(f"{name} was changed after keepers wrote it and stays as it is now.{kept}")

    def restore() -> Folders:
        _still(path, found)
        if step.before is None or step.facts is None:
            return _remove(path)
        return _restore(site.backups / step.before, step, step.facts, site)

    return restore


def _restore(backup: Path, step: Step, facts: Facts, site: Site) -> Folders:
    temporary = site.temporary(step.number, step.home, "undo")
    if disk.copy_new(backup, temporary) != step.before:
        _remove(temporary)
        raise Refused(f"The backup {shown(backup)} is damaged, so {shown(step.path)} stays as it is now.")
    disk.dress(temporary, facts)
    os.replace(temporary, step.path)  # noqa: PTH105
    return {step.home}


def _remove(path: Path) -> Folders:
    """Remove a file that keepers made itself, or whose verified double is elsewhere."""
    os.unlink(path)  # noqa: PTH108
    return {path.parent}


def _uncopy(step: Step, ready: str | None) -> Action | None:
    assert step.target is not None
    source, target, name = step.path, step.target, shown(step.target)
    if ready is None:
        return None  # the copy never got its name
    if not target.parent.is_dir() and not step.folders:
        raise Unfinished(f"The folder of {name} is not there; connect its disk or card, then undo again.")
    if not disk.there(target):
        return None
    if disk.digest_of(target) != ready:
        raise Refused(f"{name} was changed after keepers copied it and stays as it is.")
    if not disk.there(source) or disk.digest_of(source) != ready:
        raise Refused(f"{shown(source)} is gone or was changed, so its copy {name} stays.")
    return lambda: _remove(target)


def _unmove(step: Step, site: Site, ready: str | None, ready_again: Callable[[str], None]) -> Action | None:
    assert step.target is not None and step.facts is not None
    source, target = step.path, step.target
    if disk.there(source):
        if ready is None or not disk.there(target):
            return None  # never moved, or back already; what is at the target is not ours
        if not disk.digest_of(source) == disk.digest_of(target) == ready:
            raise Refused(f"{shown(source)} and {shown(target)} are both there and differ; both stay.")
        return lambda: _remove(target)
    if not disk.there(target):
        if source.parent.is_dir() and target.parent.is_dir():
            raise Refused(f"{shown(target)} is no longer where keepers moved it; bring it back there, then undo again.")
        raise Unfinished(f"{shown(target)} is not there; connect its disk or card, then undo again.")
    found = Facts.of(target)
    if disk.digest_of(target) != ready if ready is not None else not found.same_as(step.facts):
        raise Refused(f"{shown(target)} was changed after keepers moved it there, so it stays there.")
    folders = _folders_back(source, target)

    def move() -> Folders:
        disk.make_folders(folders)
        _still(target, found)
        return _move(target, source, site.temporary(step.number, source.parent, "undo"), ready_again)

    return move


def _folders_back(source: Path, target: Path) -> list[Path]:
    """The folders to make again above `source`: only on a disk that is certainly the right one."""
    folders = disk.missing_folders(source.parent)
    if folders and folders[0].parent.stat().st_dev != target.stat().st_dev:
        raise Unfinished(
            f"The folder {shown(source.parent)} is not there; connect its disk or card, or make it, then undo again."
        )
    return folders


def _untrash(step: Step) -> Action | None:
    if disk.there(step.path):
        return None
    where = in_trash(step.path)
    place = f" as {shown(where)}" if where else ""
    raise Refused(f"{shown(step.path)} is in the trash of the desktop{place}; restore it from there.")


def clean(step: Step, site: Site) -> None:
    """Remove what a killed step left half-written; such files carry a name that only this step uses."""
    for folder in {step.path.parent, step.home}:
        for use in ("part", "undo"):
            temporary = site.temporary(step.number, folder, use)
            if disk.there(temporary):
                _remove(temporary)
