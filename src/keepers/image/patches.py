"""Where to look closely: the squares of a frame in which detail would show whether it is sharp."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from keepers.image.resize import Picture, halved
from keepers.types import Plane, Rgb

SIDE = 96
"""Edge of a patch in pixels of the frame as it is looked at: wide enough for the smear of a bad shake, small enough to
be one depth."""
COUNT = 12
FACE_PATCHES = 4
"""So many of them at most are for faces."""
LONGEST = 1600
"""Long side up to which a frame is looked at as it is. Above it the frame is halved: what counts as blur goes by
the size of the picture, no sensor is sharp from pixel to pixel, and the network was taught with 350 to 1,430 pixels."""
_STEP = 32
_NEAR = 1.25
"""Patches closer than this many edges make each other less interesting, so that one bush does not get them all."""

Places = npt.NDArray[np.int32]
Box = tuple[float, float, float, float]
"""x, y, width and height of a face in pixels."""


def reduced(picture: Picture) -> tuple[Picture, int]:
    """A frame or its luma as it is looked at, and how many of its pixels (along a side) are one there: 1, 2, 4 ..

    A panorama stays so large that patches fit into it.
    """
    times = 1
    while max(picture.shape[:2]) > LONGEST and min(picture.shape[:2]) >= 2 * SIDE:
        picture, times = halved(picture), 2 * times
    return picture, times


def interest(luma: Plane) -> Plane:
    """How much detail each candidate holds: the root mean square gradient at a middle scale.

    Fine enough to prefer the sharp subject to its blurred background, coarse enough not to count noise as detail.

    Args:
        luma: float32 H x W, 0..1, at least `SIDE` on each side.

    Returns:
        float32 rows x columns; the candidate at (row, column) starts at pixel (row, column) x 32.
    """
    small = halved(luma)
    x = cv2.Sobel(small, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    y = cv2.Sobel(small, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    energy = cv2.add(cv2.multiply(x, x, dst=x), cv2.multiply(y, y, dst=y), dst=x)
    rows, columns = (luma.shape[0] - SIDE) // _STEP + 1, (luma.shape[1] - SIDE) // _STEP + 1
    half = _STEP // 2
    blocks = energy[: (rows + 2) * half, : (columns + 2) * half]
    sums = np.asarray(cv2.resize(blocks, (columns + 2, rows + 2), interpolation=cv2.INTER_AREA), dtype=np.float32)
    boxes = sum(sums[dy : dy + rows, dx : dx + columns] for dy in range(3) for dx in range(3))
    return np.sqrt(np.asarray(boxes, dtype=np.float32) / 9)


def choose(luma: Plane, count: int = COUNT, faces: Sequence[Box] = ()) -> Places:
    """The `count` most telling patches: on faces first, then the most interesting first.

    Args:
        luma: float32 H x W, 0..1.
        count: at most so many; fewer in a small frame.
        faces: boxes in pixels of this luma, who counts most first. At most `FACE_PATCHES` patches are for them.

    Returns:
        int32 N x 2: top and left of each; none where a side is shorter than `SIDE`.
    """
    if min(luma.shape) < SIDE:
        return np.zeros((0, 2), np.int32)
    scores = interest(luma)
    chosen = _of_faces(scores, faces)[:count]
    # Only the best few candidates can win, and a large frame has thousands.
    order = np.argsort(-scores, axis=None, kind="stable")[: 40 * count]
    place = np.stack(np.unravel_index(order, scores.shape), axis=1).astype(np.float32) * _STEP
    value = scores.reshape(-1)[order].copy()
    for one in chosen:
        _discount(value, place, one)
    while len(chosen) < min(count, len(order)):
        best = int(value.argmax())
        if value[best] < 0:
            break
        chosen.append(place[best])
        _discount(value, place, place[best])
    return np.asarray(chosen, dtype=np.int32).reshape(-1, 2)


def _discount(value: Plane, place: Plane, taken: Plane) -> None:
    """Make candidates near a patch that was taken less interesting, and those that it covers not at all."""
    distance = np.abs(place - taken).max(axis=1) / SIDE
    value *= np.where(distance < _NEAR, 0.25 + 0.6 * distance / _NEAR, 1.0).astype(np.float32)
    value[distance < 0.5] = -1.0


def _of_faces(scores: Plane, faces: Sequence[Box]) -> list[Plane]:
    """The most interesting patches on each face, which in a sharp portrait hold eyes, brows and hair."""
    place = np.asarray(np.moveaxis(np.indices(scores.shape), 0, -1).reshape(-1, 2) * _STEP, dtype=np.float32)
    value, chosen = scores.reshape(-1).copy(), list[Plane]()
    for face in faces[:FACE_PATCHES]:
        on = on_faces(place, [face])
        for _ in range(FACE_PATCHES // min(FACE_PATCHES, len(faces))):
            best = int(np.where(on, value, -1.0).argmax())
            if not on[best] or value[best] < 0:
                break
            chosen.append(place[best])
            _discount(value, place, place[best])
    return chosen


def on_faces(places: npt.NDArray[Any], faces: Sequence[Box]) -> npt.NDArray[np.bool_]:
    """Whether the middle of each square (top and left, N x 2) lies on a face that is at least as wide as the square.

    faces: boxes in the same pixels.
    """
    middle = places + SIDE / 2
    found = np.zeros(len(places), bool)
    for x, y, width, height in faces:
        if width >= SIDE:
            across, down = (middle[:, 1] - x) / width - 0.5, (middle[:, 0] - y) / height - 0.5
            found |= across**2 + down**2 <= 0.25
    return found


def cut(rgb: Rgb, places: Places) -> Rgb:
    """The patches at `places`: uint8 N x 96 x 96 x 3."""
    if not len(places):
        return np.zeros((0, SIDE, SIDE, 3), np.uint8)
    return np.stack([rgb[top : top + SIDE, left : left + SIDE] for top, left in places])


def detail(luma: Plane, places: Places) -> npt.NDArray[np.float32]:
    """Mean square step of luma from pixel to pixel, down plus across, of each square: float32 N, 0..1, with noise."""
    steps = []
    for top, left in places:
        patch = luma[top : top + SIDE, left : left + SIDE]
        steps.append(float(np.square(np.diff(patch, axis=0)).mean() + np.square(np.diff(patch, axis=1)).mean()))
    return np.array(steps, np.float32)
