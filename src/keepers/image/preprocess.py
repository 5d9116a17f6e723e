"""From a frame to a network's input: one function for training and for culling."""

from collections.abc import Sequence

import cv2
import numpy as np

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


def normalise(square: Rgb, mean: Sequence[float], std: Sequence[float]) -> Plane:
    """float32 1 x 3 x H x W: value / 255, minus `mean`, over `std` (per channel, in RGB order)."""
    scale = np.asarray(std, dtype=np.float32)
    values = (square.astype(np.float32) / np.float32(255.0) - np.asarray(mean, dtype=np.float32)) / scale
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def to_input(rgb: Rgb, short_side: int, crop: int, mean: Sequence[float], std: Sequence[float]) -> Plane:
    """The whole way: `to_square`, then `normalise`."""
    return normalise(to_square(rgb, short_side, crop), mean, std)
