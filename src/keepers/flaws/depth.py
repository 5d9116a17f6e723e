"""Masks that stand for depth: a subject before a background, or ground that recedes. float32 H x W, 0..1."""

import cv2
import numpy as np

from keepers.types import Plane


def subject(rng: np.random.Generator, shape: tuple[int, int], share: float) -> Plane:
    """One connected, roundish region of about `share` of the frame, 1 inside and 0 outside, with a soft edge.

    Its outline is an ellipse pushed in and out by a few waves, somewhere around the middle as subjects are.
    """
    height, width = shape
    scale = 4
    h, w = max(8, height // scale), max(8, width // scale)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    cy, cx = h * rng.uniform(0.35, 0.7), w * rng.uniform(0.25, 0.75)
    ratio = float(np.exp(rng.uniform(-0.6, 0.6)))
    radius = np.sqrt(share * h * w / np.pi)
    dy, dx = (y - cy) / (radius * ratio), (x - cx) / (radius / ratio)
    angle, distance = np.arctan2(dy, dx), np.hypot(dx, dy)
    outline = np.ones_like(angle)
    for wave in range(2, 6):
        outline += np.float32(rng.uniform(0, 0.25) / wave) * np.cos(wave * angle + np.float32(rng.uniform(0, 6.3)))
    inside = (distance < outline).astype(np.float32)
    soft = cv2.resize(cv2.GaussianBlur(inside, (0, 0), 1.2), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip(np.asarray(soft, dtype=np.float32), 0, 1)


def ground(rng: np.random.Generator, shape: tuple[int, int]) -> Plane:
    """A plane that recedes: 0 in a band at the focused distance, rising to 1 before and behind it."""
    height, width = shape
    at, depth = rng.uniform(0.3, 0.9), rng.uniform(0.15, 0.5)
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    away = np.clip((np.abs(y - np.float32(at)) - np.float32(depth) / 4) / np.float32(depth), 0, 1)
    return np.asarray(np.broadcast_to(away, (height, width)), dtype=np.float32)
