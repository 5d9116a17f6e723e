"""Series that were taken on purpose and belong together: brackets, focus stacks, panoramas, time-lapses.

Their frames look like duplicates or like failures, and none may be thinned out. So a doubt is decided for the series:
what is wrongly protected costs a look, what is wrongly thinned costs a picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from keepers.pipeline.alike import shift
from keepers.pipeline.frames import BRACKET, Flags, Floats, Frames, Ints

BRACKET_SIZES = (9, 7, 6, 5, 4, 3, 2)
BRACKET_GAP_S = 2.0
"""Pause between two frames of a bracket beyond their exposure times; nobody turns a dial three times faster."""
LEAST_STEP_EV, LEAST_SETTING_EV, STEP_TOLERANCE_EV = 0.28, 0.6, 0.25
"""Least step where the camera says that it is a bracket or states a bias; where only time, aperture and ISO tell; and
how much the steps of one bracket may differ."""
SEEN_EV = 0.25
"""Share of the change of settings that must be seen in the picture: automatic exposure changes settings to keep the
picture as bright as it was."""

LAPSE_FRAMES, LAPSE_LIKE = 10, 0.5
LAPSE_GAP_S, LAPSE_WHOLE_GAP_S, LAPSE_LONGEST_S = 1.0, 2.0, 3600.0
"""Least interval of a time-lapse, least where the clock tells whole seconds only, and longest."""
STACK_FRAMES, STACK_GAP_S, STACK_LIKE = 5, 4.0, 0.6
STACK_CELLS, STACK_NEAR, STACK_FAR = 12, 0.5, 0.2
"""Correlation of the maps of sharpness: at least this from frame to frame, and less than this from end to end."""
PANORAMA_FRAMES, PANORAMA_LEAST_S, PANORAMA_MOST_S = 3, 0.3, 15.0
PANORAMA_LIKE = 0.55
PANORAMA_EV = 0.4
_STEADY_EV = 0.2

Found = list[Ints]
"""Frames of each series, in order."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """Frames in the order in which each camera took them, and what lies between neighbours (M frames, M - 1 steps).

    order: indices. gap: seconds from each frame to the next, infinite between two cameras. like: resemblance.
    steady: the focal length did not change.
    """

    order: Ints
    gap: Floats
    like: Floats
    steady: Flags


def runs(joined: Flags, least: int) -> list[tuple[int, int]]:
    """(start, stop) of frames that neighbour by neighbour are `joined`, with at least `least` frames."""
    edges = np.diff(np.concatenate([[False], joined, [False]]).astype(np.int8))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) + 1
    long = stops - starts >= least
    return list(zip(starts[long].tolist(), stops[long].tolist(), strict=True))


def brackets(frames: Frames, sequence: Sequence) -> Found:
    """Exposure brackets: a few frames in quick succession whose exposures are steps of one size, none twice.

    The camera says so, or states the steps as bias, or the settings and the brightness of the pictures step together.
    """
    order = sequence.order
    slow = BRACKET_GAP_S + np.nan_to_num(frames.shutter[order[:-1]]) + np.nan_to_num(frames.shutter[order[1:]])
    joined = sequence.steady & (sequence.gap <= slow)
    said = frames.drive[order] == BRACKET
    free = np.ones(len(order), bool)
    found: Found = []
    for size in BRACKET_SIZES:
        for start in _stepping(frames, order, joined, said, size):
            if free[start : start + size].all():
                free[start : start + size] = False
                found.append(order[start : start + size])
    return found


def _stepping(frames: Frames, order: Ints, joined: Flags, said: Flags, size: int) -> list[int]:
    """Where windows of `size` frames start that are brackets."""
    if len(order) < size:
        return []
    bias, settings = frames.bias[order], frames.exposure[order]
    moved = np.fmax(np.abs(np.diff(bias)), np.abs(np.diff(settings))) >= LEAST_STEP_EV
    at = np.flatnonzero(sliding_window_view(joined & moved, size - 1).all(axis=1))
    declared = sliding_window_view(said, size)[at].all(axis=1)
    bias, settings = sliding_window_view(bias, size)[at], sliding_window_view(settings, size)[at]
    stepped = _stepped(bias, LEAST_STEP_EV) & (declared | (size > 2))
    stepped |= _stepped(settings, LEAST_STEP_EV) & declared
    if size > 2:
        light = sliding_window_view(frames.light[order], size)[at]
        stepped |= _stepped(settings, LEAST_SETTING_EV) & _seen(settings, light)
    return [int(start) for start in at[stepped]]


def _stepped(values: Floats, least: float) -> Flags:
    """Rows in which no value comes twice and, sorted, all lie one step apart."""
    steps = np.diff(np.sort(values, axis=1), axis=1)
    low, high = steps.min(axis=1, initial=np.inf), steps.max(axis=1, initial=0.0)
    return np.asarray((low >= least) & (high - low <= STEP_TOLERANCE_EV))  # NaN compares as False


def _seen(settings: Floats, light: Floats) -> Flags:
    """Rows in which the pictures get brighter with the settings, by at least a share of what those say."""
    light = np.take_along_axis(light, np.argsort(settings, axis=1), axis=1)
    rising = (np.diff(light, axis=1) > 0).all(axis=1)
    return np.asarray(rising & (light[:, -1] - light[:, 0] >= SEEN_EV * np.ptp(settings, axis=1)))


def time_lapses(frames: Frames, sequence: Sequence) -> Found:
    """Many frames of one view at one interval: they lie on a line, which a person's finger does not manage."""
    order, gap = sequence.order, sequence.gap
    if len(order) < LAPSE_FRAMES:
        return []
    whole = frames.whole[order]
    least = np.where(whole[1:] & whole[:-1], LAPSE_WHOLE_GAP_S, LAPSE_GAP_S)
    joined = sequence.steady & (gap >= least) & (gap <= LAPSE_LONGEST_S) & ~(sequence.like < LAPSE_LIKE)
    # Two whole-numbered times may each be almost a second early; where fractions are told, a tenth of the gap is much.
    with np.errstate(invalid="ignore"):
        jitter = np.abs(np.diff(gap))
    rough = whole[:-2] | whole[1:-1] | whole[2:]
    regular = joined[1:] & joined[:-1] & (jitter <= np.where(rough, 1.01, np.maximum(0.25, 0.1 * gap[1:])))
    found = []
    for start, stop in runs(regular, LAPSE_FRAMES - 1):
        members = order[start : stop + 1]
        if _on_a_line(frames.time[members], bool(frames.whole[members].all())):
            found.append(members)
    return found


