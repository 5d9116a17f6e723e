"""Blur of the whole frame: a Gaussian, as in the original study, and the disc of a defocused lens."""

import cv2
import numpy as np

from keepers.flaws.base import Params, Shape, between, diagonal, flaw
from keepers.image.colour import from_linear, to_linear
from keepers.types import Plane, Rgb

# Standard deviation over diagonal. At 1024 x 683 this is 2.2 .. 13 px; at the network's 256-px view .8 .. 5 px.
_SIGMA = (0.0018, 0.0105)


def _draw_gaussian(rng: np.random.Generator, severity: float, shape: Shape) -> Params:
    return {"sigma_px": between(*_SIGMA, severity) * diagonal(shape) * float(rng.uniform(0.95, 1.05))}


@flaw("gaussian_blur", "blurred", _draw_gaussian)
def gaussian_blur(rgb: Rgb, params: Params) -> Rgb:
    """Gaussian blur of the encoded values; `sigma_px` is the standard deviation in pixels."""
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), params["sigma_px"]), dtype=np.uint8)


def _draw_defocus(rng: np.random.Generator, severity: float, shape: Shape) -> Params:
    # A disc of radius r has the variance of a Gaussian of sigma = r / 2, so equal severity looks equally blurred.
    return {"radius_px": 2 * between(*_SIGMA, severity) * diagonal(shape) * float(rng.uniform(0.95, 1.05))}


def disc(radius: float) -> Plane:
    """The point-spread function of a defocused lens by geometrical optics: a uniform disc, edges anti-aliased.

    Returns:
        float32, odd square, sum 1.
    """
    half = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0.0, 1.0)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


@flaw("defocus", "blurred", _draw_defocus)
def defocus(rgb: Rgb, params: Params) -> Rgb:
    """Defocus in linear light, where highlights spread into discs; `radius_px` is the disc's radius in pixels."""
    blurred = cv2.filter2D(to_linear(rgb), -1, disc(params["radius_px"]), borderType=cv2.BORDER_REFLECT)
    return from_linear(np.asarray(blurred, dtype=np.float32))
