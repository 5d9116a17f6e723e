"""How level a picture is: the longest straight edge that is nearly level, its tilt, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from keepers.types import Plane

STEEPEST = 15.0
"""Degrees: lines that are steeper are no horizon but a slope, a roof or a staircase."""
_STEP, _OFF = 1.0, 3.0
"""Degrees between two angles that are tried, and by which the direction of an edge may differ from its line's."""
_LEAST, _RELATIVE = 0.006, 0.3
"""Least gradient of an edge, luma per pixel, and relative to the mean gradient of the picture."""
_NEAR = 1.5
"""Pixels of the view around a line that belong to it."""
LEAST_COVER = 0.5
"""Share of the picture's width along which the line must be seen."""
_DOUBT = 0.02
"""By so much more for every degree: few cameras are held far from level, and many lines run away in perspective."""
_RIVAL, _APART = 0.7, 2.0
"""A line that is seen along so much of what the best one is, and at another angle (degrees), makes both doubtful."""
_BORDER = 0.03
"""A line so close to the upper or lower border, as a share of the height, is a frame around the picture."""
_MOST = 8_000

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Horizon:
    """A line that should probably be level.

    degrees: > 0 where it rises to the right, that is, where the camera was turned clockwise; at most `STEEPEST`.
    confidence: 0 .. 1, the share of the width along which the line is seen, less where another line contradicts it.
    middle: its height at the middle of the picture, as a share of the picture's height from the top.
    """

    degrees: float
    confidence: float
    middle: float


@dataclass(frozen=True, slots=True)
class _Edges:
    """Places of N edge pixels from the middle of the view, x and y (down), and their slopes as angles in degrees."""

    x: Floats
    y: Floats
    angle: Floats


def horizon(view: Plane) -> Horizon | None:
    """The longest nearly level edge with the same side bright all along; None where no line is long and certain.

    A Hough transform whose pixels vote only for lines along their own gradient (Ballard, "Generalizing the Hough
    transform to detect arbitrary shapes", 1981, doi:10.1016/0031-3203(81)90009-1; O'Gorman and Clowes 1976), weak
    edges as much as strong ones, and a fit to the pixels of the winner. A line in perspective, such as the edge of a
    roof, is no horizon though it may look like one; where two long lines disagree, nothing is said.

    Args:
        view: luma 0..1, about 256 pixels wide; both sides at least 32.
    """
    if min(view.shape) < 32:
        return None
    smooth = cv2.GaussianBlur(view, (0, 0), 1.0)
    gx = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125), dtype=np.float32)
    gy = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125), dtype=np.float32)
    # A line has the same side bright all along: of what gets brighter downwards and what gets darker, one at a time.
    best = [found for x, y in ((gx, gy), (-gx, -gy)) for found in _lines(_edges(x, y), *view.shape)]
    if not best:
        return None
    best.sort(key=lambda line: -line.confidence)
    first = best[0]
    rivals = [o for o in best[1:] if abs(o.degrees - first.degrees) > _APART]
    doubtful = first.confidence < LEAST_COVER + _DOUBT * abs(first.degrees)
    return None if doubtful or any(o.confidence >= _RIVAL * first.confidence for o in rivals) else first


def _edges(gx: Plane, down: Plane) -> _Edges:
    """Thin edges that are nearly level, from gradients to the right and down, where `down` is positive."""
    least = max(_LEAST, _RELATIVE * float(np.abs(down).mean()))
    inner = down[1:-1]
    thin = (inner >= down[:-2]) & (inner > down[2:]) & (inner >= least)
    rows, columns = np.nonzero(thin & (np.abs(gx[1:-1]) <= np.tan(np.radians(STEEPEST + _OFF)) * inner))
    rows += 1
    if len(rows) > _MOST:
        keep = np.argpartition(-down[rows, columns], _MOST)[:_MOST]
        rows, columns = rows[keep], columns[keep]
    angle = np.degrees(np.arctan2(-gx[rows, columns], down[rows, columns]))
    height, width = down.shape
    return _Edges(columns - (width - 1) / 2, rows - (height - 1) / 2, angle.astype(np.float64))


def _lines(edges: _Edges, height: int, width: int) -> list[Horizon]:
    """The line that most columns vote for, and the best one at another angle; `degrees` still grow downwards."""
    if len(edges.x) < LEAST_COVER * width:
        return []
    angles = np.arange(-STEEPEST, STEEPEST + _STEP / 2, _STEP)
    near = np.arange(-round(_OFF / _STEP), round(_OFF / _STEP) + 1)
    which = np.rint((edges.angle + STEEPEST) / _STEP).astype(np.int64)[:, None] + near
    radians = np.radians(angles)
    fair = (which >= 0) & (which < len(angles))
    which = np.clip(which, 0, len(angles) - 1)
    reach = float(np.hypot(height, width)) / 2 + 2
    offset = edges.y[:, None] * np.cos(radians)[which] - edges.x[:, None] * np.sin(radians)[which]
    rows = int(2 * reach) + 1
    place = which * rows + np.rint(offset + reach).astype(np.int64)
    votes = np.bincount(place[fair], minlength=len(angles) * rows).reshape(len(angles), rows).astype(np.float32)
    votes = np.asarray(cv2.blur(votes, (3, 1)), dtype=np.float32)
    found: list[Horizon] = []
    for _ in range(2):
        at, row = np.unravel_index(int(votes.argmax()), votes.shape)
        line = _fitted(edges, float(radians[at]), float(row) - reach, height, width)
        if line is not None:
            found.append(line)
        votes[np.abs(angles - angles[at]) <= _APART + _STEP] = 0
    return found


def _fitted(edges: _Edges, angle: float, offset: float, height: int, width: int) -> Horizon | None:
    """The line through the pixels around a first guess, and along which share of the width it is seen."""
    slope, start = np.tan(angle), offset / np.cos(angle)
    for _ in range(3):
        away = edges.y - start - slope * edges.x
        near = (np.abs(away) <= _NEAR) & (np.abs(edges.angle - np.degrees(np.arctan(slope))) <= 2 * _OFF)
        if near.sum() < 12 or np.ptp(edges.x[near]) < LEAST_COVER / 2 * width:
            return None
        slope, start = np.polyfit(edges.x[near], edges.y[near], 1)
    degrees = float(np.degrees(np.arctan(slope)))
    if abs(degrees) > STEEPEST:
        return None
    middle = float(start + (height - 1) / 2) / height
    if not _BORDER <= middle <= 1 - _BORDER:
        return None
    seen = len(np.unique(np.floor(edges.x[near])))
    return Horizon(-degrees, min(1.0, seen / width), middle)