def _on_a_line(time: Floats, whole: bool) -> bool:
    at = np.arange(len(time), dtype=np.float64)
    slope, offset = np.polyfit(at, time - time[0], 1)
    residual = np.abs(time - time[0] - offset - slope * at).max()
    return bool(residual <= max(0.75 if whole else 0.2, 0.05 * slope))


def panoramas(frames: Frames, sequence: Sequence) -> Found:
    """Views that continue each other in one direction, taken with one focal length and one exposure."""
    order, gap = sequence.order, sequence.gap
    one, other = order[:-1], order[1:]
    joined = sequence.steady & (gap >= PANORAMA_LEAST_S) & (gap <= PANORAMA_MOST_S)
    joined &= frames.known[one] & frames.known[other] & ~(sequence.like >= PANORAMA_LIKE)
    joined &= ~(np.abs(frames.exposure[other] - frames.exposure[one]) > PANORAMA_EV)
    # Two steps in a row are needed; a lone candidate need not be looked at.
    neighbour = np.concatenate([[False], joined, [False]])
    which = np.flatnonzero(joined & (neighbour[:-2] | neighbour[2:]))
    if not which.size:
        return []
    score, rows, columns = shift(frames.structure, one[which], other[which])
    turn = np.zeros(len(gap), np.int64)  # 0: none, else the direction
    sideways = np.abs(columns) > np.abs(rows)
    direction = np.where(sideways, np.where(columns > 0, 1, 2), np.where(rows > 0, 3, 4))
    turn[which] = np.where(score >= PANORAMA_LIKE, direction, 0)
    on = (turn[1:] == turn[:-1]) & (turn[1:] > 0)
    return [order[start : stop + 1] for start, stop in runs(on, PANORAMA_FRAMES - 1)]


def focus_stacks(frames: Frames, sequence: Sequence) -> Found:
    """One view, one exposure, and a plane of focus that wanders from end to end."""
    order = sequence.order
    change = np.abs(np.diff(frames.exposure[order]))
    joined = sequence.steady & (sequence.gap <= STACK_GAP_S) & (sequence.like >= STACK_LIKE) & ~(change > _STEADY_EV)
    candidates = [order[start:stop] for start, stop in runs(joined, STACK_FRAMES)]
    if not candidates:
        return []
    ends = _correlated(*(frames.focus[np.array([members[end] for members in candidates])] for end in (0, -1)))
    far = [members for members, like in zip(candidates, ends.tolist(), strict=True) if like < STACK_FAR]
    return [members for members in far if _wanders(frames.focus[members])]


def _correlated(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> Floats:
    """Correlation of P pairs of maps over the cells that both know; NaN where there are too few."""
    known = np.isfinite(one) & np.isfinite(other)
    count = np.maximum(known.sum(axis=1), 1)
    a, b = (np.where(known, maps, 0.0) for maps in (one, other))
    a, b = (np.where(known, maps - (maps.sum(axis=1) / count)[:, None], 0.0) for maps in (a, b))
    power = np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b)
    like = np.einsum("ij,ij->i", a, b) / np.sqrt(np.maximum(power, 1e-9))
    return np.where((known.sum(axis=1) >= STACK_CELLS) & (power > 1e-9), like, np.nan)


def _wanders(focus: npt.NDArray[np.float32]) -> bool:
    """Whether maps of sharpness stay alike from frame to frame though they end up different."""
    steps = _correlated(focus[:-1], focus[1:])
    return bool(np.isfinite(steps).all() and np.median(steps) >= STACK_NEAR)


def visual_bracket(light: Floats, like: float) -> bool:
    """Whether frames that look alike, and of whose settings nothing is known, are steps of one bracket.

    Args:
        light: mean light of at least two frames, in EV.
        like: their least resemblance.
    """
    steps = np.diff(np.sort(light))
    if len(light) == 2:
        return bool(like >= 0.8 and steps[0] >= 1.0)
    return bool(steps.min() >= 0.2 and np.ptp(light) >= 1.0)
