"""How a picture is composed: where its subject lies, what the border cuts, how level and how balanced it is.

Every fact has a unit of its own and a map to a score of 0 (unusual) .. 1 (as the rule would have it). Rules of
composition are habits, not laws: these numbers may rank photos, and condemn none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from keepers.image.horizon import Horizon, horizon
from keepers.image.saliency import Box, Point, Region, mass, saliency, subject
from keepers.types import Plane, Rgb, Tiles

THIRD = 1 / 3
GOLDEN = (3 - math.sqrt(5)) / 2
"""The smaller part of a side divided by the golden ratio, .382."""
_VIEW = 256
_ON_A_LINE = 1 / 12
"""A subject on a line, but on none of the points, counts as this far from a point."""
LARGEST = 0.5
"""Share of the picture from which a subject fills it: nobody asks where it stands."""
LEAST_SHARE = 0.35
"""Of all that stands out: with less, there is no one subject."""

CROWN, BESIDE, BELOW = 0.35, 0.1, 0.05
"""How far a head reaches beyond the box of its face, in heights (crown, chin) and widths (beside) of the box."""
CLOSE_UP = 0.45
"""Height of a face, as a share of the picture's, from which it is a close-up, whose crown is cut on purpose."""
SMALLEST_FACE = 0.06
"""Height of a face, as a share of the picture's, below which there is no headroom to speak of."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """What the pixels alone say. horizon: None where no line is certain. region: what stands out most, None where
    nothing does; mass: the centre of all that stands out, None where nothing does."""

    horizon: Horizon | None
    region: Region | None
    mass: Point | None


def look(rgb: Rgb, luma: Plane, tiles: Tiles) -> Pixels:
    """Look at a picture of any size; about 5 ms for one of 6 megapixels.

    Args:
        rgb: uint8 H x W x 3. luma: float32 H x W, 0..1. tiles: where it is sharp.
    """
    seen = saliency(rgb, np.nan_to_num(tiles.sharpness * tiles.detail) if tiles.sharpness.size else None)
    return Pixels(
        horizon(view(luma)),
        None if seen is None else subject(seen),
        None if seen is None else mass(seen),
    )


def view(luma: Plane) -> Plane:
    """The picture at about `_VIEW` pixels, by a whole factor: exact means at any other cost 12 times as much."""
    factor = max(1, round(max(luma.shape) / _VIEW))
    height, width = max(1, luma.shape[0] // factor), max(1, luma.shape[1] // factor)
    even = luma[: height * factor, : width * factor]
    if factor % 2 == 0:  # every other row is enough, and half as much to read
        even = even[::2]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)


def from_point(at: Point, part: float) -> float:
    """How far a place is from the nearest of the four points that `part` makes of the sides, or from a line.

    Args:
        at: shares 0..1 of the width and the height.
        part: `THIRD` or `GOLDEN`.

    Returns:
        Shares of a side: 0 on a point, 1/12 on a line, `worst(part)` in the middle and in the corners about .4.
    """
    across, down = (min(abs(value - part), abs(value - 1 + part)) for value in at)
    return min(math.hypot(across, down), min(across, down) + _ON_A_LINE)


def worst(part: float) -> float:
    """`from_point` of the middle of the picture."""
    return from_point((0.5, 0.5), part)


def closeness(distance: float, part: float) -> float:
    """Score: 1 on a point, falling evenly to 0 at the distance of the middle of the picture, and 0 beyond."""
    return falling(distance, 0.0, worst(part))


def falling(raw: float, good: float, bad: float) -> float:
    """1 up to `good`, 0 from `bad` on, a straight line between."""
    return min(1.0, max(0.0, (bad - raw) / (bad - good)))


def off_balance(at: Point) -> float:
    """How far the centre of what stands out lies from the middle: 0 .. 1, where 1 is the middle of a border."""
    return min(1.0, math.hypot(2 * at[0] - 1, 2 * at[1] - 1))


def head(face: Box) -> Box:
    """The box of the whole head of a face whose box goes from the brows to the chin."""
    left, top, width, height = face
    return left - BESIDE * width, top - CROWN * height, (1 + 2 * BESIDE) * width, (1 + CROWN + BELOW) * height


def beyond(box: Box) -> float:
    """The share of a box that lies outside of the picture, 0 .. 1."""
    left, top, width, height = box
    inside_x = max(0.0, min(1.0, left + width) - max(0.0, left))
    inside_y = max(0.0, min(1.0, top + height) - max(0.0, top))
    area = width * height
    return max(0.0, 1.0 - inside_x * inside_y / area) if area > 0 else 0.0


def cut_off(faces: Sequence[Box]) -> float | None:
    """The largest share of a head that the border cuts off, 0 .. 1; None without heads, or with close-ups only."""
    heads = [head(face) for face in faces if face[3] < CLOSE_UP]
    return max(map(beyond, heads)) if heads else None


def eye_line(faces: Sequence[Box]) -> float | None:
    """How far the eyes are from the upper third, in heights of the picture: > 0 when they are lower, with much room
    above the head; < 0 when there is little. Of all faces together; None without faces of a size that counts."""
    some = [face for face in faces if SMALLEST_FACE <= face[3] < CLOSE_UP]
    if not some:
        return None
    top, bottom = min(face[1] for face in some), max(face[1] + 0.8 * face[3] for face in some)
    return min(1.0, max(-1.0, (top + bottom) / 2 - THIRD))


def around(boxes: Sequence[Box]) -> Box:
    """The smallest box around some, cut at the borders of the picture."""
    left, top = max(0.0, min(b[0] for b in boxes)), max(0.0, min(b[1] for b in boxes))
    right, bottom = min(1.0, max(b[0] + b[2] for b in boxes)), min(1.0, max(b[1] + b[3] for b in boxes))
    return left, top, max(0.0, right - left), max(0.0, bottom - top)
