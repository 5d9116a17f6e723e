"""Photos that arrive as bytes, for a server that must outlive whatever they do to a decoder.

Each is scored alone in a process that is kept for the next one: when a process dies it is clear which photo it was,
and the photos in the other processes never notice.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import time
from pathlib import Path

from keepers.pipeline.child import Child
from keepers.pipeline.executors import CRASHES, TIMEOUT_S, too_slow
from keepers.pipeline.score import BuildScorer, Upload
from keepers.pipeline.worker import Done, Task
from keepers.types import PhotoFile, Report, Source

_TRIES = 2  # the system may end a process when memory is short; that is no photo's fault


class Uploads:
    """Scores uploads in up to `processes` processes, started when first needed. Safe to call from several threads.

    `close` ends the idle ones; a busy one leaves by itself when this process ends.
    """

    def __init__(self, build: BuildScorer, processes: int, *, timeout_s: float = TIMEOUT_S) -> None:
        self._build, self._timeout_s = build, timeout_s
        # The one that has just worked is taken first, so that no more are started than are needed at once.
        self._idle: queue.LifoQueue[Child | None] = queue.LifoQueue()
        for _ in range(processes):
            self._idle.put(None)
        self._numbers = itertools.count()

    def score(self, name: str, data: bytes) -> Report:
        """Measure the bytes of one photo; waits while every process is busy.

        Raises:
            ModelError: the network's file is missing or damaged.
            KeepersError: the scoring process cannot be started.
        """
        path = Path(name)
        return self.ask(Upload(path, (PhotoFile(path, "image", len(data), 0),), data))

    def ask(self, source: Source) -> Report:
        """What the scorer says of one source; as `score`."""
        child = self._idle.get()
        try:
            for _ in range(_TRIES):
                child = child or Child(self._build, 1)
                report = self._ask(child, source)
                if report is not None:
                    return report
                child.kill()
                child = None
            return Report(_plain(source), error=f"{source.path.name} {CRASHES}")
        except BaseException:  # also Ctrl-C: nobody wants its answer any more
            if child is not None:
                child.kill()
            child = None
            raise
        finally:
            self._idle.put(child)

    def close(self) -> None:
        """End the processes that are not busy; no upload may come after this."""
        with contextlib.suppress(queue.Empty):
            while True:
                child = self._idle.get_nowait()
                if child is not None:
                    child.kill()

    def _ask(self, child: Child, source: Source) -> Report | None:
        """The answer; None when the process died over it."""
        number = next(self._numbers)
        child.send(Task(number, source))
        deadline = time.monotonic() + self._timeout_s
        while time.monotonic() < deadline:
            heard = child.hear()
            if heard is None:
                continue
            message = heard[1]
            if message is None:
                return None
            if isinstance(message, Done) and message.number == number:
                return message.report
        child.kill()  # the next photo finds it dead and starts another
        return Report(_plain(source), error=f"{source.path.name} {too_slow(self._timeout_s)}", passing=True)


def _plain(source: Source) -> Source:
    """Without the bytes of an upload."""
    return Source(source.path, source.files)
