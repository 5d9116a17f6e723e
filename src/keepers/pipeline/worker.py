"""The child process that touches photos: reads tasks on stdin, scores them in threads, answers on stdout.

It is started as its own program and not through `multiprocessing`, whose spawn method imports the user's main
script again: a script that calls `keepers.cull()` at its top level would start itself without end.

Messages are pickles with a length in front. To the worker: one `Setup`, then `Task`s. From it: `Ready`, then
for every task `Started` and `Done`, in any order. End of input is the order to leave.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import sys
import threading
from dataclasses import dataclass
from typing import Any, BinaryIO

from keepers.pipeline.limits import limit_memory
from keepers.pipeline.score import BuildScorer, Scorer
from keepers.types import Report, Source

_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Setup:
    """The first message: how to build the scorer, and in how many threads to run it."""

    build: BuildScorer
    threads: int


@dataclass(frozen=True, slots=True)
class Task:
    """Score `source`; `number` comes back with the answer."""

    number: int
    source: Source


@dataclass(frozen=True, slots=True)
class Ready:
    """The scorer is built; or, with `error`, it cannot be."""

    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A thread has taken up this task: if the process dies now, it is under suspicion."""

    number: int


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to one task."""

    number: int
    report: Report


def send(stream: BinaryIO, message: object) -> None:
    """Write one message. Raises OSError when the other side is gone."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one message; None at the end of the stream, also when it ends in the middle of a message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (size,) = _LENGTH.unpack(head)
    data = stream.read(size)
    return pickle.loads(data) if len(data) == size else None


def main() -> None:
    """Run until stdin ends."""
    # Ctrl-C reaches the whole process group; only the driver decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = _claim_stdout()
    tasks = sys.stdin.buffer
    setup: Setup | None = receive(tasks)
    if setup is None:
        return
    try:
        scorer = setup.build()
    except Exception as error:
        send(answers, Ready(_portable(error)))
        return
    limit_memory(setup.threads)
    send(answers, Ready())
    _serve(tasks, answers, scorer, setup.threads)
    # Threads may be deep inside a decoder; nobody is waiting for them any more.
    os._exit(0)


def _claim_stdout() -> BinaryIO:
    """Keep the real stdout for messages and send everybody else's prints, C libraries' included, to stderr."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _portable(error: Exception) -> Exception:
    """The error itself if it survives the way through a pipe, else its words."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _serve(tasks: BinaryIO, answers: BinaryIO, scorer: Scorer, threads: int) -> None:
    todo: queue.SimpleQueue[Task] = queue.SimpleQueue()
    lock = threading.Lock()

    def answer(message: object) -> None:
        with lock:
            send(answers, message)

    def work() -> None:
        while True:
            task = todo.get()
            answer(Started(task.number))
            answer(Done(task.number, scorer(task.source)))

    for _ in range(threads):
        threading.Thread(target=_leave_on_error(work), daemon=True).start()
    while (task := receive(tasks)) is not None:
        todo.put(task)


def _leave_on_error(work: Any) -> Any:
    """A thread that dies quietly would leave the driver waiting: take the process down, as a crash would."""

    def run() -> None:
        try:
            work()
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)

    return run
