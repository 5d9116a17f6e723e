"""Geometric distortion: a stretch along the x axis, as in the original study."""

import cv2
import numpy as np

from keepers.flaws.base import Params, Shape, between, flaw
from keepers.types import Rgb


def _draw_stretch(rng: np.random.Generator, severity: float, shape: Shape) -> Params:
    return {"factor": between(1.3, 2.1, severity) * float(rng.uniform(0.98, 1.02))}


@flaw("stretch", "distorted", _draw_stretch)
def stretch(rgb: Rgb, params: Params) -> Rgb:
    """Widen the picture by `factor` and keep the middle, so that the format does not give the flaw away."""
    height, width = rgb.shape[:2]
    wide = max(width, round(width * params["factor"]))
    stretched = np.asarray(cv2.resize(rgb, (wide, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    left = (wide - width) // 2
    return np.ascontiguousarray(stretched[:, left : left + width])
