"""One keepers at a time works on a journal: an advisory lock that the system lets go when its process ends."""

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keepers.errors import Refused, StorageError
from keepers.export.disk import shown

NAME = "lock"
_PAUSE_S = 0.05
_BUSY = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


class Busy(Refused):
    """Another keepers holds the lock."""


@contextmanager
def locked(folder: Path, wait_s: float = 10.0) -> Iterator[None]:
    """Hold the lock of the journal in `folder`, which is made where absent.

    The lock belongs to an open file (flock; on Windows a locked byte), not to the existence of one: the rest that a
    killed process leaves behind locks nobody out.

    Args:
        folder: the journal.
        wait_s: how long to wait for another keepers, in seconds; 0 asks once.

    Raises:
        Busy: another keepers holds it.
        StorageError: the journal's folder cannot be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # backups are as private as what they back up
        descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    except OSError as error:
        raise StorageError(
            f"The journal {shown(folder)} cannot be used ({error.strerror}); allow writing or name another catalog."
        ) from error
    try:
        _wait(descriptor, folder, wait_s)
        yield
    finally:
        os.close(descriptor)  # lets the lock go as well


def _wait(descriptor: int, folder: Path, wait_s: float) -> None:
    until = time.monotonic() + wait_s
    while not _taken(descriptor):
        if time.monotonic() >= until:
            raise Busy(
                f"Another keepers is changing files (journal {shown(folder)}); wait until it is done and run again."
            )
        time.sleep(_PAUSE_S)


def _taken(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP):  # network disks without locks
            return True
        raise
    return True
