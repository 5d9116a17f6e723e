"""What a photo looks like in a few hundred bytes: enough to find the frames that belong together.

Perceptual hashes compare brightness, and two stops more turn most of their bits over. `structure` looks at ranks: a
cell is brighter or darker than its neighbours whatever the exposure, as in the median threshold bitmaps with which
Ward, "Fast, robust image registration for compositing high dynamic range photographs", 2003, aligns brackets.
"""

from __future__ import annotations

import hashlib
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from keepers.image.phash import phash
from keepers.types import Plane, Rgb, Tiles

VERSION = "1"
"""Changes whenever any of these numbers do; signatures of different versions are not compared."""
CELLS = 16
"""Rows and columns of `structure`."""
FOCUS_CELLS = 8
"""Rows and columns of `focus_map`."""
FOCUS_FLOOR, FOCUS_STEP = -6.0, 7.0 / 254
"""Octaves of the code 1 in a focus map, and of one step; 0 means: cannot tell."""

_LEVELS = 510.0  # half a step of 8 bits: what is clipped, or black but for noise, ties
_NEIGHBOURHOOD = 2.0  # standard deviation in cells of what counts as the neighbours
_SMALL = 256
_LINE = 4096
_BORDER = cv2.BORDER_REFLECT_101


def cells(luma: Plane) -> Plane:
    """Mean luma of 16 x 16 cells: float32, 0..1. Pictures of any size and shape are stretched to the same square."""
    return np.asarray(cv2.resize(_smaller(luma), (CELLS, CELLS), interpolation=cv2.INTER_AREA), dtype=np.float32)


def hash_of(rgb: Rgb) -> int:
    """`phash` of the picture, 64 bits, in a fraction of the time that it takes at full size."""
    return phash(np.asarray(_smaller(rgb), dtype=np.uint8))


def _smaller(picture: npt.NDArray[Any]) -> cv2.typing.MatLike:
    """At least 256 pixels on the short side remain."""
    height, width = picture.shape[:2]
    step = min(height, width) // _SMALL
    if step <= 1:
        return picture
    # A whole-numbered ratio is twelve times faster; what it drops is less than a pixel of the small picture.
    even = picture[: height // step * step, : width // step * step]
    return cv2.resize(even, (width // step, height // step), interpolation=cv2.INTER_AREA)


def structure(grid: Plane) -> bytes:
    """The ranks of the cells less those around them: 256 bytes, int8, rows from the top; all 0 in a plain picture.

    Ranks do not change under any rising curve of tones, and cells that clip together tie. What is compared is their
    correlation, so that only the pattern matters.
    """
    _, place, count = np.unique(np.rint(grid.ravel() * _LEVELS), return_inverse=True, return_counts=True)
    ranks = ((np.cumsum(count) - count / 2) / grid.size)[place].reshape(grid.shape).astype(np.float32)
    contrast = ranks - cv2.GaussianBlur(ranks, (0, 0), _NEIGHBOURHOOD, borderType=_BORDER)
    codes: npt.NDArray[np.int8] = np.rint(np.clip(contrast, -1, 1) * 127).astype(np.int8)
    return codes.tobytes()


def light(grid: Plane) -> float:
    """Mean light of the picture in EV: log2 of linear luminance, 0 (white) .. about -13 (black)."""
    return float(np.log2(max(float(np.mean(np.power(grid, 2.2, dtype=np.float64))), 1e-4)))


def focus_map(tiles: Tiles) -> bytes:
    """How sharp each part of the frame is: 64 bytes, 8 x 8 codes from the top; see `FOCUS_FLOOR` and `FOCUS_STEP`."""
    known = np.isfinite(tiles.sharpness)
    octaves = np.where(known, np.log2(np.maximum(np.nan_to_num(tiles.sharpness), 2.0**FOCUS_FLOOR)), 0.0)
    share = _spread(known.astype(np.float32))
    mean = _spread(octaves.astype(np.float32)) / np.maximum(share, 1e-6)
    codes = 1 + np.clip(np.rint((mean - FOCUS_FLOOR) / FOCUS_STEP), 0, 254)
    return np.where(share >= 0.25, codes, 0).astype(np.uint8).tobytes()


def fingerprint(rgb: Rgb) -> bytes:
    """16 bytes that are the same for the same pixels, whatever the file around them says.

    A multilinear hash of every 32 KiB (Lemire and Kaser, "Strongly universal string hashing is fast", 2014), and
    BLAKE2b of those: a twentieth of the time that BLAKE2b of all pixels takes. It finds copies; it is no protection
    against somebody who wants two pictures to look alike.
    """
    pixels = np.ascontiguousarray(rgb).reshape(-1)
    whole = pixels.size // (8 * _LINE) * 8 * _LINE
    lines = np.einsum("ij,j->i", pixels[:whole].view(np.uint64).reshape(-1, _LINE), _weights())
    digest = hashlib.blake2b(np.asarray(rgb.shape, np.int64).tobytes(), digest_size=16)
    digest.update(lines.tobytes())
    digest.update(pixels[whole:].tobytes())
    return digest.digest()


def _weights() -> npt.NDArray[np.uint64]:
    return np.random.default_rng(0x6B656570).integers(0, 2**64, _LINE, dtype=np.uint64) | np.uint64(1)


def _spread(plane: Plane) -> Plane:
    return np.asarray(cv2.resize(plane, (FOCUS_CELLS, FOCUS_CELLS), interpolation=cv2.INTER_AREA), dtype=np.float32)
