"""Exposure compensation in EV, applied in linear light and clipped as a sensor clips."""

import numpy as np

from keepers.flaws.base import Params, Shape, flaw
from keepers.image.colour import from_linear, to_linear
from keepers.types import Rgb


def expose(rgb: Rgb, ev: float) -> Rgb:
    """`rgb` as if exposed `ev` stops longer: linear light times 2 ** ev, clipped at white."""
    return from_linear(to_linear(rgb) * np.float32(2.0**ev))


def _draw_over(rng: np.random.Generator, severity: float, shape: Shape) -> Params:
    return {"ev": 1.4 + 2.2 * severity + float(rng.uniform(-0.1, 0.1))}


@flaw("overexposure", "overexposed", _draw_over)
def overexposure(rgb: Rgb, params: Params) -> Rgb:
    """Too much light: `ev` > 0 stops, highlights clip."""
    return expose(rgb, params["ev"])


def _draw_under(rng: np.random.Generator, severity: float, shape: Shape) -> Params:
    return {"ev": -1.7 - 2.6 * severity + float(rng.uniform(-0.1, 0.1))}


@flaw("underexposure", "underexposed", _draw_under)
def underexposure(rgb: Rgb, params: Params) -> Rgb:
    """Too little light: `ev` < 0 stops, shadows sink into black."""
    return expose(rgb, params["ev"])
