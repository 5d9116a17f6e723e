"""What a bench found, and what follows from it: dataclasses and arithmetic, nothing that measures."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

STAGES: Mapping[str, str] = {
    "read": "the file's bytes",
    "hash": "the content id, copies and the perceptual hash",
    "decode": "pixels at the scale used, upright, sRGB",
    "faces": "finding faces, their mesh and eyes",
    "tiles": "luma, noise, sharpness of the tiles",
    "networks": "for whole photos and for patches, with their input",
    "checks": "every check, from what was observed",
    "encode": "small pictures for the review page",
    "write": "their files",
}
"""Stages in the order of the tables, and what each does; a stage that is not named here comes behind them."""
DRIVER, PAGE, REST = "driver", "pictures", "other"
"""What no photo's stopwatch sees: the driving process (catalog, groups, verdicts), pictures that the page makes
afterwards, and the rest of the scoring process (pickling, waiting for locks, allocating)."""
UNSEEN: Mapping[str, str] = {
    DRIVER: "the driving process: catalog, groups, verdicts",
    PAGE: "pictures that are made after the cull",
    REST: "the scoring process between stages",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """CPU milliseconds a photo spends in one stage: the middle one, the one that 95 % stay below, and the mean."""

    median_ms: float
    p95_ms: float
    mean_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Floor:
    """What cannot be saved of a stage, mean milliseconds a photo on one core.

    bare_ms: the library's call alone, with its input ready. limit_ms: what the machine could do at best, where that is
    less: entropy decoding alone, a network's operations at the measured int8 peak.
    """

    name: str
    what: str
    bare_ms: float
    limit_ms: float


@dataclass(frozen=True, slots=True)
class Pass:
    """One cull of all photos with everything on.

    seconds: wall-clock time of the cull without its start. start_s: until the scoring process is ready. cpu_ms: of all
    processes, a photo, without the start. driver_ms, pictures_ms: parts of it, see `DRIVER` and `PAGE`. again_s:
    wall-clock time of the same cull once more, when everything is known. peak_bytes: of all processes together, None
    where the system does not tell.
    """

    workers: int
    photos: int
    seconds: float
    start_s: float
    cpu_ms: float
    driver_ms: float
    pictures_ms: float
    again_s: float
    peak_bytes: int | None

    @property
    def rate(self) -> float:
        """Photos a second without the start."""
        return self.photos / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Lot:
    """Photos that were measured together: what they are, and what was found.

    megapixels, megabytes, faces: means a photo. `passes` has the one with all threads first. quick_s: wall-clock time
    of a quick look at all of them (`cull --quick`), start included; None where it was left out.
    """

    name: str
    photos: int
    unreadable: int
    megapixels: float
    megabytes: float
    faces: float
    passes: tuple[Pass, ...]
    stages: Mapping[str, Stage] = field(default_factory=dict)
    floors: tuple[Floor, ...] = ()
    quick_s: float | None = None

    @property
    def whole(self) -> Pass:
        """The pass with all threads."""
        return self.passes[0]

    @property
    def scaling(self) -> float | None:
        """Photos a second with all threads over those with one; None where one was all, or was left out."""
        ones = [one for one in self.passes if one.workers == 1]
        return self.whole.rate / ones[0].rate if ones and self.whole.workers > 1 and ones[0].rate else None

    @property
    def costs(self) -> dict[str, float]:
        """Mean CPU milliseconds a photo of everything, by stage, in the order of the tables; together the whole."""
        known = {name: self.stages[name].mean_ms for name in ordered(self.stages)}
        spent = {**known, DRIVER: self.whole.driver_ms, PAGE: self.whole.pictures_ms}
        return {**spent, REST: max(0.0, self.whole.cpu_ms - sum(spent.values()))}

    @property
    def bare_ms(self) -> float:
        """The sum of the bare calls."""
        return sum(floor.bare_ms for floor in self.floors)

    @property
    def limit_ms(self) -> float:
        """The sum of the limits."""
        return sum(floor.limit_ms for floor in self.floors)

    @property
    def over_bare(self) -> float | None:
        """CPU time a photo over that of the bare calls; None where they were not measured."""
        return self.whole.cpu_ms / self.bare_ms if self.bare_ms else None

    @property
    def over_limit(self) -> float | None:
        """CPU time a photo over what the machine could do at best; None where that was not measured."""
        return self.whole.cpu_ms / self.limit_ms if self.limit_ms else None


@dataclass(frozen=True, slots=True)
class Bench:
    """All of it. peak_int8, peak_fp32: measured 10^9 operations a second on one core (a multiplication and an addition
    are two), None where not measured; `operations` are those of each network a photo, 10^9."""

    machine: str
    version: str
    workers: int
    model: str | None
    lots: tuple[Lot, ...]
    peak_int8: float | None = None
    peak_fp32: float | None = None
    operations: Mapping[str, float] = field(default_factory=dict)

    @property
    def photos(self) -> int:
        """How many were tried."""
        return sum(lot.photos for lot in self.lots)

    @property
    def unreadable(self) -> int:
        """How many of them could not be read."""
        return sum(lot.unreadable for lot in self.lots)


def best(repeats: Sequence[Pass]) -> Pass:
    """The least of each figure of several passes over the same photos, but the most memory.

    What else a computer does makes a program slower and never faster.
    """
    cheapest = min(repeats, key=lambda one: one.cpu_ms)
    return replace(
        cheapest,
        seconds=min(one.seconds for one in repeats),
        start_s=min(one.start_s for one in repeats),
        again_s=min(one.again_s for one in repeats),
        peak_bytes=max((one.peak_bytes for one in repeats if one.peak_bytes is not None), default=None),
    )


def ordered(names: Mapping[str, object]) -> list[str]:
    """Stages in the order of the tables."""
    places = {name: number for number, name in enumerate(STAGES)}
    return sorted(names, key=lambda name: places.get(name, len(places)))


def stages(timings: Sequence[Mapping[str, float]]) -> dict[str, Stage]:
    """What photos spent, by stage; a stage that a photo did not reach costs it nothing."""
    names = dict.fromkeys(itertools.chain.from_iterable(timings))
    spent = {name: sorted(t[name] for t in timings if name in t) for name in names}
    found = {
        name: Stage(statistics.median(ms), ms[min(len(ms) - 1, round(0.95 * (len(ms) - 1)))], sum(ms) / len(timings))
        for name, ms in spent.items()
    }
    return {name: found[name] for name in ordered(found)}
