"""The verb `bench`: makes photos or finds them, culls them with all threads and with one, and measures the floors."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from keepers.app.benching.findings import Bench, Lot, best, stages
from keepers.app.measuring import Progress, Run, photos_in
from keepers.settings import cpu_count, settings
from keepers.types import Report, Source

MEGAPIXELS = (12, 24, 45)
COUNT = 24
"""Photos of each size."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Photos to measure together."""

    name: str
    sources: Sequence[Source]


def bench(
    folder: Path | str | None = None,
    *,
    workers: int | None = None,
    model: Path | str | None = None,
    limit: int | None = None,
    megapixels: Sequence[int] = MEGAPIXELS,
    count: int = COUNT,
    photos: Path | str | None = None,
    brief: bool = False,
    repeat: int = 1,
    progress: Progress | None = None,
) -> Bench:
    """Cull photos with everything on, keep nothing, and say what it cost by stage, and what it would have to cost.

    Args:
        folder: searched recursively; None to make photos of a camera's size.
        workers: threads; one per core unless given.
        model: an ONNX file to use instead of the packaged network, or "none".
        limit: at most this many photos of a folder, spread evenly over it; all unless given.
        megapixels, count: sizes of the photos to make, and how many of each; RAW files of one size are made, too.
        photos: where made photos are kept for the next time; thrown away unless given.
        brief: leave out the pass with one thread, and the floors.
        repeat: how often each pass is made; the best counts.
        progress: called after every photo of every pass with how many are done and how many there are.

    Raises:
        NotFound, NothingToDo: there is no such folder, or no photo in it.
        UserError: photos of such a size cannot be made.
        StorageError: made photos cannot be written.
        ModelError: the network's file is missing or damaged.
    """
    run = Run(settings(workers=workers, model=model)).prepare()
    with ExitStack() as stack:
        steps = _Steps(progress)
        if folder is not None:
            groups = _found(folder, limit)
        else:
            root = Path(photos).expanduser() if photos is not None else Path(stack.enter_context(_scratch()))
            groups = _made(root, megapixels, count, run.settings.workers, steps)
        threads = tuple(dict.fromkeys((run.settings.workers, 1)))[: 1 if brief else 2] * repeat
        steps.expect(sum(_steps(len(group.sources), threads, brief) for group in groups))
        return _measured(run, groups, threads, brief, steps)


def machine() -> str:
    """The computer in a few words."""
    from keepers.pipeline.limits import physical_memory

    memory = physical_memory()
    held = f", {memory / 2**30:.0f} GiB" if memory else ""
    return f"{platform.system()}, {cpu_count()} cores of {_chip()}{held}, Python {platform.python_version()}"


def _chip() -> str:
    """The processor's name; on Linux `platform` knows only its kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


class _Steps:
    """Counts photos over all passes."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._done = self._total = 0

    def expect(self, more: int) -> None:
        """So many more will come."""
        self._total += more

    def __call__(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(min(self._done, self._total), self._total)


@contextmanager
def _scratch() -> Iterator[str]:
    with TemporaryDirectory(prefix="keepers-bench-") as folder:
        yield folder


def _found(folder: Path | str, limit: int | None) -> list[_Group]:
    """The photos of a folder, RAW files apart."""
    sources, _ = photos_in(folder)
    if limit is not None and limit < len(sources):
        sources = [sources[i * len(sources) // limit] for i in range(limit)]
    raw = [source for source in sources if _raw(source)]
    rest = [source for source in sources if not _raw(source)]
    return [_Group(name, some) for name, some in (("photos", rest), ("RAW", raw)) if some]


def _raw(source: Source) -> bool:
    return any(file.path == source.path and file.role == "raw" for file in source.files)


def _made(root: Path, megapixels: Sequence[int], count: int, threads: int, steps: _Steps) -> list[_Group]:
    from keepers.app.benching.made import Wanted, make

    wanted = [Wanted(size, count) for size in megapixels]
    raw = 24 if 24 in megapixels else megapixels[0]
    wanted.append(Wanted(raw, count, "RAW"))
    steps.expect(sum(one.count for one in wanted))
    groups = []
    for one in wanted:
        folder = make(root, one, threads, lambda _: steps())
        groups.append(_Group(one.name, photos_in(folder)[0]))
    return groups


def _steps(photos: int, threads: Sequence[int], brief: bool) -> int:
    """How often a lot tells that a photo is done."""
    from keepers.app.benching.floors import MOST
    from keepers.app.benching.passes import few_of

    return sum(photos + few_of(photos, workers) for workers in threads) + (0 if brief else min(MOST, photos))


def _measured(run: Run, groups: Sequence[_Group], threads: Sequence[int], brief: bool, steps: _Steps) -> Bench:
    from keepers import __version__

    pairs = [_lot(run, group, threads, steps) for group in groups]
    if not brief:
        from keepers.app.benching.passes import quick

        pairs = [
            (replace(lot, quick_s=quick(run, group.sources)), reports)
            for (lot, reports), group in zip(pairs, groups, strict=True)
        ]
    model = next((report.model for _, reports in pairs for report in reports if report.model), None)
    found = Bench(machine(), __version__, run.settings.workers, model, tuple(lot for lot, _ in pairs))
    return found if brief else _with_floors(found, run, [reports for _, reports in pairs], steps)


def _with_floors(found: Bench, run: Run, reports: Sequence[Sequence[Report]], steps: _Steps) -> Bench:
    """Floors come last: the networks that they load here must not count as memory of a cull."""
    from keepers.app.benching.floors import Tools, floors
    from keepers.pipeline.score import load_network

    tools = Tools(load_network(run.network))
    lots = []
    for lot, some in zip(found.lots, reports, strict=True):
        readable = [report for report in some if report.photo is not None]
        lots.append(replace(lot, floors=floors(readable, tools, steps) if readable else ()))
    return replace(
        found, lots=tuple(lots), peak_int8=tools.peak_int8, peak_fp32=tools.peak_fp32, operations=tools.operations
    )


def _lot(
    run: Run, group: _Group, threads: Sequence[int], steps: _Steps
) -> tuple[Lot, list[Report]]:
    from keepers.app.benching.passes import measure

    passes = [measure(run, group.sources, workers, steps) for workers in threads]
    all_threads = [one for one in passes if one[0].workers == run.settings.workers]
    # The stages of the pass that counts, and not of another.
    reports = min(all_threads, key=lambda one: one[0].cpu_ms)[1]
    readable = [report for report in reports if report.photo is not None]
    sizes = [report.photo.width * report.photo.height / 1e6 for report in readable if report.photo is not None]
    lot = Lot(
        name=group.name,
        photos=len(reports),
        unreadable=len(reports) - len(readable),
        megapixels=_mean(sizes),
        megabytes=_mean([_bytes(report.source) / 1e6 for report in readable]),
        faces=_mean([len(report.faces) for report in readable]),
        passes=tuple(best([one for one, _ in passes if one.workers == n]) for n in dict.fromkeys(threads)),
        stages=stages([report.timings for report in readable]),
    )
    return lot, reports


def _bytes(source: Source) -> int:
    return next(file.size for file in source.files if file.path == source.path)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
