"""The driver's end of the scoring process: starts it, listens to it without blocking, kills it."""

from __future__ import annotations

import collections
import contextlib
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO, cast

from keepers.errors import KeepersError
from keepers.pipeline.score import BuildScorer
from keepers.pipeline.worker import Done, Ready, Setup, Started, Task, receive, send

Heard = tuple[float, Started | Done | None]
"""When (monotonic seconds) and what; None once the process is gone."""

_POLL_S = 0.25  # so that Ctrl-C is heard on Windows, where a waiting lock cannot be interrupted
_START_LIMIT_S = 300.0  # a virus scanner may want to read every library first
# The folder of this very package goes in front for one import only, so that it shadows nothing else;
# -P keeps a `numpy.py` that lies among the photos from being imported.
_PROGRAM = (
    "import sys; sys.path.insert(0, {root!r}); import keepers; sys.path.pop(0); "
    "from keepers.pipeline.worker import main; main()"
)


class Child:
    """A running scoring process. Build one, `send` tasks, `hear` answers, and `kill` it in the end.

    Raises:
        KeepersError: it cannot be started, or its scorer cannot be built (then the builder's own error).
    """

    def __init__(self, build: BuildScorer, threads: int) -> None:
        self._process = _start()
        self._heard: queue.SimpleQueue[tuple[float, Ready | Started | Done | None]] = queue.SimpleQueue()
        self._words: collections.deque[str] = collections.deque(maxlen=20)
        for listen in (self._listen, self._listen_to_stderr):
            threading.Thread(target=listen, daemon=True).start()
        try:
            with contextlib.suppress(OSError):  # its silence is noticed in a moment, with its last words
                send(cast(BinaryIO, self._process.stdin), Setup(build, threads))
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def send(self, task: Task) -> None:
        """Queue a task. A child that has died meanwhile says so through `hear`."""
        with contextlib.suppress(OSError):
            send(cast(BinaryIO, self._process.stdin), task)

    def hear(self) -> Heard | None:
        """The next answer; None when there is none for a short while."""
        try:
            return cast(Heard, self._heard.get(timeout=_POLL_S))
        except queue.Empty:
            return None

    def kill(self) -> None:
        """End the process now, whatever it is doing, and wait for it."""
        self._process.kill()
        with contextlib.suppress(OSError):
            cast(BinaryIO, self._process.stdin).close()
        self._process.wait()

    def last_words(self) -> str:
        """The last line it wrote to stderr, or its exit status."""
        status = self._process.poll()
        return self._words[-1] if self._words else f"it ended with status {status}"

    def _listen(self) -> None:
        stream = cast(BinaryIO, self._process.stdout)
        with stream:
            while (message := receive(stream)) is not None:
                self._heard.put((time.monotonic(), message))
        self._heard.put((time.monotonic(), None))

    def _listen_to_stderr(self) -> None:
        with cast(BinaryIO, self._process.stderr) as stream:
            for line in stream:
                if text := line.decode(errors="replace").strip():
                    self._words.append(text)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < deadline:
            heard = self.hear()
            if heard is None:
                continue
            message = cast("Ready | None", heard[1])
            if message is None:
                time.sleep(0.05)  # let stderr arrive
                raise KeepersError(f"The scoring process could not start: {self.last_words()}.")
            if message.error is None:
                return
            if isinstance(message.error, KeepersError):
                raise message.error
            raise KeepersError(f"The scoring process could not start: {message.error}.")
        raise KeepersError(f"The scoring process did not start within {_START_LIMIT_S:.0f} seconds.")


def _start() -> subprocess.Popen[bytes]:
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _PROGRAM.format(root=str(root))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
