"""Disks that fail on request: the power goes, the disk is full, a folder is on another file system."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from keepers.export import disk

CHANGING = ("open", "write", "fsync", "replace", "rename", "unlink", "mkdir", "rmdir", "utime", "chmod", "ftruncate")
"""What is counted as one step on the disk: every call that changes something, and every opening."""

Tree = dict[str, tuple[bytes, int, int] | None]


def snapshot(*roots: Path) -> Tree:
    """Path -> bytes, mtime in ns and mode; None for a folder."""
    tree: Tree = {}
    for root in roots:
        for path in sorted(root.rglob("*")):
            facts = path.lstat()
            tree[str(path)] = (path.read_bytes(), facts.st_mtime_ns, facts.st_mode) if path.is_file() else None
    return tree


class Killed(BaseException):
    """The process is dead: no handler for errors sees it, and nothing it does reaches the disk any more."""


class Steps:
    """Counts the steps on the disk; `fault`, when given, is called with the number and name of each, before it."""

    def __init__(self, fault: Callable[[int, str], None] | None = None) -> None:
        self.count = 0
        self.fault = fault

    def wrap(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            try:
                if self.fault is not None:
                    self.fault(self.count, name)
            except Killed:
                if name == "write":  # half of it may have reached the disk
                    real(args[0], bytes(args[1])[: len(args[1]) // 2])
                raise
            return None if name == "fsync" else real(*args, **kwargs)

        return step


@contextmanager
def steps(fault: Callable[[int, str], None] | None = None) -> Iterator[Steps]:
    """Count the steps that are made in the block; fsync is a step that does nothing, to save time."""
    counter = Steps(fault)
    with mock.patch.multiple(os, **{name: counter.wrap(name, getattr(os, name)) for name in CHANGING}):
        renaming = counter.wrap("renameat2", disk._rename_noreplace)
        with mock.patch.object(disk, "_rename_noreplace", renaming):
            yield counter


def killed_at(number: int) -> Callable[[int, str], None]:
    """A fault: at step `number` the process dies, and stays dead."""

    def fault(count: int, name: str) -> None:
        if count >= number:
            raise Killed

    return fault


def failing_at(number: int, code: int, only: tuple[str, ...] = CHANGING) -> Callable[[int, str], None]:
    """A fault: step `number` fails with an error of the system, if it is one of `only`."""

    def fault(count: int, name: str) -> None:
        if count == number and name in only:
            raise OSError(code, os.strerror(code))

    return fault


@contextmanager
def other_file_system(root: Path) -> Iterator[None]:
    """Nothing can be renamed into or out of `root`, as if it were another disk."""
    real = disk.rename_new

    def rename(source: Path, target: Path) -> None:
        if source.is_relative_to(root) != target.is_relative_to(root):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source), None, str(target))
        real(source, target)

    with mock.patch.object(disk, "rename_new", rename):
        yield
