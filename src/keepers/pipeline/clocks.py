"""Clocks that agree: what cameras say of the time on one scale, and the scenes that its pauses make."""

from __future__ import annotations

import numpy as np

from keepers.pipeline.alike import near, resemblance
from keepers.pipeline.frames import Flags, Floats, Frames, Ints

AGREE_S = 5.0
"""Seconds within which frames of two cameras must agree on how far their clocks are apart."""
VOTES = 3
"""Frames that must agree."""
SAME_SCENE = 0.48
"""Resemblance from which the first frame after a pause shows what the last one before it showed."""
_SAME_VIEW = 0.75
_WINDOW = 10
_FACTOR = 17.0
_SHORTEST_S, _LONGEST_S, _RECALL_S = 45.0, 4 * 3600.0, 1800.0


def aligned(frames: Frames) -> Floats:
    """The times of all frames on one clock: that of the camera with the most frames.

    Clocks that are set to different time zones and say so are put right by that. Beyond it a clock is moved where at
    least `VOTES` of its frames look the same as frames of another camera and agree, within `AGREE_S`, how far apart
    the two were taken: two people who photograph the same thing, or pictures that both were sent.
    """
    time = frames.time.copy()
    timed = np.isfinite(time)
    bodies = np.unique(frames.body[timed])
    if len(bodies) < 2:
        return time
    zones = frames.utc_offset[timed]
    if np.isfinite(zones).all() and len(np.unique(zones)) > 1:
        time[timed] -= 60.0 * zones
    votes = _votes(frames, np.flatnonzero(timed & frames.known))
    most = max(bodies.tolist(), key=lambda body: int(np.sum(frames.body[timed] == body)))
    for body in bodies[bodies != most].tolist():
        ahead = _ahead(frames, time, votes, body, most)
        time[timed & (frames.body == body)] -= ahead
    return time


def _votes(frames: Frames, timed: Ints) -> tuple[Ints, Ints]:
    """Pairs of frames of different cameras that show the same."""
    bodies, size = np.unique(frames.body[timed], return_counts=True)
    one, other = near(frames.phash[timed], np.flatnonzero(frames.body[timed] != bodies[np.argmax(size)]))
    one, other = timed[one], timed[other]
    foreign = frames.body[one] != frames.body[other]
    one, other = one[foreign], other[foreign]
    same = resemblance(frames.structure, one, other) >= _SAME_VIEW
    return np.concatenate([one[same], other[same]]), np.concatenate([other[same], one[same]])


def _ahead(frames: Frames, time: Floats, votes: tuple[Ints, Ints], body: int, most: int) -> float:
    """Seconds by which the clock of `body` is ahead of that of `most`; 0 where too few frames say so."""
    mine = (frames.body[votes[0]] == body) & (frames.body[votes[1]] == most)
    one, other = votes[0][mine], votes[1][mine]
    said = time[one] - time[other]
    if len(said) < VOTES:
        return 0.0
    order = np.argsort(said)
    said, one = said[order], one[order]
    last = np.searchsorted(said, said + AGREE_S, "right")
    start = int(np.argmax(last - np.arange(len(said))))
    agreeing = len(np.unique(one[start : last[start]]))
    if agreeing < VOTES or 2 * agreeing < len(np.unique(one)):
        return 0.0
    middle = float(np.median(said[start : last[start]]))
    return middle if abs(middle) > AGREE_S else 0.0


def scenes(frames: Frames, time: Floats, labels: Ints) -> Ints:
    """The number of each frame's scene, from 0, in the order of time; frames without a time come last, by folder.

    A pause ends a scene when it is 17 times as long as the pauses around it usually are: the adaptive threshold of
    Platt, Czerwinski and Field, "PhotoTOC: automatic clustering for browsing personal photographs", 2003, with their
    constants. A pause of less than 45 s never ends one, one of four hours always; below half an hour it does not
    where the camera sees the same again. Frames of one group (`labels`, -1 for none) stay in one scene.
    """
    order = np.lexsort((np.arange(len(time)), time))
    order = order[np.isfinite(time[order])]
    ends = _pauses(time[order]) & ~_sees_the_same(frames, order, time)
    ends &= ~_within_groups(labels[order])
    scene = np.full(len(time), -1, np.int64)
    scene[order] = np.concatenate([[0], np.cumsum(ends)])[: len(order)]
    return _without_time(frames, labels, scene)


def _pauses(time: Floats) -> Flags:
    gaps = np.diff(time)
    if not len(gaps):
        return np.zeros(0, bool)
    logs = np.log(np.maximum(gaps, 1.0))
    sums = np.concatenate([[0.0], np.cumsum(logs)])
    at = np.arange(len(gaps))
    low, high = np.maximum(at - _WINDOW, 0), np.minimum(at + _WINDOW + 1, len(gaps))
    usual = (sums[high] - sums[low]) / (high - low)
    long = (logs >= np.log(_FACTOR) + usual) & (gaps >= _SHORTEST_S)
    return np.asarray(long | (gaps >= _LONGEST_S))


def _sees_the_same(frames: Frames, order: Ints, time: Floats) -> Flags:
    one, other = order[:-1], order[1:]
    asked = frames.known[one] & frames.known[other] & (time[other] - time[one] < _RECALL_S)
    asked &= time[other] - time[one] >= _SHORTEST_S
    same = np.zeros(len(one), bool)
    which = np.flatnonzero(asked)
    same[which] = resemblance(frames.structure, one[which], other[which]) >= SAME_SCENE
    return same


def _within_groups(labels: Ints) -> Flags:
    """Which of the steps between frames in the order of time lie inside a group."""
    count = len(labels)
    inside = np.zeros(count + 1, np.int64)
    grouped = np.flatnonzero(labels >= 0)
    names, place = np.unique(labels[grouped], return_inverse=True)
    first, last = np.full(len(names), count), np.zeros(len(names), np.int64)
    np.minimum.at(first, place, grouped)
    np.maximum.at(last, place, grouped)
    np.add.at(inside, first, 1)
    np.add.at(inside, last, -1)
    return np.asarray(np.cumsum(inside)[: max(count - 1, 0)] > 0)


def _without_time(frames: Frames, labels: Ints, scene: Ints) -> Ints:
    """Frames without a time join the scene of their group, else they make one for each folder."""
    lost = np.flatnonzero(scene < 0)
    if not len(lost):
        return scene
    of_group = {int(g): int(s) for g, s in zip(labels[::-1], scene[::-1], strict=True) if g >= 0 and s >= 0}
    next_scene = int(scene.max(initial=-1)) + 1
    folders: dict[int, int] = {}
    for at in lost.tolist():
        group = int(labels[at])
        known = of_group.get(group)
        if known is None:
            known = folders.setdefault(int(frames.folder[at]), next_scene + len(folders))
            if group >= 0:  # the group's first frame decides, also where its frames lie in two folders
                of_group[group] = known
        scene[at] = known
    return scene
