"""Point-spread functions: what a point of light becomes, and how large that is in every direction."""

from dataclasses import dataclass

import cv2
import numpy as np

from keepers.flaws.focus import disc
from keepers.flaws.motion import trajectory
from keepers.types import Plane


@dataclass(frozen=True, slots=True)
class Spread:
    """Covariance of a point-spread function in pixels squared: along x, along y, and of both."""

    xx: float = 0.0
    yy: float = 0.0
    xy: float = 0.0

    def __add__(self, other: "Spread") -> "Spread":
        """The spread of one blur after another: covariances of a convolution add up."""
        return Spread(self.xx + other.xx, self.yy + other.yy, self.xy + other.xy)

    def scaled(self, x: float, y: float) -> "Spread":
        """The spread in a picture `x` times as wide and `y` times as high."""
        return Spread(self.xx * x * x, self.yy * y * y, self.xy * x * y)


def spread_of(kernel: Plane) -> Spread:
    """The covariance of a kernel with sum 1 around its centre of gravity."""
    height, width = kernel.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    dx, dy = x - float((kernel * x).sum()), y - float((kernel * y).sum())
    return Spread(float((kernel * dx * dx).sum()), float((kernel * dy * dy).sum()), float((kernel * dx * dy).sum()))


def lens(radius: float, blades: int = 0, turn: float = 0.0) -> Plane:
    """The kernel of a defocused lens: a disc, or the polygon of an aperture with `blades` straight blades.

    Args:
        radius: in pixels.
        blades: 5..9, or 0 for a round aperture.
        turn: of the polygon, in radians.

    Returns:
        float32, odd square, sum 1.
    """
    if radius < 1.0:
        return _small(radius)
    if not blades:
        return disc(radius)
    half, fine = int(np.ceil(radius)) + 1, 8
    size = 2 * half + 1
    corners = turn + 2 * np.pi * np.arange(blades) / blades
    points = fine * (half + 0.5 + radius * np.stack([np.cos(corners), np.sin(corners)], axis=1)) - 0.5
    canvas = np.zeros((fine * size, fine * size), np.float32)
    cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], 1.0)
    kernel = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def _small(radius: float) -> Plane:
    """Below a pixel a disc has no shape: a Gaussian of the same variance."""
    line = cv2.getGaussianKernel(7, max(radius / 2, 1e-3), cv2.CV_32F)
    return np.asarray(line @ line.T, dtype=np.float32)


def hand(rng: np.random.Generator, extent: float, jerk: float) -> Plane:
    """The kernel of a shaking hand: the path of `motion.trajectory` with a largest extent of `extent` pixels."""
    steps = int(np.clip(extent * 4, 16, 240))
    path = trajectory(rng, max(16, min(steps, 64)), jerk) * extent
    half = int(np.ceil(np.abs(path).max())) + 1
    return _drawn(path, half, steps)


def line(extent: float, angle: float, arc: float = 0.0) -> Plane:
    """The kernel of something that passes by: `extent` pixels along `angle` (radians), bent by `arc` (radians)."""
    time = np.linspace(-0.5, 0.5, 33)
    bend = angle + arc * time
    steps = np.stack([np.cos(bend), np.sin(bend)], axis=1) * extent / len(time)
    path = np.cumsum(steps, axis=0)
    path -= path.mean(axis=0)
    return _drawn(path, int(np.ceil(np.abs(path).max())) + 1, int(np.clip(extent * 4, 33, 240)))


def _drawn(path: np.ndarray, half: int, steps: int) -> Plane:
    """Light left along a path, shared among the four nearest pixels at each of `steps` equal times."""
    times = np.linspace(0, len(path) - 1, steps)
    place = np.stack([np.interp(times, np.arange(len(path)), path[:, axis]) for axis in (0, 1)], axis=1) + half
    kernel = np.zeros((2 * half + 2, 2 * half + 2))
    corner = np.floor(place).astype(int)
    part = place - corner
    for dx in (0, 1):
        for dy in (0, 1):
            weight = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            np.add.at(kernel, (corner[:, 1] + dy, corner[:, 0] + dx), weight)
    kernel = kernel[: 2 * half + 1, : 2 * half + 1]
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def blurred(light: Plane, kernel: Plane) -> Plane:
    """`light` (float32 H x W x 3) as the kernel spreads it; borders are mirrored."""
    if kernel.shape == (7, 7) and np.linalg.matrix_rank(kernel, tol=1e-5) == 1:
        row = kernel.sum(axis=0)
        return np.asarray(cv2.sepFilter2D(light, -1, row, kernel.sum(axis=1), borderType=cv2.BORDER_REFLECT))
    # filter2D correlates; a kernel turned by half is a convolution.
    turned = np.ascontiguousarray(kernel[::-1, ::-1])
    return np.asarray(cv2.filter2D(light, -1, turned, borderType=cv2.BORDER_REFLECT), dtype=np.float32)
