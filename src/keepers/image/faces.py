"""Facts of one face from the points of its mesh and the pixels around them: lids, pose, gaze, sharpness, exposure.

The mesh has MediaPipe's 478 points; "right" and "left" are the person's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from keepers.image import noise
from keepers.image.aligning import Points
from keepers.image.colour import luma
from keepers.image.exposure import BLOWN
from keepers.image.tiles import measure_tiles, pooled
from keepers.types import Plane, Rgb


@dataclass(frozen=True, slots=True)
class EyePoints:
    """Numbers of the points of one eye: corners, two pairs of lids, the outline, the centre of the iris."""

    corners: tuple[int, int]
    lids: tuple[tuple[int, int], tuple[int, int]]
    outline: tuple[int, ...]
    iris: int


RIGHT = EyePoints(
    (33, 133),
    ((160, 144), (158, 153)),
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    468,
)
LEFT = EyePoints(
    (263, 362),
    ((387, 373), (385, 380)),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
    473,
)
_CHEEKS = (50, 280, 205, 425)
_FOREHEAD, _CHIN = 10, 152
_LEAST_EYE = 12
"""Width in pixels of the narrowest eye whose sharpness is measured."""
_LEAST_REACH = 128.0
"""Pixels around the eyes that are looked at, at least: of a face as wide as this, all of it."""
_VIEWED_EYE = 20
_USUAL_EYE = 32
"""Width in pixels of an eye whose sharpness needs no allowance for its size."""


def openness(mesh: Points, eye: EyePoints) -> float:
    """Eye aspect ratio: the mean distance of two pairs of lid points over the width of the eye, 0 (shut) .. about .5.

    T. Soukupova, J. Cech, "Real-time eye blink detection using facial landmarks", CVWW 2016. It must not change when
    the picture is moved, scaled or turned.
    """
    lids = sum(_distance(mesh, *pair) for pair in eye.lids)
    return lids / (2 * max(_distance(mesh, *eye.corners), 1e-6))


def pose(mesh: Points) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees, 0 upright and frontal, from the outer eye corners, forehead and chin in depth.

    Yaw > 0 when turned towards the person's own left, pitch > 0 when looking down, roll > 0 when tilted clockwise.
    """
    across = mesh[LEFT.corners[0]] - mesh[RIGHT.corners[0]]
    down = mesh[_CHIN] - mesh[_FOREHEAD]
    yaw = math.atan2(float(across[2]), math.hypot(float(across[0]), float(across[1])))
    pitch = math.atan2(float(down[2]), math.hypot(float(down[0]), float(down[1])))
    roll = math.atan2(float(across[1]), float(across[0]))
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def gaze(mesh: Points) -> float:
    """Where the irises lie between the corners of the eyes, -1 (at the left of the picture) .. 1, mean of both eyes."""
    return float(np.clip(np.mean([_iris(mesh, RIGHT, 1.0), _iris(mesh, LEFT, -1.0)]), -1.0, 1.0))


def _iris(mesh: Points, eye: EyePoints, side: float) -> float:
    start, end = (mesh[corner, :2].astype(float) for corner in eye.corners)
    along = (end - start) / max(float(np.square(end - start).sum()), 1e-9)
    return side * (2 * float((mesh[eye.iris, :2] - start) @ along) - 1)


def _distance(mesh: Points, one: int, other: int) -> float:
    return float(np.linalg.norm(mesh[one, :2].astype(float) - mesh[other, :2].astype(float)))


@dataclass(frozen=True, slots=True)
class Tones:
    """Tones of a face on luma 0..1: medians of the cheeks and of each eye, and the share of the face that is blown."""

    cheeks: float
    right: float
    left: float
    clipped: float


def tones(rgb: Rgb, mesh: Points) -> Tones:
    """The tones of one face.

    Args:
        rgb: uint8 H x W x 3, the picture.
        mesh: 478 x 3, in its pixels.
    """
    reach = max(1.0, 0.35 * _distance(mesh, *RIGHT.corners))
    cheeks = [_patch(rgb, mesh[n, 0], mesh[n, 1], reach, reach) for n in _CHEEKS]
    known = [_median(patch) for patch in cheeks if patch.size]
    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
    middle, half = (low + high) / 2, (high - low) / 2 * 0.8
    whole = _patch(rgb, middle[0], middle[1], half[0], half[1])
    step = max(1, round(math.sqrt(whole.shape[0] * whole.shape[1] / 20_000)))
    blown = float((whole[::step, ::step].min(axis=2) >= BLOWN).mean()) if whole.size else 0.0
    return Tones(float(np.median(known)) if known else 0.0, _tone(rgb, mesh, RIGHT), _tone(rgb, mesh, LEFT), blown)


