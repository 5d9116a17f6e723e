"""From a frame to a network's input: one function for training and for culling."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from keepers.image.resize import shrink
from keepers.types import Plane, Rgb


def to_square(rgb: Rgb, short_side: int, crop: int) -> Rgb:
    """The centre of the picture: short side to `short_side` (never enlarged beyond need), then a square crop.

    The aspect ratio is kept, because a squashed picture is one of the flaws to be found.

    Returns:
        uint8, crop x crop x 3.
    """
    small = shrink(rgb, short_side)
    height, width = small.shape[:2]
    if min(height, width) < crop:
        factor = crop / min(height, width)
        size = (max(crop, round(width * factor)), max(crop, round(height * factor)))
        small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
        height, width = small.shape[:2]
    top, left = (height - crop) // 2, (width - crop) // 2
    return small[top : top + crop, left : left + crop]


def normalise(squares: Rgb, mean: Sequence[float], std: Sequence[float]) -> Plane:
    """float32 N x 3 x H x W: value / 255, minus `mean`, over `std` (per channel, in RGB order).

    squares: uint8, N x H x W x 3; also H x W x 3, then N is 1.
    """
    some = squares if squares.ndim == 4 else squares[None]
    tables = _tables(tuple(mean), tuple(std))
    out = np.empty((len(some), 3, *some.shape[1:3]), np.float32)
    for square, planes in zip(some, out, strict=True):
        for channel, table, plane in zip(cv2.split(square), tables, planes, strict=True):
            # A look into a table of all 256 values gives the very numbers of the arithmetic, much sooner.
            cv2.LUT(channel, table, dst=plane)
    return out


@lru_cache(maxsize=8)
def _tables(mean: tuple[float, ...], std: tuple[float, ...]) -> npt.NDArray[np.float32]:
    """What each of the values 0..255 becomes in each channel: float32 3 x 256."""
    values = np.arange(256, dtype=np.float32)[:, None] / np.float32(255.0)
    scaled = (values - np.asarray(mean, dtype=np.float32)) / np.asarray(std, dtype=np.float32)
    return np.ascontiguousarray(scaled.T)


def to_input(rgb: Rgb, short_side: int, crop: int, mean: Sequence[float], std: Sequence[float]) -> Plane:
    """The whole way: `to_square`, then `normalise`."""
    return normalise(to_square(rgb, short_side, crop), mean, std)
