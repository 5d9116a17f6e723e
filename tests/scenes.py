"""Pictures made by the program that have what photos have: edges of all sizes and directions, shading, texture."""

from functools import lru_cache

import cv2
import numpy as np

from keepers.image.colour import luma
from keepers.image.noise import sigma
from keepers.image.tiles import measure_tiles
from keepers.types import Evidence, Frame, Plane, Rgb


@lru_cache(maxsize=8)
def leaves(seed: int = 0, height: int = 320, width: int = 480) -> Rgb:
    """Dead leaves (Lee, Mumford and Huang 2001): overlapping discs whose sizes have no scale, like nature's."""
    rng = np.random.default_rng(seed)
    # Drawn at twice the size and halved, so that edges are as crisp as a good lens makes them.
    canvas = np.full((2 * height, 2 * width, 3), 128, np.uint8)
    for _ in range(600):
        radius = int(2 * height / rng.uniform(4, 80))
        centre = (int(rng.integers(2 * width)), int(rng.integers(2 * height)))
        colour = [int(c) for c in rng.integers(20, 235, 3)]
        cv2.circle(canvas, centre, radius, colour, -1)
    return halved(canvas)


@lru_cache(maxsize=8)
def page(seed: int = 0, height: int = 320, width: int = 480) -> Rgb:
    """Printed lines on paper: edges along two directions, large plain areas."""
    rng = np.random.default_rng(seed)
    canvas = np.full((2 * height, 2 * width, 3), 225, np.uint8)
    for y in range(40, 2 * height - 20, 60):
        words = "".join(chr(int(c)) for c in rng.integers(97, 123, 30))
        cv2.putText(canvas, words, (30, y), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (30, 30, 40), 3, cv2.LINE_AA)
    return halved(canvas)


@lru_cache(maxsize=8)
def portrait(seed: int = 0, height: int = 320, width: int = 480) -> Rgb:
    """A small sharp subject before a background far out of focus."""
    sharp = leaves(seed, height, width)
    soft = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 8), dtype=np.uint8)
    top, left = height // 3, width // 3
    soft[top : top + height // 3, left : left + width // 4] = sharp[top : top + height // 3, left : left + width // 4]
    return soft


@lru_cache(maxsize=8)
def sea(seed: int = 0, height: int = 400, width: int = 600) -> Rgb:
    """A bright sky with clouds over dark water with waves, and something that stands before it."""
    rng = np.random.default_rng(seed)
    line = height * (0.35 + 0.3 * rng.uniform())
    rows = np.arange(height)[:, None] + np.zeros(width)
    picture = np.where(rows < line, 190 + 40 * rows / height, 90 - 30 * rows / height)
    waves = cv2.GaussianBlur(rng.normal(0, 60, (height, width)), (0, 0), sigmaX=4, sigmaY=2)
    picture = picture + np.where(rows < line, 0.3, 1.0) * waves
    picture[int(0.2 * height) :, int(0.6 * width) : int(0.7 * width)] = 40
    return np.repeat(np.clip(picture, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


SCENES = {"leaves": leaves, "page": page, "portrait": portrait}


def halved(canvas: Rgb) -> Rgb:
    size = (canvas.shape[1] // 2, canvas.shape[0] // 2)
    return np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def blurred(rgb: Rgb, deviation: float) -> Rgb:
    return rgb if deviation == 0 else np.asarray(cv2.GaussianBlur(rgb, (0, 0), deviation), dtype=np.uint8)


def smeared(rgb: Rgb, length: int, degrees: float) -> Rgb:
    """Motion along a straight line."""
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), degrees, 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return np.asarray(cv2.filter2D(rgb, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT), dtype=np.uint8)


def grainy(rgb: Rgb, deviation: float, seed: int = 1) -> Rgb:
    """White noise, alike in all channels; `deviation` on 0..1."""
    noise = np.random.default_rng(seed).normal(0, 255 * deviation, rgb.shape[:2])
    return np.clip(np.rint(rgb + noise[..., None]), 0, 255).astype(np.uint8)


def flatter(rgb: Rgb, contrast: float) -> Rgb:
    return np.rint(128 + contrast * (rgb.astype(float) - 128)).astype(np.uint8)


def darker(rgb: Rgb, factor: float) -> Rgb:
    return np.rint(rgb * factor).astype(np.uint8)


def look(rgb: Rgb, network: dict[str, float] | None = None) -> Evidence:
    """Evidence of a picture as `pipeline.observe` gathers it."""
    plane: Plane = luma(rgb)
    noise = sigma(plane)
    return Evidence(Frame(rgb), plane, measure_tiles(plane, noise), noise, network or {})
