"""What can go wrong with the file of a catalog, in sentences; and a pause of the cycle collector."""

import gc
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keepers.errors import StorageError

_LEAST_FREE = 1 << 16


@contextmanager
def without_collector() -> Iterator[None]:
    """Pause the cycle collector, which would search the many small objects of a large load again and again."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """SQLite's and the file system's errors as one sentence that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(_sentence(path, error)) from error
    except OSError as error:
        raise StorageError(
            f"The catalog {path} cannot be created ({error.strerror or error}); name another file with --catalog."
        ) from error


def _full(path: Path) -> bool:
    """Whether there is no room for the files that SQLite keeps beside a catalog."""
    try:
        return shutil.disk_usage(path.parent).free < _LEAST_FREE
    except OSError:
        return False


def _sentence(path: Path, error: sqlite3.Error) -> str:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF  # the low byte is the primary result code
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _full(path)):
        return f"The disk is full, so the catalog {path} could not be written; free some space and run again."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return f"The catalog {path} cannot be opened for writing; allow it or name another file with --catalog."
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return f"The catalog {path} is damaged; restore a backup of it, or move it away and cull again."
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"The catalog {path} is in use by another keepers; wait until that is done and run again."
    return f"The catalog {path} could not be used ({error}); check the disk it is on."
