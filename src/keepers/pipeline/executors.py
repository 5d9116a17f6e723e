"""Engines: sources in, reports out, in the same order.

| engine | where photos are opened | for |
|---|---|---|
| `serial` | in this process, one after the other | tests and embedding |
| `child` | in one child process with N threads that share one network session | everything else |

A new engine is one generator with the same signature and one entry in `ENGINES`; it gets the same tests.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Protocol

from keepers.errors import KeepersError
from keepers.pipeline.child import Child
from keepers.pipeline.score import PACKAGED, BuildScorer, Keep, Network, build_scorer
from keepers.pipeline.worker import Done, Started, Task
from keepers.registry import Registry
from keepers.types import Report, Source

CHUNK = 32
"""Photos that travel together: saved in one transaction, and half of what is under way at any time."""
TIMEOUT_S = 120.0
"""A photo that takes longer than this hangs; the slowest RAW takes about 5 s."""
CRASHES = "is damaged in a way that crashes its decoder; it was skipped."
"""What is said of a photo that killed the process; its name goes in front."""
_FORGIVEN_DEATHS = 3  # the system may end a process when memory is short; that is no photo's fault


def too_slow(timeout_s: float) -> str:
    """What is said of a photo that was given up; its name goes in front."""
    return f"took longer than {timeout_s:.0f} seconds and was skipped."


class Engine(Protocol):
    """Scores `sources` with `threads` threads and yields one report each, in order, as they become ready.

    Closing the iterator (or Ctrl-C inside it) stops the work and leaves no process behind.
    """

    def __call__(
        self, sources: Iterable[Source], build: BuildScorer, *, threads: int = 1, timeout_s: float = TIMEOUT_S
    ) -> Iterator[Report]:
        """Run; raises what `build` raises."""


ENGINES: Registry[Engine] = Registry("engine")


def score(
    sources: Iterable[Source],
    *,
    workers: int = 1,
    network: Network = PACKAGED,
    engine: str = "child",
    keep: Keep | None = None,
) -> Iterator[Report]:
    """Measure every source. See `Engine` and `Keep`.

    Raises:
        ModelError: the network's file is missing or damaged.
        KeepersError: the scoring process cannot be started.
    """
    return ENGINES[engine](sources, partial(build_scorer, network, keep), threads=workers)


def serial(
    sources: Iterable[Source], build: BuildScorer, *, threads: int = 1, timeout_s: float = TIMEOUT_S
) -> Iterator[Report]:
    """One after the other in this process: no isolation, no time limit."""
    scorer = build()
    yield from map(scorer, sources)


def child(
    sources: Iterable[Source], build: BuildScorer, *, threads: int = 1, timeout_s: float = TIMEOUT_S
) -> Iterator[Report]:
    """Threads for speed, a process for safety.

    When the process dies, the photos it was working on are tried again one at a time in a fresh one: what kills
    that one too becomes a report with an error. A photo that hangs is given up after `timeout_s` seconds.
    """
    driver = _Driver(sources, build, threads, timeout_s)
    try:
        yield from driver.run()
    finally:
        driver.stop()


ENGINES.add("serial", serial)
ENGINES.add("child", child)


class _Driver:
    """Bookkeeping of the child engine. Tasks are numbered in the order of the sources.

    `waiting` holds every unanswered task, `started` those that a thread has taken up and since when,
    `suspects` those that were under way when a process died, `answered` reports whose turn has not come.
    """

    def __init__(self, sources: Iterable[Source], build: BuildScorer, threads: int, timeout_s: float) -> None:
        self._sources = enumerate(sources)
        self._build, self._threads, self._timeout_s = build, threads, timeout_s
        self._window = max(2 * CHUNK, 2 * threads)
        self._child: Child | None = None
        self._waiting: dict[int, Source] = {}
        self._started: dict[int, float] = {}
        self._suspects: list[int] = []
        self._answered: dict[int, Report] = {}
        self._next = 0
        self._deaths_without_cause = 0

    def run(self) -> Iterator[Report]:
        while self._feed():
            self._listen()
            while self._next in self._answered:
                yield self._answered.pop(self._next)
                self._next += 1

    def stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _feed(self) -> bool:
        """Keep the child busy; False when nothing is left to wait for."""
        room = 0 if self._suspects else self._window - len(self._waiting) - len(self._answered)
        fresh = dict(itertools.islice(self._sources, max(room, 0)))
        self._waiting.update(fresh)
        if not self._waiting:
            return False
        if self._child is None:
            self._child = Child(self._build, self._threads)
            # After a crash: one suspect alone, until none is left; then everybody else again.
            self._send(self._suspects[:1] or list(self._waiting))
        else:
            self._send(list(fresh))
        return True

    def _send(self, numbers: Iterable[int]) -> None:
        assert self._child is not None
        for number in numbers:
            self._child.send(Task(number, self._waiting[number]))

    def _listen(self) -> None:
        assert self._child is not None
        heard = self._child.hear()
        if heard is None:
            self._give_up_on_hanging()
            return
        when, message = heard
        if message is None:
            self._after_a_crash()
        elif isinstance(message, Started):
            self._started[message.number] = when
        elif isinstance(message, Done):
            self._settle(message.number, message.report)

    def _settle(self, number: int, report: Report) -> None:
        self._waiting.pop(number)
        self._started.pop(number, None)
        self._answered[number] = report
        if number in self._suspects:
            self._suspects.remove(number)
            if self._child is not None:
                self._send(self._suspects[:1] or list(self._waiting))

    def _fail(self, number: int, what: str, *, passing: bool = False) -> None:
        source = self._waiting[number]
        self._settle(number, Report(source=source, error=f"{source.path.name} {what}", passing=passing))

    def _after_a_crash(self) -> None:
        assert self._child is not None
        words = self._child.last_words()
        self.stop()
        under_way = sorted(self._started)
        self._started.clear()
        if not under_way:
            self._deaths_without_cause += 1
            if self._deaths_without_cause > _FORGIVEN_DEATHS:
                raise KeepersError(f"The scoring process ended without a photo to blame: {words}.")
        elif self._suspects:
            self._fail(under_way[0], CRASHES)
        else:
            self._suspects = under_way

    def _give_up_on_hanging(self) -> None:
        now = time.monotonic()
        hanging = [n for n, since in self._started.items() if now - since > self._timeout_s]
        if not hanging:
            return
        self.stop()
        self._started.clear()
        for number in hanging:
            self._fail(number, too_slow(self._timeout_s), passing=True)
