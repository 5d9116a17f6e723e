"""Faces as facts, made up: wide open eyes looking at the camera unless told otherwise."""

from dataclasses import replace

import numpy as np

from keepers.types import Evidence, Eye, Face, Frame, Tiles

OPEN, SHUT = (0.3, 0.1), (0.03, 0.6)
"""Openness and blink."""


def eye(lids: tuple[float, float] = OPEN, x: float = 100.0, **more: object) -> Eye:
    openness, blink = lids
    outline = tuple((x + 10 * np.cos(a), 100.0 + 4 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 16, endpoint=False))
    made = Eye(x, 100.0, 20.0, openness, blink, 0.4, -0.8, tuple((float(a), float(b)) for a, b in outline))
    return replace(made, **more)  # type: ignore[arg-type]


def face(lids: tuple[float, float] = OPEN, x: float = 50.0, width: float = 120.0, **more: object) -> Face:
    made = Face(
        box=(x, 40.0, width, 1.25 * width),
        presence=1.0,
        confidence=0.9,
        frame_width=width,
        right=eye(lids, x + 0.3 * width),
        left=eye(lids, x + 0.7 * width),
        looking_down=0.7 if lids == SHUT else 0.1,
        luma=0.6,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def evidence(*faces: Face, scale: float = 1.0) -> Evidence:
    """Of a picture of 1000 x 800 native pixels."""
    height, width = round(800 * scale), round(1000 * scale)
    plane = np.full((height, width), 0.5, np.float32)
    nothing = np.zeros((1, 1), np.float32)
    rgb = np.full((height, width, 3), 128, np.uint8)
    return Evidence(Frame(rgb, scale), plane, Tiles(nothing, nothing, nothing, 32), 0.0, faces=faces)
