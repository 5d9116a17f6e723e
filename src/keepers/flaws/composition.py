"""A camera that is not held level."""

import math

import cv2
import numpy as np

from keepers.flaws.base import Params, Shape, between, flaw
from keepers.types import Rgb


def _draw_tilt(rng: np.random.Generator, severity: float, shape: Shape) -> Params:
    return {"degrees": between(0.8, 8.0, severity) * float(rng.choice((-1.0, 1.0)))}


@flaw("tilt", "tilted", _draw_tilt)
def tilt(rgb: Rgb, params: Params) -> Rgb:
    """Turn the picture about its middle by `degrees` (> 0: a level line then rises to the right), and enlarge it until
    no corner is empty."""
    height, width = rgb.shape[:2]
    turn = math.radians(abs(params["degrees"]))
    enlarged = math.cos(turn) + math.sin(turn) * max(height / width, width / height)
    middle = ((width - 1) / 2, (height - 1) / 2)
    matrix = cv2.getRotationMatrix2D(middle, params["degrees"], enlarged)
    turned = cv2.warpAffine(rgb, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(turned, dtype=np.uint8)
