"""Culling a few photos for real, into a catalog and a folder of pictures that are thrown away, and what it cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from keepers.app.benching.findings import Pass
from keepers.app.benching.meter import Meter
from keepers.app.measuring import Run
from keepers.errors import KeepersError
from keepers.types import Opinion, Report, Source

FEWEST = 6
"""Of fewer photos the start cannot be told from the work; then it is part of it."""


@dataclass(frozen=True, slots=True)
class Once:
    """One cull: the reports, and meters of the cull, of the pictures made behind it, and of the same cull once more;
    `arrivals` are seconds since the cull began, one a photo."""

    reports: list[Report]
    arrivals: list[float]
    cull: Meter
    pictures: Meter
    again: Meter

    @property
    def seconds(self) -> float:
        """Wall-clock time until verdicts and pictures are there."""
        return self.cull.seconds + self.pictures.seconds

    def steady(self, few: int) -> float:
        """The same without the start: at the pace of the photos after the first few, from the first one on."""
        if not few:
            return self.seconds
        first, last = self.arrivals[few - 1], self.arrivals[-1]
        return (last - first) * len(self.arrivals) / (len(self.arrivals) - few) + self.seconds - last


def few_of(photos: int, workers: int) -> int:
    """How many photos are culled first to know what the start costs; 0 where there are too few."""
    few = max(2, workers)
    return few if photos >= max(FEWEST, 2 * few) else 0


def measure(
    run: Run, sources: Sequence[Source], workers: int, tell: Callable[[], None]
) -> tuple[Pass, list[Report]]:
    """Cull a few photos, then all: the CPU time that the few cost beyond their share is the start, and left out.

    The start by the wall clock ends when the first few photos of the whole have come out.

    Args:
        tell: called after every photo of either cull.
    """
    run = Run(replace(run.settings, workers=workers))
    total, few = len(sources), few_of(len(sources), workers)
    short = once(run, sources[:few], tell) if few else None
    whole = once(run, sources, tell)
    if short is not None and _cpu(short) >= _cpu(whole):
        short, few = None, 0  # photos of a few kilobytes: the start is all there is
    share = total - few

    def a_photo(long: float, brief: float) -> float:
        return max(0.0, long - brief) / share

    seconds = whole.steady(few)
    cpu = a_photo(_cpu(whole), _cpu(short) if short else 0.0)
    own = a_photo(whole.cull.own_s, short.cull.own_s if short else 0.0)
    pictures = a_photo(whole.pictures.cpu_s, short.pictures.cpu_s if short else 0.0)
    peaks = [meter.peak_bytes for meter in (whole.cull, whole.pictures) if meter.peak_bytes]
    found = Pass(
        workers=workers,
        photos=total,
        seconds=seconds,
        start_s=max(0.0, whole.seconds - seconds),
        cpu_ms=1000 * cpu,
        driver_ms=1000 * own,
        pictures_ms=1000 * pictures,
        again_s=whole.again.seconds,
        peak_bytes=max(peaks, default=None),
    )
    return found, whole.reports


def _cpu(one: Once) -> float:
    return one.cull.cpu_s + one.pictures.cpu_s


def once(run: Run, sources: Sequence[Source], tell: Callable[[], None]) -> Once:
    """Cull `sources` into a fresh catalog, make the pictures of the grid that are missing, and cull once more."""
    with TemporaryDirectory(prefix="keepers-bench-") as name:
        folder = Path(name)
        here = Run(replace(run.settings, catalog=folder / "catalog.db"), folder / "cache")
        cull, pictures, again = Meter(), Meter(), Meter()
        arrivals: list[float] = []

        def arrived() -> None:
            arrivals.append(time.perf_counter() - began)
            tell()

        began = time.perf_counter()
        with cull:
            opinions = _culled(here, sources, arrived)
        with pictures:
            _pictures(opinions, folder / "cache", here.settings.workers)
        with again:
            _culled(here, sources, lambda: None)
    return Once([opinion.report for opinion in opinions], arrivals, cull, pictures, again)


def quick(run: Run, sources: Sequence[Source]) -> float:
    """Seconds of a quick look at `sources`, start included."""
    with TemporaryDirectory(prefix="keepers-bench-") as name:
        folder = Path(name)
        here = Run(replace(run.settings, catalog=folder / "catalog.db"), folder / "cache")
        began = time.perf_counter()
        _culled(here, sources, lambda: None, quickly=True)
        return time.perf_counter() - began


def _culled(
    run: Run, sources: Sequence[Source], tell: Callable[[], None], quickly: bool = False
) -> list[Opinion]:
    """What `cull` does to a folder, for some of its photos."""
    from keepers.app.culling import brought_up_to_date
    from keepers.catalog.db import Catalog
    from keepers.pipeline.policy import Wishes

    before = 0

    def count(done: int, total: int) -> None:
        nonlocal before
        for _ in range(done - before):
            tell()
        before = done

    with Catalog(run.settings.catalog) as store:
        wishes = Wishes()
        facts = brought_up_to_date(store, run, sources, sources[0].path.parent, wishes, count, quick=quickly)
        if facts.stopped:
            raise KeyboardInterrupt
        return run.opinions(facts.reports(), store.choices(), run.policy(wishes, store))


def _pictures(opinions: Sequence[Opinion], cache: Path, threads: int) -> None:
    """The small pictures of the grid, as the page asks for them; those that the cull has made are there already."""
    from keepers.app.review.pictures import Pictures

    makers = Pictures(cache, threads)

    def make(opinion: Opinion) -> None:
        with suppress(KeepersError):  # what cannot be read has no picture
            makers.get(opinion, "thumb", opinion.path.parent)

    try:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(make, opinions))
    finally:
        makers.close()
