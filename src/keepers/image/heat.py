"""Numbers that belong to places of a photo, such as the sharpness of its tiles, and how they become colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepers.image.canvas import Colour
from keepers.types import Plane, Rgb

BAD: Colour = (213, 94, 0)
GOOD: Colour = (0, 114, 178)
"""Vermilion and blue of Okabe and Ito (2008), which everybody can tell apart; white lies between them."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Rectangles of a frame with a value each.

    boxes: float64 N x 4, left, top, width, height in frame pixels; they may overlap. values: float64 N, 0 (bad) .. 1
    (good), NaN where nothing can be told. decided: bool N, those that the judgement rests on.
    """

    boxes: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    decided: npt.NDArray[np.bool_]


def grid(
    values: Plane, left: float, top: float, size: float, step: float | None = None, decided: Plane | None = None
) -> Cells:
    """The cells of a regular grid.

    Args:
        values: rows x columns, 0..1 or NaN.
        left, top: corner of the first cell, in frame pixels.
        size: edge of a cell; step: from one cell to the next (default: the size).
        decided: rows x columns, true where the judgement rests on it.
    """
    rows, columns = np.indices(values.shape).reshape(2, -1).astype(float)
    step = size if step is None else step
    edge = np.full(values.size, float(size))
    boxes = np.stack([left + columns * step, top + rows * step, edge, edge], axis=1)
    chosen = np.zeros(values.size, bool) if decided is None else np.asarray(decided, dtype=bool).reshape(-1)
    return Cells(boxes, np.asarray(values, dtype=float).reshape(-1), chosen)


def spread(cells: Cells, height: int, width: int, scale: float = 1.0) -> Plane:
    """The mean value at each pixel: float32 height x width, NaN where no cell says anything.

    Args:
        scale: pixels of the map per frame pixel.
    """
    total, count = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    for (left, top, wide, high), value in zip(cells.boxes * scale, cells.values, strict=True):
        if np.isfinite(value):
            window = (slice(max(0, round(top)), max(0, round(top + high))),
                      slice(max(0, round(left)), max(0, round(left + wide))))  # fmt: skip
            total[window] += np.float32(value)
            count[window] += 1
    return np.where(count > 0, total / np.maximum(count, 1), np.float32(np.nan)).astype(np.float32)


def colours(values: Plane) -> npt.NDArray[np.float32]:
    """H x W x 3, 0..255: `BAD` at 0, white at .5, `GOOD` at 1; NaN is white as well."""
    v = np.nan_to_num(np.clip(values, 0, 1), nan=0.5)[..., None]
    bad, white, good = (np.array(c, dtype=np.float32) for c in (BAD, (255, 255, 255), GOOD))
    low = bad + (white - bad) * np.minimum(v * 2, 1)
    return np.asarray(low + (good - white) * np.maximum(v * 2 - 1, 0), dtype=np.float32)


def tinted(rgb: Rgb, values: Plane, strength: float = 0.6) -> Rgb:
    """The photo in grey, tinted by `values` (H x W, 0..1, NaN untinted): detail stays, colour says good or bad."""
    grey = (rgb.astype(np.float32) @ np.array([0.2126, 0.7152, 0.0722], np.float32))[..., None]
    # A little lifted: a tint cannot be seen on black.
    lifted = 40 + grey * (215 / 255)
    said = np.isfinite(values)[..., None]
    tint = colours(values)
    weight = np.where(said, strength, 0.0).astype(np.float32)
    mixed = lifted * (1 - weight) + (0.45 * tint + 0.55 * tint * lifted / 255) * weight
    return np.asarray(np.clip(np.rint(mixed), 0, 255), dtype=np.uint8)