def _tone(rgb: Rgb, mesh: Points, eye: EyePoints) -> float:
    x, y, width = centre(mesh, eye)
    patch = _patch(rgb, x, y, 0.5 * width, 0.25 * width)
    return _median(patch) if patch.size else 0.0


def _median(patch: Rgb) -> float:
    """Of the luma; of a large patch only every so many rows and columns are looked at."""
    step = max(1, round(math.sqrt(patch.shape[0] * patch.shape[1] / 2_000)))
    return float(np.median(luma(np.ascontiguousarray(patch[::step, ::step]))))


def centre(mesh: Points, eye: EyePoints) -> tuple[float, float, float]:
    """x and y of the middle between the corners of an eye, and its width, all in pixels of the mesh."""
    middle = mesh[list(eye.corners), :2].mean(axis=0)
    return float(middle[0]), float(middle[1]), _distance(mesh, *eye.corners)


def eye_sharpness(plane: Plane, mesh: Points, eye: EyePoints, noise_sigma: float) -> float | None:
    """Sharpness around one eye in octaves of amplitude, about -6 (blurred) .. 0 (crisp).

    The fine over the coarse gradients in their worst direction (see `image.tiles.pooled`) of the lids, the lashes and
    the iris. Eyes wider than 32 pixels are allowed half an octave less for every doubling. None where the eye is less
    than 12 pixels wide, lies outside the picture or has no texture.

    Args:
        plane: float32 H x W, luma 0..1, at the resolution of the frame.
        mesh: 478 x 3, in pixels of `plane`.
        eye: `RIGHT` or `LEFT`.
        noise_sigma: standard deviation of the noise on luma, see `sigma`.
    """
    x, y, width = centre(mesh, eye)
    if width < _LEAST_EYE:
        return None
    reach = max(16.0, 0.75 * width)
    patch = _patch(plane, x, y, reach, max(16.0, 0.5 * width))
    if not patch.size or min(patch.shape) < 2 * noise.BLOCK:
        return None
    both = pooled(measure_tiles(np.ascontiguousarray(patch), noise_sigma), noise_sigma, share=0.5, least=1)
    return None if both is None else both[0] + 0.5 * math.log2(max(width / _USUAL_EYE, 1.0))


def eye_detail(plane: Plane, mesh: Points, eye: EyePoints, noise_sigma: float) -> float | None:
    """As `eye_sharpness` in a view in which the eye is 20 pixels wide, so that it tells how well the eye can be seen.

    A large face that is a little soft shows its lids as well as ever: about -2.3. Below about -3.7 the mesh guesses.
    """
    x, y, width = centre(mesh, eye)
    if width < _LEAST_EYE:
        return None
    shrink = min(1.0, _VIEWED_EYE / width)
    reach = noise.BLOCK / shrink
    patch = _patch(plane, x, y, reach, reach)
    if min(patch.shape, default=0) < 1.9 * reach:
        return None
    side = 2 * noise.BLOCK
    view = np.asarray(cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA), dtype=np.float32)
    both = pooled(measure_tiles(view, noise_sigma * shrink), noise_sigma * shrink, share=0.5, least=1)
    return None if both is None else both[0]


def around(mesh: Points, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of the picture (of `shape`) that hold a face and a little around it; never empty.

    Of a large face only what lies near the eyes, because nothing else is asked of it: two widths of an eye.
    """
    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
    margin = 0.2 * (high - low) + 20
    corners = mesh[[*RIGHT.corners, *LEFT.corners], :2]
    reach = max(_LEAST_REACH, *(2 * _distance(mesh, *eye.corners) for eye in (RIGHT, LEFT)))
    low, high = np.maximum(low - margin, corners.min(0) - reach), np.minimum(high + margin, corners.max(0) + reach)
    top, left = (int(np.clip(v, 0, m - 1)) for v, m in zip(low[::-1], shape[:2], strict=True))
    bottom, right = (int(np.clip(v, 1, m)) for v, m in zip(high[::-1], shape[:2], strict=True))
    return slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1))


def sigma(plane: Plane) -> float:
    """Noise on the luma of a face; skin is flat enough to read it off."""
    return noise.sigma(plane)


def _patch(plane: Any, x: float, y: float, reach_x: float, reach_y: float) -> Any:
    """What lies at most so far from a place; a view, empty outside the picture."""
    height, width = plane.shape[:2]
    top, bottom = (int(np.clip(round(y + s * reach_y), 0, height)) for s in (-1, 1))
    left, right = (int(np.clip(round(x + s * reach_x), 0, width)) for s in (-1, 1))
    return plane[top:bottom, left:right]
