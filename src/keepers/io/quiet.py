"""Damaged files make imaging libraries talk; what they say reaches the user as one sentence of ours instead."""

import contextlib
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager

_lock = threading.Lock()


class _Shared:
    """Enter a process-wide state with the first user and leave it with the last, whichever thread that is."""

    def __init__(self, enter: "type[AbstractContextManager[None]]") -> None:
        self._make = enter
        self._users = 0
        self._state: AbstractContextManager[None] | None = None

    def __enter__(self) -> None:
        with _lock:
            if self._users == 0:
                self._state = self._make()
                self._state.__enter__()
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with _lock:
            self._users -= 1
            if self._users == 0 and self._state is not None:
                self._state.__exit__(None, None, None)
                self._state = None


class _NoWarnings(AbstractContextManager[None]):
    def __enter__(self) -> None:
        self._saved = warnings.catch_warnings()
        self._saved.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *_: object) -> None:
        self._saved.__exit__(None, None, None)


class _NoStderr(AbstractContextManager[None]):
    def __enter__(self) -> None:
        self._saved: int | None = None
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        with contextlib.suppress(OSError):  # a windowed program may have no stderr at all
            self._saved = os.dup(2)
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, 2)
            os.close(sink)

    def __exit__(self, *_: object) -> None:
        if self._saved is not None:
            os.dup2(self._saved, 2)
            os.close(self._saved)


_warnings = _Shared(_NoWarnings)
_stderr = _Shared(_NoStderr)


@contextlib.contextmanager
def no_warnings() -> Iterator[None]:
    """Python warnings are ignored inside, in every thread (`warnings.catch_warnings` alone is not thread-safe)."""
    with _warnings:
        yield


@contextlib.contextmanager
def no_stderr() -> Iterator[None]:
    """Whatever native code writes to file descriptor 2 is dropped inside.

    For LibRaw and libtiff, which write there without asking. The whole process is deaf meanwhile, so keep it short.
    """
    with _stderr:
        yield
