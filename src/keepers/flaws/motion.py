"""Camera shake: the original study's remapping, and the path of a real hand during the exposure."""

import cv2
import numpy as np
import numpy.typing as npt

from keepers.flaws.base import Params, Shape, between, diagonal, flaw
from keepers.image.colour import from_linear, to_linear
from keepers.types import Plane, Rgb

_AMPLITUDE = (0.0022, 0.010)
_EXTENT = (0.0095, 0.045)


def _draw_remap(rng: np.random.Generator, severity: float, shape: Shape) -> Params:
    size = diagonal(shape)
    return {
        "amplitude_px": between(*_AMPLITUDE, severity) * size,
        "grain_px": float(rng.uniform(0.0006, 0.0018)) * size,
        "seed": int(rng.integers(2**31)),
    }


@flaw("remap_shake", "camera_shake", _draw_remap)
def remap_shake(rgb: Rgb, params: Params) -> Rgb:
    """The study's shake: every pixel is fetched from a randomly displaced place (`cv2.remap`).

    `amplitude_px` is the displacement's standard deviation, `grain_px` the length over which it varies, and
    `seed` starts the generator of the displacement field.
    """
    height, width = rgb.shape[:2]
    rng = np.random.default_rng(int(params["seed"]))
    field = rng.standard_normal((height, width, 2), dtype=np.float32)
    field = np.asarray(cv2.GaussianBlur(field, (0, 0), max(params["grain_px"], 0.3)), dtype=np.float32)
    field *= np.float32(params["amplitude_px"]) / (field.std() + np.float32(1e-6))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    moved = cv2.remap(rgb, x + field[..., 0], y + field[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, dtype=np.uint8)


def trajectory(rng: np.random.Generator, steps: int, jerk: float) -> npt.NDArray[np.float64]:
    """The path of a hand-held camera during one exposure: a particle with inertia, pulled back, pushed at random.

    After Boracchi and Foi, "Modeling the performance of image restoration from motion blur", IEEE TIP 2012,
    doi:10.1109/TIP.2012.2192126.

    Args:
        rng: generator to draw from.
        steps: number of equal time steps, >= 2.
        jerk: 0 (a smooth drift) .. 1 (restless, with sudden reversals).

    Returns:
        float64 steps x 2, centred on its mean, with a largest extent of 1.
    """
    angle = rng.uniform(0, 2 * np.pi)
    speed = np.array([np.cos(angle), np.sin(angle)])
    place = np.zeros(2)
    path = np.empty((steps, 2))
    for step in range(steps):
        if rng.uniform() < 0.06 * jerk:
            speed = -speed + rng.normal(0, 0.5, 2)
        speed = speed + jerk * (rng.normal(0, 0.35, 2) - 0.12 * place / max(1.0, steps / 12))
        speed /= max(float(np.hypot(*speed)), 1e-9)
        place = place + speed
        path[step] = place
    path -= path.mean(axis=0)
    extent = float(np.max(np.linalg.norm(path[:, None] - path[None, :], axis=-1)))
    return path / max(extent, 1e-9)


def _draw_hand(rng: np.random.Generator, severity: float, shape: Shape) -> Params:
    return {
        "extent_px": between(*_EXTENT, severity) * diagonal(shape),
        "roll_deg": float(rng.normal(0, 0.15)) * (0.5 + severity),
        "jerk": 0.7 * float(rng.beta(1.0, 3.0)),
        "seed": int(rng.integers(2**31)),
    }


def _rolled_mean(linear: Plane, path: npt.NDArray[np.float64], roll_deg: float) -> Plane:
    """Mean over the exposure of the frame shifted along `path` (pixels) while it rolls through `roll_deg`."""
    height, width = linear.shape[:2]
    centre = (width / 2, height / 2)
    total = np.zeros_like(linear)
    for time, (dx, dy) in zip(np.linspace(-0.5, 0.5, len(path)), path, strict=True):
        matrix = cv2.getRotationMatrix2D(centre, roll_deg * float(time), 1.0)
        matrix[:, 2] += (dx, dy)
        total += cv2.warpAffine(linear, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(total / np.float32(len(path)), dtype=np.float32)


@flaw("hand_shake", "camera_shake", _draw_hand)
def hand_shake(rgb: Rgb, params: Params) -> Rgb:
    """Shake of the whole frame along a hand's path with a slight roll, integrated in linear light.

    `extent_px` is the path's largest extent, `roll_deg` the roll during the exposure, `jerk` 0..1 how restless
    the hand is (see `trajectory`), and `seed` starts the path's generator.
    """
    rng = np.random.default_rng(int(params["seed"]))
    steps = int(np.clip(params["extent_px"] * 1.25, 10, 48))
    path = trajectory(rng, steps, params["jerk"]) * params["extent_px"]
    return from_linear(_rolled_mean(to_linear(rgb), path, params["roll_deg"]))
