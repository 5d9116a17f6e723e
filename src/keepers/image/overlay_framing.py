"""Layers that show how a photo is composed: thirds, golden points, subject, horizon and balance."""

from __future__ import annotations

import math
from collections.abc import Sequence

from keepers.image.canvas import BLACK, WHITE, Canvas, Colour, Point
from keepers.image.composition import GOLDEN, THIRD
from keepers.image.overlay import Layer, Mark, Scene, layer

GRID: Colour = (255, 255, 255)
GOLD: Colour = (240, 200, 40)
SUBJECT: Colour = (0, 190, 255)
LEVEL: Colour = (240, 90, 0)
WEIGHT: Colour = (0, 190, 140)


def _thirds_marks(scene: Scene) -> Sequence[Mark]:
    return (Mark("outline", GRID, "lines of thirds"),) if scene.framing is not None else ()


def thirds(scene: Scene, canvas: Canvas, left: int, top: int) -> None:
    """The two lines of thirds each way."""
    height, width = scene.rgb.shape[:2]
    for part in (THIRD, 1 - THIRD):
        _ruled(canvas, (left + part * width, top), (left + part * width, top + height), GRID, 1.2)
        _ruled(canvas, (left, top + part * height), (left + width, top + part * height), GRID, 1.2)


def _golden_marks(scene: Scene) -> Sequence[Mark]:
    return (Mark("dot", GOLD, "points of the golden ratio"),) if scene.framing is not None else ()


def golden(scene: Scene, canvas: Canvas, left: int, top: int) -> None:
    """The four points that divide both sides by the golden ratio."""
    height, width = scene.rgb.shape[:2]
    for across in (GOLDEN, 1 - GOLDEN):
        for down in (GOLDEN, 1 - GOLDEN):
            canvas.circle((left + across * width, top + down * height), 6, GOLD, BLACK)


def _subject_marks(scene: Scene) -> Sequence[Mark]:
    if scene.framing is None or scene.framing.subject is None:
        return ()
    return (Mark("outline", SUBJECT, f"the subject, by {scene.framing.by}; its middle"),)


def subject(scene: Scene, canvas: Canvas, left: int, top: int) -> None:
    """A box around the subject, and its middle."""
    assert scene.framing is not None and scene.framing.subject is not None
    x, y, wide, high = scene.framing.subject
    height, width = scene.rgb.shape[:2]
    box = (left + x * width, top + y * height, left + (x + wide) * width, top + (y + high) * height)
    canvas.rectangle(box, outline=BLACK, width=5)
    canvas.rectangle(box, outline=SUBJECT, width=2.5)
    if scene.framing.anchor is not None:
        across, down = scene.framing.anchor
        canvas.circle((left + across * width, top + down * height), 8, SUBJECT, BLACK)


def _horizon_marks(scene: Scene) -> Sequence[Mark]:
    line = scene.framing.horizon if scene.framing is not None else None
    if line is None:
        return ()
    return (Mark("line", LEVEL, f"a line that should be level: {abs(line.degrees):.1f} degrees off"),)


def horizon(scene: Scene, canvas: Canvas, left: int, top: int) -> None:
    """The line that was found, over the whole width."""
    assert scene.framing is not None and scene.framing.horizon is not None
    line = scene.framing.horizon
    height, width = scene.rgb.shape[:2]
    middle, rise = top + line.middle * height, math.tan(math.radians(line.degrees)) * width / 2
    ends = [(left, middle + rise), (left + width, middle - rise)]
    # Where a steep line leaves the picture, it must not be drawn over what stands beside it.
    inside = [(x, min(max(y, float(top)), float(top + height))) for x, y in ends]
    _ruled(canvas, inside[0], inside[1], LEVEL, 3)


def _balance_marks(scene: Scene) -> Sequence[Mark]:
    if scene.framing is None or scene.framing.mass is None:
        return ()
    return (Mark("dot", WEIGHT, "the centre of all that stands out"),)


def balance(scene: Scene, canvas: Canvas, left: int, top: int) -> None:
    """The centre of visual mass."""
    assert scene.framing is not None and scene.framing.mass is not None
    across, down = scene.framing.mass
    canvas.circle((left + across * scene.rgb.shape[1], top + down * scene.rgb.shape[0]), 8, WEIGHT, WHITE)


def _ruled(canvas: Canvas, start: Point, end: Point, colour: Colour, width: float) -> None:
    canvas.line([start, end], BLACK, width + 2)
    canvas.line([start, end], colour, width)


layer(Layer("thirds", "framing", _thirds_marks, draw=thirds))
layer(Layer("golden", "framing", _golden_marks, draw=golden))
layer(Layer("subject", "framing", _subject_marks, draw=subject))
layer(Layer("horizon", "framing", _horizon_marks, draw=horizon))
layer(Layer("balance", "framing", _balance_marks, draw=balance))
