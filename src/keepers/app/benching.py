"""The verb `bench`: how fast this machine is, by stage."""

from __future__ import annotations

import itertools
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from keepers.app.measuring import Progress, Run, photos_in
from keepers.settings import cpu_count, settings
from keepers.types import Report


@dataclass(frozen=True, slots=True)
class Stage:
    """CPU milliseconds a photo spends in one stage: the middle one, and the one that 95 % stay below."""

    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Bench:
    """`seconds` is wall-clock time with the start of the scoring process; `rate` is photos a second."""

    photos: int
    unreadable: int
    seconds: float
    workers: int
    model: str | None
    machine: str
    stages: Mapping[str, Stage] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Photos a second."""
        return self.photos / self.seconds if self.seconds > 0 else 0.0


def bench(
    folder: Path | str,
    *,
    workers: int | None = None,
    model: Path | str | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Bench:
    """Measure the photos of a folder, store nothing, and say how long each stage took.

    Args:
        folder: searched recursively.
        workers: threads; one per core unless given.
        model: an ONNX file to use instead of the packaged network, or "none".
        limit: at most this many photos, spread evenly over the folder; all unless given.
        progress: called after every photo with how many are done and how many there are.

    Raises:
        NotFound, NothingToDo: there is no such folder, or no photo in it.
        ModelError: the network's file is missing or damaged.
    """
    run = Run(settings(workers=workers, model=model))
    sources, _ = photos_in(folder)
    if limit is not None and limit < len(sources):
        sources = [sources[i * len(sources) // limit] for i in range(limit)]
    began = time.perf_counter()
    reports: list[Report] = []
    for report in run.score(sources):
        reports.append(report)
        if progress is not None:
            progress(len(reports), len(sources))
    readable = [r for r in reports if r.error is None]
    return Bench(
        photos=len(reports),
        unreadable=len(reports) - len(readable),
        seconds=time.perf_counter() - began,
        workers=run.settings.workers,
        model=next((r.model for r in readable), None),
        machine=machine(),
        stages=_stages([r.timings for r in readable]),
    )


def machine() -> str:
    """The computer in a few words."""
    chip = platform.processor() or platform.machine()
    return f"{platform.system()} {chip}, {cpu_count()} cores, Python {platform.python_version()}"


def _stages(timings: Sequence[Mapping[str, float]]) -> dict[str, Stage]:
    names = dict.fromkeys(itertools.chain.from_iterable(timings))
    spent = {name: sorted(t[name] for t in timings if name in t) for name in names}
    return {
        name: Stage(statistics.median(ms), ms[min(len(ms) - 1, round(0.95 * (len(ms) - 1)))])
        for name, ms in spent.items()
    }
