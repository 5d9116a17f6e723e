"""Which photos belong together: copies, bursts, near duplicates, series, and the scenes above them.

Groups are derived from stored facts, all at once, and never stored: nothing here reads a pixel. Every photo is in one
group at most. `docs/groups.md` says where the numbers come from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from keepers.pipeline import series
from keepers.pipeline.alike import clusters, near, resemblance
from keepers.pipeline.clocks import aligned, scenes
from keepers.pipeline.frames import CONTINUOUS, Flags, Floats, Frames, Ints
from keepers.types import GroupKind

STEPS: tuple[tuple[float, float], ...] = ((1.0, 0.25), (10.0, 0.35), (60.0, 0.48))
"""(seconds, resemblance): two frames of one camera belong together when they were taken within so many seconds and
resemble each other at least so much. The longer the pause, the less is taken on trust."""
LOOK_AHEAD = 4
"""Frames that each is compared with: one that failed, or a flash that did not fire, does not cut a burst in two."""
WITHOUT_TIME = 0.6
"""Resemblance that is asked for where there is no time to go by."""
HASH_BITS = 7
BURST_GAP_S = 1.5
"""Median pause up to which near duplicates are called a burst."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """The groups of N photos.

    label: N numbers, 0 .. groups - 1, -1 for a photo on its own. kinds: of each group. scene: N numbers from 0.
    copy_of: the photo of which each is an exact copy, -1 where it is none. time: N seconds on one clock, NaN unknown.
    """

    label: Ints
    kinds: tuple[GroupKind, ...]
    scene: Ints
    copy_of: Ints
    time: Floats


def group(frames: Frames) -> Grouping:
    """Group photos by their facts; see `Grouping`."""
    count = len(frames)
    copy_of = _copies(frames)
    timed, untimed = _sequences(frames, copy_of < 0)
    found = _series(frames, timed)
    labels = np.arange(count, dtype=np.int64)
    free = copy_of < 0
    named: dict[int, GroupKind] = {}
    for kind, members in found:
        labels[members] = members.min()
        named[int(members.min())] = kind
        free[members] = False
    one, other = _links(frames, timed, untimed, free)
    linked = clusters(count, one, other)
    labels = np.where(free, linked, labels)
    named |= _visual_brackets(frames, labels, free, one, other)
    copies = np.flatnonzero(copy_of >= 0)
    labels[copies] = labels[copy_of[copies]]
    return _finish(frames, labels, named, copy_of)


def _copies(frames: Frames) -> Ints:
    """The first photo with the same pixels, -1 for the first itself."""
    _, first, which = np.unique(frames.picture, return_index=True, return_inverse=True)
    head = first[which]
    return np.where(head == np.arange(len(frames)), -1, head)


def _sequences(frames: Frames, kept: Flags) -> tuple[series.Sequence, Ints]:
    """The frames with a time in the order of each camera, and those without in the order of their names."""
    index = np.arange(len(frames))
    timed = np.isfinite(frames.time)
    order = np.lexsort((index, frames.time, frames.body))
    order = order[(timed & kept)[order]]
    one, other = order[:-1], order[1:]
    gap = np.where(frames.body[one] == frames.body[other], frames.time[other] - frames.time[one], np.inf)
    like = np.full(len(gap), np.nan)
    asked = np.flatnonzero((gap <= series.LAPSE_LONGEST_S) & frames.known[one] & frames.known[other])
    like[asked] = resemblance(frames.structure, one[asked], other[asked], enough=series.STACK_LIKE)
    wide = frames.focal[one] / frames.focal[other]
    steady = ~((wide > 1.05) | (wide < 1 / 1.05))
    without = np.lexsort((index, frames.folder))
    return series.Sequence(order, gap, like, steady), without[(~timed & kept)[without]]


def _series(frames: Frames, sequence: series.Sequence) -> list[tuple[GroupKind, Ints]]:
    """Series that nobody has claimed before; a bracket says most clearly what it is."""
    free = np.ones(len(frames), bool)
    found: list[tuple[GroupKind, Ints]] = []
    claims: tuple[tuple[GroupKind, series.Found], ...] = (
        ("bracket", series.brackets(frames, sequence)),
        ("time_lapse", series.time_lapses(frames, sequence)),
        ("panorama", series.panoramas(frames, sequence)),
        ("focus_stack", series.focus_stacks(frames, sequence)),
    )
    for kind, claimed in claims:
        for members in claimed:
            if free[members].all():
                free[members] = False
                found.append((kind, members))
    return found


def _links(frames: Frames, timed: series.Sequence, untimed: Ints, free: Flags) -> tuple[Ints, Ints]:
    """Pairs of frames that belong together, of those that are `free`."""
    pairs = [_in_time(frames, timed, free), _by_name(frames, untimed, free), _by_hash(frames, untimed, free)]
    one, other = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return one, other


def _in_time(frames: Frames, sequence: series.Sequence, free: Flags) -> tuple[Ints, Ints]:
    order = sequence.order[free[sequence.order]]
    pairs: list[tuple[Ints, Ints]] = []
    chain = np.zeros(len(order), np.int64)
    for lag in range(1, LOOK_AHEAD + 1):
        one, other = order[:-lag], order[lag:]
        asked = (frames.body[one] == frames.body[other]) & (frames.time[other] - frames.time[one] <= STEPS[-1][0])
        if lag > 1:  # neighbours that are chained already need no other link
            asked &= chain[:-lag] != chain[lag:]
        at = np.flatnonzero(asked)
        at = at[_enough(frames, one[at], other[at])]
        if lag == 1:
            chain[1:] = 1
            chain[at + 1] = 0
            chain = np.cumsum(chain)
        pairs.append((one[at], other[at]))
    return _joined(pairs)


def _enough(frames: Frames, one: Ints, other: Ints) -> Flags:
    """Which pairs resemble each other enough for the time between them, or were called one burst by the camera."""
    like = resemblance(frames.structure, one, other, enough=STEPS[-1][1])
    gap = frames.time[other] - frames.time[one]
    needed = np.full(len(one), np.inf)
    for seconds, least in reversed(STEPS):
        needed[gap <= seconds] = least
    unknown = ~(frames.known[one] & frames.known[other])
    said = (frames.burst[one] >= 0) & (frames.burst[one] == frames.burst[other])
    return np.asarray((like >= needed) | said | (unknown & (gap <= STEPS[0][0])))


def _by_name(frames: Frames, untimed: Ints, free: Flags) -> tuple[Ints, Ints]:
    """Neighbours by name in a folder, where there is no time."""
    order = untimed[(free & frames.known)[untimed]]
    pairs = []
    for lag in range(1, LOOK_AHEAD + 1):
        one, other = order[:-lag], order[lag:]
        beside = frames.folder[one] == frames.folder[other]
        pairs.append(_alike(frames, one[beside], other[beside]))
    return _joined(pairs)


def _by_hash(frames: Frames, untimed: Ints, free: Flags) -> tuple[Ints, Ints]:
    """Frames without a time, wherever their like may lie: an edit that lost its metadata, a picture sent around."""
    known = np.flatnonzero(frames.known & free)
    asked = np.flatnonzero(np.isin(known, untimed))
    if not len(asked):
        return _joined([])
    one, other = near(frames.phash[known], asked, HASH_BITS)
    one, other = known[one], known[other]
    lost = ~np.isfinite(frames.time)
    fair = lost[one] | lost[other]
    return _alike(frames, one[fair], other[fair])


def _alike(frames: Frames, one: Ints, other: Ints) -> tuple[Ints, Ints]:
    keep = resemblance(frames.structure, one, other, enough=WITHOUT_TIME) >= WITHOUT_TIME
    return one[keep], other[keep]


def _joined(pairs: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    none = np.zeros(0, np.int64)
    return np.concatenate([none, *(p[0] for p in pairs)]), np.concatenate([none, *(p[1] for p in pairs)])


def _visual_brackets(
    frames: Frames, labels: Ints, free: Flags, one: Ints, other: Ints
) -> dict[int, GroupKind]:
    """Clusters of frames without settings that differ in their light as a bracket does."""
    silent = free & frames.known & ~np.isfinite(frames.exposure) & ~np.isfinite(frames.bias)
    least = np.ones(len(labels))
    asked = silent[one] & silent[other]
    like = resemblance(frames.structure, one[asked], other[asked])
    np.minimum.at(least, labels[one[asked]], np.nan_to_num(like, nan=1.0))
    size = np.bincount(labels[free], minlength=len(labels))
    found: dict[int, GroupKind] = {}
    for members in _members(labels, silent):
        head = int(labels[members[0]])
        if size[head] == len(members) and series.visual_bracket(frames.light[members], float(least[head])):
            found[head] = "bracket"
    return found


def _members(labels: Ints, free: Flags) -> Iterable[Ints]:
    """The frames of each cluster of at least two."""
    which = np.flatnonzero(free)
    order = which[np.argsort(labels[which], kind="stable")]
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return (part for part in np.split(order, cuts) if len(part) > 1)


def _finish(frames: Frames, labels: Ints, named: dict[int, GroupKind], copy_of: Ints) -> Grouping:
    """Number the groups in the order of their first photos, name their kinds, and find the scenes."""
    heads, which, size = np.unique(labels, return_inverse=True, return_counts=True)
    real = size >= 2
    number = np.where(real, np.cumsum(real) - 1, -1)
    label = number[which]
    time = aligned(frames)
    kinds = _kinds(frames, label, heads[real], named, copy_of)
    return Grouping(label, kinds, scenes(frames, time, label), copy_of, time)


def _kinds(
    frames: Frames, label: Ints, heads: Ints, named: dict[int, GroupKind], copy_of: Ints
) -> tuple[GroupKind, ...]:
    order = np.lexsort((frames.time, label))
    order = order[(label[order] >= 0) & (copy_of[order] < 0)]
    originals = np.bincount(label[order], minlength=len(heads))
    gap = np.diff(frames.time[order], prepend=np.nan)
    quick = (gap <= BURST_GAP_S) | (frames.drive[order] == CONTINUOUS) | (frames.burst[order] >= 0)
    # The first frame of a group has no step before it.
    steps = np.diff(label[order], prepend=-1) == 0
    fast = np.bincount(label[order[steps & quick]], minlength=len(heads))
    kinds: list[GroupKind] = []
    for number, head in enumerate(heads.tolist()):
        if head in named:
            kinds.append(named[head])
        elif originals[number] < 2:
            kinds.append("duplicates")
        else:
            kinds.append("burst" if 2 * fast[number] > originals[number] - 1 else "near_duplicates")
    return tuple(kinds)
