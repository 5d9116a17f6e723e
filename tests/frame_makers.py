"""Reports of photos that were never taken: a view of a made world, at a time, with settings."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from keepers.image import signature as looks
from keepers.pipeline.group import Grouping
from keepers.types import CameraFacts, Measurement, Photo, PhotoFile, Report, Signature, Source

START = datetime(2024, 5, 6, 10, 0, 0)
FOLDER = Path("/shoot")


@lru_cache(maxsize=64)
def world(scene: int) -> np.ndarray:
    """A landscape of 64 x 256 cells, wide enough for a panorama."""
    noise = np.random.default_rng(scene).normal(size=(64, 256)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 1.2)) + 0.6 * np.asarray(cv2.GaussianBlur(noise, (0, 0), 4)) * 4


def view(scene: int, x: float = 0.0, y: float = 0.0, seed: int = 0) -> bytes:
    """The structure of a view; `x` and `y` in frame widths from the middle, `seed` of a little noise of the sensor."""
    land = world(scene)
    top, left = 24 + round(16 * y), 120 + round(16 * x)
    grid = land[top : top + 16, left : left + 16]
    grid = grid + np.random.default_rng(seed).normal(0, 0.02, grid.shape)
    return looks.structure(np.asarray((grid - grid.min()) / np.ptp(grid), np.float32))


def focus(plane: float | None) -> bytes:
    """A map of sharpness in which the plane of focus lies at the row `plane`, 0..7; all alike where it is None."""
    rows = np.full(8, 200.0) if plane is None else 40 + 200 * np.exp(-((np.arange(8) - plane) ** 2) / 4)
    texture = np.random.default_rng(5).uniform(-8, 8, (8, 8))
    return np.clip(rows[:, None] + texture, 1, 255).astype(np.uint8).tobytes()


def shot(
    name: str,
    seconds: float | None = None,
    scene: int = 0,
    *,
    x: float = 0.0,
    y: float = 0.0,
    light: float = -2.5,
    camera: str = "A",
    pixels: str | None = None,
    folder: Path = FOLDER,
    plane: float | None = None,
    signed: bool = True,
    facts: dict[str, float] | None = None,
    **more: Any,
) -> Report:
    """A readable photo; `more` are fields of `CameraFacts`. Without `seconds` it has no metadata at all."""
    path = folder / name
    seed = int.from_bytes(hashlib.blake2b(str(path).encode(), digest_size=4).digest(), "big")
    structure = view(scene, x, y, seed)
    content = hashlib.blake2b((pixels or str(path)).encode(), digest_size=16)
    bits = np.frombuffer(structure, np.int8).reshape(16, 16)[::2, ::2].ravel() > 0
    sign = Signature(
        looks.VERSION,
        content.digest(),
        int.from_bytes(np.packbits(bits).tobytes(), "big"),
        structure,
        focus(plane),
        light,
    )
    told = CameraFacts()
    if seconds is not None:
        usual = {"exposure_s": 0.01, "f_number": 4.0, "iso": 100, "bias_ev": 0.0, "focal_mm": 50.0}
        told = CameraFacts(START + timedelta(seconds=seconds), "Maker", camera, **{**usual, **more})
    source = Source(path, (PhotoFile(path, "image", 1, 1),))
    rows = tuple(Measurement(check, "1", raw) for check, raw in (facts or {}).items())
    photo = Photo(content.hexdigest(), source, 6000, 4000, told)
    return Report(source, photo, rows, signature=sign if signed else None)


def sets(grouping: Grouping, reports: list[Report]) -> dict[frozenset[str], str]:
    """The names of the members of each group, and its kind."""
    names = [report.source.path.name for report in reports]
    return {
        frozenset(name for name, label in zip(names, grouping.label, strict=True) if label == number): kind
        for number, kind in enumerate(grouping.kinds)
    }
