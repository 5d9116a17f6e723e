"""Cutting a face out upright: the square around it, turned to its eye line, at the size a network wants."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from keepers.types import Rgb

Points = npt.NDArray[np.float32]
"""float32 N x 2 (or N x 3, with depth), pixels."""

MARGIN = 1.5
"""Edge of the square over the longer side of the face's box."""


def alignment(box: Points, eyes: Points, size: int) -> Points:
    """The transform that turns a face upright and brings the square around it to `size` pixels.

    Args:
        box: x, y, width, height in pixels.
        eyes: 2 x 2, the centres of the eye on the left and of the eye on the right of the picture.
        size: edge of the square in pixels.

    Returns:
        float32 2 x 3 for `crop` and `transformed`: from pixels of the picture to pixels of the square.
    """
    x, y, width, height = (float(v) for v in box)
    across = eyes[1].astype(float) - eyes[0].astype(float)
    angle = float(np.arctan2(across[1], across[0]))
    scale = size / max(MARGIN * max(width, height), 1.0)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    shift = size / 2 - turn @ np.array([x + width / 2, y + height / 2])
    return np.concatenate([turn, shift[:, None]], axis=1).astype(np.float32)


def crop(rgb: Rgb, matrix: Points, size: int) -> Rgb:
    """The square of `alignment` as uint8 size x size x 3; beyond the picture its last pixels are repeated."""
    corners = transformed(np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float32), inverse(matrix))
    height, width = rgb.shape[:2]
    left, top = (int(np.clip(v, 0, m - 1)) for v, m in zip(np.floor(corners.min(0)) - 1, (width, height), strict=True))
    right, bottom = (int(v) for v in np.ceil(corners.max(0)) + 2)
    part = rgb[top : max(bottom, top + 1), left : max(right, left + 1)]
    matrix = matrix.astype(np.float64)
    matrix[:, 2] += matrix[:, :2] @ np.array([left, top], float)
    # Bilinear sampling looks at four pixels: a large face is halved first, so that none is skipped.
    while np.hypot(*matrix[0, :2]) <= 0.5 and min(part.shape[:2]) >= 4:
        even = part[: part.shape[0] // 2 * 2, : part.shape[1] // 2 * 2]
        half = (even.shape[1] // 2, even.shape[0] // 2)
        part = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        # A pixel's centre lies half a pixel from its corner, before and after.
        matrix[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5])
        matrix[:, :2] *= 2
    warped = cv2.warpAffine(part, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, dtype=np.uint8)


def transformed(points: Points, matrix: Points) -> Points:
    """`points` (N x 2 or N x 3) under a 2 x 3 transform; depth is scaled by as much as lengths are."""
    flat = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    if points.shape[1] == 2:
        return np.asarray(flat, dtype=np.float32)
    depth = points[:, 2:] * np.hypot(matrix[0, 0], matrix[0, 1])
    return np.concatenate([flat, depth], axis=1).astype(np.float32)


def inverse(matrix: Points) -> Points:
    """The transform that undoes `matrix` (2 x 3)."""
    turn = np.linalg.inv(matrix[:, :2].astype(float))
    return np.concatenate([turn, -(turn @ matrix[:, 2:])], axis=1).astype(np.float32)
