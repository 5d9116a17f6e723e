"""CPU time and memory of this process and of those that it starts."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from types import TracebackType

_EVERY_S = 0.05
_PROC = Path("/proc")


class Meter:
    """A context that measures what happens inside.

    seconds: wall-clock time. own_s, children_s: CPU time of this process, and of processes that ended inside.
    peak_bytes: the most memory that all of them held at once, looked at 20 times a second; None where not on Linux.
    """

    seconds = own_s = children_s = 0.0
    peak_bytes: int | None = None

    def __enter__(self) -> Meter:
        self._end = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        if sys.platform == "linux":
            self._watcher.start()
        self._began, self._own, self._children = time.perf_counter(), time.process_time(), children_cpu()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._began
        self.own_s = time.process_time() - self._own
        self.children_s = children_cpu() - self._children
        self._end.set()
        if self._watcher.is_alive():
            self._watcher.join()

    @property
    def cpu_s(self) -> float:
        """All CPU time together."""
        return self.own_s + self.children_s

    def _watch(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes or 0, resident("self"))
            if self._end.wait(_EVERY_S):
                return


def children_cpu() -> float:
    """CPU seconds of all processes that this one started and that have ended; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0.0
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def resident(process: str) -> int:
    """Bytes of memory that a process and its children hold, on Linux; of one that is gone, 0.

    Pages that several of them share count once a process, so this is rather too much than too little.
    """
    folder = _PROC / process
    try:
        pages = int((folder / "statm").read_text().split()[1])
        tasks = list((folder / "task").iterdir())
    except (OSError, ValueError, IndexError):
        return 0
    total = pages * _page()
    for task in tasks:
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        total += sum(resident(child) for child in children)
    return total


def _page() -> int:
    import resource

    return resource.getpagesize()
