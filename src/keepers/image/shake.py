"""Along which line a photo is smeared, and how far. Says so of any photo: whether it is shaken is for the checks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from keepers.image import noise
from keepers.image.tiles import best_tiles, measure_tiles, pooled
from keepers.types import Patches, Plane, Tiles

_LONGEST = 0.08
"""Longest smear that is looked for, over the long side of the frame."""
_WORK = 1024
"""Long side at which the length is measured; smears that matter are several pixels there."""
_LEAST_DIP = 0.04
_LEAST_DIFFERENCE = 0.3
"""Octaves between the sharpest direction and the least sharp one, from which one may speak of a direction."""
_HALVINGS, _SMALLEST = 3, 160
_LEAST_SURE, _LEAST_AGREEMENT = 0.25, 0.4
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Smear:
    """degrees: direction of the line, 0 (level) .. 180, counter-clockwise as one looks at the photo. length: of the
    smear in pixels of the frame; None where no length stands out."""

    degrees: float
    length: float | None


def direction(luma: Plane) -> float | None:
    """Degrees (0..180, counter-clockwise from level) along which the most detailed tiles have least fine detail.

    The eigenvector to the smallest eigenvalue of the pair (fine, coarse) of structure tensors (see `image.tiles`), at
    the scale of a few halvings at which directions differ most: a smear much longer than the coarse scale takes away
    both, and noise is left to decide. None where no tile has texture, or all directions are alike.
    """
    found: tuple[float, float | None] = _LEAST_DIFFERENCE, None
    for _ in range(_HALVINGS + 1):
        sigma = noise.sigma(luma)
        tiles = measure_tiles(luma, sigma)
        both, degrees = pooled(tiles, sigma), _blurred_axis(tiles)
        if both is not None and degrees is not None and both[1] - both[0] > found[0]:
            found = both[1] - both[0], degrees
        if min(luma.shape) < 2 * _SMALLEST:
            break
        luma = np.asarray(cv2.pyrDown(luma), dtype=np.float32)
    return found[1]


def _blurred_axis(tiles: Tiles) -> float | None:
    best = best_tiles(tiles)
    if best is None or tiles.fine is None or tiles.coarse is None:
        return None
    fine, coarse = (t.reshape(3, -1)[:, best].mean(axis=1, dtype=float) for t in (tiles.fine, tiles.coarse))
    f, c = (np.array([[t[0], t[2]], [t[2], t[1]]]) for t in (fine, coarse))
    c = c + 0.02 * np.trace(c) / 2 * np.eye(2)
    values, vectors = np.linalg.eig(np.linalg.solve(c, f))
    x, y = np.real(vectors[:, int(np.argmin(np.real(values)))])
    return math.degrees(math.atan2(-y, x)) % 180.0


def length(luma: Plane, degrees: float) -> float | None:
    """How far the picture is smeared along a direction, in pixels; None where no length stands out.

    Motion at an even speed leaves two edges of opposite sign, the length of the smear apart, of every edge that it
    crosses: the autocorrelation of the derivative along the motion has its minimum there. Yitzhaky and Kopeika 1997,
    doi:10.1006/gmip.1997.0435.

    Args:
        luma: float32 H x W, 0..1.
        degrees: counter-clockwise from level.
    """
    scale = min(1.0, _WORK / max(luma.shape))
    small = luma if scale == 1.0 else _reduced(luma, scale)
    level = _turned(small, degrees)
    change = np.diff(level, axis=1)
    usable = np.isfinite(change)
    change = np.where(usable, change, 0.0)
    longest = max(6, round(_LONGEST * max(small.shape)))
    echo = _autocorrelation(change, usable, longest)
    first = _first_rise(echo)
    if first is None:
        return None
    place = first + int(np.argmin(echo[first:]))
    dip = -float(echo[place]) / float(echo[0]) if echo[0] > 0 else 0.0
    if dip < _LEAST_DIP or not _SHORTEST <= place < longest - 1:
        return None
    return float(place / scale)


def smear(luma: Plane) -> Smear | None:
    """Direction and length together, of luma 0..1 (float32 H x W); None where no tile has texture."""
    degrees = direction(luma)
    return None if degrees is None else Smear(degrees, length(luma, degrees))


def of_patches(patches: Patches, deciding: npt.NDArray[np.bool_]) -> Smear | None:
    """The smear that the focus network sees in most of the deciding patches (bool N), by how sure it is of motion in
    each; None where they disagree. An even movement of length L has a standard deviation of L divided by the root of
    12."""
    sure = np.where(deciding, chance(patches.blurred) * chance(patches.moved), 0.0)
    if not deciding.any() or sure[deciding].mean() < _LEAST_SURE:
        return None
    cosine, sine = (sure @ patches.axis) / sure.sum()
    if math.hypot(cosine, sine) < _LEAST_AGREEMENT:
        return None
    spread = 2.0 ** float((sure @ patches.major) / sure.sum())
    return Smear(-math.degrees(0.5 * math.atan2(sine, cosine)) % 180.0, math.sqrt(12) * spread)


def chance(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Probabilities of logits, strictly inside 0..1."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -30, 30))))


def _reduced(luma: Plane, scale: float) -> Plane:
    size = (round(luma.shape[1] * scale), round(luma.shape[0] * scale))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _turned(luma: Plane, degrees: float) -> npt.NDArray[np.float32]:
    """The picture turned so that the direction is level; NaN beyond its borders."""
    height, width = luma.shape
    side = math.ceil(math.hypot(height, width))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    turn[:, 2] += (side / 2 - width / 2, side / 2 - height / 2)
    turned = cv2.warpAffine(
        luma, turn, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=float("nan")
    )
    return np.asarray(turned, dtype=np.float32)


def _autocorrelation(
    change: npt.NDArray[np.float32], usable: npt.NDArray[np.bool_], longest: int
) -> npt.NDArray[np.float64]:
    """Mean product of two derivatives `lag` pixels apart on a line, lag 0 .. longest."""
    count = 2 * change.shape[1]
    spectrum = np.fft.rfft(change, count, axis=1)
    there = np.fft.rfft(usable.astype(np.float32), count, axis=1)
    products = np.fft.irfft((np.abs(spectrum) ** 2).sum(axis=0), count)[: longest + 1]
    pairs = np.fft.irfft((np.abs(there) ** 2).sum(axis=0), count)[: longest + 1]
    return np.asarray(products / np.maximum(pairs, 1.0))


def _first_rise(echo: npt.NDArray[np.float64]) -> int | None:
    """Where the autocorrelation first falls below zero: what comes before is the edge's own width."""
    below = np.flatnonzero(echo < 0)
    return int(below[0]) if len(below) else None
